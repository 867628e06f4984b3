"""An account that is slow, broken or greedy does not delay the notices of another.

Real relays on loopback, and the real registry, clients, pollers and database, run at the default
settings. Only time is virtual: minutes pass in seconds, and a busy machine changes nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, quantiles

import aiohttp
import pytest
from pydantic import SecretStr

from bot.accounts.connection import AccountConnection
from bot.accounts.registry import AccountRegistry
from bot.background import Loop, run_forever
from bot.metrics import Metrics
from bot.polling.adaptive.planner import Planner
from bot.polling.poller import Poller
from bot.polling.schedule import Schedule
from bot.relay.client import RelayClient
from bot.relay.providers import RelayProfile
from bot.storage.limits import WatchLimits
from bot.storage.models import AccountOwner, Destination, RelayAccount, WatchRequest
from bot.storage.outbox import Outbox
from bot.storage.relay_accounts import RelayAccountStore
from bot.storage.tasks import TaskStore
from sandbox.relay import LocalRelay, song, stuck
from tests.support.builders import NOON, a_running_task
from tests.support.untimed_parts import UntimedDatabase, VirtualClock
from tests.support.virtual_time import run_in_virtual_time

INTERVAL, RATE = 5.0, 2.0
SONGS = 40
FIRST_END, BETWEEN_ENDS = 40.0, 2.0
MAX_WAIT = 600.0
"""Virtual seconds after which a notice counts as never come."""
TASKS_OF_THE_GREEDY = 1000
SLOW_ANSWER = 30.0
"""Virtual seconds."""
LIMITS = WatchLimits(watches_per_user=10_000, watches_per_server=10_000)
TOLERANCE = 1.1


@dataclass
class Accounts:
    """Connected accounts, each with a relay of its own, in one bot."""

    stack: AsyncExitStack
    database: UntimedDatabase
    session: aiohttp.ClientSession
    clock: Callable[[], float]
    relays: dict[str, LocalRelay] = field(default_factory=dict)
    """By base URL."""
    rates: dict[str, float] = field(default_factory=dict)
    """By base URL, how many requests a second an account may send."""

    def __post_init__(self) -> None:
        self.outbox = Outbox(self.database)
        self.store = RelayAccountStore(self.database, self.outbox)
        self.registry = AccountRegistry(
            self.store,
            self._open,
            None,
            is_shared=False,
            tell_rejected=_say_nothing,
            on_failure=lambda _: None,
            clock=self.clock,
        )

    async def add(self, number: int, tasks: Sequence[str], rate: float = RATE) -> LocalRelay:
        """Connect the account of a server, whose members watch some tasks; return its relay."""
        relay = await self.stack.enter_async_context(LocalRelay())
        relay.clock = VirtualClock(self.clock)
        self.rates[relay.base_url] = rate
        owner = AccountOwner(guild_id=number)
        account = await self.store.connect(owner, lambda each: an_account(each, owner, relay))
        self.relays[relay.base_url] = relay
        tasks_of_account = TaskStore(self.database, self.outbox, account.id, LIMITS)
        for task_id in tasks:
            await tasks_of_account.add_watch(
                a_running_task(task_id),
                WatchRequest(number, Destination(number, number)),
                self.clock(),
                known=True,
                deadline=86400,
            )
        return relay

    async def _open(self, account: RelayAccount) -> AccountConnection:
        relay = self.relays[account.base_url]
        profile = RelayProfile(account.relay, account.base_url, account.fetch_path)
        client = RelayClient(
            self.session,
            profile,
            SecretStr(account.key_ending),
            requests_per_second=self.rates[account.base_url],
            clock=asyncio.get_running_loop().time,
        )
        tasks = TaskStore(self.database, self.outbox, account.id, LIMITS)
        schedule = Schedule(Planner(INTERVAL), 86400)
        poller = Poller(
            client, tasks, schedule, batch_size=100, clock=relay.clock.now, metrics=Metrics()
        )
        client.on_success(poller.resume)
        return AccountConnection(account.id, profile, client, tasks, poller, schedule)

    async def delays(self, ends: dict[str, float]) -> list[float]:
        """Claim messages at once; return how long after its end each of these tasks was told."""
        told: dict[str, float] = {}
        with suppress(TimeoutError):
            async with asyncio.timeout(MAX_WAIT):
                while ends.keys() - told.keys():
                    self.outbox.changed.clear()
                    while deliveries := await self.outbox.claim(self.clock(), 100):
                        for each in deliveries:
                            await self.outbox.acknowledge(each, message_id=1, now=self.clock())
                            told[each.task.id] = self.clock()
                    await self.outbox.changed.wait()
        return [told[each] - at if each in told else MAX_WAIT for each, at in ends.items()]


async def _say_nothing(_account: RelayAccount) -> bool:
    """Tell nobody that a key is refused."""
    return True


def an_account(account_id: str, owner: AccountOwner, relay: LocalRelay) -> RelayAccount:
    """Return an account at a relay; no key is encrypted here."""
    return RelayAccount(
        id=account_id,
        owner=owner,
        relay="custom",
        base_url=relay.base_url,
        fetch_path="/suno/fetch",
        encrypted_key=account_id.encode(),
        key_ending=relay.key,
        connected_by=owner.guild_id or 0,
        connected_at=NOON,
        locale="en-US",
    )


@asynccontextmanager
async def open_account_relays(folder: Path) -> AsyncIterator[Accounts]:
    """Open an empty database, and close the relays in the end."""
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(UntimedDatabase(folder / "suno.db"))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        accounts = Accounts(stack, database, session, lambda: NOON + loop.time())
        stack.push_async_callback(accounts.registry.aclose)
        yield accounts


Trouble = Callable[[Accounts], Awaitable[None]]
"""Connects accounts that make trouble, whose tasks are watched."""


async def none(_accounts: Accounts) -> None:
    """Leave the healthy account alone."""


async def one_of_each(accounts: Accounts) -> None:
    """One account is slow, the key of one is refused, one is down, and one has too many tasks."""
    slow = await accounts.add(2, ["slow"])
    slow.delay = lambda: asyncio.sleep(SLOW_ANSWER)
    slow.add(stuck("slow"))
    rejecting = await accounts.add(3, ["rejected"])
    rejecting.key = "sk-another"
    down = await accounts.add(4, ["down"])
    down.start_outage()
    ids = [f"greedy-{number}" for number in range(TASKS_OF_THE_GREEDY)]
    greedy = await accounts.add(5, ids)
    greedy.add(*map(stuck, ids))


async def many_that_wait_for_their_rate_limit(accounts: Accounts) -> None:
    """Let a hundred accounts send a request every hundred seconds only."""
    for number in range(2, 102):
        relay = await accounts.add(number, [f"waiting-{number}"], rate=0.01)
        relay.add(stuck(f"waiting-{number}"))


async def delays_beside(trouble: Trouble, folder: Path) -> list[float]:
    """Return the delays of the notices of a healthy account while others make trouble.

    In seconds from the end of each song; the songs end one after the other.
    """
    async with open_account_relays(folder) as accounts:
        takes = {f"song-{each}": FIRST_END + BETWEEN_ENDS * each for each in range(SONGS)}
        await trouble(accounts)
        healthy = await accounts.add(1, list(takes))
        healthy.add(*(song(name, takes=seconds) for name, seconds in takes.items()))
        ends = {name: accounts.clock() + seconds for name, seconds in takes.items()}
        loop = Loop("accounts", accounts.registry.tick, asyncio.Event())
        ticking = asyncio.create_task(run_forever(loop, {}, pytest.fail, clock=accounts.clock))
        delays = await accounts.delays(ends)
        ticking.cancel()
        await asyncio.gather(ticking, return_exceptions=True)
        await accounts.registry.aclose()
        return delays


@pytest.fixture(scope="module")
def delays_alone(tmp_path_factory: pytest.TempPathFactory) -> list[float]:
    """Return the delays of the notices of an account without others."""
    return run_in_virtual_time(delays_beside(none, tmp_path_factory.mktemp("alone")))


def test_notices_come_within_one_poll_interval_alone(delays_alone: list[float]) -> None:
    """The baseline of the next test."""
    assert max(delays_alone) <= INTERVAL


@pytest.mark.parametrize("trouble", [one_of_each, many_that_wait_for_their_rate_limit])
def test_the_trouble_of_other_accounts_delays_no_notice(
    trouble: Trouble, delays_alone: list[float], tmp_path: Path
) -> None:
    """On average, and for the slowest of twenty."""
    delays = run_in_virtual_time(delays_beside(trouble, tmp_path))

    assert mean(delays) <= TOLERANCE * mean(delays_alone)
    assert quantiles(delays, n=20)[-1] <= TOLERANCE * quantiles(delays_alone, n=20)[-1]
