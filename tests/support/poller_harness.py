"""A poller between a database and a local relay, on one clock."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from pydantic import SecretStr

from bot.accounts.connection import AccountConnection
from bot.metrics import Metrics
from bot.polling.adaptive.planner import Planner
from bot.polling.poller import Poller
from bot.polling.schedule import Schedule
from bot.relay.circuit_breaker import BackoffLimits
from bot.relay.client import RelayClient
from bot.relay.models import Task
from bot.relay.providers import RelayProfile
from bot.storage.database import DatabaseThread
from bot.storage.key_value import RelayAccess, create_fingerprint
from bot.storage.limits import WatchLimits
from bot.storage.models import Caller, Delivery, WatchOutcome, WatchRequest
from bot.storage.outbox import Outbox
from bot.storage.tasks import TaskStore
from bot.watches.lookup_limiter import LookupLimiter
from bot.watches.task_reader import TaskReader
from bot.watches.watchlist import Watchlist
from sandbox.relay import (
    LocalRelay,
)
from tests.support.builders import HERE, NOON, a_task_reader, a_watchlist, watch_store_of
from tests.support.databases import location

DEADLINE = 3600.0


NO_LIMITS = WatchLimits()


class ManualClock:
    """The poller's clock, which only the test moves."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        """Return the time (Unix seconds)."""
        return self.now


@dataclass(frozen=True)
class PollerHarness:
    """A relay, a database and the parts of the bot that poll."""

    relay: LocalRelay
    clock: ManualClock
    client: RelayClient
    schedule: Schedule
    store: TaskStore
    outbox: Outbox
    watchlist: Watchlist
    task_reader: TaskReader
    poller: Poller
    connection: AccountConnection
    """All of these, as the account of the operator."""

    async def watch(self, task_id: str, user_id: int = 1) -> WatchOutcome:
        """Watch a task; return the outcome."""
        (result,) = await self.watchlist.add([task_id], WatchRequest(user_id, HERE))
        return result.outcome

    async def poll_after(self, seconds: float) -> float | None:
        """Let time pass on both clocks, then poll; return when the next poll is due."""
        self.clock.now += seconds
        self.relay.clock.advance(seconds)
        await self.poller.tick()
        await self.poller.finish(None)
        return await self.poller.tick()

    async def ended_task(self, task_id: str) -> Task | None:
        """Return the stored task if it has ended."""
        return await watch_store_of(self.store).ended_task(
            task_id, Caller(1), [self.connection.account]
        )

    async def claim_due(self) -> list[Delivery]:
        """Claim the deliveries that are due now."""
        return await self.outbox.claim(self.clock.now, 100)


@asynccontextmanager
async def open_poller(
    path: Path,
    limits: WatchLimits = NO_LIMITS,
    *,
    interval: float = 5,
    relay: LocalRelay | None = None,
    clock: ManualClock | None = None,
) -> AsyncIterator[PollerHarness]:
    """Open a relay, a database and the parts between them.

    ``relay`` and ``clock`` are those of a harness that was closed, to continue with.
    """
    async with AsyncExitStack() as stack:
        if relay is None:
            relay = await stack.enter_async_context(LocalRelay())
        database = await stack.enter_async_context(DatabaseThread(location(path)))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        profile = RelayProfile("local", relay.base_url, "/suno/fetch")
        client = RelayClient(
            session,
            profile,
            SecretStr(relay.key),
            requests_per_second=1000,
            backoff=BackoffLimits(min_delay=0.0001, max_delay=0.0001, interactive_delay=0.0001),
            coalescing_window=0,
            reuse_ttl=0,
        )
        stack.push_async_callback(client.aclose)
        outbox = Outbox(database)
        access = RelayAccess("local", relay.base_url, SecretStr(relay.key))
        fingerprint = await create_fingerprint(database, access)
        store = TaskStore(database, outbox, "local", limits, fingerprint=fingerprint)
        clock = clock or ManualClock()
        schedule = Schedule(Planner(interval), DEADLINE)
        poller = Poller(client, store, schedule, batch_size=100, clock=clock, metrics=Metrics())
        client.on_success(poller.resume)
        connection = AccountConnection("local", profile, client, store, poller, schedule)
        limiter = LookupLimiter(1000)
        yield PollerHarness(
            relay,
            clock,
            client,
            schedule,
            store,
            outbox,
            a_watchlist(connection, limiter, clock),
            a_task_reader(connection, limiter, clock),
            poller,
            connection,
        )
