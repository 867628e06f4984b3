"""Reads a database file from another process, also while a bot uses it. Nothing is written.

The connection is read-only. A file that no process has open is read as immutable, since SQLite
would otherwise leave two files beside it; if a bot starts meanwhile, the result is discarded and
the file is read again.
"""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from filelock import FileLock, Timeout
from sqlite_utils import Database

from bot.storage.database_facts import SchemaFacts
from bot.storage.sqlite.file import resolve_database_path
from bot.storage.sqlite.migrations import is_foreign, migrations, unknown_steps

T = TypeVar("T")

_STEPS_PER_TIME_CHECK = 50_000
"""SQLite's instructions between two checks of the time limit."""


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


def database_size(path: Path) -> int:
    """Return the bytes of the file and its write-ahead log."""
    file = resolve_database_path(path)
    parts = (file, file.with_name(f"{file.name}-wal"))
    return sum(part.stat().st_size for part in parts if exists(part))


def schema_facts(db: Database) -> SchemaFacts:
    """Return which migrations the file has."""
    return SchemaFacts(
        foreign=is_foreign(db),
        applied=tuple(step.name for step in migrations.applied(db)),
        pending=tuple(step.name for step in migrations.pending(db)),
        unknown=tuple(unknown_steps(db)),
    )


def find_damage(db: Database) -> tuple[str, ...] | None:
    """Return what SQLite finds wrong with the file; ``None`` if that takes too long."""
    try:
        found = [str(row[0]) for row in db.execute("PRAGMA quick_check(5)").fetchall()]
        dangling = db.execute("PRAGMA foreign_key_check").fetchmany(5)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            return None
        raise
    lost = [f"a row of {table} points to no row of {parent}" for table, _, parent, _ in dangling]
    return tuple(line for line in (*found, *lost) if line != "ok")
