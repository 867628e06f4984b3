"""Databases of tests: SQLite files, or PostgreSQL databases where a test runs on both engines.

A test whose module has ``pytestmark = pytest.mark.both_engines`` runs on SQLite and on PostgreSQL.
It, and what it uses, opens its databases at ``location(path)``.
"""

import sqlite3
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from functools import cache
from pathlib import Path

from sqlite_utils import Database

from bot.storage.database import DatabaseThread
from bot.storage.engine import Connection
from bot.storage.postgres.connection import PostgresConnection
from bot.storage.postgres.migrations import migrate
from bot.storage.sqlite.engine import SqliteEngine
from tests.support.postgres_server import PostgresServer


class PostgresDatabases:
    """The PostgreSQL databases that stand for the files of tests."""

    def __init__(self, server: PostgresServer) -> None:
        self.server = server
        self._template = server.create_database()
        migrate(PostgresConnection("template", server.url(self._template)))
        self._names: dict[Path, str] = {}

    def url(self, path: Path) -> str:
        """Return the address of the database that stands for a file: an empty one at first."""
        if path not in self._names:
            self._names[path] = self.server.create_database(self._template)
        return self.server.url(self._names[path])

    def name(self, path: Path) -> str:
        """Return the name of the database that stands for a file."""
        self.url(path)
        return self._names[path]

    def drop(self, path: Path) -> None:
        """Drop the database that stands for a file."""
        if path in self._names:
            self.server.drop_database(self._names.pop(path))

    def drop_all(self) -> None:
        """Drop what a test has created."""
        for path in list(self._names):
            self.drop(path)


class _Current:
    """Where the test that runs has its databases; ``None``: in files."""

    postgres: PostgresDatabases | None = None


def use_engine(postgres: PostgresDatabases | None) -> None:
    """Let ``location`` return addresses in PostgreSQL; ``None``: files."""
    _Current.postgres = postgres


def location(path: Path) -> Path | str:
    """Return where the test that runs has the database for which this file stands.

    A new one is empty, and has its tables.
    """
    return _Current.postgres.url(path) if _Current.postgres else with_tables(path)


def with_tables(path: Path) -> Path:
    """Write an empty database that has its tables to a path, unless there is a file.

    To take every step of the schema costs more than most tests do.
    """
    if not path.exists():
        path.touch(mode=0o600)
        path.write_bytes(_empty_database())
    return path


@cache
def _empty_database() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "suno.db"
        with SqliteEngine(path).open_writer():
            pass
        return path.read_bytes()


def drop(path: Path) -> None:
    """Drop the database for which a file stands, unless it is one."""
    if _Current.postgres:
        _Current.postgres.drop(path)


def index_table() -> str:
    """Return a table that has a row for each entry in the full-text index of the history.

    In PostgreSQL that is the history itself, whose index is never without one.
    """
    return "history" if _Current.postgres else "history_index"


@asynccontextmanager
async def unwritable(database: DatabaseThread) -> AsyncIterator[None]:
    """Let no statement change the database for a while."""
    refuse, allow = "PRAGMA query_only = ON", "PRAGMA query_only = OFF"
    if _Current.postgres:
        refuse = "SET default_transaction_read_only = on"
        allow = "SET default_transaction_read_only = off"
    await database.run(lambda db: db.execute(refuse))
    yield
    await database.run(lambda db: db.execute(allow))


@contextmanager
def refused(path: Path, change: str) -> Iterator[None]:
    """Let a change of a SQLite file fail for a while, such as ``UPDATE ON live_cards``."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        refuse = "SELECT RAISE(ABORT, 'refused by a test')"
        database.execute(f"CREATE TRIGGER refused BEFORE {change} BEGIN {refuse}; END")
        try:
            yield
        finally:
            database.execute("DROP TRIGGER refused")


def sqlite_of(connection: Connection) -> Database:
    """Return a connection of which the test knows that it is SQLite's."""
    assert isinstance(connection, Database)
    return connection
