"""What becomes of the requests to Discord: when one last went well, and when all have to wait."""

import asyncio
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from types import SimpleNamespace

import aiohttp

_BY_INTERACTION = ("/interactions/", "/webhooks/")
"""Requests that discord.py makes by another way, with limits of their own."""


def counts_against_global_limit(path: str) -> bool:
    """Whether a request counts against the limit of the whole bot."""
    return not any(part in path for part in _BY_INTERACTION)


class RequestMonitor:
    """Takes note of every request with the bot's token. Times are Unix seconds."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._waits_until = float("-inf")
        self.last_success_at: float | None = None
        self.last_end_at: float | None = None
        """When a request last came to an end, be it good, bad or without an answer."""
        self.paused_until: float | None = None
        """Until when Discord told us to wait, at the longest."""
        self._date: tuple[float, float] | None = None
        """What Discord's last good answer had for a date, and the loop's time then."""

    @property
    def global_wait(self) -> float:
        """The seconds for which Discord takes no request at all; 0 when it does."""
        return max(self._waits_until - asyncio.get_running_loop().time(), 0.0)

    def clock_ahead(self, now: float) -> float:
        """Return by how many seconds ``now`` is ahead of Discord's clock, 0 if that is unknown."""
        if self._date is None:
            return 0.0
        date, read_at = self._date
        return now - (date + asyncio.get_running_loop().time() - read_at)

    def observe(self, trace: aiohttp.TraceConfig) -> None:
        """Let ``trace`` report each request."""
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
            return  # below 200 the gateway's WebSocket begins
        now = self.last_end_at = self._clock()
        if response.status < 300:
            self.last_success_at = now
            if (date := _unix(response.headers.get("Date", ""))) is not None:
                self._date = (date, asyncio.get_running_loop().time())
        elif pause := parse_retry_after(response.headers):
            self.paused_until = max(now + pause, self.paused_until or 0.0)
            if _is_global(response):
                until = asyncio.get_running_loop().time() + pause
                self._waits_until = max(until, self._waits_until)

    async def _failed(
        self,
        session: aiohttp.ClientSession,  # noqa: ARG002 # aiohttp's signature
        context: SimpleNamespace,  # noqa: ARG002 # as above
        request: aiohttp.TraceRequestExceptionParams,
    ) -> None:
        if counts_against_global_limit(request.url.path):
            self.last_end_at = self._clock()


def is_json(headers: Mapping[str, str]) -> bool:
    """Whether an answer is of the kind that Discord gives, and not a proxy's page."""
    content_type = headers.get("Content-Type", "")
    return content_type.partition(";")[0].strip().lower() == "application/json"


def parse_retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the pause that an answer names in its headers: seconds, with a fraction."""
    try:
        pause = float(headers.get("Retry-After", ""))
    except ValueError:
        return None
    return pause if 0 <= pause < float("inf") else None


def _unix(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return None


def _is_global(response: aiohttp.ClientResponse) -> bool:
    scope = response.headers.get("X-RateLimit-Scope", "")
    return scope == "global" or "X-RateLimit-Global" in response.headers
