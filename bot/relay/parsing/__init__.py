"""From the bytes of a relay's answer to tasks. Pure: nothing here waits, logs or remembers.

The one way of every answer: ``reader`` (HTTP status and body in, tasks or an error out) ->
``payload`` (bytes to JSON within bounds, envelopes taken off) -> ``tasks`` (one JSON object to one
``Task``) with ``results`` (its clips or lyrics). ``pieces`` remembers the tasks of the last batches
by their bytes. ``scalars``, ``urls`` and ``statuses`` read single values; ``errors`` says what an
answer without tasks means.
"""
