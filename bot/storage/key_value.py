"""Stores named values, the secrets of this database among them, and fingerprints of relay access.

A relay shows a task only to the account that made it. After a change of the API key or of the
address, it may report none of the tasks that it reported before, which says nothing about these
tasks. So each task keeps a fingerprint of the address and the key under which the relay last
reported it: an HMAC whose secret is drawn once for each database and stored beside the other
values.

A fingerprint alone (in a report, in a copy of some rows, beside that of another bot) reveals no key
and allows no comparison. Whoever has the whole file has the secret too and can test guesses of
keys: the keys of relays are long and random, so that guessing fails, but a short key that a person
chose could be found.
"""

import hashlib
import hmac
import secrets
from typing import NamedTuple

from pydantic import SecretStr

from bot.storage.database import DatabaseThread
from bot.storage.engine import Connection


class KeyValueStore:
    """Reads and writes named values that outlive the process."""

    def __init__(self, database: DatabaseThread) -> None:
        self._database = database

    async def read(self, name: str) -> str | None:
        """Return the value of ``name``."""
        return await self._database.view(lambda db: read_value(db, name))

    async def write(self, name: str, value: str) -> None:
        """Store ``value`` under ``name``, replacing the old value."""
        await self._database.run(lambda db: write_value(db, name, value))


def read_value(db: Connection, name: str) -> str | None:
    """Within a transaction: return the value of ``name``."""
    row = db.execute("SELECT value FROM key_values WHERE name = ?", [name]).fetchone()
    return str(row[0]) if row else None


def write_value(db: Connection, name: str, value: str) -> None:
    """Within a transaction: store ``value`` under ``name``, replacing the old value."""
    db.execute(
        "INSERT INTO key_values (name, value) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        [name, value],
    )


def get_or_create_secret(db: Connection, name: str) -> bytes:
    """Within a transaction: return a named random secret, created on first use."""
    stored = read_value(db, name)
    if stored is None:
        stored = secrets.token_hex(32)
        write_value(db, name, stored)
    return bytes.fromhex(stored)


_FINGERPRINT_SECRET = "secret of the relay fingerprints"  # noqa: S105 # the name of the value


class RelayAccess(NamedTuple):
    """The address and the API key of a relay, which decide what tasks it shows."""

    account: str
    """The id of the account, which is no part of the fingerprint."""
    base_url: str
    """As ``bot.relay.providers`` gives it."""
    key: SecretStr


async def create_fingerprint(database: DatabaseThread, access: RelayAccess) -> str:
    """Return the fingerprint of an address and a key in this database."""
    return await database.run(
        lambda db: _fingerprint(get_or_create_secret(db, _FINGERPRINT_SECRET), access)
    )


def read_fingerprint(db: Connection, access: RelayAccess) -> str | None:
    """Return the fingerprint of an address and a key; ``None`` where none was ever stored."""
    secret = read_value(db, _FINGERPRINT_SECRET)
    return None if secret is None else _fingerprint(bytes.fromhex(secret), access)


def _fingerprint(secret: bytes, access: RelayAccess) -> str:
    text = f"{access.base_url}\n{access.key.get_secret_value()}"
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()
