"""What is owed to Discord: one row per message, and every move of it.

A delivery is ``due``, then ``sending``, then ``sent``; or it is ``held`` for a reason and tried
again, or ``dropped`` for a reason. Each move is one guarded ``UPDATE`` and says whether it
happened. Whatever a method writes is on disk when it returns.

A place that refuses everything is ``shut``: what is owed there waits behind the oldest message,
which alone is tried now and then.
"""

import asyncio
import hashlib
import json
from collections.abc import Collection, Mapping
from typing import Any, cast

from pydantic import TypeAdapter
from sqlite_utils import Database

from bot.suno.tasks import Task
from bot.watching.database import DatabaseThread
from bot.watching.endings import Ending
from bot.watching.records import Delivery, Form, Place, Purpose, Undelivered

NONCE_LENGTH = 25
"""Discord takes at most 25 characters."""

AROUND = 3600.0
"""Seconds before a delivery came to be in which other messages may be taken for it."""

INBOX = 25
"""How many undelivered notices a person is shown."""

_NEXT_IN_CHANNEL = """
    FROM deliveries d WHERE state IN ('due', 'held')
    AND NOT EXISTS (SELECT 1 FROM deliveries e WHERE e.channel_id = d.channel_id
        AND (e.state IN ('due', 'sending') OR e.shut) AND e.id < d.id)
"""

_OPEN = "(state IN ('due', 'sending') OR shut)"
"""What its channel waits for, in the very words of the index ``deliveries_in_order``: so that this
is looked through in place of all that was ever posted."""

_TASKS: TypeAdapter[Task] = TypeAdapter(Task)


