"""Records the doctor's HTTP requests, and explains errors of connections."""

import asyncio
import errno
import time
from dataclasses import dataclass, field
from types import SimpleNamespace

import aiohttp

from bot.relay.transport import quote_for_log


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """A request that was answered, and after how many seconds."""

    method: str
    path: str
    duration: float


@dataclass
class RequestRecorder:
    """Records the requests of an aiohttp session."""

    answered: list[RecordedRequest] = field(default_factory=list)
    error: BaseException | None = None
    """Why the last request that got no answer failed."""

    def trace(self) -> aiohttp.TraceConfig:
        """Return the trace that makes a session report its requests here."""
        trace = aiohttp.TraceConfig()
        trace.on_request_start.append(self._on_start)
        trace.on_request_end.append(self._on_end)
        trace.on_request_exception.append(self._on_exception)
        return trace

    async def _on_start(
        self,
        _session: aiohttp.ClientSession,
        context: SimpleNamespace,
        _request: aiohttp.TraceRequestStartParams,
    ) -> None:
        context.started_at = time.monotonic()

    async def _on_end(
        self,
        _session: aiohttp.ClientSession,
        context: SimpleNamespace,
        request: aiohttp.TraceRequestEndParams,
    ) -> None:
        duration = time.monotonic() - context.started_at
        self.answered.append(RecordedRequest(request.method, request.url.raw_path, duration))

    async def _on_exception(
        self,
        _session: aiohttp.ClientSession,
        _context: SimpleNamespace,
        request: aiohttp.TraceRequestExceptionParams,
    ) -> None:
        cancelled = isinstance(request.exception, asyncio.CancelledError)  # by a timeout
        self.error = TimeoutError() if cancelled else request.exception


def describe_connection_error(error: BaseException, url_settings: str) -> tuple[str, str]:
    """Return what an error of a connection means and what to do about it.

    ``url_settings`` names the settings that hold the address. The text of the error is not quoted
    where it could hold a header.
    """
    for kinds, text, advice in _KNOWN:
        if isinstance(error, kinds):
            return text, advice.format(settings=url_settings)
    if isinstance(error, OSError) and error.errno == errno.ECONNREFUSED:
        text = "nothing listens at that address"
        return text, f"Check {url_settings}, and that the server there is running."
    if isinstance(error, aiohttp.ClientConnectorError):
        reason = quote_for_log(error.os_error.strerror or type(error.os_error).__name__)
        return f"no connection ({reason})", f"Check the network and {url_settings}."
    return "the connection was cut", f"Try again; if it goes on, check {url_settings}."


_KNOWN: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str, str], ...] = (
    (
        aiohttp.ClientConnectorDNSError,
        "its name is not known (DNS)",
        "Check the spelling in {settings}, and that this machine can resolve names.",
    ),
    (
        (aiohttp.ClientSSLError, aiohttp.ClientConnectorCertificateError),
        "its certificate is not accepted (TLS)",
        "Check the clock and the root certificates of this machine, and {settings}.",
    ),
    (
        TimeoutError,
        "it did not answer in time",
        "Try again; if it goes on, check the network, a firewall, and {settings}.",
    ),
    (
        aiohttp.ClientResponseError,
        "what answers there does not speak HTTP",
        "Check {settings}: its scheme, host and port.",
    ),
)
