"""Measures how long commands wait for their acknowledgement by a busy bot, against an idle one.

The bot is a process of its own, which polls 5,000 tasks a second, of which 40 end and are
delivered; the servers are in this process. A wait is the time from the moment at which Discord
sends a command to the moment at which the acknowledgement has arrived.
"""

import asyncio
import gc
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.delivery import Moved
from benchmarks.memory import resident
from benchmarks.quick_relay import KEY, QuickRelay
from benchmarks.rows import Row, ratios, seconds
from benchmarks.seeding import seed, task_id
from bot.storage.models import Destination
from sandbox.bot_process import BotProcess
from sandbox.discord import Channel, Interaction, LocalDiscord, User
from sandbox.relay import RelayTask, TaskStage, song

ENDS_A_SECOND = 40
COMMANDS_A_SECOND = 50
BATCH = 100
"""Ids in a request at most, as many as the bot's setting has of itself."""
ROOM = 1.1
"""How many times as many requests could be sent: all are looked at in time."""
INTERVAL = 2.0
"""Seconds after a look in which its task is due again."""
ROUND = 2.05
"""Seconds from one look at a task to the next: what is due waits for its turn."""
CHANNELS = 200


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured; spans in seconds."""

    blocks: int
    length: float
    """Of a block."""
    looks: int
    """A second."""
    warm_up: float
    """At the beginning, not counted."""
    start: float
    """Until the first look is due: a bot that has started has no arrears."""


FULL = Size(blocks=7, length=6.0, looks=5000, warm_up=8.0, start=6.0)
QUICK = Size(blocks=2, length=0.6, looks=1000, warm_up=0.2, start=2.0)


@dataclass(frozen=True, slots=True)
class Block:
    """What was measured in a few seconds."""

    p99: float
    """Seconds that 99 of 100 commands waited at most for the bot's first word."""
    looks: float
    """Looks a second, as the relay counted them."""
    notices: float
    """Notices a second, as Discord counted them."""
    resident: float
    """Memory of the bot at the end, in MiB."""


def rows(quick: bool) -> list[Row]:
    """Measure a bot that is idle, then one that is busy."""
    size = QUICK if quick else FULL
    gc.disable()  # a collection here would count as a wait for the bot
    idle, busy = asyncio.run(_measure(size))
    looks, notices = (
        statistics.median(getattr(block, what) for block in busy) for what in ("looks", "notices")
    )
    ours, theirs = [block.p99 for block in busy], [block.p99 for block in idle]
    return [
        Row(
            topic="answering",
            measure=f"p99 of acknowledging a command at {looks:,.0f} look-ups"
            f" and {notices:.0f} notices a second",
            ours=seconds(statistics.median(ours)),
            theirs=f"{seconds(statistics.median(theirs))}: the same bot, idle",
            ratios=ratios(ours, theirs),
            size=f"{COMMANDS_A_SECOND} commands a second, {size.blocks} × {size.length:g} s",
            at_most=2,
        )
    ]


async def _measure(size: Size) -> tuple[list[Block], list[Block]]:
    async with _scene(size) as scene:
        async with QuickRelay([]) as relay, _a_bot(scene, relay, tasks=0) as bot:
            idle = await _blocks(scene, relay, bot)
        return idle, await _busy_blocks(scene)


async def measure_busy(size: Size, database: Moved | None) -> list[Block]:
    """Measure a busy bot on a file, or on the database to which it is moved."""
    async with _scene(size) as scene:
        return await _busy_blocks(scene, database)


@asynccontextmanager
async def _scene(size: Size) -> AsyncIterator["_Scene"]:
    async with LocalDiscord(rate_limited=False) as discord:
        guild = discord.add_guild("Song Club")
        ada = discord.add_user("Ada")
        guild.add_member(ada)
        channels = [guild.add_channel(f"songs-{number}") for number in range(CHANNELS)]
        yield _Scene(discord, ada, channels, size)


