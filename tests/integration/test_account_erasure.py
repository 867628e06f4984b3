"""What ends with a relay account: removing the bot from a server, and forgetting a person."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.storage.database_errors import DATABASE_ERRORS
from bot.storage.errors import AccountDisconnectedMeanwhile
from bot.storage.models import NOBODY, Destination, ShardGuilds, WatchRequest
from bot.storage.retention import RETENTION_PERIOD, Retention
from sandbox.relay import LocalRelay, song
from tests.support.account_harness import SERVER, USER, AccountHarness, open_accounts
from tests.support.databases import unwritable

pytestmark = pytest.mark.both_engines


ADA, BEA = 7, 8
HERE = Destination(500, 50)
ELSEWHERE = Destination(600, 60)
DIRECT = Destination(700)
"""Ada's direct message."""
NOW = 1_800_000_000.0


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[AccountHarness]:
    """Yield the accounts of a bot without any connected one, and a relay with two songs."""
    async with LocalRelay() as relay, open_accounts(tmp_path, relay) as harness:
        relay.add(song("one", takes=300), song("two", takes=300))
        yield harness


async def remove_bot(harness: AccountHarness) -> None:
    """Remove the bot from the server, as its event does."""
    async with harness.accounts.erasing(SERVER):
        await harness.services.erasure.erase_server(50, NOW)


async def test_removing_the_bot_ends_what_is_watched_elsewhere_with_one_message(
    harness: AccountHarness,
) -> None:
    """The server's own watches go with its data; a direct message tells what happened."""
    await harness.connect()
    await harness.watch("one", HERE)
    await harness.watch("two", DIRECT, guild_id=50)
    await remove_bot(harness)
    assert await harness.messages() == {DIRECT.channel_id: [("two", "disconnected")]}
    assert await harness.running_tasks() == []
    assert await harness.accounts.of(SERVER) is None
    assert harness.open_accounts == []


async def test_a_server_that_has_only_an_account_is_noticed_when_it_is_missing(
    harness: AccountHarness,
) -> None:
    """Its account is deleted when Discord does not list it, the rest after the grace period."""
    await harness.connect()
    await harness.watch("one", HERE)
    await harness.watch("two", DIRECT, guild_id=50)
    await harness.services.server_settings.change(50, uploads=False)
    async with harness.accounts.erasing():
        await harness.services.departed_servers.compare(ShardGuilds(0, 1, frozenset()), NOW)
    assert await harness.accounts.of(SERVER) is None
    assert harness.open_accounts == []
    assert await harness.messages() == {
        HERE.channel_id: [("one", "disconnected")],
        DIRECT.channel_id: [("two", "disconnected")],
    }
    assert not (await harness.services.server_settings.of(50)).uploads


async def test_a_missing_server_is_disconnected_once_the_database_can_be_written(
    harness: AccountHarness,
) -> None:
    """Discord lists the servers once in a session, perhaps while the disk is full."""
    await harness.connect()
    await harness.watch("one", HERE)
    departures = harness.services.departed_servers
    async with unwritable(harness.database):
        with pytest.raises(DATABASE_ERRORS):
            await departures.compare(ShardGuilds(0, 1, frozenset()), NOW)
        assert await harness.accounts.of(SERVER) is not None
    await departures.erase_overdue(NOW)
    assert await harness.accounts.of(SERVER) is None
    assert await harness.messages() == {HERE.channel_id: [("one", "disconnected")]}


async def test_an_account_alone_makes_its_server_a_stored_one(harness: AccountHarness) -> None:
    """A removal that the bot did not hear of deletes the key, too."""
    await harness.connect()
    assert await harness.services.erasure.stored_server_ids() == {50}


