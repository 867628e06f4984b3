"""Counts of running tasks and unfinished messages, for the start-up log and the metrics."""

from dataclasses import dataclass

from sqlite_utils import Database

from bot.storage.database import DatabaseThread
from bot.storage.delivery_rows import OPEN, VISIBLE_STATE


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """Numbers of running tasks and unfinished messages."""

    running_tasks: int
    due: int
    sending: int
    held: int
    """Includes deliveries that are due in a blocked channel."""
    cards: int
    due_since: float | None
    """When the oldest message that is due or being sent was created; ``None`` if none is."""

    @property
    def unposted(self) -> int:
        """Unfinished messages."""
        return self.due + self.sending + self.held


class QueueStatistics:
    """Counts the running tasks of one account, and all unfinished messages.

    Each count reads an index of the running or unfinished rows alone.
    """

    def __init__(self, database: DatabaseThread, account: str) -> None:
        self._database = database
        self._account = account

    async def count(self) -> QueueCounts:
        """Count tasks and messages."""
        return await self._database.view(self._count)

    async def due_since(self) -> float | None:
        """Return when the oldest message that is due or being sent was created."""
        return (await self.count()).due_since

    async def running_at_other_relays(self) -> dict[str, int]:
        """Return the numbers of running tasks at other relays, by their names."""
        rows = await self._database.read(
            "SELECT account, count(*) AS running FROM tasks"
            " WHERE state = 'running' AND account != ? GROUP BY account",
            [self._account],
        )
        return {row["account"]: row["running"] for row in rows}

    def _count(self, db: Database) -> QueueCounts:
        (running,) = db.execute(
            "SELECT count(*) FROM tasks WHERE account = ? AND state = 'running'", [self._account]
        ).fetchone()
        due, sending, held, since = db.execute(_DELIVERIES).fetchone()
        (cards,) = db.execute("SELECT count(*) FROM live_cards").fetchone()
        return QueueCounts(running, due, sending, held, cards, since)


_DELIVERIES = f"""
    SELECT count(*) FILTER (WHERE state = 'due'), count(*) FILTER (WHERE state = 'sending'),
        count(*) FILTER (WHERE state = 'held'),
        min(created_at) FILTER (WHERE state != 'held' AND NOT blocked)
    FROM (SELECT d.created_at, {VISIBLE_STATE} AS state, EXISTS (SELECT 1 FROM blocked_channels b
        WHERE b.channel_id = d.channel_id) AS blocked FROM deliveries d WHERE d.{OPEN})
"""  # noqa: S608 # names of ours
