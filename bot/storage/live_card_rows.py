"""Inserts, reads, claims and deletes live cards: SQL within a transaction."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.storage.creation_rows import with_kind_of_request
from bot.storage.delivery_rows import nonce_of
from bot.storage.engine import Connection
from bot.storage.models import Destination, EndReason, LiveCard, LiveCardTask, TaskKey
from bot.storage.task_rows import load_enum, load_task_or_id, task_with_id_only

MARK_STALE = "marked_stale_at = max(?, marked_stale_at + 0.001)"
"""Marks cards as stale: always a new value, whatever the clock says."""

VERSION = """
    c.marked_stale_at || (
        SELECT coalesce(group_concat(' ' || coalesce(CAST(t.changed_at AS TEXT), '-')
            || coalesce(CAST(t.ended_at AS TEXT), '-')
            || coalesce(CAST(CAST(t.deadline_at / 60 AS BIGINT) AS TEXT), '-')
            || coalesce((SELECT group_concat(d.state) FROM task_deliveries d
                WHERE d.account = ct.account AND d.task_id = ct.task_id
                    AND d.channel_id = c.channel_id), '-')), '')
        FROM live_card_tasks ct LEFT JOIN tasks t USING (account, task_id)
        WHERE ct.card_id = c.id)
"""
"""Another value, and a card ``c`` has something new to show. Times are only compared for being the
same, so that a clock that is set back hides nothing."""

_CARD_TASKS = """
    SELECT ct.account, ct.task_id, t.task_json, t.end_reason, coalesce(t.known, FALSE) AS known,
        t.deadline_at, t.ended_at - t.added_at AS polled_for,
        (SELECT request FROM creations c WHERE c.id = t.creation_id) AS request,
        t.state = 'running' AND t.next_poll_at IS NULL AS is_pending,
        (SELECT max(d.message_id) FROM task_deliveries d WHERE d.account = ct.account
            AND d.task_id = ct.task_id AND d.channel_id = ?2) AS message,
        EXISTS (SELECT 1 FROM watches s WHERE s.account = ct.account
            AND s.task_id = ct.task_id AND s.channel_id = ?2 AND s.delivery_id IS NULL) AS watched,
        EXISTS (SELECT 1 FROM task_deliveries d WHERE d.account = ct.account
            AND d.task_id = ct.task_id AND d.channel_id = ?2
            AND d.state IN ('collecting', 'due', 'sending')) AS notice_pending,
        EXISTS (SELECT 1 FROM task_deliveries d WHERE d.account = ct.account
            AND d.task_id = ct.task_id AND d.channel_id = ?2
            AND d.state = 'collecting') AS notice_collecting
    FROM live_card_tasks ct LEFT JOIN tasks t USING (account, task_id)
    WHERE ct.card_id = ?1 ORDER BY ct.rowid
"""


def read_live_card(db: Connection, row: Mapping[str, Any], now: float) -> LiveCard:
    """Return the card of a row of the table, as it is ``now``."""
    key = [row["id"], row["channel_id"]]
    watchers = db.query(
        "SELECT s.user_id, min(s.id) AS first FROM live_card_tasks ct"
        " JOIN watches s USING (account, task_id)"
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
    """Return one task of a card; only its id is left if its row is deleted."""
    task_id, answer = row["task_id"], row["task_json"]
    task = load_task_or_id(task_id, answer) if answer else task_with_id_only(task_id)
    return LiveCardTask(
        account=row["account"],
        task=with_kind_of_request(task, row["request"]),
        end_reason=load_enum(EndReason, row["end_reason"]),
        message_id=row["message"],
        known=bool(row["known"]),
        watched=bool(row["watched"]),
        notice_pending=bool(row["notice_pending"]),
        notice_collecting=bool(row["notice_collecting"]),
        deadline_at=row["deadline_at"],
        polled_for=row["polled_for"],
        is_pending=bool(row["is_pending"]),
    )


_BY_ID = f"SELECT c.*, {VERSION} AS current FROM live_cards c WHERE c.id = ?"  # noqa: S608 # names of ours


def get_live_card(db: Connection, card_id: int, now: float) -> LiveCard | None:
    """Return a card as it is ``now``, ``None`` if it is deleted."""
    rows = list(db.query(_BY_ID, [card_id]))
    return read_live_card(db, rows[0], now) if rows else None


def delete_live_card(db: Connection, card_id: int) -> None:
    """Delete a card and which tasks it shows."""
    db.execute("DELETE FROM live_cards WHERE id = ?", [card_id])


def is_unchanged(db: Connection, card: LiveCard) -> bool:
    """Whether there is nothing new to show since a card was read."""
    rows = list(db.query(_BY_ID, [card.id]))
    return all(row["current"] == card.version for row in rows)


def claim_live_card(db: Connection, card_id: int, now: float) -> LiveCard:
    """Within a transaction: claim a card; return it with its old ``unconfirmed_since``."""
    (before,) = db.query(_BY_ID, [card_id])
    db.execute(
        "UPDATE live_cards SET state = 'posting', attempts = attempts + 1,"
        " unconfirmed_since = coalesce(unconfirmed_since, ?) WHERE id = ?",
        [now, card_id],
    )
    return read_live_card(db, before, now)


def insert_live_card(
    db: Connection, destination: Destination, tasks: Sequence[TaskKey], now: float
) -> int:
    """Within a transaction: insert a card that is due; return its id."""
    (card_id,) = db.execute(
        "INSERT INTO live_cards (channel_id, guild_id, locale, marked_stale_at, state)"
        " VALUES (?, ?, ?, ?, 'due') RETURNING id",
        [destination.channel_id, destination.guild_id, destination.locale, now],
    ).fetchone()
    card_id = int(card_id)
    nonce = nonce_of("card", card_id, destination.channel_id, now)
    db.execute("UPDATE live_cards SET nonce = ? WHERE id = ?", [nonce, card_id])
    for task in tasks:
        db.execute(
            "INSERT INTO live_card_tasks (card_id, account, task_id) VALUES (?, ?, ?)",
            [card_id, *task],
        )
    return card_id


def mark_live_cards_stale(db: Connection, account: str, task_id: str, now: float) -> None:
    """Within a transaction: mark the cards of a task stale, because its watchers changed."""
    db.execute(
        f"UPDATE live_cards SET {MARK_STALE} WHERE id IN"  # noqa: S608 # names of ours
        " (SELECT card_id FROM live_card_tasks WHERE account = ? AND task_id = ?)",
        [now, account, task_id],
    )
