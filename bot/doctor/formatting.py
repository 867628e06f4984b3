"""How numbers, spans, moments and permissions are written in reports."""

from collections.abc import Iterable
from datetime import UTC, datetime


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return ``1 task``, ``2 tasks``."""
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"


def span(seconds: float) -> str:
    """Return a span in its two-digit unit: ``90 s``, ``15 min``, ``3 h``, ``2 d``."""
    units = (("d", 86_400), ("h", 3600), ("min", 60))
    unit, size = next((each for each in units if seconds >= 2 * each[1]), ("s", 1))
    return f"{seconds / size:.0f} {unit}"


def moment(at: float | None, *, now: float) -> str:
    """Return date and time (UTC) of a moment in Unix seconds, and how far that is from now."""
    if at is None:
        return "never"
    distance = span(abs(at - now))
    told = f"in {distance}" if at > now else f"{distance} ago"
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC, {told}"


def in_bytes(size: float) -> str:
    """Return ``600 KiB``, ``72 GiB``."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}"
        size /= 1024
    return f"{size:.0f} TiB"


def permissions(names: Iterable[str]) -> str:
    """Return permissions as Discord's settings call them, whichever way ours are spelt."""
    spaced = (name.replace("-", " ").replace("_", " ").title() for name in names)
    return ", ".join(name.replace(" In ", " in ") for name in spaced)
