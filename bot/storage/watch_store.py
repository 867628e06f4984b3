"""The watches of people, at all relay accounts.

Whatever a method writes is on disk when it returns. The watches of one task begin in ``tasks``.
"""

import json
from collections.abc import Collection, Iterable
from contextlib import suppress

from bot.relay.models import Task
from bot.storage.creation_cancellation import withdraw_unwatched
from bot.storage.creation_rows import (
    has_queued_request,
    is_cancelled_request,
    is_guessable_id,
    tasks_of_request,
)
from bot.storage.database import DatabaseThread
from bot.storage.engine import Connection
from bot.storage.limits import DEFAULT_LIMITS, WatchLimits, charge_message
from bot.storage.live_card_rows import mark_live_cards_stale
from bot.storage.models import (
    CREATION_PREFIX,
    Caller,
    Destination,
    EndReason,
    TaskKey,
    UnwatchOutcome,
    Watch,
)
from bot.storage.outbox import Outbox
from bot.storage.task_rows import UnreadableRowError, load_task, load_task_or_id, task_with_id_only
from bot.storage.watch_groups import collected_tasks, largest_group, release_complete
from bot.storage.watches import read_watches, unwatch

_PRIORITY = (
    UnwatchOutcome.ON_ITS_WAY,
    UnwatchOutcome.CANCELLED,
    UnwatchOutcome.STOPPED,
    UnwatchOutcome.NOT_WATCHED,
)
"""Which outcome is told of tasks with the same id at several accounts."""


