"""Serves the page: static files, covers and audio, and a WebSocket for each open page."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from aiohttp import web

from sandbox.discord import Event
from sandbox.page.browser_protection import add_headers, rejection
from sandbox.page.media_files import MediaFiles
from sandbox.page.page_state import PageState
from sandbox.page.requests import handle_request
from sandbox.page.session import PageSession

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

STATIC = Path(__file__).parent / "static"

_HOST = "127.0.0.1"
_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
_CHECK_INTERVAL = 0.4
"""Seconds between two checks whether the relay's state or the bot's log has changed."""
_LARGEST_REQUEST = 1 << 20
"""Bytes of a request or a WebSocket message."""


class PageServer:
    """Serves the page of a local Discord on loopback: ``async with`` runs the server at ``url``."""

    def __init__(self, page: PageState, *, port: int = 0) -> None:
        self.page = page
        self._port = port
        self._sessions: set[PageSession] = set()
        self._folder = TemporaryDirectory(prefix="suno-bot-page-")
        self._runner: web.AppRunner | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._unsubscribe: Callable[[], None] = lambda: None

    @property
    def address(self) -> str:
        """The host and the port."""
        return f"{_HOST}:{self._port}"

    @property
    def url(self) -> str:
        """The URL to open in a browser."""
        return f"http://{self.address}/"

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=_LARGEST_REQUEST)
        app.router.add_get("/", self._index)
        app.router.add_get("/socket", self._connect)
        app.router.add_get("/static/{path:.+}", self._static)
        app.add_routes(MediaFiles(Path(self._folder.name), self.page.discord).routes())
        app.middlewares.append(self._reject_other_sites)
        app.on_response_prepare.append(add_headers)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, _HOST, self._port).start()
        self._port = self._runner.addresses[0][1]
        self._watcher = asyncio.create_task(self._watch())
        self._unsubscribe = self.page.discord.on_event(self._on_event)
        if self.page.bot is not None:
            self.page.bot.on_change = self.page.broadcast_process
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._unsubscribe()
        self.page.message_log.close()
        if self._watcher is not None:
            self._watcher.cancel()
            with suppress(asyncio.CancelledError):
                await self._watcher
        for session in list(self._sessions):
            await session.close()
        if self._runner is not None:
            await self._runner.cleanup()
        self._folder.cleanup()

    def _on_event(self, event: Event) -> None:
        if event.kind in ("connected", "disconnected", "ready"):
            self.page.broadcast_process()

    async def _watch(self) -> None:
        """Send the state of the relays and the bot's log to the pages when they have changed."""
        sent: dict[str, str] = {}
        log = None
        while True:
            for account, controls in self.page.relays.items():
                relay = controls.description()
                if (now := json.dumps(relay)) != sent.get(account):
                    self.page.broadcast("relay", account=account, relay=relay)
                    sent[account] = now
            if self.page.bot is not None and self.page.bot.log_size() != log:
                self.page.broadcast_process()
                log = self.page.bot.log_size()
            await asyncio.sleep(_CHECK_INTERVAL)

    @web.middleware
    async def _reject_other_sites(
        self, request: web.Request, handler: Handler
    ) -> web.StreamResponse:
        rejected = rejection(request, self.address)
        return await handler(request) if rejected is None else rejected

    async def _index(self, _request: web.Request) -> web.Response:
        return _file_response(STATIC / "index.html")

    async def _static(self, request: web.Request) -> web.Response:
        path = (STATIC / request.match_info["path"]).resolve()
        if not path.is_relative_to(STATIC) or path.suffix not in _TYPES or not path.is_file():
            raise web.HTTPNotFound
        return _file_response(path)

    async def _connect(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(heartbeat=20.0, max_msg_size=_LARGEST_REQUEST)
        await socket.prepare(request)
        session = PageSession(self.page, socket)
        self._sessions.add(session)
        self.page.viewers.add(session)
        self.page.opened.set()
        try:
            await session.run(handle_request)
        finally:
            self._sessions.discard(session)
            self.page.viewers.discard(session)
        return socket


def _file_response(path: Path) -> web.Response:
    return web.Response(body=path.read_bytes(), content_type=_TYPES[path.suffix], charset="utf-8")
