"""Reads a PostgreSQL database from outside the bot, also while bots use it. Nothing is written.

The session is read-only and has a name of its own, so that it does not count as a bot.
"""

import time
from collections.abc import Callable
from contextlib import closing
from typing import Any, TypeVar

import psycopg

from bot.storage.database_errors import DatabaseUnusable
from bot.storage.database_facts import SchemaFacts, ServerFacts
from bot.storage.engine import Connection
from bot.storage.leases import LEADER_LOCK
from bot.storage.postgres.connection import APPLICATION_NAME, PostgresConnection
from bot.storage.postgres.engine import without_password
from bot.storage.postgres.migrations import MIN_VERSION, applied_steps, has_tables, steps

T = TypeVar("T")

LEADER_TIMEOUT = 4.0
"""Seconds for which a leader is looked for: after one has ended, another process needs a while."""
_LEADER_INTERVAL = 0.5


def run_query(url: str, time_limit: float, query: Callable[[Connection], T]) -> T:
    """Return the result of ``query``, a function of the database.

    Each of its statements is ended by the server after ``time_limit`` seconds. Raises
    ``DatabaseUnusable``, whatever the server refuses.
    """
    location = without_password(url)
    connection = PostgresConnection(
        location,
        url,
        application_name="suno-bot-doctor",
        default_transaction_read_only="on",
        statement_timeout=f"{max(round(time_limit * 1000), 1)}ms",
    )
    with closing(connection):
        try:
            return query(connection)
        except psycopg.Error as error:
            raise DatabaseUnusable(location, error) from error


def count_processes(db: Connection) -> int:
    """Return how many processes of the bot are connected to the database."""
    return len(_shards_of_processes(db))


def _shards_of_processes(db: Connection) -> tuple[str, ...]:
    """Return which shards each process serves, as in its settings: empty for all."""
    return tuple(_shards(name) for (name,) in db.execute(_PROCESSES, [_PROCESS_NAME]))


def _shards(process_name: str) -> str:
    return process_name.partition(" ")[2]


def database_size(db: Connection) -> int:
    """Return the bytes of the database."""
    return int(_one(db, "SELECT pg_database_size(current_database())"))


def schema_facts(db: Connection) -> SchemaFacts:
    """Return which migrations the database has."""
    done, known = applied_steps(db), steps()
    return SchemaFacts(
        foreign=not done and has_tables(db),
        applied=tuple(sorted(done)),
        pending=tuple(name for name in known if name not in done),
        unknown=tuple(sorted(done - known.keys())),
    )


def server_facts(db: Connection, time_limit: float) -> ServerFacts:
    """Return the facts about the server.

    While processes are connected and none leads, it is asked again for ``LEADER_TIMEOUT``, but at
    most for half of ``time_limit`` (seconds).
    """
    until = time.monotonic() + min(LEADER_TIMEOUT, time_limit / 2)
    while True:
        processes = _shards_of_processes(db)
        leaders = db.execute(_LEADERS, [LEADER_LOCK]).fetchall()
        if leaders or not processes or time.monotonic() > until:
            break
        time.sleep(_LEADER_INTERVAL)
    privileges = db.execute(_LACKED_PRIVILEGES).fetchall()
    limit, left = min(
        ((limit, limit - used) for limit, used in db.execute(_CONNECTIONS) if limit >= 0),
        key=lambda each: each[1],
    )
    return ServerFacts(
        version=int(_one(db, "SHOW server_version_num")) // 10_000,
        min_version=MIN_VERSION,
        encoding=str(_one(db, "SHOW server_encoding")),
        may_create_tables=bool(_one(db, _MAY_CREATE_TABLES)),
        lacks_trigrams=bool(_one(db, _LACKS_TRIGRAMS)),
        unwritable=tuple(name for name, _ in privileges),
        unreadable=any(not may_read for _, may_read in privileges),
        processes=processes,
        has_leader=bool(leaders),
        leader_address=leaders[0][0] if leaders else None,
        leader_shards=_shards(leaders[0][1]) if leaders else "",
        connection_limit=limit,
        connections_left=left,
    )


def _one(db: Connection, statement: str, *values: Any) -> Any:
    """Return the value of a statement that has one."""
    return db.execute(statement, values).fetchone()[0]


_PROCESSES = """
    SELECT application_name FROM pg_stat_activity
    WHERE datname = current_database() AND application_name ~ ?
    ORDER BY application_name
"""
_PROCESS_NAME = rf"^{APPLICATION_NAME}( \d{{1,5}}(-\d{{1,5}})?/\d{{1,5}})?$"
"""Each process has one connection that writes, and it alone has such a name."""
_LEADERS = """
    SELECT host(a.client_addr), a.application_name
    FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 0 AND l.objid = ?
        AND l.objsubid = 1 AND a.datname = current_database()
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_CONNECTIONS = """
    SELECT current_setting('max_connections')::int
        - current_setting('superuser_reserved_connections')::int
        - coalesce(current_setting('reserved_connections', TRUE)::int, 0),
        (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')
    UNION ALL
    SELECT datconnlimit,
        (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database())
    FROM pg_database WHERE datname = current_database()
    UNION ALL
    SELECT rolconnlimit, (SELECT count(*) FROM pg_stat_activity WHERE usename = current_user)
    FROM pg_roles WHERE rolname = current_user
"""
"""Each limit, -1 for none, and how many of it are used."""
_MAY_CREATE_TABLES = "SELECT coalesce(has_schema_privilege(current_schema(), 'CREATE'), FALSE)"
_LACKS_TRIGRAMS = """
    SELECT NOT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm') AND NOT (
        has_database_privilege(current_database(), 'CREATE')
        AND EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'))
"""
_LACKED_PRIVILEGES = """
    SELECT c.relname, has_table_privilege(c.oid, 'SELECT')
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND c.relkind = 'r' AND NOT (
        has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
        AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE'))
    ORDER BY c.relname
"""
