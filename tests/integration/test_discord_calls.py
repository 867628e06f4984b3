"""Calls into discord.py are never cancelled: a global rate limit silences nobody for good."""

import ast
import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import discord
import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

from bot.background import BackgroundLoops, Loop
from bot.delivery.discord_calls import CallTimeout, DiscordCalls, TooManyLateCalls
from bot.delivery.discord_requests import RequestMonitor
from bot.delivery.dispatcher import OutboxDispatcher
from bot.delivery.error_policy import RetryPolicy
from bot.delivery.live_card_updater import LiveCardTiming, LiveCardUpdater
from bot.storage.database import DatabaseThread
from bot.storage.live_cards import LiveCards
from bot.storage.models import Destination
from bot.storage.outbox import Outbox
from bot.storage.tasks import TaskStore
from sandbox.discord import Channel, Guild, LocalDiscord, Message
from tests.support.builders import a_running_task, a_song
from tests.support.delivery import a_dispatcher, a_live_card_updater
from tests.support.dispatcher_harness import POST, connected, traced_client
from tests.support.paths import ROOT

PATCH = "PATCH /channels/{id}/messages/{message}"
PACE = LiveCardTiming(
    edit_interval=0.05, tick_interval=0.05, call_timeout=0.1, shutdown_timeout=0.1
)
POLICY = RetryPolicy(attempt_timeout=0.1, first_delay=0.1, shutdown_timeout=0.1)


@dataclass
class CallHarness:
    """All that posts, at a Discord whose time runs."""

    local: LocalDiscord
    guild: Guild
    client: discord.Client
    outbox: Outbox
    store: TaskStore
    cards: LiveCards
    request_monitor: RequestMonitor

    def dispatcher(self, policy: RetryPolicy = POLICY) -> OutboxDispatcher:
        """Return a dispatcher."""
        return a_dispatcher(self.client, self.outbox, policy, request_monitor=self.request_monitor)

    def updater(self) -> LiveCardUpdater:
        """Return an updater of live cards."""
        return a_live_card_updater(
            self.client, self.cards, PACE, request_monitor=self.request_monitor
        )

    async def owe(self, task_id: str, channel: Channel) -> None:
        """Owe the notice of a finished song."""
        destination = Destination(channel.id, self.guild.id)
        owner = self.local.state.owner.id
        await self.store.add_finished(
            a_song(task_id), user_id=owner, destination=destination, now=time.time()
        )

    async def states(self) -> list[str]:
        """Return the states of all deliveries."""
        rows = await self.outbox._database.read("SELECT state FROM deliveries ORDER BY id", [])
        return [row["state"] for row in rows]

    async def posts(self, *channels: Channel) -> list[Message]:
        """Wait until each of these channels has its message."""
        await self.local.wait_for(lambda: all(one.messages for one in channels), 10, "the messages")
        return [message for one in channels for message in one.messages]

    async def until(self, states: list[str]) -> None:
        """Wait until the deliveries are in these states."""
        async with asyncio.timeout(10):
            while await self.states() != states:  # noqa: ASYNC110 # asked of the database
                await asyncio.sleep(0.02)

    @property
    def lets_requests_through(self) -> bool:
        """Whether discord.py's gate for global rate limits is open."""
        return self.client.http._global_over.is_set()


@asynccontextmanager
async def at_work(
    harness: CallHarness, dispatcher: OutboxDispatcher, updater: LiveCardUpdater | None = None
) -> AsyncIterator[None]:
    """Run the loops that deliver and show, as the bot does."""
    loops = [Loop("deliver", dispatcher.tick, harness.outbox.changed)]
    if updater:
        loops.append(Loop("show", updater.tick, asyncio.Event()))
    background = BackgroundLoops(loops, finish=(), on_failure=lambda _: None)
    background.start()
    try:
        yield
    finally:
        await background.stop()
        await dispatcher.finish()
        if updater:
            await updater.finish()


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[CallHarness]:
    """Return an office with a client that is connected."""
    async with AsyncExitStack() as stack:
        local = await stack.enter_async_context(LocalDiscord())
        guild = local.add_guild("Song Club")
        database = await stack.enter_async_context(DatabaseThread(tmp_path / "suno.db"))
        DiscordWebSocket.DEFAULT_GATEWAY = URL(local.gateway_url)
        Route.BASE = local.api_url
        request_monitor = RequestMonitor()
        client = traced_client(request_monitor)
        await stack.enter_async_context(connected(client, local.token))
        outbox = Outbox(database)
        cards = LiveCards(database, "local")
        yield CallHarness(
            local,
            guild,
            client,
            outbox,
            TaskStore(database, outbox, "local"),
            cards,
            request_monitor,
        )


