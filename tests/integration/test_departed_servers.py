import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.storage.database import DatabaseThread
from bot.storage.database_errors import DATABASE_ERRORS
from bot.storage.erasure import Erasure
from bot.storage.models import ShardGuilds
from bot.storage.retention import GRACE_PERIOD, DepartedServers, missing_servers
from bot.storage.server_settings import ServerSettingsStore
from sandbox.discord import Channel, Guild
from sandbox.relay import song
from tests.support.builders import NOON
from tests.support.databases import location, unwritable
from tests.support.sandbox_session import SandboxSession, open_sandbox, running_assembled_bot

pytestmark = pytest.mark.both_engines


EVEN, ODD = 2 << 22, 3 << 22
"""Servers of the first and the second of two shards."""


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[DatabaseThread]:
    """Return a database with data of two servers."""
    async with DatabaseThread(location(tmp_path / "suno.db")) as database:
        settings = ServerSettingsStore(database)
        for guild_id in (EVEN, ODD):
            await settings.change(guild_id, uploads=True)
        yield database


async def stored_servers(database: DatabaseThread) -> set[int]:
    """Return the servers of which data are stored."""
    return await Erasure(database).stored_server_ids()


async def missing_since(database: DatabaseThread) -> dict[int, float]:
    """Return the servers that are recorded as missing, and since when."""
    rows = await database.read("SELECT guild_id, missing_since FROM departed_servers", [])
    return {row["guild_id"]: row["missing_since"] for row in rows}


def listed(*guild_ids: int, shard_id: int = 0, shard_count: int = 1) -> ShardGuilds:
    """Return the servers that Discord lists for a shard."""
    return ShardGuilds(shard_id, shard_count, frozenset(guild_ids))


@pytest.mark.parametrize(
    ("shard", "missing"),
    [
        (listed(), {EVEN, ODD}),
        (listed(EVEN), {ODD}),
        (listed(EVEN, ODD, 4 << 22), set()),
        (listed(shard_id=0, shard_count=2), {EVEN}),
        (listed(shard_id=1, shard_count=2), {ODD}),
        (listed(EVEN, shard_id=0, shard_count=2), set()),
    ],
)
def test_a_server_is_missing_if_its_own_shard_does_not_list_it(
    shard: ShardGuilds, missing: set[int]
) -> None:
    """The list of another shard does not matter."""
    assert missing_servers({EVEN, ODD}, shard) == missing


async def test_a_missing_server_is_kept_for_a_day(database: DatabaseThread) -> None:
    """The grace period begins when the server is first missing, however often it is after that."""
    departures = DepartedServers(database)
    await departures.compare(listed(ODD), NOON)
    await departures.compare(listed(ODD), NOON + GRACE_PERIOD - 2)
    await departures.erase_overdue(NOON + GRACE_PERIOD - 1)
    assert await stored_servers(database) == {EVEN, ODD}
    await departures.erase_overdue(NOON + GRACE_PERIOD)
    assert await stored_servers(database) == {ODD}
    assert await database.read("SELECT * FROM departed_servers", []) == []


async def test_a_server_that_could_not_be_erased_when_it_left_is_erased_soon(
    database: DatabaseThread,
) -> None:
    """Without a grace period, because it has said so itself; not if it is back."""
    departures = DepartedServers(database)
    departures.mark_left(EVEN)
    departures.mark_left(ODD)
    assert departures.changed.is_set()
    await departures.cancel(ODD)
    await departures.erase_overdue(NOON)
    assert await stored_servers(database) == {ODD}


async def test_a_list_that_could_not_be_compared_is_compared_soon(database: DatabaseThread) -> None:
    """The database may be full when a session starts, and Discord lists the servers only then."""
    departures = DepartedServers(database)
    async with unwritable(database):
        with pytest.raises(DATABASE_ERRORS):
            await departures.compare(listed(ODD), NOON)
        assert departures.changed.is_set()
        with pytest.raises(DATABASE_ERRORS):
            await departures.erase_overdue(NOON)
    await departures.erase_overdue(NOON)
    assert await missing_since(database) == {EVEN: NOON}
    await departures.erase_overdue(NOON + GRACE_PERIOD)
    assert await stored_servers(database) == {ODD}