class WatchStore:
    """What people watch, wherever, and at whichever account."""

    def __init__(
        self, database: DatabaseThread, outbox: Outbox, limits: WatchLimits = DEFAULT_LIMITS
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._limits = limits

    async def watches_of(self, user_id: int) -> list[Watch]:
        """Return the watches of running tasks of a person, the oldest first."""
        return await self._database.view(lambda db: read_watches(db, user_id))

    async def remove(
        self, task_id: str, *, user_id: int, now: float, channel_id: int | None = None
    ) -> UnwatchOutcome:
        """End a person's watches of a task without a notice, also while its notice is unposted.

        Everywhere, or in one channel. For the id of a request to create something also those of
        the tasks that the relay has begun for it, perhaps since the person saw the id.
        """

        def remove(db: Connection) -> UnwatchOutcome:
            watched = db.execute(
                "SELECT DISTINCT account, task_id FROM watches WHERE user_id = ?"
                " AND task_id IN (SELECT value FROM json_each(?))",
                [user_id, json.dumps([task_id, *tasks_of_request(db, task_id)])],
            ).fetchall()
            outcomes = [_remove(db, TaskKey(*key), user_id, now, channel_id) for key in watched]
            return min(outcomes, key=_PRIORITY.index, default=UnwatchOutcome.NOT_WATCHED)

        removed = await self._database.run(remove)
        self._outbox.changed.set()  # a delivery behind a dropped one may be due
        return removed

    async def close_group(
        self, group_id: int, *, user_id: int, channel_id: int, now: float
    ) -> set[TaskKey]:
        """Let a group be complete without further watches.

        If nothing in it is running, its summary becomes due. Returns the ended tasks for which the
        person still waits in a channel because others of their group are running.
        """

        def close(db: Connection) -> set[TaskKey]:
            release_complete(db, [group_id], now)
            return collected_tasks(db, user_id, channel_id)

        collected = await self._database.run(close)
        self._outbox.changed.set()
        return collected

    async def largest_group(self, task_ids: Iterable[str], channel_id: int) -> int | None:
        """Return the group in which most of some tasks are watched in a channel, if any."""
        ids = json.dumps(list(task_ids))
        return await self._database.view(lambda db: largest_group(db, ids, channel_id))

    async def watched_ids(self, user_id: int) -> set[str]:
        """Return the ids of the running tasks that a person watches."""
        rows = await self._database.read(
            "SELECT task_id FROM watches WHERE user_id = ? AND delivery_id IS NULL", [user_id]
        )
        return {row["task_id"] for row in rows}

    async def charge_message(self, user_id: int, destination: Destination, now: float) -> None:
        """Charge a message that a person lets the bot post in a channel.

        Raises ``TooManyMessages``.
        """
        await self._database.run(
            lambda db: charge_message(db, user_id, destination, now, self._limits)
        )

    async def ended_task(
        self, task_id: str, caller: Caller, accounts: Collection[str]
    ) -> Task | None:
        """Return a task as the relay described its end, if the person may see it.

        That is a task of one of ``accounts``, one that the person has watched, or one whose notice
        stands in the channel of the request. Several accounts may have a task with this id: the
        first of ``accounts`` is preferred, also if its task still runs. An account is not enough
        where the id can be guessed: earlier versions kept results under such ids.
        """
        usable = [] if is_guessable_id(task_id) else list(accounts)
        rows = await self._database.read(
            "SELECT task_json, state FROM tasks t"
            " WHERE task_id = ?1 AND (state = 'running' OR end_reason = ?2)"
            " AND (account IN (SELECT value FROM json_each(?3)) OR EXISTS (SELECT 1 FROM watches w"
            "  WHERE w.account = t.account AND w.task_id = t.task_id AND w.user_id = ?4)"
            " OR EXISTS (SELECT 1 FROM task_deliveries d WHERE d.account = t.account"
            "  AND d.task_id = t.task_id AND d.state = 'sent'"
            "  AND ?5 IN (d.channel_id, d.thread_id)))"
            " ORDER BY (SELECT key FROM json_each(?3) WHERE value = t.account) NULLS LAST LIMIT 1",
            [
                task_id,
                EndReason.FINISHED,
                json.dumps(usable),
                caller.user_id,
                caller.channel_id,
            ],
        )
        with suppress(UnreadableRowError):
            return (
                load_task(rows[0]["task_json"]) if rows and rows[0]["state"] != "running" else None
            )
        return None

    async def ended_task_of(self, key: TaskKey) -> Task | None:
        """Return a task of one account as the relay described its end."""
        rows = await self._database.read(
            "SELECT task_json FROM tasks WHERE account = ? AND task_id = ? AND end_reason = ?",
            [*key, EndReason.FINISHED],
        )
        with suppress(UnreadableRowError):
            return load_task(rows[0]["task_json"]) if rows else None
        return None

    async def watched_tasks(self, ids: Iterable[str], *, user_id: int) -> dict[str, Task]:
        """Return tasks as they are stored, by id.

        Those that the person does not watch and has not watched have the id alone.
        """
        wanted = list(ids)
        rows = await self._database.read(
            "SELECT task_id, task_json FROM tasks t"
            " WHERE task_id IN (SELECT value FROM json_each(?)) AND EXISTS (SELECT 1 FROM watches w"
            "  WHERE w.account = t.account AND w.task_id = t.task_id AND w.user_id = ?)",
            [json.dumps(wanted), user_id],
        )
        stored = {row["task_id"]: load_task_or_id(row["task_id"], row["task_json"]) for row in rows}
        return {task_id: stored.get(task_id, task_with_id_only(task_id)) for task_id in wanted}

    async def pending_tasks(self, ids: Iterable[str], caller: Caller) -> dict[TaskKey, Task]:
        """Return tasks that no relay has begun yet, as far as a person may see them.

        They watch them, or a live card in the channel of the request shows them. Others could guess
        these ids.
        """
        rows = await self._database.read(
            "SELECT account, task_id, task_json FROM tasks t"
            " WHERE task_id IN (SELECT value FROM json_each(?1))"
            " AND state = 'running' AND next_poll_at IS NULL"
            " AND (EXISTS (SELECT 1 FROM watches w WHERE w.account = t.account"
            "  AND w.task_id = t.task_id AND w.user_id = ?2)"
            " OR EXISTS (SELECT 1 FROM live_card_tasks ct JOIN live_cards c ON c.id = ct.card_id"
            "  WHERE ct.account = t.account AND ct.task_id = t.task_id AND c.channel_id = ?3))",
            [json.dumps(list(ids)), caller.user_id, caller.channel_id],
        )
        return {
            TaskKey(row["account"], row["task_id"]): load_task_or_id(
                row["task_id"], row["task_json"]
            )
            for row in rows
        }

    async def begun_tasks(self, ids: Iterable[str], user_id: int) -> dict[str, list[str]]:
        """Return the ids of the tasks that relays have begun for requests of a person.

        By the ids that stood for the requests until then; nothing of other people's.
        """
        numbers = [each.removeprefix(CREATION_PREFIX) for each in ids]
        if not numbers:
            return {}
        rows = await self._database.read(
            "SELECT ?2 || c.id AS pending, ct.task_id FROM creations c"
            " JOIN creation_tasks ct ON ct.creation_id = c.id"
            " WHERE c.user_id = ?1 AND CAST(c.id AS TEXT) IN (SELECT value FROM json_each(?3))"
            " AND ct.task_id != ?2 || c.id ORDER BY ct.task_id",
            [user_id, CREATION_PREFIX, json.dumps(numbers)],
        )
        begun: dict[str, list[str]] = {}
        for row in rows:
            begun.setdefault(row["pending"], []).append(row["task_id"])
        return begun

    async def known_ids(self, ids: Iterable[str]) -> set[str]:
        """Return those of the ids that are watched or in the history."""
        rows = await self._database.read(
            "SELECT value AS id FROM json_each(?1) WHERE EXISTS"
            " (SELECT 1 FROM tasks WHERE task_id = value)"
            " OR EXISTS (SELECT 1 FROM history WHERE task_id = value)",
            [json.dumps(list(ids))],
        )
        return {row["id"] for row in rows}


def _remove(
    db: Connection, key: TaskKey, user_id: int, now: float, channel_id: int | None
) -> UnwatchOutcome:
    was_queued = has_queued_request(db, key.task_id, user_id)
    removed = unwatch(db, *key, user_id=user_id, now=now, channel_id=channel_id)
    mark_live_cards_stale(db, *key, now)
    db.execute(
        "DELETE FROM tasks WHERE account = :account AND task_id = :id AND state = 'running'"
        " AND NOT EXISTS (SELECT 1 FROM watches"
        "  WHERE account = :account AND task_id = :id AND delivery_id IS NULL)",
        {"account": key.account, "id": key.task_id},
    )
    withdraw_unwatched(db, user_id, now)
    is_cancelled = was_queued and is_cancelled_request(db, key.task_id)
    return UnwatchOutcome.CANCELLED if is_cancelled else removed
