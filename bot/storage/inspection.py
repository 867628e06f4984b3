"""Reads the database from another process, also while a bot uses it. Nothing is written.

How a file and a server are read stands in ``sqlite.inspection`` and ``postgres.inspection``.
"""

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from sqlite_utils import Database

from bot.storage.account_facts import (
    NO_ACCESS,
    AccountAccess,
    account_facts,
    count_of_other_key,
    missing_tasks,
)
from bot.storage.database_errors import DatabaseDriverMissing, DatabaseUnusable
from bot.storage.database_facts import ChannelInUse, DatabaseCounts, DatabaseFacts
from bot.storage.delivery_rows import OPEN, VISIBLE_STATE
from bot.storage.engine import Connection
from bot.storage.sqlite import inspection as sqlite
from bot.storage.watches import UNWATCHED

T = TypeVar("T")

UNREADABLE = (sqlite3.Error, DatabaseUnusable)
"""What is raised for a database that cannot be read."""

_PRESENCE_TIME_LIMIT = 5.0
"""Seconds for asking a server whether a bot is connected."""


def run_query(location: Path | str, time_limit: float, query: Callable[[Connection], T]) -> T:
    """Return the result of ``query``, a function of the database; it may be called twice.

    ``location``: a file, or the URL of a PostgreSQL database. Statements fail after ``time_limit``
    seconds. Raises ``UNREADABLE``.
    """
    if isinstance(location, Path):
        return sqlite.run_query(location, time_limit, query)
    try:
        from bot.storage.postgres import inspection as postgres  # its driver is an extra
    except ImportError as error:
        raise DatabaseDriverMissing from error
    return postgres.run_query(location, time_limit, query)


def in_use(location: Path | str) -> bool:
    """Whether a bot is running on the database, as far as that can be seen."""
    if isinstance(location, Path):
        return sqlite.in_use(location)
    with suppress(DatabaseUnusable):
        return run_query(location, _PRESENCE_TIME_LIMIT, _has_processes)
    return False


def _has_processes(db: Connection) -> bool:
    from bot.storage.postgres import inspection as postgres

    return postgres.count_processes(db) > 0


def inspect_database(
    location: Path | str, time_limit: float, access: AccountAccess = NO_ACCESS
) -> DatabaseFacts:
    """Return the facts about an existing database, in about ``time_limit`` seconds.

    Raises ``UNREADABLE`` for one that cannot be read or is no database.
    """
    if isinstance(location, Path):
        return sqlite.run_query(
            location, time_limit, lambda db: _facts_of_file(location, db, access)
        )
    return run_query(
        location, time_limit, lambda db: _facts_of_server(location, db, time_limit, access)
    )


def _facts_of_file(path: Path, db: Database, access: AccountAccess) -> DatabaseFacts:
    schema = sqlite.schema_facts(db)
    counts = None
    if schema.applied and not schema.unknown:
        with suppress(sqlite3.OperationalError):  # a column that a pending step adds
            counts = _counts(db, access)
    return DatabaseFacts(
        location=str(path),
        size=sqlite.database_size(path),
        in_use=sqlite.in_use(path),
        schema=schema,
        damage=sqlite.find_damage(db),
        server=None,
        counts=counts,
    )


def _facts_of_server(
    url: str, db: Connection, time_limit: float, access: AccountAccess
) -> DatabaseFacts:
    from bot.storage.postgres import inspection as postgres
    from bot.storage.postgres.engine import without_password

    server = postgres.server_facts(db, time_limit)
    schema = None if server.unreadable else postgres.schema_facts(db)
    is_current = schema and schema.applied and not schema.pending and not schema.unknown
    return DatabaseFacts(
        location=without_password(url),
        size=postgres.database_size(db),
        in_use=bool(server.processes),
        schema=schema,
        damage=(),
        server=server,
        counts=_counts(db, access) if is_current else None,
    )


def channels_in_use(location: Path | str, time_limit: float) -> list[ChannelInUse]:
    """Return the channels where something is watched or held, the most urgent first.

    Raises ``UNREADABLE``.
    """
    rows = run_query(location, time_limit, lambda db: list(db.query(_CHANNELS_IN_USE)))
    return [ChannelInUse(**row) for row in rows]


_CHANNELS_IN_USE = (
    "SELECT channel_id, guild_id, sum(watched) AS watched, sum(held) AS held FROM ("  # noqa: S608 # names of ours
    " SELECT channel_id, guild_id, 1 AS watched, 0 AS held FROM watches"
    "  WHERE delivery_id IS NULL"
    f" UNION ALL SELECT channel_id, guild_id, 0,"
    f"  CASE WHEN {VISIBLE_STATE} = 'held' THEN 1 ELSE 0 END FROM deliveries d"
    f"  WHERE {OPEN}) AS places"
    " WHERE guild_id IS NOT NULL GROUP BY channel_id, guild_id ORDER BY held DESC, watched DESC"
)


_REFUSED = f"state = 'dropped' AND purpose = 'notice' AND reason IS NOT '{UNWATCHED}'"


def _counts(db: Connection, access: AccountAccess) -> DatabaseCounts:
    running = "SELECT account, count(*) FROM tasks WHERE state = 'running' GROUP BY account"
    by_account: dict[str, int] = dict(db.execute(running).fetchall())
    row: Mapping[str, Any]
    (row,) = db.query(
        "SELECT"  # noqa: S608 # names of ours
        " (SELECT max(polled_at) FROM tasks WHERE state = 'running') AS polled_at,"
        " count(*) FILTER (WHERE state IN ('due', 'sending')) AS due,"
        " min(due_at) FILTER (WHERE state = 'due') AS overdue_since,"
        " count(*) FILTER (WHERE state = 'held') AS held,"
        f" count(*) FILTER (WHERE {_REFUSED} AND guild_id IS NOT NULL) AS dropped,"
        f" count(*) FILTER (WHERE {_REFUSED} AND guild_id IS NULL) AS unreachable"
        f" FROM (SELECT d.due_at, d.guild_id, d.purpose, d.reason, {VISIBLE_STATE} AS state"
        "  FROM deliveries d) AS shown"
    )
    quarantined = db.execute("SELECT id FROM deliveries WHERE state = 'quarantined' ORDER BY id")
    return DatabaseCounts(
        running=sum(by_account.values()),
        by_account=by_account,
        other_key=(
            count_of_other_key(db, access.operator, missing_tasks(db)) if access.operator else 0
        ),
        accounts=account_facts(db, access, by_account),
        quarantined=tuple(delivery_id for (delivery_id,) in quarantined),
        **row,
    )
