"""Kills the bot while it creates: each request is charged at most once, and told truthfully."""

import asyncio
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from bot.relay.creation import CreationKind, CreationRequest
from bot.storage.creations import CreationStore
from bot.storage.database import DatabaseThread
from bot.storage.live_cards import LiveCards
from bot.storage.models import Creation, CreationState, Destination, NewCreation
from bot.storage.outbox import Outbox
from sandbox.bot_process import BotProcess
from sandbox.relay import LocalRelay
from tests.support.account_harness import until
from tests.support.creations import let_create
from tests.support.sandbox_session import SandboxSession

OPERATOR = "custom"
CREATES = {"SHARED_RELAY_CREATES": "true"}
"""The operator's account may be charged; else what waits for it is cancelled."""
SONG = CreationRequest(CreationKind.DESCRIPTION, description="a harbour", model="chirp-v4")


async def store_requests(sandbox: SandboxSession, count: int = 1) -> list[Creation]:
    """Store requests of Ada while no bot runs; return them."""
    async with DatabaseThread(sandbox.folder / "suno.db") as database:
        await let_create(database, sandbox.guild.id)
        store = CreationStore(database, Outbox(database), LiveCards(database))
        new = NewCreation(
            account=OPERATOR,
            request=SONG,
            user_id=sandbox.ada.id,
            destination=Destination(sandbox.songs.id, sandbox.guild.id),
            caller_guild_id=sandbox.guild.id,
            now=time.time(),
            deadline=86400.0,
        )
        return [(await store.add(new)).creation for _ in range(count)]


def states(folder: Path) -> list[CreationState]:
    """Read the states of the requests while a bot may run."""
    with closing(sqlite3.connect(f"file:{folder / 'suno.db'}?mode=ro", uri=True)) as database:
        rows = database.execute("SELECT state FROM creations ORDER BY id").fetchall()
    return [CreationState(state) for (state,) in rows]


async def until_states(sandbox: SandboxSession, *wanted: CreationState) -> None:
    """Wait until the requests have these states."""

    async def reached() -> bool:
        return states(sandbox.folder) == list(wanted)

    async with asyncio.timeout(120):
        await until(reached)


@contextmanager
def no_connections(port: int) -> Iterator[None]:
    """Let nobody connect to a port: whoever tries waits."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(0)
        for waiting in (first, second):
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", port))
        yield


async def ready(sandbox: SandboxSession, bot: BotProcess) -> None:
    """Start the bot, and wait until it is connected."""
    await bot.start()
    await sandbox.discord.wait_until_ready(timeout=120)


async def restarted_message(sandbox: SandboxSession, bot: BotProcess, creation: Creation) -> str:
    """Start the bot anew; return the only message about a request."""
    await ready(sandbox, bot)
    notice = await sandbox.wait_for_notice(creation.pending_task_id)
    await until_states(sandbox, CreationState.UNCONFIRMED)
    assert await bot.stop() == 0
    assert sandbox.notices(creation.pending_task_id) == [notice]
    return str(notice.payload())


async def test_a_kill_before_the_request_is_sent_is_told_and_nothing_charged(
    sandbox: SandboxSession,
) -> None:
    """After the claim nobody knows whether it was sent, so it is not sent again."""
    (creation,) = await store_requests(sandbox)
    async with LocalRelay() as relay:
        port = int(relay.base_url.rpartition(":")[2])
    settings = sandbox.environment | CREATES | {"SUNO_BASE_URL": relay.base_url}
    bot = BotProcess(sandbox.folder, settings)
    with no_connections(port):
        await ready(sandbox, bot)
        await until_states(sandbox, CreationState.SUBMITTING)
        await bot.kill()
    await sandbox.discord.wait_until_disconnected()
    async with LocalRelay(port=port) as relay:
        await restarted_message(sandbox, bot, creation)
        assert relay.submissions.recorded == []


async def test_a_kill_before_the_answer_is_told_and_charged_once(sandbox: SandboxSession) -> None:
    """The relay has begun the song; the bot cannot know it, and says so."""
    (creation,) = await store_requests(sandbox)
    answer = asyncio.Event()
    sandbox.relay.delay = answer.wait
    bot = BotProcess(sandbox.folder, sandbox.environment | CREATES)
    await ready(sandbox, bot)

    async def is_charged() -> bool:
        return bool(sandbox.relay.submissions.charges)

    async with asyncio.timeout(120):
        await until(is_charged)
    await bot.kill()
    answer.set()
    await sandbox.discord.wait_until_disconnected()
    await restarted_message(sandbox, bot, creation)
    assert len(sandbox.relay.submissions.charges) == 1


@pytest.mark.parametrize("delay", [0.0, 0.01, 0.03, 0.1, 0.3])
async def test_kills_at_any_time_charge_nothing_twice(
    sandbox: SandboxSession, delay: float
) -> None:
    """Every request ends in its song, or in the message that it may have been charged."""
    creations = await store_requests(sandbox, 3)
    bot = BotProcess(sandbox.folder, sandbox.environment | CREATES)
    await ready(sandbox, bot)
    await asyncio.sleep(delay)
    await bot.kill()
    await sandbox.discord.wait_until_disconnected()
    await ready(sandbox, bot)
    settled = {CreationState.SUBMITTED, CreationState.UNCONFIRMED}

    async def all_settled() -> bool:
        return settled.issuperset(states(sandbox.folder))

    async with asyncio.timeout(120):
        await until(all_settled)
    sandbox.relay.clock.advance(300)
    by_state = dict(zip(creations, states(sandbox.folder), strict=True))
    charged = [task_id for each in sandbox.relay.submissions.charges for task_id in each.task_ids]
    unconfirmed = [
        each.pending_task_id
        for each, state in by_state.items()
        if state is CreationState.UNCONFIRMED
    ]
    submitted = len(creations) - len(unconfirmed)
    assert submitted <= len(charged) <= len(creations)
    for task_id in unconfirmed:
        await sandbox.wait_for_notice(task_id)

    def songs() -> list[str]:
        return [each for each in charged if sandbox.notices(each)]

    await sandbox.discord.wait_for(lambda: len(songs()) == submitted, 60)
    assert await bot.stop() == 0
    assert all(len(sandbox.notices(each)) == 1 for each in (*unconfirmed, *songs()))
