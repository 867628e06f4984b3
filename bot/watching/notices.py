"""What becomes of the notices of some tasks in one place."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from bot.watching.database import DatabaseThread
from bot.watching.records import Place, Purpose


@dataclass(frozen=True, slots=True)
class NoticeState:
    """How far the notice of a task has come."""

    state: str
    """``due``, ``sending``, ``sent``, ``held`` or ``dropped``."""
    reason: str
    """Why it is not there, in short; empty where nothing went wrong."""

    @property
    def pending(self) -> bool:
        """Whether it is on its way."""
        return self.state in ("due", "sending")


class Notices:
    """The notices of one relay's tasks, as far as somebody wants to know about them."""

    def __init__(self, database: DatabaseThread, relay: str) -> None:
        self._database = database
        self._relay = relay

    async def latest(self, place: Place, ids: Sequence[str]) -> list[NoticeState]:
        """Return how the last notice of each of the tasks in a place is doing, if there is one."""
        rows = await self._database.read(
            "SELECT state, coalesce(reason, '') AS reason, max(id) FROM deliveries"
            " WHERE relay = ? AND channel_id = ? AND purpose = ?"
            " AND task_id IN (SELECT value FROM json_each(?)) GROUP BY task_id",
            [self._relay, place.channel_id, Purpose.NOTICE, json.dumps(list(ids))],
        )
        return [NoticeState(row["state"], row["reason"]) for row in rows]
