"""Suno Bot: tells people in Discord when their Suno song is done.

Read it in this order:

1. ``suno``: what a relay answers, as values (``tasks``, ``answers``, ``client``).
2. ``watching``: what is watched, and what became of it (``watchlist``, ``poller``, ``store``;
   when to look: ``planner``).
3. ``posting``: from an ended task to a message (``embeds``, ``delivery``).
4. ``discord_bot`` and ``cogs/``: what triggers all that.
5. ``startup``: how the parts are put together.
"""

__version__ = "0.3.0"
