"""When a relay is left alone, and what is known of its health."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from random import Random

from bot.relay.errors import ErrorKind, RelayError
from bot.relay.transport import quote_for_log

logger = logging.getLogger(__name__)

STOPPING = frozenset({ErrorKind.AUTH, ErrorKind.QUOTA})
"""What only the operator can mend."""
RELAY_WIDE = STOPPING | {ErrorKind.RATE_LIMIT, ErrorKind.UNAVAILABLE}


class AmbiguousError(RelayError):
    """The relay is in trouble, or it stumbles over one of the ids.

    HTTP 500 about any ids, and nearly every error about ids that the relay has never named.
    """


def is_relay_wide(error: RelayError) -> bool:
    """Whether an error concerns every id alike, however they are asked for."""
    return error.kind in RELAY_WIDE and not isinstance(error, AmbiguousError)


@dataclass(frozen=True, slots=True)
class BackoffLimits:
    """How long a relay is left alone, in seconds."""

    min_delay: float = 2.0
    max_delay: float = 120.0
    """The most that a pause of ours grows to."""
    recheck_delay: float = 300.0
    """Between two look-ups of the poller while the key is refused or the credit is gone."""
    interactive_delay: float = 5.0
    """Between two look-ups of people while the poller's pause lasts."""
    failure_threshold: int = 3
    """So many failures in a row open the circuit."""


@dataclass(frozen=True, slots=True)
class CircuitStatus:
    """What the bot knows of a relay; times are Unix seconds, ``None`` where nothing happened."""

    last_success_at: float | None = None
    last_error_at: float | None = None
    last_error_kind: ErrorKind | None = None
    open_until: float | None = None
    """``None`` while the relay may be asked."""


