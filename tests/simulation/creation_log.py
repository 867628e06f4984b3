"""Records what becomes of requests to create in the database, with the true time of each change.

The bot deletes rows, and forgets who wrote them; triggers of the simulation's own keep a copy.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from bot.storage.models import CREATION_PREFIX, CreationState
from tests.simulation.relay_submissions import MARK

DAY = 86_400.0
"""Seconds in which requests count for quotas."""
_REFUNDED = (CreationState.REJECTED, CreationState.CANCELLED)

_TRIGGERS = """
    CREATE TEMP TABLE creation_log (
        id INTEGER PRIMARY KEY, at REAL, event TEXT, creation_id INTEGER, state TEXT,
        created_at REAL, user_hash TEXT, guild_hash TEXT, user_id INTEGER, author_id INTEGER,
        account TEXT, request TEXT, task_id TEXT
    );
    CREATE TEMP TRIGGER log_creation AFTER INSERT ON creations BEGIN
        INSERT INTO creation_log (at, event, creation_id, state, created_at, user_hash, guild_hash,
            user_id, author_id, account, request)
        VALUES (true_time(), 'stored', NEW.id, NEW.state, NEW.created_at, NEW.user_hash,
            NEW.guild_hash, NEW.user_id, NEW.author_id, NEW.account, NEW.request);
    END;
    CREATE TEMP TRIGGER log_change AFTER UPDATE OF state, created_at ON creations BEGIN
        INSERT INTO creation_log (at, event, creation_id, state, created_at)
        VALUES (true_time(), 'changed', NEW.id, NEW.state, NEW.created_at);
    END;
    CREATE TEMP TRIGGER log_deletion AFTER DELETE ON creations BEGIN
        INSERT INTO creation_log (at, event, creation_id) VALUES (true_time(), 'deleted', OLD.id);
    END;
    CREATE TEMP TRIGGER log_task AFTER INSERT ON creation_tasks BEGIN
        INSERT INTO creation_log (at, event, creation_id, task_id)
        VALUES (true_time(), 'task', NEW.creation_id, NEW.task_id);
    END;
"""


@dataclass(slots=True)
class LoggedCreation:
    """A request that was stored, with all that became of it."""

    id: int
    account: str
    user_id: int
    author_id: int
    """Who has written it."""
    mark: str
    """Of the wish that it asks for."""
    stored_at: float
    """True Unix seconds."""
    is_direct: bool
    """Whether it was made in direct messages."""
    left_of_user: int
    """What is left of the user's quota after it, for a limit of 0."""
    left_of_server: int
    changes: list[tuple[float, CreationState]] = field(default_factory=list)
    """Each state and when it began."""
    begun: list[str] = field(default_factory=list)
    """The ids of the tasks that a relay has begun for it."""
    is_deleted: bool = False

    @property
    def state(self) -> CreationState:
        """The last state."""
        return self.changes[-1][1]

    @property
    def pending_id(self) -> str:
        """The id of its task as long as no relay has begun one."""
        return f"{CREATION_PREFIX}{self.id}"

    @property
    def task_ids(self) -> list[str]:
        """The ids under which its end is told."""
        return self.begun or [self.pending_id]

    def spans(self, state: CreationState) -> Iterator[tuple[float, float]]:
        """Yield when it was in a state: from when to when (true Unix seconds)."""
        ends = [at for at, _ in self.changes[1:]] + [float("inf")]
        for (begun_at, each), ended_at in zip(self.changes, ends, strict=True):
            if each is state:
                yield begun_at, ended_at


@dataclass(slots=True)
class _Counted:
    """What a quota sees of a row."""

    user: str
    guild: str
    created_at: float
    state: str

    def counts_for(self, other: "_Counted") -> bool:
        """Whether it counts when another request has just been stored."""
        is_recent = self.created_at > other.created_at - DAY
        return is_recent and self.state not in _REFUNDED


class CreationLog:
    """The requests of a simulation, read from what the triggers recorded."""

    def __init__(self, connection: sqlite3.Connection, true_time: Callable[[], float]) -> None:
        self._connection = connection
        connection.create_function("true_time", 0, true_time)
        connection.executescript(_TRIGGERS)

    def debits(self) -> tuple[int, int]:
        """Return how many files were ever counted, and how many of them for good."""
        ((stored, refunded),) = self._connection.execute(
            "SELECT count(*), count(*) FILTER (WHERE EXISTS (SELECT 1 FROM creation_log c"
            "  WHERE c.creation_id = s.creation_id AND c.state = 'rejected'))"
            " FROM creation_log s WHERE event = 'stored' AND request IS NULL"
        )
        return stored, stored - refunded

    def creations(self) -> dict[int, LoggedCreation]:
        """Return all requests that were ever stored, by their ids.

        Files, which count for quotas as well, are left out.
        """
        creations: dict[int, LoggedCreation] = {}
        rows: dict[int, _Counted] = {}
        cursor = self._connection.execute("SELECT * FROM creation_log ORDER BY id")
        names = [column[0] for column in cursor.description]
        for values in cursor:
            entry = dict(zip(names, values, strict=True))
            number = entry["creation_id"]
            if entry["event"] == "stored":
                row = _Counted(*(entry[name] for name in _COUNTED))
                rows[number] = row
                if entry["request"] is not None:
                    creations[number] = _stored(entry, row, rows)
            elif entry["event"] == "changed":
                state, now = CreationState(entry["state"]), entry["at"]
                rows[number] = replace(rows[number], created_at=entry["created_at"], state=state)
                if number in creations:
                    creations[number].changes.append((now, state))
            elif entry["event"] == "deleted":
                rows.pop(number)
                if number in creations:
                    creations[number].is_deleted = True
            elif not entry["task_id"].startswith(CREATION_PREFIX):
                creations[number].begun.append(entry["task_id"])
        return creations

    def mark_of(self, task_id: str) -> str | None:
        """Return the mark of the request to which a task belongs, ``None`` if it is of none."""
        found = (each.mark for each in self.creations().values() if task_id in _names(each))
        return next(found, None)


_COUNTED = ("user_hash", "guild_hash", "created_at", "state")


def _stored(entry: dict[str, Any], new: _Counted, rows: dict[int, _Counted]) -> LoggedCreation:
    """Return a request that was just stored; ``rows``: all that are stored now."""
    counted = [row for row in rows.values() if row.counts_for(new)]
    in_server = [row for row in counted if row.guild == new.guild]
    found = MARK.search(json.dumps(json.loads(entry["request"])))
    return LoggedCreation(
        entry["creation_id"],
        entry["account"],
        entry["user_id"],
        entry["author_id"] or entry["user_id"],
        found[0] if found else "",
        entry["at"],
        not new.guild,
        -sum(row.user == new.user for row in in_server),
        -len(in_server),
        [(entry["at"], CreationState(entry["state"]))],
    )


def _names(creation: LoggedCreation) -> list[str]:
    return [creation.pending_id, *creation.begun]
