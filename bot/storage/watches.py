"""Inserts and removes the watch of one person: SQL within a transaction."""

from typing import NamedTuple

from sqlite_utils import Database

from bot.storage.errors import TooManyWatchers
from bot.storage.models import Destination, UnwatchOutcome


class NewWatch(NamedTuple):
    """The watch that a person asks for."""

    relay: str
    task_id: str
    user_id: int
    destination: Destination
    mention: bool
    """Whether the notice mentions the person."""
    created_at: float


def insert_watch(db: Database, watch: NewWatch, limit: int) -> bool:
    """Within a transaction: insert a watch; return whether the person has none there yet.

    An existing one only gets the new ``mention``. Raises ``TooManyWatchers`` where more than
    ``limit`` people would watch the task there.
    """
    key = [watch.relay, watch.task_id, watch.destination.channel_id, watch.user_id]
    known = db.execute(
        "UPDATE watches SET mention = ? WHERE delivery_id IS NULL AND relay = ?"
        " AND task_id = ? AND channel_id = ? AND user_id = ?",
        [watch.mention, *key],
    ).rowcount
    if known:
        return False
    (watchers,) = db.execute(
        "SELECT count(*) FROM watches"
        " WHERE delivery_id IS NULL AND relay = ? AND task_id = ? AND channel_id = ?",
        key[:3],
    ).fetchone()
    if watchers >= limit:
        raise TooManyWatchers(limit)
    db.execute(
        "INSERT INTO watches"
        " (relay, task_id, channel_id, user_id, guild_id, locale, created_at, mention)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            *key,
            *(watch.destination.guild_id, watch.destination.locale),
            *(watch.created_at, watch.mention),
        ],
    )
    return True


UNWATCHED = "unwatched"
"""Reason of a delivery that was dropped because nobody waits for it any more."""


def unwatch(
    db: Database, relay: str, task_id: str, *, user_id: int, channel_id: int | None = None
) -> UnwatchOutcome:
    """End a person's watches of a task, everywhere or in one channel."""
    stopped = db.execute(
        "DELETE FROM watches WHERE relay = ? AND task_id = ? AND user_id = ?"
        " AND delivery_id IS NULL AND channel_id = coalesce(?, channel_id)",
        [relay, task_id, user_id, channel_id],
    ).rowcount
    pending = db.execute(
        "SELECT s.id, d.id, d.state = 'sending' OR d.unconfirmed_since IS NOT NULL"
        " FROM watches s JOIN deliveries d ON d.id = s.delivery_id"
        " WHERE s.relay = ? AND s.task_id = ? AND s.user_id = ?"
        " AND s.channel_id = coalesce(?, s.channel_id)"
        " AND d.state IN ('due', 'sending', 'held', 'quarantined')",
        [relay, task_id, user_id, channel_id],
    ).fetchall()
    for subscription_id, delivery_id, on_its_way in pending:
        if not on_its_way:
            _cancel(db, subscription_id, delivery_id)
    if any(on_its_way for *_, on_its_way in pending):
        return UnwatchOutcome.ON_ITS_WAY
    return UnwatchOutcome.STOPPED if stopped or pending else UnwatchOutcome.NOT_WATCHED


def _cancel(db: Database, subscription_id: int, delivery_id: int) -> None:
    """Remove a person from an unposted notice; drop one that is for nobody else."""
    db.execute("DELETE FROM watches WHERE id = ?", [subscription_id])
    db.execute(
        "UPDATE deliveries SET state = 'dropped', due_at = NULL, reason = :reason WHERE id = :id"
        " AND NOT EXISTS (SELECT 1 FROM watches WHERE delivery_id = :id)",
        {"id": delivery_id, "reason": UNWATCHED},
    )
