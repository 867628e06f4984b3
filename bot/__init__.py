"""Suno Bot: posts Suno songs and lyrics to Discord when a relay has finished them.

Read the packages in this order:

1. ``relay``: the relay's HTTP API (``models``, ``parsing``, ``client``).
2. ``storage``: every SQL statement (``models``, ``database``, ``tasks``, ``outbox``).
3. ``polling``: looks up running tasks in the background (``poller``, ``schedule``, ``adaptive``).
4. ``watches``: what people may ask for (``service``, ``watchlist``, ``task_reader``).
5. ``ui``: stored values as messages, cards and panels (``notice``, ``live_card``, ``custom_ids``),
   with the texts of ``i18n``.
6. ``delivery``: posts what is due (``dispatcher``, ``error_policy``, ``duplicate_check``).
7. ``client``, ``background`` and ``cogs/``: the Discord client, the loops, the triggers.
8. ``monitoring``: health probes and metrics (``health``, ``server``).
9. ``app`` and ``lifecycle``: the composition root builds all of it, ``lifecycle`` runs it.
10. ``doctor``: reports to the operator what works and what does not (``runner``, ``report``).
"""

__version__ = "0.8.1"
