"""Task ids that people type. Pure.

Whatever is let through here is sent to the relay with the bot's key, and may stand in the path of a
request: so only what ids are made of, no path.
"""

import re
from collections.abc import Container

from bot.storage.errors import BadTaskId, TooManyIds

MAX_ID_LENGTH = 191
"""Characters; what the table of the most common relay software can hold."""

MAX_IDS = 10
"""How many ids one request may name."""

_SEPARATORS = re.compile(r"[\s,;，、；]+")
_AROUND = "\"'`<>[](){}“”‘’"
_FORM = re.compile(rf"[\w.:~-]{{1,{MAX_ID_LENGTH}}}")
"""Letters and digits of any script, and the marks that need no escape in an address."""


MAX_FOUND_IDS = 25
"""Candidates that are looked up: as many as a menu can offer."""

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


def parse_ids(text: str, known: Container[str] = ()) -> list[str]:
    """Return the task ids in what a person typed, each once, in their order.

    Ids are separated by spaces, commas or semicolons; quotes and brackets around them are taken
    off, for people paste them out of JSON. What is ``known`` may have any form. Raises
    ``BadTaskId`` or ``TooManyIds``.
    """
    ids = split_ids(text)
    for task_id in ids:
        if task_id not in known and not is_valid_task_id(task_id):
            raise BadTaskId(task_id, MAX_ID_LENGTH)
    if not ids:
        raise BadTaskId(text, MAX_ID_LENGTH)
    if len(ids) > MAX_IDS:
        raise TooManyIds(MAX_IDS)
    return ids


def split_ids(text: str) -> list[str]:
    """Return what stands for ids in what a person typed, each once, whatever its form."""
    ids = [word.strip(_AROUND) for word in _SEPARATORS.split(text)]
    return list(dict.fromkeys(filter(None, ids)))


def is_valid_task_id(task_id: str) -> bool:
    """Whether a typed text has the form of an id that may be looked up."""
    return bool(_FORM.fullmatch(task_id)) and bool(task_id.strip("."))


def find_ids(text: str) -> list[str]:
    """Return what may be task ids in ``text``, each once, those called so first; at most 25."""
    found = [*_NAMED.findall(text), *_SHAPED.findall(text)]
    return list(dict.fromkeys(filter(is_valid_task_id, found)))[:MAX_FOUND_IDS]
