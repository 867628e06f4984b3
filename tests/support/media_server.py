"""A media server on loopback, whose responses a test defines."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from aiohttp import web

from bot.public_connector import Resolver

MP3 = b"ID3\x04\x00\x00\x00\x00\x00\x00" + b"\xff\xfb\x90\x64" + bytes(range(256)) * 8
"""Bytes that begin like an MP3 file."""


def mp4(brand: bytes, *handlers: bytes, at_end: bool = False) -> bytes:
    """Return an MP4 file with a track for each handler (``soun``, ``vide``); no real samples.

    ``at_end``: its tracks are described after the samples, not before.
    """
    kind = _box(b"ftyp", brand + b"\0\0\0\0" + brand + b"iso2")
    head = _box(b"mvhd", bytes(100))
    tracks = (
        _box(b"trak", _box(b"mdia", _box(b"mdhd", bytes(24)) + _box(b"hdlr", bytes(8) + one)))
        for one in handlers
    )
    described, samples = _box(b"moov", head + b"".join(tracks)), _box(b"mdat", bytes(5000))
    return kind + (samples + described if at_end else described + samples)


def _box(kind: bytes, content: bytes) -> bytes:
    return (len(content) + 8).to_bytes(4, "big") + kind + content


Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class MediaServer:
    """Serves the handlers in ``answers``, by path; ``requests`` has the received requests."""

    port: int = 0
    host: str = "127.0.0.1"
    """The host in its links; a test with another host passes a resolver for it."""
    answers: dict[str, Answer] = field(default_factory=dict)
    requests: list[web.Request] = field(default_factory=list)

    def link(self, path: str = "/song.mp3", host: str = "") -> str:
        """Return the URL of a path on this server."""
        return f"http://{host or self.host}:{self.port}{path}"

    def song(self, data: bytes = MP3, kind: str = "audio/mpeg", status: int = 200) -> str:
        """Serve a file at ``/song.mp3``; return its URL."""
        self.answers["/song.mp3"] = answering(data, kind, status)
        return self.link()

    def redirect(self, target: str, status: int = 302, path: str = "/song.mp3") -> str:
        """Serve a redirect that also sets a cookie; return its URL."""
        headers = {"Location": target, "Set-Cookie": "who=you; Path=/"}
        self.answers[path] = answering(b"", "text/html", status, headers)
        return self.link(path)

    def stream(
        self, *chunks: bytes, every: float = 0.0, endless: bool = False, kind: str = "audio/mpeg"
    ) -> str:
        """Serve chunks without a ``Content-Length``; return their URL."""

        async def answer(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(headers={"Content-Type": kind})
            await response.prepare(request)
            for chunk in chunks:
                await response.write(chunk)
            while endless:
                await asyncio.sleep(every)
                await response.write(chunks[-1])
            return response

        self.answers["/song.mp3"] = answer
        return self.link()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer a request."""
        self.requests.append(request)
        answer = self.answers.get(request.path)
        if answer is None:
            raise web.HTTPNotFound
        return await answer(request)


def answering(
    data: bytes, kind: str, status: int = 200, headers: dict[str, str] | None = None
) -> Answer:
    """Return a handler that always sends this response."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(
            body=data, status=status, headers={"Content-Type": kind, **(headers or {})}
        )

    return answer


@asynccontextmanager
async def open_media_server() -> AsyncIterator[MediaServer]:
    """Run a server on a free port of loopback."""
    media = MediaServer()
    app = web.Application()
    app.router.add_get("/{path:.*}", media.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    media.port = runner.addresses[0][1]
    try:
        yield media
    finally:
        await runner.cleanup()


@asynccontextmanager
async def raw_responses(text: bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Send ``text`` unchanged on every connection, then close it; yield the port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
        writer.write(text)
        with suppress(ConnectionError):
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]


def always(*addresses: str) -> Resolver:
    """Return a resolver that returns these addresses for every name."""

    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return addresses

    return resolve
