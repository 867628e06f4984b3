"""Task ids that people type. Pure.

Whatever is let through here is sent to the relay with the bot's key, and may stand in the path of a
request: so only what ids are made of, no path.
"""

import re
from collections.abc import Container

from bot.storage.errors import BadTaskId, TooManyIds

LONGEST_ID = 191
"""Characters; what the table of the most common relay software can hold."""

MOST_IDS = 10
"""How many ids one request may name."""

_SEPARATORS = re.compile(r"[\s,;，、；]+")
_AROUND = "\"'`<>[](){}“”‘’"
_FORM = re.compile(rf"[\w.:~-]{{1,{LONGEST_ID}}}")
"""Letters and digits of any script, and the marks that need no escape in an address."""


def parse_ids(text: str, known: Container[str] = ()) -> list[str]:
    """Return the task ids in what a person typed, each once, in their order.

    Ids are separated by spaces, commas or semicolons; quotes and brackets around them are taken
    off, for people paste them out of JSON. What is ``known`` may have any form. Raises
    ``BadTaskId`` or ``TooManyIds``.
    """
    ids = split_ids(text)
    for task_id in ids:
        if task_id not in known and not may_be_typed(task_id):
            raise BadTaskId(task_id, LONGEST_ID)
    if not ids:
        raise BadTaskId(text, LONGEST_ID)
    if len(ids) > MOST_IDS:
        raise TooManyIds(MOST_IDS)
    return ids


def split_ids(text: str) -> list[str]:
    """Return what stands for ids in what a person typed, each once, whatever its form."""
    ids = [word.strip(_AROUND) for word in _SEPARATORS.split(text)]
    return list(dict.fromkeys(filter(None, ids)))


def may_be_typed(task_id: str) -> bool:
    """Whether this has the form of an id that may be asked for because somebody typed it."""
    return bool(_FORM.fullmatch(task_id)) and bool(task_id.strip("."))
