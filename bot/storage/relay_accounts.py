"""Stores the relay accounts that servers and users have connected.

The key of an account is stored encrypted only, and in its row alone: deleting the row deletes the
key. The account of the operator has no row, because its key is a setting.
"""

import json
import secrets
from collections.abc import Callable, Collection

from bot.storage.account_rows import (
    DisconnectedAccount,
    disconnect_account,
    insert_account,
    load_account,
    read_account,
    read_accounts,
)
from bot.storage.database import DatabaseThread
from bot.storage.engine import Connection
from bot.storage.errors import TooManyAccounts
from bot.storage.models import ACCOUNT_PREFIX, AccountOwner, RelayAccount
from bot.storage.outbox import Outbox

MAX_ACCOUNTS = 10
"""Accounts that one person may connect, of servers and their own."""
RETELL_INTERVAL = 86400.0
"""Seconds: a relay that refuses a key now and then causes no more than one message in them."""


class RelayAccountStore:
    """The connected accounts."""

    def __init__(self, database: DatabaseThread, outbox: Outbox) -> None:
        self._database = database
        self._outbox = outbox
        self.changed = database.hint("tasks")
        """Set when an account may have changed, or have a task without having a connection."""

    async def all(self) -> list[RelayAccount]:
        """Return every account."""
        return await self._database.view(read_accounts)

    async def get(self, account_id: str) -> RelayAccount | None:
        """Return the account with an id."""
        rows = await self._database.read("SELECT * FROM relay_accounts WHERE id = ?", [account_id])
        return load_account(dict(rows[0])) if rows else None

    async def running_tasks(self) -> dict[str, bool]:
        """Return the ids of all accounts, and whether tasks of each are watched."""
        rows = await self._database.read(
            "SELECT id, EXISTS (SELECT 1 FROM tasks t"
            " WHERE t.account = a.id AND t.state = 'running') AS running FROM relay_accounts a",
            [],
        )
        return {row["id"]: bool(row["running"]) for row in rows}

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

        def connect(db: Connection) -> RelayAccount:
            old = read_account(db, owner)
            new = account(old.id if old else ACCOUNT_PREFIX + secrets.token_hex(8))
            db.execute("DELETE FROM relay_accounts WHERE id = ?", [new.id])
            (connected,) = db.execute(
                "SELECT count(*) FROM relay_accounts WHERE connected_by = ?", [new.connected_by]
            ).fetchone()
            if connected >= MAX_ACCOUNTS:
                raise TooManyAccounts(MAX_ACCOUNTS)
            insert_account(db, new)
            return new

        connected = await self._database.run(connect, erases=True)
        self.changed.set()
        return connected

    async def connected(self, ids: Collection[str]) -> dict[str, RelayAccount]:
        """Return those of some accounts that are connected, by their ids."""
        rows = await self._database.read(
            "SELECT * FROM relay_accounts WHERE id IN (SELECT value FROM json_each(?))",
            [json.dumps(list(ids))],
        )
        return {row["id"]: load_account(row) for row in rows}

    async def replace_keys(self, encrypt: Callable[[RelayAccount], bytes]) -> int:
        """Store each account's key as ``encrypt`` returns it; return the number of accounts."""

        def replace_keys(db: Connection) -> int:
            accounts = read_accounts(db)
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
        self.announce_deletion()
        return disconnected

    def announce_deletion(self) -> None:
        """Let connections of deleted accounts be closed, and messages about them be sent, soon."""
        self.changed.set()
        self._outbox.changed.set()

    async def set_rejected(self, account: RelayAccount, since: float | None) -> bool:
        """Store since when the relay refuses the key of an account, ``None`` if it accepts it.

        Returns whether that is news: who connected it is ``untold`` then, unless they were told
        about the same key within ``RETELL_INTERVAL``. Nothing is stored if the account has another
        key by now.
        """
        changed = await self._database.write(
            "UPDATE relay_accounts SET rejected_since = ?1, rejection_told_at ="
            "  CASE WHEN CAST(?1 AS DOUBLE PRECISION) IS NULL"
            "  OR rejection_told_at BETWEEN ?1 - ?4 AND ?1"
            "  THEN rejection_told_at END"
            " WHERE id = ?2 AND encrypted_key = ?3"
            " AND (rejected_since IS NULL) != (CAST(?1 AS DOUBLE PRECISION) IS NULL)",
            [since, account.id, account.encrypted_key, RETELL_INTERVAL],
        )
        return bool(changed)

    async def untold(self, limit: int) -> list[RelayAccount]:
        """Return accounts with a refused key of which the person does not know yet.

        At random, so that one who cannot be told now keeps no other from being told.
        """
        rows = await self._database.read(
            "SELECT * FROM relay_accounts"
            " WHERE rejected_since IS NOT NULL AND rejection_told_at IS NULL"
            " ORDER BY random() LIMIT ?",
            [limit],
        )
        return list(map(load_account, rows))

    async def set_told(self, account: RelayAccount, now: float) -> None:
        """Store that nobody has to be told any more that the relay refuses the key."""
        await self._database.write(
            "UPDATE relay_accounts SET rejection_told_at = ? WHERE id = ? AND rejected_since = ?",
            [now, account.id, account.rejected_since],
        )
