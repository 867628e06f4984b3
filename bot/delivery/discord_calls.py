"""Runs calls into discord.py as separate tasks, so that none is ever cancelled.

While discord.py waits for a global rate limit, it blocks all requests, and unblocks them only if
the waiting task is not cancelled. So a caller whose timeout expires stops waiting and leaves the
call running. The call is late then: it begins no further request, and its result is still used.
That holds as well if the process was stopped, or the machine suspended, for as long: discord.py
would repeat a request afterwards as if no time had passed, when Discord has forgotten its nonce.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Coroutine
from contextvars import ContextVar, copy_context
from types import SimpleNamespace
from typing import Any, Generic, TypeVar

import aiohttp
import discord

from bot.delivery.discord_requests import is_json
from bot.storage.terms import LeadershipLost, elapsed, require_term

log = logging.getLogger(__name__)

T = TypeVar("T")

MAX_LATE_CALLS = 32
"""Late calls at which no new one starts: more calls would not help."""

_current: ContextVar["DiscordCall[Any] | None"] = ContextVar("discord_call", default=None)


class CallTimeout(discord.DiscordException):
    """A call exceeded its timeout. It goes on without a waiter."""


class TooManyLateCalls(discord.DiscordException):
    """So many calls are late that no further one is started."""


class LateCall(discord.DiscordException):
    """A late call was about to begin another request."""


class RepeatedPost(discord.DiscordException):
    """A call was about to start a forum's post again, although Discord may have the first.

    Such a request has no nonce: the forum has to be searched before the next one.
    """


class UnreadableResponse(discord.DiscordException):
    """A proxy answered that all is well, instead of Discord: nobody knows what was done."""


class DiscordCall(Generic[T]):
    """One call into discord.py, and how many of its posted messages were not rejected."""

    def __init__(
        self,
        work: Coroutine[Any, Any, T],
        timeout: float,
        clock: Callable[[], float] = elapsed,
    ) -> None:
        """``clock``: seconds that also count what the timers of the event loop do not notice."""
        self._timeout = timeout
        self._clock = clock
        self._begun_at = clock()
        self.late = False
        self.traced = False
        """Whether the client's HTTP trace reported a request of this call."""
        self.unrejected_posts = 0
        """Requests to post a message that Discord accepted, or may have accepted."""
        context = copy_context()
        context.run(_current.set, self)
        self.task: asyncio.Task[T] = asyncio.create_task(work, context=context)
        self.task.add_done_callback(_log_unawaited_error)

    @property
    def may_begin_requests(self) -> bool:
        """Whether it is still time for another request: also before anybody was woken."""
        return not self.late and self._clock() - self._begun_at < self._timeout

    async def finished_in_time(self) -> bool:
        """Wait for the end until the timeout; return whether it came. If not, the call is late."""
        try:
            await asyncio.wait({self.task}, timeout=self._timeout)
        finally:  # the waiting task may be cancelled, the call is not
            self.late = not self.task.done()
        return not self.late

    async def result(self) -> T:
        """Wait for the end, however late; return the result, or raise the error."""
        await asyncio.wait({self.task})
        return self.task.result()


class DiscordCalls:
    """The calls of one kind that are in flight.

    A call is late after ``timeout`` seconds. While ``max_late_calls`` are late, none should start.
    ``clock``: as for a ``DiscordCall``.
    """

    def __init__(
        self,
        timeout: float,
        max_late_calls: int = MAX_LATE_CALLS,
        clock: Callable[[], float] = elapsed,
    ) -> None:
        self.timeout = timeout
        self._max_late_calls = max_late_calls
        self._clock = clock
        self._calls: set[DiscordCall[Any]] = set()

    @property
    def late(self) -> int:
        """How many calls have exceeded their timeout and still run."""
        return sum(call.late for call in self._calls)

    @property
    def full(self) -> bool:
        """Whether so many calls are late that no new one may start."""
        return self.late >= self._max_late_calls

    def start(self, work: Coroutine[Any, Any, T]) -> DiscordCall[T]:
        """Start a call as a separate task, whether or not there are too many."""
        call = DiscordCall(work, self.timeout, self._clock)
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
        if not await call.finished_in_time():
            raise CallTimeout(f"no end within {self.timeout:g} s")
        return call.task.result()


