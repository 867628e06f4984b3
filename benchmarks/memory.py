"""Measures the memory of the bot with many and with few watches.

Each size has a bot process of its own between a local Discord and a local relay. All that it
watches is due when it starts, so that it asks about as much as it may from then on.
"""

import asyncio
import statistics
import time
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.rows import Row, ratios
from benchmarks.seeding import seed, streaming_song, task_id
from benchmarks.storage import folder_on_disk
from bot.storage.models import Destination
from sandbox.bot_process import BotProcess, settings_for
from sandbox.discord import LocalDiscord
from sandbox.relay import LocalRelay

MANY, QUICK_MANY, FEW = 1_000_000, 5_000, 1_000
POLLING, QUICK_POLLING = 10.0, 1.5
"""Seconds for which a bot asks the relay before its memory is read for the last time."""
PACE = {"POLL_REQUESTS_PER_SECOND": "50", "POLL_INTERVAL": "0.2"}
KNOWN = 200_000
"""Tasks that the relay knows: more than a bot asks for in that time."""
CHANNELS = 100
START_TIMEOUT = 60.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Life:
    """What was seen of one bot process."""

    started: float
    """Seconds from the start of the process to its first look at the relay."""
    resident: float
    """Memory in MiB: the median of its last third."""
    looks: int
    """Requests for which it asked the relay."""


def rows(quick: bool) -> list[Row]:
    """Let a bot with many watches and one with few work in turn."""
    many = QUICK_MANY if quick else MANY
    polling = QUICK_POLLING if quick else POLLING
    ours, theirs = asyncio.run(_by_turns(many, polling, 1 if quick else 2))
    return [
        Row(
            topic="memory",
            measure=f"resident memory of the bot with {many:,} watches",
            ours=_mebibytes(ours),
            theirs=f"{_mebibytes(theirs)}: with {FEW:,} watches",
            ratios=ratios([one.resident for one in ours], [one.resident for one in theirs]),
            size=f"{polling:g} s, {_looks(ours)} and {_looks(theirs)} requests, {len(ours)} ×",
            at_most=1.5,
        )
    ]


def _mebibytes(lives: Iterable[Life]) -> str:
    return f"{statistics.median(life.resident for life in lives):.1f} MiB"


def _looks(lives: Iterable[Life]) -> str:
    return f"{statistics.median(life.looks for life in lives):,.0f}"


async def _by_turns(many: int, polling: float, times: int) -> tuple[list[Life], list[Life]]:
    lives: tuple[list[Life], list[Life]] = ([], [])
    async with LocalDiscord(rate_limited=False) as discord:
        places = places_in(discord)
        with folder_on_disk() as folder:
            for watches in (many, FEW):
                await seed_for_polling(folder / str(watches), watches, places)
            for _ in range(times):
                for watches, seen in zip((many, FEW), lives, strict=True):
                    seen.append(await live(folder / str(watches), watches, polling, discord))
    return lives


def places_in(discord: LocalDiscord) -> list[Destination]:
    """Make a server with channels: a bot would delete what was watched in others."""
    guild = discord.add_guild("Song Club")
    return [Destination(guild.add_channel(f"songs-{n}").id, guild.id) for n in range(CHANNELS)]


async def seed_for_polling(folder: Path, watches: int, places: Sequence[Destination]) -> None:
    """Make the database of a bot all of whose watches are due when it starts."""
    await seed(folder / "suno.db", watches, later=1.0, places=places)


async def live(folder: Path, watches: int, polling: float, discord: LocalDiscord) -> Life:
    """Let the bot of a folder ask about its watches for ``polling`` seconds."""
    async with AsyncExitStack() as stack:
        relay = await stack.enter_async_context(LocalRelay())
        relay.add(*(streaming_song(task_id(number)) for number in range(min(watches, KNOWN))))
        bot = BotProcess(folder, settings_for(discord, relay, folder) | PACE)
        began = time.perf_counter()
        await stack.enter_async_context(bot)
        async with asyncio.timeout(START_TIMEOUT):
            await relay.wait_for_requests()
        started = time.perf_counter() - began
        samples = [await _resident_later(bot, polling / 30) for _ in range(30)]
        return Life(started, statistics.median(samples[-10:]), len(relay.requests))


async def _resident_later(bot: BotProcess, later: float) -> float:
    await asyncio.sleep(later)
    return resident(bot.pid)


def resident(pid: int | None) -> float:
    """Return the resident memory of a process in MiB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024
