"""One HTTP exchange with a relay: bounded in time and size, and the key goes nowhere else."""

import asyncio
import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
from aiohttp.http_exceptions import ContentEncodingError
from pydantic import SecretStr
from pydantic_core import PydanticSerializationError, to_json
from yarl import URL

from bot.relay.errors import ErrorKind, RelayError

REDIRECTS = frozenset({301, 302, 307, 308})
MOST_REDIRECTS = 3
NO_TIMEOUT = aiohttp.ClientTimeout(total=None)
"""One limit of ours spans connection, redirects and body; aiohttp's would begin anew with each."""


@dataclass(frozen=True, slots=True)
class ResponseLimits:
    """How long and how large an answer may be."""

    total: float = 30.0
    """Seconds from the request to the last byte of the answer."""
    body: int = 8 << 20
    """Bytes, after decompression."""
    single_body: int = 2 << 20
    """The same for an answer about one task, to a request without a body."""


@dataclass(frozen=True, slots=True)
class RelayResponse:
    """What a relay answered; the key is struck out of the body, should the relay repeat it."""

    status: int
    content_type: str | None
    body: bytes
    retry_after: float | None
    """Seconds of the pause that the relay asks for."""

    @property
    def is_html(self) -> bool:
        """Whether this is a web page, whatever its status."""
        start = self.body[:200].lstrip().lower()
        return "html" in (self.content_type or "") or start.startswith((b"<!doctype", b"<html"))


class ConnectionCutError(RelayError):
    """The connection broke before the whole answer was there; nothing says that it would again."""

    def __init__(self, detail: str) -> None:
        super().__init__(ErrorKind.UNAVAILABLE, detail)


class Transport:
    """Sends requests to one relay's own origin with its key, and reads bounded answers."""

    def __init__(
        self, session: aiohttp.ClientSession, base_url: str, key: SecretStr, limits: ResponseLimits
    ) -> None:
        secret = key.get_secret_value().strip()
        if not secret or not secret.isascii() or not secret.isprintable():
            raise ValueError("The relay's key is empty or holds characters that no key has.")
        self._session = session
        self._base_url = base_url
        self._key = SecretStr(secret)
        self._limits = limits

    async def exchange(
        self, method: str, path: str, payload: Mapping[str, Any] | None = None
    ) -> RelayResponse:
        """Send one request and read its answer, whatever its status.

        ``path`` is percent-encoded. Raise SunoError (``unavailable``, ``unreadable``) where there
        is no answer or where it goes on for too long.
        """
        # aiohttp's errors may hold the request's headers: nothing of theirs is chained or quoted
        # unseen, so the new error is raised where none is being handled.
        try:
            async with asyncio.timeout(self._limits.total):
                return await self._exchange(
                    method, URL(self._base_url + path, encoded=True), payload
                )
        except TimeoutError:
            trouble = RelayError(
                ErrorKind.UNAVAILABLE, f"no whole answer within {self._limits.total:g} s"
            )
        except (aiohttp.ClientError, OSError) as error:
            trouble = self._trouble(error)
        raise trouble

    async def _exchange(
        self, method: str, url: URL, payload: Mapping[str, Any] | None
    ) -> RelayResponse:
        headers = {
            "Authorization": f"Bearer {self._key.get_secret_value()}",
            "Accept": "application/json",
        }
        body = None
        if payload is not None:
            body, headers["Content-Type"] = _written(payload), "application/json"
        for _ in range(MOST_REDIRECTS + 1):
            async with self._session.request(
                method,
                url,
                data=body,
                headers=headers,
                allow_redirects=False,
                raise_for_status=False,
                timeout=NO_TIMEOUT,
            ) as response:
                if response.status not in REDIRECTS:
                    single = payload is None
                    limit = self._limits.single_body if single else self._limits.body
                    return await self._read(response, limit)
                url = _next_address(url, self._struck(response.headers.get("Location", "")))
        raise RelayError(ErrorKind.UNAVAILABLE, "the relay redirects in a circle")

    async def _read(self, response: aiohttp.ClientResponse, limit: int) -> RelayResponse:
        chunks, size = [], 0
        async for chunk in response.content.iter_any():
            chunks.append(chunk)
            size += len(chunk)
            if size > limit:
                response.close()
                raise RelayError(ErrorKind.UNREADABLE, f"the answer is longer than {limit} bytes")
        body = b"".join(chunks)
        secret = self._key.get_secret_value().encode()
        if body.rfind(secret) >= 0:  # in long bodies twice as fast as from the left
            body = body.replace(secret, b"***")
        return RelayResponse(
            response.status,
            response.headers.get("Content-Type"),
            body,
            _pause(response.headers.get("Retry-After"), response.headers.get("Date")),
        )

    def _struck(self, text: str) -> str:
        """Strike the key out of a text that came from outside."""
        return text.replace(self._key.get_secret_value(), "***")

    def _trouble(self, error: Exception) -> RelayError:
        """Say in our own words what an error of the connection is, with its text but no key."""
        if isinstance(error, aiohttp.ClientResponseError):
            # Its text quotes the answer up to anywhere, even into the middle of a repeated key.
            return RelayError(ErrorKind.UNREADABLE, "the answer is not HTTP")
        if isinstance(error, aiohttp.ClientPayloadError):
            packed = isinstance(error.__cause__, ContentEncodingError)
            return ConnectionCutError(f"the answer {'is badly packed' if packed else 'broke off'}")
        said = f"{type(error).__name__}: {quote_for_log(self._struck(str(error)))}"
        if isinstance(error, aiohttp.ClientConnectorError | aiohttp.InvalidURL):
            return RelayError(ErrorKind.UNAVAILABLE, f"no connection ({said})")
        return ConnectionCutError(f"the connection was cut ({said})")


