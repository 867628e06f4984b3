"""Measures the time from the start of the bot to its first notice, with many and few rows.

Both databases come from a bot that ran here before: its commands are registered. One holds a single
due notice and nothing else; in the other 100,000 songs run, all of them due to be polled, and 1,000
notices are due in 1,000 channels. A local Discord, with these channels, and a local relay are in
this process. The time is from the start of Python to the arrival of the first message.
"""

import asyncio
import shutil
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.delivery import Arrivals, destination_of, enqueue_notices, while_running
from benchmarks.rows import Row, ratios, seconds
from benchmarks.seeding import seed, streaming_song, task_id
from bot.storage.models import Destination
from sandbox.bot_process import BotProcess, settings_for
from sandbox.discord import LocalDiscord
from sandbox.relay import LocalRelay

WATCHES, QUICK_WATCHES = 100_000, 2_000
WAITING, QUICK_WAITING = 1_000, 100
RUNS, QUICK_RUNS = 7, 1
LOOKED_AT = 5_000
"""Songs that the relay knows: more than are looked at before the first message."""
PRODUCTION_SETTINGS = {"POLL_INTERVAL": "5", "POLL_REQUESTS_PER_SECOND": "2"}
START_TIMEOUT = 60.0
"""Seconds for a start."""


def rows(quick: bool) -> list[Row]:
    """Start the bot on both databases in turn."""
    watches, waiting, runs = (
        (QUICK_WATCHES, QUICK_WAITING, QUICK_RUNS) if quick else (WATCHES, WAITING, RUNS)
    )
    empty, full = zip(*asyncio.run(_starts(watches, waiting, runs)), strict=True)
    return [
        Row(
            topic="restart",
            measure="from the start of the process to the first notice",
            ours=seconds(statistics.median(full)),
            theirs=f"{seconds(statistics.median(empty))}: one notice due, nothing else",
            ratios=ratios(full, empty),
            size=f"{watches:,} running watches, {waiting:,} notices due, {runs} ×",
            at_most=2,
        )
    ]


@dataclass(frozen=True, slots=True)
class RestartSetup:
    """The servers and folders with which the bot is started repeatedly."""

    discord: LocalDiscord
    relay: LocalRelay
    folder: Path
    places: Sequence[Destination]

    def bot_in(self, folder: Path) -> BotProcess:
        """Return a bot whose database is in a folder."""
        return BotProcess(
            folder, settings_for(self.discord, self.relay, folder) | PRODUCTION_SETTINGS
        )

    async def first_message(self, kept: Path) -> float:
        """Start a bot on a copy of a folder; return the seconds to its first message."""
        folder = shutil.copytree(kept, self.folder / "at work")
        arrivals = Arrivals(self.discord)
        bot = self.bot_in(folder)
        started = time.perf_counter()
        await bot.start()
        try:
            return await while_running(bot, arrivals.first_of(1, START_TIMEOUT)) - started
        finally:
            await bot.kill()
            shutil.rmtree(folder)


async def _starts(watches: int, waiting: int, runs: int) -> list[tuple[float, float]]:
    """Return how long the first message took on either database, again and again."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        discord = await stack.enter_async_context(LocalDiscord(rate_limited=False))
        discord.gateway.identify_limits.seconds = 0  # the bot is started anew at once
        discord.nonce_window = 0.0  # each start posts the same messages anew
        relay = await stack.enter_async_context(LocalRelay())
        relay.add(*(streaming_song(task_id(number)) for number in range(LOOKED_AT)))
        guild = discord.add_guild("Song Club")
        places = [destination_of(guild.add_channel(f"songs-{number}")) for number in range(waiting)]
        setup = RestartSetup(discord, relay, folder, places)
        empty, full = await _databases(setup, watches)
        return [
            (await setup.first_message(empty), await setup.first_message(full)) for _ in range(runs)
        ]


async def _databases(setup: RestartSetup, watches: int) -> tuple[Path, Path]:
    """Make the two databases, each in a folder of its own."""
    empty, full = setup.folder / "empty", setup.folder / "full"
    empty.mkdir()
    async with setup.bot_in(empty) as bot:  # its commands are registered before it is ready
        await while_running(bot, setup.discord.wait_until_ready(START_TIMEOUT))
    (database,) = empty.glob("*.db")
    shutil.copytree(empty, full)
    await enqueue_notices(database, setup.places[:1])
    await seed(full / database.name, watches, due=watches, places=setup.places)
    await enqueue_notices(full / database.name, setup.places)
    return empty, full