async def test_a_global_limit_longer_than_a_try_silences_nobody(harness: CallHarness) -> None:
    """Every notice arrives once, and discord.py's gate is open again."""
    channels = [harness.guild.add_channel(f"songs-{number}") for number in range(4)]
    fault = harness.local.faults.add(POST, retry_after=1.0, scope="global", times=2)
    for number, channel in enumerate(channels):
        await harness.owe(f"song-{number}", channel)
    async with at_work(harness, harness.dispatcher()):
        await harness.local.wait_for(lambda: fault.hits, 5, "the limit")
        assert len(await harness.posts(*channels)) == 4
        await harness.until(["sent"] * 4)
    assert harness.lets_requests_through


async def test_a_global_limit_during_an_edit_silences_nobody(harness: CallHarness) -> None:
    """The card is edited when the limit is over, and a notice that came meanwhile goes out."""
    other = harness.guild.add_channel("other")
    updater = harness.updater()
    shown = await a_card_without_watchers(harness, updater)
    fault = harness.local.faults.add(PATCH, retry_after=1.0, scope="global", times=1)
    async with at_work(harness, harness.dispatcher(), updater):
        await harness.local.wait_for(lambda: fault.hits, 5, "the limit")
        await harness.owe("another", other)
        await harness.posts(other)
        await harness.local.wait_for(lambda: "Nobody" in str(shown.embeds), 5, "the edit")
    assert harness.lets_requests_through


@pytest.mark.parametrize(
    "fault", [{"status": 404, "html": True}, {"status": 403, "code": 0}, {"status": 401}], ids=str
)
async def test_an_edit_that_nothing_of_discords_refused_is_tried_again(
    harness: CallHarness, fault: dict[str, Any]
) -> None:
    """A proxy's page does not say that the card is gone, nor does a refused token."""
    updater = harness.updater()
    shown = await a_card_without_watchers(harness, updater)
    harness.local.faults.add(PATCH, times=2, **fault)
    async with at_work(harness, harness.dispatcher(), updater):
        await harness.local.wait_for(lambda: "Nobody" in str(shown.embeds), 5, "the edit")


async def a_card_without_watchers(harness: CallHarness, updater: LiveCardUpdater) -> Message:
    """Post the card of a task that everybody has left since; it does not say so yet."""
    songs = harness.guild.add_channel("songs")
    destination = Destination(songs.id, harness.guild.id)
    await harness.store.add_watch(
        a_running_task(),
        known=True,
        user_id=1,
        destination=destination,
        now=time.time(),
        deadline=9999,
    )
    card = await harness.cards.create(
        destination, ["song"], time.time() - 1, user_id=1, claimed=True
    )
    assert card
    await updater.post(card)
    await harness.store.remove_watch("song", user_id=1, channel_id=songs.id, now=time.time())
    (shown,) = songs.messages
    return shown


async def test_while_discord_takes_nothing_nothing_is_claimed(harness: CallHarness) -> None:
    """What is due stays due, and no card is edited."""
    songs = harness.guild.add_channel("songs")
    harness.local.faults.add(POST, retry_after=60.0, scope="global", times=1)
    await harness.owe("song", songs)
    dispatcher = harness.dispatcher()
    await dispatcher.tick()
    async with asyncio.timeout(5):
        while not harness.request_monitor.global_wait:  # noqa: ASYNC110 # seen in an answer
            await asyncio.sleep(0.02)
    await harness.owe("another", harness.guild.add_channel("other"))
    wait = await dispatcher.tick()
    assert await harness.states() == ["sending", "due"]
    assert wait is not None
    assert wait - time.time() > 50
    assert (await harness.updater().tick() or 0) - time.time() > 50
    await dispatcher.finish()


async def test_not_even_the_end_of_the_process_cancels_a_call(harness: CallHarness) -> None:
    """Who waits for it is cancelled, as the log-out follows; the gate opens all the same."""
    songs = harness.guild.add_channel("songs")
    updater, dispatcher = harness.updater(), harness.dispatcher()
    await a_card_without_watchers(harness, updater)
    harness.local.faults.add(POST, retry_after=0.5, scope="global", times=1)
    harness.local.faults.add(PATCH, retry_after=0.5, scope="global", times=1)
    await updater.tick()
    await updater.finish()
    user = await harness.client.fetch_user(harness.local.state.owner.id)
    await harness.owe("song", songs)
    await dispatcher.tick()
    await dispatcher.finish()
    assert user == await harness.client.fetch_user(user.id)
    assert harness.lets_requests_through


async def test_a_late_success_counts(harness: CallHarness) -> None:
    """The message is not sent again while its first try goes on, nor after it."""
    songs = harness.guild.add_channel("songs")
    fault = harness.local.faults.add(POST, delay=0.5, times=None)
    await harness.owe("song", songs)
    async with at_work(harness, harness.dispatcher()):
        await harness.posts(songs)
        await harness.until(["sent"])
    assert (fault.hits, len(songs.messages)) == (1, 1)


