"""Errors of the database, each with what the operator can do about it."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from bot.storage.connection_advice import connection_advice


class DatabaseUnusable(Exception):
    """The database cannot be opened or read; the text holds the file and the cause.

    ``advice`` tells the operator what to do about it.
    """

    advice = "Check DATABASE_PATH, and that the file may be written."

    def __init__(self, location: Path | str, cause: Exception) -> None:
        super().__init__(f"Cannot use the database {location}: {cause}")
        self.location = location


class DatabaseUnreachable(DatabaseUnusable):
    """The database server cannot be reached, has ended the session, or does not answer in time."""

    def __init__(self, location: Path | str, cause: Exception) -> None:
        text = " ".join(str(cause).split())  # it may have several lines
        super().__init__(location, RuntimeError(text))
        self.advice = connection_advice(text)


class DatabaseUncertain(DatabaseUnreachable):
    """The connection was lost during a commit, and nobody says whether it was committed."""


class DatabaseDriverMissing(DatabaseUnusable):
    """The library with which PostgreSQL is asked is not installed, or does not work."""

    advice = 'Install the bot with its extra "postgres": pip install "suno-bot[postgres]".'

    def __init__(self) -> None:
        super().__init__("at DATABASE_URL", RuntimeError("psycopg is not installed"))


class StatementFailed(Exception):
    """PostgreSQL refuses a statement. The text quotes no values, which may be personal data."""


class DatabaseTooNew(DatabaseUnusable):
    """A later version of the program has migrated the database to a schema unknown to this one.

    ``steps`` are the unknown migrations.
    """

    advice = (
        "Run that version or a later one, or restore the copy of the database that was made before"
        " the upgrade."
    )

    def __init__(self, location: Path | str, steps: Sequence[str]) -> None:
        super().__init__(
            location, RuntimeError(f"a newer version has changed it ({', '.join(steps)})")
        )


class DatabaseForeign(DatabaseUnusable):
    """The database belongs to another program: it has tables, and none of this one."""

    advice = "Give DATABASE_PATH a file of its own, or DATABASE_URL a database of its own."

    def __init__(self, location: Path | str) -> None:
        super().__init__(location, RuntimeError("it is another program's"))


class DatabaseClosed(DatabaseUnusable):
    """The database was closed because the bot is stopping."""

    def __init__(self, location: Path | str) -> None:
        super().__init__(location, RuntimeError("it is closed"))


class DatabaseDamaged(DatabaseUnusable):
    """The file is damaged or is no database, so that no retry succeeds."""

    advice = (
        "Stop the bot, keep a copy of the file, and restore your last backup of it (see"
        " docs/operating.md); without one, move it away for an empty one."
    )


class DatabaseInUse(DatabaseUnusable):
    """Another process is using the database."""

    advice = "Stop it first, or give this one a DATABASE_PATH of its own."

    def __init__(self, location: Path | str) -> None:
        super().__init__(location, RuntimeError("another bot is running on it"))


class DatabaseOfAnotherUser(DatabaseUnusable):
    """The lock beside the database belongs to another user of the machine."""

    advice = "Run the bot as that user, or give this one a DATABASE_PATH of its own."

    def __init__(self, lock: Path) -> None:
        super().__init__(lock, RuntimeError("its lock file belongs to another user"))


DATABASE_ERRORS = (sqlite3.Error, DatabaseUnusable, StatementFailed)
"""What a statement raises that fails, whatever the engine and the cause."""


def is_damage(error: Exception) -> bool:
    """Whether SQLite reports that the file is damaged or is no database."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # higher bits: where
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
