"""Measures the rate of deliveries against Discord's limits and against plain discord.py.

The bot is a process of its own. It starts on a database in which a song has ended in each channel,
below its live card, and a local Discord enforces the real limits: 50 requests a second for the
whole bot, 5 messages in 5 s for a channel. A bot that sends at most 50 in any second posts the 51st
message one second after the first, at the earliest, and the n-th ``(n - 1) // 50`` seconds after
it: that is the bound for the time from the first message to the last. Nothing else is watched.

Plain discord.py does not limit itself to that, and Discord's own windows of a second may admit its
requests a little sooner.
"""

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from benchmarks.decode import songs
from benchmarks.rows import Row, ratios, seconds
from bot.relay.models import Task
from bot.relay.parsing.reader import read_batch
from bot.relay.providers import CUSTOM
from bot.storage.database import DatabaseThread
from bot.storage.live_cards import LiveCards
from bot.storage.models import Destination, TaskKey, WatchRequest
from bot.storage.outbox import Outbox
from bot.storage.tasks import TaskStore
from sandbox.bot_process import BotProcess, settings_for
from sandbox.discord import Channel, LocalDiscord
from sandbox.discord.events import Event
from sandbox.discord.message_builder import Draft
from sandbox.relay import LocalRelay

T = TypeVar("T")

Moved = Callable[[Path], Awaitable[dict[str, str]]]
"""Moves what is in a SQLite file to another database; returns the settings that name that."""

CHANNELS = 1000
FEW_CHANNELS = 201
"""Few channels make the last second count much; with 201, one message more or less does not."""
RUNS = 3
PER_SECOND = 50
"""Requests per second that Discord accepts from the whole bot."""
MAX_WAIT = 300.0
"""Seconds after which a message that has not come counts as lost."""
FIRST_USER_ID = 2 * 10**15


