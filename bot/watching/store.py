"""What is watched: the SQL for tasks and for who watches them where.

A task is ``running``, then ``ended``; the transaction that ends it owes its notices to the outbox.
All other SQL stands beside it in this folder. Whatever a method writes is on disk when it returns.
"""

import asyncio
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from pydantic import TypeAdapter
from sqlite_utils import Database

from bot.suno.tasks import Task, TaskKind, TaskStatus
from bot.watching.cards import touch_cards
from bot.watching.database import DatabaseThread
from bot.watching.endings import Ending
from bot.watching.errors import TooManyWatchers, TooManyWatches
from bot.watching.history import remember
from bot.watching.notes import read_note, write_note
from bot.watching.outbox import Outbox, owe
from bot.watching.records import Observation, Place, Watch, Watched
from bot.watching.schedule import began_at

_TASKS: TypeAdapter[Task] = TypeAdapter(Task)


JUST_NOW = 600.0
"""Seconds in which a finished task is not posted to the same place again: who asks gets a link."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may be watched."""

    watches_of_a_person: int = 100
    watchers_in_a_place: int = 50
    """As many as one message can mention."""


class Store:
    """The tasks of one relay, and who watches them."""

    def __init__(
        self, database: DatabaseThread, outbox: Outbox, relay: str, limits: Limits = Limits()
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._relay = relay
        self._limits = limits
        self._answered = f"{relay} answered at"
        self.changed = asyncio.Event()
        """Set when a look may have become due sooner. A hint: the rows are the truth."""

    # What people ask for

    async def add_watch(
        self,
        task: Task,
        *,
        known: bool,
        user_id: int,
        place: Place,
        now: float,
        deadline: float,
        look_at: float | None = None,
        mention: bool = True,
    ) -> bool:
        """Watch ``task`` for a person in a place; return whether that is new.

        ``look_at``: when to look at it first; ``None``: as soon as may be. ``mention``: whether
        the notice names the person. Raises ``TooManyWatches`` or
        ``TooManyWatchers`` and keeps nothing then.
        """

        def add(db: Database) -> bool:
            times = _Times(now, now if look_at is None else look_at, now + deadline)
            self._add_task(db, task, times, known=known)
            return self._add_subscription(db, task.id, user_id, place, now, mention)

        added = await self._database.run(add)
        self.changed.set()
        return added

    async def add_finished(
        self, task: Task, *, user_id: int, place: Place, now: float, mention: bool = True
    ) -> int | None:
        """Owe a person the notice of a task that has ended already.

        Where it was posted in this place just now, nothing is owed: returns that message. Raises
        ``TooManyWatchers`` as ``add_watch`` does.
        """

        def add(db: Database) -> int | None:
            if shown := self._just_posted(db, task.id, place, now):
                return shown
            self._add_task(db, task, _Times(now, now, now), known=True)
            self._add_subscription(db, task.id, user_id, place, now, mention)
            self._observe(db, Observation(task.id, next_look_at=now), task, now)
            self._end(db, task.id, Ending.FINISHED, now)
            return None

        shown = await self._database.run(add)
        self._outbox.changed.set()
        return shown

    async def remove_watch(
        self, task_id: str, *, user_id: int, now: float, channel_id: int | None = None
    ) -> int:
        """End a person's watches of a task without a notice; return how many there were.

        Everywhere, or in one channel.
        """

        def remove(db: Database) -> int:
            removed = db.execute(
                "DELETE FROM subscriptions WHERE relay = ? AND task_id = ? AND user_id = ?"
                " AND delivery_id IS NULL AND channel_id = coalesce(?, channel_id)",
                [self._relay, task_id, user_id, channel_id],
            ).rowcount
            touch_cards(db, self._relay, task_id, now)
            db.execute(
                "DELETE FROM tasks WHERE relay = :relay AND task_id = :id AND state = 'running'"
                " AND NOT EXISTS (SELECT 1 FROM subscriptions"
                "  WHERE relay = :relay AND task_id = :id AND delivery_id IS NULL)",
                {"relay": self._relay, "id": task_id},
            )
            return removed

        return await self._database.run(remove)

    async def watches_of(self, user_id: int) -> list[Watch]:
        """Return what a person watches, the oldest first."""
        rows = await self._database.read(
            "SELECT t.answer, t.looked_at, s.channel_id, s.created_at"
            " FROM subscriptions s JOIN tasks t USING (relay, task_id)"
            " WHERE s.user_id = ? AND s.relay = ? AND s.delivery_id IS NULL ORDER BY s.id",
            [user_id, self._relay],
        )
        return [
            Watch(
                task=_TASKS.validate_json(row["answer"]),
                channel_id=row["channel_id"],
                created_at=row["created_at"],
                looked_at=row["looked_at"],
            )
            for row in rows
        ]

    async def ended_task(self, task_id: str) -> Task | None:
        """Return a task as the relay described its end, ``None`` if that was not watched."""
        rows = await self._database.read(
            "SELECT answer FROM tasks WHERE relay = ? AND task_id = ? AND ending = ?",
            [self._relay, task_id, Ending.FINISHED],
        )
        return _TASKS.validate_json(rows[0]["answer"]) if rows else None

    # What the poller asks for

    async def due_tasks(
        self, now: float, limit: int, *, besides: Collection[str] = ()
    ) -> list[Watched]:
        """Return the running tasks whose next look is due, the longest overdue first.

        ``besides``: ids of tasks that are left out.
        """
        values = [self._relay, now, json.dumps(list(besides)), limit]
        return await self._database.view(
            lambda db: list(map(_watched, db.execute(_DUE_TASKS, values).fetchall()))
        )

    async def bring_forward(self, latest: float) -> None:
        """Let no look be due later than ``latest``: the clock was set back."""
        await self._database.write(
            "UPDATE tasks SET next_look_at = ?2"
            " WHERE relay = ?1 AND state = 'running' AND next_look_at > ?2",
            [self._relay, latest],
        )

    async def next_look_at(self, after: float = 0.0) -> float | None:
        """Return when the next look is due later than ``after``, ``None`` if there is none."""
        rows = await self._database.read(
            "SELECT min(next_look_at) AS at FROM tasks"
            " WHERE relay = ? AND state = 'running' AND next_look_at > ?",
            [self._relay, after],
        )
        return cast("float | None", rows[0]["at"])

    async def answered_at(self) -> float | None:
        """Return when the relay last answered a look (Unix seconds)."""
        noted = await self._database.view(lambda db: read_note(db, self._answered))
        return float(noted) if noted else None

    async def record(
        self, observations: Iterable[Observation], now: float, *, outage: float = 0.0
    ) -> None:
        """Keep what a look at some tasks showed, and owe the notices of those that ended.

        All in one transaction: a task is never ended without its deliveries, nor twice. ``outage``
        is how long nobody could ask until ``now``: every deadline moves by these seconds (compare
        ``schedule.with_deadlines_after``).
        """
        seen = list(observations)

        def record(db: Database) -> int:
            if outage:
                db.execute(_OUTAGE, {"relay": self._relay, "now": now, "since": now - outage})
            self._reschedule(db, [each for each in seen if each.answer is None], now)
            for observation in seen:
                if observation.answer is not None:
                    self._observe(db, observation, observation.answer, now)
            write_note(db, self._answered, str(now))
            return sum(self._end(db, o.task_id, o.ending, now) for o in seen if o.ending)

        if await self._database.run(record):
            self._outbox.changed.set()

    # Within a transaction

    def _add_task(self, db: Database, task: Task, times: "_Times", *, known: bool) -> None:
        """Make the task run, unless it does already."""
        db.execute(
            "INSERT INTO tasks (relay, task_id, state, kind, hint, status, answer, known, began_at,"
            " added_at, next_look_at, deadline_at)"
            " VALUES (:relay, :id, 'running', :kind, :hint, :status, :answer, :known, :began,"
            " :now, :look, :until)"
            " ON CONFLICT (relay, task_id) DO UPDATE SET state = 'running', ending = NULL,"
            "  kind = excluded.kind, hint = excluded.hint, status = excluded.status,"
            "  answer = excluded.answer, began_at = excluded.began_at,"
            "  known = max(known, excluded.known), misses = 0, missing_since = NULL,"
            "  terminal_since = NULL, added_at = excluded.added_at, looked_at = NULL,"
            "  next_look_at = excluded.next_look_at, deadline_at = excluded.deadline_at,"
            "  ended_at = NULL WHERE state = 'ended'",
            {
                "relay": self._relay,
                "id": task.id,
                "kind": task.kind,
                "hint": task.kind or task.claimed_kind,
                "status": task.status,
                "answer": _TASKS.dump_json(task).decode(),
                "known": known,
                "began": began_at(task, times.added_at),
                "now": times.added_at,
                "look": times.look_at,
                "until": times.deadline_at,
            },
        )

    def _add_subscription(
        self, db: Database, task_id: str, user_id: int, place: Place, now: float, mention: bool
    ) -> bool:
        values = [self._relay, task_id, place.channel_id, user_id]
        (exists, of_person, in_place) = db.execute(
            "SELECT"
            " EXISTS (SELECT 1 FROM subscriptions WHERE delivery_id IS NULL AND relay = ?1"
            "  AND task_id = ?2 AND channel_id = ?3 AND user_id = ?4),"
            " (SELECT count(*) FROM subscriptions WHERE delivery_id IS NULL AND user_id = ?4),"
            " (SELECT count(*) FROM subscriptions WHERE delivery_id IS NULL AND relay = ?1"
            "  AND task_id = ?2 AND channel_id = ?3)",
            values,
        ).fetchone()
        if exists:
            db.execute(
                "UPDATE subscriptions SET mention = ?5 WHERE delivery_id IS NULL AND relay = ?1"
                " AND task_id = ?2 AND channel_id = ?3 AND user_id = ?4",
                [*values, mention],
            )
            return False
        if of_person >= self._limits.watches_of_a_person:
            raise TooManyWatches(self._limits.watches_of_a_person)
        if in_place >= self._limits.watchers_in_a_place:
            raise TooManyWatchers(self._limits.watchers_in_a_place)
        db.execute(
            "INSERT INTO subscriptions"
            " (relay, task_id, channel_id, user_id, guild_id, locale, created_at, mention)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [*values, place.guild_id, place.locale, now, mention],
        )
        return True

    def _just_posted(self, db: Database, task_id: str, place: Place, now: float) -> int | None:
        row = db.execute(
            "SELECT message_id FROM deliveries WHERE relay = ? AND task_id = ? AND channel_id = ?"
            " AND ending = ? AND message_id IS NOT NULL AND sent_at > ? ORDER BY id DESC",
            [self._relay, task_id, place.channel_id, Ending.FINISHED, now - JUST_NOW],
        ).fetchone()
        return int(row[0]) if row else None

    def _reschedule(self, db: Database, seen: Iterable[Observation], now: float) -> None:
        """Keep of looks that told nothing new when they were, and when the next ones are."""
        times = [
            (self._relay, o.task_id, o.next_look_at, o.misses, o.missing_since, o.terminal_since)
            for o in seen
        ]
        if times:
            db.execute(_RESCHEDULE, {"now": now, "seen": json.dumps(times, allow_nan=False)})

    def _observe(self, db: Database, seen: Observation, answer: Task, now: float) -> None:
        values = {
            "relay": self._relay,
            "id": seen.task_id,
            "now": now,
            "next": seen.next_look_at,
            "misses": seen.misses,
            "missing": seen.missing_since,
            "terminal": seen.terminal_since,
            "kind": answer.kind,
            "hint": answer.kind or answer.claimed_kind,
            "status": answer.status,
            "answer": _TASKS.dump_json(answer).decode(),
        }
        db.execute(_OBSERVE, values)

    def _end(self, db: Database, task_id: str, ending: Ending, now: float) -> int:
        """End a task, remember it and owe its notices, one to each place where it is watched."""
        ended = db.execute(
            "UPDATE tasks SET state = 'ended', ending = ?, ended_at = ?, next_look_at = NULL"
            " WHERE relay = ? AND task_id = ? AND state = 'running'",
            [ending, now, self._relay, task_id],
        ).rowcount
        if not ended:
            return 0
        remember(db, self._relay, task_id, ending, now)
        places = list(
            db.query(
                "SELECT channel_id, guild_id, locale, min(id) AS first FROM subscriptions"
                " WHERE relay = ? AND task_id = ? AND delivery_id IS NULL"
                " GROUP BY channel_id ORDER BY first",
                [self._relay, task_id],
            )
        )
        for place in places:
            owe(db, self._relay, task_id, place, ending, now)
        return len(places)


# One statement for all: from one to the next, Python's other threads would have to wait. The relay
# comes with each row, or SQLite would go through all tasks of the relay for each.
_RESCHEDULE = """
    UPDATE tasks SET looked_at = :now, next_look_at = seen.next, misses = seen.misses,
        missing_since = seen.missing, terminal_since = seen.terminal
    FROM (
        SELECT json_extract(value, '$[0]') AS relay, json_extract(value, '$[1]') AS id,
            json_extract(value, '$[2]') AS next, json_extract(value, '$[3]') AS misses,
            json_extract(value, '$[4]') AS missing, json_extract(value, '$[5]') AS terminal
        FROM json_each(:seen)
    ) AS seen
    WHERE tasks.relay = seen.relay AND task_id = seen.id AND state = 'running'
"""
_OBSERVE = """
    UPDATE tasks SET looked_at = :now, next_look_at = :next, misses = :misses,
        missing_since = :missing, terminal_since = :terminal,
        kind = coalesce(:kind, kind), hint = coalesce(:hint, hint), status = :status,
        answer = :answer, known = 1,
        changed_at = CASE WHEN answer IS NOT :answer THEN :now ELSE changed_at END
    WHERE relay = :relay AND task_id = :id AND state = 'running'
"""

_OUTAGE = """
    UPDATE tasks SET deadline_at = deadline_at + (:now - max(:since, added_at)),
        missing_since = missing_since + (:now - max(:since, missing_since)),
        terminal_since = terminal_since + (:now - max(:since, terminal_since))
    WHERE relay = :relay AND state = 'running'
"""

_DUE_TASKS = """
    SELECT task_id, kind, coalesce(hint, kind), status, known, misses, missing_since,
        terminal_since, coalesce(began_at, added_at), added_at, looked_at, next_look_at, deadline_at
    FROM tasks
    WHERE relay = ? AND state = 'running' AND next_look_at <= ?
        AND task_id NOT IN (SELECT value FROM json_each(?))
    ORDER BY next_look_at LIMIT ?
"""


class _Times(NamedTuple):
    """The times of a task that is added, Unix seconds."""

    added_at: float
    look_at: float
    deadline_at: float


_KINDS: dict[str | None, TaskKind | None] = {None: None} | {kind.value: kind for kind in TaskKind}
_STATUSES = {status.value: status for status in TaskStatus}


def _watched(row: Sequence[Any]) -> Watched:
    """Make a value of a row of ``_DUE_TASKS``, whose columns are its fields, in their order."""
    task_id, kind, hint, status, known, *times = row
    return Watched(
        task_id,
        _KINDS[kind],
        _KINDS[hint],
        _STATUSES[status],
        bool(known),
        *times,
    )
