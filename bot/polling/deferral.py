"""Ids that somebody typed, and that the relay could not be asked for: when to try again."""

from collections.abc import Collection

from bot.storage.models import PollTarget

LONGEST_PAUSE = 60.0
"""Seconds between two tries while the relay cannot be asked."""


class DeferredTasks:
    """Ids that the relay never named, and could not be asked for: when to try again."""

    def __init__(self) -> None:
        self.ids: set[str] = set()
        self.until = 0.0
        self._failures = 0

    def add(self, strangers: Collection[PollTarget], now: float, interval: float) -> float:
        """Put tasks off for a while that grows with every failure; return the seconds."""
        pause: float = min(interval * 2.0 ** min(self._failures, 10), LONGEST_PAUSE)
        self._failures += 1
        self.ids.update(watched.task_id for watched in strangers)
        self.until = now + pause
        return pause

    def now(self, now: float) -> frozenset[str]:
        """Return the ids that are put off still."""
        if now >= self.until:
            self.ids.clear()
        return frozenset(self.ids)

    def end(self) -> None:
        """Put nothing off any longer: the relay answers."""
        self.ids.clear()
        self._failures = 0
