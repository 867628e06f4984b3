"""Reads tasks from the bytes of a relay's response. Pure: nothing here waits or logs.

Every response takes the same way: ``reader`` (HTTP status and body in, tasks or an error out) ->
``payload`` (bytes to JSON within bounds, envelopes removed) -> ``tasks`` (one JSON object to one
``Task``) with ``results`` (its clips or lyrics). ``scalars``, ``urls`` and ``statuses`` read single
values, ``errors`` classifies a response without tasks. ``cached_batch`` skips what was read before.
"""