class Outbox:
    """The deliveries in the database."""

    def __init__(self, database: DatabaseThread) -> None:
        self._database = database
        self.changed = asyncio.Event()
        """Set when a delivery may have become due. A hint: the rows are the truth."""

    async def claim(self, now: float, limit: int) -> list[Delivery]:
        """Take up to ``limit`` deliveries whose time has come: ``due`` or ``held`` → ``sending``.

        In each channel only the oldest, so that the order there is kept.
        """

        def claim(db: Database) -> list[Delivery]:
            rows = list(
                db.query(
                    f"SELECT id, in_doubt_since {_NEXT_IN_CHANNEL}"
                    " AND due_at <= ? ORDER BY due_at LIMIT ?",
                    [now, limit],
                )
            )
            return [_claim(db, row["id"], row["in_doubt_since"], now) for row in rows]

        return await self._database.run(claim)

    async def next_at(self) -> float | None:
        """Return when the next delivery is due, ``None`` if none waits for its time."""
        rows = await self._database.read(f"SELECT min(due_at) AS at {_NEXT_IN_CHANNEL}", [])
        return cast("float | None", rows[0]["at"])

    async def acknowledge(self, delivery: Delivery, *, message_id: int | None, now: float) -> bool:
        """Discord has the message: ``sending`` → ``sent``; the place is open again."""

        def acknowledge(db: Database) -> bool:
            moved = _move(
                db,
                delivery,
                "state = 'sent', shut = 0, sent_at = ?, message_id = ?, due_at = NULL,"
                " reason = NULL",
                [now, message_id],
            )
            if moved:
                db.execute(
                    "UPDATE deliveries SET due_at = ? WHERE channel_id = ? AND shut",
                    [now, delivery.place.channel_id],
                )
            return moved

        return await self._database.run(acknowledge)

    async def postpone(
        self, delivery: Delivery, *, until: float, reason: str, form: Form, doubtful: bool
    ) -> bool:
        """Try again ``until`` then (Unix seconds): ``sending`` → ``due``.

        ``doubtful``: Discord may have taken the message all the same.
        """
        return await self._database.run(
            lambda db: _move(
                db,
                delivery,
                "state = 'due', due_at = ?, reason = ?, form = ?,"
                " in_doubt_since = CASE WHEN ? THEN in_doubt_since ELSE ? END",
                [until, reason, form, doubtful, delivery.in_doubt_since],
            )
        )

    async def hold(self, delivery: Delivery, *, until: float, reason: str) -> bool:
        """Keep a message that Discord takes in no form: ``sending`` → ``held``, until then."""
        return await self._database.run(
            lambda db: _move(
                db,
                delivery,
                "state = 'held', due_at = ?, reason = ?, in_doubt_since = ?",
                [until, reason, delivery.in_doubt_since],
            )
        )

    async def shut(
        self,
        delivery: Delivery,
        *,
        until: float,
        reason: str,
        directs: Mapping[int, Place],
        now: float,
    ) -> bool:
        """Keep all that is owed to a place that refuses everything, and owe a word about it.

        ``directs`` are the direct messages of those who wait, by user id; each of them gets one
        word for the place, however many notices are held there.
        """

        def shut(db: Database) -> bool:
            moved = _move(
                db,
                delivery,
                "state = 'held', shut = 1, due_at = ?, reason = ?, in_doubt_since = ?",
                [until, reason, delivery.in_doubt_since],
            )
            if moved:
                channel_id = delivery.place.channel_id
                db.execute(
                    "UPDATE deliveries SET state = 'held', shut = 1, due_at = ?, reason = ?"  # noqa: S608 # names of ours
                    f" WHERE channel_id = ? AND {_OPEN} AND (state = 'due' OR shut)",
                    [until, reason, channel_id],
                )
                _owe_words(db, channel_id, directs, now)
            return moved

        moved = await self._database.run(shut)
        self.changed.set()
        return moved

    async def redirect(
        self,
        delivery: Delivery,
        *,
        reason: str,
        directs: Mapping[int, Place],
        now: float,
        repeat: bool = False,
    ) -> bool:
        """Say it in direct messages, its own place is gone: ``sending`` → ``dropped``.

        ``directs`` are the direct messages of its watchers that could be opened, by user id.
        ``repeat``: it may have been said in its own place all the same.
        """

        def redirect(db: Database) -> bool:
            moved = _move(
                db, delivery, "state = 'dropped', shut = 0, due_at = NULL, reason = ?", [reason]
            )
            if moved:
                db.execute(
                    "UPDATE deliveries SET due_at = ? WHERE channel_id = ? AND shut",
                    [now, delivery.place.channel_id],
                )
                for user_id, place in directs.items():
                    new_id = _copy(db, delivery.id, Purpose.NOTICE, place, now, repeat=repeat)
                    db.execute(
                        "UPDATE subscriptions SET delivery_id = ?"
                        " WHERE delivery_id = ? AND user_id = ?",
                        [new_id, delivery.id, user_id],
                    )
            return moved

        moved = await self._database.run(redirect)
        self.changed.set()
        return moved

    async def people_behind(self, delivery: Delivery) -> list[int]:
        """Return all who wait for a delivery, also those whom it is not to mention."""
        rows = await self._database.read(
            "SELECT user_id FROM subscriptions WHERE delivery_id = ? ORDER BY id", [delivery.id]
        )
        return [row["user_id"] for row in rows]

    async def waiting_at(self, channel_id: int) -> list[int]:
        """Return the users who wait for something in a place and have no word of it yet."""
        rows = await self._database.read(
            "SELECT DISTINCT user_id FROM subscriptions s"  # noqa: S608 # names of ours
            " JOIN deliveries d ON d.id = s.delivery_id"
            f" WHERE d.channel_id = ? AND {_OPEN} AND NOT d.told",
            [channel_id],
        )
        return [row["user_id"] for row in rows]

    async def shut_places(self, guild_id: int) -> list[tuple[Place, str]]:
        """Return the places of a server where something is held, and for which reason."""
        rows = await self._database.read(
            "SELECT channel_id, guild_id, locale, min(reason) AS reason FROM deliveries"
            " WHERE guild_id = ? AND shut AND state = 'held' GROUP BY channel_id",
            [guild_id],
        )
        return [
            (Place(row["channel_id"], row["guild_id"], row["locale"]), row["reason"])
            for row in rows
        ]

    async def reopen(self, channel_id: int, now: float) -> None:
        """Try again at once what is held in a place: it seems to be open again."""
        await self._database.write(
            "UPDATE deliveries SET due_at = ? WHERE channel_id = ? AND shut AND state = 'held'",
            [now, channel_id],
        )
        self.changed.set()

    async def undelivered(self, user_id: int, since: float) -> list[Undelivered]:
        """Return the notices that could not be posted to a person, the newest first."""
        rows = await self._database.read(
            "SELECT d.* FROM deliveries d JOIN subscriptions s ON s.delivery_id = d.id"
            " WHERE s.user_id = ? AND d.state IN ('held', 'dropped') AND d.created_at >= ?"
            " ORDER BY d.id DESC LIMIT ?",
            [user_id, since, INBOX],
        )
        return [
            Undelivered(
                task=_TASKS.validate_json(row["answer"]),
                channel_id=row["channel_id"],
                reason=row["reason"],
                held=row["state"] == "held",
                created_at=row["created_at"],
            )
            for row in rows
        ]

    async def task_of(self, delivery_id: int) -> str | None:
        """Return the task that a delivery is about."""
        rows = await self._database.read(
            "SELECT task_id FROM deliveries WHERE id = ?", [delivery_id]
        )
        return str(rows[0]["task_id"]) if rows else None

    async def messages_beside(self, delivery: Delivery) -> set[int]:
        """Return the messages of all other deliveries in the same place."""
        rows = await self._database.read(
            "SELECT message_id FROM deliveries WHERE channel_id = ? AND id != ?"
            " AND message_id IS NOT NULL AND sent_at >= ?",
            [delivery.place.channel_id, delivery.id, delivery.created_at - AROUND],
        )
        return {row["message_id"] for row in rows}

    async def recover(self, now: float, under_way: Collection[int] = ()) -> int:
        """Take back what nobody sends any more: ``sending`` → ``due``.

        ``under_way`` are the deliveries that this process does send. What was refused for a bad
        token is due again too. Returns how many there were. Their nonces are the same, so that
        Discord knows a repeat.
        """
        return await self._database.write(
            f"UPDATE deliveries SET state = 'due', due_at = ? WHERE {_OPEN} AND ("  # noqa: S608 # names of ours
            "(state = 'sending' AND id NOT IN (SELECT value FROM json_each(?)))"
            " OR (state = 'due' AND reason LIKE '401/%'))",
            [now, json.dumps(list(under_way))],
        )


