"""One question to a relay: in its turn, unless the relay is left alone, and what came of it."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from bot.relay.circuit_breaker import RELAY_WIDE, AmbiguousError, CircuitBreaker, is_relay_wide
from bot.relay.errors import ErrorKind, RelayError
from bot.relay.purpose import RequestPurpose
from bot.relay.rate_limiter import RateLimiter
from bot.relay.transport import ConnectionCutError, RelayResponse, Transport


@dataclass(slots=True)
class RequestStats:
    """Every request to a relay since the start, the poller's and people's."""

    requests: int = 0
    seconds: float = 0.0
    """How long all of them took together, without waiting for their turn."""
    errors: Counter[ErrorKind] = field(default_factory=Counter)
    """How many of them came to nothing, by kind."""


T = TypeVar("T")

LONGEST_PAUSE = 3600.0
"""Seconds of a pause that a relay may ask for; it is tried again then, whatever it said."""


class Requester:
    """Everything that one request goes through."""

    def __init__(self, wire: Transport, limiter: RateLimiter, breaker: CircuitBreaker) -> None:
        self._wire = wire
        self._limiter = limiter
        self._breaker = breaker
        self.request_stats = RequestStats()

    async def ask(
        self,
        method: str,
        path: str,
        read: Callable[[RelayResponse], T],
        *,
        purpose: RequestPurpose,
        payload: Mapping[str, Any] | None = None,
    ) -> T:
        """Send a request when it is its turn, and give what ``read`` makes of the answer.

        Raise the SunoError that ``read`` raises, that the exchange ends with, or that the relay
        was left alone for; the breaker has learned of it where it concerns more than this request.
        """
        self._breaker.check(interactive=purpose.interactive)
        try:
            return await self._once(method, path, read, purpose, payload)
        except ConnectionCutError:
            # The server may have closed an idle connection at that moment. A person waits for
            # this answer; the poller comes back anyway.
            if not purpose.interactive:
                raise
        return await self._once(method, path, read, purpose, payload)

    async def _once(
        self,
        method: str,
        path: str,
        read: Callable[[RelayResponse], T],
        purpose: RequestPurpose,
        payload: Mapping[str, Any] | None,
    ) -> T:
        await self._limiter.acquire(interactive=purpose.interactive, single=method == "GET")
        self._breaker.admit(interactive=purpose.interactive, trips_breaker=purpose.trips_breaker)
        asked_at = time.monotonic()
        self.request_stats.requests += 1
        try:
            answer = await self._wire.exchange(method, path, payload)
            result = _with_its_pause(answer, read, purpose)
        except RelayError as error:
            self.request_stats.errors[error.kind] += 1
            self._learn(error, purpose, asked_at)
            raise
        finally:
            self.request_stats.seconds += time.monotonic() - asked_at
        self._breaker.good(asked_at)
        return result

    def _learn(self, error: RelayError, purpose: RequestPurpose, asked_at: float) -> None:
        if is_relay_wide(error):
            self._breaker.bad(error, trips_breaker=purpose.trips_breaker)
        elif purpose.trips_breaker or not isinstance(error, AmbiguousError):
            self._breaker.answered(asked_at)


def _with_its_pause(
    answer: RelayResponse, read: Callable[[RelayResponse], T], purpose: RequestPurpose
) -> T:
    """Read the answer; the pause that it asks for goes into the error that it is."""
    try:
        return read(answer)
    except RelayError as error:
        pause = answer.retry_after or error.retry_after
        error.retry_after = None if pause is None else min(pause, LONGEST_PAUSE)
        internal = answer.status == 500 and pause is None and error.kind is ErrorKind.UNAVAILABLE
        about_strangers = not purpose.trips_breaker and error.kind in RELAY_WIDE - {
            ErrorKind.RATE_LIMIT
        }
        if internal or about_strangers:
            raise AmbiguousError(error.kind, error.detail) from error
        raise
