"""Opens the database file: for one process and one user alone, with the newest schema."""

import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from filelock import FileLock
from sqlite_utils import Database

from bot.storage.database_errors import DatabaseForeign, DatabaseOfAnotherUser, DatabaseTooNew
from bot.storage.sqlite.migrations import is_foreign, migrations, unknown_steps

log = logging.getLogger(__name__)

WAL_SIZE_LIMIT = 16 * 2**20
"""Bytes to which SQLite truncates the write-ahead log after a checkpoint."""
READER_TIMEOUT = 500
"""Milliseconds for which emptying the log waits until nobody reads what it holds."""

FTS5_SECURE_DELETE_VERSION = (3, 42, 0)
"""The first SQLite version whose full-text index can overwrite deleted text at once."""

_PRIVATE_FILE = 0o600
_PRIVATE_FOLDER = 0o700


def resolve_database_path(path: Path) -> Path:
    """Return the file that a path leads to, so that links share the lock beside it."""
    return Path(os.path.realpath(path))


def make_private_folder(folder: Path) -> None:
    """Make a folder that is only for this user, unless it is there; also its parents."""
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(_PRIVATE_FOLDER)


def make_private_file(file: Path) -> Path:
    """Make an empty file that is only for this user, unless it is there; return it."""
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL, _PRIVATE_FILE))
        file.chmod(_PRIVATE_FILE)  # whatever the umask took away
    return file


@contextmanager
def _locked(lock: FileLock) -> Iterator[None]:
    """Hold the lock. Raises ``DatabaseOfAnotherUser`` where its file belongs to another user."""
    try:
        lock.acquire()
    except PermissionError as error:
        raise DatabaseOfAnotherUser(Path(lock.lock_file)) from error
    try:
        yield
    finally:
        lock.release()


def empty_write_ahead_log(database: Database) -> bool:
    """Write the log into the database and cut it to nothing: it holds what was deleted.

    Return whether that worked; if not, nothing is lost, and it is to be tried again. Whoever reads
    is waited for, but not longer than the writes that come next can wait.
    """
    (timeout,) = database.execute("PRAGMA busy_timeout").fetchone()
    try:
        database.execute(f"PRAGMA busy_timeout = {READER_TIMEOUT}")
        busy, *_ = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.Error as error:
        log.warning("Write-ahead log not emptied, trying again: %s", error)
        return False
    finally:
        database.execute(f"PRAGMA busy_timeout = {timeout}")
    if busy:
        log.warning("Write-ahead log not emptied, trying again: another program reads the database")
    return not busy


def open_for_reading(path: Path) -> Database:
    """Open a database that this process has open already."""
    connection = sqlite3.connect(path, check_same_thread=False)
    connection.execute("PRAGMA query_only = ON")
    return Database(connection)


@contextmanager
def open_for_writing(path: Path, lock_timeout: float) -> Iterator[Database]:
    """Open the database for this process alone, and bring its schema up to date.

    The lock is the operating system's, so that it ends with the process however that ends. Waits
    ``lock_timeout`` seconds for it, then raises ``filelock.Timeout``.
    """
    file = resolve_database_path(path)
    make_private_folder(file.parent)
    beside = file.with_name(f"{file.name}.lock")
    lock = FileLock(beside, mode=_PRIVATE_FILE, timeout=lock_timeout, thread_local=False)
    with _locked(lock), closing(sqlite3.connect(make_private_file(file))) as connection:
        database = Database(connection)
        if is_foreign(database):
            raise DatabaseForeign(path)
        if steps := unknown_steps(database):
            raise DatabaseTooNew(path, steps)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA journal_size_limit = {WAL_SIZE_LIMIT}")
        connection.execute("PRAGMA secure_delete = ON")  # deleted texts are overwritten
        migrations.apply(database)
        # Only now: to SQLite, rebuilding a table in a migration deletes all of its rows.
        connection.execute("PRAGMA foreign_keys = ON")
        if sqlite3.sqlite_version_info >= FTS5_SECURE_DELETE_VERSION:
            database.execute(
                "INSERT INTO history_index (history_index, rank) VALUES ('secure-delete', 1)"
            )
        yield database
