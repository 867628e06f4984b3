"""Channels that refuse every message: due deliveries wait while one of them is tried.

Blocked is the channel, never a delivery. The oldest delivery that is due is the probe, tried at
``next_probe_at``; once a message arrives, the channel is open and all the others follow in their
order. A delivery that is refused for its content says nothing about the channel: the next one is
the probe then. Each person who waits there receives one held notice, and no other while the channel
is blocked.
"""

import asyncio
from typing import cast

from bot.storage.database import DatabaseThread
from bot.storage.delivery_rows import KEEP_UNCONFIRMED, OPEN, REASON, is_first, is_quiet, move
from bot.storage.engine import Connection
from bot.storage.held_notices import enqueue_held_notices_in
from bot.storage.models import Delivery, Destination

_CANDIDATES = f"""
    SELECT id, due_at FROM (SELECT d.id, d.due_at FROM deliveries d
        WHERE d.channel_id = b.channel_id AND d.{OPEN} AND d.state = 'due' ORDER BY d.id LIMIT 1)
        AS oldest
    UNION ALL
    SELECT d.id, d.due_at FROM deliveries d
        WHERE d.channel_id = b.channel_id AND d.{OPEN} AND d.state = 'held'
            AND {is_first("d")}
"""  # noqa: S608 # names of ours
"""What may be the probe of a blocked channel ``b``, once its own time has come."""

IN_OPEN_CHANNEL = "NOT EXISTS (SELECT 1 FROM blocked_channels b WHERE b.channel_id = d.channel_id)"


class BlockedChannels:
    """The channels in the database that refuse every message."""

    def __init__(self, database: DatabaseThread, changed: asyncio.Event) -> None:
        """Set ``changed`` whenever a delivery may have become due."""
        self._database = database
        self._changed = changed

    async def block(
        self,
        delivery: Delivery,
        *,
        until: float,
        reason: str,
        now: float,
        unconfirmed: bool = False,
    ) -> bool:
        """Let all that is due in the channel of a delivery wait: ``sending`` → ``due``.

        One is tried ``until`` then (Unix seconds). In a server, a held
        notice is enqueued for each person who waits there and has none yet. ``unconfirmed``:
        Discord may have taken the message.
        """

        def block(db: Connection) -> bool:
            moved = move(
                db,
                delivery,
                f"state = 'due', due_at = ?, {REASON}, {KEEP_UNCONFIRMED}",
                [now, None, unconfirmed, delivery.unconfirmed_since],
            )
            if moved:
                _block(db, delivery.destination, reason, now, until)
                if delivery.destination.guild_id is not None:
                    enqueue_held_notices_in(db, delivery.destination.channel_id, reason, now)
            return moved

        moved = await self._database.run(block)
        self._changed.set()
        return moved

    async def in_server(self, guild_id: int) -> list[tuple[Destination, str]]:
        """Return the blocked channels of a server where something waits, and why each is."""
        rows = await self._database.read(
            "SELECT channel_id, guild_id, locale, reason FROM blocked_channels b"  # noqa: S608 # names of ours
            " WHERE guild_id = ? AND EXISTS (SELECT 1 FROM deliveries d"
            f" WHERE d.channel_id = b.channel_id AND d.{OPEN})",
            [guild_id],
        )
        return [
            (Destination(row["channel_id"], row["guild_id"], row["locale"]), row["reason"])
            for row in rows
        ]

    async def probe_now(self, channel_id: int, now: float) -> None:
        """Try a blocked channel at once: it seems to be open again."""
        await self._database.write(
            "UPDATE blocked_channels SET next_probe_at = ? WHERE channel_id = ?", [now, channel_id]
        )
        self._changed.set()


def probes(db: Connection, now: float) -> list[tuple[float, int]]:
    """Return since when each blocked channel may be tried now, and with which delivery."""
    rows = db.query(
        f"SELECT b.next_probe_at AS at, (SELECT c.id FROM ({_CANDIDATES}) c"  # noqa: S608 # names of ours
        "  WHERE c.due_at <= :now ORDER BY c.id LIMIT 1) AS id"
        f" FROM blocked_channels b WHERE b.next_probe_at <= :now AND {is_quiet('b')}",
        {"now": now},
    )
    return [(row["at"], row["id"]) for row in rows if row["id"] is not None]


def next_probe_at(db: Connection) -> float | None:
    """Return when the next blocked channel can be tried, ``None`` if nothing waits in any."""
    (at,) = db.execute(
        f"SELECT min(max(b.next_probe_at, (SELECT min(c.due_at) FROM ({_CANDIDATES}) c)))"  # noqa: S608 # names of ours
        f" FROM blocked_channels b WHERE {is_quiet('b')}"
    ).fetchone()
    return cast("float | None", at)


def unblock(db: Connection, channel_id: int) -> None:
    """Within a transaction: unblock a channel that takes messages or is deleted."""
    db.execute("DELETE FROM blocked_channels WHERE channel_id = ?", [channel_id])


def delete_stale(db: Connection) -> None:
    """Within a transaction: delete the blocked channels in which nothing waits any more."""
    db.execute(
        "DELETE FROM blocked_channels AS b WHERE NOT EXISTS (SELECT 1 FROM deliveries d"  # noqa: S608 # names of ours
        f" WHERE d.channel_id = b.channel_id AND d.{OPEN})"
    )


def _block(db: Connection, destination: Destination, reason: str, now: float, until: float) -> None:
    db.execute(
        "INSERT INTO blocked_channels (channel_id, guild_id, locale, reason, blocked_since,"
        " next_probe_at)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (channel_id) DO UPDATE"
        " SET reason = excluded.reason, next_probe_at = excluded.next_probe_at",
        [destination.channel_id, destination.guild_id, destination.locale, reason, now, until],
    )
