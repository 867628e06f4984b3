"""Tells the other processes on the database what may have changed, so that they look sooner.

A hint is an event with a name. Whoever sets it wakes the loops that wait for it in this process
and, unless it works as the leader, those in the others: the leader alone acts on what changes.
Hints may be lost. The rows are the truth, which every loop reads now and then anyway.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import copy_context
from weakref import WeakValueDictionary

from bot.storage.database_errors import DatabaseUnusable
from bot.storage.terms import current_term

log = logging.getLogger(__name__)

CHANNEL = "suno_bot"
"""The channel of LISTEN and NOTIFY."""
_DELAY = 0.02
"""Seconds for which hints are collected that are sent together."""


class Hint(asyncio.Event):
    """An event that other processes are told of."""

    def __init__(self, announce: Callable[[], None]) -> None:
        super().__init__()
        self._announce = announce

    def set(self) -> None:
        """Set the event here and, unless this is the leader's work, in the other processes."""
        super().set()
        if current_term.get() is None:
            self._announce()

    def receive(self) -> None:
        """Set the event here: another process has set it."""
        super().set()


class Hints:
    """The hints of one process, by their names.

    ``send`` sends a text to all processes.
    """

    def __init__(self, send: Callable[[str], Awaitable[object]]) -> None:
        self._send = send
        self._hints: WeakValueDictionary[str, Hint] = WeakValueDictionary()
        self._sender = secrets.token_hex(4)
        self._unsent: set[str] = set()
        self._sending: asyncio.Task[None] | None = None

    def hint(self, name: str) -> Hint:
        """Make the hint of a name, in place of an older one."""
        made = self._hints[name] = Hint(lambda: self._announce(name))
        return made

    def receive(self, text: str | None) -> None:
        """Set the hints that another process has sent; ``None``: all, some may have been lost.

        For one that is not known here, such as ``tasks 7``, that of the first word is set.
        """
        if text is None:
            for each in list(self._hints.values()):
                each.receive()
            return
        sender, _, names = text.partition(":")
        if sender == self._sender:
            return
        for name in names.split(","):
            if hint := self._hints.get(name) or self._hints.get(name.partition(" ")[0]):
                hint.receive()

    def _announce(self, name: str) -> None:
        self._unsent.add(name)
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send_unsent(), context=copy_context())

    async def _send_unsent(self) -> None:
        while self._unsent:
            await asyncio.sleep(_DELAY)
            names, self._unsent = self._unsent, set()
            with suppress(DatabaseUnusable):
                await self._send(f"{self._sender}:{','.join(sorted(names))}")
