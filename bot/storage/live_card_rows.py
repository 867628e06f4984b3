"""What a status card shows, read from the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from bot.relay.models import Task
from bot.storage.models import Destination, EndReason
from bot.storage.task_rows import load_enum, load_task_or_id, task_with_id_only


@dataclass(frozen=True, slots=True)
class LiveCardTask:
    """One task on a card."""

    task: Task
    end_reason: EndReason | None
    message_id: int | None
    """Its notice there, once that is posted."""
    known: bool
    """Whether the relay has ever returned the task; if not, ``task`` is the id alone."""
    watched: bool
    """Whether anybody waits for its end there."""
    notice_pending: bool
    """Whether its notice is on its way there."""

    @property
    def unwatched(self) -> bool:
        """Whether it has not ended, and everybody there has stopped watching it."""
        return not self.end_reason and not self.watched


@dataclass(frozen=True, slots=True)
class LiveCard:
    """All that a card shows, and how far it has come."""

    id: int
    destination: Destination
    message_id: int | None
    tasks: tuple[LiveCardTask, ...]
    watchers: tuple[int, ...]
    """Who watches any of its running tasks there, in the order in which they came."""
    read_at: float
    """When this was so (Unix seconds)."""
    nonce: str
    attempts: int
    """How often in a row it was handed to Discord in vain."""
    unconfirmed_since: float | None
    """When it was first handed to Discord before, if it is not known what became of that."""
    own_text_only: bool
    """Whether Discord refused what a relay or a person wrote: it bears the bot's own text only."""
    version: str
    """Stands for what there is to show; compare ``VERSION``."""
    content_digest: str | None
    """What its message shows, ``None`` where that is not known."""

    @property
    def finished(self) -> bool:
        """Whether it will not change any more."""
        return all(
            (shown.end_reason or shown.unwatched) and not shown.notice_pending
            for shown in self.tasks
        )


VERSION = """
    c.touched_at || (
        SELECT coalesce(group_concat(' ' || coalesce(t.changed_at, '-') || coalesce(t.ended_at, '-')
            || coalesce((SELECT group_concat(d.state) FROM deliveries d WHERE d.relay = ct.relay
                AND d.task_id = ct.task_id AND d.channel_id = c.channel_id), '-')), '')
        FROM card_tasks ct LEFT JOIN tasks t USING (relay, task_id)
        WHERE ct.card_id = c.id)
"""
"""Another value, and a card ``c`` has something new to show. Times are only compared for being the
same, so that a clock that is set back hides nothing."""

_CARD_TASKS = """
    SELECT ct.task_id, t.answer, t.ending, coalesce(t.known, 0) AS known,
        (SELECT max(d.message_id) FROM deliveries d WHERE d.relay = ct.relay
            AND d.task_id = ct.task_id AND d.channel_id = ?2) AS message,
        EXISTS (SELECT 1 FROM subscriptions s WHERE s.relay = ct.relay
            AND s.task_id = ct.task_id AND s.channel_id = ?2 AND s.delivery_id IS NULL) AS watched,
        EXISTS (SELECT 1 FROM deliveries d WHERE d.relay = ct.relay
            AND d.task_id = ct.task_id AND d.channel_id = ?2
            AND d.state IN ('due', 'sending')) AS owed
    FROM card_tasks ct LEFT JOIN tasks t USING (relay, task_id)
    WHERE ct.card_id = ?1 ORDER BY ct.rowid
"""


def read_live_card(db: Database, row: Mapping[str, Any], now: float) -> LiveCard:
    """Return the card of a row of the table, as it is ``now``."""
    key = [row["id"], row["channel_id"]]
    watchers = db.query(
        "SELECT s.user_id, min(s.id) AS first FROM card_tasks ct"
        " JOIN subscriptions s USING (relay, task_id)"
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
        unconfirmed_since=row["in_doubt_since"],
        own_text_only=bool(row["plain"]),
        version=row["current"],
        content_digest=row["look"],
    )


def _card_task(row: Mapping[str, Any]) -> LiveCardTask:
    """Return one task of a card; where nobody watches it anywhere, only its id is left."""
    task_id, answer = row["task_id"], row["answer"]
    return LiveCardTask(
        task=load_task_or_id(task_id, answer) if answer else task_with_id_only(task_id),
        end_reason=load_enum(EndReason, row["ending"]),
        message_id=row["message"],
        known=bool(row["known"]),
        watched=bool(row["watched"]),
        notice_pending=bool(row["owed"]),
    )
