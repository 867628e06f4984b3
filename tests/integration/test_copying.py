"""The copy of a database from one engine to the other, and back."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from bot.storage.copying import TABLES, CopyError, copy_database
from bot.storage.database import DatabaseThread, engine_at
from bot.storage.database_errors import DatabaseInUse
from bot.storage.postgres.connection import APPLICATION_NAME
from bot.storage.postgres.engine import SESSION_TIMEOUT
from tests.support.databases import PostgresDatabases
from tests.support.paths import ROOT
from tests.support.released_schema import fill

_WAITS_FOR_A_TABLE = (
    "SELECT 1 FROM pg_locks WHERE relation = 'key_values'::regclass AND NOT granted"
)

_SLEEPS = """
    SELECT 1 FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event = 'PgSleep'
"""


@pytest.fixture
def url(postgres_databases: PostgresDatabases, tmp_path: Path) -> Iterator[str]:
    """Yield the address of an empty PostgreSQL database."""
    yield postgres_databases.url(tmp_path / "postgres")
    postgres_databases.drop_all()


async def filled(path: Path) -> Path:
    """Return a file with one of everything in it."""
    async with DatabaseThread(path) as database:
        await fill(database)
    return path


def contents(path: Path) -> dict[str, list[str]]:
    """Return the rows of all tables, and the last ids that were given."""
    with closing(sqlite3.connect(path)) as connection:
        tables = {
            table: sorted(repr(row) for row in connection.execute(f"SELECT * FROM {table}"))  # noqa: S608 # names of ours
            for table in TABLES
        }
        given = connection.execute("SELECT name, seq FROM sqlite_sequence ORDER BY name")
        return {**tables, "ids": [repr(row) for row in given]}


def test_every_table_is_copied(tmp_path: Path, url: str) -> None:
    """A table that a migration adds has to be added to the list."""
    path = asyncio.run(filled(tmp_path / "suno.db"))
    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute(
            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'"
            " AND name NOT LIKE '%sqlite_%' AND name NOT LIKE 'history_index%'"
        )
        assert {name for (name,) in tables} == set(TABLES)
    assert [copy.name for copy in copy_database(engine_at(path), engine_at(url))] == list(TABLES)


def test_a_database_comes_back_as_it_was(tmp_path: Path, url: str) -> None:
    """From a file to PostgreSQL and into another file: every row, and the ids that come next."""
    first, second = asyncio.run(filled(tmp_path / "first.db")), tmp_path / "second.db"
    with closing(sqlite3.connect(first)) as connection, connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("DELETE FROM live_cards")  # its ids are not given again
    there = copy_database(engine_at(first), engine_at(url))
    back = copy_database(engine_at(url), engine_at(second))
    assert there == back
    assert sum(copy.rows for copy in there) > 50
    assert contents(second) == contents(first)


def test_the_copy_is_searched_and_goes_on(tmp_path: Path, url: str) -> None:
    """New rows do not clash with copied ones."""
    path = asyncio.run(filled(tmp_path / "suno.db"))
    copy_database(engine_at(path), engine_at(url))

    async def go_on() -> int:
        async with DatabaseThread(url) as database:
            add = "INSERT INTO history (account, task_id, end_reason, ended_at, words, task_json)"
            return await database.write(f"{add} VALUES ('a', 'new', 'finished', 0, '', '{{}}')", [])

    assert asyncio.run(go_on()) == 1


def test_what_is_added_to_the_copy_comes_back_after_what_was_copied(
    tmp_path: Path, url: str
) -> None:
    """A message and a live card that go on there keep the order of what they are about."""
    first, second = asyncio.run(filled(tmp_path / "first.db")), tmp_path / "second.db"
    copy_database(engine_at(first), engine_at(url))
    additions = (
        "INSERT INTO delivery_tasks (delivery_id, task_id, end_reason, task_json)"
        " SELECT delivery_id, 'new', end_reason, task_json FROM delivery_tasks"
        " ORDER BY delivery_id LIMIT 1",
        "INSERT INTO live_card_tasks (card_id, account, task_id)"
        " SELECT card_id, account, 'new' FROM live_card_tasks ORDER BY card_id LIMIT 1",
    )

    async def add() -> None:
        async with DatabaseThread(url) as database:
            for addition in additions:
                await database.write(addition, [])

    asyncio.run(add())
    copy_database(engine_at(url), engine_at(second))
    with closing(sqlite3.connect(first)) as connection, connection:
        for addition in additions:
            connection.execute(addition)
    assert ordered(second) == ordered(first)


def ordered(path: Path) -> list[tuple[str, int, str, int]]:
    """Return what each message and each live card is about, in its order."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(
            "SELECT 'message', delivery_id, task_id, rowid AS place FROM delivery_tasks"
            " UNION ALL SELECT 'card', card_id, task_id, rowid FROM live_card_tasks"
            " ORDER BY 1, place"
        ).fetchall()


