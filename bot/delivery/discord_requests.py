"""Limits and observes the requests to Discord: the global rate limit, and their results."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from types import SimpleNamespace

import aiohttp

MAX_CATCH_UP = 0.1
"""Seconds: delays of the event loop up to this are caught up with shorter intervals."""
MAX_RETRY_AFTER = 3600.0
"""Seconds after which a request is tried again whatever its response asks for: a proxy may say
anything, and a ban of an address lasts an hour."""
_UNLIMITED_PATHS = ("/interactions/", "/webhooks/")
"""Requests for interactions and webhooks, which have limits of their own."""


def counts_against_global_limit(path: str) -> bool:
    """Whether a request counts against the global rate limit of the bot."""
    return not any(part in path for part in _UNLIMITED_PATHS)


class RequestMonitor:
    """Records the results of all requests with the bot's token. Times are Unix seconds."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._global_limit_until = float("-inf")
        self.last_success_at: float | None = None
        self.last_end_at: float | None = None
        """When a request last ended: with success, with an error or without a response."""
        self.paused_until: float | None = None
        """The latest end of a ``Retry-After`` delay."""
        self._date: tuple[float, float] | None = None
        """The date of Discord's last successful response, and the event loop's time then."""

    @property
    def global_wait(self) -> float:
        """Seconds until Discord's global rate limit admits requests again; 0 if it does now."""
        return max(self._global_limit_until - asyncio.get_running_loop().time(), 0.0)

    def clock_ahead(self, now: float) -> float:
        """Return by how many seconds ``now`` is ahead of Discord's clock, 0 if that is unknown."""
        if self._date is None:
            return 0.0
        date, read_at = self._date
        return now - (date + asyncio.get_running_loop().time() - read_at)

    def observe(self, trace: aiohttp.TraceConfig) -> None:
        """Observe the requests that ``trace`` reports."""
        trace.on_request_end.append(self._ended)
        trace.on_request_exception.append(self._failed)

    async def _ended(
        self,
        session: aiohttp.ClientSession,  # noqa: ARG002 # aiohttp's signature
        context: SimpleNamespace,  # noqa: ARG002 # as above
        request: aiohttp.TraceRequestEndParams,
    ) -> None:
        response = request.response
        if response.status < 200 or not counts_against_global_limit(request.url.path):
            return  # statuses below 200 belong to the gateway's WebSocket
        now = self.last_end_at = self._clock()
        if response.status < 300:
            self.last_success_at = now
            if (date := _unix(response.headers.get("Date", ""))) is not None:
                self._date = (date, asyncio.get_running_loop().time())
        elif delay := parse_retry_after(response.headers):
            self.paused_until = max(now + delay, self.paused_until or 0.0)
            if _is_global(response):
                until = asyncio.get_running_loop().time() + delay
                self._global_limit_until = max(until, self._global_limit_until)

    async def _failed(
        self,
        session: aiohttp.ClientSession,  # noqa: ARG002 # aiohttp's signature
        context: SimpleNamespace,  # noqa: ARG002 # as above
        request: aiohttp.TraceRequestExceptionParams,
    ) -> None:
        if counts_against_global_limit(request.url.path):
            self.last_end_at = self._clock()


class GlobalRateLimiter:
    """Admits requests first come, first served: at most ``limit`` in any second.

    Requests are spaced evenly at ``limit - 1`` per second, because the network may deliver them
    closer together than they were sent. A leaky bucket cannot guarantee both: its rate would have
    to be lowered by the burst that it admits after a pause.
    """

    def __init__(self, limit: int) -> None:
        self._admitted_at = deque([float("-inf")] * limit, maxlen=limit)
        """Event loop times of the last ``limit`` requests; the oldest must be a second ago."""
        self._spacing = 1 / (limit - 1)
        self._next_at = float("-inf")
        self._queue = asyncio.Lock()

    async def acquire(self) -> None:
        """Wait until the next request may be sent."""
        loop = asyncio.get_running_loop()
        requested_at = loop.time()
        async with self._queue:
            due = max(self._next_at, requested_at)
            await asyncio.sleep(max(due, self._admitted_at[0] + 1) - loop.time())
            now = loop.time()
            self._next_at = max(due, now - MAX_CATCH_UP) + self._spacing
            self._admitted_at.append(now)


def is_json(headers: Mapping[str, str]) -> bool:
    """Whether a response is JSON, as Discord's are, and not a proxy's page."""
    content_type = headers.get("Content-Type", "")
    return content_type.partition(";")[0].strip().lower() == "application/json"


def parse_retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the delay of a ``Retry-After`` header in seconds, ``None`` if there is none.

    It is at most ``MAX_RETRY_AFTER``.
    """
    try:
        delay = float(headers.get("Retry-After", ""))
    except ValueError:
        return None
    return min(delay, MAX_RETRY_AFTER) if 0 <= delay < float("inf") else None


def _unix(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return None


def _is_global(response: aiohttp.ClientResponse) -> bool:
    scope = response.headers.get("X-RateLimit-Scope", "")
    return scope == "global" or "X-RateLimit-Global" in response.headers
