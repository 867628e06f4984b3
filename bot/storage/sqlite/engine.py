"""Opens a SQLite file for the thread that owns it."""

import logging
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf
from pathlib import Path
from typing import TypeVar

from filelock import Timeout
from sqlite_utils import Database

from bot.storage.database_errors import DatabaseDamaged, DatabaseInUse, DatabaseUnusable, is_damage
from bot.storage.engine import Connection
from bot.storage.sqlite.file import empty_write_ahead_log, open_for_reading, open_for_writing

log = logging.getLogger(__name__)

T = TypeVar("T")

RETRY_INTERVAL = 10.0
"""Seconds after which emptying the write-ahead log is tried again."""

LOCK_TIMEOUT = 1.0
"""Seconds to wait for the lock: who only asks whether a bot has it holds it for a moment."""


class SqliteEngine:
    """A SQLite file, which one process at a time may have open."""

    is_shared = False

    def __init__(
        self,
        path: Path,
        *,
        lock_timeout: float = LOCK_TIMEOUT,
        retry_interval: float = RETRY_INTERVAL,
    ) -> None:
        self.location = path
        self.clock: Callable[[], float] = time.time
        self._lock_timeout = lock_timeout
        self._retry_interval = retry_interval

    @contextmanager
    def open_writer(self) -> Iterator["SqliteWriter"]:
        """Open the file, and bring its schema up to date.

        Raises ``DatabaseInUse`` when another process has it open, ``DatabaseTooNew`` when a later
        version of the program has, ``DatabaseForeign`` when another program has,
        ``DatabaseDamaged`` when it is no database, ``DatabaseUnusable`` when it cannot be opened.
        """
        opening = open_for_writing(self.location, self._lock_timeout)
        try:
            database = opening.__enter__()
        except Timeout:
            raise DatabaseInUse(self.location) from None
        except (sqlite3.Error, OSError) as error:
            kind = DatabaseDamaged if is_damage(error) else DatabaseUnusable
            raise kind(self.location, error) from error
        try:
            yield SqliteWriter(database, self._retry_interval)
        finally:
            opening.__exit__(None, None, None)

    def open_reader(self) -> "SqliteReader":
        """Open a connection that only reads."""
        return SqliteReader(self.location)

    def listen(
        self, channel: str, receive: Callable[[str | None], None], is_wanted: Callable[[], bool]
    ) -> None:
        """Return at once: no other process has the file open."""

    def is_damage(self, error: Exception) -> bool:
        """Whether SQLite reports that the file is damaged."""
        return is_damage(error)


class SqliteReader:
    """A connection that only reads what is committed."""

    def __init__(self, path: Path) -> None:
        self._database = open_for_reading(path)

    def view(self, function: Callable[[Connection], T]) -> T:
        """Return the result of a function that only reads."""
        return function(self._database)

    def close(self) -> None:
        """Close the connection."""
        self._database.conn.close()


class SqliteWriter:
    """The connection that writes to the file."""

    session = 0

    def __init__(self, database: Database, retry_interval: float = RETRY_INTERVAL) -> None:
        self._database = database
        self._retry_interval = retry_interval

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Begin a transaction and commit it at the end; take all of it back after an error."""
        with self._database.atomic():
            yield self._database

    @contextmanager
    def savepoint(self, connection: Connection) -> Iterator[None]:
        """Take back what is written in here if it fails.

        sqlite-utils gives each savepoint another name: SQLite would compile its statements every
        time.
        """
        connection.execute("SAVEPOINT job")
        try:
            yield
        except BaseException:
            if self._database.conn.in_transaction:
                connection.execute("ROLLBACK TO job")
                connection.execute("RELEASE job")
            raise
        connection.execute("RELEASE job")

    def is_in_transaction(self) -> bool:
        """Whether the transaction has not ended early."""
        return bool(self._database.conn.in_transaction)

    def tidy(self) -> float:
        """Empty the write-ahead log; return when to try again (monotonic seconds)."""
        if empty_write_ahead_log(self._database):
            return inf
        return time.monotonic() + self._retry_interval
