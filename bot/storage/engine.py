"""What a database engine offers to the thread that owns it, and to the statements of this package.

Statements are written once, in the SQL that both engines understand: placeholders are ``?``, ``?1``
or ``:name``, lists are passed as JSON and read with ``json_each``. What truly differs (opening,
transactions, the schema, the search) stands in ``sqlite`` and ``postgres``.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

Values = Sequence[Any] | dict[str, Any]
"""The values of a statement: by position, or by name."""


class Cursor(Protocol):
    """The result of a statement: rows as tuples."""

    @property
    def rowcount(self) -> int:
        """How many rows a statement changed."""

    def fetchone(self) -> Any:
        """Return the next row, ``None`` after the last one."""

    def fetchall(self) -> list[Any]:
        """Return the remaining rows."""

    def __iter__(self) -> Iterator[Any]:
        """Yield the remaining rows."""


class Connection(Protocol):
    """A connection on which statements run. It is used by one thread."""

    def execute(self, sql: str, values: Values = (), /) -> Cursor:
        """Run a statement."""

    def query(self, sql: str, values: Values = (), /) -> Iterator[dict[str, Any]]:
        """Run a statement; yield its rows by the names of their columns."""


class Reader(Protocol):
    """A connection that only reads what is committed."""

    def view(self, function: "Callable[[Connection], Any]") -> Any:
        """Return the result of a function that only reads; it may be called twice."""

    def close(self) -> None:
        """Close the connection."""


class Writer(Protocol):
    """The one connection of a process that writes."""

    @property
    def session(self) -> int:
        """The number of its session: another one once the connection was made again."""

    def transaction(self) -> AbstractContextManager[Connection]:
        """Begin a transaction and commit it at the end; take all of it back after an error."""

    def savepoint(self, connection: Connection) -> AbstractContextManager[None]:
        """Take back what is written in here if it fails, and nothing else of the transaction."""

    def is_in_transaction(self) -> bool:
        """Whether the transaction that was begun has not ended early."""

    def tidy(self) -> float:
        """Do what is to be done between transactions; return when to be called again.

        That is monotonic seconds, infinity for never.
        """


class Engine(Protocol):
    """A database that can be opened."""

    @property
    def location(self) -> Path | str:
        """Where the database is, as it is told to the operator: without a password."""

    @property
    def is_shared(self) -> bool:
        """Whether several processes may have it open."""

    @property
    def clock(self) -> Callable[[], float]:
        """The clock of all processes that may have it open (Unix seconds)."""

    def open_writer(self) -> AbstractContextManager[Writer]:
        """Open the connection that writes, and bring the schema up to date.

        Raises ``DatabaseUnusable``.
        """

    def open_reader(self) -> Reader:
        """Open a connection that only reads. The writer has been opened before."""

    def listen(
        self, channel: str, receive: Callable[[str | None], None], is_wanted: Callable[[], bool]
    ) -> None:
        """Receive what other processes send, while it is wanted; only where they may be.

        ``receive`` gets each text, and ``None`` when some may have been lost.
        """

    def is_damage(self, error: Exception) -> bool:
        """Whether an error says that the database is damaged, so that no retry succeeds."""
