"""A circuit breaker: stops requests to a relay that keeps failing, and keeps its status."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from random import Random

from bot.relay.errors import OPERATOR_KINDS, ErrorKind, NotSentError, RelayError
from bot.relay.transport import quote_for_log

log = logging.getLogger(__name__)

_PAUSE_TOLERANCE = 1.0
"""Seconds by which the rest of a pause may differ each time it is computed."""


@dataclass(frozen=True, slots=True)
class BackoffLimits:
    """How long the circuit stays open; all delays in seconds."""

    min_delay: float = 2.0
    max_delay: float = 120.0
    """The most that a delay chosen by the bot grows to."""
    recheck_delay: float = 300.0
    """Between two polls while the key is refused or the account has no credit."""
    interactive_delay: float = 5.0
    """Between two interactive look-ups while the circuit is open for the poller."""
    failure_threshold: int = 3
    """Consecutive failures that open the circuit."""


@dataclass(frozen=True, slots=True)
class CircuitStatus:
    """When a relay last worked, and whether it may be asked now. All times are Unix seconds."""

    last_success_at: float | None = None
    """``None`` until the first success."""
    last_failure_at: float | None = None
    """When it last failed as a whole, as far as that counts; ``None`` until then."""
    open_until: float | None = None
    """``None`` while the circuit is closed, so that requests may be sent."""
    failing_since: float | None = None
    """When the first of the failures was that opened the circuit; ``None`` after a success."""
    cause: ErrorKind | None = None
    """The kind of the last of these failures."""
    working_since: float | None = None
    """When it first worked after the last of its failures, or at all; ``None`` while it fails."""


class CircuitBreaker:
    """Opens after failures; half-open after the delay, it admits one request that decides.

    The poller waits for the whole delay. Interactive requests are admitted once every few seconds,
    unless the relay itself asked for the pause.

    Only a request that ``trips_breaker`` (see ``RequestPurpose``) opens the circuit or prolongs the
    delay. A rate limit is the exception: it binds everybody, whichever request met it.
    """

    def __init__(
        self,
        log_id: str,
        limits: BackoffLimits,
        random: Random,
        *,
        is_operators: bool = True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``log_id`` names what is asked in the log: ``relay=deerapi``.

        ``is_operators``: whether the operator's key is used, so that the operator has to act.
        ``clock``: that of the status.
        """
        self._clock = clock
        self._log_id = log_id
        self._is_operators = is_operators
        self._limits = limits
        self._random = random
        self._cause: tuple[ErrorKind, str] | None = None
        self._failures = 0
        self._failed_at = 0.0
        self._failing_since = 0.0
        self._open_until = 0.0
        self._interactive_open_until = 0.0
        self._asked_until = 0.0
        self._logged_kind: ErrorKind | None = None
        self._suspicion_logged_at: dict[ErrorKind, float] = {}
        self._last_success_at: float | None = None
        self._last_failure_at: float | None = None
        self._working_since: float | None = None
        self._listeners: list[Callable[[], None]] = []

    def on_success(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` whenever a successful response closes the circuit."""
        self._listeners.append(listener)

    @property
    def status(self) -> CircuitStatus:
        """The status of the circuit now."""
        left = self._open_until - time.monotonic()
        failing = self._open_until > 0
        return CircuitStatus(
            self._last_success_at,
            self._last_failure_at,
            open_until=self._clock() + left if left > 0 else None,
            failing_since=self._failing_since if failing else None,
            cause=self._cause[0] if failing and self._cause else None,
            working_since=None if failing else self._working_since,
        )

    def raise_if_open(self, *, interactive: bool) -> None:
        """Raise the last error again, with the rest of its delay, while the circuit is open."""
        open_until = self._interactive_open_until if interactive else self._open_until
        left = open_until - time.monotonic()
        if left > 0 and self._cause is not None:
            kind, detail = self._cause
            raise NotSentError(kind, f"not asked again yet: {detail}", retry_after=left)

    def admit(self, *, interactive: bool, trips_breaker: bool) -> None:
        """Admit a request, or raise if the circuit is open.

        When it is half-open, further requests are refused until this one has ended; the poller's
        are refused only for another request of the poller.
        """
        self.raise_if_open(interactive=interactive)
        if not self._open_until:
            return
        probe_until = time.monotonic() + self._limits.interactive_delay
        if trips_breaker:
            self._open_until = max(self._open_until, probe_until)
        if trips_breaker or interactive:
            self._interactive_open_until = max(self._interactive_open_until, probe_until)

    def record_success(self, sent_at: float) -> None:
        """Close the circuit, unless it opened after this request was sent (monotonic seconds)."""
        self._last_success_at = self._clock()
        if sent_at < self._failed_at:
            return
        if self._logged_kind is not None:
            log.info("Relay answers again: %s", self._log_id)
        if self._working_since is None or self._open_until:
            self._working_since = self._clock()
        self._cause = self._logged_kind = None
        self._failures = 0
        self._open_until = self._interactive_open_until = self._asked_until = 0.0
        for listener in self._listeners:
            listener()

    def record_request_error(self, sent_at: float) -> None:
        """End the delay after an error that concerns one request only; failures stay counted.

        The other requests of the same look-up, which find out what is wrong, are admitted then.
        """
        if sent_at >= self._failed_at:
            self._open_until = self._interactive_open_until = 0.0

    def record_failure(self, error: RelayError, *, trips_breaker: bool = True) -> None:
        """Count a failure of the relay as a whole, and open the circuit as its kind requires."""
        if not trips_breaker and error.kind is not ErrorKind.RATE_LIMIT:
            self._log_suspicion(error)
            return
        now = self._failed_at = time.monotonic()
        self._last_failure_at = self._clock()
        self._cause = (error.kind, error.detail)
        self._failures += 1
        if self._failures == 1:
            self._failing_since = self._last_failure_at
        delay = self._delay(error)
        if error.kind is ErrorKind.RATE_LIMIT or error.retry_after is not None:
            self._asked_until = max(self._asked_until, now + delay)
        # A request that was sent before the relay has asked for a pause does not end it.
        asked_until = self._asked_until if self._asked_until > now else 0.0
        self._open_until = max(asked_until, now + delay if delay else 0.0)
        interactive_delay = min(delay, self._limits.interactive_delay)
        self._interactive_open_until = max(asked_until, now + interactive_delay)
        if delay and self._logged_kind is not error.kind:
            self._logged_kind = error.kind
            must_act = self._is_operators and error.kind in OPERATOR_KINDS
            level = logging.ERROR if must_act else logging.WARNING
            self._log(level, f"Circuit open for {delay:.0f} s", error)

    def pause(self, seconds: float) -> None:
        """Open the circuit for everybody: the relay has asked an earlier connection to wait.

        Nothing changes while it is open for everybody for as long already.
        """
        if self._interactive_open_until < time.monotonic() + seconds - _PAUSE_TOLERANCE:
            detail = "it has asked to wait, and the wait is not over"
            self.record_failure(RelayError(ErrorKind.RATE_LIMIT, detail, retry_after=seconds))

    def warn(self, error: RelayError) -> None:
        """Log a problem that does not open the circuit; the next success is logged, too."""
        if self._logged_kind is not error.kind:
            self._logged_kind = error.kind
            self._log(logging.WARNING, "Relay cannot be used, results are delayed", error)

    def _log_suspicion(self, error: RelayError) -> None:
        """Log that the relay may be in trouble: seldom, because people can provoke it.

        Nothing is logged while the same problem keeps the circuit open.
        """
        now = time.monotonic()
        elapsed = now - self._suspicion_logged_at.get(error.kind, -inf)
        if self._logged_kind is not error.kind and elapsed >= self._limits.recheck_delay:
            self._suspicion_logged_at[error.kind] = now
            self._log(
                logging.WARNING,
                "Relay may be in trouble, circuit stays closed because the ids are unproven",
                error,
            )

    def _log(self, level: int, event: str, error: RelayError) -> None:
        meanings = _MEANING if self._is_operators else _ACCOUNT_MEANING
        log.log(
            level,
            "%s: %s cause=%s, %s (%s)",
            event,
            self._log_id,
            error.kind.value,
            meanings[error.kind],
            quote_for_log(error.detail),
        )

    def _delay(self, error: RelayError) -> float:
        if error.retry_after is not None:
            return error.retry_after
        if error.kind in OPERATOR_KINDS:
            return self._limits.recheck_delay
        if error.kind is ErrorKind.RATE_LIMIT:
            return self._exponential_delay(self._failures)
        beyond = self._failures - self._limits.failure_threshold
        return self._exponential_delay(beyond + 1) if beyond >= 0 else 0.0

    def _exponential_delay(self, step: int) -> float:
        """Draw a delay between the minimum and a ceiling that doubles with every step."""
        min_delay, max_delay = self._limits.min_delay, self._limits.max_delay
        # Beyond 2 to the power of 30 the ceiling is the maximum with any setting.
        ceiling = min(max_delay, min_delay * 2 ** min(step, 30))
        return self._random.uniform(min(min_delay, ceiling), ceiling)


_MEANING = {
    ErrorKind.AUTH: "the key is refused; nothing is looked up until SUNO_API_KEY is right",
    ErrorKind.QUOTA: "the account has no credit; nothing is looked up until it has",
    ErrorKind.RATE_LIMIT: "it asks for fewer requests",
    ErrorKind.NOT_FOUND: "no known path works there; check SUNO_BASE_URL and SUNO_FETCH_PATH",
    ErrorKind.BAD_REQUEST: "it refuses the request",
    ErrorKind.UNAVAILABLE: "it cannot be reached",
    ErrorKind.UNREADABLE: "its responses cannot be read",
}
_ACCOUNT_MEANING = {
    **_MEANING,
    ErrorKind.AUTH: "the key is refused; nothing is looked up until it is replaced",
    ErrorKind.NOT_FOUND: "no known path works there",
}
"""For an account that a server or a user has connected: its settings are not the operator's."""