async def test_a_server_that_joins_before_a_list_can_be_compared_is_kept(
    database: DatabaseThread,
) -> None:
    """The list does not have it; another server that it lacks is missing all the same."""
    departures = DepartedServers(database)
    async with unwritable(database):
        with pytest.raises(DATABASE_ERRORS):
            await departures.compare(listed(), NOON)
    await departures.cancel(EVEN)
    await departures.erase_overdue(NOON)
    assert await missing_since(database) == {ODD: NOON}


async def test_a_server_that_joins_while_a_list_is_compared_is_kept(
    database: DatabaseThread,
) -> None:
    """Its record is deleted as soon as the loop ticks again."""
    departures = DepartedServers(database)
    comparing = asyncio.create_task(departures.compare(listed(), NOON))
    await asyncio.sleep(0)  # the database has the list now
    await departures.cancel(EVEN)
    await comparing
    assert departures.changed.is_set()
    await departures.erase_overdue(NOON)
    assert await missing_since(database) == {ODD: NOON}


async def test_a_newer_list_replaces_one_that_could_not_be_compared(
    database: DatabaseThread,
) -> None:
    """A shard whose session is a new one has listed its servers anew; other shards have not."""
    departures = DepartedServers(database)
    async with unwritable(database):
        for shard_id in (0, 1):
            with pytest.raises(DATABASE_ERRORS):
                await departures.compare(listed(shard_id=shard_id, shard_count=2), NOON)
    await departures.compare(listed(EVEN, shard_id=0, shard_count=2), NOON)
    await departures.erase_overdue(NOON)
    assert await missing_since(database) == {ODD: NOON}


async def test_the_grace_period_continues_after_a_restart(database: DatabaseThread) -> None:
    """Nothing is erased before Discord has listed the servers to the new process."""
    await DepartedServers(database).compare(listed(ODD), NOON)
    later = NOON + 2 * GRACE_PERIOD
    departures = DepartedServers(database)
    await departures.erase_overdue(later)
    assert await stored_servers(database) == {EVEN, ODD}
    await departures.compare(listed(ODD), later)
    await departures.erase_overdue(later)
    assert await stored_servers(database) == {ODD}


@pytest.mark.parametrize("how", ["listed", "joined"])
async def test_a_server_that_is_listed_again_is_kept(database: DatabaseThread, how: str) -> None:
    """A new grace period begins if it is missing once more."""
    departures = DepartedServers(database)
    await departures.compare(listed(ODD), NOON)
    if how == "listed":
        await departures.compare(listed(EVEN, ODD), NOON + 1)
    else:
        await departures.cancel(EVEN)
    await departures.erase_overdue(NOON + GRACE_PERIOD)
    assert await stored_servers(database) == {EVEN, ODD}
    await departures.compare(listed(ODD), NOON + GRACE_PERIOD)
    await departures.erase_overdue(NOON + GRACE_PERIOD + 1)
    assert await stored_servers(database) == {EVEN, ODD}


async def test_a_shard_does_not_affect_servers_of_another(database: DatabaseThread) -> None:
    """A shard that begins a new session lists its own servers alone."""
    departures = DepartedServers(database)
    await departures.compare(listed(shard_id=0, shard_count=2), NOON)
    await departures.compare(listed(ODD, shard_id=1, shard_count=2), NOON + 1)
    await departures.erase_overdue(NOON + GRACE_PERIOD)
    assert await stored_servers(database) == {ODD}


def a_guild_of(sandbox: SandboxSession, shard: int) -> Guild:
    """Return a new server that belongs to one of two shards."""
    while True:
        guild = sandbox.discord.add_guild("Another Club")
        if (guild.id >> 22) % 2 == shard:
            return guild
        sandbox.discord.add_user("Filler")  # so that the next id may fall on the other shard


