"""Redirects messages to direct messages if their channel is deleted or refuses them.

A direct message is enqueued, as a row of its own, in the transaction that gives up the channel. Its
channel is unknown until the direct message is opened. Opening posts nothing and may be repeated, so
that trouble in between costs time and no message.
"""

import asyncio
from dataclasses import dataclass
from typing import cast

from bot.storage.blocked_channels import unblock
from bot.storage.database import DatabaseThread
from bot.storage.delivery_rows import REASON, enqueue_direct, move
from bot.storage.engine import Connection
from bot.storage.models import Delivery, DeliveryPurpose

_UNOPENED = "state = 'due' AND channel_id IS NULL"
"""In the very words of the index ``deliveries_unopened``."""


@dataclass(frozen=True, slots=True)
class UnopenedMessage:
    """A message to a person whose direct message has to be opened first."""

    id: int
    """The delivery's."""
    user_id: int
    attempts: int
    """How often that was tried, this time included."""


class Redirection:
    """The messages in the database that go to people instead of channels."""

    def __init__(self, database: DatabaseThread, changed: asyncio.Event) -> None:
        """Set ``changed`` whenever a delivery may have become due."""
        self._database = database
        self._changed = changed
        self.openings_paused_until = 0.0
        """Before then (Unix seconds) no direct message is to be opened."""

    async def redirect(
        self,
        delivery: Delivery,
        *,
        reason: str,
        now: float,
        possible_duplicate: bool = False,
        channel_gone: bool = True,
    ) -> int:
        """Enqueue a direct message to each watcher: ``sending`` → ``dropped``.

        ``possible_duplicate``: it may have been posted in its channel all the same. A channel that
        is not gone refuses only this message; others are tried there. Returns the number of people
        who get a message.
        """

        def redirect(db: Connection) -> int:
            if not move(db, delivery, "state = 'dropped', due_at = NULL, reason = ?", [reason]):
                return 0
            if channel_gone:
                unblock(db, delivery.destination.channel_id)
            return _redirect_watches(db, delivery.id, now, possible_duplicate=possible_duplicate)

        recipients = await self._database.run(redirect)
        self._changed.set()
        return recipients

    async def drop(self, delivery: Delivery, *, reason: str) -> bool:
        """Give up: the person cannot be reached. ``sending`` → ``dropped``."""

        def drop(db: Connection) -> bool:
            moved = move(db, delivery, "state = 'dropped', due_at = NULL, reason = ?", [reason])
            if moved:
                unblock(db, delivery.destination.channel_id)
            return moved

        moved = await self._database.run(drop)
        self._changed.set()
        return moved

    async def reopen(self, delivery: Delivery, *, until: float, reason: str) -> bool:
        """Open the direct message of a delivery again, ``until`` then: ``sending`` → ``due``.

        Whether Discord has the message stays as doubtful as it was.
        """
        return await self._database.run(
            lambda db: move(
                db,
                delivery,
                f"state = 'due', due_at = ?, {REASON},"
                " channel_id = CASE WHEN user_id IS NULL THEN channel_id END",
                [until, reason],
            )
        )

    # Opening direct messages

    async def next_at(self) -> float | None:
        """Return when a direct message is to be opened next, ``None`` if none is."""
        rows = await self._database.read(
            f"SELECT min(due_at) AS at FROM deliveries WHERE {_UNOPENED}",  # noqa: S608 # names of ours
            [],
        )
        at = cast("float | None", rows[0]["at"])
        return None if at is None else max(at, self.openings_paused_until)

    async def claim_unopened(self, now: float, lease: float) -> UnopenedMessage | None:
        """Return the message whose direct message is to be opened now, if any.

        It is nobody else's for ``lease`` seconds; after those it is due again, should the process
        die meanwhile.
        """
        if now < self.openings_paused_until:
            return None

        def take(db: Connection) -> UnopenedMessage | None:
            row = db.execute(
                "UPDATE deliveries SET attempts = attempts + 1, due_at = ? WHERE id ="  # noqa: S608 # names of ours
                f" (SELECT id FROM deliveries WHERE {_UNOPENED} AND due_at <= ?"
                "  ORDER BY due_at, id LIMIT 1) RETURNING id, user_id, attempts",
                [now + lease, now],
            ).fetchone()
            return UnopenedMessage(*row) if row else None

        return await self._database.run(take)

    async def record_opened(self, message: UnopenedMessage, channel_id: int, now: float) -> None:
        """Store the channel of direct messages to a person, and make their deliveries due."""
        await self._database.write(
            f"UPDATE deliveries SET channel_id = ?, due_at = ?, {REASON}, attempts = 0"  # noqa: S608 # names of ours
            f" WHERE user_id = ? AND {_UNOPENED}",
            [channel_id, now, None, message.user_id],
        )
        self._changed.set()

    async def postpone_opening(
        self, message: UnopenedMessage, *, until: float, reason: str
    ) -> None:
        """Try again to open a direct message, ``until`` then (Unix seconds)."""
        await self._database.write(
            f"UPDATE deliveries SET due_at = ?, {REASON} WHERE id = ? AND {_UNOPENED}",  # noqa: S608 # names of ours
            [until, reason, message.id],
        )
        self._changed.set()

    async def drop_unreachable(self, message: UnopenedMessage, *, reason: str) -> None:
        """Give up all that waits for a person's direct message: it cannot be opened."""
        await self._database.write(
            "UPDATE deliveries SET state = 'dropped', due_at = NULL, reason = ?"  # noqa: S608 # names of ours
            f" WHERE user_id = ? AND {_UNOPENED}",
            [reason, message.user_id],
        )
        self._changed.set()


def _redirect_watches(
    db: Connection, delivery_id: int, now: float, *, possible_duplicate: bool
) -> int:
    """Within a transaction: give each watcher of a notice a direct message of their own."""
    rows = db.execute(
        "SELECT user_id FROM watches WHERE delivery_id = ? GROUP BY user_id ORDER BY min(id)",
        [delivery_id],
    ).fetchall()
    for (user_id,) in rows:
        new_id = enqueue_direct(
            db,
            delivery_id,
            DeliveryPurpose.NOTICE,
            user_id,
            now,
            possible_duplicate=possible_duplicate,
        )
        db.execute(
            "UPDATE watches SET delivery_id = ? WHERE delivery_id = ? AND user_id = ?",
            [new_id, delivery_id, user_id],
        )
    return len(rows)
