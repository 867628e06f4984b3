"""Counts of running tasks, messages and accounts, for the start-up log and the metrics."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.storage.database import DatabaseThread
from bot.storage.delivery_rows import OPEN, VISIBLE_STATE
from bot.storage.engine import Connection


@dataclass(frozen=True, slots=True)
class RelayAccountCounts:
    """Numbers of connected accounts of one relay."""

    connected: int = 0
    rejected: int = 0
    """Those whose key the relay refuses."""


NO_ACCOUNTS = RelayAccountCounts()


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """Numbers of running tasks, unfinished messages and connected accounts."""

    running_tasks: int
    due: int
    sending: int
    held: int
    """Includes deliveries that are due in a blocked channel."""
    cards: int
    due_since: float | None
    """When the oldest message that is due or being sent was created; ``None`` if none is."""
    accounts: Mapping[str, RelayAccountCounts]
    """By the name of the relay."""

    @property
    def unposted(self) -> int:
        """Unfinished messages."""
        return self.due + self.sending + self.held


class QueueStatistics:
    """Counts the running tasks of the accounts in use, all unfinished messages, and the accounts.

    Each count of tasks or messages reads an index of the running or unfinished rows alone.
    """

    def __init__(self, database: DatabaseThread, account: str) -> None:
        """``account``: the operator's. Tasks of an earlier one are not polled."""
        self._database = database
        self._account = account

    async def count(self) -> QueueCounts:
        """Count tasks and messages."""
        return await self._database.view(self._count)

    async def due_since(self) -> float | None:
        """Return when the oldest message that is due or being sent was created."""
        return (await self.count()).due_since

    async def running_at_other_relays(self) -> dict[str, int]:
        """Return the numbers of running tasks of earlier accounts of the operator, by relay."""
        rows = await self._database.read(
            f"SELECT account, count(*) AS running FROM tasks"  # noqa: S608 # names of ours
            f" WHERE state = 'running' AND NOT {_IN_USE} GROUP BY account",
            [self._account],
        )
        return {row["account"]: row["running"] for row in rows}

    def _count(self, db: Connection) -> QueueCounts:
        (running,) = db.execute(
            f"SELECT count(*) FROM tasks WHERE state = 'running' AND {_IN_USE}",  # noqa: S608 # names of ours
            [self._account],
        ).fetchone()
        due, sending, held, since = db.execute(_DELIVERIES).fetchone()
        (cards,) = db.execute("SELECT count(*) FROM live_cards").fetchone()
        accounts = {
            relay: RelayAccountCounts(connected, rejected)
            for relay, connected, rejected in db.execute(
                "SELECT relay, count(*), count(rejected_since) FROM relay_accounts GROUP BY relay"
            )
        }
        return QueueCounts(running, due, sending, held, cards, since, accounts)


_IN_USE = "(account = ? OR account IN (SELECT id FROM relay_accounts))"
"""Whether a task's account is the operator's, or connected."""


_DELIVERIES = f"""
    SELECT count(*) FILTER (WHERE state = 'due'), count(*) FILTER (WHERE state = 'sending'),
        count(*) FILTER (WHERE state = 'held'),
        min(created_at) FILTER (WHERE state != 'held' AND NOT blocked)
    FROM (SELECT d.created_at, {VISIBLE_STATE} AS state, EXISTS (SELECT 1 FROM blocked_channels b
        WHERE b.channel_id = d.channel_id) AS blocked FROM deliveries d WHERE d.{OPEN}) AS open
"""  # noqa: S608 # names of ours
