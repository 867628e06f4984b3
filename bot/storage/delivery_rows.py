"""Inserts deliveries and changes their state: SQL within a transaction.

A delivery goes to a channel, or to a person: then its channel is unknown until the direct message
is opened.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlite_utils import Database

from bot.storage.forums import is_forum
from bot.storage.models import Delivery, DeliveryPurpose, Destination, EndReason, MessageFormat
from bot.storage.task_rows import load_task

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


def move(db: Database, delivery: Delivery, change: str, values: Sequence[Any]) -> bool:
    """Change a delivery in ``sending``; return whether it still was in that state."""
    cursor = db.execute(
        f"UPDATE deliveries SET {change} WHERE id = ? AND state = 'sending'",  # noqa: S608 # names of ours
        [*values, delivery.id],
    )
    moved: int = cursor.rowcount
    return moved == 1


REASON = "reason = CASE purpose WHEN 'held_notice' THEN reason ELSE ? END"
"""Sets why a delivery waits; a held notice keeps its reason, which is its content."""


def read_delivery(db: Database, row: dict[str, Any], unconfirmed_since: float | None) -> Delivery:
    """Return the delivery of a row in ``sending``. Raises ``ValueError`` for an unreadable row."""
    watchers = db.query(
        "SELECT user_id FROM watches WHERE delivery_id = ? AND mention ORDER BY id",
        [row["id"]],
    )
    return Delivery(
        id=row["id"],
        purpose=DeliveryPurpose(row["purpose"]),
        task=load_task(row["task_json"]),
        end_reason=EndReason(row["end_reason"]),
        destination=Destination(
            row["channel_id"], row["guild_id"], row["locale"], is_forum(db, row["channel_id"])
        ),
        watchers=tuple(watcher["user_id"] for watcher in watchers),
        nonce=row["nonce"],
        message_format=MessageFormat(row["message_format"]),
        attempts=row["attempts"],
        created_at=row["created_at"],
        unconfirmed_since=unconfirmed_since,
        reason=row["reason"],
        redirected_from=row["redirected_from"],
        possible_duplicate=bool(row["possible_duplicate"]),
        user_id=row["user_id"],
    )


_INSERT_NOTICE = (
    "INSERT INTO deliveries (relay, task_id, channel_id, guild_id, user_id, locale, purpose,"
    " end_reason, task_json, state, message_format, nonce, due_at, created_at)"
    " SELECT relay, task_id, :channel, :guild, CASE WHEN :guild IS NULL THEN"
    "  (SELECT min(s.user_id) FROM watches s WHERE s.relay = :relay"
    "   AND s.task_id = :task AND s.channel_id = :channel AND s.delivery_id IS NULL) END,"
    " :locale, :purpose, :end_reason, task_json, 'due', :message_format, '', :now, :now"
    " FROM tasks"
    " WHERE relay = :relay AND task_id = :task"
)


def enqueue_notice(
    db: Database,
    relay: str,
    task_id: str,
    destination: Mapping[str, Any],
    end_reason: EndReason,
    now: float,
) -> None:
    """Insert the notice of a task that ends in this transaction, for one destination."""
    cursor = db.execute(
        _INSERT_NOTICE,
        {
            "relay": relay,
            "task": task_id,
            "channel": destination["channel_id"],
            "guild": destination["guild_id"],
            "locale": destination["locale"],
            "purpose": DeliveryPurpose.NOTICE,
            "end_reason": end_reason,
            "message_format": MessageFormat.FULL,
            "now": now,
        },
    )
    delivery_id = cast("int", cursor.lastrowid)
    _give_nonce(db, delivery_id)
    db.execute(
        "UPDATE watches SET delivery_id = ? WHERE relay = ? AND task_id = ?"
        " AND channel_id = ? AND delivery_id IS NULL",
        [delivery_id, relay, task_id, destination["channel_id"]],
    )


def enqueue_direct(
    db: Database,
    delivery_id: int,
    purpose: DeliveryPurpose,
    user_id: int,
    now: float,
    *,
    reason: str | None = None,
    possible_duplicate: bool = False,
) -> int:
    """Insert a direct message about the task of a delivery; return its id.

    It is in the language that the person has chosen, else in that of the delivery.

    ``reason``: of the message that a notice is held, why it is. ``possible_duplicate``: the same
    may have been posted.
    """
    cursor = db.execute(
        "INSERT INTO deliveries (relay, task_id, user_id, locale, purpose, end_reason,"
        " task_json, state,"
        " message_format, nonce, reason, redirected_from, possible_duplicate, due_at, created_at)"
        " SELECT relay, task_id, ?1,"
        " coalesce((SELECT language FROM user_settings WHERE user_id = ?1), locale), ?2,"
        " end_reason, task_json, 'due', ?, '', ?, channel_id, ?, ?, ?"
        " FROM deliveries WHERE id = ?",
        [user_id, purpose, MessageFormat.FULL, reason, possible_duplicate, now, now, delivery_id],
    )
    new_id = cast("int", cursor.lastrowid)
    _give_nonce(db, new_id)
    return new_id


def _give_nonce(db: Database, delivery_id: int) -> None:
    """Derive the nonce of a delivery from its row: the same in whatever process."""
    key = db.execute(
        "SELECT id, relay, task_id, coalesce(channel_id, user_id), created_at FROM deliveries"
        " WHERE id = ?",
        [delivery_id],
    ).fetchone()
    db.execute("UPDATE deliveries SET nonce = ? WHERE id = ?", [nonce_of(*key), delivery_id])


NONCE_LENGTH = 25
"""Discord takes at most 25 characters."""


def nonce_of(*key: object) -> str:
    """Return the nonce of the row that has this key: always the same, and no other row's."""
    return hashlib.sha256("\n".join(map(str, key)).encode()).hexdigest()[:NONCE_LENGTH]
