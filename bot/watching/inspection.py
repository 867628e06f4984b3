"""A look at the database file from outside, also while a bot works on it. Nothing is written.

The connection is read-only. A file that nobody has open is read as it lies there, for SQLite would
leave two files beside it otherwise.
"""

import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from filelock import FileLock, Timeout
from sqlite_utils import Database

from bot.watching.migrations import migrations, unknown_steps

_STEPS_BETWEEN_LOOKS_AT_THE_CLOCK = 50_000


@dataclass(frozen=True, slots=True)
class Counts:
    """How much there is to do."""

    running: int
    """Tasks that are watched."""
    looked_at: float | None
    """When one of them was last looked at."""
    due: int
    """Notices on their way."""
    overdue_since: float | None
    """Since when the oldest of those that may be posted waits."""
    held: int
    dropped: int
    """Notices whose place is gone."""


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """What a database file shows. Times are Unix seconds, sizes bytes."""

    size: int
    in_use: bool
    """Whether a bot works on it."""
    foreign: bool
    """Whether it is another program's: it holds tables, and none of ours."""
    applied: tuple[str, ...]
    pending: tuple[str, ...]
    """Steps of the schema that the next start takes."""
    unknown: tuple[str, ...]
    """Steps that only a later version of the program knows."""
    damage: tuple[str, ...] | None
    """What SQLite found wrong; ``None`` if looking took too long."""
    counts: Counts | None
    """``None`` where the schema is too old or too new for these questions."""


@dataclass(frozen=True, slots=True)
class ChannelInUse:
    """A channel of a server where something is watched or waits."""

    channel_id: int
    guild_id: int
    watched: int
    held: int


def inspect_database(path: Path, time_limit: float) -> DatabaseFacts:
    """Return what is to be known of a database that exists, in about ``time_limit`` seconds.

    Raises ``sqlite3.Error`` for a file that cannot be read or is no database.
    """
    with reading(path, time_limit) as db:
        applied = tuple(step.name for step in migrations.applied(db))
        pending = tuple(step.name for step in migrations.pending(db))
        unknown = tuple(unknown_steps(db))
        foreign = not applied and bool(db.table_names())
        counts = None
        if applied and not unknown:
            with suppress(sqlite3.OperationalError):  # a column that a pending step adds
                counts = _counts(db)
        return DatabaseFacts(
            _size(path), in_use(path), foreign, applied, pending, unknown, _damage(db), counts
        )


def channels_in_use(path: Path, time_limit: float) -> list[ChannelInUse]:
    """Return the channels where something is watched or held, the most urgent first.

    Raises ``sqlite3.Error``.
    """
    with reading(path, time_limit) as db:
        rows = db.query(
            "SELECT channel_id, guild_id, sum(watched) AS watched, sum(held) AS held FROM ("
            " SELECT channel_id, guild_id, 1 AS watched, 0 AS held FROM subscriptions"
            "  WHERE delivery_id IS NULL"
            " UNION ALL SELECT channel_id, guild_id, 0, state = 'held' FROM deliveries"
            "  WHERE state IN ('due', 'sending', 'held'))"
            " WHERE guild_id IS NOT NULL GROUP BY channel_id ORDER BY held DESC, watched DESC"
        )
        return [ChannelInUse(**row) for row in rows]


@contextmanager
def reading(path: Path, time_limit: float) -> Iterator[Database]:
    """Open a database to read from; statements that run out of time raise ``sqlite3.Error``."""
    mode = "mode=ro" if exists(path.with_name(f"{path.name}-wal")) else "mode=ro&immutable=1"
    with closing(
        sqlite3.connect(f"file:{quote(str(path))}?{mode}", uri=True, timeout=time_limit)
    ) as connection:
        until = time.monotonic() + time_limit
        connection.set_progress_handler(
            lambda: time.monotonic() > until, _STEPS_BETWEEN_LOOKS_AT_THE_CLOCK
        )
        yield Database(connection)


def in_use(path: Path) -> bool:
    """Whether a bot works on the database: it holds the lock beside it as long as it lives."""
    lock = path.with_name(f"{path.name}.lock")
    if not exists(lock):
        return False
    try:
        with FileLock(lock, blocking=False):
            return False
    except Timeout:
        return True
    except OSError:  # somebody else's, whom this user may not ask
        return False


def exists(path: Path) -> bool:
    """Whether there is something, as far as this user may know."""
    try:
        path.stat()
    except OSError:
        return False
    return True


def _size(path: Path) -> int:
    parts = (path, path.with_name(f"{path.name}-wal"))
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


def _counts(db: Database) -> Counts:
    row: Mapping[str, Any]
    (row,) = db.query(
        "SELECT"
        " (SELECT count(*) FROM tasks WHERE state = 'running') AS running,"
        " (SELECT max(looked_at) FROM tasks WHERE state = 'running') AS looked_at,"
        " (SELECT count(*) FROM deliveries WHERE state IN ('due', 'sending')) AS due,"
        " (SELECT min(due_at) FROM deliveries WHERE state = 'due') AS overdue_since,"
        " (SELECT count(*) FROM deliveries WHERE state = 'held') AS held,"
        " (SELECT count(*) FROM deliveries WHERE state = 'dropped') AS dropped"
    )
    return Counts(**row)
