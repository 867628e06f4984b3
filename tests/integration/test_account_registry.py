"""Connected accounts are polled, and their connections opened and closed, each on its own."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.accounts.registry import IDLE_TIMEOUT, MAX_CONCURRENT_OPENINGS
from bot.relay.errors import RelayError
from bot.storage.models import AccountOwner, Caller, Destination, EndReason, WatchRequest
from sandbox.relay import LocalRelay, song
from tests.support.account_harness import (
    SERVER,
    USER,
    AccountHarness,
    another_registry,
    open_accounts,
    tell_nobody,
    until,
)

ADA = 7
HERE = Destination(500, 50)
ELSEWHERE = Destination(600, 60)
ASKER = Caller(ADA, 50)


@pytest.fixture
async def relay() -> AsyncIterator[LocalRelay]:
    """Yield a relay with two songs."""
    async with LocalRelay() as relay:
        relay.add(song("one", takes=300), song("two", takes=300))
        yield relay


@pytest.fixture
async def harness(relay: LocalRelay, tmp_path: Path) -> AsyncIterator[AccountHarness]:
    """Yield the accounts of a bot without any connected one."""
    async with open_accounts(tmp_path, relay) as harness:
        yield harness


async def test_polls_begin_with_the_first_watch(harness: AccountHarness) -> None:
    """Nothing else starts them."""
    await harness.connect()
    await harness.watch("one", HERE)
    harness.relay.clock.advance(400)
    assert await harness.told(500) == [("one", EndReason.FINISHED)]


async def test_polls_begin_with_the_process(relay: LocalRelay, tmp_path: Path) -> None:
    """For the accounts of which tasks are watched; the others stay closed."""
    async with open_accounts(tmp_path, relay) as harness:
        account = await harness.connect()
        await harness.connect(USER)
        await harness.watch("one", HERE)
    relay.clock.advance(400)
    async with open_accounts(tmp_path, relay) as harness:
        await harness.registry.tick()
        assert harness.open_accounts == [account.id]
        assert await harness.told(500) == [("one", EndReason.FINISHED)]


async def test_a_watched_account_without_a_connection_is_opened_by_the_next_tick(
    harness: AccountHarness,
) -> None:
    """The rows say what has to be polled, whichever event was missed."""
    account = await harness.connect()
    await harness.watch("one", HERE)
    registry = another_registry(harness, tell_nobody)
    await registry.tick()
    assert [each.account for each in registry.connections] == [account.id]
    await registry.aclose()


async def test_all_watched_accounts_are_opened_by_one_tick(
    relay: LocalRelay, tmp_path: Path
) -> None:
    """Also if there are more than are opened at a time."""
    count = MAX_CONCURRENT_OPENINGS + 5
    async with open_accounts(tmp_path, relay, {"poll_interval": "60"}) as harness:
        people = range(100, 100 + count)
        await asyncio.gather(*(harness.connect(AccountOwner(user_id=n), user_id=n) for n in people))
        await asyncio.gather(*(harness.watch("one", Destination(n), n) for n in people))
    async with open_accounts(tmp_path, relay) as harness:
        await harness.registry.tick()
        assert len(harness.open_accounts) == count


async def test_idle_connections_close_and_open_again(harness: AccountHarness) -> None:
    """A connection stays open while its tasks run, and for a while after it was used."""
    server, own = await harness.connect(SERVER), await harness.connect(USER)
    await harness.watch("one", HERE)
    ahead = 0.0
    registry = another_registry(harness, tell_nobody, lambda: time.time() + ahead)
    await registry.for_caller(ASKER)
    ahead += IDLE_TIMEOUT - 100
    await registry.tick()
    assert {each.account for each in registry.connections} == {server.id, own.id}
    ahead += 100
    await registry.tick()
    assert [each.account for each in registry.connections] == [server.id]
    assert [each.account for each in await registry.for_caller(ASKER)] == [server.id, own.id]
    await registry.aclose()


async def test_an_unexpected_error_of_one_account_stops_no_other(
    harness: AccountHarness, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, and its own polls go on, too."""
    server, own = await harness.connect(SERVER), await harness.connect(USER)
    await harness.watch("one", HERE)
    await harness.services.watchlist.add(["two"], WatchRequest(ADA, ELSEWHERE))
    assert await harness.running_tasks() == [(server.id, "one"), (own.id, "two")]
    with closing(sqlite3.connect(tmp_path / "suno.db")) as another, another:
        another.execute(
            "CREATE TRIGGER fault BEFORE UPDATE ON tasks"
            f" WHEN NEW.account = '{own.id}' BEGIN SELECT raise(ABORT, 'a fault'); END"
        )
    harness.relay.clock.advance(400)

    async def logged() -> bool:
        return f"Tick failed, the loop goes on: loop=poll {own.id}" in caplog.text

    await until(logged)
    assert await harness.told(500) == [("one", EndReason.FINISHED)]
    with closing(sqlite3.connect(tmp_path / "suno.db")) as another, another:
        another.execute("DROP TRIGGER fault")
    assert await harness.told(600) == [("two", EndReason.FINISHED)]


async def test_closing_the_registry_leaves_nothing_running(tmp_path: Path) -> None:
    """Also in the middle of polls, look-ups, and a request to connect an account."""
    before = asyncio.all_tasks()
    async with LocalRelay() as relay, open_accounts(tmp_path, relay) as harness:
        relay.add(song("one", takes=300))
        await harness.connect()
        await harness.watch("one", HERE)
        release = asyncio.Event()
        relay.delay = release.wait
        asked = len(relay.requests)
        await relay.wait_for_requests(asked + 1)
        looking = asyncio.create_task(harness.services.task_reader.look_up(["two"], ASKER))
        connecting = asyncio.create_task(harness.connect(USER))
        await relay.wait_for_requests(asked + 3)
        await harness.registry.aclose()
        assert harness.open_accounts == []
        with pytest.raises(RelayError):
            await looking
        connecting.cancel()
        release.set()
        await asyncio.gather(connecting, return_exceptions=True)
    assert asyncio.all_tasks() == before


async def test_an_account_that_is_connected_during_a_stop_is_not_polled(
    harness: AccountHarness,
) -> None:
    """It is stored, and the next process uses it."""
    release = asyncio.Event()
    harness.relay.delay = release.wait
    connecting = asyncio.create_task(harness.connect())
    await harness.relay.wait_for_requests(1)
    await harness.registry.aclose()
    release.set()
    account = await connecting
    assert harness.open_accounts == []
    assert await harness.accounts.of(SERVER) == account


async def test_an_account_whose_key_cannot_be_read_disturbs_no_other(
    relay: LocalRelay, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says so once, however often the account would be needed."""
    async with open_accounts(tmp_path, relay) as harness:
        server, own = await harness.connect(SERVER), await harness.connect(USER)
        await harness.watch("one", HERE)
        await harness.services.watchlist.add(["two"], WatchRequest(ADA, ELSEWHERE))
        await harness.database.write(
            "UPDATE relay_accounts SET encrypted_key = x'00' WHERE id = ?", [own.id]
        )
    relay.clock.advance(400)
    async with open_accounts(tmp_path, relay) as harness:
        await harness.registry.tick()
        await harness.registry.tick()
        assert harness.open_accounts == [server.id]
        assert await harness.usable(user_id=ADA) == [server.id, "custom"]
        assert await harness.told(500) == [("one", EndReason.FINISHED)]
    assert caplog.text.count(f"Account cannot be used: account={own.id}") == 1
