"""Inserts and removes watches, and joins people to the notice of a task that has ended.

The functions run within a transaction of the caller.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from bot.storage.database import DatabaseThread
from bot.storage.delivery_rows import VISIBLE_STATE
from bot.storage.engine import Connection
from bot.storage.errors import TooManyWatchers
from bot.storage.forums import record_forum
from bot.storage.history_rows import add_user_to_history
from bot.storage.models import (
    DeliveryPurpose,
    Destination,
    EndReason,
    UnwatchOutcome,
    Watch,
    WatchRequest,
)
from bot.storage.task_rows import load_task_or_id
from bot.storage.watch_groups import delete_unwatched_tasks, groups_of, release_complete


class NewWatch(NamedTuple):
    """A watch of one task, as a person has asked for it."""

    account: str
    task_id: str
    request: WatchRequest
    created_at: float


def insert_watch(db: Connection, watch: NewWatch, limit: int) -> bool:
    """Within a transaction: insert a watch; return whether the person had none there before.

    An existing one only gets the new ``mention``, and the group if ``regroup``. Raises
    ``TooManyWatchers`` where more than ``limit`` people would watch the task there.
    """
    request, destination = watch.request, watch.request.destination
    key = [watch.account, watch.task_id, destination.channel_id, request.user_id]
    if _update_watch(db, watch, key):
        return False
    (watchers,) = db.execute(
        "SELECT count(*) FROM watches"
        " WHERE delivery_id IS NULL AND account = ? AND task_id = ? AND channel_id = ?",
        key[:3],
    ).fetchone()
    if watchers >= limit:
        raise TooManyWatchers(limit)
    db.execute(
        "INSERT INTO watches"
        " (account, task_id, channel_id, user_id, guild_id, locale, created_at, mention, group_id)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            *key,
            destination.guild_id,
            destination.locale,
            watch.created_at,
            request.mention,
            request.group.id,
        ],
    )
    if destination.forum:
        record_forum(db, destination)
    return True


def _update_watch(db: Connection, watch: NewWatch, key: Sequence[object]) -> bool:
    """Change the running watch that the person has there; return whether there is one.

    The group that it leaves may be complete without it.
    """
    condition = "account = ? AND task_id = ? AND channel_id = ? AND user_id = ?"
    group = watch.request.group
    left = groups_of(db, condition, key) if group.regroup else []
    changed = db.execute(
        "UPDATE watches SET mention = ?, group_id = CASE WHEN ? THEN ? ELSE group_id END"  # noqa: S608 # a condition of ours
        f" WHERE delivery_id IS NULL AND {condition}",
        [watch.request.mention, group.regroup, group.id, *key],
    ).rowcount
    release_complete(db, set(left) - {group.id}, watch.created_at)
    return bool(changed)


def read_watches(db: Connection, user_id: int) -> list[Watch]:
    """Return the watches of running tasks of a person, the oldest first."""
    rows = db.query(
        "SELECT t.task_id, t.task_json, t.polled_at, t.known, t.next_poll_at IS NULL AS is_pending,"
        " s.channel_id, s.created_at"
        " FROM watches s JOIN tasks t USING (account, task_id)"
        " WHERE s.user_id = ? AND s.delivery_id IS NULL ORDER BY s.id",
        [user_id],
    )
    return [
        Watch(
            task=load_task_or_id(row["task_id"], row["task_json"]),
            channel_id=row["channel_id"],
            created_at=row["created_at"],
            polled_at=row["polled_at"],
            known=bool(row["known"]),
            is_pending=bool(row["is_pending"]),
        )
        for row in rows
    ]


UNWATCHED = "unwatched"
"""Reason of a delivery that was dropped because its last watch was removed."""


def unwatch(
    db: Connection,
    account: str,
    task_id: str,
    *,
    user_id: int,
    now: float,
    channel_id: int | None = None,
) -> UnwatchOutcome:
    """End a person's watches of a task, everywhere or in one channel."""
    theirs = "account = ? AND task_id = ? AND user_id = ? AND channel_id = coalesce(?, channel_id)"
    values = [account, task_id, user_id, channel_id]
    left = groups_of(db, theirs, values)
    stopped = db.execute(
        f"DELETE FROM watches WHERE {theirs} AND delivery_id IS NULL",  # noqa: S608 # a condition of ours
        values,
    ).rowcount
    release_complete(db, left, now)
    pending = db.execute(
        "SELECT s.id, d.id, d.state = 'sending' OR d.unconfirmed_since IS NOT NULL"
        " FROM watches s JOIN deliveries d ON d.id = s.delivery_id"
        " WHERE s.account = ? AND s.task_id = ? AND s.user_id = ?"
        " AND s.channel_id = coalesce(?, s.channel_id)"
        " AND d.state IN ('collecting', 'due', 'sending', 'held', 'quarantined')",
        values,
    ).fetchall()
    for watch_id, delivery_id, in_transit in pending:
        if not in_transit:
            _cancel(db, watch_id, delivery_id)
    if any(in_transit for *_, in_transit in pending):
        return UnwatchOutcome.ON_ITS_WAY
    return UnwatchOutcome.STOPPED if stopped or pending else UnwatchOutcome.NOT_WATCHED


def _cancel(db: Connection, watch_id: int, delivery_id: int) -> None:
    """Remove a watch from an unposted notice; drop the notice if it was the last."""
    db.execute("DELETE FROM watches WHERE id = ?", [watch_id])
    db.execute(
        "UPDATE deliveries SET state = 'dropped', due_at = NULL, group_id = NULL, reason = :reason"
        " WHERE id = :id AND NOT EXISTS (SELECT 1 FROM watches WHERE delivery_id = :id)",
        {"id": delivery_id, "reason": UNWATCHED},
    )
    delete_unwatched_tasks(db, delivery_id)


