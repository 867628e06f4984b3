"""Joins people to a notice that already exists, and reads how far notices are."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlite_utils import Database

from bot.storage.database import DatabaseThread
from bot.storage.delivery_rows import VISIBLE_STATE
from bot.storage.errors import TooManyWatchers
from bot.storage.history import add_user_to_history
from bot.storage.models import DeliveryPurpose, Destination, EndReason
from bot.storage.watches import NewWatch

RECENTLY_POSTED = 600.0
"""Seconds in which a finished task is not posted to the same place again: who asks gets a link."""


class NoticeProgress(StrEnum):
    """How far the notice of a finished task is in a place where somebody asks for it again."""

    POSTED = "posted"
    """It was posted just now."""
    DUE = "due"
    """It will name the person too."""
    SENDING = "sending"
    """It is being sent, or may have been posted: whether it names the person is not known."""
    HELD = "held"
    """It cannot be posted for now."""


@dataclass(frozen=True, slots=True)
class JoinedNotice:
    """The one notice of a finished task in a place, which the person waits for now too."""

    progress: NoticeProgress
    message_id: int | None = None
    """Where it stands, once it is posted."""


def join_notice(db: Database, watch: NewWatch, limit: int) -> JoinedNotice | None:
    """Within a transaction: let a person wait for the notice that is there already, if one is.

    It says that the task has finished, and is due here or was posted within ten minutes: a second
    message would say nothing new. Raises ``TooManyWatchers`` beyond the ``limit`` that it can name.
    """
    key = [
        *(watch.relay, watch.task_id, watch.destination.channel_id),
        *(DeliveryPurpose.NOTICE, EndReason.FINISHED),
    ]
    posted = db.execute(
        "SELECT message_id FROM deliveries WHERE relay = ? AND task_id = ? AND channel_id = ?"
        " AND purpose = ? AND end_reason = ? AND message_id IS NOT NULL AND sent_at > ?"
        " ORDER BY id DESC",
        [*key, watch.created_at - RECENTLY_POSTED],
    ).fetchone()
    if posted:
        return JoinedNotice(NoticeProgress.POSTED, posted[0])
    pending = db.execute(
        f"SELECT d.id, {VISIBLE_STATE}, d.unconfirmed_since IS NOT NULL FROM deliveries d"  # noqa: S608 # names of ours
        " WHERE d.relay = ? AND d.task_id = ? AND d.channel_id = ? AND d.purpose = ?"
        " AND d.end_reason = ? AND d.state IN ('due', 'sending', 'held') ORDER BY d.id DESC",
        key,
    ).fetchone()
    if pending is None:
        return None
    delivery_id, state, unconfirmed = pending
    _wait_for(db, delivery_id, watch, limit)
    if state == "held":
        return JoinedNotice(NoticeProgress.HELD)
    return JoinedNotice(
        NoticeProgress.SENDING if state == "sending" or unconfirmed else NoticeProgress.DUE
    )


def _wait_for(db: Database, delivery_id: int, watch: NewWatch, limit: int) -> None:
    """Add a person to those who wait for a notice, unless they do already."""
    people = {
        waiting
        for (waiting,) in db.execute(
            "SELECT user_id FROM watches WHERE delivery_id = ?", [delivery_id]
        )
    }
    if watch.user_id in people:
        return
    if len(people) >= limit:
        raise TooManyWatchers(limit)
    destination = watch.destination
    db.execute(
        "INSERT INTO watches (relay, task_id, channel_id, user_id, guild_id, locale,"
        " created_at, mention, delivery_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            *(watch.relay, watch.task_id, destination.channel_id, watch.user_id),
            *(destination.guild_id, destination.locale),
            *(watch.created_at, watch.mention, delivery_id),
        ],
    )
    task = (watch.relay, watch.task_id)
    add_user_to_history(db, task, watch.user_id, destination, watch.created_at)


@dataclass(frozen=True, slots=True)
class NoticeState:
    """How far the notice of a task has come."""

    state: str
    """``due``, ``sending``, ``sent``, ``held`` or ``dropped``."""
    reason: str
    """Why it is not there, in short; empty where nothing went wrong."""

    @property
    def pending(self) -> bool:
        """Whether it is on its way."""
        return self.state in ("due", "sending")


class JoinedNotices:
    """The notices of one relay's tasks, as far as somebody wants to know about them."""

    def __init__(self, database: DatabaseThread, relay: str) -> None:
        self._database = database
        self._relay = relay

    async def latest(self, destination: Destination, ids: Sequence[str]) -> list[NoticeState]:
        """Return how the last notice of each of the tasks in a place is doing, if there is one."""
        rows = await self._database.read(
            "SELECT state, coalesce(reason, '') AS reason, max(id) FROM deliveries"
            " WHERE relay = ? AND channel_id = ? AND purpose = ?"
            " AND task_id IN (SELECT value FROM json_each(?)) GROUP BY task_id",
            [self._relay, destination.channel_id, DeliveryPurpose.NOTICE, json.dumps(list(ids))],
        )
        return [NoticeState(row["state"], row["reason"]) for row in rows]
