"""Formats numbers, durations, times, sizes and permissions for reports."""

from collections.abc import Iterable
from datetime import UTC, datetime


def format_count(number: int, noun: str, plural: str = "") -> str:
    """Return ``1 task``, ``2 tasks``."""
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"


def format_duration(seconds: float) -> str:
    """Return a duration in the largest unit of which it has two: ``90 s``, ``15 min``, ``3 h``."""
    units = (("d", 86_400), ("h", 3600), ("min", 60))
    unit, size = next((each for each in units if seconds >= 2 * each[1]), ("s", 1))
    return f"{seconds / size:.0f} {unit}"


def format_time(at: float | None, *, now: float) -> str:
    """Return a time in Unix seconds as date and time (UTC), with its distance from now."""
    if at is None:
        return "never"
    distance = format_duration(abs(at - now))
    relative = f"in {distance}" if at > now else f"{distance} ago"
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC, {relative}"


def format_size(size: float) -> str:
    """Return a number of bytes as ``600 KiB``, ``72 GiB``."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}"
        size /= 1024
    return f"{size:.0f} TiB"


def format_permissions(names: Iterable[str]) -> str:
    """Return permissions as Discord's settings call them.

    ``names`` are discord.py's (``send_messages``) or those of the catalogue (``send-messages``).
    """
    titles = (name.replace("-", " ").replace("_", " ").title() for name in names)
    return ", ".join(title.replace(" In ", " in ") for title in titles)
