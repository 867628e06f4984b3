"""One HTTP exchange with a relay: bounded in time and size; the key goes to no other host."""

import asyncio
import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
from aiohttp.http_exceptions import ContentEncodingError
from pydantic import SecretStr
from pydantic_core import PydanticSerializationError, to_json
from yarl import URL

from bot.relay.errors import ErrorKind, NotSentError, RelayError
from bot.relay.key_filter import KeyFilter

REDIRECT_STATUSES = frozenset({301, 302, 307, 308})
CONNECT_TIMEOUT = 10.0
"""Seconds for resolving the name, the connection and the certificate."""


@dataclass(frozen=True, slots=True)
class ResponseLimits:
    """How long a response may take and how large it may be."""

    total: float = 30.0
    """Seconds from the request to the last byte of the response."""
    body: int = 8 << 20
    """Bytes, after decompression."""
    single_body: int = 2 << 20
    """Bytes of a response about one task, to a request without a body."""
    redirects: int | None = 3
    """Redirects that are followed, within the origin of the relay; ``None``: none, and the redirect
    is returned as the response."""
    connect: float | None = None
    """Seconds for the connection alone, for callers who must know that nothing was sent."""


@dataclass(frozen=True, slots=True)
class RelayResponse:
    """The response of a relay; the key is removed from the body, should the relay repeat it."""

    status: int
    content_type: str | None
    body: bytes
    retry_after: float | None
    """Seconds that the relay asks to wait before the next request."""

    @property
    def is_html(self) -> bool:
        """Whether the body is a web page, whatever the status."""
        start = self.body[:200].lstrip().lower()
        return "html" in (self.content_type or "") or start.startswith((b"<!doctype", b"<html"))


class ConnectionCutError(RelayError):
    """The connection broke before the response was complete; a retry may succeed."""

    def __init__(self, detail: str) -> None:
        super().__init__(ErrorKind.UNAVAILABLE, detail)


class Transport:
    """Sends requests with the key to the origin of one relay, and reads bounded responses."""

    def __init__(
        self, session: aiohttp.ClientSession, base_url: str, key: SecretStr, limits: ResponseLimits
    ) -> None:
        secret = key.get_secret_value().strip()
        if not secret or not secret.isascii() or not secret.isprintable():
            raise ValueError("The relay's key is empty or holds characters that no key has.")
        self._session = session
        self._base_url = base_url
        self._key = SecretStr(secret)
        self._filter = KeyFilter(self._key)
        self._limits = limits

    async def exchange(
        self,
        method: str,
        path: str,
        payload: Mapping[str, Any] | None = None,
        limits: ResponseLimits | None = None,
        *,
        is_repeatable: bool = True,
    ) -> RelayResponse:
        """Send one request and return the response, whatever its status.

        ``path`` is percent-encoded; ``limits`` replace those of the client. ``is_repeatable``:
        whether aiohttp may send a GET again whose connection breaks. Raises ``RelayError``
        (``unavailable``, ``unreadable``) where there is no response, or where it takes too long or
        is too large; ``NotSentError`` where no connection could be opened.
        """
        failure: RelayError
        limits = limits or self._limits
        # aiohttp's errors may hold the headers of the request: none is chained, and no text of
        # theirs is quoted unchecked. So the new error is raised outside of the handlers.
        try:
            async with asyncio.timeout(limits.total):
                url = URL(self._base_url + path, encoded=True)
                middlewares = None if is_repeatable else (_send_once,)
                return await self._exchange(method, url, payload, limits, middlewares)
        except aiohttp.ConnectionTimeoutError:
            failure = NotSentError(
                ErrorKind.UNAVAILABLE, f"no connection within {limits.connect:g} s"
            )
        except TimeoutError:
            failure = RelayError(
                ErrorKind.UNAVAILABLE, f"no whole answer within {limits.total:g} s"
            )
        except (aiohttp.ClientError, OSError) as error:
            cause = error.cause if isinstance(error, _SentOnceError) else error
            failure = self._connection_error(cause)
        raise failure

    async def _exchange(
        self,
        method: str,
        url: URL,
        payload: Mapping[str, Any] | None,
        limits: ResponseLimits,
        middlewares: Sequence[aiohttp.ClientMiddlewareType] | None,
    ) -> RelayResponse:
        headers = {
            "Authorization": f"Bearer {self._key.get_secret_value()}",
            "Accept": "application/json",
        }
        body = None
        if payload is not None:
            body, headers["Content-Type"] = _encode(payload), "application/json"
        # One timeout of ours covers connection, redirects and body; aiohttp would restart its own.
        timeout = aiohttp.ClientTimeout(total=None, connect=limits.connect)
        for _ in range((limits.redirects or 0) + 1):
            async with self._session.request(
                method,
                url,
                data=body,
                headers=headers,
                allow_redirects=False,
                raise_for_status=False,
                timeout=timeout,
                middlewares=middlewares,
            ) as response:
                if response.status not in REDIRECT_STATUSES or limits.redirects is None:
                    limit = limits.single_body if payload is None else limits.body
                    return await self._read(response, limit)
                url = _redirect_target(url, self.without_key(response.headers.get("Location", "")))
        raise RelayError(ErrorKind.UNAVAILABLE, "too many redirects")

    async def _read(self, response: aiohttp.ClientResponse, limit: int) -> RelayResponse:
        chunks, size = [], 0
        async for chunk in response.content.iter_any():
            chunks.append(chunk)
            size += len(chunk)
            if size > limit:
                response.close()
                raise RelayError(ErrorKind.UNREADABLE, f"the answer is longer than {limit} bytes")
        return RelayResponse(
            response.status,
            response.headers.get("Content-Type"),
            self._filter.body(b"".join(chunks)),
            _retry_after(response.headers.get("Retry-After"), response.headers.get("Date")),
        )

    def without_key(self, text: str) -> str:
        """Return foreign text without the key, should it hold it."""
        return self._filter.text(text)

    def _connection_error(self, error: Exception) -> RelayError:
        """Translate an error of the connection; its text is quoted without the key."""
        if isinstance(error, aiohttp.ClientResponseError):
            # Its text quotes the response, possibly up to the middle of a repeated key.
            return RelayError(ErrorKind.UNREADABLE, "the answer is not HTTP")
        if isinstance(error, aiohttp.ClientPayloadError):
            is_encoding = isinstance(error.__cause__, ContentEncodingError)
            return ConnectionCutError(
                f"the answer {'cannot be decompressed' if is_encoding else 'broke off'}"
            )
        if isinstance(error, aiohttp.ServerDisconnectedError) and type(error.message) is not str:
            return ConnectionCutError("the answer broke off in its headers")  # which it quotes
        cause = f"{type(error).__name__}: {quote_for_log(self.without_key(str(error)))}"
        if isinstance(error, aiohttp.ClientConnectorError | aiohttp.InvalidURL):
            return NotSentError(ErrorKind.UNAVAILABLE, f"no connection ({cause})")
        return ConnectionCutError(f"the connection was cut ({cause})")


