"""Calls of discord.py are never cancelled, so that its gate for global rate limits opens again."""

import ast
import asyncio
import math
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import discord
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from bot.background import BackgroundLoops, Loop
from bot.client import request_trace
from bot.delivery.discord_calls import CallTimeout, DiscordCalls, LateCall, TooManyLateCalls
from bot.delivery.discord_requests import RequestMonitor
from bot.delivery.dispatcher import OutboxDispatcher
from bot.delivery.error_policy import RetryPolicy
from bot.delivery.live_card_updater import LiveCardTiming, LiveCardUpdater
from bot.i18n.catalog import catalog_for
from bot.metrics import Metrics
from bot.storage.database import DatabaseThread
from bot.storage.live_cards import LiveCards
from bot.storage.models import Destination, WatchRequest
from bot.storage.outbox import Outbox
from bot.storage.tasks import TaskStore
from bot.storage.terms import LeadershipLost, Term, working_for
from sandbox.discord import Channel, Guild, LocalDiscord, Message
from tests.support.builders import a_running_task, a_song, keys_of, watch_store_of
from tests.support.databases import location
from tests.support.delivery import a_dispatcher, a_live_card_updater
from tests.support.dispatcher_harness import POST, connected, traced_client
from tests.support.paths import ROOT

UNWATCHED = catalog_for("en-US").text("live-unwatched")
PATCH = "PATCH /channels/{id}/messages/{message}"
PACE = LiveCardTiming(
    edit_interval=0.05, tick_interval=0.05, call_timeout=0.1, shutdown_timeout=0.1
)
POLICY = RetryPolicy(attempt_timeout=0.1, first_delay=0.1, shutdown_timeout=0.1)


@dataclass
class CallHarness:
    """The dispatcher and the updater of live cards, with a Discord in real time."""

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

    async def enqueue(self, task_id: str, channel: Channel) -> None:
        """Enqueue the notice of a finished song."""
        destination = Destination(channel.id, self.guild.id)
        owner = self.local.state.owner.id
        await self.store.add_finished(
            a_song(task_id), WatchRequest(owner, destination), time.time()
        )

    async def states(self) -> list[str]:
        """Return the states of all deliveries."""
        rows = await self.outbox._database.read("SELECT state FROM deliveries ORDER BY id", [])
        return [row["state"] for row in rows]

    async def wait_for_messages(self, *channels: Channel) -> list[Message]:
        """Wait until each of these channels has its message."""
        await self.local.wait_for(
            lambda: all(one.messages for one in channels), 120, "the messages"
        )
        return [message for one in channels for message in one.messages]

    async def wait_for_states(self, states: list[str]) -> None:
        """Wait until the deliveries have these states."""
        async with asyncio.timeout(120):
            while await self.states() != states:  # noqa: ASYNC110 # polls the database
                await asyncio.sleep(0.02)

    @property
    def gate_is_open(self) -> bool:
        """Whether discord.py's gate for global rate limits is open."""
        return self.client.http._global_over.is_set()


@asynccontextmanager
async def running_loops(
    harness: CallHarness, dispatcher: OutboxDispatcher, updater: LiveCardUpdater | None = None
) -> AsyncIterator[None]:
    """Run the loops for deliveries and live cards, as the bot does."""
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
    """Return a harness with a connected client."""
    async with AsyncExitStack() as stack:
        local = await stack.enter_async_context(LocalDiscord())
        guild = local.add_guild("Song Club")
        database = await stack.enter_async_context(DatabaseThread(location(tmp_path / "suno.db")))
        request_monitor = RequestMonitor()
        client = traced_client(request_monitor)
        await stack.enter_async_context(connected(client, local))
        outbox = Outbox(database)
        cards = LiveCards(database)
        yield CallHarness(
            local,
            guild,
            client,
            outbox,
            TaskStore(database, outbox, "local"),
            cards,
            request_monitor,
        )


