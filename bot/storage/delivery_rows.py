"""Inserts deliveries and changes their state: SQL within a transaction.

A delivery goes to a channel, or to a person: then its channel is unknown until the direct message
is opened.
"""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from math import inf
from typing import Any

from bot.storage.engine import Connection
from bot.storage.forums import is_forum
from bot.storage.models import (
    Delivery,
    DeliveryPurpose,
    Destination,
    EndReason,
    MessageFormat,
    RejectionReason,
    TaskEnd,
    TaskKey,
)
from bot.storage.task_rows import UnreadableRowError, load_enum, load_task

OPEN = "state IN ('due', 'sending', 'held')"
"""Unfinished deliveries. The text equals the condition of the index ``deliveries_open``, so
that SQLite uses that index."""

VISIBLE_STATE = """
    CASE WHEN d.state = 'due' AND EXISTS
        (SELECT 1 FROM blocked_channels b WHERE b.channel_id = d.channel_id)
    THEN 'held' ELSE d.state END
"""
"""The state of a delivery ``d`` as shown to people: due in a blocked channel counts as held."""


def is_first(row: str) -> str:
    """Return the condition that nothing older is due in the channel of ``row``.

    What is held waits for reasons of its own, and nothing waits for it.
    """
    return (
        f"NOT EXISTS (SELECT 1 FROM deliveries e WHERE e.channel_id = {row}.channel_id"  # noqa: S608 # names of ours
        f" AND e.{OPEN} AND e.state = 'due' AND e.id < {row}.id)"
    )


def is_quiet(row: str) -> str:
    """Return the condition that nothing is being sent to the channel of ``row``."""
    return (
        f"NOT EXISTS (SELECT 1 FROM deliveries e WHERE e.channel_id = {row}.channel_id"  # noqa: S608 # names of ours
        f" AND e.{OPEN} AND e.state = 'sending')"
    )


KEEP_UNCONFIRMED = (
    "unconfirmed_since = CASE WHEN ? THEN unconfirmed_since ELSE min(?, unconfirmed_since) END"
)
"""Keeps whether Discord may have taken a message: in this try, or in earlier ones."""


def move(db: Connection, delivery: Delivery, change: str, values: Sequence[Any]) -> bool:
    """Change a delivery in ``sending``; return whether it still was in that state."""
    cursor = db.execute(
        f"UPDATE deliveries SET {change} WHERE id = ? AND state = 'sending'",  # noqa: S608 # names of ours
        [*values, delivery.id],
    )
    moved: int = cursor.rowcount
    return moved == 1


REASON = "reason = CASE purpose WHEN 'held_notice' THEN reason ELSE ? END"
"""Sets why a delivery waits; a held notice keeps its reason, which is its content."""


def read_delivery(db: Connection, row: dict[str, Any], unconfirmed_since: float | None) -> Delivery:
    """Return the delivery of a row in ``sending``. Raises ``ValueError`` for an unreadable row."""
    watchers = db.execute(
        "SELECT user_id, min(created_at) FROM watches WHERE delivery_id = ? AND mention"
        " GROUP BY user_id ORDER BY min(id)",
        [row["id"]],
    ).fetchall()
    first_at = -inf if unconfirmed_since is None else unconfirmed_since
    first, *others = _task_ends(db, row["id"])
    return Delivery(
        id=row["id"],
        purpose=DeliveryPurpose(row["purpose"]),
        task=first.task,
        end_reason=first.end_reason,
        rejection=first.rejection,
        other_ends=tuple(others),
        still_running=row["still_running"],
        destination=Destination(
            row["channel_id"], row["guild_id"], row["locale"], is_forum(db, row["channel_id"])
        ),
        watchers=tuple(user_id for user_id, _ in watchers),
        nonce=row["nonce"],
        message_format=MessageFormat(row["message_format"]),
        attempts=row["attempts"],
        created_at=row["created_at"],
        unconfirmed_since=unconfirmed_since,
        first_watchers=tuple(user_id for user_id, since in watchers if since <= first_at),
        reason=row["reason"],
        redirected_from=row["redirected_from"],
        possible_duplicate=bool(row["possible_duplicate"]),
        user_id=row["user_id"],
    )


