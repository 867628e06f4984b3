"""Remembers which ids make batches fail, so that they are requested without others for a while."""

from collections.abc import Iterable

from bot.relay.errors import ErrorKind, RelayError
from bot.relay.ttl_cache import TTLCache

QUARANTINE_TTL = 3600.0
"""Seconds in which an id that made a batch fail is requested in no batch with others."""
REFUSED_TTL = 30.0
"""Seconds in which the poller does not request an id again that was refused."""


class Quarantine:
    """The ids that made batches fail, and the errors of those that were refused alone, too."""

    def __init__(self) -> None:
        self._quarantined: TTLCache[bool] = TTLCache(QUARANTINE_TTL)
        self._refusals: TTLCache[tuple[ErrorKind, str]] = TTLCache(REFUSED_TTL)

    def __contains__(self, task_id: str) -> bool:
        return self._quarantined.get(task_id) is not None

    def intersection(self, ids: Iterable[str]) -> frozenset[str]:
        """Return those of the ids that are quarantined."""
        return self._quarantined.intersection(ids)

    def add(self, ids: Iterable[str]) -> None:
        """Quarantine ids that may have made a batch fail."""
        for each in ids:
            self._quarantined.set(each, True)

    def add_refused(self, task_id: str, error: RelayError) -> None:
        """Quarantine an id that certainly causes this error, and remember the error."""
        self.add([task_id])
        self._refusals.set(task_id, (error.kind, error.detail))

    def release(self, ids: Iterable[str]) -> None:
        """End the quarantine of ids that the relay has named."""
        for each in ids:
            self._quarantined.discard(each)

    def recent_refusal(self, task_id: str) -> RelayError | None:
        """Return the error with which an id was refused a moment ago, if it was."""
        refusal = self._refusals.get(task_id)
        return None if refusal is None else RelayError(*refusal)
