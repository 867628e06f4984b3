"""The requests to create in the bot's database, also those that it has forgotten since."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from bot.storage.models import CreationState
from tests.e2e.chaos.creation_audit import StoredCreation, mark_in

Read = Callable[[str], Awaitable[Sequence[Mapping[str, Any]]]]
"""Returns the rows of a statement, none while the database cannot be read."""

_STORED = """
    SELECT c.id, c.user_id, c.request, c.state, c.created_at, t.task_id,
        EXISTS (SELECT 1 FROM tasks WHERE creation_id = c.id AND state = 'running') AS is_running
    FROM creations c LEFT JOIN creation_tasks t ON t.creation_id = c.id ORDER BY c.id
"""


class StoredCreations:
    """What is known of every request, by the last look at the database."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._known: dict[int, StoredCreation] = {}

    @property
    def rows(self) -> list[StoredCreation]:
        """Every request that was ever seen, in the order of their numbers."""
        return list(self._known.values())

    async def look_up(self) -> list[StoredCreation]:
        """Look at the requests; return those for which a user waits, the newest first."""
        rows = await self._read(_STORED)
        for row in rows:
            self._remember(row)
        waited_for = {row["id"] for row in rows if row["is_running"] and row["user_id"]}
        return [self._known[number] for number in sorted(waited_for, reverse=True)]

    def _remember(self, row: Mapping[str, Any]) -> None:
        """Keep what is stored of a request, also when it is forgotten later."""
        known = self._known.get(row["id"])
        forgotten = row["request"] is None and known is not None
        task_ids = frozenset({row["task_id"]} - {None})
        self._known[row["id"]] = StoredCreation(
            row["id"],
            known.user_id if known and forgotten else row["user_id"],
            known.mark if known and forgotten else mark_in(json.loads(row["request"] or '""')),
            CreationState(row["state"]),
            known.task_ids | task_ids if known else task_ids,
            row["created_at"],
        )
