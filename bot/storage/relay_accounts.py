"""Stores the relay accounts that servers and users have connected.

The key of an account is stored encrypted only, and in its row alone: deleting the row deletes the
key. The account of the operator has no row, because its key is a setting.
"""

import secrets
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from sqlite_utils import Database

from bot.storage.database import DatabaseThread
from bot.storage.models import AccountOwner, RelayAccount

_PREFIX = "account-"
"""Of every id, so that it cannot be the name of a relay, which is the operator's account."""

_OWNED = "guild_id IS ? AND user_id IS ?"


class RelayAccountStore:
    """The connected accounts."""

    def __init__(self, database: DatabaseThread) -> None:
        self._database = database

    async def all(self) -> list[RelayAccount]:
        """Return every account."""
        rows = await self._database.read("SELECT * FROM relay_accounts", [])
        return [_account(dict(row)) for row in rows]

    async def get(self, account_id: str) -> RelayAccount | None:
        """Return the account with an id."""
        rows = await self._database.read("SELECT * FROM relay_accounts WHERE id = ?", [account_id])
        return _account(dict(rows[0])) if rows else None

    async def with_running_tasks(self) -> list[RelayAccount]:
        """Return the accounts of which tasks are watched."""
        rows = await self._database.read(
            "SELECT a.* FROM relay_accounts a WHERE EXISTS (SELECT 1 FROM tasks t"
            " WHERE t.account = a.id AND t.state = 'running')",
            [],
        )
        return [_account(dict(row)) for row in rows]

    async def of(self, owner: AccountOwner) -> RelayAccount | None:
        """Return the account of a server or a user."""
        return await self._database.view(lambda db: read_account(db, owner))

    async def connect(
        self, owner: AccountOwner, account: Callable[[str], RelayAccount]
    ) -> RelayAccount:
        """Store the account of a server or a user, in place of its old one; return it.

        ``account`` returns the account for an id: that of the old account, so that its tasks stay
        watched, or else a new one.
        """

        def connect(db: Database) -> RelayAccount:
            old = read_account(db, owner)
            new = account(old.id if old else _PREFIX + secrets.token_hex(8))
            db.execute("DELETE FROM relay_accounts WHERE id = ?", [new.id])
            db.table("relay_accounts").insert(_row(new))
            return new

        return await self._database.run(connect, erases=True)

    async def replace_keys(self, encrypt: Callable[[RelayAccount], bytes]) -> int:
        """Store each account's key as ``encrypt`` returns it; return the number of accounts."""

        def replace_keys(db: Database) -> int:
            accounts = [_account(row) for row in db.query("SELECT * FROM relay_accounts")]
            for each in accounts:
                db.execute(
                    "UPDATE relay_accounts SET encrypted_key = ? WHERE id = ?",
                    [encrypt(each), each.id],
                )
            return len(accounts)

        return await self._database.run(replace_keys, erases=True)

    async def set_rejected(self, account_id: str, since: float | None) -> bool:
        """Store since when the relay refuses the key of an account, ``None`` if it accepts it.

        Returns whether that is news: the person who connected it is told once.
        """

        def set_rejected(db: Database) -> bool:
            cursor = db.execute(
                "UPDATE relay_accounts SET rejected_since = ?"
                " WHERE id = ? AND (rejected_since IS NULL) != (? IS NULL)",
                [since, account_id, since],
            )
            return bool(cursor.rowcount)

        return await self._database.run(set_rejected)


def read_account(db: Database, owner: AccountOwner) -> RelayAccount | None:
    """Within a transaction: return the account of a server or a user."""
    rows = db.query(
        f"SELECT * FROM relay_accounts WHERE {_OWNED}",  # noqa: S608 # names of ours
        [owner.guild_id, owner.user_id],
    )
    return next(map(_account, rows), None)


def delete_account(db: Database, owner: AccountOwner) -> str | None:
    """Within a transaction: delete the account of a server or a user; return its id."""
    account = read_account(db, owner)
    if account is None:
        return None
    db.execute("DELETE FROM relay_accounts WHERE id = ?", [account.id])
    return account.id


def _account(row: dict[str, Any]) -> RelayAccount:
    owner = AccountOwner(row.pop("guild_id"), row.pop("user_id"))
    return RelayAccount(owner=owner, **row)


def _row(account: RelayAccount) -> dict[str, Any]:
    row = asdict(account)
    return {**row.pop("owner"), **row}
