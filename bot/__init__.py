"""Suno Bot: makes songs and lyrics at Suno relays, and posts them to Discord when they are ready.

Read the packages in this order:

1. ``relay``: the relay's HTTP API (``models``, ``parsing``, ``client``).
2. ``storage``: every SQL statement (``models``, ``database``, ``tasks``, ``outbox``).
3. ``polling``: looks up running tasks in the background (``poller``, ``schedule``, ``adaptive``).
4. ``accounts``: whose key at which relay is used (``registry``, ``connection``, ``lookup``).
5. ``watches``: what people may ask for (``service``, ``watchlist``, ``task_reader``).
6. ``creation``: what people may create, sent at most once (``service``, ``submitter``).
7. ``ui``: stored values as messages, cards and panels (``notice``, ``live_card``, ``custom_ids``),
   with the texts of ``i18n``.
8. ``delivery``: posts what is due (``dispatcher``, ``error_policy``, ``duplicate_check``).
9. ``client``, ``background`` and ``cogs/``: the Discord client, the loops, the triggers.
10. ``monitoring``: health probes and metrics (``health``, ``server``).
11. ``app`` and ``lifecycle``: the composition root builds all of it, ``lifecycle`` runs it.
12. ``doctor``: reports to the operator what works and what does not (``runner``, ``report``).
"""

__version__ = "0.8.1"
