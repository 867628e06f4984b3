"""Outbox: one row per message to Discord, and every change of its state.

The summary of tasks that are watched together is ``collecting`` first (``watch_groups``). A
delivery is ``due``, then ``sending``, then ``sent``; or it is ``held`` for a reason of its own
and tried again, or ``dropped`` for a reason, or ``quarantined`` because its row is unreadable. Each
move is one guarded ``UPDATE`` and says whether it happened. Whatever a method writes is on disk
when it returns.

That a channel refuses everything is the channel's state (``blocked_channels``); what cannot be
posted in a channel is sent to people (``redirection``).
"""

import json
import logging
from collections.abc import Collection

from bot.storage.blocked_channels import (
    IN_OPEN_CHANNEL,
    BlockedChannels,
    delete_stale,
    next_probe_at,
    probes,
    unblock,
)
from bot.storage.clock_rollback import UNKNOWN_TIME, clamp_times
from bot.storage.database import DatabaseThread
from bot.storage.delivery_rows import (
    KEEP_UNCONFIRMED,
    OPEN,
    REASON,
    first_task,
    is_first,
    is_message_of,
    is_quiet,
    move,
    read_delivery,
)
from bot.storage.engine import Connection
from bot.storage.forums import IN_FORUM
from bot.storage.held_notices import (
    enqueue_held_notices_about,
    postpone_or_drop_held_notice,
    read_undelivered,
)
from bot.storage.limits import RoleMentions
from bot.storage.models import (
    Delivery,
    DeliveryPurpose,
    MessageFormat,
    TaskKey,
    UndeliveredNotice,
)
from bot.storage.redirection import Redirection
from bot.storage.retention import RETENTION_PERIOD
from bot.storage.watch_groups import (
    MAX_WAIT,
    next_overdue_at,
    release_all_complete,
    release_overdue,
)

log = logging.getLogger(__name__)

POST_SETTLE_TIME = 120.0
"""Seconds after which Discord does not begin a post any more of which nothing was heard, and shows
what it has begun. Cloudflare, through which requests go to Discord, waits 100 seconds for it."""

_READY = f"""
    FROM deliveries d WHERE d.state IN ('due', 'held') AND d.channel_id IS NOT NULL
    AND {IN_OPEN_CHANNEL} AND {is_first("d")} AND {is_quiet("d")}
"""