@dataclass(frozen=True, slots=True)
class Run:
    """The messages of one run. ``taken`` is from the first to the last, in seconds."""

    taken: float
    arrived: int
    requests: int
    refused: int
    """Responses of 429."""

    @property
    def bound(self) -> float:
        """The minimum time in which so many messages can be posted (seconds)."""
        return float((self.arrived - 1) // PER_SECOND)

    @property
    def refused_percent(self) -> float:
        """Responses of 429 in a hundred requests."""
        return 100 * self.refused / self.requests


def rows(quick: bool) -> list[Row]:
    """Measure the bot and plain discord.py. Raises if the bot loses a message or repeats one."""
    channels, runs = (FEW_CHANNELS, 1) if quick else (CHANNELS, RUNS)
    ours = [asyncio.run(notices(channels)) for _ in range(runs)]
    plain = asyncio.run(_plain_messages(channels))
    size = f"{channels:,} channels, one message each"
    return [
        _row(
            "notices of ended songs, first to last, against the least time that the limits allow",
            ours,
            f"{size}, {runs} ×",
            at_most=1.10,
        ),
        Row(
            topic="delivery",
            measure="responses of 429 in a hundred requests, 0 messages lost",
            ours=f"{sum(run.refused for run in ours)} of {sum(run.requests for run in ours):,}",
            theirs="a hundred requests",
            ratios=tuple(run.refused_percent for run in ours),
            size=f"{size}, {runs} ×",
            at_most=1,
        ),
        _row(
            f"plain discord.py, all at once, of what arrived: {channels - plain.arrived:,} lost,"
            f" {plain.refused:,} responses of 429",
            [plain],
            size,
        ),
    ]


def _row(measure: str, runs: Sequence[Run], size: str, at_most: float | None = None) -> Row:
    return Row(
        topic="delivery",
        measure=measure,
        ours=seconds(statistics.median(run.taken for run in runs)),
        theirs=f"{seconds(runs[0].bound)}: {PER_SECOND} a second",
        ratios=ratios([run.taken for run in runs], [run.bound for run in runs]),
        size=size,
        at_most=at_most,
    )


async def notices(channels: int, database: Moved | None = None, processes: int = 1) -> Run:
    """Measure the pending notices that the bot sends; each process has a shard of its own.

    ``database`` puts what is in a file where the bot is to find it.
    """
    async with _rate_limited_discord(channels) as (folder, discord, targets), LocalRelay() as relay:
        settings = settings_for(discord, relay, folder)
        path = Path(settings["DATABASE_PATH"])
        ended = await enqueue_notices(path, [destination_of(channel) for channel in targets])
        await _post_cards(path, discord, targets, ended)
        if database is not None:
            settings |= await database(path)
        arrivals = Arrivals(discord)
        async with AsyncExitStack() as bots:  # which end what they have begun
            started = [
                await bots.enter_async_context(bot)
                for bot in _processes(folder, settings, processes)
            ]
            await while_running(started[0], arrivals.first_of(channels, MAX_WAIT))
        if {len(channel.messages) for channel in targets} != {2}:
            raise RuntimeError("The bot lost a notice, or repeated one.")
        return arrivals.run


def _processes(folder: Path, settings: dict[str, str], count: int) -> Iterator[BotProcess]:
    """Yield so many processes of the bot, each with a folder and with a shard of its own."""
    for shard in range(count):
        own = folder / str(shard)
        own.mkdir()
        shards = {"SHARDS": f"{shard}/{count}"} if count > 1 else {}
        yield BotProcess(own, settings | shards)


async def _plain_messages(channels: int) -> Run:
    async with _rate_limited_discord(channels) as (folder, discord, targets):
        names = folder / "channels.json"
        names.write_text(json.dumps([channel.id for channel in targets]))
        program = ("-m", "benchmarks.plain_client", discord.api_url, discord.token, str(names))
        arrivals = Arrivals(discord)
        async with BotProcess(folder, {}, program) as client, asyncio.timeout(MAX_WAIT):
            await client.ended()
        return arrivals.run


async def while_running(bot: BotProcess, wanted: Awaitable[T]) -> T:
    """Return an awaited result; raise with the end of the log if the bot exits before that."""
    waiting, ended = asyncio.ensure_future(wanted), asyncio.ensure_future(bot.ended())
    try:
        await asyncio.wait({waiting, ended}, return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            raise RuntimeError(f"The bot has ended:\n{bot.log[-2000:]}")
        return await waiting
    finally:
        waiting.cancel()
        ended.cancel()


class Arrivals:
    """Records when messages arrive at a Discord, from its creation on."""

    def __init__(self, discord: LocalDiscord) -> None:
        self._discord = discord
        self._times: list[float] = []
        discord.on_event(self._note)

    def _note(self, event: Event) -> None:
        if event.kind == "message":
            self._times.append(time.perf_counter())

    async def first_of(self, count: int, max_wait: float) -> float:
        """Wait for so many messages; return when the first came (``perf_counter`` seconds)."""
        await self._discord.wait_for(
            lambda: len(self._times) >= count, max_wait, f"{count} messages"
        )
        return self._times[0]

    @property
    def run(self) -> Run:
        """The messages that arrived so far."""
        requests = self._discord.requests
        return Run(
            taken=self._times[-1] - self._times[0],
            arrived=len(self._times),
            requests=len(requests),
            refused=sum(request.status == 429 for request in requests),
        )


@asynccontextmanager
async def _rate_limited_discord(
    channels: int,
) -> AsyncIterator[tuple[Path, LocalDiscord, list[Channel]]]:
    """Open a Discord with rate limits, a server with so many channels, and a folder."""
    with tempfile.TemporaryDirectory() as folder:
        async with LocalDiscord() as discord:
            guild = discord.add_guild("Song Club")
            targets = [guild.add_channel(f"songs-{number}") for number in range(channels)]
            yield Path(folder), discord, targets


async def enqueue_notices(path: Path, places: Sequence[Destination]) -> Sequence[Task]:
    """Add an ended song with a pending notice to each channel; return the songs."""
    ended = read_batch(200, None, songs(finished=True, tasks=len(places)))
    async with DatabaseThread(path) as database:
        store = TaskStore(database, Outbox(database), CUSTOM)
        now = time.time()
        watches = (
            store.add_finished(task, WatchRequest(FIRST_USER_ID + number, destination), now)
            for number, (task, destination) in enumerate(zip(ended, places, strict=True))
        )
        await asyncio.gather(*watches)
    return ended


def destination_of(channel: Channel) -> Destination:
    """Return the destination for a channel."""
    return Destination(channel.id, channel.guild.id if channel.guild else None)


async def _post_cards(
    path: Path, discord: LocalDiscord, targets: Sequence[Channel], ended: Sequence[Task]
) -> None:
    """Post to each channel the card of its song, which does not show the end yet."""
    async with DatabaseThread(path) as database:
        cards = LiveCards(database)

        async def post(channel: Channel, task: Task) -> None:
            card = await cards.create(
                destination_of(channel),
                [TaskKey(CUSTOM, task.id)],
                now=time.time() - 60,
                user_id=channel.id,
                claimed=True,
            )
            message = discord.messages.post(channel.id, Draft({"embeds": [{"title": "A card"}]}))
            assert card is not None  # noqa: S101 # no card shows this song yet
            await cards.acknowledge(card, message.id)

        await asyncio.gather(*map(post, targets, ended))
