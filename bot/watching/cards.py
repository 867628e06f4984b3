"""The status cards: one message that shows how one or several watched tasks are doing.

A card is no promise: it may be lost, and it is gone for good once its tasks have ended. The notices
are the promise.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from pydantic import TypeAdapter
from sqlite_utils import Database

from bot.suno.tasks import Task
from bot.watching.database import DatabaseThread
from bot.watching.endings import Ending
from bot.watching.records import Place

UNPOSTED_FOR = 3600.0
"""Seconds after which a card that was never posted is forgotten."""

_DUE = """
    SELECT c.* FROM cards c
    WHERE c.relay = :relay AND c.message_id IS NOT NULL AND c.shown_at <= :latest AND (
        c.touched_at >= c.shown_at
        OR EXISTS (SELECT 1 FROM card_tasks ct JOIN tasks t USING (relay, task_id)
            WHERE ct.card_id = c.id AND max(coalesce(t.changed_at, 0), coalesce(t.ended_at, 0))
                >= c.shown_at)
        OR NOT EXISTS (SELECT 1 FROM card_tasks ct JOIN tasks t USING (relay, task_id)
            WHERE ct.card_id = c.id AND t.state = 'running')
        AND NOT EXISTS (SELECT 1 FROM card_tasks ct JOIN deliveries d USING (relay, task_id)
            WHERE ct.card_id = c.id AND d.channel_id = c.channel_id
                AND d.state IN ('due', 'sending')))
    ORDER BY c.shown_at LIMIT :limit
