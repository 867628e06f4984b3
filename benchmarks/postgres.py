"""Runs a PostgreSQL server for the benchmarks, and moves seeded files to it.

Its options are the defaults: every commit is on disk before it is confirmed, as with SQLite.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
from psycopg.sql import SQL, Composed, Identifier

from bot.storage.copying import TABLES
from bot.storage.postgres.engine import PostgresEngine
from tests.support.postgres_server import PostgresServer, find_binaries, open_server

OPTIONS = {"listen_addresses": ""}
ON_DISK = Path("/var/tmp")  # noqa: S108 # a folder of one's own is made in it
"""A disk that the server's own user can reach, where ``/tmp`` is often memory."""


def is_installed() -> bool:
    """Whether a PostgreSQL server is installed."""
    return find_binaries() is not None


@contextmanager
def running_server() -> Iterator[PostgresServer]:
    """Run a server."""
    with open_server(OPTIONS, ON_DISK) as server:
        yield server


def new_database(server: PostgresServer) -> str:
    """Create an empty database; return its URL."""
    return server.url(server.create_database())


def copy_of(server: PostgresServer, path: Path) -> str:
    """Create a database that contains what a SQLite file does; return its URL.

    Indexes are created afterwards, which is faster than updating them.
    """
    url = new_database(server)
    with PostgresEngine(url).open_writer():
        pass  # which creates the tables
    with closing(sqlite3.connect(path)) as source, psycopg.connect(url) as target:
        indexes = target.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND NOT EXISTS"
            " (SELECT 1 FROM pg_constraint WHERE conname = indexname)"
        ).fetchall()
        for name, _ in indexes:
            target.execute(SQL("DROP INDEX {}").format(Identifier(name)))
        for table in TABLES:
            _copy_table(source, target, table)
        for _, definition in indexes:
            target.execute(definition.encode())
    with psycopg.connect(url, autocommit=True) as target:
        target.execute("VACUUM ANALYZE")
        target.execute("CHECKPOINT")
    return url


def _copy_table(
    source: sqlite3.Connection, target: psycopg.Connection[tuple[object, ...]], table: str
) -> None:
    columns = [
        str(name)
        for (name,) in target.execute(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND table_name = %s ORDER BY ordinal_position",
            [table],
        )
    ]
    with target.cursor().copy(_copy_statement(table, columns)) as copy:
        for row in source.execute(f"SELECT {', '.join(columns)} FROM {table}"):  # noqa: S608 # names of ours
            copy.write_row(row)
    if "id" in columns:  # new rows get ids after those
        target.execute(
            SQL(
                "SELECT setval(sequence, last) FROM (SELECT max(id)::text::bigint AS last,"
                " pg_get_serial_sequence({}, 'id') AS sequence FROM {}) AS ids"
                " WHERE sequence IS NOT NULL AND last IS NOT NULL"
            ).format(table, Identifier(table))
        )


def _copy_statement(table: str, columns: list[str]) -> Composed:
    names = SQL(", ").join(map(Identifier, columns))
    return SQL("COPY {} ({}) FROM STDIN").format(Identifier(table), names)
