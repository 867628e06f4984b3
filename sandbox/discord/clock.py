"""The clock of a local Discord: real time, or advanced by a test."""

import time
from collections.abc import Callable
from datetime import UTC, datetime


class Clock:
    """A clock that runs with real time, and can be advanced and stopped."""

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()
        self._stopped_at: float | None = None
        self._watchers: list[Callable[[], None]] = []

    def now(self) -> float:
        """Seconds since 1970."""
        if self._stopped_at is not None:
            return self._stopped_at
        return time.monotonic() + self._offset

    def time(self) -> datetime:
        """Return ``now()`` as a datetime in UTC."""
        return datetime.fromtimestamp(self.now(), UTC)

    def advance(self, seconds: float) -> None:
        """Advance the clock. Raises ValueError for a negative number of seconds."""
        if seconds < 0:
            raise ValueError("time does not run backwards")
        if self._stopped_at is not None:
            self._stopped_at += seconds
        else:
            self._offset += seconds
        for watcher in self._watchers:
            watcher()

    def stop(self, at: float | None = None) -> None:
        """Stop, now or at a Unix second; from then on only ``advance`` moves it."""
        self._stopped_at = self.now() if at is None else at

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call ``watcher`` after every ``advance``."""
        self._watchers.append(watcher)


def iso(timestamp: datetime | None) -> str | None:
    """Write a time as Discord does: ISO 8601 with microseconds and a zone."""
    return None if timestamp is None else timestamp.isoformat(timespec="microseconds")
