"""Which relay accounts have no credit, and whether who connected them was told.

The account of the operator has a row too: it is told by the log and the health page.
"""

from bot.storage.account_rows import account_exists, load_account
from bot.storage.database import DatabaseThread
from bot.storage.engine import Connection
from bot.storage.models import RelayAccount

MIN_INTERVAL = 86_400.0
"""Seconds between two messages to a person about the credit of one account."""


class AccountCredit:
    """The accounts that relays refuse to charge. Whatever a method writes is on disk afterwards."""

    def __init__(self, database: DatabaseThread) -> None:
        self._database = database
        self.changed = database.hint("credit")
        """Set when somebody may have to be told. A hint: the rows are the truth."""

    async def missing_since(self, account: str) -> float | None:
        """Return since when an account has no credit (Unix seconds), ``None`` if it may have."""
        rows = await self._database.read(
            "SELECT since FROM accounts_without_credit WHERE account = ?", [account]
        )
        return rows[0]["since"] if rows else None

    async def set_missing(self, account: str, now: float) -> bool:
        """Store that an account has no credit; return whether that is news."""

        def set_missing(db: Connection) -> bool:
            if not account_exists(db, account):
                return False
            cursor = db.execute(
                "INSERT INTO accounts_without_credit (account, since) VALUES (?, ?)"
                " ON CONFLICT (account) DO UPDATE SET since = excluded.since"
                "  WHERE accounts_without_credit.since IS NULL",
                [account, now],
            )
            return bool(cursor.rowcount)

        is_news = await self._database.run(set_missing)
        if is_news:
            self.changed.set()
        return is_news

    async def set_available(self, account: str) -> bool:
        """Store that an account has credit; return whether that is news."""
        if await self.missing_since(account) is None:
            return False
        changed = await self._database.write(
            "UPDATE accounts_without_credit SET since = NULL"
            " WHERE account = ? AND since IS NOT NULL",
            [account],
        )
        return bool(changed)

    async def untold(self, limit: int) -> list[RelayAccount]:
        """Return connected accounts without credit of which the person does not know yet.

        At random, so that one who cannot be told now keeps no other from being told.
        """
        rows = await self._database.read(
            "SELECT a.* FROM relay_accounts a JOIN accounts_without_credit c ON c.account = a.id"
            " WHERE c.since IS NOT NULL AND (c.told_at IS NULL OR c.told_at < c.since - ?)"
            " ORDER BY random() LIMIT ?",
            [MIN_INTERVAL, limit],
        )
        return list(map(load_account, rows))

    async def set_told(self, account: RelayAccount, now: float) -> None:
        """Store that who connected an account knows, or cannot be told."""
        await self._database.write(
            "UPDATE accounts_without_credit SET told_at = ? WHERE account = ?", [now, account.id]
        )