async def test_a_global_limit_longer_than_an_attempt_loses_no_notice(harness: CallHarness) -> None:
    """Every notice is posted once, and discord.py's gate is open afterwards."""
    channels = [harness.guild.add_channel(f"songs-{number}") for number in range(4)]
    fault = harness.local.faults.add(POST, retry_after=1.0, scope="global", times=2)
    for number, channel in enumerate(channels):
        await harness.enqueue(f"song-{number}", channel)
    async with running_loops(harness, harness.dispatcher()):
        await harness.local.wait_for(lambda: fault.hits, 120, "the limit")
        assert len(await harness.wait_for_messages(*channels)) == 4
        await harness.wait_for_states(["sent"] * 4)
    assert harness.gate_is_open


async def test_a_global_limit_during_an_edit_loses_nothing(harness: CallHarness) -> None:
    """The card is edited after the limit, and notices enqueued meanwhile are posted."""
    other = harness.guild.add_channel("other")
    updater = harness.updater()
    shown = await a_card_without_watchers(harness, updater)
    fault = harness.local.faults.add(PATCH, retry_after=1.0, scope="global", times=1)
    async with running_loops(harness, harness.dispatcher(), updater):
        await harness.local.wait_for(lambda: fault.hits, 120, "the limit")
        await harness.enqueue("another", other)
        await harness.wait_for_messages(other)
        await harness.local.wait_for(lambda: UNWATCHED in shown.content, 120, "the edit")
    assert harness.gate_is_open


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 404, "html": True},
        {"status": 200, "html": True},
        {"status": 403, "code": 0},
        {"status": 401},
    ],
    ids=str,
)
async def test_a_transient_edit_error_is_retried(
    harness: CallHarness, fault: dict[str, Any]
) -> None:
    """A proxy's page or an invalid token does not mean that the card is gone."""
    updater = harness.updater()
    shown = await a_card_without_watchers(harness, updater)
    harness.local.faults.add(PATCH, times=2, **fault)
    async with running_loops(harness, harness.dispatcher(), updater):
        await harness.local.wait_for(lambda: UNWATCHED in shown.content, 120, "the edit")


async def a_card_without_watchers(harness: CallHarness, updater: LiveCardUpdater) -> Message:
    """Post the card of a task that has lost its watchers and is not updated yet."""
    songs = harness.guild.add_channel("songs")
    destination = Destination(songs.id, harness.guild.id)
    await harness.store.add_watch(
        a_running_task(), WatchRequest(1, destination), time.time(), known=True, deadline=9999
    )
    card = await harness.cards.create(
        destination, keys_of("song", account="local"), time.time() - 1, user_id=1, claimed=True
    )
    assert card
    await updater.post(card)
    await watch_store_of(harness.store).remove(
        "song", user_id=1, channel_id=songs.id, now=time.time()
    )
    (shown,) = songs.messages
    return shown


async def test_nothing_is_claimed_during_a_global_limit(harness: CallHarness) -> None:
    """Due deliveries stay due, and no card is edited."""
    songs = harness.guild.add_channel("songs")
    harness.local.faults.add(POST, retry_after=60.0, scope="global", times=1)
    await harness.enqueue("song", songs)
    dispatcher = harness.dispatcher()
    await dispatcher.tick()
    async with asyncio.timeout(120):
        while not harness.request_monitor.global_wait:  # noqa: ASYNC110 # seen in an answer
            await asyncio.sleep(0.02)
    await harness.enqueue("another", harness.guild.add_channel("other"))
    wait = await dispatcher.tick()
    assert await harness.states() == ["sending", "due"]
    assert wait is not None
    assert wait - time.time() > 50
    assert (await harness.updater().tick() or 0) - time.time() > 50
    await dispatcher.finish()


async def test_shutdown_does_not_cancel_a_call(harness: CallHarness) -> None:
    """Only the waiter is cancelled; the gate opens again."""
    songs = harness.guild.add_channel("songs")
    updater, dispatcher = harness.updater(), harness.dispatcher()
    await a_card_without_watchers(harness, updater)
    harness.local.faults.add(POST, retry_after=0.5, scope="global", times=1)
    harness.local.faults.add(PATCH, retry_after=0.5, scope="global", times=1)
    await updater.tick()
    await updater.finish()
    user = await harness.client.fetch_user(harness.local.state.owner.id)
    await harness.enqueue("song", songs)
    await dispatcher.tick()
    await dispatcher.finish()
    assert user == await harness.client.fetch_user(user.id)
    assert harness.gate_is_open


