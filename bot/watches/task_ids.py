"""Finds task ids in what users type. Pure.

Ids are sent to the relay with the bot's key, some in the path of a request: so only characters that
ids consist of are accepted, which excludes a slash.
"""

import re
from collections.abc import Container

from bot.storage.errors import BadTaskId, TooManyIds

MAX_ID_LENGTH = 191
"""Characters; the column of the most common relay software holds as many."""

MAX_IDS = 10
"""Ids that one request may name."""

_SEPARATORS = re.compile(r"[\s,;，、；]+")
_ENCLOSING = "\"'`<>[](){}“”‘’"
_VALID_ID = re.compile(rf"[\w.:~-]{{1,{MAX_ID_LENGTH}}}")
"""Letters and digits of any script, and the punctuation that a URL need not encode."""

MAX_FOUND_IDS = 25
"""Candidates that are looked up: as many as a menu can offer."""

_LABELLED_ID = re.compile(r"""["']?task_?id["']?\s*[:=]\s*["']?([\w.:~-]{1,100})""", re.IGNORECASE)
"""``"task_id": "…"`` in JSON and similar notations; the id may have any form."""

_TYPICAL_ID = re.compile(
    r"""(?<![\w-])(?:
        [0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}
        | [0-9a-f]{32}
        | task_[0-9A-Za-z]{32}
    )(?![\w-])""",
    re.IGNORECASE | re.VERBOSE,
)
"""The forms of ids that relays generate, anywhere in a text, also in a link."""


def parse_ids(text: str, known: Container[str] = ()) -> list[str]:
    """Return the task ids in the input of a user, each once, in order.

    Ids are separated by spaces, commas or semicolons; quotes and brackets around them are
    removed, because users paste ids from JSON. An id in ``known`` may have any form. Raises
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
    """Return the words of the input that stand for ids, each once, in any form."""
    ids = [word.strip(_ENCLOSING) for word in _SEPARATORS.split(text)]
    return list(dict.fromkeys(filter(None, ids)))


def is_valid_task_id(task_id: str) -> bool:
    """Whether a typed text has the form of an id that may be looked up."""
    return bool(_VALID_ID.fullmatch(task_id)) and bool(task_id.strip("."))


def find_ids(text: str) -> list[str]:
    """Return up to 25 possible task ids in ``text``, each once, those labelled as such first."""
    found = [*_LABELLED_ID.findall(text), *_TYPICAL_ID.findall(text)]
    return list(dict.fromkeys(filter(is_valid_task_id, found)))[:MAX_FOUND_IDS]
