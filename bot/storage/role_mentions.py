"""Which messages mention their server's role: one in each channel and minute.

A role may reach thousands of people, and anybody who watches tasks that have ended can cause many
messages. A message that may not mention the role is posted all the same.
"""

from sqlite_utils import Database

from bot.storage.clock_rollback import CLOCK_TOLERANCE
from bot.storage.database import DatabaseThread
from bot.storage.models import Delivery

BETWEEN_MENTIONS = 60.0
"""Seconds between two mentions of a role in one channel."""


class RoleMentions:
    """Records the mentions of roles, each before its message is sent."""

    def __init__(self, database: DatabaseThread) -> None:
        self._database = database

    async def claim(self, delivery: Delivery, now: float) -> bool:
        """Return whether a delivery that is being sent mentions the role.

        What Discord may have taken already stays as it was: a repeat is the same message.
        """

        def claim(db: Database) -> bool:
            if delivery.unconfirmed_since is not None:
                (mentioned,) = db.execute(
                    "SELECT role_mentioned_at IS NOT NULL FROM deliveries WHERE id = ?",
                    [delivery.id],
                ).fetchone()
                return bool(mentioned)
            another = db.execute(
                "SELECT 1 FROM deliveries WHERE channel_id = ? AND id != ?"
                " AND role_mentioned_at > ? AND role_mentioned_at <= ?",
                [
                    *(delivery.destination.channel_id, delivery.id),
                    *(now - BETWEEN_MENTIONS, now + CLOCK_TOLERANCE),
                ],
            ).fetchone()
            mentioned_at = now if another is None else None
            db.execute(
                "UPDATE deliveries SET role_mentioned_at = ? WHERE id = ?",
                [mentioned_at, delivery.id],
            )
            return mentioned_at is not None

        return await self._database.run(claim)
