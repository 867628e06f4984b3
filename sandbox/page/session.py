"""One open page: the user whose view it shows, what it is sent, and what it asks for."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

from aiohttp import WSMsgType, web

from sandbox.discord import Channel, Event, Interaction, User
from sandbox.page.browser_json import browser_json
from sandbox.page.message_log import command_name, is_visible
from sandbox.page.page_state import PageState

Payload = dict[str, Any]
RequestHandler = Callable[["PageSession", Payload], Awaitable[Payload]]
"""Carries out a request of a page, and returns the reply."""

_MESSAGE_EVENTS = ("message", "answer", "thinking", "edit")
_RESPONSE_TIMEOUT = 3.3
"""Seconds after which the bot has not answered; Discord's own clients wait three."""


class PageSession:
    """A WebSocket to one page. Everything is sent in the order in which it happened."""

    def __init__(self, page: PageState, socket: web.WebSocketResponse) -> None:
        self.page = page
        self.user: User = page.users[0]
        self._socket = socket
        self._outgoing: asyncio.Queue[Payload] = asyncio.Queue()
        self._own_interactions: set[int] = set()
        """The ids of interactions that were started here: their modals are shown here."""
        self._running: set[asyncio.Task[None]] = set()

    async def run(self, handle: RequestHandler) -> None:
        """Serve the page until it is closed; ``handle`` answers its requests."""
        unsubscribe = self.page.discord.on_event(self._on_event)
        writer = asyncio.create_task(self._write())
        self.switch_user(self.user)
        try:
            async for message in self._socket:
                if message.type is WSMsgType.TEXT:
                    self._spawn(self._reply(message.data, handle))
        finally:
            unsubscribe()
            for task in (writer, *self._running):
                task.cancel()
            await asyncio.gather(writer, *self._running, return_exceptions=True)

    async def close(self) -> None:
        """Close the WebSocket because the server stops."""
        await self._socket.close(code=1001, message=b"the demo has ended")

    def send_event(self, event: str, **details: Any) -> None:
        """Send something to the page."""
        self._outgoing.put_nowait({"event": event, **details})

    def switch_user(self, user: User) -> None:
        """Show everything anew, as another user sees it."""
        self.user = user
        self.send_event("snapshot", **self.page.snapshot(user))

    def channel(self, channel_id: object) -> Channel:
        """Return a channel by its id. Raises LookupError for an unknown or deleted one."""
        found = self.page.discord.state.channels.get(int(str(channel_id)))
        if found is None or found.deleted:
            raise LookupError("That channel is not there any more.")
        return found

    def follow(self, interaction: Interaction) -> str:
        """Show what becomes of an interaction that was started here; return its id."""
        self._own_interactions.add(interaction.id)
        self._spawn(self._expect_response(interaction))
        return str(interaction.id)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _expect_response(self, interaction: Interaction) -> None:
        try:
            await interaction.wait_for_acknowledgement(timeout=_RESPONSE_TIMEOUT)
        except TimeoutError:
            used, channel = command_name(interaction), str(interaction.channel.id)
            self.send_event("unanswered", channel=channel, used=used)

    def _on_event(self, event: Event) -> None:
        message, interaction = event.message, event.interaction
        if event.kind in _MESSAGE_EVENTS and message and is_visible(message, self.user):
            rendered = self.page.renderer.message(message, self.user)
            self.send_event("message", message=rendered, edit=event.kind == "edit")
        elif event.kind == "delete" and message:
            self.send_event("removed", id=str(message.id), channel=str(message.channel.id))
        elif event.kind == "modal" and interaction and interaction.id in self._own_interactions:
            self.send_event("modal", interaction=str(interaction.id), modal=interaction.modal)
        elif event.kind == "commands":
            self.send_event("commands")

    async def _reply(self, text: str, handle: RequestHandler) -> None:
        self._outgoing.put_nowait(await handle(self, json.loads(text)))

    async def _write(self) -> None:
        with suppress(ConnectionResetError):
            while True:
                await self._socket.send_str(browser_json(await self._outgoing.get()))
