"""What a status card shows, read from the database."""

from collections.abc import Mapping
from typing import Any

from sqlite_utils import Database

from bot.storage.models import Destination, EndReason, LiveCard, LiveCardTask
from bot.storage.task_rows import load_enum, load_task_or_id, task_with_id_only

VERSION = """
    c.marked_stale_at || (
        SELECT coalesce(group_concat(' ' || coalesce(t.changed_at, '-') || coalesce(t.ended_at, '-')
            || coalesce((SELECT group_concat(d.state) FROM deliveries d WHERE d.relay = ct.relay
                AND d.task_id = ct.task_id AND d.channel_id = c.channel_id), '-')), '')
        FROM live_card_tasks ct LEFT JOIN tasks t USING (relay, task_id)
        WHERE ct.card_id = c.id)
"""
"""Another value, and a card ``c`` has something new to show. Times are only compared for being the
same, so that a clock that is set back hides nothing."""

_CARD_TASKS = """
    SELECT ct.task_id, t.task_json, t.end_reason, coalesce(t.known, 0) AS known,
        (SELECT max(d.message_id) FROM deliveries d WHERE d.relay = ct.relay
            AND d.task_id = ct.task_id AND d.channel_id = ?2) AS message,
        EXISTS (SELECT 1 FROM watches s WHERE s.relay = ct.relay
            AND s.task_id = ct.task_id AND s.channel_id = ?2 AND s.delivery_id IS NULL) AS watched,
        EXISTS (SELECT 1 FROM deliveries d WHERE d.relay = ct.relay
            AND d.task_id = ct.task_id AND d.channel_id = ?2
            AND d.state IN ('due', 'sending')) AS notice_pending
    FROM live_card_tasks ct LEFT JOIN tasks t USING (relay, task_id)
    WHERE ct.card_id = ?1 ORDER BY ct.rowid
"""


def read_live_card(db: Database, row: Mapping[str, Any], now: float) -> LiveCard:
    """Return the card of a row of the table, as it is ``now``."""
    key = [row["id"], row["channel_id"]]
    watchers = db.query(
        "SELECT s.user_id, min(s.id) AS first FROM live_card_tasks ct"
        " JOIN watches s USING (relay, task_id)"
        " WHERE ct.card_id = ?1 AND s.channel_id = ?2 AND s.delivery_id IS NULL"
        " GROUP BY s.user_id ORDER BY first",
        key,
    )
    return LiveCard(
        id=row["id"],
        destination=Destination(row["channel_id"], row["guild_id"], row["locale"]),
        message_id=row["message_id"],
        tasks=tuple(map(_card_task, db.query(_CARD_TASKS, key))),
        watchers=tuple(watcher["user_id"] for watcher in watchers),
        read_at=now,
        nonce=row["nonce"],
        attempts=row["attempts"],
        unconfirmed_since=row["unconfirmed_since"],
        own_text_only=bool(row["own_text_only"]),
        version=row["current"],
        content_digest=row["content_digest"],
    )


def _card_task(row: Mapping[str, Any]) -> LiveCardTask:
    """Return one task of a card; where nobody watches it anywhere, only its id is left."""
    task_id, answer = row["task_id"], row["task_json"]
    return LiveCardTask(
        task=load_task_or_id(task_id, answer) if answer else task_with_id_only(task_id),
        end_reason=load_enum(EndReason, row["end_reason"]),
        message_id=row["message"],
        known=bool(row["known"]),
        watched=bool(row["watched"]),
        notice_pending=bool(row["notice_pending"]),
    )
