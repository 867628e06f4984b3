"""Reads the database file from another process, also while a bot uses it. Nothing is written.

The connection is read-only. A file that no process has open is read as immutable, since SQLite
would otherwise leave two files beside it; if a bot starts meanwhile, the result is discarded and
the file is read again.
"""

import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from filelock import FileLock, Timeout
from sqlite_utils import Database

from bot.storage.account_facts import (
    NO_ACCESS,
    AccountAccess,
    AccountFacts,
    account_facts,
    count_of_other_key,
    missing_tasks,
)
from bot.storage.delivery_rows import OPEN, VISIBLE_STATE
from bot.storage.sqlite.file import resolve_database_path
from bot.storage.sqlite.migrations import is_foreign, migrations, unknown_steps
from bot.storage.watches import UNWATCHED

T = TypeVar("T")

_STEPS_PER_TIME_CHECK = 50_000
"""SQLite's instructions between two checks of the time limit."""


@dataclass(frozen=True, slots=True)
class DatabaseCounts:
    """Counts of tasks and deliveries."""

    running: int
    """Running tasks of all accounts."""
    by_account: Mapping[str, int]
    """Running tasks of each account that has any."""
    other_key: int
    """Running tasks of the operator's account that the relay has returned under another address or
    API key, and does not return under this one."""
    accounts: tuple[AccountFacts, ...]
    """The connected accounts."""
    polled_at: float | None
    """When a running task was last polled."""
    due: int
    """Deliveries that are due or being sent."""
    overdue_since: float | None
    """When the oldest due delivery became due."""
    held: int
    """Deliveries that wait for a channel that refuses messages."""
    dropped: int
    """Notices that their channel refused; they were sent as direct messages instead."""
    unreachable: int
    """Notices for people who cannot be reached."""
    quarantined: tuple[int, ...]
    """Ids of deliveries whose rows are unreadable."""


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """The facts about a database file. Times are Unix seconds, sizes bytes."""

    size: int
    in_use: bool
    """Whether a bot is running on it."""
    foreign: bool
    """Whether it belongs to another program: it has tables, and none of this one."""
    applied: tuple[str, ...]
    pending: tuple[str, ...]
    """Migrations that the next start applies."""
    unknown: tuple[str, ...]
    """Applied migrations that only a later version of the program knows."""
    damage: tuple[str, ...] | None
    """The errors that SQLite found; ``None`` if the check took too long."""
    counts: DatabaseCounts | None
    """``None`` where the schema is too old or too new for the query."""


@dataclass(frozen=True, slots=True)
class ChannelInUse:
    """A channel of a server with watches or undelivered messages."""

    channel_id: int
    guild_id: int
    watched: int
    held: int


def inspect_database(
    path: Path, time_limit: float, access: AccountAccess = NO_ACCESS
) -> DatabaseFacts:
    """Return the facts about an existing database, in about ``time_limit`` seconds.

    Raises ``sqlite3.Error`` for a file that cannot be read or is no database.
    """
    return run_query(path, time_limit, lambda db: _facts(path, db, access))


def _facts(path: Path, db: Database, access: AccountAccess) -> DatabaseFacts:
    applied = tuple(step.name for step in migrations.applied(db))
    pending = tuple(step.name for step in migrations.pending(db))
    unknown = tuple(unknown_steps(db))
    foreign = is_foreign(db)
    counts = None
    if applied and not unknown:
        with suppress(sqlite3.OperationalError):  # a column that a pending step adds
            counts = _counts(db, access)
    return DatabaseFacts(
        _size(path), in_use(path), foreign, applied, pending, unknown, _damage(db), counts
    )


def channels_in_use(path: Path, time_limit: float) -> list[ChannelInUse]:
    """Return the channels where something is watched or held, the most urgent first.

    Raises ``sqlite3.Error``.
    """
    rows = run_query(path, time_limit, lambda db: list(db.query(_CHANNELS_IN_USE)))
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


def run_query(path: Path, time_limit: float, query: Callable[[Database], T]) -> T:
    """Return the result of ``query``, a function of the database; it may be called twice.

    Its statements raise ``sqlite3.Error`` after ``time_limit`` seconds.
    """
    uri = f"file:{quote(str(path))}?mode=ro"
    path = resolve_database_path(path)
    until = time.monotonic() + time_limit
    before = _version_at_rest(path)
    if before is not None:
        try:
            answer = _query(f"{uri}&immutable=1", until, query)
        except Exception:
            if _version_at_rest(path) == before:
                raise
        else:
            if _version_at_rest(path) == before:
                return answer
    return _query(uri, until, query)


def _version_at_rest(path: Path) -> tuple[int, ...] | None:
    """Return the version of a file that no process has open, ``None`` if one has.

    Every write changes the version.
    """
    if exists(path.with_name(f"{path.name}-wal")):
        return None
    with suppress(OSError):
        file = path.stat()
        return file.st_ino, file.st_size, file.st_mtime_ns
    return None


def _query(uri: str, until: float, query: Callable[[Database], T]) -> T:
    wait = max(until - time.monotonic(), 0)
    with closing(sqlite3.connect(uri, uri=True, timeout=wait)) as connection:
        connection.set_progress_handler(lambda: time.monotonic() > until, _STEPS_PER_TIME_CHECK)
        return query(Database(connection))


def in_use(path: Path) -> bool:
    """Whether a bot is running on the database: it then holds the lock beside the file."""
    file = resolve_database_path(path)
    lock = file.with_name(f"{file.name}.lock")
    if not exists(lock):
        return False
    try:
        with FileLock(lock, blocking=False):
            return False
    except Timeout:
        return True
    except OSError:  # the lock file belongs to another user
        return False


def exists(path: Path) -> bool:
    """Whether a path exists, as far as this user is permitted to see."""
    try:
        path.stat()
    except OSError:
        return False
    return True


def _size(path: Path) -> int:
    file = resolve_database_path(path)
    parts = (file, file.with_name(f"{file.name}-wal"))
    return sum(part.stat().st_size for part in parts if exists(part))


def _damage(db: Database) -> tuple[str, ...] | None:
    try:
        found = [str(row[0]) for row in db.execute("PRAGMA quick_check(5)").fetchall()]
        dangling = db.execute("PRAGMA foreign_key_check").fetchmany(5)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            return None
        raise
    lost = [f"a row of {table} points to no row of {parent}" for table, _, parent, _ in dangling]
    return tuple(line for line in (*found, *lost) if line != "ok")


_REFUSED = f"state = 'dropped' AND purpose = 'notice' AND reason IS NOT '{UNWATCHED}'"


def _counts(db: Database, access: AccountAccess) -> DatabaseCounts:
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
