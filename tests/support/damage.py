"""Corrupts a database as a faulty disk does."""

import sqlite3
from contextlib import closing
from pathlib import Path


def damage(path: Path, name: str) -> None:
    """Overwrite the first page of a table or an index; the file still opens."""
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT rootpage FROM sqlite_schema WHERE name = ?"
        (page,) = connection.execute(query, [name]).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
