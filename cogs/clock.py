"""The clock ticks: look at what is due, post what is owed.

No ``tasks.loop``: it stops for good at the first exception that nobody expected. Each of the two
halves here has a loop of its own that cannot end but by being told to.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from discord.ext import commands

from bot.discord_bot import SunoBot

log = logging.getLogger(__name__)

Round = Callable[[], Awaitable[float | None]]
"""Does what is due; returns when the next thing is (Unix seconds), ``None`` if nothing is."""

LONGEST_SLEEP = 60.0
"""Seconds after which a round comes even if nothing is known to be due."""

PAUSE_AFTER_A_FAULT = 5.0
"""Seconds; a round that failed for a reason nobody expected is tried again after these."""


class Clock(commands.Cog):
    """The two loops: poll and deliver."""

    def __init__(self, bot: SunoBot) -> None:
        self._bot = bot
        self._loops: list[asyncio.Task[None]] = []

    async def cog_load(self) -> None:
        """Start both loops. Loaded once, before the gateway: neither needs it."""
        services, courier = self._bot.services, self._bot.courier
        self._loops = [
            asyncio.create_task(keep_going("poll", services.poller.round, services.store.changed)),
            asyncio.create_task(keep_going("deliver", courier.round, services.outbox.changed)),
        ]

    async def cog_unload(self) -> None:
        """Stop both loops, then let what is being sent come to its end."""
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        await self._bot.courier.finish()


async def keep_going(name: str, round_: Round, wake: asyncio.Event) -> None:
    """Run rounds for ever: at the time that the last one named, or sooner when ``wake`` is set."""
    while True:
        wake.clear()
        try:
            due_at = await round_()
        except Exception:
            log.exception(
                "A round failed (%s); the next one comes in %s s", name, PAUSE_AFTER_A_FAULT
            )
            await asyncio.sleep(PAUSE_AFTER_A_FAULT)
            continue
        pause = LONGEST_SLEEP if due_at is None else min(due_at - time.time(), LONGEST_SLEEP)
        with suppress(TimeoutError):
            async with asyncio.timeout(max(pause, 0)):
                await wake.wait()


async def setup(bot: SunoBot) -> None:
    """Add the cog; discord.py calls this."""
    await bot.add_cog(Clock(bot))
