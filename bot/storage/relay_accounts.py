"""Stores the relay accounts that servers and users have connected.

The key of an account is stored encrypted only, and in its row alone: deleting the row deletes the
key. The account of the operator has no row, because its key is a setting.
"""

import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from sqlite_utils import Database

from bot.storage.database import DatabaseThread
from bot.storage.errors import NoRelayAccount, TooManyAccounts
from bot.storage.models import AccountOwner, EndReason, RelayAccount
from bot.storage.outbox import Outbox
from bot.storage.poll_results import PollContext, end_all

_PREFIX = "account-"
"""Of every id, so that it cannot be the name of a relay, which is the operator's account."""

MAX_ACCOUNTS = 10
"""Accounts that one person may connect, of servers and their own."""

_OWNED = "guild_id IS ? AND user_id IS ?"


@dataclass(frozen=True, slots=True)
class DisconnectedAccount:
    """An account that was deleted."""

    account: str
    """Its id."""
    watches: int
    """How many watches ended with it."""


class RelayAccountStore:
    """The connected accounts."""

    def __init__(self, database: DatabaseThread, outbox: Outbox) -> None:
        self._database = database
        self._outbox = outbox

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
        watched, or else a new one. Raises ``TooManyAccounts``, and changes nothing then.
        """

        def connect(db: Database) -> RelayAccount:
            old = read_account(db, owner)
            new = account(old.id if old else _PREFIX + secrets.token_hex(8))
            db.execute("DELETE FROM relay_accounts WHERE id = ?", [new.id])
            (connected,) = db.execute(
                "SELECT count(*) FROM relay_accounts WHERE connected_by = ?", [new.connected_by]
            ).fetchone()
            if connected >= MAX_ACCOUNTS:
                raise TooManyAccounts(MAX_ACCOUNTS)
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

    async def watch_count(self, owner: AccountOwner) -> int:
        """Return how many watches of running tasks there are at the account of an owner."""
        rows = await self._database.read(
            "SELECT count(*) AS watches FROM watches w JOIN relay_accounts a ON a.id = w.account"
            " WHERE a.guild_id IS ? AND a.user_id IS ? AND w.delivery_id IS NULL",
            [owner.guild_id, owner.user_id],
        )
        return int(rows[0]["watches"])

    async def disconnect(self, owner: AccountOwner, now: float) -> DisconnectedAccount | None:
        """Delete an account and its key, and end its watches with one message each."""
        disconnected = await self._database.run(
            lambda db: disconnect_account(db, owner, now), erases=True
        )
        self._outbox.changed.set()
        return disconnected

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


def disconnect_account(db: Database, owner: AccountOwner, now: float) -> DisconnectedAccount | None:
    """Within a transaction: delete the account of an owner, and end the watches of its tasks."""
    account = read_account(db, owner)
    if account is None:
        return None
    (watches,) = db.execute(
        "SELECT count(*) FROM watches WHERE account = ? AND delivery_id IS NULL", [account.id]
    ).fetchone()
    end_all(db, PollContext(account.id, "", now, now), EndReason.DISCONNECTED)
    db.execute("DELETE FROM relay_accounts WHERE id = ?", [account.id])
    return DisconnectedAccount(account.id, watches)


def require_account(db: Database, account: str) -> None:
    """Within a transaction: raise ``NoRelayAccount`` if an account was disconnected meanwhile."""
    if not account.startswith(_PREFIX):
        return
    if not db.execute("SELECT 1 FROM relay_accounts WHERE id = ?", [account]).fetchone():
        raise NoRelayAccount


def _account(row: dict[str, Any]) -> RelayAccount:
    owner = AccountOwner(row.pop("guild_id"), row.pop("user_id"))
    return RelayAccount(owner=owner, **row)


def _row(account: RelayAccount) -> dict[str, Any]:
    row = asdict(account)
    return {**row.pop("owner"), **row}
