"""Encrypts the stored keys of relay accounts anew, while no bot runs: ``suno-bot rotate-keys``."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from bot.encryption import Cipher, DecryptionError
from bot.storage.database import DatabaseThread
from bot.storage.database_errors import DatabaseInUse, DatabaseUnusable
from bot.storage.leases import has_other_processes
from bot.storage.models import RelayAccount
from bot.storage.outbox import Outbox
from bot.storage.relay_accounts import RelayAccountStore
from bot.storage.sqlite.inspection import exists


class RotationError(Exception):
    """No key was encrypted anew; the text says why and what to do."""


async def rotate_keys(location: Path | str, cipher: Cipher) -> int:
    """Encrypt all keys in a database with the first key of ``cipher``; return their number.

    All of them are encrypted anew, or none. Raises ``RotationError``.
    """
    if isinstance(location, Path) and not exists(location):
        raise RotationError(f"There is no database at {location}: check DATABASE_PATH.")
    try:
        async with DatabaseThread(location) as database:
            return await _rotate(database, cipher)
    except DatabaseInUse as error:
        text = f"A bot is running on {error.location}: stop it, then repeat this command."
    except DatabaseUnusable as error:
        text = f"{error}. {error.advice}"
    except sqlite3.Error as error:
        text = f"The database cannot be written: {error}."
    raise RotationError(f"Nothing was changed. {text}")


async def _rotate(database: DatabaseThread, cipher: Cipher) -> int:
    if database.is_shared and await database.run(has_other_processes):
        raise DatabaseInUse(database.location)
    accounts = RelayAccountStore(database, Outbox(database))
    stored = await accounts.all()
    if unreadable := [each for each in stored if not _is_readable(each, cipher)]:
        raise RotationError(_describe(unreadable))
    return await accounts.replace_keys(
        lambda each: cipher.encrypt(cipher.decrypt(each.encrypted_key, each.id), each.id)
    )


def _is_readable(account: RelayAccount, cipher: Cipher) -> bool:
    try:
        cipher.decrypt(account.encrypted_key, account.id)
    except DecryptionError:
        return False
    return True


def _describe(unreadable: Sequence[RelayAccount]) -> str:
    accounts = "\n".join(f"  {each.id} of {_owner(each)}" for each in unreadable)
    return (
        "Nothing was changed. No key in ENCRYPTION_KEY decrypts the keys of these relay accounts:\n"
        f"{accounts}\n"
        "Add the key that they were encrypted with to ENCRYPTION_KEY, after a comma. If it is lost,"
        " start the bot, have these accounts connected again or disconnected in Discord, and repeat"
        " this command."
    )


def _owner(account: RelayAccount) -> str:
    if account.owner.guild_id is not None:
        return f"server {account.owner.guild_id}"
    return f"user {account.owner.user_id}"