class Outbox:
    """The deliveries in the database."""

    def __init__(self, database: DatabaseThread) -> None:
        self._database = database
        self.changed = database.hint("outbox")
        """Set when a delivery may have become due. A hint: the rows are the truth."""
        self.blocked_channels = BlockedChannels(database, self.changed)
        self.redirection = Redirection(database, self.changed)
        self.role_mentions = RoleMentions(database)
        self._started = False

    async def claim(self, now: float, limit: int) -> list[Delivery]:
        """Take up to ``limit`` deliveries whose time has come: ``due`` or ``held`` → ``sending``.

        One for each channel, so that the order there is kept. A row that is unreadable is
        quarantined.
        """

        def claim(db: Connection) -> list[Delivery]:
            release_overdue(db, now)
            ready = _oldest_of_each_channel(db, now, limit)
            wanted = sorted([*ready, *probes(db, now)])[:limit]
            claimed = (_claim(db, delivery_id, now) for _, delivery_id in wanted)
            return [delivery for delivery in claimed if delivery is not None]

        return await self._database.run(claim)

    async def next_at(self) -> float | None:
        """Return when there is something to do next, ``None`` if nothing waits for its time."""

        def next_at(db: Connection) -> float | None:
            (at,) = db.execute(f"SELECT min(d.due_at) {_READY}").fetchone()
            return _earliest(at, next_probe_at(db), next_overdue_at(db))

        return _earliest(await self._database.view(next_at), await self.redirection.next_at())

    async def acknowledge(
        self,
        delivery: Delivery,
        *,
        message_id: int | None,
        now: float,
        thread_id: int | None = None,
    ) -> bool:
        """Discord has the message: ``sending`` → ``sent``; the channel is open.

        ``thread_id``: the post that the message begins, in a forum.
        """

        def acknowledge(db: Connection) -> bool:
            moved = move(
                db,
                delivery,
                "state = 'sent', sent_at = ?, message_id = ?, thread_id = ?, due_at = NULL,"
                " reason = NULL",
                [now, message_id, thread_id],
            )
            if moved:
                unblock(db, delivery.destination.channel_id)
            return moved

        return await self._database.run(acknowledge)

    async def postpone(
        self,
        delivery: Delivery,
        *,
        until: float,
        reason: str,
        message_format: MessageFormat,
        unconfirmed: bool,
    ) -> bool:
        """Try again ``until`` then (Unix seconds): ``sending`` → ``due``.

        ``unconfirmed``: Discord may have taken the message all the same.
        """
        return await self._database.run(
            lambda db: move(
                db,
                delivery,
                f"state = 'due', due_at = ?, {REASON}, message_format = ?, {KEEP_UNCONFIRMED}",
                [until, reason, message_format, unconfirmed, delivery.unconfirmed_since],
            )
        )

    async def hold(
        self,
        delivery: Delivery,
        *,
        until: float,
        reason: str,
        unconfirmed: bool = False,
        notify_at: float | None = None,
    ) -> bool:
        """Keep a message that Discord takes in no form: ``sending`` → ``held``, until then.

        That says nothing about its channel, where the next delivery may be tried. Those who wait
        for it get a held notice at ``notify_at`` (Unix seconds), unless that is ``None`` or they
        have one. ``unconfirmed`` is as for ``postpone``.
        """

        def hold(db: Connection) -> bool:
            moved = move(
                db,
                delivery,
                f"state = 'held', due_at = ?, {REASON}, {KEEP_UNCONFIRMED}",
                [until, reason, unconfirmed, delivery.unconfirmed_since],
            )
            if moved and notify_at is not None and delivery.destination.guild_id is not None:
                enqueue_held_notices_about(db, delivery, reason, notify_at)
            return moved

        return await self._database.run(hold)

    async def undelivered_notices(self, user_id: int, now: float) -> list[UndeliveredNotice]:
        """Return the notices that could not be posted to a person, the newest first."""
        return await self._database.view(
            lambda db: read_undelivered(db, user_id, now - RETENTION_PERIOD)
        )

    async def task_of(self, delivery_id: int) -> TaskKey | None:
        """Return the first task that a delivery is about."""
        return await self._database.view(lambda db: first_task(db, delivery_id))

    async def task_of_message(
        self, delivery_id: int, message_id: int, channel_ids: Collection[int]
    ) -> TaskKey | None:
        """Return the task of the delivery that a message is; ``None`` if it is not stored.

        ``channel_ids``: that of the message's channel, and of the forum if it is a post.
        After a backup was restored, or with an empty database, numbers are given again: another
        delivery may have this one, also in a channel that the reader of the message cannot see.
        """
        return await self._database.view(
            lambda db: (
                first_task(db, delivery_id)
                if is_message_of(db, delivery_id, message_id, channel_ids)
                else None
            )
        )

    async def other_message_ids(self, delivery: Delivery, oldest: int) -> set[int]:
        """Return the messages of all other deliveries in the same place, from an id on.

        Ids contain the time by Discord's clock. By ours they may seem older than they are.
        """
        rows = await self._database.read(
            "SELECT message_id FROM deliveries WHERE channel_id = ? AND id != ?"
            " AND message_id IS NOT NULL AND message_id >= ?",
            [delivery.destination.channel_id, delivery.id, oldest],
        )
        return {row["message_id"] for row in rows}

    async def handle_clock_rollback(
        self, now: float, *, longest_wait: float, longest_hold: float, seen: bool
    ) -> None:
        """Let nothing wait, or seem fresh, for a time that comes twice: the clock was set back.

        ``longest_wait`` is how long anything may be put off, ``longest_hold`` what is held
        (seconds). ``seen``: whether it was set back while the bot ran; then it is unknown of every
        doubt how old it is, otherwise of those that lie ahead.
        """
        latest = now + longest_wait
        self.redirection.openings_paused_until = min(self.redirection.openings_paused_until, latest)

        def clamp(db: Connection) -> None:
            db.execute(
                f"UPDATE deliveries SET unconfirmed_since = ? WHERE {OPEN} AND"  # noqa: S608 # names of ours
                " unconfirmed_since > ?",
                [UNKNOWN_TIME, UNKNOWN_TIME if seen else now],
            )
            clamp_times(db, "deliveries", OPEN, [], {"created_at": now})
            waiting = f"{OPEN} AND (state = 'due' OR due_at > ?)"
            clamp_times(db, "deliveries", waiting, [now + longest_hold], {"due_at": latest})
            collecting = {"due_at": now + MAX_WAIT, "created_at": now}
            clamp_times(db, "deliveries", "state = 'collecting'", [], collecting)
            over = "state IN ('sent', 'dropped') AND coalesce(sent_at, created_at) > ?"
            clamp_times(db, "deliveries", over, [now], {"sent_at": now, "created_at": now})
            clamp_times(
                db, "blocked_channels", "TRUE", [], {"next_probe_at": latest, "blocked_since": now}
            )

        await self._database.run(clamp)
        self.changed.set()

    async def recover(self, now: float, in_flight: Collection[int] = ()) -> int:
        """Requeue deliveries abandoned in ``sending``: → ``due``.

        ``in_flight`` are the deliveries that this process does send. What was refused for a bad
        token is due again too. Returns how many there were. Their nonces are the same, so that
        Discord knows a repeat; a forum's post has none, and its forum is searched after
        ``POST_SETTLE_TIME``. At the first call, what was quarantined is tried once more, and groups
        that a request left open are closed.
        """

        def recover(db: Connection) -> int:
            delete_stale(db)
            if not self._started:
                release_all_complete(db, now)
                db.execute(  # an upgrade or a repair may have made these rows readable
                    "UPDATE deliveries SET state = 'due', due_at = ? WHERE state = 'quarantined'",
                    [now],
                )
            requeued: int = db.execute(
                "UPDATE deliveries SET state = 'due', due_at = CASE"  # noqa: S608 # names of ours
                f" WHEN state = 'sending' AND {IN_FORUM} THEN ? ELSE ? END WHERE {OPEN} AND ("
                "(state = 'sending' AND id NOT IN (SELECT CAST(value AS BIGINT) FROM json_each(?)))"
                " OR (state = 'due' AND reason LIKE '401/%'))",
                [now + POST_SETTLE_TIME, now, json.dumps(list(in_flight))],
            ).rowcount
            return requeued

        requeued = await self._database.run(recover)
        self._started = True
        return requeued


