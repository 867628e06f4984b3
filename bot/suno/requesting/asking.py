"""One question to a relay: in its turn, unless the relay is left alone, and what came of it."""

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from bot.suno.errors import ErrorKind, SunoError
from bot.suno.requesting.breaker import Breaker, InternalError, is_relay_wide
from bot.suno.requesting.rate_limiter import RateLimiter
from bot.suno.requesting.traffic import Traffic
from bot.suno.requesting.wire import Answer, CutConnection, Wire

T = TypeVar("T")

LONGEST_PAUSE = 3600.0
"""Seconds of a pause that a relay may ask for; it is tried again then, whatever it said."""


class Asking:
    """Everything that one request goes through."""

    def __init__(self, wire: Wire, limiter: RateLimiter, breaker: Breaker) -> None:
        self._wire = wire
        self._limiter = limiter
        self._breaker = breaker
        self.traffic = Traffic()

    async def ask(
        self,
        method: str,
        path: str,
        read: Callable[[Answer], T],
        *,
        urgent: bool,
        payload: Mapping[str, Any] | None = None,
    ) -> T:
        """Send a request when it is its turn, and give what ``read`` makes of the answer.

        Raise the SunoError that ``read`` raises, that the exchange ends with, or that the relay
        was left alone for; the breaker has learned of it where it concerns more than this request.
        """
        self._breaker.check(urgent=urgent)
        try:
            return await self._once(method, path, read, urgent, payload)
        except CutConnection:
            # The server may have closed an idle connection at that moment. A person waits for
            # this answer; the poller comes back anyway.
            if not urgent:
                raise
        return await self._once(method, path, read, urgent, payload)

    async def _once(
        self,
        method: str,
        path: str,
        read: Callable[[Answer], T],
        urgent: bool,
        payload: Mapping[str, Any] | None,
    ) -> T:
        await self._limiter.acquire(urgent=urgent, single=method == "GET")
        self._breaker.admit(urgent=urgent)
        asked_at = time.monotonic()
        self.traffic.requests += 1
        try:
            answer = await self._wire.exchange(method, path, payload)
            result = _with_its_pause(answer, read)
        except SunoError as error:
            self.traffic.errors[error.kind] += 1
            if is_relay_wide(error):
                self._breaker.bad(error)
            else:
                self._breaker.answered(asked_at)
            raise
        finally:
            self.traffic.seconds += time.monotonic() - asked_at
        self._breaker.good(asked_at)
        return result


def _with_its_pause(answer: Answer, read: Callable[[Answer], T]) -> T:
    """Read the answer; the pause that it asks for goes into the error that it is."""
    try:
        return read(answer)
    except SunoError as error:
        pause = answer.retry_after or error.retry_after
        error.retry_after = None if pause is None else min(pause, LONGEST_PAUSE)
        if answer.status == 500 and pause is None and error.kind is ErrorKind.UNAVAILABLE:
            raise InternalError(error.kind, error.detail) from error
        raise
