"""Task ids in what people write and paste: sentences, JSON, links. Pure."""

import re

from bot.watches.task_ids import may_be_typed

MOST_FOUND = 25
"""Candidates that are asked for: as many as a menu can offer."""

_NAMED = re.compile(r"""["']?task_?id["']?\s*[:=]\s*["']?([\w.:~-]{1,100})""", re.IGNORECASE)
"""``"task_id": "…"`` in JSON, and the like; the id may have any form."""

_SHAPED = re.compile(
    r"""(?<![\w-])(?:
        [0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}
        | [0-9a-f]{32}
        | task_[0-9A-Za-z]{32}
    )(?![\w-])""",
    re.IGNORECASE | re.VERBOSE,
)
"""The forms that relays give to ids, wherever they stand, in a link too."""


def find_ids(text: str) -> list[str]:
    """Return what may be task ids in ``text``, each once, those called so first; at most 25."""
    found = [*_NAMED.findall(text), *_SHAPED.findall(text)]
    return list(dict.fromkeys(filter(may_be_typed, found)))[:MOST_FOUND]
