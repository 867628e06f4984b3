"""Runs calls into discord.py as tasks of their own, so that nothing ever cancels one.

While discord.py sleeps out a global rate limit it has closed a gate that every request passes, and
it opens the gate again only if nobody cancels it meanwhile. So a caller that has waited long enough
stops waiting and leaves the call alone: the call is late then, begins no further request, and its
result is still used.
"""

import asyncio
import logging
from collections.abc import Coroutine
from contextvars import ContextVar, copy_context
from types import SimpleNamespace
from typing import Any, Generic, TypeVar

import aiohttp
import discord

from bot.delivery.request_monitor import is_json

log = logging.getLogger(__name__)

T = TypeVar("T")

MAX_LATE_CALLS = 32
"""Late calls beside which no new one starts: something is wrong then that more would not mend."""

_current: ContextVar["Call[Any] | None"] = ContextVar("discord_call", default=None)


class CallTimeout(discord.DiscordException):
    """A call has not ended within its time. It goes on, and nobody waits for it any more."""


class TooManyLateCalls(discord.DiscordException):
    """So many calls are late that no further one is started."""


class LateCall(discord.DiscordException):
    """A call whose time is over was about to begin another request."""


class Call(Generic[T]):
    """One call into discord.py, and what became of the messages that it posted."""

    def __init__(self, work: Coroutine[Any, Any, T], timeout: float) -> None:
        self._timeout = timeout
        self.late = False
        self.traced = False
        """Whether it made a request of which the client's HTTP trace told."""
        self.unrefused_posts = 0
        """Requests to post a message that Discord took, or may have taken unheard."""
        context = copy_context()
        context.run(_current.set, self)
        self.task: asyncio.Task[T] = asyncio.create_task(work, context=context)
        self.task.add_done_callback(_retrieve)

    async def in_time(self) -> bool:
        """Wait for the end; return whether it came in time. If not, the call is late."""
        try:
            await asyncio.wait({self.task}, timeout=self._timeout)
        finally:  # whoever waits may be cancelled; the call is not
            self.late = not self.task.done()
        return not self.late

    async def result(self) -> T:
        """Wait for the end, however late; return the result, or raise the error."""
        await asyncio.wait({self.task})
        return self.task.result()


class DiscordCalls:
    """The calls of one kind that are under way.

    A call is late after ``timeout`` seconds. While ``max_late_calls`` are late, none should start.
    """

    def __init__(self, timeout: float, max_late_calls: int = MAX_LATE_CALLS) -> None:
        self.timeout = timeout
        self._max_late_calls = max_late_calls
        self._calls: set[Call[Any]] = set()

    @property
    def late(self) -> int:
        """How many calls go on for which nobody waits in time."""
        return sum(call.late for call in self._calls)

    @property
    def full(self) -> bool:
        """Whether so many calls are late that no new one may start."""
        return self.late >= self._max_late_calls

    def start(self, work: Coroutine[Any, Any, T]) -> Call[T]:
        """Start a call as a task of its own, whether or not there are too many."""
        call = Call(work, self.timeout)
        self._calls.add(call)
        call.task.add_done_callback(lambda _: self._calls.discard(call))
        return call

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Return the result of a call. Raises ``CallTimeout`` when it is late.

        Raises ``TooManyLateCalls`` without starting it, and what the call raises.
        """
        if self.full:
            work.close()
            raise TooManyLateCalls(f"{self.late} calls are late")
        call = self.start(work)
        if not await call.in_time():
            raise CallTimeout(f"no end within {self.timeout:g} s")
        return call.task.result()


def trace_calls(trace: aiohttp.TraceConfig) -> None:
    """Let ``trace`` count the posts of each call, and keep late calls from new requests."""

    async def begin(
        session: aiohttp.ClientSession,  # noqa: ARG001 # aiohttp's signature
        context: SimpleNamespace,  # noqa: ARG001 # as above
        request: aiohttp.TraceRequestStartParams,
    ) -> None:
        if call := _current.get():
            call.traced = True
            if call.late:
                raise LateCall(f"{request.method} comes too late")
            call.unrefused_posts += _posts(request)

    async def end(
        session: aiohttp.ClientSession,  # noqa: ARG001 # aiohttp's signature
        context: SimpleNamespace,  # noqa: ARG001 # as above
        request: aiohttp.TraceRequestEndParams,
    ) -> None:
        if (call := _current.get()) and _refuses(request.response):
            call.unrefused_posts -= _posts(request)

    async def fail(
        session: aiohttp.ClientSession,  # noqa: ARG001 # aiohttp's signature
        context: SimpleNamespace,  # noqa: ARG001 # as above
        request: aiohttp.TraceRequestExceptionParams,
    ) -> None:
        unconnected = isinstance(request.exception, aiohttp.ClientConnectorError)
        if (call := _current.get()) and unconnected:
            call.unrefused_posts -= _posts(request)

    trace.on_request_start.append(begin)
    trace.on_request_end.append(end)
    trace.on_request_exception.append(fail)


def _posts(
    request: aiohttp.TraceRequestStartParams
    | aiohttp.TraceRequestEndParams
    | aiohttp.TraceRequestExceptionParams,
) -> bool:
    return request.method == "POST" and request.url.path.endswith("/messages")


def _refuses(response: aiohttp.ClientResponse) -> bool:
    """Whether an answer says for sure that the request was not carried out.

    What a proxy writes as a page proves nothing, but that it lets nothing through for now (429).
    """
    return response.status == 429 or (400 <= response.status < 500 and is_json(response.headers))


def _retrieve(task: asyncio.Task[Any]) -> None:
    """Take a task's error, so that none is reported that nobody waits for any more."""
    if not task.cancelled() and (error := task.exception()):
        log.debug("A call into discord.py ended with %s", type(error).__name__)
