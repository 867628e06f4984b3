"""The network: a request travels to a server and its answer back, unless a fault strikes.

The sessions here stand where discord.py and the relay's client expect one of aiohttp's.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from types import SimpleNamespace, TracebackType
from typing import Any

import aiohttp
from aiohttp.client_reqrep import ConnectionKey
from multidict import CIMultiDict
from yarl import URL

from tests.simulation.environment import Environment
from tests.simulation.faults import Effect, FaultInjector, Reply, Request

PATIENCE = 300.0
"""Seconds after which aiohttp gives up by itself, where no other limit is set."""

Receive = Callable[[Request], Reply]


class Response:
    """What of ``aiohttp.ClientResponse`` is used."""

    def __init__(self, reply: Reply) -> None:
        self.status = reply.status
        self.reason = ""
        self.headers: CIMultiDict[str] = CIMultiDict(reply.headers)
        if reply.content_type is not None:
            self.headers["Content-Type"] = reply.content_type
        self._body = reply.body
        self.content = self

    @property
    def content_type(self) -> str:
        """The type of the body, without its parameters."""
        return self.headers.get("Content-Type", "application/octet-stream").partition(";")[0]

    async def text(self, encoding: str = "utf-8") -> str:
        """Return the body as text."""
        return self._body.decode(encoding)

    async def read(self) -> bytes:
        """Return the body."""
        return self._body

    async def iter_any(self) -> AsyncIterator[bytes]:
        """Yield the body in two pieces."""
        middle = len(self._body) // 2
        yield self._body[:middle]
        yield self._body[middle:]

    def close(self) -> None:
        """Hang up."""


class Network:
    """Carries requests of the bot to one server, through the faults of the moment."""

    def __init__(
        self,
        environment: Environment,
        receive: Receive,
        faults: FaultInjector,
        slowness: float,
        replied: Callable[[Request, Reply], None] = lambda _request, _reply: None,
        answered: Callable[[Request], None] = lambda _request: None,
        failed: Callable[[Request, Effect], None] = lambda _request, _effect: None,
    ) -> None:
        self._environment = environment
        self._replied = replied
        self._answered = answered
        self._failed = failed
        self._receive = receive
        self._faults = faults
        self._slowness = slowness
        self._dice = environment.rng("network")
        self.unheard: list[Request] = []
        """What was done, and the answer to it lost."""
        self.troubled: set[int | None] = set()
        """The channels about which a request has met a fault."""

    def send(self, request: Request, answered: "asyncio.Future[Reply]") -> None:
        """Let a request travel; its answer, or the error in place of it, is set in ``answered``."""
        self._environment.after(self._trip(), lambda: self._arrive(request, answered))

    def _trip(self) -> float:
        return self._dice.expovariate(1 / self._slowness)

    def _arrive(self, request: Request, answered: "asyncio.Future[Reply]") -> None:
        fault = self._faults.strike(request)
        if fault is None:
            self._answered(request)
            self._return(self._receive(request), answered, request, self._trip())
            return
        effect = fault.effect
        self.troubled.add(request.channel_id)
        self._failed(request, effect)
        self._environment.trace.note(f"fault {fault.name} strikes {request}")
        reply = effect.reply
        if effect.applied_after and effect.applied:
            self._environment.after(effect.applied_after, lambda: self._receive_unheard(request))
        elif effect.applied:
            received = self._receive(request)
            if effect.reply or effect.cut or effect.silent:
                self.unheard.append(request)
            reply = reply or received
        if effect.silent:
            return
        delay = effect.delay + self._trip()
        if effect.refused:
            self._environment.after(delay, lambda: _break(answered, _refused(request)))
        elif effect.cut or reply is None:
            self._environment.after(
                delay, lambda: _break(answered, aiohttp.ServerDisconnectedError())
            )
        else:
            self._return(reply, answered, request, delay)

    def _receive_unheard(self, request: Request) -> None:
        self.unheard.append(request)
        self._receive(request)

    def _return(
        self, reply: Reply, answered: "asyncio.Future[Reply]", request: Request, delay: float
    ) -> None:
        self._environment.trace.note(f"{request} -> {reply.status} {_gist(request, reply)}")
        self._replied(request, reply)
        self._environment.after(delay, lambda: _deliver(answered, reply))


def _gist(request: Request, reply: Reply) -> str:
    """Return what a line of the trace says of an exchange."""
    said = request.body if isinstance(request.body, dict) else {}
    if content := said.get("content"):
        return repr(content[:110])
    if embeds := said.get("embeds"):
        return repr(str(embeds[0].get("description"))[:110])
    return repr(reply.body[:110])


def _deliver(answered: "asyncio.Future[Reply]", reply: Reply) -> None:
    if not answered.done():
        answered.set_result(reply)


def _break(answered: "asyncio.Future[Reply]", error: aiohttp.ClientError) -> None:
    if not answered.done():
        answered.set_exception(error)


def _refused(request: Request) -> aiohttp.ClientConnectorError:
    """Return what aiohttp raises if nobody accepts a connection: nothing was sent."""
    key = ConnectionKey(request.host, 443, True, True, None, None, None)  # a named tuple
    return aiohttp.ClientConnectorError(key, ConnectionRefusedError(111, "Connection refused"))


class Session:
    """What of ``aiohttp.ClientSession`` is used, with ``trace`` called as aiohttp would."""

    closed = False

    def __init__(
        self,
        network: Network,
        describe: Callable[..., Request],
        trace: aiohttp.TraceConfig | None = None,
    ) -> None:
        self._network = network
        self._describe = describe
        self._trace = trace

    def request(
        self,
        method: str,
        url: str | URL,
        *,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        timeout: aiohttp.ClientTimeout | None = None,
        **_: Any,
    ) -> "_Exchange":
        """Begin a request, to be entered as a context manager."""
        url = URL(url, encoded=True).update_query(params or {})
        request = self._describe(method, url, _body(data), dict(headers or {}))
        return _Exchange(self._network, request, url, self._trace, limited=timeout is None)

    async def close(self) -> None:
        """Close the session."""
        self.closed = True


class _Exchange:
    """One request under way."""

    def __init__(
        self,
        network: Network,
        request: Request,
        url: URL,
        trace: aiohttp.TraceConfig | None,
        *,
        limited: bool,
    ) -> None:
        self._network = network
        self._request = request
        self._url = url
        self._trace = trace
        self._limited = limited
        self._context = trace.trace_config_ctx() if trace else SimpleNamespace()

    async def __aenter__(self) -> Response:
        url, method = self._url, self._request.method
        headers: CIMultiDict[str] = CIMultiDict()
        start = aiohttp.TraceRequestStartParams(method, url, headers)
        await self._tell("on_request_start", start)
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Reply] = loop.create_future()
        if self._limited:
            loop.call_later(PATIENCE, _time_out, answered)
        self._network.send(self._request, answered)
        try:
            response = Response(await answered)
        except BaseException as error:
            failed = aiohttp.TraceRequestExceptionParams(method, url, headers, error)
            await self._tell("on_request_exception", failed)
            raise
        end = aiohttp.TraceRequestEndParams(method, url, headers, response)  # type: ignore[arg-type]  # as much of one as is used
        await self._tell("on_request_end", end)
        return response

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Release the connection."""

    async def _tell(self, name: str, what: Any) -> None:
        for call in getattr(self._trace, name, ()):
            await call(self, self._context, what)


def _body(data: Any) -> Any:
    """Return the JSON of a request's body, also of one with files, which are left out."""
    if isinstance(data, aiohttp.FormData):
        values = {options["name"]: value for options, _, value in data._fields}
        return json.loads(values["payload_json"])
    return json.loads(data) if isinstance(data, str | bytes) and data else data


def _time_out(answered: "asyncio.Future[Reply]") -> None:
    if not answered.done():
        answered.set_exception(TimeoutError())
