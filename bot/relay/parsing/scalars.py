"""Reads single values of a relay's JSON: texts, ids, numbers and times.

A value of the wrong type counts as missing. Every text is cut at a limit in code points, so that
nothing that is stored or shown later depends on how much a relay sends.
"""

import math
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeAlias

from bot.relay.models import MAX_LABEL

JsonObject: TypeAlias = Mapping[str, Any]

MAX_ID_LENGTH = 191
"""Characters; the column of new-api holds no more."""

MAX_DURATION = 86_400.0
"""Seconds; a longer duration of a song is an error."""

_VISIBLE = re.compile(
    "[^\\s\x00-\x20\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\uffff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff\ud800-\udfff]"
)
"""Any character that is visible."""
_MAX_NUMBER_LENGTH = 64
_MAX_TAGS = 64
_YEAR_10000 = 253_402_300_800.0
_MILLISECONDS_FROM = 1_000_000_000_000


def first_present(raw: JsonObject, name: str, *others: str) -> Any:
    """Return the value of the first of some names that is present, even if it is null."""
    if name in raw:
        return raw[name]
    for other in others:
        if other in raw:
            return raw[other]
    return None


def text(value: Any, limit: int) -> str:
    """Return a text cut at ``limit``, without NUL, which no database stores; a number as text."""
    found: str = value if type(value) is str else _number_as_text(value)
    if len(found) > limit:
        found = found[:limit]
    return found.replace("\0", "") if "\0" in found else found


def title(value: Any) -> str:
    """Return a title; "" where none of its characters is visible."""
    found = text(value, MAX_LABEL)
    return found if found.isascii() or _VISIBLE.search(found) else ""


def first_text(limit: int, *values: Any) -> str:
    """Return the first of some texts that is not blank, else ""."""
    for value in values:
        if value and not (found := text(value, limit)).isspace() and found:
            return found
    return ""


def identifier(value: Any) -> str:
    """Return an id without spaces around it, "" where it cannot be one."""
    if type(value) is str and len(value) <= MAX_ID_LENGTH and "\0" not in value:
        return value.strip()
    found = text(value, 2 * MAX_ID_LENGTH).strip()
    return found if len(found) <= MAX_ID_LENGTH else ""


def word(value: Any) -> str:
    """Return a short text such as a status; "" for anything else."""
    return value if type(value) is str and len(value) <= MAX_LABEL else ""


def labels(value: Any) -> str:
    """Return tags, which come as a text or as a list of texts, as one line."""
    if type(value) is list:
        value = ", ".join(
            [tag[:MAX_LABEL] for tag in value[:_MAX_TAGS] if tag and type(tag) is str]
        )
    return text(value, MAX_LABEL) if type(value) is str else ""


def number(value: Any) -> float | None:
    """Return a finite number from a number or its text, else None."""
    kind = type(value)
    if (
        kind is not int
        and kind is not float
        and (kind is not str or len(value) > _MAX_NUMBER_LENGTH)
    ):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def percentage(value: Any) -> int | None:
    """Return 0 to 100 from ``"45%"``, ``"45"`` or ``45``, else None."""
    if type(value) is str:
        return _percentage_of_text(value) if len(value) <= _MAX_NUMBER_LENGTH else None
    found = number(value)
    return int(found) if found is not None and 0 <= found <= 100 else None


@lru_cache(256)
def _percentage_of_text(value: str) -> int | None:
    found = number(value.strip().removesuffix("%"))
    return int(found) if found is not None and 0 <= found <= 100 else None


def unix_seconds(value: Any) -> float | None:
    """Return Unix seconds from seconds or milliseconds; None for 0, which means "not yet"."""
    if type(value) is int and 0 < value < _MILLISECONDS_FROM:
        return float(value)
    found = number(value) if value else None
    if found is None:
        return None
    if found > _MILLISECONDS_FROM:
        found /= 1000
    return found if 0 < found < _YEAR_10000 else None


def seconds(value: Any) -> float | None:
    """Return the duration of a song, else None."""
    found = number(value) if value else None
    return found if found is not None and 0 < found < MAX_DURATION else None


def _number_as_text(value: Any) -> str:
    if type(value) is int:
        return str(value) if abs(value) < 10**_MAX_NUMBER_LENGTH else ""
    return str(value) if type(value) is float and math.isfinite(value) else ""
