"""``suno-bot doctor``: what works, what does not, and what to do about it. It changes nothing.

Read ``examination`` first: it lets the four parts look at the same time (``configuration``,
``storage``, ``relay``, and ``account`` with ``servers`` for Discord). Each yields ``findings``.
``notice_text`` tells what is known of one task. Only ``printing`` speaks to a terminal.
"""
