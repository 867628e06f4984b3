"""Under which address and key a relay knew a task, without keeping either.

A relay shows a task only to the account that made it. After a change of the key or of the address
it may name none of the tasks that it named before, which says nothing about these tasks. So each
keeps a fingerprint of the two under which it was last named: an HMAC whose secret is drawn once for
each database and stored in its key-value table.

What that protects: a fingerprint alone (in a report, in a copy of some rows, beside that of another
bot) is no value by which a key could be guessed or recognised. What it does not: whoever has the
whole file has the secret too, and can try keys on it. The keys of relays are long and random, so
that trying leads nowhere; a short one that a person made up could be found.
"""

import hashlib
import hmac
from typing import NamedTuple

from pydantic import SecretStr
from sqlite_utils import Database

from bot.storage.database import DatabaseThread
from bot.storage.key_value import get_or_create_secret, read_value

_SECRET = "secret of the relay fingerprints"  # noqa: S105 # the name of the note


class RelayAccess(NamedTuple):
    """How a relay is asked, which decides what tasks it shows."""

    relay: str
    """Its name; no part of the fingerprint."""
    base_url: str
    """As ``bot.relay.providers`` gives it."""
    key: SecretStr


async def create_fingerprint(database: DatabaseThread, access: RelayAccess) -> str:
    """Return the fingerprint of an address and a key in this database."""
    return await database.run(lambda db: _fingerprint(get_or_create_secret(db, _SECRET), access))


def read_fingerprint(db: Database, access: RelayAccess) -> str | None:
    """Return the fingerprint of an address and a key; ``None`` where none was ever kept."""
    secret = read_value(db, _SECRET)
    return None if secret is None else _fingerprint(bytes.fromhex(secret), access)


def _fingerprint(secret: bytes, access: RelayAccess) -> str:
    text = f"{access.base_url}\n{access.key.get_secret_value()}"
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()
