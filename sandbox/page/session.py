"""One open page: whose eyes it sees through, what it is told, and what it asks for."""

import asyncio
import json
from collections.abc import Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from sandbox.discord import ActionUnavailable, Channel, Event, Interaction, User
from sandbox.page.message_log import sees, typed
from sandbox.page.requests import REQUESTS, InvalidRequest

if TYPE_CHECKING:
    from sandbox.page.server import PageServer

Payload = dict[str, Any]

_TOLD = ("message", "answer", "thinking", "edit")
_PATIENCE = 3.3
"""Seconds after which the bot has not answered; Discord's own clients wait three."""


class Visit:
    """A WebSocket to one page. Everything goes out in the order in which it happened."""

    def __init__(self, page: "PageServer", socket: web.WebSocketResponse) -> None:
        self.page = page
        self.me: User = page.people[0]
        self._socket = socket
        self._outgoing: asyncio.Queue[Payload] = asyncio.Queue()
        self._mine: set[int] = set()
        """The interactions that were begun here: their modals are shown here."""
        self._running: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serve the page until it goes."""
        stop = self.page.discord.on_event(self._hear)
        writer = asyncio.create_task(self._write())
        self.become(self.me)
        try:
            async for message in self._socket:
                if message.type is WSMsgType.TEXT:
                    self._spawn(self._answer(message.data))
        finally:
            stop()
            for task in (writer, *self._running):
                task.cancel()
            await asyncio.gather(writer, *self._running, return_exceptions=True)

    async def close(self) -> None:
        """Tell the page that the server goes."""
        await self._socket.close(code=1001, message=b"the demo has ended")

    def tell(self, event: str, **details: Any) -> None:
        """Tell the page something."""
        self._outgoing.put_nowait({"event": event, **details})

    def become(self, user: User) -> None:
        """Show everything anew, through the eyes of another person."""
        self.me = user
        self.tell("snapshot", **self.page.snapshot(user))

    def channel(self, identity: object) -> Channel:
        """Give a place of this person's. LookupError for any other."""
        known = self.page.discord.state.channels
        found = known.get(int(str(identity)))
        if found is None or found.deleted:
            raise LookupError("That channel is not there any more.")
        return found

    def follow(self, interaction: Interaction) -> str:
        """Show what becomes of an interaction that was begun here; return its id."""
        self._mine.add(interaction.id)
        self._spawn(self._expect_answer(interaction))
        return str(interaction.id)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _expect_answer(self, interaction: Interaction) -> None:
        try:
            await interaction.until_acknowledged(timeout=_PATIENCE)
        except TimeoutError:
            used = typed(interaction)
            self.tell("unanswered", channel=str(interaction.channel.id), used=used)

    def _hear(self, event: Event) -> None:
        message, interaction = event.message, event.interaction
        if event.kind in _TOLD and message and sees(self.me, message):
            shown = self.page.showing.message(message, self.me)
            self.tell("message", message=shown, edit=event.kind == "edit")
        elif event.kind == "delete" and message:
            self.tell("removed", id=str(message.id), channel=str(message.channel.id))
        elif event.kind == "modal" and interaction and interaction.id in self._mine:
            self.tell("modal", interaction=str(interaction.id), modal=interaction.modal)
        elif event.kind == "commands":
            self.tell("commands")

    async def _answer(self, text: str) -> None:
        asked: Payload = json.loads(text)
        reply: Payload = {"ref": asked.get("ref")}
        try:
            reply["result"] = await REQUESTS[asked["do"]](self, asked)
        except (InvalidRequest, ActionUnavailable, LookupError, ValueError, TimeoutError) as error:
            reply["error"] = str(error).splitlines()[0] if str(error) else "That did not work."
        self._outgoing.put_nowait(reply)

    async def _write(self) -> None:
        with suppress(ConnectionResetError):
            while True:
                await self._socket.send_json(await self._outgoing.get())
