"""Copies a whole database from one engine to the other, and verifies the copy.

Both databases are opened for writing, so that nobody changes the source meanwhile. What is written
is read again, counted and compared by checksums before it is committed: either everything is in the
target, or nothing.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.storage.engine import Connection, Engine
from bot.storage.leases import has_other_processes

TABLES = (
    "tasks",
    "deliveries",
    "delivery_tasks",
    "watches",
    "live_cards",
    "live_card_tasks",
    "history",
    "server_history",
    "user_history",
    "blocked_channels",
    "notified_users",
    "forums",
    "requested_messages",
    "relay_accounts",
    "accounts_without_credit",
    "creations",
    "creation_tasks",
    "server_settings",
    "user_settings",
    "welcomed_servers",
    "departed_servers",
    "key_values",
)
"""In an order in which no row refers to a later one."""

_MODULUS = 2**256
_ROWS_AT_ONCE = 1000

_Side = tuple[Engine, Connection]
"""One of the two databases, in a transaction."""


class CopyError(Exception):
    """The copy was not made; the text says why and what to do. The target is as it was."""


@dataclass(frozen=True, slots=True)
class TableCopy:
    """A table that was copied and verified."""

    name: str
    rows: int
    checksum: str
    """Of all rows, 16 hexadecimal digits. Where their order has no meaning, it does not matter."""


def copy_database(source: Engine, target: Engine) -> list[TableCopy]:
    """Copy everything; return what was copied, by table.

    Raises ``CopyError`` if the target has rows or another process uses either, and
    ``DatabaseUnusable`` if one of them cannot be opened.
    """
    with (
        source.open_writer() as reader,
        target.open_writer() as writer,
        reader.transaction() as original,
        writer.transaction() as copy,
    ):
        sides = (source, original), (target, copy)
        for side in sides:
            _let_it_take_its_time(*side)
            _require_unused(*side)
        _require_empty(target, copy)
        columns = _columns(original if source.is_shared else copy)
        copies = [_copy_table(*sides, table, columns[table]) for table in TABLES]
        for table in TABLES:
            if columns[table].get("id") == "bigint":
                _continue_after(target, copy, table, _last_id(source, original, table))
        return copies


def _require_unused(engine: Engine, connection: Connection) -> None:
    """Raise ``CopyError`` if another process has a database open that several may open."""
    if not engine.is_shared:
        return  # a file is locked for this process
    if has_other_processes(connection):
        raise CopyError(f"A bot is running on {engine.location}: stop all of its processes first.")


def _let_it_take_its_time(engine: Engine, connection: Connection) -> None:
    """Let the server wait for the other side, which may be busy for longer than a bot ever is."""
    if engine.is_shared:
        connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        connection.execute("SET LOCAL statement_timeout = 0")


def _require_empty(engine: Engine, connection: Connection) -> None:
    for table in TABLES:
        if connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone():  # noqa: S608 # names of ours
            raise CopyError(
                f"{engine.location} is not empty: the table {table} has rows. Copy into a new"
                " database."
            )


def _columns(postgres: Connection) -> dict[str, dict[str, str]]:
    """Return the types of the columns of each table by their names, as PostgreSQL has them.

    SQLite has the same columns; ``rowid``, where PostgreSQL has it, is there without a declaration.
    It says only in which order the rows were added.
    """
    columns: dict[str, dict[str, str]] = {}
    rows = postgres.execute(
        "SELECT table_name, column_name, data_type FROM information_schema.columns"
        " WHERE table_schema = current_schema() ORDER BY ordinal_position"
    )
    for table, column, kind in rows.fetchall():
        columns.setdefault(table, {})[column] = kind
    return columns


def _copy_table(source: _Side, target: _Side, table: str, columns: Mapping[str, str]) -> TableCopy:
    """Copy a table and read the copy again.

    A ``rowid`` is not copied, the rows are added in its order: so the numbers that the target gives
    next come after those of the copied rows.
    """
    is_ordered = "rowid" in columns
    copied = {name: kind for name, kind in columns.items() if name != "rowid"}
    names, places = ", ".join(copied), ", ".join("?" * len(copied))
    order = " ORDER BY rowid" if is_ordered else ""
    select = f"SELECT {names} FROM {table}{order}"  # noqa: S608 # names of ours
    insert = f"INSERT INTO {table} ({names}) VALUES ({places})"  # noqa: S608 # names of ours
    flags = [kind == "boolean" for kind in copied.values()]
    original = _Checksum(is_ordered)
    for row in _rows(source, select):
        values = zip(row, flags, strict=True)
        target[1].execute(insert, [bool(value) if flag else value for value, flag in values])
        original.add(row)
    copy = _Checksum(is_ordered)
    for row in _rows(target, select):
        copy.add(row)
    if copy != original:
        raise CopyError(f"The copy of the table {table} differs from the original.")
    return TableCopy(table, copy.rows, f"{copy.total:064x}"[:16])


def _rows(side: _Side, select: str) -> Iterator[Sequence[Any]]:
    """Yield the rows of a query without holding all of them in memory."""
    engine, connection = side
    if not engine.is_shared:
        yield from connection.execute(select)
        return
    connection.execute(f"DECLARE rows_to_copy CURSOR FOR {select}")
    while rows := connection.execute(f"FETCH {_ROWS_AT_ONCE} FROM rows_to_copy").fetchall():
        yield from rows
    connection.execute("CLOSE rows_to_copy")


@dataclass
class _Checksum:
    """The number of some rows, and a checksum, which depends on their order if that matters."""

    is_ordered: bool
    rows: int = 0
    total: int = 0

    def add(self, row: Sequence[Any]) -> None:
        """Add a row."""
        values = (self.rows, *row) if self.is_ordered else row
        digest = hashlib.sha256("\0".join(_canonical(values)).encode()).digest()
        self.total = (self.total + int.from_bytes(digest, "big")) % _MODULUS
        self.rows += 1


def _canonical(row: Sequence[Any]) -> Iterator[str]:
    """Yield the values of a row as text, in which both engines agree."""
    for value in row:
        if isinstance(value, bool):
            yield f"int {int(value)}"
        elif isinstance(value, bytes | memoryview):
            yield f"bytes {bytes(value).hex()}"
        else:
            yield f"{type(value).__name__} {value!r}"


def _last_id(engine: Engine, connection: Connection, table: str) -> int:
    """Return the last id that was given in a table, whose row may be deleted."""
    (last,) = connection.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()  # noqa: S608 # names of ours
    given = (
        "SELECT pg_sequence_last_value(pg_get_serial_sequence(?, 'id'))"
        if engine.is_shared
        else "SELECT seq FROM sqlite_sequence WHERE name = ?"
    )
    row = connection.execute(given, [table]).fetchone()
    return max(int(last), int(row[0]) if row and row[0] else 0)


def _continue_after(engine: Engine, connection: Connection, table: str, last: int) -> None:
    """Let ids go on where those of the source ended: none is given again."""
    if engine.is_shared:
        if last:
            connection.execute("SELECT setval(pg_get_serial_sequence(?, 'id'), ?)", [table, last])
        return
    declared = "SELECT 1 FROM sqlite_schema WHERE name = ? AND sql LIKE '%AUTOINCREMENT%'"
    if connection.execute(declared, [table]).fetchone():
        connection.execute("DELETE FROM sqlite_sequence WHERE name = ?", [table])
        connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", [table, last])