async def watch_in(sandbox: SandboxSession, guild: Guild) -> Channel:
    """Let Ada watch a running song in a channel of a server."""
    if sandbox.ada.id not in guild.members:
        guild.add_member(sandbox.ada)
    channel = guild.add_channel("here")
    sandbox.relay.add(song(f"song-{guild.id}", takes=1000))
    asked = await sandbox.discord.command(sandbox.ada, channel, "suno watch", id=f"song-{guild.id}")
    await asked.wait_for_answer()
    return channel


async def test_a_removal_while_its_shard_is_disconnected_is_detected(tmp_path: Path) -> None:
    """The data are erased a day after the next session begins; an outage is no removal."""
    async with open_sandbox(tmp_path, shards=2) as sandbox:
        first, second, down = (a_guild_of(sandbox, shard) for shard in (0, 1, 1))
        async with running_assembled_bot(sandbox) as bot:
            for guild in (first, second, down):
                await watch_in(sandbox, guild)
            sandbox.discord.suspend_shard(1)
            await sandbox.discord.drop_gateway(shard=1)
            sandbox.discord.expire_sessions(shard=1)
            second.remove_bot()
            down.start_outage()
            sandbox.discord.release_shard(1)
            await until_missing(sandbox, second)
            departures, forgetting = bot.services.departed_servers, bot.services.erasure
            await departures.erase_overdue(time.time() + GRACE_PERIOD - 60)
            assert await forgetting.stored_server_ids() == {first.id, second.id, down.id}
            await departures.erase_overdue(time.time() + GRACE_PERIOD)
            assert await forgetting.stored_server_ids() == {first.id, down.id}


async def test_a_server_that_invites_the_bot_again_is_kept(tmp_path: Path) -> None:
    """A new invitation cancels the erasure of a server that was missing."""
    async with open_sandbox(tmp_path) as sandbox:
        async with running_assembled_bot(sandbox):
            await watch_in(sandbox, sandbox.guild)
        sandbox.guild.remove_bot()
        async with running_assembled_bot(sandbox) as bot:
            await until_missing(sandbox, sandbox.guild)
            sandbox.guild.add_bot()
            await until_missing(sandbox)
            await bot.services.departed_servers.erase_overdue(time.time() + GRACE_PERIOD)
            assert await bot.services.erasure.stored_server_ids() == {sandbox.guild.id}


async def test_a_server_that_is_missing_while_the_disk_is_full_is_recorded_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The list that Discord sent at the start of the session is compared when that succeeds."""
    async with open_sandbox(tmp_path) as sandbox:
        async with running_assembled_bot(sandbox):
            await watch_in(sandbox, sandbox.guild)
        sandbox.guild.remove_bot()
        change_database(
            sandbox,
            "CREATE TRIGGER fault BEFORE INSERT ON departed_servers"
            " BEGIN SELECT raise(ABORT, 'the disk is full'); END",
        )
        async with running_assembled_bot(sandbox):
            await until_logged(caplog, "Ignoring exception in on_shard_guilds")
            change_database(sandbox, "DROP TRIGGER fault")
            await until_missing(sandbox, sandbox.guild)


def change_database(sandbox: SandboxSession, sql: str) -> None:
    """Change the database of the sandbox's bot, which may be running."""
    with closing(sqlite3.connect(sandbox.folder / "suno.db")) as database, database:
        database.execute(sql)


async def until_logged(caplog: pytest.LogCaptureFixture, text: str) -> None:
    """Wait until a text is logged."""
    async with asyncio.timeout(120):
        while text not in caplog.text:  # noqa: ASYNC110 # a log notifies nobody
            await asyncio.sleep(0.01)


async def until_missing(sandbox: SandboxSession, *guilds: Guild) -> None:
    """Wait until exactly these servers are recorded as missing."""
    async with asyncio.timeout(120):
        while True:
            with closing(sqlite3.connect(sandbox.folder / "suno.db")) as database:
                noted = database.execute("SELECT guild_id FROM departed_servers").fetchall()
            if {guild_id for (guild_id,) in noted} == {guild.id for guild in guilds}:
                return
            await asyncio.sleep(0.05)