async def test_a_late_call_keeps_no_slot(harness: CallHarness) -> None:
    """Another channel is served beside it; but only until too many of them are late."""
    stuck, other, third = (harness.guild.add_channel(name) for name in ("stuck", "other", "third"))
    harness.local.faults.add(POST, delay=60.0, channel=stuck, times=None)
    await harness.owe("song", stuck)
    async with at_work(
        harness, harness.dispatcher(replace(POLICY, max_concurrent=1, max_late_calls=2))
    ):
        await harness.until(["sending"])
        await harness.owe("another", other)
        await harness.posts(other)
        await harness.until(["sending", "sent"])
    async with at_work(
        harness, harness.dispatcher(replace(POLICY, max_concurrent=1, max_late_calls=1))
    ):
        await harness.until(["sending", "sent"])
        await asyncio.sleep(2 * POLICY.attempt_timeout)
        await harness.owe("a-third", third)
        await asyncio.sleep(2 * POLICY.attempt_timeout)
        assert await harness.states() == ["sending", "sent", "due"]


async def test_who_waits_long_enough_leaves_the_call_alone() -> None:
    """It goes on to its end; so it does when the one who waits is cancelled."""
    calls = DiscordCalls(timeout=0.01)
    gate, ended = asyncio.Event(), []

    async def work(name: str) -> None:
        await gate.wait()
        ended.append(name)

    with pytest.raises(CallTimeout):
        await calls.run(work("late"))
    waiter = asyncio.create_task(calls.run(work("left")))
    await asyncio.sleep(0)
    waiter.cancel()
    await asyncio.wait({waiter})
    assert calls.late == 2
    gate.set()
    await asyncio.sleep(0.01)
    assert (ended, calls.late) == (["late", "left"], 0)


async def test_no_call_begins_beside_too_many_late_ones() -> None:
    """Until one of them has ended."""
    calls = DiscordCalls(timeout=0.01, max_late_calls=1)
    gate = asyncio.Event()
    with pytest.raises(CallTimeout):
        await calls.run(gate.wait())
    with pytest.raises(TooManyLateCalls):
        await calls.run(gate.wait())
    gate.set()
    await asyncio.sleep(0.01)
    assert await calls.run(gate.wait())


HARMLESS = {
    "bot/ui/autocomplete.py": {"recent"},
    "bot/delivery/attachments/audio_fetcher.py": {"_follow"},
    "bot/gateway.py": {"attempt"},
    "bot/background.py": {"wait"},
}
"""What is awaited within a time limit: the database, a song's server, the gateway's WebSocket, and
an event of ours."""

CANCELLING = {
    "bot/delivery/dispatcher.py": {"finish"},
    "bot/delivery/live_card_updater.py": {"finish"},
    "bot/app.py": {"_keep_connected"},
    "bot/shutdown.py": {"stop", "run_until_signal"},
    "bot/background.py": {"stop"},
}
"""Functions that cancel tasks: at the end of the process."""


def sources() -> Iterator[tuple[str, ast.Module]]:
    """Return each file from which discord.py is called, parsed."""
    for path in [
        *ROOT.glob("bot/*.py"),
        *ROOT.glob("bot/delivery/**/*.py"),
        *ROOT.glob("cogs/*.py"),
    ]:
        yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def last_name(node: ast.AST) -> str:
    """Return the last name of an expression, or of what it calls; empty where it has none."""
    if isinstance(node, ast.Call):
        return last_name(node.func)
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def limited(node: ast.AST) -> set[str]:
    """Return the names of what is awaited within the time limit that begins here."""
    if isinstance(node, ast.AsyncWith):
        if not {"timeout", "timeout_at"} & {last_name(item.context_expr) for item in node.items}:
            return set()
        return {last_name(one.value) for one in ast.walk(node) if isinstance(one, ast.Await)}
    if isinstance(node, ast.Call) and last_name(node) == "wait_for":
        return {last_name(argument) for argument in node.args[:1]}
    return {"TaskGroup"} if isinstance(node, ast.Call) and last_name(node) == "TaskGroup" else set()


def test_no_time_limit_encloses_a_call_into_discord() -> None:
    """For what it cancels may be asleep with discord.py's gate closed."""
    for path, tree in sources():
        names = set().union(*map(limited, ast.walk(tree)))
        assert names <= HARMLESS.get(path, set()), f"{path}: {names}"


def cancels_a_task(node: ast.AST) -> bool:
    """Whether a call is ``.cancel()``: what takes something off a list is told what."""
    return isinstance(node, ast.Call) and last_name(node) == "cancel" and not node.args


def test_only_the_end_of_the_process_cancels_tasks() -> None:
    """And nothing else in the parts that call discord.py."""
    for path, tree in sources():
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                cancels = any(map(cancels_a_task, ast.walk(function)))
                assert not cancels or function.name in CANCELLING.get(path, set()), path