def owe(
    db: Database, relay: str, task_id: str, place: Mapping[str, Any], ending: Ending, now: float
) -> None:
    """Within a transaction that ends a task: owe its notice to one place."""
    cursor = db.execute(
        "INSERT INTO deliveries (relay, task_id, channel_id, guild_id, locale, purpose, ending,"
        " answer, state, form, nonce, due_at, created_at)"
        " SELECT relay, task_id, ?, ?, ?, ?, ?, answer, 'due', ?, '', ?, ? FROM tasks"
        " WHERE relay = ? AND task_id = ?",
        [
            *(place["channel_id"], place["guild_id"], place["locale"], Purpose.NOTICE, ending),
            *(Form.FULL, now, now, relay, task_id),
        ],
    )
    delivery_id = cast("int", cursor.lastrowid)
    _give_nonce(db, delivery_id)
    db.execute(
        "UPDATE subscriptions SET delivery_id = ? WHERE relay = ? AND task_id = ?"
        " AND channel_id = ? AND delivery_id IS NULL",
        [delivery_id, relay, task_id, place["channel_id"]],
    )


def _copy(
    db: Database,
    delivery_id: int,
    purpose: Purpose,
    place: Place,
    now: float,
    *,
    repeat: bool = False,
) -> int:
    """Owe another message about the task of a delivery, to somebody directly."""
    cursor = db.execute(
        "INSERT INTO deliveries (relay, task_id, channel_id, guild_id, locale, purpose, ending,"
        " answer, state, form, nonce, reason, instead_of, repeat, due_at, created_at)"
        " SELECT relay, task_id, ?, ?, ?, ?, ending, answer, 'due', ?, '', reason, channel_id,"
        " ?, ?, ? FROM deliveries WHERE id = ?",
        [
            *(place.channel_id, place.guild_id, place.locale, purpose, Form.FULL),
            *(repeat, now, now, delivery_id),
        ],
    )
    new_id = cast("int", cursor.lastrowid)
    _give_nonce(db, new_id)
    return new_id


def _owe_words(db: Database, channel_id: int, directs: Mapping[int, Place], now: float) -> None:
    """Owe each person who waits at a shut place, and does not know yet, one word about it."""
    for user_id, place in directs.items():
        knows_of, oldest = db.execute(
            "SELECT max(d.told), min(d.id) FROM deliveries d"
            " JOIN subscriptions s ON s.delivery_id = d.id"
            " WHERE d.channel_id = ? AND d.shut AND s.user_id = ?",
            [channel_id, user_id],
        ).fetchone()
        if oldest is not None and not knows_of:
            _copy(db, oldest, Purpose.WORD, place, now)
    db.execute("UPDATE deliveries SET told = 1 WHERE channel_id = ? AND shut", [channel_id])


def _move(db: Database, delivery: Delivery, change: str, values: list[Any]) -> bool:
    cursor = db.execute(
        f"UPDATE deliveries SET {change} WHERE id = ? AND state = 'sending'",  # noqa: S608 # no value of anybody's
        [*values, delivery.id],
    )
    moved: int = cursor.rowcount
    return moved == 1


def _give_nonce(db: Database, delivery_id: int) -> None:
    """Derive the nonce of a delivery from its row: the same in whatever process."""
    key = db.execute(
        "SELECT id, relay, task_id, channel_id, created_at FROM deliveries WHERE id = ?",
        [delivery_id],
    ).fetchone()
    nonce = hashlib.sha256("\n".join(map(str, key)).encode()).hexdigest()[:NONCE_LENGTH]
    db.execute("UPDATE deliveries SET nonce = ? WHERE id = ?", [nonce, delivery_id])


def _claim(db: Database, delivery_id: int, in_doubt_since: float | None, now: float) -> Delivery:
    (row,) = db.query(
        "UPDATE deliveries SET state = 'sending', attempts = attempts + 1,"
        " in_doubt_since = coalesce(in_doubt_since, ?) WHERE id = ? RETURNING *",
        [now, delivery_id],
    )
    watchers = db.query(
        "SELECT user_id FROM subscriptions WHERE delivery_id = ? AND mention ORDER BY id",
        [delivery_id],
    )
    return Delivery(
        id=row["id"],
        purpose=Purpose(row["purpose"]),
        task=_TASKS.validate_json(row["answer"]),
        ending=Ending(row["ending"]),
        place=Place(row["channel_id"], row["guild_id"], row["locale"]),
        watchers=tuple(watcher["user_id"] for watcher in watchers),
        nonce=row["nonce"],
        form=Form(row["form"]),
        attempts=row["attempts"],
        created_at=row["created_at"],
        in_doubt_since=in_doubt_since,
        reason=row["reason"],
        instead_of=row["instead_of"],
        repeat=bool(row["repeat"]),
    )
