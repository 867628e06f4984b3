"""Counts what may be charged at a relay and has no task, such as a file of a song.

A debit is a row among the requests to create, so that it counts for the same quotas. It names
nobody and holds no text; like a forgotten request, it is deleted after a day.
"""

from bot.storage.account_rows import require_account
from bot.storage.creation_quotas import enforce_quotas, guild_hash
from bot.storage.database import DatabaseThread
from bot.storage.engine import Connection
from bot.storage.limits import hash_id
from bot.storage.models import Caller, CreationQuotas
from bot.storage.server_settings import require_creating


class CreationDebits:
    """The debits of people, at all relay accounts."""

    def __init__(self, database: DatabaseThread) -> None:
        self._database = database

    async def add(self, account: str, caller: Caller, quotas: CreationQuotas, now: float) -> int:
        """Count something that may be charged from now on; return the id of the debit.

        Raises the ``WatchError`` of a quota that is reached, ``NoRelayAccount`` if the account was
        disconnected, or ``CreatingOff``; stores nothing then.
        """

        def add(db: Connection) -> int:
            require_account(db, account)
            require_creating(db, caller.guild_id)
            (debit_id,) = db.execute(
                "INSERT INTO creations"
                " (account, state, user_hash, guild_hash, deadline, created_at)"
                " VALUES (?, 'unconfirmed', ?, ?, 0, ?) RETURNING id",
                [account, hash_id(db, caller.user_id), guild_hash(db, caller.guild_id), now],
            ).fetchone()
            enforce_quotas(db, caller.user_id, caller.guild_id, quotas, now)
            return int(debit_id)

        return await self._database.run(add)

    async def refund(self, debit_id: int) -> None:
        """Let a debit not count: nothing was charged."""
        await self._database.write(
            "UPDATE creations SET state = 'rejected'"
            " WHERE id = ? AND state = 'unconfirmed' AND request IS NULL",
            [debit_id],
        )
