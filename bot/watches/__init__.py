"""The operations of users: watch a task, unwatch it, list the watched ones.

``service`` applies the rules and chooses the destination, ``watchlist`` stores the watches,
``task_reader`` reads tasks to show, ``recipient_check`` finds users whom no direct message reaches,
``lookup_limiter`` limits the requests to the relay, ``task_ids`` finds task ids in text.
"""
