"""A connection to PostgreSQL on which the statements of this program run."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.adapt import Buffer, Loader

from bot.storage.database_errors import DatabaseUnreachable, DatabaseUnusable, StatementFailed
from bot.storage.engine import Cursor, Values
from bot.storage.postgres.dialect import bind, translate

APPLICATION_NAME = "suno-bot"
"""The name of the session with which a process writes, in the server's list; the shards that the
process serves may follow."""
_CONNECT_TIMEOUT = 5
"""Seconds."""


_NOT_THE_STATEMENTS_FAULT = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.ReadOnlySqlTransaction,  # the server has become a standby
)
_ALL_COLUMNS = re.compile(r"(?<!\()\*")
"""In a list of columns, ``*`` follows a blank, a period or a comma; not so in ``count(*)``."""


class _NumberLoader(Loader):
    """Loads ``numeric``, which sums are, as the numbers that SQLite returns."""

    def load(self, data: Buffer) -> int | float:
        text = bytes(data).decode()
        return float(text) if "." in text else int(text)


class PostgresConnection:
    """One session at the server, without a transaction unless one is begun."""

    def __init__(
        self, location: str, url: str, application_name: str = APPLICATION_NAME, **options: str
    ) -> None:
        """``location`` is the address as it is told to people, ``options`` are the server's.

        Raises ``DatabaseUnreachable``, and ``DatabaseUnusable`` for what is no address.
        """
        self.location = location
        settings = " ".join(f"-c {name}={value}" for name, value in options.items())
        not_understood = DatabaseUnusable(location, ValueError("its address is not understood"))
        if url.partition("//")[2].partition("/")[0].count("@") > 1:
            raise not_understood  # the driver would take part of the password for the host
        try:
            self.raw = psycopg.connect(
                url,
                autocommit=True,
                options=settings,
                application_name=application_name,
                connect_timeout=_CONNECT_TIMEOUT,
                target_session_attrs="primary",  # an address may lead to a standby after a failover
                keepalives_idle=5,
                keepalives_interval=2,
                keepalives_count=3,
                tcp_user_timeout=10_000,  # milliseconds: a server that is gone is noticed then
            )
        except psycopg.OperationalError as error:
            raise DatabaseUnreachable(location, error) from error
        except psycopg.Error:  # its text would quote the address, and so the password
            raise not_understood from None
        self.raw.adapters.register_loader("numeric", _NumberLoader)

    @property
    def is_lost(self) -> bool:
        """Whether the session has ended."""
        return bool(self.raw.closed)

    def execute(self, sql: str, values: Values = (), /) -> Cursor:
        """Run a statement.

        Raises ``StatementFailed``, and ``DatabaseUnreachable`` for what is not its fault.
        """
        with self._errors_explained():
            return self._run(sql, values)

    def query(self, sql: str, values: Values = (), /) -> Iterator[dict[str, Any]]:
        """Run a statement; yield its rows by the names of their columns."""
        with self._errors_explained():
            cursor = self._run(sql, values)
        names = [column.name for column in cursor.description or ()]
        return (dict(zip(names, row, strict=True)) for row in cursor)

    @property
    def version(self) -> int:
        """The major version of the server."""
        return self.raw.info.server_version // 10_000

    def notifications(self, seconds: float) -> Iterator[str]:
        """Yield what is notified to this session within some seconds."""
        with self._errors_explained():
            for each in self.raw.notifies(timeout=seconds):
                yield each.payload

    def run_script(self, sql: str) -> None:
        """Run several statements without placeholders."""
        with self._errors_explained():
            self.raw.execute(sql.encode())

    def close(self) -> None:
        """End the session."""
        self.raw.close()

    def _run(self, sql: str, values: Values) -> "psycopg.Cursor[tuple[Any, ...]]":
        """Run a statement; one that is repeated is prepared: planning takes longer than the rest.

        A prepared statement that asks for all columns would fail once another version adds one.
        """
        statement = translate(sql)
        prepare = False if _ALL_COLUMNS.search(statement) else None
        return self.raw.execute(statement, bind(statement, values), prepare=prepare)

    @contextmanager
    def _errors_explained(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            if self.is_lost or isinstance(error, _NOT_THE_STATEMENTS_FAULT):
                raise DatabaseUnreachable(self.location, error) from error
            text = type(error).__name__
            if isinstance(error, psycopg.ProgrammingError):  # a wrong name, for example
                text = f"{text}: {error.diag.message_primary or error}"
            raise StatementFailed(text) from None
