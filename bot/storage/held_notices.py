"""Held notices: direct messages which say that a notice cannot be posted. SQL in a transaction.

A held notice is sent before its notice or never: it is dropped once that is posted or unwatched.
"""

from bot.storage.delivery_rows import OPEN, enqueue_direct
from bot.storage.engine import Connection
from bot.storage.models import Delivery, DeliveryPurpose, UndeliveredNotice
from bot.storage.task_rows import load_task_or_id

RETRY_AFTER = 15.0
"""Seconds for which a held notice waits while its channel is tried, or soon will be."""


def enqueue_held_notices_in(db: Connection, channel_id: int, reason: str, now: float) -> None:
    """Enqueue one held notice for each person who waits in a blocked channel and has none yet.

    ``reason``: why the channel is blocked.
    """
    rows = db.query(
        "SELECT s.user_id, min(d.id) AS oldest FROM deliveries d"  # noqa: S608 # names of ours
        " JOIN watches s ON s.delivery_id = d.id"
        f" WHERE d.channel_id = ?1 AND d.{OPEN} AND s.user_id NOT IN"
        "  (SELECT user_id FROM notified_users WHERE channel_id = ?1)"
        " GROUP BY s.user_id ORDER BY oldest",
        [channel_id],
    )
    for row in list(rows):
        enqueue_direct(
            db, row["oldest"], DeliveryPurpose.HELD_NOTICE, row["user_id"], now, reason=reason
        )
        db.execute(
            "INSERT INTO notified_users (channel_id, user_id) VALUES (?, ?)",
            [channel_id, row["user_id"]],
        )


def enqueue_held_notices_about(db: Connection, delivery: Delivery, reason: str, now: float) -> None:
    """Enqueue one held notice for each person who waits for a held delivery and has none yet."""
    rows = db.query(
        "SELECT s.user_id FROM watches s JOIN deliveries d ON d.id = s.delivery_id"
        " WHERE d.id = ? AND NOT EXISTS (SELECT 1 FROM task_deliveries w"
        "  WHERE w.account = d.account AND w.task_id = s.task_id AND w.purpose = 'held_notice'"
        "  AND w.user_id = s.user_id AND w.redirected_from = d.channel_id"
        "  AND w.created_at >= d.created_at) GROUP BY s.user_id ORDER BY min(s.id)",
        [delivery.id],
    )
    for row in list(rows):
        enqueue_direct(
            db, delivery.id, DeliveryPurpose.HELD_NOTICE, row["user_id"], now, reason=reason
        )


def postpone_or_drop_held_notice(db: Connection, held_notice_id: int, now: float) -> bool:
    """Return whether a held notice is not to be sent now; drop one that is obsolete."""
    user_id, channel_id = db.execute(
        "SELECT user_id, redirected_from FROM deliveries WHERE id = ?", [held_notice_id]
    ).fetchone()
    if user_id is None:  # written by a version without this column
        return False
    row = db.execute(
        "SELECT count(*) FILTER (WHERE d.state = 'sending' OR b.next_probe_at <= :soon"  # noqa: S608 # names of ours
        "  OR b.channel_id IS NULL AND d.state = 'held' AND d.due_at <= :soon"
        "  OR b.channel_id IS NOT NULL AND EXISTS (SELECT 1 FROM deliveries probe"
        f"   WHERE probe.channel_id = d.channel_id AND probe.{OPEN} AND probe.state = 'sending')),"
        " count(*) FILTER (WHERE d.state = 'held' OR b.channel_id IS NOT NULL)"
        " FROM deliveries d LEFT JOIN blocked_channels b ON b.channel_id = d.channel_id"
        f" WHERE d.channel_id = :channel AND d.{OPEN} AND EXISTS"
        "  (SELECT 1 FROM watches s WHERE s.delivery_id = d.id AND s.user_id = :user)",
        {"soon": now + RETRY_AFTER, "channel": channel_id, "user": user_id},
    ).fetchone()
    being_tried, unposted = map(bool, row)
    if being_tried:
        db.execute(
            "UPDATE deliveries SET due_at = ? WHERE id = ?", [now + RETRY_AFTER, held_notice_id]
        )
    elif not unposted:
        db.execute(
            "UPDATE deliveries SET state = 'dropped', due_at = NULL WHERE id = ?", [held_notice_id]
        )
    return being_tried or not unposted


INBOX = 25
"""How many undelivered notices a person is shown."""


def read_undelivered(db: Connection, user_id: int, since: float) -> list[UndeliveredNotice]:
    """Return the notices that wait for something to change or were given up, the newest first."""
    rows = db.query(
        "SELECT d.*, b.reason AS blocked FROM watches s"
        " JOIN task_deliveries d ON d.id = s.delivery_id AND d.task_id = s.task_id"
        " LEFT JOIN blocked_channels b ON b.channel_id = d.channel_id"
        " WHERE s.user_id = ? AND d.created_at >= ? AND (d.state IN ('held', 'dropped',"
        "  'quarantined') OR d.state IN ('due', 'sending') AND b.channel_id IS NOT NULL)"
        " ORDER BY d.id DESC LIMIT ?",
        [user_id, since, INBOX],
    )
    return [
        UndeliveredNotice(
            task=load_task_or_id(row["task_id"], row["task_json"]),
            channel_id=row["redirected_from"] or row["channel_id"],
            reason=row["reason"] or row["blocked"] or "",
            held=row["state"] != "dropped",
            created_at=row["created_at"],
        )
        for row in rows
    ]