def _task_ends(db: Connection, delivery_id: int) -> list[TaskEnd]:
    """Return what a delivery is about, in the order in which it was asked for.

    Raises ``ValueError`` for an unreadable row, and if there is none.
    """
    rows = db.query(
        "SELECT task_json, end_reason, (SELECT c.rejection FROM deliveries d"
        "  JOIN creation_tasks ct ON ct.account = d.account AND ct.task_id = t.task_id"
        "  JOIN creations c ON c.id = ct.creation_id WHERE d.id = t.delivery_id) AS rejection"
        " FROM delivery_tasks t WHERE delivery_id = ?"
        " ORDER BY (SELECT min(w.id) FROM watches w WHERE w.delivery_id = t.delivery_id"
        "  AND w.task_id = t.task_id), rowid",
        [delivery_id],
    )
    ends = [
        TaskEnd(
            load_task(row["task_json"]),
            EndReason(row["end_reason"]),
            load_enum(RejectionReason, row["rejection"]),
        )
        for row in rows
    ]
    if not ends:
        raise UnreadableRowError("a delivery is about nothing")
    return ends


def first_task(db: Connection, delivery_id: int) -> TaskKey | None:
    """Return the first task that a delivery is about."""
    row = db.execute(
        "SELECT d.account, t.task_id FROM deliveries d JOIN delivery_tasks t"
        " ON t.delivery_id = d.id WHERE d.id = ? ORDER BY t.rowid LIMIT 1",
        [delivery_id],
    ).fetchone()
    return TaskKey(*row) if row else None


def is_message_of(
    db: Connection, delivery_id: int, message_id: int, channel_ids: Collection[int]
) -> bool:
    """Whether a message in a channel is that of a delivery.

    It may be while the delivery has none. ``channel_ids``: that of the channel, and of the forum
    if it is a post.
    """
    row = db.execute(
        "SELECT 1 FROM deliveries WHERE id = ? AND (message_id = ? OR message_id IS NULL"
        " AND channel_id IN (SELECT CAST(value AS BIGINT) FROM json_each(?)))",
        [delivery_id, message_id, json.dumps(list(channel_ids))],
    ).fetchone()
    return row is not None


_INSERT_NOTICE = """
    INSERT INTO deliveries (account, channel_id, guild_id, user_id, locale, purpose, state,
        group_id, message_format, nonce, due_at, created_at)
    VALUES (:account, :channel, :guild, :user, :locale, 'notice', :state, :group,
        :message_format, '', :due_at, :now)
    RETURNING id
"""


def enqueue_notice(
    db: Connection,
    account: str,
    task_id: str,
    destination: Mapping[str, Any],
    end_reason: EndReason,
    now: float,
) -> None:
    """Insert the notice of a task that ends in this transaction, for one destination.

    It is for the watches there that belong to no group.
    """
    delivery_id = _insert_notice(db, account, destination, now=now, due_at=now)
    add_task(db, delivery_id, account, task_id, end_reason)
    db.execute(
        "UPDATE watches SET delivery_id = ? WHERE account = ? AND task_id = ?"
        " AND channel_id = ? AND group_id IS NULL AND delivery_id IS NULL",
        [delivery_id, account, task_id, destination["channel_id"]],
    )


def insert_collecting(
    db: Connection, account: str, group: Mapping[str, Any], *, now: float, due_at: float
) -> int:
    """Insert the summary of a group, which waits for its tasks until ``due_at``; return its id."""
    return _insert_notice(db, account, group, now=now, due_at=due_at, group_id=group["group_id"])


def _insert_notice(
    db: Connection,
    account: str,
    destination: Mapping[str, Any],
    *,
    now: float,
    due_at: float,
    group_id: int | None = None,
) -> int:
    """Insert a notice without a task; return its id."""
    (delivery_id,) = db.execute(
        _INSERT_NOTICE,
        {
            "account": account,
            "channel": destination["channel_id"],
            "guild": destination["guild_id"],
            "user": destination["user_id"] if destination["guild_id"] is None else None,
            "locale": destination["locale"],
            "state": "due" if group_id is None else "collecting",
            "group": group_id,
            "message_format": MessageFormat.FULL,
            "due_at": due_at,
            "now": now,
        },
    ).fetchone()
    _give_nonce(db, delivery_id)
    return int(delivery_id)


