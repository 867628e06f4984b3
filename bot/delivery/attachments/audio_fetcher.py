"""Fetches audio files from URLs that relays return. These URLs count as hostile.

Requests go only to https at port 443 of public addresses, and contain no secret. Each connection is
checked when its socket is created, by the address that it connects to: so neither a name that
resolves differently the next time nor a redirect leads anywhere else.
"""

import asyncio
import socket
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from ipaddress import ip_address
from types import TracebackType
from typing import IO, Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from bot.delivery.attachments.audio_format import (
    SIGNATURE_LENGTH,
    audio_extension,
    has_only_audio_tracks,
    is_general_mp4,
)
from bot.public_addresses import is_public

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS = 3
MAX_CONCURRENT_FETCHES = 8
"""Files that are fetched at the same time. Waiting for a connection counts as fetching time."""

_HTTPS = 443
_CHUNK = 1 << 16
_IN_MEMORY = 1 << 20
"""Bytes of a file that are kept in memory; a longer file is written to disk."""
_HEADERS = {"User-Agent": "suno-bot", "Accept": "audio/*", "Accept-Encoding": "identity"}

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Returns the numeric addresses of a host and port; raises ``OSError`` if there are none."""


class FetchFailure(StrEnum):
    """Why a file was not fetched."""

    LINK = "the link is not plain https"
    NOT_PUBLIC = "its address is not public"
    UNREACHABLE = "it cannot be reached"
    REDIRECTS = "it redirects too often"
    STATUS = "it is not there"
    NOT_HTTP = "its answer is not HTTP"
    TYPE = "its type is not audio"
    NOT_AUDIO = "its content is not audio"
    TOO_LARGE = "it is too large"
    WRONG_LENGTH = "it is not as long as announced"
    TOO_SLOW = "it takes too long"


class AudioFetchError(Exception):
    """A file was not fetched, for the reason ``failure``."""

    def __init__(self, failure: FetchFailure) -> None:
        super().__init__(failure.value)
        self.failure = failure


@dataclass(frozen=True, slots=True)
class FetchedAudio:
    """An audio file. The receiver closes it, which deletes it."""

    file: IO[bytes]
    """Open for reading, positioned at its beginning."""
    extension: str
    """By its content, without a dot."""


_RESOLVING = ThreadPoolExecutor(MAX_CONCURRENT_FETCHES, thread_name_prefix="audio-resolver")
"""A look-up cannot be cancelled. Name servers that do not answer block these threads, not those of
the event loop, by which Discord and the relay are resolved."""


async def resolve_host(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host by the system's resolver. Raises ``OSError``."""
    look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    infos = await asyncio.get_running_loop().run_in_executor(_RESOLVING, look_up)
    return list(dict.fromkeys(str(info[4][0]) for info in infos))


