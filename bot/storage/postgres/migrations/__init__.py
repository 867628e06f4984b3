"""The schema as it grew: one file of SQL a step, never changed once released.

A step stands under the same name as SQLite's. Within a release steps only add, so that the version
before can go on beside the new one while a cluster is upgraded.
"""

import logging
from importlib.resources import files

from bot.storage.database_errors import (
    DatabaseForeign,
    DatabaseTooNew,
    DatabaseUnusable,
    StatementFailed,
)
from bot.storage.engine import Connection
from bot.storage.postgres.connection import PostgresConnection

log = logging.getLogger(__name__)

MIGRATION_LOCK = 0x4D494752  # "MIGR"
MIN_VERSION = 15
_TABLE = "schema_migrations"


def migrate(connection: PostgresConnection) -> None:
    """Take the steps that a database lacks, one process at a time, and close the connection.

    Raises ``DatabaseTooNew``, ``DatabaseForeign``, and ``DatabaseUnusable`` for an old server.
    """
    try:
        if connection.version < MIN_VERSION:
            cause = RuntimeError(f"PostgreSQL {connection.version} is older than {MIN_VERSION}")
            raise DatabaseUnusable(connection.location, cause)
        connection.execute("BEGIN")
        connection.execute("SELECT pg_advisory_xact_lock(?)", [MIGRATION_LOCK])
        done = applied_steps(connection)
        if unknown := sorted(done - steps().keys()):
            raise DatabaseTooNew(connection.location, unknown)
        if not done and has_tables(connection):
            raise DatabaseForeign(connection.location)
        for name, sql in steps().items():
            if name not in done:
                connection.run_script(sql)
                connection.execute(f"INSERT INTO {_TABLE} (name) VALUES (?)", [name])  # noqa: S608 # a name of ours
                log.info("Schema changed: step=%s", name)
        connection.execute("COMMIT")
    except StatementFailed as error:  # who connects may not create tables, for example
        raise DatabaseUnusable(connection.location, error) from error
    finally:
        connection.close()


def steps() -> dict[str, str]:
    """Return the SQL of each step by its name, in their order."""
    found = (each for each in files(__name__).iterdir() if each.name.endswith(".sql"))
    return {
        each.name.removesuffix(".sql"): each.read_text("utf-8")
        for each in sorted(found, key=lambda each: each.name)
    }


def applied_steps(connection: Connection) -> set[str]:
    """Return the names of the steps that a database has."""
    (table,) = connection.execute("SELECT to_regclass(?)", [_TABLE]).fetchone()
    if table is None:
        return set()
    return {name for (name,) in connection.execute(f"SELECT name FROM {_TABLE}")}  # noqa: S608 # a name of ours


def has_tables(connection: Connection) -> bool:
    """Whether a database has tables, whosever they are."""
    tables = "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()"
    (count,) = connection.execute(tables).fetchone()
    return bool(count)
