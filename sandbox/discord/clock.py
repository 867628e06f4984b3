"""The time as a local Discord sees it: real, or moved by a test."""

import time
from collections.abc import Callable
from datetime import UTC, datetime


class Clock:
    """Runs with real time, can be moved forward, and can be stopped."""

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
        """Give the same as ``now()``, as a time with a zone."""
        return datetime.fromtimestamp(self.now(), UTC)

    def advance(self, seconds: float) -> None:
        """Let that many seconds pass at once. ValueError for a negative number."""
        if seconds < 0:
            raise ValueError("time does not run backwards")
        if self._stopped_at is not None:
            self._stopped_at += seconds
        else:
            self._offset += seconds
        for watcher in self._watchers:
            watcher()

    def stop(self, at: float | None = None) -> None:
        """Stand still, now or at that second since 1970; from then on only ``advance`` moves it."""
        self._stopped_at = self.now() if at is None else at

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call ``watcher`` whenever time has been moved by hand."""
        self._watchers.append(watcher)


def iso(moment: datetime | None) -> str | None:
    """Write a time as Discord does: ISO 8601 with microseconds and a zone."""
    return None if moment is None else moment.isoformat(timespec="microseconds")
