"""The clock ticks: look at what is due, post what is owed, show how it goes, tidy up.

No ``tasks.loop``: it stops for good at the first exception that nobody expected. Each of the
four here has a loop of its own that cannot end but by being told to.
"""

import asyncio
import logging
import time
import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress

from discord.ext import commands

from bot.client import SunoBot
from bot.storage.departed_servers import DepartedServers
from bot.storage.retention import Retention

log = logging.getLogger(__name__)

Round = Callable[[], Awaitable[float | None]]
"""Does what is due; returns when the next thing is (Unix seconds), ``None`` if nothing is."""

LONGEST_SLEEP = 60.0
"""Seconds after which a round comes even if nothing is known to be due."""

PAUSE_AFTER_A_FAULT = 5.0
"""Seconds; a round that failed for a reason nobody expected is tried again after these."""

DAY = 86400.0


class BackgroundLoops(commands.Cog):
    """The four loops: poll, deliver, show, tidy."""

    def __init__(self, bot: SunoBot) -> None:
        self._bot = bot
        self._loops: list[asyncio.Task[None]] = []

    async def cog_load(self) -> None:
        """Start the loops. Loaded once, before the gateway: none needs it."""
        services, dispatcher = self._bot.services, self._bot.dispatcher
        rounds = {
            "poll": (services.poller.tick, services.store.changed),
            "deliver": (dispatcher.tick, services.outbox.changed),
            "show": (self._bot.keeper.tick, services.cards.changed),
            "tidy": (
                RetentionJob(services.retention, services.departures).round,
                services.departures.changed,
            ),
        }
        good_at, failed = self._bot.last_tick_at, services.metrics.failed_ticks
        self._loops = [
            asyncio.create_task(
                run_forever(name, round_, wake, good_at, on_fault=failed.labels(name).inc)
            )
            for name, (round_, wake) in rounds.items()
        ]

    async def cog_unload(self) -> None:
        """Stop the loops, then let what is being sent come to its end."""
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        await asyncio.gather(
            self._bot.services.poller.finish(),
            self._bot.dispatcher.finish(),
            self._bot.keeper.finish(),
        )


class RetentionJob:
    """Deletes once a day, and at the start, what was told long ago; and servers that are gone."""

    def __init__(self, retention: Retention, departures: DepartedServers) -> None:
        self._retention = retention
        self._departures = departures
        self._due_at = 0.0

    async def round(self) -> float:
        """Delete what has expired if a day is over since the last time."""
        now = time.time()
        await self._departures.purge_overdue(now)
        if now >= self._due_at:
            await self._retention.prune(now)
            self._due_at = now + DAY
        return self._due_at


async def run_forever(
    name: str,
    round_: Round,
    wake: asyncio.Event,
    good_at: MutableMapping[str, float],
    pause_after_a_fault: float = PAUSE_AFTER_A_FAULT,
    on_fault: Callable[[], None] = lambda: None,
) -> None:
    """Run rounds for ever: at the time that the last one named, or sooner when ``wake`` is set.

    Whatever goes wrong in a round, the next one comes, ``pause_after_a_fault`` seconds later. When
    the last good one was (Unix seconds) stands in ``good_at`` under ``name``; ``on_fault`` is
    called after each that failed.
    """
    faults = FailureLog(name)
    while True:
        wake.clear()
        try:
            due_at = await round_()
        except Exception as error:  # noqa: BLE001 # the clock's guard: told with its cause
            faults.tell(error)
            on_fault()
            await asyncio.sleep(pause_after_a_fault)
            continue
        faults.heal()
        good_at[name] = time.time()
        pause = LONGEST_SLEEP if due_at is None else min(due_at - time.time(), LONGEST_SLEEP)
        with suppress(TimeoutError):
            async with asyncio.timeout(max(pause, 0)):
                await wake.wait()


class FailureLog:
    """What is logged of rounds that fail: each fault once, until it heals or becomes another."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._kind: tuple[type[Exception], str, int] | None = None
        self._count = 0

    def tell(self, error: Exception) -> None:
        """Log a fault with its cause, unless the round before failed by the same."""
        self._count += 1
        kind = (type(error), *_where(error))
        if kind != self._kind:
            self._kind = kind
            log.error("A round failed (%s); the next one comes", self._name, exc_info=error)

    def heal(self) -> None:
        """Log that rounds succeed again, if they did not."""
        if self._kind is not None:
            log.info("Rounds succeed again (%s), after %d that failed", self._name, self._count)
        self._kind, self._count = None, 0


def _where(error: Exception) -> tuple[str, int]:
    """Return the file and the line in which an error was raised."""
    (*_, frame) = traceback.extract_tb(error.__traceback__)
    return frame.filename, frame.lineno or 0


async def setup(bot: SunoBot) -> None:
    """Add the cog; discord.py calls this."""
    await bot.add_cog(BackgroundLoops(bot))
