"""An updater of live cards with a database and a Discord, driven step by step."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import discord

from bot.delivery.discord_requests import RequestMonitor
from bot.delivery.live_card_updater import LiveCardTiming, LiveCardUpdater
from bot.delivery.relay_facts import RelayFacts
from bot.relay.models import Task
from bot.storage.database import DatabaseThread
from bot.storage.live_cards import LiveCards
from bot.storage.models import Destination, EndReason, PollResult, WatchRequest
from bot.storage.outbox import Outbox
from bot.storage.tasks import TaskStore
from sandbox.discord import Channel, Guild, LocalDiscord, Message
from tests.support.builders import keys_of, watch_store_of
from tests.support.databases import location
from tests.support.delivery import a_live_card_updater
from tests.support.dispatcher_harness import connected, traced_client

ADA = 1


@dataclass
class LiveCardHarness:
    """An updater of live cards, its database and its Discord, with one clock."""

    local: LocalDiscord
    guild: Guild
    songs: Channel
    client: discord.Client
    database: DatabaseThread
    request_monitor: RequestMonitor
    setback: float = 0.0
    """Seconds by which the bot's own clock was set back."""
    updaters: list[LiveCardUpdater] = field(default_factory=list)
    relay_failing_since: float | None = None
    failing_account: str = "local"

    def __post_init__(self) -> None:
        self.outbox = Outbox(self.database)
        self.store = TaskStore(self.database, self.outbox, "local")
        self.cards = LiveCards(self.database)
        self.restart()

    @property
    def now(self) -> float:
        """The bot's time (Unix seconds); it stands still until ``work`` moves it."""
        return self.local.clock.now() - self.setback

    def restart(self) -> None:
        """Start another updater with the same database."""
        pace = LiveCardTiming(tick_interval=0)
        updater = a_live_card_updater(
            self.client,
            self.cards,
            pace,
            clock=lambda: self.now,
            request_monitor=self.request_monitor,
            relay_facts=RelayFacts(failing_since=self._failing_since),
        )
        self.updaters.append(updater)

    def _failing_since(self) -> dict[str, float]:
        since = self.relay_failing_since
        return {} if since is None else {self.failing_account: since}

    async def watch(self, *tasks: Task, user: int = ADA, channel: Channel | None = None) -> None:
        """Watch tasks with a live card, by default in the channel ``songs``."""
        destination = Destination((channel or self.songs).id, self.guild.id)
        for task in tasks:
            await self.store.add_watch(
                task, WatchRequest(user, destination), self.now, known=True, deadline=86400
            )
        keys = keys_of(*(task.id for task in tasks), account="local")
        await self.cards.create(destination, keys, self.now, user_id=user)

    async def unwatch(self, *ids: str, user: int = ADA) -> None:
        """Stop watching tasks."""
        for task_id in ids:
            await watch_store_of(self.store).remove(task_id, user_id=user, now=self.now)

    async def end(self, task: Task) -> None:
        """End a task and record its notices as sent."""
        seen = PollResult(task.id, self.now, task=task, end_reason=EndReason.FINISHED)
        await self.store.record([seen], self.now)
        for delivery in await self.outbox.claim(self.now, 9):
            await self.outbox.acknowledge(delivery, message_id=99, now=self.now)

    async def work(self, after: float = 0.0) -> list[Message]:
        """Let time pass, post and edit what is due; return the messages in ``songs``."""
        self.local.clock.advance(after)
        for _ in range(5):
            await self.updaters[-1].tick()
            await self.updaters[-1].finish()
        return self.songs.messages

    def requests(self, method: str) -> int:
        """Return the number of requests of a kind."""
        return sum(request.method == method for request in self.local.requests)


@asynccontextmanager
async def open_live_card_harness(folder: Path) -> AsyncIterator[LiveCardHarness]:
    """Open a harness with a connected client."""
    async with AsyncExitStack() as stack:
        local = await stack.enter_async_context(LocalDiscord())
        local.clock.stop()
        local.rate_limits.enabled = False  # whose time would stand still too
        guild = local.add_guild("Song Club")
        songs = guild.add_channel("songs")
        database = await stack.enter_async_context(DatabaseThread(location(folder / "suno.db")))
        request_monitor = RequestMonitor()
        client = traced_client(request_monitor)
        await stack.enter_async_context(connected(client, local))
        yield LiveCardHarness(local, guild, songs, client, database, request_monitor)