RECENTLY_POSTED = 600.0
"""Seconds for which a new watch gets a link to the posted notice instead of a second one."""


class NoticeProgress(StrEnum):
    """The progress of the existing notice that a new watch joins."""

    POSTED = "posted"
    """It was posted a short time ago."""
    DUE = "due"
    """It will mention the person too."""
    SENDING = "sending"
    """It is being sent, or may have been posted: it may not mention the person."""
    HELD = "held"
    """It waits for a channel that refuses messages."""
    COLLECTING = "collecting"
    """It is a summary for which the person waits already, and which waits for other tasks."""


@dataclass(frozen=True, slots=True)
class JoinedNotice:
    """The existing notice of a finished task in a channel, which a new watch has joined."""

    progress: NoticeProgress
    message_id: int | None = None
    """The id of its message, once it is posted."""
    thread_id: int | None = None
    """The post that its message begins, in a forum."""


def join_notice(db: Connection, watch: NewWatch, limit: int) -> JoinedNotice | None:
    """Within a transaction: join a watch to the existing notice of a finished task, if any.

    Such a notice is unposted, or was posted to the channel within ten minutes: a second message
    would say nothing new. A summary that waits for other tasks is not joined: it comes late. Raises
    ``TooManyWatchers`` where more than ``limit`` people would wait for it.
    """
    key = [
        watch.account,
        watch.task_id,
        watch.request.destination.channel_id,
        DeliveryPurpose.NOTICE,
        EndReason.FINISHED,
    ]
    posted = db.execute(
        "SELECT message_id, thread_id FROM task_deliveries"
        " WHERE account = ? AND task_id = ? AND channel_id = ?"
        " AND purpose = ? AND end_reason = ? AND message_id IS NOT NULL AND sent_at > ?"
        " ORDER BY id DESC",
        [*key, watch.created_at - RECENTLY_POSTED],
    ).fetchone()
    if posted:
        return JoinedNotice(NoticeProgress.POSTED, *posted)
    pending = db.execute(
        f"SELECT d.id, {VISIBLE_STATE}, d.unconfirmed_since IS NOT NULL"  # noqa: S608 # names of ours
        " FROM task_deliveries d"
        " WHERE d.account = ? AND d.task_id = ? AND d.channel_id = ? AND d.purpose = ?"
        " AND d.end_reason = ? AND (d.state IN ('due', 'sending', 'held')"
        "  OR d.state = 'collecting' AND EXISTS (SELECT 1 FROM watches w"
        "   WHERE w.delivery_id = d.id AND w.task_id = d.task_id AND +w.user_id = ?))"
        " ORDER BY d.id DESC",
        [*key, watch.request.user_id],
    ).fetchone()
    if pending is None:
        return None
    delivery_id, state, unconfirmed = pending
    if state == "collecting":
        return JoinedNotice(NoticeProgress.COLLECTING)
    _join_delivery(db, delivery_id, watch, limit)
    if state == "held":
        return JoinedNotice(NoticeProgress.HELD)
    return JoinedNotice(
        NoticeProgress.SENDING if state == "sending" or unconfirmed else NoticeProgress.DUE
    )


def _join_delivery(db: Connection, delivery_id: int, watch: NewWatch, limit: int) -> None:
    """Add a watch to a delivery, unless the person has it already.

    In a summary a person has a watch for each of the tasks, which decides of what they are told
    elsewhere, should it not be posted. The ``limit`` is one of people.
    """
    user_id, destination = watch.request.user_id, watch.request.destination
    waiting = set(
        db.execute("SELECT user_id, task_id FROM watches WHERE delivery_id = ?", [delivery_id])
    )
    if (user_id, watch.task_id) in waiting:
        return
    if len({waiting_user for waiting_user, _ in waiting} - {user_id}) >= limit:
        raise TooManyWatchers(limit)
    db.execute(
        "INSERT INTO watches (account, task_id, channel_id, user_id, guild_id, locale,"
        " created_at, mention, delivery_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            watch.account,
            watch.task_id,
            destination.channel_id,
            user_id,
            destination.guild_id,
            destination.locale,
            watch.created_at,
            watch.request.mention,
            delivery_id,
        ],
    )
    task = (watch.account, watch.task_id)
    add_user_to_history(db, task, user_id, destination, watch.created_at)


@dataclass(frozen=True, slots=True)
class NoticeState:
    """The state of the notice of a task."""

    state: str
    """``due``, ``sending``, ``sent``, ``held`` or ``dropped``."""
    reason: str
    """The code of the reason why it is not posted; empty where nothing went wrong."""

    @property
    def pending(self) -> bool:
        """Whether it is due or being sent."""
        return self.state in ("due", "sending")


class NoticeStates:
    """Reads the states of the notices of tasks."""

    def __init__(self, database: DatabaseThread) -> None:
        self._database = database

    async def latest(self, destination: Destination, ids: Sequence[str]) -> list[NoticeState]:
        """Return the state of the last notice of each task in a channel, where there is one."""
        rows = await self._database.read(
            "SELECT task_id, state, coalesce(reason, '') AS reason FROM task_deliveries"
            " WHERE channel_id = ? AND purpose = ?"
            " AND task_id IN (SELECT value FROM json_each(?)) ORDER BY id",
            [destination.channel_id, DeliveryPurpose.NOTICE, json.dumps(list(ids))],
        )
        latest = {row["task_id"]: NoticeState(row["state"], row["reason"]) for row in rows}
        return list(latest.values())