"""

_TASKS: TypeAdapter[Task] = TypeAdapter(Task)


@dataclass(frozen=True, slots=True)
class CardTask:
    """One task on a card. ``message_id`` is its notice, once that is posted."""

    task: Task
    ending: Ending | None
    message_id: int | None
    known: bool
    """Whether the relay has ever returned the task; if not, ``task`` is the id alone."""


@dataclass(frozen=True, slots=True)
class Card:
    """All that a card shows."""

    id: int
    place: Place
    message_id: int | None
    tasks: tuple[CardTask, ...]
    watchers: tuple[int, ...]
    """Who watches any of its running tasks there, in the order in which they came."""
    owed: bool
    """Whether a notice of its tasks is still on its way."""
    read_at: float
    """When this was so (Unix seconds)."""

    @property
    def over(self) -> bool:
        """Whether it will not change any more."""
        return not self.owed and all(shown.ending for shown in self.tasks)


class Cards:
    """The cards in the database; one relay's."""

    def __init__(self, database: DatabaseThread, relay: str) -> None:
        self._database = database
        self._relay = relay
        self.changed = asyncio.Event()
        """Set when a card may have to be shown anew. A hint: the rows are the truth."""

    async def open(self, place: Place, ids: Sequence[str], now: float) -> Card | None:
        """Make a card for those of the tasks that no card in this place shows yet.

        ``None`` where every one is shown already; those cards will show the new watcher.
        """

        def open_card(db: Database) -> Card | None:
            db.execute(
                "UPDATE cards SET touched_at = ? WHERE channel_id = ? AND id IN"
                " (SELECT card_id FROM card_tasks WHERE relay = ?"
                "  AND task_id IN (SELECT value FROM json_each(?)))",
                [now, place.channel_id, self._relay, json.dumps(ids)],
            )
            db.execute(  # those that a process left behind which died before it posted them
                "DELETE FROM cards WHERE message_id IS NULL AND touched_at < ?",
                [now - UNPOSTED_FOR],
            )
            rows = db.query(
                "SELECT task_id FROM card_tasks JOIN cards ON cards.id = card_id"
                " WHERE channel_id = ? AND card_tasks.relay = ?"
                " AND task_id IN (SELECT value FROM json_each(?))",
                [place.channel_id, self._relay, json.dumps(ids)],
            )
            shown = {row["task_id"] for row in rows}
            fresh = [task_id for task_id in ids if task_id not in shown]
            return self._insert(db, place, fresh, now) if fresh else None

        card = await self._database.run(open_card)
        self.changed.set()
        return card

    async def posted(self, card: Card, message_id: int) -> None:
        """Note the message of a card: from now on it is kept up to date."""
        await self._database.write(
            "UPDATE cards SET message_id = ?, shown_at = ? WHERE id = ?",
            [message_id, card.read_at, card.id],
        )
        self.changed.set()

    async def any(self) -> bool:
        """Whether there is a card to keep up to date."""
        rows = await self._database.read(
            "SELECT 1 FROM cards WHERE relay = ? AND message_id IS NOT NULL LIMIT 1",
            [self._relay],
        )
        return bool(rows)

    async def due(self, now: float, *, least: float, limit: int) -> list[Card]:
        """Return the cards that have something new to show, the longest unseen first.

        Each at most every ``least`` seconds.
        """

        def due(db: Database) -> list[Card]:
            rows = db.query(_DUE, {"relay": self._relay, "latest": now - least, "limit": limit})
            return [self._card(db, row, now) for row in list(rows)]

        return await self._database.view(due)

    async def shown(self, card: Card) -> None:
        """Note that a card shows what it was read with; one that is over is forgotten."""
        if card.over:
            await self.forget(card.id)
        else:
            await self._database.write(
                "UPDATE cards SET shown_at = ? WHERE id = ?", [card.read_at, card.id]
            )

    async def get(self, card_id: int, now: float) -> Card | None:
        """Return a card that is not over."""

        def get(db: Database) -> Card | None:
            rows = list(db.query("SELECT * FROM cards WHERE id = ?", [card_id]))
            return self._card(db, rows[0], now) if rows else None

        return await self._database.view(get)

    async def failed(self, card: Card, now: float) -> None:
        """Note that a card could not be shown just now: it is tried again, not at once."""
        await self._database.write(
            "UPDATE cards SET shown_at = ?, touched_at = ? WHERE id = ?", [now, now, card.id]
        )

    async def forget(self, card_id: int) -> None:
        """Forget a card: its message stays as it is."""
        await self._database.write("DELETE FROM cards WHERE id = ?", [card_id])

    def _insert(self, db: Database, place: Place, ids: Sequence[str], now: float) -> Card:
        cursor = db.execute(
            "INSERT INTO cards (relay, channel_id, guild_id, locale, touched_at)"
            " VALUES (?, ?, ?, ?, ?)",
            [self._relay, place.channel_id, place.guild_id, place.locale, now],
        )
        card_id = cast("int", cursor.lastrowid)
        for task_id in ids:
            db.execute(
                "INSERT INTO card_tasks (card_id, relay, task_id) VALUES (?, ?, ?)",
                [card_id, self._relay, task_id],
            )
        (row,) = db.query("SELECT * FROM cards WHERE id = ?", [card_id])
        return self._card(db, row, now)

    def _card(self, db: Database, row: Mapping[str, Any], now: float) -> Card:
        key = [row["id"], row["channel_id"]]
        tasks = db.query(
            "SELECT t.answer, t.ending, t.known, (SELECT max(d.message_id) FROM deliveries d"
            "  WHERE d.relay = t.relay AND d.task_id = t.task_id AND d.channel_id = ?2) AS message"
            " FROM card_tasks ct JOIN tasks t USING (relay, task_id)"
            " WHERE ct.card_id = ?1 ORDER BY ct.rowid",
            key,
        )
        watchers = db.query(
            "SELECT s.user_id, min(s.id) AS first FROM card_tasks ct"
            " JOIN subscriptions s USING (relay, task_id)"
            " WHERE ct.card_id = ?1 AND s.channel_id = ?2 AND s.delivery_id IS NULL"
            " GROUP BY s.user_id ORDER BY first",
            key,
        )
        (owed,) = db.execute(
            "SELECT EXISTS (SELECT 1 FROM card_tasks ct JOIN deliveries d USING (relay, task_id)"
            " WHERE ct.card_id = ?1 AND d.channel_id = ?2 AND d.state IN ('due', 'sending'))",
            key,
        ).fetchone()
        return Card(
            id=row["id"],
            place=Place(row["channel_id"], row["guild_id"], row["locale"]),
            message_id=row["message_id"],
            tasks=tuple(
                CardTask(
                    _TASKS.validate_json(shown["answer"]),
                    Ending(shown["ending"]) if shown["ending"] else None,
                    shown["message"],
                    bool(shown["known"]),
                )
                for shown in tasks
            ),
            watchers=tuple(watcher["user_id"] for watcher in watchers),
            owed=bool(owed),
            read_at=now,
        )


def touch_cards(db: Database, relay: str, task_id: str, now: float) -> None:
    """Within a transaction: let the cards of a task be shown anew, for its watchers changed."""
    db.execute(
        "UPDATE cards SET touched_at = ? WHERE id IN"
        " (SELECT card_id FROM card_tasks WHERE relay = ? AND task_id = ?)",
        [now, relay, task_id],
    )
