"""The operations of users: watch a task, unwatch it, list the watched ones.

``service`` applies the rules and chooses the destination, ``watchlist`` asks the relay and stores
the watch, ``task_ids`` finds task ids in what people type.
"""