def test_nothing_is_copied_over_rows(tmp_path: Path, url: str) -> None:
    """A target that is not empty stays as it is."""
    first = asyncio.run(filled(tmp_path / "first.db"))
    second = asyncio.run(filled(tmp_path / "second.db"))
    before = contents(second)
    copy_database(engine_at(first), engine_at(url))
    with pytest.raises(CopyError, match="not empty"):
        copy_database(engine_at(url), engine_at(second))
    with pytest.raises(CopyError, match="not empty"):
        copy_database(engine_at(first), engine_at(url))
    assert contents(second) == before


async def test_nothing_is_copied_while_a_bot_runs(tmp_path: Path, url: str) -> None:
    """On either side."""
    path = await filled(tmp_path / "suno.db")
    async with DatabaseThread(path):
        with pytest.raises(DatabaseInUse):
            await asyncio.to_thread(copy_database, engine_at(path), engine_at(url))
    async with DatabaseThread(url):
        with pytest.raises(CopyError, match="running"):
            await asyncio.to_thread(copy_database, engine_at(path), engine_at(url))


def test_a_session_that_is_about_to_end_is_waited_for(tmp_path: Path, url: str) -> None:
    """The server may end it a moment after its process has ended."""
    path = asyncio.run(filled(tmp_path / "suno.db"))
    ended = psycopg.connect(url, application_name=APPLICATION_NAME)
    with ThreadPoolExecutor() as pool, psycopg.connect(url, autocommit=True) as observer, ended:
        copying = pool.submit(copy_database, engine_at(path), engine_at(url))
        while not copying.done() and not observer.execute(_SLEEPS).fetchone():
            time.sleep(0.01)
        ended.close()
        assert copying.result()


def start_copy(folder: Path, target: str, **settings: str) -> subprocess.Popen[str]:
    """Start the command in a folder."""
    return subprocess.Popen(
        [sys.executable, "-m", "bot", "copy-database", target],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "DISCORD_TOKEN": "token",
            "SUNO_API_KEY": "key",
            "DATABASE_PATH": "suno.db",
            **settings,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run_copy(folder: Path, target: str, **settings: str) -> tuple[int, str]:
    """Run the command in a folder; return its exit code and what it prints."""
    process = start_copy(folder, target, **settings)
    printed, _ = process.communicate()
    return process.returncode, printed


def test_the_command_copies_and_says_what(tmp_path: Path, url: str) -> None:
    """Every table with the number of its rows."""
    asyncio.run(filled(tmp_path / "suno.db"))
    code, printed = run_copy(tmp_path, "postgresql", DATABASE_URL=url)
    assert code == 0, printed
    assert "deliveries: " in printed
    assert "copied and verified" in printed
    code, printed = run_copy(tmp_path, "postgresql", DATABASE_URL=url)
    assert code == 1
    assert "is not empty" in printed
    assert "Traceback" not in printed


def test_a_side_that_waits_long_for_the_other_goes_on(tmp_path: Path, url: str) -> None:
    """The server ends a bot's session then; writing many lyrics to a file takes as long."""
    copy_database(engine_at(asyncio.run(filled(tmp_path / "first.db"))), engine_at(url))
    with psycopg.connect(url) as other:
        other.execute("LOCK TABLE key_values IN ACCESS EXCLUSIVE MODE")
        copying = start_copy(tmp_path, "sqlite", DATABASE_URL=url)
        with psycopg.connect(url, autocommit=True) as observer:
            while not observer.execute(_WAITS_FOR_A_TABLE).fetchone():
                time.sleep(0.01)
        copying.send_signal(signal.SIGSTOP)
    time.sleep(SESSION_TIMEOUT)
    copying.send_signal(signal.SIGCONT)
    printed, _ = copying.communicate()
    assert copying.returncode == 0, printed


@pytest.mark.parametrize(
    ("target", "settings", "said"),
    [
        ("postgresql", {}, "DATABASE_URL is not set"),
        ("postgresql", {"DATABASE_URL": "postgresql://me:pass-word@127.0.0.1:1/x"}, "no file"),
        ("sqlite", {"DATABASE_URL": "postgresql://me:pass-word@127.0.0.1:1/x"}, "127.0.0.1"),
        ("mysql", {}, "mysql"),
    ],
)
def test_what_cannot_be_copied_is_explained(
    tmp_path: Path, target: str, settings: dict[str, str], said: str
) -> None:
    """In one sentence, without the password."""
    code, printed = run_copy(tmp_path, target, **settings)
    assert code != 0
    assert said in printed
    assert "pass-word" not in printed
    assert "Traceback" not in printed
