"""Users who look up invented ids do not delay the notices of other users.

A real relay on loopback, the real client, poller and database run at the default settings. Only
time is virtual: minutes pass in seconds, and a busy machine changes nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import mean

import aiohttp
import pytest
from pydantic import SecretStr

from bot.accounts.connection import AccountConnection
from bot.metrics import Metrics
from bot.polling.adaptive.planner import Planner
from bot.polling.poller import Poller
from bot.polling.schedule import Schedule
from bot.relay.client import RelayClient
from bot.relay.errors import RelayError
from bot.relay.providers import RelayProfile
from bot.storage.errors import TooManyLookups
from bot.storage.models import Caller, Destination, WatchRequest
from bot.storage.outbox import Outbox
from bot.storage.tasks import TaskStore
from bot.watches.lookup_limiter import LookupLimiter
from bot.watches.task_ids import MAX_IDS
from bot.watches.task_reader import TaskReader
from bot.watches.watchlist import Watchlist
from sandbox.relay import LocalRelay, song
from tests.support.builders import NOON, a_task_reader, a_watchlist
from tests.support.untimed_parts import UntimedDatabase, VirtualClock
from tests.support.virtual_time import run_in_virtual_time

BUDGET = 2.0
INTERVAL = 5.0
SONGS = 40
FIRST_END, BETWEEN_ENDS = 40.0, 2.0
MAX_WAIT = 600.0
"""Virtual seconds after which a notice counts as never come."""


@dataclass
class Load:
    """Everything between users and a relay, and the times at which notices came."""

    relay: LocalRelay
    clock: Callable[[], float]
    store: TaskStore
    outbox: Outbox
    watchlist: Watchlist
    task_reader: TaskReader
    poller: Poller
    delays: dict[str, float] = field(default_factory=dict)
    """By task, the seconds from its end at the relay to its notice."""

    async def poll(self) -> None:
        """Run the poller whenever it is due, as the bot's clock does."""
        while True:
            self.store.changed.clear()
            due_at = await self.poller.tick()
            pause = 60 if due_at is None else max(due_at - self.clock(), 0)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self.store.changed.wait()

    async def deliver(self, ends: dict[str, float]) -> None:
        """Claim due deliveries at once until every one of these tasks has its notice."""
        while ends.keys() - self.delays.keys():
            self.outbox.changed.clear()
            while deliveries := await self.outbox.claim(self.clock(), 100):
                for each in deliveries:
                    await self.outbox.acknowledge(each, message_id=1, now=self.clock())
                    if each.task.id in ends:
                        self.delays[each.task.id] = self.clock() - ends[each.task.id]
            await self.outbox.changed.wait()

    async def abuse(self, member: int, server: int) -> None:
        """Look up and watch ten invented ids every 15 seconds, whether answered or not."""
        destination = Destination(1000 + member, server, "en-US")
        async with asyncio.TaskGroup() as commands:
            for time in count():
                ids = [f"invented-{member}-{time}-{number}" for number in range(MAX_IDS)]
                commands.create_task(self._look_up(ids, Caller(member, server)))
                watch = self.watchlist.add(
                    ids, WatchRequest(member, destination), caller_guild_id=server
                )
                commands.create_task(watch)
                await asyncio.sleep(15)

    async def _look_up(self, ids: list[str], asker: Caller) -> None:
        with suppress(RelayError, TooManyLookups):
            await self.task_reader.look_up(ids, asker)


@asynccontextmanager
async def open_load(folder: Path) -> AsyncIterator[Load]:
    """Open a relay, a database and the parts between them, at the default settings."""
    now = asyncio.get_running_loop().time
    async with AsyncExitStack() as stack:
        relay = await stack.enter_async_context(LocalRelay())
        relay.clock = VirtualClock(lambda: NOON + now())
        database = await stack.enter_async_context(UntimedDatabase(folder / "suno.db"))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        profile = RelayProfile("local", relay.base_url, "/suno/fetch")
        client = RelayClient(
            session,
            profile,
            SecretStr(relay.key),
            requests_per_second=BUDGET,
            clock=now,
        )
        stack.push_async_callback(client.aclose)
        outbox = Outbox(database)
        store = TaskStore(database, outbox, "local")
        schedule = Schedule(Planner(INTERVAL), 86400)
        poller = Poller(
            client, store, schedule, batch_size=100, clock=relay.clock.now, metrics=Metrics()
        )
        stack.push_async_callback(poller.finish, 0)
        client.on_success(poller.resume)
        limiter = LookupLimiter(BUDGET, now)
        connection = AccountConnection("local", profile, client, store, poller, schedule)
        watchlist = a_watchlist(connection, limiter, relay.clock.now)
        task_reader = a_task_reader(connection, limiter, relay.clock.now)
        yield Load(relay, relay.clock.now, store, outbox, watchlist, task_reader, poller)


async def delays_beside(abusers: int, servers: int, folder: Path) -> list[float]:
    """Return the delays of the notices of other users while some abuse the bot.

    In seconds from the end of each song; the songs end one after the other.
    """
    async with open_load(folder) as load:
        takes = {f"song-{each}": FIRST_END + BETWEEN_ENDS * each for each in range(SONGS)}
        load.relay.add(*(song(name, takes=seconds) for name, seconds in takes.items()))
        ends = {name: load.clock() + seconds for name, seconds in takes.items()}
        running = [asyncio.create_task(load.poll())]
        for start in range(0, SONGS, MAX_IDS):
            ids = [*takes][start : start + MAX_IDS]
            await load.watchlist.add(
                ids, WatchRequest(start + 1, Destination(start + 1, 1, "en-US"))
            )
        running += [
            asyncio.create_task(load.abuse(100 + each, each % servers)) for each in range(abusers)
        ]
        with suppress(TimeoutError):
            async with asyncio.timeout(MAX_WAIT):
                await load.deliver(ends)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        return [load.delays.get(name, MAX_WAIT) for name in takes]


@pytest.fixture(scope="module")
def undisturbed_delays(tmp_path_factory: pytest.TempPathFactory) -> list[float]:
    """Return the delays of the notices while nobody abuses the bot."""
    return run_in_virtual_time(delays_beside(0, 1, tmp_path_factory.mktemp("undisturbed")))


def test_notices_come_within_one_poll_interval_without_abuse(
    undisturbed_delays: list[float],
) -> None:
    """Without abuse, each notice comes within one poll interval: the baseline of the next test."""
    assert max(undisturbed_delays) <= INTERVAL


@pytest.mark.parametrize(
    ("abusers", "servers"), [(1, 1), (20, 1), (20, 20)], ids=["one", "twenty", "twenty servers"]
)
def test_lookups_of_invented_ids_do_not_delay_notices(
    abusers: int, servers: int, undisturbed_delays: list[float], tmp_path: Path
) -> None:
    """Under abuse, each watch takes at most 1.5 times as long, and so does the average delay."""
    delays = run_in_virtual_time(delays_beside(abusers, servers, tmp_path))

    assert mean(delays) <= 1.5 * mean(undisturbed_delays)
    for number, (delay, undisturbed) in enumerate(zip(delays, undisturbed_delays, strict=True)):
        took = FIRST_END + BETWEEN_ENDS * number
        assert took + delay <= 1.5 * (took + undisturbed)
