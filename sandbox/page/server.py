"""The page's server: static files, covers and tunes, and one WebSocket to each open page."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from sandbox.discord import Channel, Event, LocalDiscord, User
from sandbox.page.bot_controls import BotControls
from sandbox.page.browser_protection import add_headers, refusal
from sandbox.page.media_files import MediaFiles
from sandbox.page.message_log import MessageLog
from sandbox.page.relay_controls import RelayControls
from sandbox.page.rendering import PageRenderer
from sandbox.page.session import Visit

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

STATIC = Path(__file__).parent / "static"
MEDIA = "https://songs.example.com/media"
"""Where the relay says that covers and tunes are: a public host, as the bot links to no other. The
page shows what its own server has at that path."""

_HOST = "127.0.0.1"
_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
_GLANCE = 0.4
"""Seconds between two looks at what stands behind the stage."""
_LARGEST_REQUEST = 1 << 20


class PageServer:
    """Shows a local Discord on loopback: ``async with`` serves it at ``url``.

    ``people`` are those through whose eyes one may look, the first one at the beginning. Enter it
    before the bot starts: what happened earlier and was ephemeral is not known to it.
    """

    def __init__(
        self,
        discord: LocalDiscord,
        relay: RelayControls,
        people: list[User],
        bot: BotControls | None = None,
        *,
        port: int = 0,
    ) -> None:
        self.discord = discord
        self.relay = relay
        self.people = people
        self.bot = bot
        self.ledger = MessageLog(discord)
        self.caption = ""
        """What the tour says at the moment."""
        self.visited = asyncio.Event()
        """Set as soon as somebody has opened the page."""
        self._port = port
        self._visits: set[Visit] = set()
        self._folder = TemporaryDirectory(prefix="suno-bot-page-")
        self._runner: web.AppRunner | None = None
        self._glancing: asyncio.Task[None] | None = None

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{_HOST}:{self._port}"

    @property
    def url(self) -> str:
        """What to open in a browser."""
        return f"http://{self.address}/"

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=_LARGEST_REQUEST)
        app.router.add_get("/", self._index)
        app.router.add_get("/socket", self._connect)
        app.router.add_get("/static/{path:.+}", self._static)
        app.add_routes(MediaFiles(Path(self._folder.name), self.discord).routes())
        app.middlewares.append(self._guarded)
        app.on_response_prepare.append(add_headers)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, _HOST, self._port).start()
        self._port = self._runner.addresses[0][1]
        self.relay.media = MEDIA
        self.showing = PageRenderer(self.discord, self.ledger, self.relay.media)
        self._glancing = asyncio.create_task(self._glance())
        self._stop_listening = self.discord.on_event(self._hear)
        if self.bot is not None:
            self.bot.on_change = self._tell_bot
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop_listening()
        self.ledger.close()
        if self._glancing is not None:
            self._glancing.cancel()
            with suppress(asyncio.CancelledError):
                await self._glancing
        for visit in list(self._visits):
            await visit.close()
        if self._runner is not None:
            await self._runner.cleanup()
        self._folder.cleanup()

    def snapshot(self, user: User) -> dict[str, Any]:
        """Give everything that one person sees, and what stands behind the stage."""
        return {
            "me": str(user.id),
            "bot": str(self.discord.bot_user.id),
            "people": [str(one.id) for one in self.people],
            "users": self.showing.people(),
            "roles": self.showing.roles(),
            "guild": next(one.name for one in self.discord.state.guilds.values()),
            "channels": self.showing.channels(user),
            "messages": self.showing.history(user),
            "relay": self.relay.described(),
            "process": self.bot.described() if self.bot else None,
            "caption": self.caption,
        }

    def tell(self, event: str, **details: Any) -> None:
        """Tell every open page something."""
        for visit in self._visits:
            visit.tell(event, **details)

    def tell_channels(self) -> None:
        """Tell every open page which places there are, and what the bot may do there."""
        for visit in self._visits:
            visit.tell("channels", channels=self.showing.channels(visit.me))

    def tell_tour(self, caption: str, channel: Channel | None = None) -> None:
        """Put a line above the messages of every open page, and open a channel there."""
        self.caption = caption
        self.tell("tour", caption=caption, channel=str(channel.id) if channel else None)

    def _tell_bot(self) -> None:
        self.tell("process", process=self.bot.described() if self.bot else None)

    def _hear(self, event: Event) -> None:
        if event.kind in ("connected", "disconnected", "ready"):
            self._tell_bot()

    async def _glance(self) -> None:
        """Tell the pages what changed at the relay."""
        told = ""
        while True:
            relay = self.relay.described()
            if (now := json.dumps(relay)) != told:
                self.tell("relay", relay=relay)
                told = now
            await asyncio.sleep(_GLANCE)

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        refused = refusal(request, self.address)
        return await handler(request) if refused is None else refused

    async def _index(self, _request: web.Request) -> web.Response:
        return _served(STATIC / "index.html")

    async def _static(self, request: web.Request) -> web.Response:
        path = (STATIC / request.match_info["path"]).resolve()
        if not path.is_relative_to(STATIC) or path.suffix not in _TYPES or not path.is_file():
            raise web.HTTPNotFound
        return _served(path)

    async def _connect(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(heartbeat=20.0, max_msg_size=_LARGEST_REQUEST)
        await socket.prepare(request)
        visit = Visit(self, socket)
        self._visits.add(visit)
        self.visited.set()
        try:
            await visit.run()
        finally:
            self._visits.discard(visit)
        return socket


def _served(path: Path) -> web.Response:
    return web.Response(body=path.read_bytes(), content_type=_TYPES[path.suffix], charset="utf-8")
