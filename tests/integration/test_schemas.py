"""The schemas of both engines say the same."""

import hashlib
from pathlib import Path

import pytest
from sqlite_utils import Database

from bot.storage.database import DatabaseThread
from bot.storage.engine import Connection
from bot.storage.postgres.migrations import steps
from tests.support.databases import PostgresDatabases, sqlite_of

OF_SQLITE_ALONE = ("sqlite_", "_sqlite_migrations", "history_index", "history_trigrams")
"""Beginnings of the names of its tables for migrations and the full-text index."""
TYPES = {
    "INTEGER": {"bigint", "boolean"},
    "FLOAT": {"double precision"},
    "REAL": {"double precision"},
    "TEXT": {"text"},
    "BLOB": {"bytea"},
}

RELEASED_STEPS = {
    "m021_initial": "c17e540aa78157baae8eb50fe0e10f47fa145fbdd90dba31210f563559dfa823",
}
"""SHA-256 of the steps for PostgreSQL that databases have taken since 0.8.0."""

Columns = dict[str, dict[str, tuple[str, bool]]]
"""By table and by column: its type, and whether it may be ``NULL``."""


@pytest.fixture
async def of_sqlite(tmp_path: Path) -> Columns:
    """Return the columns in SQLite."""
    async with DatabaseThread(tmp_path / "suno.db") as database:
        return await database.view(lambda db: _sqlite_columns(sqlite_of(db)))


@pytest.fixture
async def of_postgres(postgres_databases: PostgresDatabases) -> Columns:
    """Return the columns in PostgreSQL."""
    async with DatabaseThread(postgres_databases.url(Path("suno.db"))) as database:
        columns = await database.view(_postgres_columns)
    postgres_databases.drop_all()
    return columns


def test_no_released_step_for_postgres_is_changed() -> None:
    """Databases that have taken it would lack the change: that needs a step of its own."""
    digests = {name: hashlib.sha256(sql.encode()).hexdigest() for name, sql in steps().items()}
    assert RELEASED_STEPS.items() <= digests.items()


def test_both_engines_have_the_same_tables_and_columns(
    of_sqlite: Columns, of_postgres: Columns
) -> None:
    """A statement finds the same names in both; views are compared like tables."""
    assert {table: set(columns) for table, columns in of_sqlite.items()} == {
        table: set(columns) for table, columns in of_postgres.items()
    }


def test_both_engines_require_the_same_values(of_sqlite: Columns, of_postgres: Columns) -> None:
    """What may be ``NULL`` in one may be it in the other."""
    assert {table: _nullable(columns) for table, columns in of_sqlite.items()} == {
        table: _nullable(columns) for table, columns in of_postgres.items()
    }


def test_the_types_of_both_engines_correspond(of_sqlite: Columns, of_postgres: Columns) -> None:
    """A value that is stored comes back as the same in Python."""
    different = [
        (table, column, kind, of_postgres[table][column][0])
        for table, columns in of_sqlite.items()
        for column, (kind, _) in columns.items()
        if of_postgres[table][column][0] not in TYPES[kind]
    ]
    assert different == []


def _nullable(columns: dict[str, tuple[str, bool]]) -> set[str]:
    return {column for column, (_, nullable) in columns.items() if nullable}


def _sqlite_columns(db: Database) -> Columns:
    names = [*db.table_names(), *db.view_names()]
    return {
        name: {
            column: (kind, not (not_null or key))
            for _, column, kind, not_null, _, key in db.execute(f"PRAGMA table_info({name})")
        }
        for name in names
        if not name.startswith(OF_SQLITE_ALONE)
    }


def _postgres_columns(db: Connection) -> Columns:
    columns: Columns = {}
    rows = db.execute(
        "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns"
        " WHERE table_schema = current_schema() AND column_name != 'rowid'"
        " AND table_name != 'schema_migrations'"
    )
    for table, column, kind, nullable in rows:
        columns.setdefault(table, {})[column] = (kind, nullable == "YES")
    return columns