class AudioFetcher:
    """Fetches audio files, each within ``seconds`` from the call to its last byte.

    ``async with`` opens and closes its connections. ``loopback_port`` admits that port of this
    machine too, also over plain http: only for tests and demonstrations.
    """

    def __init__(
        self,
        *,
        seconds: float = 10.0,
        resolve: Resolver = resolve_host,
        loopback_port: int | None = None,
    ) -> None:
        self._seconds = seconds
        self._resolve = resolve
        self._loopback_port = loopback_port
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=MAX_CONCURRENT_FETCHES,
                force_close=True,
                use_dns_cache=False,
                resolver=_AiohttpResolver(self._resolve),
                socket_factory=self._checked_socket,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=_HEADERS,
            timeout=aiohttp.ClientTimeout(
                total=None
            ),  # fetch() has one that includes redirects and waiting
            trust_env=False,
            auto_decompress=False,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def fetch(self, link: str, limit: int) -> FetchedAudio:
        """Fetch an audio file of at most ``limit`` bytes. Raises only ``AudioFetchError``."""
        if self._session is None:
            raise RuntimeError("the fetcher is not open: use `async with`")
        try:
            async with asyncio.timeout(self._seconds):
                return await self._follow(self._session, URL(link), limit)
        except TimeoutError as error:
            raise AudioFetchError(FetchFailure.TOO_SLOW) from error
        except aiohttp.ClientConnectorError as error:
            refused = isinstance(error.os_error, _NotPublicError)
            raise AudioFetchError(
                FetchFailure.NOT_PUBLIC if refused else FetchFailure.UNREACHABLE
            ) from error
        except aiohttp.ClientResponseError as error:
            raise AudioFetchError(FetchFailure.NOT_HTTP) from error
        except aiohttp.ClientPayloadError as error:
            raise AudioFetchError(FetchFailure.WRONG_LENGTH) from error
        except (ValueError, IndexError) as error:  # not a URL
            raise AudioFetchError(FetchFailure.LINK) from error
        except (aiohttp.ClientError, OSError) as error:
            raise AudioFetchError(FetchFailure.UNREACHABLE) from error

    async def _follow(self, session: aiohttp.ClientSession, url: URL, limit: int) -> FetchedAudio:
        for _ in range(MAX_REDIRECTS + 1):
            self._check(url)
            async with session.get(url, allow_redirects=False) as response:
                if response.status not in REDIRECTS:
                    return await _read_audio(response, limit)
                url = url.join(URL(response.headers.get("Location", "")))
        raise AudioFetchError(FetchFailure.REDIRECTS)

    def _check(self, url: URL) -> None:
        """Reject a URL that is wrong by itself; its address is checked when connecting."""
        https = url.scheme == "https" and url.port == _HTTPS
        local = url.scheme in ("http", "https") and url.port == self._loopback_port
        bare = url.user is None and url.password is None
        if not (https or local) or not bare or not url.host:
            raise AudioFetchError(FetchFailure.LINK)

    def _checked_socket(self, info: aiohttp.AddrInfoType) -> socket.socket:
        """Create the socket of an allowed connection. Raises ``_NotPublicError`` for another."""
        family, kind, protocol, _, (host, port, *_) = info
        public = port == _HTTPS and is_public(str(host))
        if not public and not (port == self._loopback_port and _is_loopback(str(host))):
            raise _NotPublicError("not a public address")
        return socket.socket(family, kind, protocol)


class _NotPublicError(OSError):
    """The address of a connection is not public."""


class _AiohttpResolver(AbstractResolver):
    """Makes aiohttp resolve names with a function."""

    def __init__(self, resolve: Resolver) -> None:
        self._resolve = resolve

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002 # both are tried
    ) -> list[ResolveResult]:
        """Return the addresses of a host. Raises ``OSError``."""
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in await self._resolve(host, port)
        ]

    async def close(self) -> None:
        """Do nothing: there is nothing to close."""


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


async def _read_audio(response: aiohttp.ClientResponse, limit: int) -> FetchedAudio:
    """Read an audio file; its declared type and size are checked before its content."""
    if response.status != 200:
        raise AudioFetchError(FetchFailure.STATUS)
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if not kind.startswith("audio/") and kind != "application/octet-stream":
        raise AudioFetchError(FetchFailure.TYPE)
    announced = response.content_length
    if announced is not None and announced > limit:
        raise AudioFetchError(FetchFailure.TOO_LARGE)
    try:
        start = await response.content.readexactly(SIGNATURE_LENGTH)
    except asyncio.IncompleteReadError as error:
        raise AudioFetchError(FetchFailure.NOT_AUDIO) from error
    extension = audio_extension(start)
    if extension is None:
        raise AudioFetchError(FetchFailure.NOT_AUDIO)
    file = await _write_to_file(start, response, limit)
    if is_general_mp4(start) and not await asyncio.to_thread(has_only_audio_tracks, file):
        file.close()
        raise AudioFetchError(FetchFailure.NOT_AUDIO)
    return FetchedAudio(file, extension)


async def _write_to_file(start: bytes, response: aiohttp.ClientResponse, limit: int) -> IO[bytes]:
    """Write ``start`` and the rest of a body to a temporary file while it arrives.

    aiohttp checks that a body is as long as announced.
    """
    with ExitStack() as stack:
        file = stack.enter_context(tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY))
        size = file.write(start)
        async for chunk in response.content.iter_chunked(_CHUNK):
            size += len(chunk)
            if size > limit:
                raise AudioFetchError(FetchFailure.TOO_LARGE)
            await asyncio.to_thread(file.write, chunk)
        file.seek(0)
        stack.pop_all()
    return file
