"""Sends one request to a relay: rate limited, unless the circuit is open, and counted."""

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial
from typing import Any, TypeVar

from bot.relay.circuit_breaker import CircuitBreaker
from bot.relay.errors import (
    RELAY_WIDE_KINDS,
    AmbiguousError,
    ErrorKind,
    NotSentError,
    RelayError,
    is_relay_wide,
)
from bot.relay.rate_limiter import RateLimiter
from bot.relay.transport import ConnectionCutError, RelayResponse, ResponseLimits, Transport

T = TypeVar("T")

BeforeSending = Callable[[], Awaitable[None]]
"""Called when a request has waited for its turn; if it raises, nothing is sent."""

_ABOUT_REQUEST = frozenset({ErrorKind.BAD_REQUEST, ErrorKind.NOT_FOUND})
"""Errors of one request that may be charged: what its author wrote makes nobody else wait."""
MAX_RETRY_AFTER = 3600.0
"""Seconds: the longest pause that a relay may ask for; then it is tried again, whatever it said."""


async def send_at_once() -> None:
    """Have nothing to do before a request is sent."""


class RequestPurpose(Enum):
    """Why a request is sent, and therefore what its errors may mean."""

    INTERACTIVE = auto()
    """A person waits. The ids may be anything that people type."""
    POLL = auto()
    """The poller asks about tasks that the relay has named before."""
    UNPROVEN = auto()
    """The poller asks about ids that somebody typed and the relay has never named."""

    SUBMISSION = auto()
    """A person waits for something that is charged when the relay gets the request."""

    @property
    def interactive(self) -> bool:
        """Whether a person waits for the response."""
        return self in (RequestPurpose.INTERACTIVE, RequestPurpose.SUBMISSION)

    @property
    def may_be_charged(self) -> bool:
        """Whether the relay may charge each request that it gets."""
        return self is RequestPurpose.SUBMISSION

    @property
    def may_be_repeated(self) -> bool:
        """Whether a request whose connection was cut is sent again at once."""
        return self is RequestPurpose.INTERACTIVE

    @property
    def trips_breaker(self) -> bool:
        """Whether an error may show that the relay is in trouble, and so open the circuit.

        An id that somebody typed may cause almost any error: a firewall in front of a relay refuses
        some with 403, as if the key were wrong, and a relay may fail because of others. The poller
        soon finds out what is wrong with the relay, by tasks that certainly exist.
        """
        return self is RequestPurpose.POLL


@dataclass(slots=True)
class RequestStats:
    """Counts of requests since the start, of the poller and of people; clients may share them."""

    requests: int = 0
    seconds: float = 0.0
    """Total duration of the requests, without the time in which they waited to be sent."""
    errors: Counter[ErrorKind] = field(default_factory=Counter)


class Requester:
    """Takes each request through the circuit breaker, the rate limiter and the transport."""

    def __init__(
        self,
        transport: Transport,
        limiter: RateLimiter,
        breaker: CircuitBreaker,
        stats: RequestStats,
    ) -> None:
        self._transport = transport
        self._limiter = limiter
        self._breaker = breaker
        self._charges_paused_until = 0.0
        """Until when nothing is sent that may be charged, by the monotonic clock."""
        self.stats = stats

    async def send(
        self,
        method: str,
        path: str,
        read: Callable[[RelayResponse], T],
        *,
        purpose: RequestPurpose,
        payload: Mapping[str, Any] | None = None,
        limits: ResponseLimits | None = None,
        before_sending: BeforeSending = send_at_once,
    ) -> T:
        """Send a request as soon as the rate limit allows, and return what ``read`` makes of it.

        Raises the ``RelayError`` of ``read``, of the exchange, or of the open circuit. The breaker
        has recorded it if it concerns more than this request. ``limits`` replace the client's.
        """
        self._breaker.raise_if_open(interactive=purpose.interactive)
        self._raise_if_paused(purpose)
        send = partial(
            self._send_once, method, path, read, purpose, payload, limits, before_sending
        )
        try:
            return await send()
        except ConnectionCutError:
            # The server may have closed an idle connection at that moment. A person waits for
            # this response; the poller tries again anyway.
            if not purpose.may_be_repeated:
                raise
        return await send()

    async def _send_once(
        self,
        method: str,
        path: str,
        read: Callable[[RelayResponse], T],
        purpose: RequestPurpose,
        payload: Mapping[str, Any] | None,
        limits: ResponseLimits | None,
        before_sending: BeforeSending,
    ) -> T:
        await self._limiter.acquire(interactive=purpose.interactive, single=method == "GET")
        self._breaker.admit(interactive=purpose.interactive, trips_breaker=purpose.trips_breaker)
        self._raise_if_paused(purpose)
        await before_sending()
        sent_at = time.monotonic()
        self.stats.requests += 1
        try:
            response = await self._transport.exchange(
                method, path, payload, limits, is_repeatable=not purpose.may_be_charged
            )
            result = _read_response(response, read, purpose, self._transport.without_key)
        except RelayError as error:
            self.stats.errors[error.kind] += 1
            self._record_error(error, purpose, sent_at)
            raise
        finally:
            self.stats.seconds += time.monotonic() - sent_at
        self._breaker.record_success(sent_at)
        return result

    def _raise_if_paused(self, purpose: RequestPurpose) -> None:
        """Refuse what may be charged while the relay wants no more of it."""
        left = self._charges_paused_until - time.monotonic()
        if purpose.may_be_charged and left > 0:
            detail = "it has asked to wait, and the wait is not over"
            raise NotSentError(ErrorKind.RATE_LIMIT, detail, retry_after=left)

    def _record_error(self, error: RelayError, purpose: RequestPurpose, sent_at: float) -> None:
        if purpose.may_be_charged and error.kind is not ErrorKind.RATE_LIMIT:
            # What a relay says of one submission proves nothing about look-ups.
            if error.retry_after and error.kind not in _ABOUT_REQUEST:
                pause_ends = time.monotonic() + error.retry_after
                self._charges_paused_until = max(self._charges_paused_until, pause_ends)
            return
        if is_relay_wide(error):
            self._breaker.record_failure(error, trips_breaker=purpose.trips_breaker)
        elif purpose.trips_breaker or not isinstance(error, AmbiguousError):
            self._breaker.record_request_error(sent_at)


def _read_response(
    response: RelayResponse,
    read: Callable[[RelayResponse], T],
    purpose: RequestPurpose,
    redact: Callable[[str], str],
) -> T:
    """Read a response; an error gets the bounded pause that the relay asks for.

    ``redact`` removes the key from what an error quotes, where JSON hid it from the transport.
    Raises ``AmbiguousError`` where it cannot be told whether the relay or an id is the cause.
    """
    try:
        return read(response)
    except RelayError as error:
        error.redact(redact)
        pause = response.retry_after or error.retry_after
        error.retry_after = None if pause is None else min(pause, MAX_RETRY_AFTER)
        if purpose is RequestPurpose.SUBMISSION:
            raise
        is_internal = (
            response.status == 500 and pause is None and error.kind is ErrorKind.UNAVAILABLE
        )
        is_relay_wide_kind = error.kind in RELAY_WIDE_KINDS - {ErrorKind.RATE_LIMIT}
        if is_internal or (is_relay_wide_kind and not purpose.trips_breaker):
            raise AmbiguousError(error.kind, error.detail) from error
        raise