class CircuitBreaker:
    """Remembers how a relay has answered, and refuses to ask it while that is pointless.

    The poller waits for a whole pause. People may try once every few seconds, unless the relay
    itself asked for the pause; whoever comes first when it is over is the only one who tries.

    Only a request that ``trips_breaker`` (see ``RequestPurpose``) brings about a pause, or makes
    one longer. But where the relay limits the rate, that binds everybody, whoever was told.
    """

    def __init__(self, name: str, backoff: BackoffLimits, random: Random) -> None:
        self._name = name
        self._backoff = backoff
        self._random = random
        self._why: tuple[ErrorKind, str] | None = None
        self._failures = 0
        self._failed_at = 0.0
        self._until = 0.0
        self._until_for_people = 0.0
        self._told: ErrorKind | None = None
        self._doubted_at: dict[ErrorKind, float] = {}
        self._last_success_at: float | None = None
        self._last_error_at: float | None = None
        self._last_error_kind: ErrorKind | None = None
        self._listeners: list[Callable[[], None]] = []

    def on_success(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` whenever a good answer shows that the relay may be asked."""
        self._listeners.append(listener)

    @property
    def circuit_status(self) -> CircuitStatus:
        """What is known of the relay now."""
        left = self._until - time.monotonic()
        return CircuitStatus(
            self._last_success_at,
            self._last_error_at,
            self._last_error_kind,
            time.time() + left if left > 0 else None,
        )

    def check(self, *, interactive: bool) -> None:
        """Raise the last SunoError again, with the pause that is left, while the relay has one."""
        left = (self._until_for_people if interactive else self._until) - time.monotonic()
        if left > 0 and self._why is not None:
            kind, detail = self._why
            raise RelayError(kind, f"not asked again yet: {detail}", retry_after=left)

    def admit(self, *, interactive: bool, trips_breaker: bool) -> None:
        """Check, and keep others away until it is known how this one request ends.

        The poller is kept away by its own requests only.
        """
        self.check(interactive=interactive)
        if not self._until:
            return
        probing = time.monotonic() + self._backoff.interactive_delay
        if trips_breaker:
            self._until = max(self._until, probing)
        if trips_breaker or interactive:
            self._until_for_people = max(self._until_for_people, probing)

    def good(self, asked_at: float) -> None:
        """Note a good answer to a request that was sent at this monotonic time."""
        self._last_success_at = time.time()
        if asked_at < self._failed_at:
            return
        if self._told is not None:
            logger.info("Relay %s answers again.", self._name)
        self._why = self._told = None
        self._failures = 0
        self._until = self._until_for_people = 0.0
        for listener in self._listeners:
            listener()

    def answered(self, asked_at: float) -> None:
        """Note an error that concerns one request: the pause is over, what led to it is not.

        So that the other requests of the same look-up, which find out what is wrong, get through.
        """
        if asked_at >= self._failed_at:
            self._until = self._until_for_people = 0.0

    def bad(self, error: RelayError, *, trips_breaker: bool = True) -> None:
        """Note a failure that concerns the relay as a whole, and pause as its kind demands."""
        self._last_error_at, self._last_error_kind = time.time(), error.kind
        if not trips_breaker and error.kind is not ErrorKind.RATE_LIMIT:
            self._doubt(error)
            return
        now = self._failed_at = time.monotonic()
        self._why = (error.kind, error.detail)
        self._failures += 1
        pause = self._pause(error)
        self._until = now + pause if pause else 0.0
        binding = error.kind is ErrorKind.RATE_LIMIT or error.retry_after is not None
        self._until_for_people = now + (
            pause if binding else min(pause, self._backoff.interactive_delay)
        )
        if pause and self._told is not error.kind:
            self._told = error.kind
            self._tell(error, pause)

    def warn(self, error: RelayError) -> None:
        """Say what is wrong though there is no pause for it; the next good answer is said, too."""
        if self._told is not error.kind:
            self._told = error.kind
            logger.warning(
                "Relay %s: %s (%s). What is watched meanwhile is told when it is back.",
                *(self._name, _MEANING[error.kind], quote_for_log(error.detail)),
            )

    def _doubt(self, error: RelayError) -> None:
        """Say what may be wrong, for whoever has nothing watched yet; seldom, for people can do it.

        Nothing is said while a pause for the same is known of.
        """
        now = time.monotonic()
        rested = now - self._doubted_at.get(error.kind, -inf) >= self._backoff.recheck_delay
        if self._told is not error.kind and rested:
            self._doubted_at[error.kind] = now
            logger.warning(
                "Relay %s may be in trouble: %s (%s). Asked for ids that it never named, so it is"
                " not left alone.",
                *(self._name, _MEANING[error.kind], quote_for_log(error.detail)),
            )

    def _pause(self, error: RelayError) -> float:
        if error.retry_after is not None:
            return error.retry_after
        if error.kind in STOPPING:
            return self._backoff.recheck_delay
        if error.kind is ErrorKind.RATE_LIMIT:
            return self._growing(self._failures)
        beyond = self._failures - self._backoff.failure_threshold
        return self._growing(beyond + 1) if beyond >= 0 else 0.0

    def _growing(self, step: int) -> float:
        """Draw a pause between the shortest and a ceiling that doubles with every step."""
        min_delay, max_delay = self._backoff.min_delay, self._backoff.max_delay
        # Beyond 2 to the 30th power the ceiling is the longest pause in any setting.
        ceiling = min(max_delay, min_delay * 2 ** min(step, 30))
        return self._random.uniform(min(min_delay, ceiling), ceiling)

    def _tell(self, error: RelayError, pause: float) -> None:
        tell: Callable[..., None] = logger.error if error.kind in STOPPING else logger.warning
        tell(
            "Relay %s: %s (%s). It is left alone for %.0f s.",
            self._name,
            _MEANING[error.kind],
            quote_for_log(error.detail),
            pause,
        )


_MEANING = {
    ErrorKind.AUTH: "the key is refused; nothing is looked up until SUNO_API_KEY is right",
    ErrorKind.QUOTA: "the account has no credit; nothing is looked up until it has",
    ErrorKind.RATE_LIMIT: "it asks for fewer requests",
    ErrorKind.NOT_FOUND: "no known path works there; check SUNO_BASE_URL and SUNO_FETCH_PATH",
    ErrorKind.BAD_REQUEST: "it refuses what it is asked",
    ErrorKind.UNAVAILABLE: "it cannot be reached",
    ErrorKind.UNREADABLE: "its answers cannot be read",
}