def _oldest_of_each_channel(db: Connection, now: float, limit: int) -> list[tuple[float, int]]:
    """Return since when deliveries are ready in open channels, and which; the oldest in each."""
    rows = db.query(
        f"SELECT d.id, d.channel_id, d.due_at {_READY} AND d.due_at <= ?"
        " ORDER BY d.due_at, d.id LIMIT ?",
        [now, limit],
    )
    oldest: dict[int, tuple[float, int]] = {}
    for row in rows:
        oldest.setdefault(row["channel_id"], (row["due_at"], row["id"]))
    return list(oldest.values())


def _claim(db: Connection, delivery_id: int, now: float) -> Delivery | None:
    """Take one delivery; ``None`` where there is nothing to send, or nothing that can be read."""
    purpose, unconfirmed_since = db.execute(
        "SELECT purpose, unconfirmed_since FROM deliveries WHERE id = ?", [delivery_id]
    ).fetchone()
    if purpose == DeliveryPurpose.HELD_NOTICE and postpone_or_drop_held_notice(
        db, delivery_id, now
    ):
        return None
    (row,) = db.query(
        "UPDATE deliveries SET state = 'sending', attempts = attempts + 1,"
        " unconfirmed_since = coalesce(unconfirmed_since, ?) WHERE id = ? RETURNING *",
        [now, delivery_id],
    )
    try:
        return read_delivery(db, row, unconfirmed_since)
    except ValueError as error:  # unreadable JSON, or an unknown value of an enumeration
        task = first_task(db, row["id"])
        log.error(
            "Delivery quarantined, its row is unreadable: delivery=%d task=%s account=%s"
            " channel=%s cause=%s",
            row["id"],
            task.task_id if task else None,
            row["account"],
            row["channel_id"],
            error,
        )
        db.execute(
            "UPDATE deliveries SET state = 'quarantined', due_at = NULL, reason = 'unreadable'"
            " WHERE id = ?",
            [delivery_id],
        )
        return None


def _earliest(*times: float | None) -> float | None:
    return min((at for at in times if at is not None), default=None)
