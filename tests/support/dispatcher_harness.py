"""An outbox dispatcher between a database and a local Discord, on one clock."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import discord

from bot.client import request_trace
from bot.delivery.discord_requests import RequestMonitor
from bot.delivery.dispatcher import OutboxDispatcher
from bot.delivery.error_policy import RetryPolicy
from bot.metrics import Metrics
from bot.relay.models import Task
from bot.storage.database import DatabaseThread
from bot.storage.delivery_rows import VISIBLE_STATE
from bot.storage.models import Destination, WatchRequest
from bot.storage.outbox import Outbox
from bot.storage.tasks import TaskStore
from sandbox.discord import Channel, Guild, LocalDiscord, Message, Request, User
from sandbox.discord.channel_kinds import FORUMS
from tests.support.databases import location
from tests.support.delivery import a_dispatcher
from tests.support.sandbox_client import redirect_discord_py

POST = "POST /channels/{id}/messages"

START_POST = "POST /channels/{id}/threads"

POLICY = RetryPolicy(first_delay=1, max_delay=300, held_retry_interval=600, hold_after=86400)


@dataclass
class DispatcherHarness:
    """A dispatcher between an outbox and a Discord; all use the clock of Discord."""

    local: LocalDiscord
    channel: Channel
    outbox: Outbox
    store: TaskStore
    dispatcher: OutboxDispatcher
    client: discord.Client
    request_monitor: RequestMonitor

    @property
    def guild(self) -> Guild:
        """The guild of the channel."""
        return next(iter(self.local.state.guilds.values()))

    @property
    def now(self) -> float:
        """The time (Unix seconds); it stands still until ``deliver`` moves it."""
        return self.local.clock.now()

    async def enqueue(self, task: Task, *users: int, channel: Channel | None = None) -> None:
        """Enqueue the notice of a finished task for the users who watched it in a channel."""
        where = destination_of(channel or self.channel)
        known = replace(task)
        for user in users or (self.local.state.owner.id,):
            await self.store.add_watch(
                known, WatchRequest(user, where), self.now, known=True, deadline=60
            )
        await self.store.add_finished(known, WatchRequest((users or (1,))[0], where), self.now)

    async def deliver(self, after: float = 0.0) -> list[Message]:
        """Advance the clock, send all due deliveries; return the messages in the channel."""
        self.local.clock.advance(after)
        while True:
            self.outbox.changed.clear()
            next_at = await self.dispatcher.tick()
            await self.dispatcher.finish()
            due = await self.outbox.next_at()
            if due is None or due > self.now:
                return self.channel.messages
            assert next_at is None or next_at <= self.now or self.outbox.changed.is_set()

    async def states(self) -> list[tuple[str, str | None]]:
        """Return the state and reason of every delivery, as users see them."""
        rows = await self.outbox._database.read(
            f"SELECT {VISIBLE_STATE} AS state, coalesce(b.reason, d.reason) AS reason"  # noqa: S608 # names of ours
            " FROM deliveries d LEFT JOIN blocked_channels b ON b.channel_id = d.channel_id"
            " ORDER BY d.id",
            [],
        )
        return [(row["state"], row["reason"]) for row in rows]


def destination_of(channel: Channel) -> Destination:
    """Return a channel as the destination of notices."""
    guild_id = channel.guild.id if channel.guild else None
    return Destination(channel.id, guild_id, forum=channel.kind in FORUMS)


def traced_client(
    request_monitor: RequestMonitor, shard_id: int | None = None, shard_count: int | None = None
) -> discord.Client:
    """Return a client that reports its requests, as the bot does."""
    return discord.Client(
        intents=discord.Intents(guilds=True),
        guild_ready_timeout=0.01,
        http_trace=request_trace(request_monitor, Metrics()),
        shard_id=shard_id,
        shard_count=shard_count,
    )


@asynccontextmanager
async def sent_from_another_shard(
    dispatching: DispatcherHarness,
) -> AsyncIterator[DispatcherHarness]:
    """Send with a client of another shard, to which the gateway never sends the server."""
    other = 1 - (dispatching.guild.id >> 22) % 2
    client = traced_client(dispatching.request_monitor, other, 2)
    async with connected(client, dispatching.local):
        assert client.get_guild(dispatching.guild.id) is None
        dispatcher = a_dispatcher(
            client,
            dispatching.outbox,
            POLICY,
            clock=dispatching.local.clock.now,
            request_monitor=dispatching.request_monitor,
        )
        yield replace(dispatching, client=client, dispatcher=dispatcher)


@asynccontextmanager
async def connected(client: discord.Client, local: LocalDiscord) -> AsyncIterator[None]:
    """Log a client in to a local Discord, and keep it connected."""
    with redirect_discord_py(local):
        async with client:
            await client.login(local.token)
            connection = asyncio.create_task(client.connect())
            await client.wait_until_ready()
            yield
        await connection


@asynccontextmanager
async def open_dispatcher(folder: Path) -> AsyncIterator[DispatcherHarness]:
    """Start a Discord without rate limits, and a dispatcher whose client is connected to it."""
    async with AsyncExitStack() as stack:
        local = await stack.enter_async_context(LocalDiscord(rate_limited=False))
        local.gateway.identify_limits.seconds = 0
        local.clock.stop()
        guild = local.add_guild("Song Club")
        channel = guild.add_channel("songs")
        database = await stack.enter_async_context(DatabaseThread(location(folder / "suno.db")))
        request_monitor = RequestMonitor()
        client = traced_client(request_monitor)
        await stack.enter_async_context(connected(client, local))
        outbox = Outbox(database)
        store = TaskStore(database, outbox, "local")
        dispatcher = a_dispatcher(
            client, outbox, POLICY, clock=local.clock.now, request_monitor=request_monitor
        )
        yield DispatcherHarness(local, channel, outbox, store, dispatcher, client, request_monitor)


def add_member(dispatching: DispatcherHarness, name: str = "Ada") -> User:
    """Add a user to the guild."""
    user = dispatching.local.add_user(name)
    dispatching.guild.add_member(user)
    return user


def message_requests(dispatching: DispatcherHarness) -> list[Request]:
    """Return the requests that posted to the channel."""
    path = f"/channels/{dispatching.channel.id}/messages"
    return [one for one in dispatching.local.requests if (one.method, one.path) == ("POST", path)]
