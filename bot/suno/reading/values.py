"""Single values of a relay's JSON: texts, ids, numbers, times."""

import math

MAX_ID_LENGTH = 191
"""Characters; new-api's column holds no more."""

LONGEST_SONG = 86_400.0
"""Seconds; a longer one is a mistake."""

END_OF_TIME = 253_402_300_800.0
"""Unix seconds: the year 10000, with which no calendar can deal."""

_MILLISECONDS_FROM = 1e12


def clean(text: str | None) -> str:
    """Return the text without NUL, which no database takes; "" for None. Nothing is escaped."""
    return text.replace("\0", "") if text else ""


def identifier(text: str | None) -> str | None:
    """Return the id without the spaces around it, or None where it cannot be one."""
    text = clean(text).strip()
    return text if 0 < len(text) <= MAX_ID_LENGTH else None


def number(value: float | str | None) -> float | None:
    """Return a finite number from a number or its text, else None."""
    try:
        found = float(value) if value is not None else math.nan
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def percentage(value: float | str | None) -> int | None:
    """Return 0 to 100 from ``"45%"``, ``"45"`` or ``45``, else None."""
    found = number(value.strip().removesuffix("%") if isinstance(value, str) else value)
    return int(found) if found is not None and 0 <= found <= 100 else None


def unix_seconds(value: float | str | None) -> float | None:
    """Return Unix seconds from seconds or milliseconds; None for 0, which means "not yet"."""
    found = number(value) or 0.0
    if found > _MILLISECONDS_FROM:
        found /= 1000
    return found if 0 < found < END_OF_TIME else None
