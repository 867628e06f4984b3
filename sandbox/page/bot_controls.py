"""Starts, stops and kills the bot's process, and describes its state."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from sandbox.bot_process import BotProcess
from sandbox.discord import Event, LocalDiscord

_LOG_LINES = 40


class BotControls:
    """The bot's process as the page shows it: ``off``, ``starting``, ``on`` or ``ending``."""

    def __init__(self, bot: BotProcess, discord: LocalDiscord) -> None:
        self._bot = bot
        self._discord = discord
        self._watcher: asyncio.Task[None] | None = None
        self._unsubscribe: Callable[[], None] = lambda: None
        self.state = "off"
        self.exit_code: int | None = None
        self.on_change: Callable[[], None] = lambda: None

    async def __aenter__(self) -> Self:
        self._unsubscribe = self._discord.on_event(self._on_event)
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.on_change = lambda: None
        self._unsubscribe()
        await self.stop()
        if self._watcher is not None:
            await self._watcher

    async def start(self) -> None:
        """Start the bot unless it runs."""
        if self.state != "off":
            return
        self._set_state("starting")
        await self._bot.start()
        self._watcher = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Ask the bot to stop, and wait until it has."""
        if self.state in ("starting", "on"):
            self._set_state("ending")
            with suppress(ProcessLookupError):
                await self._bot.stop()

    async def kill(self) -> None:
        """Kill the bot without warning."""
        if self.state != "off":
            with suppress(ProcessLookupError):
                await self._bot.kill()

    def description(self) -> dict[str, Any]:
        """Return its state, its exit code and the end of its log."""
        log = self._bot.log if self._bot.log_path.exists() else ""
        lines = log.splitlines()[-_LOG_LINES:]
        return {"state": self.state, "exit_code": self.exit_code, "log": lines}

    def log_size(self) -> int:
        """Return how long its log is: it changes with each line."""
        path = self._bot.log_path
        return path.stat().st_size if path.exists() else 0

    def _on_event(self, event: Event) -> None:
        if event.kind == "ready" and self.state == "starting":
            self._set_state("on")

    async def _watch(self) -> None:
        self.exit_code = await self._bot.ended()
        self._set_state("off")

    def _set_state(self, state: str) -> None:
        self.state = state
        self.on_change()
