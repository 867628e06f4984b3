"""How many requests to create are sent at once, and when one is sent again."""

from dataclasses import dataclass

from bot.relay.creation import RejectionReason
from bot.relay.submission_errors import SubmissionRejected
from bot.storage.models import Creation

_TEMPORARY = {RejectionReason.BUSY, RejectionReason.UNREACHABLE}
"""Reasons for which a request is sent again later."""


@dataclass(frozen=True, slots=True)
class SubmissionPolicy:
    """How many requests are sent at once, and when they are sent again. Times are seconds."""

    max_concurrent: int = 64
    """Requests that are sent at once, to all relays together.

    An account to which nothing is sent waits for no other, as when its tasks are polled.
    """
    max_per_account: int = 8
    first_delay: float = 5.0
    """Until a request is sent again; it doubles each time."""
    max_delay: float = 60.0
    max_wait: float = 600.0
    """For how long a request is sent again, since it was made.

    What was due for as long while nothing was sent, because no bot ran, is not sent any more: who
    made it has gone on.
    """
    served_interval: float = 60.0
    """Between two times that are stored to tell how long nothing was sent."""
    min_attempts: int = 3
    """Attempts that also a request gets which has waited longer for others of its account."""
    blocked_interval: float = 5.0
    """Between two looks at requests that are due, and wait for others of their account."""
    store_interval: float = 5.0
    """Between two attempts to store a result."""
    shutdown_timeout: float = 5.0
    """That a stop leaves to the requests under way; what is lost may be charged."""

    def retry_at(self, creation: Creation, error: SubmissionRejected, now: float) -> float | None:
        """Return when a rejected request is sent again (Unix seconds), ``None`` for never."""
        if error.reason not in _TEMPORARY:
            return None
        backoff = min(self.first_delay * 2.0**creation.attempts, self.max_delay)
        delay = max(error.retry_after or 0.0, backoff)
        is_late = not 0 <= now + delay - creation.created_at <= self.max_wait
        if delay > self.max_wait or (is_late and creation.attempts + 1 >= self.min_attempts):
            return None
        return now + delay


SUBMISSION_POLICY = SubmissionPolicy()