def quote_for_log(text: str) -> str:
    """Make foreign text fit for a log: at most 200 characters, none that a terminal obeys."""
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode()
        for sign in text[:200]
    )


def _written(payload: Mapping[str, Any]) -> bytes:
    try:
        return to_json(payload)  # in a fifth of the time
    except PydanticSerializationError:  # half a character, which JSON alone can escape
        return json.dumps(payload).encode()


def _next_address(url: URL, location: str) -> URL:
    """Follow a redirect within the relay's own origin; the key is for no other."""
    try:
        target = url.join(URL(location)).with_user(None)
        same = target.origin() == url.origin()
    except (ValueError, IndexError):  # yarl raises the latter for https://][[p@
        raise RelayError(
            ErrorKind.UNAVAILABLE, f"a redirect to nowhere: {quote_for_log(location)}"
        ) from None
    if not same:
        raise RelayError(
            ErrorKind.UNAVAILABLE,
            f"a redirect to another host, which gets no key: {quote_for_log(str(target.origin()))}",
        )
    return target


def _pause(retry_after: str | None, date: str | None) -> float | None:
    """Read a ``Retry-After`` of seconds or of a date, which counts from the answer's own date."""
    if retry_after is None:
        return None
    try:
        seconds = float(retry_after)
    except ValueError:
        until = _unix(retry_after)
        seconds = math.nan if until is None else until - (_unix(date) or time.time())
    return seconds if math.isfinite(seconds) and seconds > 0 else None


def _unix(date: str | None) -> float | None:
    try:
        return parsedate_to_datetime(date or "").timestamp()
    except (ValueError, OverflowError):
        return None


PATIENCE = 10.0
"""Seconds for the name, the connection and the certificate."""


async def check_reachable(base_url: str, patience: float = PATIENCE) -> None:
    """Open a connection and close it. Raise SunoError (``unavailable``) where that cannot be."""
    url = URL(base_url)
    try:
        async with asyncio.timeout(patience):
            _, writer = await asyncio.open_connection(
                url.host, url.port, ssl=url.scheme == "https" or None
            )
    except TimeoutError:
        trouble = f"no connection within {patience:g} s"
    except (OSError, ValueError) as error:
        trouble = f"no connection ({type(error).__name__}: {quote_for_log(str(error))})"
    else:
        writer.transport.abort()
        return
    raise RelayError(ErrorKind.UNAVAILABLE, trouble)