async def test_forgetting_a_person_ends_what_others_watch_at_their_account(
    harness: AccountHarness,
) -> None:
    """They get a message; the person gets none, since nothing about them is kept."""
    account = await harness.connect(USER)
    await harness.watch("one", HERE, ADA)
    await harness.services.watchlist.add(
        ["one"], WatchRequest(BEA, ELSEWHERE), accounts={"one": account.id}
    )
    await harness.watch("two", DIRECT, ADA, guild_id=50)
    async with harness.accounts.erasing(USER):
        await harness.services.erasure.erase_user(ADA, DIRECT.channel_id, NOW)
    assert await harness.messages() == {ELSEWHERE.channel_id: [("one", "disconnected")]}
    assert await harness.running_tasks() == []
    assert await harness.accounts.of(USER) is None
    assert harness.open_accounts == []
    assert (await harness.services.erasure.personal_data(ADA)).nothing


async def test_forgetting_a_person_keeps_the_account_of_a_server(harness: AccountHarness) -> None:
    """Only who connected it is forgotten."""
    account = await harness.connect(SERVER, user_id=ADA)
    stored = await harness.services.erasure.personal_data(ADA)
    assert (stored.account, stored.connected_servers, stored.nothing) == (0, 1, False)
    async with harness.accounts.erasing(USER):
        await harness.services.erasure.erase_user(ADA, None, NOW)
    kept = await harness.accounts.of(SERVER)
    assert kept is not None
    assert (kept.id, kept.connected_by) == (account.id, NOBODY)
    assert (await harness.services.erasure.personal_data(ADA)).nothing


async def test_personal_data_names_the_own_account(harness: AccountHarness) -> None:
    """The question before an erasure counts it."""
    await harness.connect(USER)
    assert (await harness.services.erasure.personal_data(ADA)).account == 1


async def test_nothing_about_a_disconnected_account_stays_but_histories(
    harness: AccountHarness,
) -> None:
    """Histories belong to those who watched; all other rows expire like those of any task."""
    account = await harness.connect()
    await harness.watch("one", HERE)
    connection = await harness.registry.by_id(account.id)
    assert connection is not None
    await connection.tasks.record([], NOW)
    harness.relay.clock.advance(400)
    await harness.watch("two", HERE, BEA)  # has ended by now
    await harness.accounts.disconnect(SERVER)
    await connection.tasks.record([], NOW)  # a poll that was under way
    assert await rows_with(harness, account.id) == {"tasks", "watches", "deliveries", "history"}
    await harness.database.write("UPDATE deliveries SET state = 'sent', sent_at = ?", [NOW])
    await harness.database.write("UPDATE tasks SET ended_at = ?", [NOW])
    await Retention(harness.database).prune(NOW + RETENTION_PERIOD + 1)
    assert await rows_with(harness, account.id) == {"history"}
    await remove_bot(harness)
    async with harness.accounts.erasing():
        await harness.services.erasure.erase_user(BEA, None, NOW)
        await harness.services.erasure.erase_user(ADA, None, NOW)
    assert await rows_with(harness, account.id) == set()


async def test_a_key_that_is_tested_while_the_server_removes_the_bot_is_not_kept(
    harness: AccountHarness,
) -> None:
    """Neither in the database nor in a connection."""
    release = asyncio.Event()
    harness.relay.delay = release.wait
    connecting = asyncio.create_task(harness.connect())
    await harness.relay.wait_for_requests(1)
    await remove_bot(harness)
    release.set()
    with pytest.raises(AccountDisconnectedMeanwhile):
        await connecting
    assert await harness.accounts.of(SERVER) is None
    assert harness.open_accounts == []


async def rows_with(harness: AccountHarness, account: str) -> set[str]:
    """Return the tables that have rows about an account."""
    tables = ("tasks", "watches", "deliveries", "history", "live_card_tasks", "relay_accounts")
    found = set()
    for table in tables:
        column = "id" if table == "relay_accounts" else "account"
        if await harness.database.read(f"SELECT 1 FROM {table} WHERE {column} = ?", [account]):  # noqa: S608 # names of ours
            found.add(table)
    if await harness.database.read("SELECT 1 FROM key_values WHERE name LIKE ?", [f"{account}%"]):
        found.add("key_values")
    return found