async def test_a_late_success_is_recorded(harness: CallHarness) -> None:
    """A message whose first attempt is still running is not sent again."""
    songs = harness.guild.add_channel("songs")
    fault = harness.local.faults.add(POST, delay=0.5, times=None)
    await harness.enqueue("song", songs)
    async with running_loops(harness, harness.dispatcher()):
        await harness.wait_for_messages(songs)
        await harness.wait_for_states(["sent"])
    assert (fault.hits, len(songs.messages)) == (1, 1)


async def test_a_late_call_does_not_block_other_channels(harness: CallHarness) -> None:
    """Only the number of late calls is limited."""
    stuck, other, third = (harness.guild.add_channel(name) for name in ("stuck", "other", "third"))
    harness.local.faults.add(POST, delay=60.0, channel=stuck, times=None)
    await harness.enqueue("song", stuck)
    async with running_loops(
        harness, harness.dispatcher(replace(POLICY, max_concurrent=1, max_late_calls=2))
    ):
        await harness.wait_for_states(["sending"])
        await harness.enqueue("another", other)
        await harness.wait_for_messages(other)
        await harness.wait_for_states(["sending", "sent"])
    async with running_loops(
        harness, harness.dispatcher(replace(POLICY, max_concurrent=1, max_late_calls=1))
    ):
        await harness.wait_for_states(["sending", "sent"])
        await asyncio.sleep(2 * POLICY.attempt_timeout)
        await harness.enqueue("a-third", third)
        await asyncio.sleep(2 * POLICY.attempt_timeout)
        assert await harness.states() == ["sending", "sent", "due"]


async def test_a_timeout_does_not_cancel_the_call() -> None:
    """The call goes on, also if its waiter is cancelled."""
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


async def test_nothing_is_repeated_after_a_pause(harness: CallHarness) -> None:
    """A stopped process or a suspended machine resumes when Discord has forgotten the nonce."""
    songs = harness.guild.add_channel("songs")
    now = 0.0
    calls = DiscordCalls(timeout=25.0, clock=lambda: now)
    fault = harness.local.faults.add(POST, status=502, when="after", times=1)
    channel = harness.client.get_partial_messageable(songs.id, guild_id=harness.guild.id)
    call = calls.start(channel.send("a song", nonce="1"))
    await harness.local.wait_for(lambda: fault.hits, 120, "the message")
    now = 3600.0  # discord.py waits for a second before it repeats the request
    harness.local.nonce_window = 0.0
    with pytest.raises(LateCall):
        await call.result()
    assert len(songs.messages) == 1


class SlowResolver(AbstractResolver):
    """Resolves every name to this machine, when it may."""

    def __init__(self) -> None:
        self.asked, self.answers = asyncio.Event(), asyncio.Event()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the address of this machine."""
        self.asked.set()
        await self.answers.wait()
        return [
            ResolveResult(
                hostname=host, host="127.0.0.1", port=port, family=family, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        """Do nothing."""


@pytest.mark.parametrize("ends", ["term", "call"])
async def test_nothing_is_sent_on_a_connection_that_comes_too_late(ends: str) -> None:
    """Meanwhile another process may have led, searched a forum in vain, and posted the same.

    The connection is closed.
    """
    resolver, term, now = SlowResolver(), Term(1, math.inf), 0.0
    received = asyncio.get_running_loop().create_future()

    async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.set_result(await reader.read())  # to the end of the connection
        writer.close()

    server = await asyncio.start_server(receive, "127.0.0.1", 0)
    url = URL.build(scheme="http", host="discord.test", port=server.sockets[0].getsockname()[1])
    calls = DiscordCalls(timeout=25.0, clock=lambda: now)
    trace = request_trace(RequestMonitor(), Metrics())
    connector = aiohttp.TCPConnector(resolver=resolver)
    async with (
        server,
        aiohttp.ClientSession(connector=connector, trace_configs=[trace]) as session,
        asyncio.timeout(30),
    ):
        with working_for(term):
            call = calls.start(session.post(url / "channels/1/threads", json={}))
        await resolver.asked.wait()
        if ends == "term":
            term.end()
        now = 26.0 if ends == "call" else 0.0
        resolver.answers.set()
        with pytest.raises(LeadershipLost if ends == "term" else LateCall):
            await call.result()
        assert call.unrejected_posts == 0
        assert await received == b""


async def test_no_call_starts_beside_too_many_late_calls() -> None:
    """The next call starts when a late one has ended."""
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
    "bot/delivery/attachments/attachment_policy.py": {"acquire"},
    "bot/ui/autocomplete.py": {"find_recent"},
    "bot/delivery/attachments/audio_fetcher.py": {"_follow"},
    "bot/gateway.py": {"attempt"},
    "bot/background.py": {"wait"},
    "cogs/create_buttons.py": {"read_shown"},
    "bot/delivery/shared_rate_limiter.py": {"_ask"},
}
"""What is awaited within a time limit: a slot for a file, the database, a song's server, the
gateway's WebSocket, an event of ours, a relay, and again the database."""