def trace_calls(trace: aiohttp.TraceConfig) -> None:
    """Let ``trace`` count the posted messages of each call, and stop requests that must not begin.

    These are requests of late calls, and of a term that is over; and those that would start a
    forum's post twice. It has to be traced last, immediately before a request is sent.
    """

    async def begin(
        session: aiohttp.ClientSession,  # noqa: ARG001 # aiohttp's signature
        context: SimpleNamespace,  # noqa: ARG001 # as above
        request: aiohttp.TraceRequestStartParams,
    ) -> None:
        if call := _current.get():
            call.traced = True
            if call.unrejected_posts and _starts_post(request):
                raise RepeatedPost("the result of the first request is not known")
            call.unrejected_posts += _is_post(request)

    async def end(
        session: aiohttp.ClientSession,  # noqa: ARG001 # aiohttp's signature
        context: SimpleNamespace,  # noqa: ARG001 # as above
        request: aiohttp.TraceRequestEndParams,
    ) -> None:
        if (call := _current.get()) and _is_refusal(request.response):
            call.unrejected_posts -= _is_post(request)

    async def fail(
        session: aiohttp.ClientSession,  # noqa: ARG001 # aiohttp's signature
        context: SimpleNamespace,  # noqa: ARG001 # as above
        request: aiohttp.TraceRequestExceptionParams,
    ) -> None:
        if (call := _current.get()) and isinstance(request.exception, _NOT_SENT):
            call.unrejected_posts -= _is_post(request)

    trace.on_request_start.append(_refuse_what_is_over)
    trace.on_request_start.append(begin)
    trace.on_request_headers_sent.append(_refuse_what_is_over)  # aiohttp is about to send them
    trace.on_request_end.append(end)
    trace.on_request_end.append(_refuse_page)
    trace.on_request_exception.append(fail)


_OWN = frozenset({"id", "threads"})
"""Fields of what Discord returns: messages, channels and members of a thread, lists of threads."""

_NOT_SENT = (aiohttp.ClientConnectorError, LateCall, LeadershipLost)
"""Errors after which Discord has certainly not received a request."""

_Request = (
    aiohttp.TraceRequestStartParams
    | aiohttp.TraceRequestEndParams
    | aiohttp.TraceRequestExceptionParams
)


def _is_post(request: _Request) -> bool:
    posts_message = request.method == "POST" and request.url.path.endswith("/messages")
    return posts_message or _starts_post(request)


def _starts_post(request: _Request) -> bool:
    """Whether a request starts a thread with its first message, as in a forum."""
    return request.method == "POST" and request.url.path.endswith("/threads")


def _is_refusal(response: aiohttp.ClientResponse) -> bool:
    """Whether a response proves that the request was not carried out.

    A proxy's page proves nothing, except with status 429: the proxy did not forward the request.
    """
    return response.status == 429 or (400 <= response.status < 500 and is_json(response.headers))


async def _refuse_page(
    session: aiohttp.ClientSession,  # noqa: ARG001 # aiohttp's signature
    context: SimpleNamespace,  # noqa: ARG001 # as above
    request: aiohttp.TraceRequestEndParams,
) -> None:
    """Let the success that a proxy reports with a page of its own be an error of the call.

    discord.py would take the page, or its JSON, for a message.
    """
    status = request.response.status
    must_answer = status in (200, 201) or (_is_post(request) and 200 <= status < 300)
    if _current.get() and must_answer and not await _is_discords(request):
        raise UnreadableResponse(f"{request.method} answered without what it is to return")


async def _is_discords(request: aiohttp.TraceRequestEndParams) -> bool:
    """Whether a body is what Discord answers: a list, or an object with an id or with threads."""
    if not is_json(request.response.headers):
        return False
    try:
        body = json.loads(await request.response.read())
    except ValueError:
        return False
    if request.method == "GET" and request.url.path.endswith("/messages"):
        return isinstance(body, list)
    return isinstance(body, list) or (isinstance(body, dict) and not body.keys().isdisjoint(_OWN))


async def _refuse_what_is_over(
    session: aiohttp.ClientSession,  # noqa: ARG001 # aiohttp's signature
    context: SimpleNamespace,  # noqa: ARG001 # as above
    event: aiohttp.TraceRequestStartParams | aiohttp.TraceRequestHeadersSentParams,  # noqa: ARG001 # as above
) -> None:
    """Let nothing be sent whose call is late or whose term is over: another one may send the same.

    Also not when a connection is there at last: resolving the name of Discord, and connecting, may
    take longer than either. aiohttp closes the connection then.
    """
    require_term()
    if (call := _current.get()) and not call.may_begin_requests:
        raise LateCall("the time for requests of this call is over")


def _log_unawaited_error(task: asyncio.Task[Any]) -> None:
    """Retrieve a task's error, because asyncio reports errors that nobody retrieves."""
    if not task.cancelled() and (error := task.exception()):
        log.debug("Call into discord.py failed: error=%s", type(error).__name__)