def add_task(
    db: Connection, delivery_id: int, account: str, task_id: str, end_reason: EndReason
) -> None:
    """Add a task to a delivery as it is stored now; a later end of the same task replaces it."""
    db.execute(
        "INSERT INTO delivery_tasks (delivery_id, task_id, end_reason, task_json)"
        " SELECT ?, task_id, ?, task_json FROM tasks WHERE account = ? AND task_id = ?"
        " ON CONFLICT (delivery_id, task_id) DO UPDATE SET end_reason = excluded.end_reason,"
        "  task_json = excluded.task_json",
        [delivery_id, end_reason, account, task_id],
    )


_INSERT_DIRECT = """
    INSERT INTO deliveries (account, user_id, locale, purpose, state, still_running, message_format,
        nonce, reason, redirected_from, possible_duplicate, due_at, created_at)
    SELECT account, :user,
        coalesce((SELECT language FROM user_settings WHERE user_id = :user),
            (SELECT locale FROM watches WHERE delivery_id = :delivery AND +user_id = :user
                ORDER BY id LIMIT 1), locale), :purpose,
        'due', (SELECT count(DISTINCT w.task_id) FROM watches w
            WHERE w.user_id = :user AND w.delivery_id IS NULL AND w.group_id IN
                (SELECT group_id FROM watches e WHERE e.delivery_id = deliveries.id)),
        :message_format, '', :reason, channel_id, :possible_duplicate, :now, :now
    FROM deliveries WHERE id = :delivery
    RETURNING id
"""


def enqueue_direct(
    db: Connection,
    delivery_id: int,
    purpose: DeliveryPurpose,
    user_id: int,
    now: float,
    *,
    reason: str | None = None,
    possible_duplicate: bool = False,
) -> int:
    """Insert a direct message about those tasks of a delivery that a person waits for.

    It is in the language that the person has chosen, else in that in which they have watched, and
    counts only those running tasks of the group for which the person waits.

    ``reason``: of the message that a notice is held, why it is. ``possible_duplicate``: the same
    may have been posted. Returns the id of the message.
    """
    (new_id,) = db.execute(
        _INSERT_DIRECT,
        {
            "user": user_id,
            "purpose": purpose,
            "message_format": MessageFormat.FULL,
            "reason": reason,
            "possible_duplicate": possible_duplicate,
            "now": now,
            "delivery": delivery_id,
        },
    ).fetchone()
    _give_nonce(db, new_id)
    db.execute(
        "INSERT INTO delivery_tasks (delivery_id, task_id, end_reason, task_json)"
        " SELECT ?1, task_id, end_reason, task_json FROM delivery_tasks WHERE delivery_id = ?2"
        " AND task_id IN (SELECT task_id FROM watches WHERE delivery_id = ?2 AND +user_id = ?3)"
        " ORDER BY rowid",
        [new_id, delivery_id, user_id],  # with the plus, SQLite searches by the delivery
    )
    return int(new_id)


def _give_nonce(db: Connection, delivery_id: int) -> None:
    """Derive the nonce of a delivery from its row: the same in whatever process."""
    key = db.execute(
        "SELECT id, account, coalesce(channel_id, user_id), created_at FROM deliveries"
        " WHERE id = ?",
        [delivery_id],
    ).fetchone()
    db.execute("UPDATE deliveries SET nonce = ? WHERE id = ?", [nonce_of(*key), delivery_id])


NONCE_LENGTH = 25
"""Discord takes at most 25 characters."""


def nonce_of(*key: object) -> str:
    """Return the nonce of the row that has this key: always the same, and no other row's."""
    return hashlib.sha256("\n".join(map(str, key)).encode()).hexdigest()[:NONCE_LENGTH]
