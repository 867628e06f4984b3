"""Small values by name that outlive the process."""

import secrets

from sqlite_utils import Database

from bot.storage.database import DatabaseThread


class KeyValueStore:
    """Values by name."""

    def __init__(self, database: DatabaseThread) -> None:
        self._database = database

    async def read(self, name: str) -> str | None:
        """Return the value of ``name``."""
        return await self._database.view(lambda db: read_value(db, name))

    async def write(self, name: str, value: str) -> None:
        """Store ``value`` under ``name``, replacing the old value."""
        await self._database.run(lambda db: write_value(db, name, value))


def read_value(db: Database, name: str) -> str | None:
    """Within a transaction: return the value of ``name``."""
    row = db.execute("SELECT value FROM key_values WHERE name = ?", [name]).fetchone()
    return str(row[0]) if row else None


def write_value(db: Database, name: str, value: str) -> None:
    """Within a transaction: store ``value`` under ``name``, replacing the old value."""
    db.execute(
        "INSERT INTO key_values (name, value) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        [name, value],
    )


def get_or_create_secret(db: Database, name: str) -> bytes:
    """Within a transaction: return a random secret of this database, drawn when first asked for."""
    stored = read_value(db, name)
    if stored is None:
        stored = secrets.token_hex(32)
        write_value(db, name, stored)
    return bytes.fromhex(stored)
