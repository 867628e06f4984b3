"""Opens PostgreSQL for the thread that owns it, and survives lost connections.

One process writes at a time, as with SQLite: every transaction that writes holds the same advisory
lock. So no statement of this program has to be written for others that change rows in between, and
functions that wait together share one transaction, as ever. The lock costs little, since a process
commits what waits together, and reads take no lock.

A session that is lost ends its transaction. Whether the server had committed it already is asked
under the transaction's id, so that nobody is told that something failed which did not.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from math import inf
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit, urlunsplit

from bot.storage.database_errors import DatabaseUncertain, DatabaseUnreachable, StatementFailed
from bot.storage.engine import Connection, Cursor, Values
from bot.storage.postgres.connection import APPLICATION_NAME, PostgresConnection
from bot.storage.postgres.migrations import migrate
from bot.storage.server_clock import ServerClock

log = logging.getLogger(__name__)

T = TypeVar("T")

WRITE_LOCK = 0x53554E4F  # "SUNO"
"""The advisory lock of the one transaction that writes."""
ISOLATION = r"read\ committed"
"""Whatever the default of the server is: a transaction that has waited for those of other processes
sees what they have committed."""
SESSION_TIMEOUT = 6.0
"""Seconds after which the server ends the session of a process that has stopped to say anything."""
WRITER_OPTIONS = {
    "idle_session_timeout": f"{SESSION_TIMEOUT:g}s",
    "idle_in_transaction_session_timeout": "5s",
    "statement_timeout": "60s",
    "synchronous_commit": "on",
}
READER_OPTIONS = {
    "application_name": "suno-bot-reader",
    "default_transaction_read_only": "on",
    "statement_timeout": "30s",
}
LOCK_TIMEOUT = 10.0
"""Seconds for which a transaction waits for those of other processes."""
RECONNECT_FOR = 10.0
"""Seconds for which the fate of a transaction is asked after its connection was lost."""
_RECONNECT_INTERVAL = 0.5
_NOW = "extract(epoch FROM clock_timestamp())::double precision"
_LISTEN_INTERVAL = 1.0
"""Seconds after which a thread that listens sees that this is not wanted any more."""


class PostgresEngine:
    """A PostgreSQL database, which several processes may have open."""

    is_shared = True

    def __init__(
        self,
        url: str,
        *,
        shards: str = "",
        lock_timeout: float = LOCK_TIMEOUT,
        reconnect_for: float = RECONNECT_FOR,
        local_clock: Callable[[], float] = time.time,
    ) -> None:
        """``lock_timeout``: seconds for which a transaction waits for those of other processes.

        ``reconnect_for``: seconds in which the server is asked what became of a transaction.
        ``shards``: those that this process serves, as in the settings: the server tells the doctor.
        ``local_clock``: of this machine.
        """
        self._url = url
        self._reconnect_for = reconnect_for
        self.clock = ServerClock(local_clock)
        self._writer_options = WRITER_OPTIONS | {
            "application_name": f"{APPLICATION_NAME} {shards}".rstrip(),
            "lock_timeout": f"{lock_timeout * 1000:.0f}ms",
        }
        self.location = without_password(url)

    @contextmanager
    def open_writer(self) -> Iterator["PostgresWriter"]:
        """Connect, and bring the schema up to date. Raises ``DatabaseUnusable``."""
        migrate(self._connect(lock_timeout="60s"))
        writer = PostgresWriter(
            lambda: self._connect(**self._writer_options), self.clock, self._reconnect_for
        )
        try:
            yield writer
        finally:
            writer.close()

    def open_reader(self) -> "PostgresReader":
        """Return a connection that only reads."""
        return PostgresReader(lambda: self._connect(**READER_OPTIONS))

    def listen(
        self, channel: str, receive: Callable[[str | None], None], is_wanted: Callable[[], bool]
    ) -> None:
        """Receive what other processes notify, on a connection that is made again when lost."""
        while is_wanted():
            with (
                suppress(DatabaseUnreachable),
                closing(self._connect(application_name="suno-bot-listener")) as connection,
            ):
                connection.execute(f"LISTEN {channel}")
                receive(None)
                while is_wanted():
                    for text in connection.notifications(_LISTEN_INTERVAL):
                        receive(text)
            time.sleep(_RECONNECT_INTERVAL)

    def is_damage(self, error: Exception) -> bool:  # noqa: ARG002 # the interface's signature
        """Return ``False``: what is wrong with the server's files is the server's to say."""
        return False

    def _connect(self, **options: str) -> PostgresConnection:
        options["default_transaction_isolation"] = ISOLATION
        return PostgresConnection(self.location, self._url, **options)


def without_password(url: str) -> str:
    """Return the address of a database as it may be shown."""
    try:
        parts = urlsplit(url)
    except ValueError:  # part of a password may stand where the host does
        return "postgresql://"
    credentials, separator, hosts = parts.netloc.rpartition("@")
    user = credentials.partition(":")[0]
    return urlunsplit((parts.scheme, f"{user}{separator}{hosts}", parts.path, "", ""))


class PostgresReader:
    """A connection that only reads what is committed, made again after it was lost."""

    def __init__(self, connect: Callable[[], PostgresConnection]) -> None:
        self._connect = connect
        self._connection = connect()

    def view(self, function: Callable[[Connection], T]) -> T:
        """Return the result of a function that only reads; again, if the connection was lost."""
        try:
            return function(self._connection)
        except DatabaseUnreachable:
            if not self._connection.is_lost:
                raise
        self._connection = self._connect()
        return function(self._connection)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class PostgresWriter:
    """The session of this process that writes, made again after it was lost."""

    def __init__(
        self,
        connect: Callable[[], PostgresConnection],
        clock: ServerClock,
        reconnect_for: float = RECONNECT_FOR,
    ) -> None:
        self._connect = connect
        self._clock = clock
        self._reconnect_for = reconnect_for
        self._connection = connect()
        self.session = 0
        self._ask(f"SELECT {_NOW}")

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Begin a transaction and commit it at the end; take all of it back after an error.

        Raises ``DatabaseUnreachable`` where it was not committed, ``DatabaseUncertain`` where
        nobody knows.
        """
        transaction_id = self._begin()
        try:
            yield self._connection
        except BaseException:
            self._roll_back()
            raise
        try:
            self._execute("COMMIT")
        except DatabaseUnreachable:
            if not self._was_committed(transaction_id):
                raise

    @contextmanager
    def savepoint(self, connection: Connection) -> Iterator[None]:
        """Take back what is written in here if it fails, and nothing else of the transaction."""
        connection.execute("SAVEPOINT job")
        try:
            yield
        except BaseException:
            with suppress(DatabaseUnreachable):
                connection.execute("ROLLBACK TO job")
                connection.execute("RELEASE job")
            raise
        connection.execute("RELEASE job")

    def is_in_transaction(self) -> bool:
        """Whether the transaction has not ended with its session."""
        return not self._connection.is_lost

    def tidy(self) -> float:
        """Do nothing: the server does it. Return never."""
        return inf

    def close(self) -> None:
        """End the session."""
        self._connection.close()

    def _begin(self) -> str:
        """Begin a transaction when no other process writes; return its id."""
        try:
            return self._begin_once()
        except DatabaseUnreachable:
            if not self._connection.is_lost:
                raise
        self._reconnect()
        log.info("Connected to the database again")
        return self._begin_once()

    def _reconnect(self) -> None:
        self._connection.close()
        self._connection = self._connect()
        self.session += 1

    def _begin_once(self) -> str:
        self._execute("BEGIN")
        try:
            taken = f"SELECT pg_advisory_xact_lock(?), pg_current_xact_id()::text, {_NOW}"
            _, transaction_id, _ = self._ask(taken, [WRITE_LOCK])
        except DatabaseUnreachable:
            self._roll_back()
            raise
        return str(transaction_id)

    def _ask(self, statement: str, values: Values = ()) -> tuple[Any, ...]:
        """Return the answer, whose last column is the server's time; compare the clocks with it."""
        asked_at = self._clock.local()
        answer: tuple[Any, ...] = self._execute(statement, values).fetchone()
        self._clock.correct(asked_at, answer[-1], self._clock.local())
        return answer

    def _roll_back(self) -> None:
        if not self._connection.is_lost:
            with suppress(DatabaseUnreachable):  # the transaction has ended with its session
                self._execute("ROLLBACK")

    def _execute(self, statement: str, values: Values = ()) -> Cursor:
        """Begin or end a transaction. Raises ``DatabaseUnreachable`` whatever the server says."""
        try:
            return self._connection.execute(statement, values)
        except StatementFailed as error:
            raise DatabaseUnreachable(self._connection.location, error) from error

    def _was_committed(self, transaction_id: str) -> bool:
        """Return whether a transaction was committed whose connection was lost meanwhile.

        Raises ``DatabaseUncertain`` if nobody can say in time.
        """
        until = time.monotonic() + self._reconnect_for
        while True:
            with suppress(DatabaseUnreachable):
                status = self._status_of(transaction_id)
                if status in ("committed", "aborted"):
                    log.warning("Connection lost during a commit: the transaction was %s", status)
                    return bool(status == "committed")
            if time.monotonic() > until:
                cause = TimeoutError("nobody knows whether the last transaction was committed")
                raise DatabaseUncertain(self._connection.location, cause)
            time.sleep(_RECONNECT_INTERVAL)

    def _status_of(self, transaction_id: str) -> str | None:
        """Return what the server says of a transaction, over a new connection."""
        self._reconnect()
        asked = "SELECT pg_xact_status(?::xid8)"
        (status,) = self._execute(asked, [transaction_id]).fetchone()
        return cast("str | None", status)
