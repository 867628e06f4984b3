"""Delays polls after failures: all of them, or only those of ids that the relay never named."""

import logging
from collections.abc import Collection

from bot.relay.errors import ErrorKind, RelayError, may_refuse_ids
from bot.storage.models import PollTarget

log = logging.getLogger(__name__)

MAX_PAUSE = 60.0
"""Seconds between two polls while the relay fails, unless it asks for more."""


class PollBackoff:
    """Until when nothing is polled, and which unproven ids are deferred.

    All times are Unix seconds. The poller polls proven ids (``PollTarget.known``) and unproven ones
    separately, because somebody may have typed an id that makes the relay fail: such a failure
    defers the unproven ids only.
    """

    def __init__(self, account: str, interval: float, max_response_gap: float) -> None:
        self._account = account
        self._interval = interval
        self._max_response_gap = max_response_gap
        self.failures = 0
        """Consecutive failed polls of proven ids."""
        self.paused_until = 0.0
        self._deferred: set[str] = set()
        self._deferred_until = 0.0
        self._deferrals = 0
        self._last_success_at: float | None = None
        """When the relay last answered anybody successfully."""

    def is_relay_failure(
        self, error: RelayError, targets: Collection[PollTarget], now: float
    ) -> bool:
        """Whether an error means that the relay cannot be asked, rather than that it refuses ids.

        Errors about unproven ids are attributed to these while the relay answers others. A relay
        that has not shown a task yet may have refused the ids or meant the path: a watch of which
        nothing else is known then ends at its deadline.
        """
        if may_refuse_ids(error):
            return False
        if _are_proven(targets) or error.kind is ErrorKind.RATE_LIMIT:
            return True
        is_answering = (
            self._last_success_at is not None
            and now - self._last_success_at <= self._max_response_gap
        )
        return not is_answering

    def record_failure(
        self, error: RelayError, targets: Collection[PollTarget], sent_at: float, now: float
    ) -> None:
        """Pause all polls, or defer unproven ids; the client logs what is wrong.

        Concurrent polls fail together: that counts as one failure.
        """
        if not _are_proven(targets) and error.kind is not ErrorKind.RATE_LIMIT:
            pause = self._growing_pause(self._deferrals)
            self._deferrals += 1
            self._deferred.update(target.task_id for target in targets)
            self._deferred_until = now + pause
            log.debug(
                "Unproven ids deferred for %.1f s: account=%s ids=%d: %s",
                pause,
                self._account,
                len(targets),
                error,
            )
        elif sent_at >= self.paused_until:
            pause = error.retry_after or self._growing_pause(self.failures)
            self.failures += 1
            self.paused_until = now + pause
            log.debug("Polls paused for %.1f s: account=%s: %s", pause, self._account, error)

    def record_success(self, targets: Collection[PollTarget]) -> None:
        """Forget the failures after a successful poll of proven ids."""
        if _are_proven(targets):
            self.failures = 0

    def resume(self, now: float) -> bool:
        """End every delay, because the relay answers; return whether there was one."""
        self._last_success_at = now
        was_delayed = bool(self.paused_until or self._deferred)
        if was_delayed:
            self._end_delays()
        return was_delayed

    def reset(self) -> None:
        """Forget all times, because the clock was set back."""
        self._last_success_at = None
        self._end_delays()

    def deferred(self, now: float) -> frozenset[str]:
        """Return the ids that are deferred at this time."""
        if now >= self._deferred_until:
            self._deferred.clear()
        return frozenset(self._deferred)

    @property
    def deferred_until(self) -> float | None:
        """When deferred ids are due again, ``None`` if there are none."""
        return self._deferred_until if self._deferred else None

    def _end_delays(self) -> None:
        self.paused_until = 0.0
        self._deferred.clear()
        self._deferrals = 0

    def _growing_pause(self, failures: int) -> float:
        return min(self._interval * 2.0 ** min(failures, 10), MAX_PAUSE)


def _are_proven(targets: Collection[PollTarget]) -> bool:
    return next(iter(targets)).known  # those of one poll are alike