CANCELLING = {
    "bot/delivery/dispatcher.py": {"finish", "abandon"},
    "bot/delivery/live_card_updater.py": {"finish", "abandon"},
    "bot/lifecycle.py": {"_run_client"},
    "bot/shutdown.py": {"stop", "run_until_signal"},
    "bot/background.py": {"stop", "_cancel", "_begin_to_lead"},
    "bot/leadership.py": {"_check"},
}
"""Functions that cancel tasks: at the end of the process, or of its time as the leader; and one
whose task only asks the database."""


def sources() -> Iterator[tuple[str, ast.Module]]:
    """Return the syntax trees of the modules that call discord.py."""
    for path in [
        *ROOT.glob("bot/*.py"),
        *ROOT.glob("bot/delivery/**/*.py"),
        *ROOT.glob("bot/ui/*.py"),
        *ROOT.glob("bot/watches/*.py"),
        *ROOT.glob("cogs/*.py"),
    ]:
        yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def test_the_exceptions_name_existing_modules() -> None:
    """An exception for a module that was moved would apply to nothing."""
    assert HARMLESS.keys() | CANCELLING.keys() <= {path for path, _ in sources()}


def last_name(node: ast.AST) -> str:
    """Return the last name of an expression or of its call; empty if it has none."""
    if isinstance(node, ast.Call):
        return last_name(node.func)
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def calls_under_timeout(node: ast.AST) -> set[str]:
    """Return the names of what is awaited inside a timeout that starts at this node."""
    if isinstance(node, ast.AsyncWith):
        if not {"timeout", "timeout_at"} & {last_name(item.context_expr) for item in node.items}:
            return set()
        return {last_name(one.value) for one in ast.walk(node) if isinstance(one, ast.Await)}
    if isinstance(node, ast.Call) and last_name(node) == "wait_for":
        return {last_name(argument) for argument in node.args[:1]}
    return {"TaskGroup"} if isinstance(node, ast.Call) and last_name(node) == "TaskGroup" else set()


def test_no_timeout_encloses_a_call_of_discord_py() -> None:
    """A timeout would cancel a call that has closed discord.py's gate."""
    for path, tree in sources():
        names = set().union(*map(calls_under_timeout, ast.walk(tree)))
        assert names == HARMLESS.get(path, set()), f"{path}: {names}"


def cancels_a_task(node: ast.AST) -> bool:
    """Whether a call is ``.cancel()`` without arguments, as of a task."""
    return isinstance(node, ast.Call) and last_name(node) == "cancel" and not node.args


def test_only_shutdown_cancels_tasks() -> None:
    """No other code beside discord.py's calls cancels a task."""
    for path, tree in sources():
        cancelling = {
            function.name
            for function in ast.walk(tree)
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
            and any(map(cancels_a_task, ast.walk(function)))
        }
        assert cancelling == CANCELLING.get(path, set()), path
