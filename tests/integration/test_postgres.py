"""PostgreSQL: lost connections, other processes, and databases that are not to be used."""

import asyncio
import json
import threading
import time
import traceback
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest

from bot.i18n.catalog import catalog_for
from bot.storage.database import DatabaseThread
from bot.storage.database_errors import (
    DatabaseForeign,
    DatabaseTooNew,
    DatabaseUncertain,
    DatabaseUnreachable,
    DatabaseUnusable,
)
from bot.storage.engine import Connection
from bot.storage.errors import CreationsPerDayReached
from bot.storage.models import Creation, CreationQuotas
from bot.storage.postgres.engine import WRITE_LOCK, PostgresEngine
from bot.storage.postgres.migrations import steps
from bot.ui.error_replies import error_text
from tests.support.creations import CreationHarness
from tests.support.databases import PostgresDatabases
from tests.support.postgres_proxy import Cut, PostgresProxy, open_proxy
from tests.support.postgres_server import PostgresServer, open_server

_WAITING = """
    SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
"""How many sessions of a database wait for an advisory lock."""
ADD = "INSERT INTO key_values (name, value) VALUES (?, '')"


@pytest.fixture
def databases(postgres_databases: PostgresDatabases) -> Iterator[PostgresDatabases]:
    """Yield the databases of a test."""
    yield postgres_databases
    postgres_databases.drop_all()


@pytest.fixture
def server(databases: PostgresDatabases) -> PostgresServer:
    """Return the server."""
    return databases.server


@pytest.fixture
def name(databases: PostgresDatabases) -> str:
    """Return the name of a database without rows."""
    return databases.name(Path("suno.db"))


@pytest.fixture
def url(server: PostgresServer, name: str) -> str:
    """Return the address of that database."""
    return server.url(name)


async def names_in(database: DatabaseThread) -> list[str]:
    """Return the names that were committed."""
    rows = await database.read("SELECT name FROM key_values ORDER BY name", [])
    return [row["name"] for row in rows]


async def states_in(database: DatabaseThread) -> list[str]:
    """Return the states of the requests to create that were committed."""
    rows = await database.read("SELECT state FROM creations", [])
    return [row["state"] for row in rows]


async def session_of(database: DatabaseThread) -> int:
    """Return the number of the session that writes."""
    return int(await database.run(lambda db: db.execute("SELECT pg_backend_pid()").fetchone()[0]))


def wait_for_waiting(connection: psycopg.Connection, count: int) -> None:
    """Return when so many sessions of the database wait for an advisory lock."""
    while connection.execute(_WAITING).fetchone() != (count,):
        time.sleep(0.01)


def end_sessions(server: PostgresServer, name: str) -> None:
    """End all sessions of a database at the server."""
    server.run(
        "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity"  # noqa: S608 # a name of ours
        f" WHERE datname = '{name}' AND pid != pg_backend_pid()"
    )


async def test_sessions_that_ended_between_transactions_are_not_noticed(
    server: PostgresServer, name: str, url: str
) -> None:
    """Both connections are made again, and nothing fails."""
    async with DatabaseThread(url) as database:
        await database.write(ADD, ["before"])
        assert await names_in(database) == ["before"]
        end_sessions(server, name)
        await database.write(ADD, ["after"])
        assert await names_in(database) == ["after", "before"]


async def test_a_session_that_ends_within_a_transaction_takes_it_back(
    server: PostgresServer, name: str, url: str
) -> None:
    """Everybody whose changes were to be committed together is told, and the next succeeds."""

    def interrupted(db: Connection) -> None:
        db.execute(ADD, ["first"])
        end_sessions(server, name)
        db.execute(ADD, ["second"])

    async with DatabaseThread(url) as database:
        errors = await asyncio.gather(
            database.write(ADD, ["earlier"]),
            database.run(interrupted),
            database.write(ADD, ["later"]),
            return_exceptions=True,
        )
        assert isinstance(errors[1], DatabaseUnreachable)
        assert all(isinstance(error, DatabaseUnreachable | int) for error in errors)
        kept = [
            name
            for name, error in zip(("earlier", "x", "later"), errors, strict=True)
            if not isinstance(error, Exception)
        ]
        assert await names_in(database) == kept
        await database.write(ADD, ["next"])
        assert await names_in(database) == sorted([*kept, "next"])


async def test_a_session_that_ends_after_the_last_statement_takes_the_transaction_back(
    server: PostgresServer, name: str, url: str
) -> None:
    """The commit finds out."""

    def interrupted(db: Connection) -> None:
        db.execute(ADD, ["lost"])
        end_sessions(server, name)

    async with DatabaseThread(url) as database:
        with pytest.raises(DatabaseUnreachable):
            await database.run(interrupted)
        await database.write(ADD, ["kept"])
        assert await names_in(database) == ["kept"]


async def test_a_reader_whose_session_ends_reads_again(
    server: PostgresServer, name: str, url: str
) -> None:
    """A function that only reads is simply called again."""
    calls = []

    def interrupted(db: Connection) -> int:
        calls.append(db.execute("SELECT 1").fetchone())
        if len(calls) == 1:
            end_sessions(server, name)
        return int(db.execute("SELECT 2").fetchone()[0])

    async with DatabaseThread(url) as database:
        assert await database.view(interrupted) == 2
        assert len(calls) == 2


async def test_a_commit_of_which_only_the_answer_is_lost_has_succeeded(
    server: PostgresServer, name: str, proxy: PostgresProxy
) -> None:
    """The server is asked, over another connection."""
    async with DatabaseThread(proxy.url(name)) as database:
        proxy.cut = Cut.AFTER_COMMIT
        await database.write(ADD, ["kept"])
        assert proxy.cuts == 1
        assert await names_in(database) == ["kept"]
        assert server.run("SELECT name FROM key_values", name) == [("kept",)]


async def test_a_commit_of_which_nobody_knows_is_told_as_such(
    name: str, proxy: PostgresProxy
) -> None:
    """Who tries again because it has failed may have it twice."""
    engine = PostgresEngine(proxy.url(name), reconnect_for=0.1)
    async with DatabaseThread(proxy.url(name), engine=engine) as database:
        proxy.cut, proxy.is_down = Cut.AFTER_COMMIT, True
        with pytest.raises(DatabaseUncertain) as lost:
            await database.write(ADD, ["kept"])
        proxy.is_down = False
        assert await names_in(database) == ["kept"]
    for locale in ("en-US", "zh-CN"):
        catalog = catalog_for(locale)
        assert error_text(lost.value, catalog) == catalog.text("error-uncertain")


async def test_a_commit_that_did_not_reach_the_server_has_failed(
    name: str, proxy: PostgresProxy
) -> None:
    """Who waits for it is told, and nothing is kept."""
    async with DatabaseThread(proxy.url(name)) as database:
        proxy.cut = Cut.BEFORE_COMMIT
        with pytest.raises(DatabaseUnreachable):
            await database.write(ADD, ["lost"])
        assert proxy.cuts == 1
        await database.write(ADD, ["next"])
        assert await names_in(database) == ["next"]


@pytest.fixture
async def proxy(server: PostgresServer) -> AsyncIterator[PostgresProxy]:
    """Yield a proxy before the server."""
    async with open_proxy(server.folder) as proxy:
        yield proxy


async def test_a_server_that_stops_and_starts_again_is_found_again(
    server: PostgresServer, url: str
) -> None:
    """While it is down everybody is told; nothing that was confirmed is lost."""
    async with DatabaseThread(url) as database:
        await database.write(ADD, ["before"])
        await names_in(database)
        server.stop()
        try:
            with pytest.raises(DatabaseUnreachable):
                await database.write(ADD, ["meanwhile"])
            with pytest.raises(DatabaseUnreachable):
                await names_in(database)
            with pytest.raises(DatabaseUnreachable):
                await database.check()
        finally:
            server.start()
        await database.write(ADD, ["after"])
        assert await names_in(database) == ["after", "before"]


async def test_a_standby_server_is_left_for_the_one_that_takes_changes(
    server: PostgresServer, name: str, proxy: PostgresProxy
) -> None:
    """After a failover, the address may lead to it for a while: nothing old is read there."""
    with open_server() as standby:
        standby.run(f"CREATE DATABASE {name} TEMPLATE template0")
        await asyncio.to_thread(standby.become_standby)
        async with DatabaseThread(proxy.url(name)) as database:
            await database.write(ADD, ["before"])
            assert await names_in(database) == ["before"]
            proxy.server = standby.folder
            await asyncio.to_thread(end_sessions, server, name)
            for failing in (database.write(ADD, ["meanwhile"]), names_in(database)):
                with pytest.raises(DatabaseUnreachable, match="standby") as refused:
                    await failing
                assert "server that takes changes" in refused.value.advice
            proxy.server = server.folder
            await database.write(ADD, ["after"])
            assert await names_in(database) == ["after", "before"]


async def test_who_waits_too_long_for_another_process_is_told(url: str) -> None:
    """The session stays, with all the locks that it holds."""
    patient = DatabaseThread(url)
    hasty = DatabaseThread(url, engine=PostgresEngine(url, lock_timeout=0.1))
    async with patient, hasty:
        session = await session_of(hasty)
        began, end = asyncio.Event(), threading.Event()
        loop = asyncio.get_running_loop()

        def write(db: Connection) -> None:
            db.execute(ADD, ["patient"])
            loop.call_soon_threadsafe(began.set)
            end.wait()

        writing = asyncio.create_task(patient.run(write))
        try:
            await began.wait()
            with pytest.raises(DatabaseUnreachable):
                await hasty.write(ADD, ["hasty"])
            assert await names_in(hasty) == []
        finally:
            end.set()
            await writing
        assert await session_of(hasty) == session
        await hasty.write(ADD, ["hasty"])
        assert await names_in(hasty) == ["hasty", "patient"]


async def test_transactions_of_two_processes_never_interleave(url: str) -> None:
    """No count is lost by a transaction that reads, and writes what it has read plus one."""

    def count(db: Connection) -> None:
        (value,) = db.execute("SELECT value FROM key_values WHERE name = 'count'").fetchone()
        db.execute("UPDATE key_values SET value = ? WHERE name = 'count'", [str(int(value) + 1)])

    async with (
        DatabaseThread(url, max_batch=1) as one,
        DatabaseThread(url, max_batch=1) as other,
    ):
        await one.write("INSERT INTO key_values (name, value) VALUES ('count', '0')", [])
        await asyncio.gather(*(each.run(count) for each in (one, other) for _ in range(50)))
        rows = await other.read("SELECT value FROM key_values", [])
        assert rows == [{"value": "100"}]


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read", "serializable"])
async def test_two_processes_never_share_the_last_place_of_a_quota(
    server: PostgresServer, name: str, url: str, isolation: str
) -> None:
    """Whatever isolation is the default there: who has waited sees what the other has stored."""
    server.run(f"ALTER DATABASE {name} SET default_transaction_isolation = '{isolation}'")
    async with DatabaseThread(url) as one, DatabaseThread(url) as other:
        processes = CreationHarness(one), CreationHarness(other)
        quotas = CreationQuotas(per_user=2)
        await processes[0].add(quotas=quotas)
        with psycopg.connect(url, autocommit=True) as third:
            third.execute("SELECT pg_advisory_lock(%s)", [WRITE_LOCK])
            adding = asyncio.gather(
                *(each.add(quotas=quotas) for each in processes), return_exceptions=True
            )
            await asyncio.to_thread(wait_for_waiting, third, 2)
        results = {type(result) for result in await adding}
        assert results == {Creation, CreationsPerDayReached}
        assert await states_in(other) == ["queued", "queued"]


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read"])
async def test_processes_that_start_together_create_the_schema_once(
    server: PostgresServer, isolation: str
) -> None:
    """Each of them can use it."""
    name = server.create_database()
    try:
        server.run(f"ALTER DATABASE {name} SET default_transaction_isolation = '{isolation}'")
        url = server.url(name)
        async with DatabaseThread(url) as one, DatabaseThread(url) as other:
            await one.write(ADD, ["one"])
            assert await names_in(other) == ["one"]
        assert {step for (step,) in server.run("SELECT name FROM schema_migrations", name)} == (
            steps().keys()
        )
    finally:
        server.drop_database(name)


async def test_a_database_of_a_later_version_is_refused(
    server: PostgresServer, name: str, url: str
) -> None:
    """It stays as it is."""
    server.run("INSERT INTO schema_migrations (name) VALUES ('m999_future')", name)
    with pytest.raises(DatabaseTooNew, match="m999_future"):
        await opened(url)


async def test_a_database_of_another_program_is_refused(server: PostgresServer) -> None:
    """Nothing is created in it."""
    name = server.create_database()
    try:
        server.run("CREATE TABLE invoices (id BIGINT)", name)
        with pytest.raises(DatabaseForeign):
            await opened(server.url(name))
        tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        assert server.run(tables, name) == [("invoices",)]
    finally:
        server.drop_database(name)


async def test_a_user_who_may_not_create_tables_is_refused(server: PostgresServer) -> None:
    """The error says what the server says."""
    name = server.create_database()
    try:
        server.run("CREATE ROLE guest LOGIN")
        with pytest.raises(DatabaseUnusable, match="permission denied"):
            await opened(server.url(name).replace("owner@", "guest@"))
    finally:
        server.drop_database(name)
        server.run("DROP ROLE guest")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ada:s3cret@127.0.0.1:1/suno",
        "postgresql://ada:s3cret@127.0.0.1:1/suno?connect_timeout=1&password=s3cret",
        "postgresql://ada:s3cret@127.0.0.1:port/suno",
        "postgresql://ada:x@s3cret@127.0.0.1:1/suno",
        "postgresql://ada:s3cret@[127.0.0.1/suno",
        "postgresql://ada:s3cret@127.0.0.1/suno?no_such_option=s3cret",
        "postgresql://ada:%zzs3cret@127.0.0.1:1/suno",
    ],
)
async def test_no_error_about_an_unreachable_server_names_the_password(url: str) -> None:
    """Neither its text nor what has caused it, where the address can be read or not."""
    with pytest.raises(DatabaseUnusable) as raised:
        await opened(url)
    assert "s3cret" not in "".join(traceback.format_exception(raised.value))
    assert "s3cret" not in str(DatabaseThread(url).location)


async def opened(url: str) -> None:
    """Open a database and close it again."""
    async with DatabaseThread(url):
        pass


async def test_a_table_with_a_new_column_is_read_as_before(
    server: PostgresServer, name: str, url: str
) -> None:
    """The process of a later version may add one at any time."""
    async with DatabaseThread(url) as database:
        await database.write(ADD, ["kept"])
        for _ in range(10):  # a statement that is asked often is prepared by many drivers
            await database.read("SELECT * FROM key_values", [])
        server.run("ALTER TABLE key_values ADD COLUMN since BIGINT", name)
        (row,) = await database.read("SELECT * FROM key_values", [])
        assert row["name"] == "kept"


async def test_a_statement_that_is_repeated_is_planned_once(url: str) -> None:
    """Planning takes longer than running it."""
    async with DatabaseThread(url) as database:
        for number in range(10):
            await database.write(ADD, [str(number)])
        prepared = await database.run(
            lambda db: db.execute("SELECT statement FROM pg_prepared_statements").fetchall()
        )
        assert any("INSERT INTO key_values" in statement for (statement,) in prepared)


async def test_text_with_a_null_character_is_stored(url: str) -> None:
    """The character is replaced, also where JSON names it."""
    async with DatabaseThread(url) as database:
        await database.write(ADD, ["a\0b"])
        assert await names_in(database) == ["a\ufffdb"]
        found = await database.read(
            "SELECT name FROM key_values WHERE name IN (SELECT value FROM json_each(?))",
            [json.dumps(["x", "a\0b", "\ud83d"])],
        )
        assert found == [{"name": "a\ufffdb"}]
        document = json.dumps({"a": "\0", "b": "\\u0000", "c": "\ud83d\0", "d": "🙂\ude42"})
        (row,) = await database.read(
            "SELECT json_valid(?1) AS valid, json_extract(?1, '$.a') AS a,"
            " json_extract(?1, '$.b') AS b, json_extract(?1, '$.c') AS c,"
            " json_extract(?1, '$.d') AS d",
            [document],
        )
        assert row == {
            "valid": True,
            "a": "\ufffd",
            "b": "\\u0000",
            "c": "\ufffd\ufffd",
            "d": "🙂\ufffd",
        }