async def _busy_blocks(scene: "_Scene", database: Moved | None = None) -> list[Block]:
    size = scene.size
    end_reason = int(ENDS_A_SECOND * (size.warm_up + size.blocks * (size.length + 1)))
    tasks = int(size.looks * ROUND) + end_reason // 2
    songs = [_streaming(task_id(number)) for number in range(tasks)]
    async with QuickRelay(songs) as relay, _a_bot(scene, relay, tasks, database) as bot:
        await relay.asked.wait()
        ends = asyncio.create_task(_end_one_by_one(relay, end_reason))
        busy = await _blocks(scene, relay, bot)
        ends.cancel()
    return busy


@dataclass(frozen=True, slots=True)
class _Scene:
    discord: LocalDiscord
    person: User
    channels: list[Channel]
    size: Size

    def notices(self) -> int:
        return sum(len(channel.messages) for channel in self.channels)


@asynccontextmanager
async def _a_bot(
    scene: _Scene,
    relay: QuickRelay,
    tasks: int,
    database: Moved | None = None,
) -> AsyncIterator[BotProcess]:
    """Let a bot work that watches so many tasks."""
    discord = scene.discord
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if tasks:
            places = [Destination(channel.id) for channel in scene.channels]
            first = time.time() + scene.size.start
            await seed(folder / "suno.db", tasks, later=INTERVAL, now=first, places=places)
        settings = _settings(scene, relay, folder)
        if database is not None:
            settings |= await database(folder / "suno.db")
        async with BotProcess(folder, settings) as bot:
            await discord.wait_until_ready(timeout=30)
            await discord.wait_until_commands(timeout=30)
            yield bot
        await discord.wait_until_disconnected()


def _settings(scene: _Scene, relay: QuickRelay, folder: Path) -> dict[str, str]:
    discord = scene.discord
    return {
        "DISCORD_TOKEN": discord.token,
        "DISCORD_API_URL": discord.api_url,
        "DISCORD_GATEWAY_URL": discord.gateway_url,
        "SUNO_RELAY": "custom",
        "SUNO_BASE_URL": relay.base_url,
        "SUNO_API_KEY": KEY,
        "DATABASE_PATH": str(folder / "suno.db"),
        "POLL_INTERVAL": str(INTERVAL),
        "POLL_BATCH_SIZE": str(BATCH),
        "POLL_REQUESTS_PER_SECOND": str(ROOM * scene.size.looks / BATCH),
    }


def _streaming(task_id: str) -> RelayTask:
    """Return a song that streams from its first second on."""
    whole = song(task_id)
    *_, streaming, end = whole.stages
    return RelayTask(
        task_id, whole.kind, (TaskStage(0, streaming.fields), TaskStage(1, end.fields))
    )


async def _end_one_by_one(relay: QuickRelay, count: int) -> None:
    began = time.monotonic()
    for number in range(count):
        await asyncio.sleep(began + number / ENDS_A_SECOND - time.monotonic())
        relay.end(task_id(number))


async def _blocks(scene: _Scene, relay: QuickRelay, bot: BotProcess) -> list[Block]:
    size = scene.size
    await _block(scene, relay, bot, size.warm_up)
    return [await _block(scene, relay, bot, size.length) for _ in range(size.blocks)]


async def _block(scene: _Scene, relay: QuickRelay, bot: BotProcess, length: float) -> Block:
    """Let a person use a command again and again, at an even pace."""
    began, looks, notices = time.monotonic(), relay.looks, scene.notices()
    asked: list[Interaction] = []
    for number in range(int(length * COMMANDS_A_SECOND)):
        await asyncio.sleep(began + number / COMMANDS_A_SECOND - time.monotonic())
        channel = scene.channels[number % CHANNELS]
        asked.append(await scene.discord.command(scene.person, channel, "suno help"))
    taken = time.monotonic() - began
    looks, notices = relay.looks - looks, scene.notices() - notices
    for interaction in asked:
        await interaction.wait_for_acknowledgement()
    waits = [one.acknowledged_after for one in asked if one.acknowledged_after is not None]
    p99 = statistics.quantiles(waits, n=100)[98]
    return Block(p99, looks / taken, notices / taken, resident(bot.pid))
