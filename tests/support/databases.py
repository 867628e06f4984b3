"""Databases of tests: SQLite files, or PostgreSQL databases where a test asks for both engines."""

from sqlite_utils import Database

from bot.storage.engine import Connection


def sqlite_of(connection: Connection) -> Database:
    """Return a connection of which the test knows that it is SQLite's."""
    assert isinstance(connection, Database)
    return connection