class _SentOnceError(aiohttp.ClientError):
    """A broken connection, in a form that aiohttp does not take for one."""

    def __init__(self, cause: aiohttp.ClientError) -> None:
        super().__init__()
        self.cause = cause


async def _send_once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Send a request that aiohttp must not repeat: it repeats each GET once, without a word."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:  # nothing was sent
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _SentOnceError(error) from None


def quote_for_log(text: str) -> str:
    """Make foreign text safe for a log: at most 200 characters, controls written as escapes."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text[:200]
    )


def _encode(payload: Mapping[str, Any]) -> bytes:
    try:
        return to_json(payload)  # five times as fast as json
    except PydanticSerializationError:  # a lone surrogate, which only json escapes
        return json.dumps(payload).encode()


def _redirect_target(url: URL, location: str) -> URL:
    """Return the target of a redirect within the origin of the relay; refuse any other."""
    try:
        target = url.join(URL(location)).with_user(None)
        is_same_origin = target.origin() == url.origin()
    except (ValueError, IndexError):  # yarl raises the latter for https://][[p@
        raise RelayError(
            ErrorKind.UNAVAILABLE, f"a redirect to an invalid address: {quote_for_log(location)}"
        ) from None
    if not is_same_origin:
        host = quote_for_log(str(target.origin()))
        raise RelayError(
            ErrorKind.UNAVAILABLE, f"a redirect to another host, which must not get the key: {host}"
        )
    return target


def _retry_after(value: str | None, date: str | None) -> float | None:
    """Return the seconds of a ``Retry-After`` header: a number, or a date relative to ``Date``."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        until = _unix_seconds(value)
        seconds = math.nan if until is None else until - (_unix_seconds(date) or time.time())
    return seconds if math.isfinite(seconds) and seconds > 0 else None


def _unix_seconds(date: str | None) -> float | None:
    try:
        return parsedate_to_datetime(date or "").timestamp()
    except (ValueError, OverflowError):
        return None


async def check_reachable(base_url: str) -> None:
    """Open a connection and close it. Raises ``RelayError`` (``unavailable``) if that fails."""
    url = URL(base_url)
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT):
            _, writer = await asyncio.open_connection(
                url.host, url.port, ssl=url.scheme == "https" or None
            )
    except TimeoutError:
        detail = f"no connection within {CONNECT_TIMEOUT:g} s"
    except (OSError, ValueError) as error:
        detail = f"no connection ({type(error).__name__}: {quote_for_log(str(error))})"
    else:
        writer.transport.abort()
        return
    raise RelayError(ErrorKind.UNAVAILABLE, detail)
