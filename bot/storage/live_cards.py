"""Live cards: messages that show the status of watched tasks and are kept up to date.

A card is ``due``, then ``posting``, then ``posted`` and kept up to date until it is finished. Each
move is one guarded ``UPDATE``, and the nonce is the row's, so that a process may die in between. A
card is no promise: one that cannot be posted is deleted. The notices are the promise.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from bot.storage.clock_rollback import UNKNOWN_TIME
from bot.storage.database import DatabaseThread
from bot.storage.engine import Connection
from bot.storage.errors import TooManyMessages
from bot.storage.limits import DEFAULT_LIMITS, WatchLimits, charge_message
from bot.storage.live_card_rows import (
    MARK_STALE,
    VERSION,
    claim_live_card,
    delete_live_card,
    get_live_card,
    insert_live_card,
    is_unchanged,
    read_live_card,
)
from bot.storage.models import Destination, LiveCard, TaskKey

LONGEST_PAUSE = 600.0
"""Seconds for which a card is ever put off: who has to wait longer waits for a clock that was set
back."""

NO_OUTAGES: Mapping[str, float] = MappingProxyType({})

_FREE = """
    (c.due_at <= :now OR c.due_at > :now + :longest)
    AND c.channel_id NOT IN (SELECT CAST(value AS BIGINT) FROM json_each(:busy))
"""

_DUE_TO_BE_POSTED = f"""
    SELECT min(c.id) AS id FROM live_cards c WHERE c.state = 'due' AND {_FREE}
    GROUP BY c.channel_id ORDER BY 1 LIMIT :limit
"""  # noqa: S608 # names of ours

_OUTAGE = """
    coalesce((
        SELECT ' down ' || min(json_extract(o.value, '$[1]')) FROM live_card_tasks ct
            JOIN watches s USING (account, task_id)
            JOIN json_each(:outages) o ON json_extract(o.value, '$[0]') = account
        WHERE ct.card_id = c.id AND s.channel_id = c.channel_id AND s.delivery_id IS NULL
    ), '')
"""
"""What a posted card with watchers shows besides its ``VERSION``: that the relay fails."""

_DUE_TO_BE_SHOWN = f"""
    WITH stale AS (
        SELECT c.*, {VERSION} || {_OUTAGE} AS current FROM live_cards c
        WHERE c.state = 'posted' AND {_FREE} AND (c.updated_at <= :latest OR c.updated_at > :now)
    )
    SELECT * FROM stale WHERE current IS NOT shown_version ORDER BY updated_at LIMIT :limit
"""  # noqa: S608 # names of ours


_ON_CARDS = (
    "FROM live_card_tasks ct JOIN live_cards c ON c.id = ct.card_id WHERE c.channel_id = ?"
    " AND (ct.account, ct.task_id) IN"
    " (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?))"
)


class LiveCards:
    """The cards in the database."""

    def __init__(self, database: DatabaseThread, limits: WatchLimits = DEFAULT_LIMITS) -> None:
        self._database = database
        self._limits = limits
        self.changed = database.hint("live cards")
        """Set when a card may have to be posted or updated. A hint: the rows are the truth."""

    async def create(
        self,
        destination: Destination,
        tasks: Sequence[TaskKey],
        now: float,
        *,
        user_id: int,
        claimed: bool = False,
    ) -> LiveCard | None:
        """Create a card for those of the tasks that no card in the channel shows yet.

        It is ``due``, or ``posting`` if the caller posts it (``claimed``). ``None`` if all tasks
        are shown; their cards will show the new watcher, ``user_id``. Raises ``TooManyMessages``.
        """

        def open_card(db: Connection) -> LiveCard | TooManyMessages | None:
            shown = self._mark_shown_stale(db, destination.channel_id, tasks, now)
            fresh = [task for task in tasks if task not in shown]
            if not fresh:
                return None
            try:
                charge_message(db, user_id, destination, now, self._limits)
            except TooManyMessages as limited:
                return limited  # raised once it is on disk that the other cards are stale
            card_id = insert_live_card(db, destination, fresh, now)
            return claim_live_card(db, card_id, now) if claimed else get_live_card(db, card_id, now)

        card = await self._database.run(open_card)
        self.changed.set()
        if isinstance(card, TooManyMessages):
            raise card
        return card

    async def claim(
        self, now: float, limit: int, *, busy_channels: Collection[int] = ()
    ) -> list[LiveCard]:
        """Take up to ``limit`` cards that are to be posted: ``due`` → ``posting``.

        One in each channel, and none in ``busy_channels``.
        """
        values = self._when(now, busy_channels) | {"limit": limit}

        def claim(db: Connection) -> list[LiveCard]:
            rows = list(db.query(_DUE_TO_BE_POSTED, values))
            return [claim_live_card(db, row["id"], now) for row in rows]

        return await self._database.run(claim)

    async def acknowledge(
        self,
        card: LiveCard,
        message_id: int,
        *,
        content_digest: str | None = None,
        edit_interval: float = 0.0,
    ) -> bool:
        """Store the message of a card: ``posting`` → ``posted``; it is kept up to date from now on.

        ``content_digest`` is what the message shows, if that is known. ``edit_interval`` is the
        ``min_interval`` of ``due_for_update``, which the first edit does not wait for.
        """
        moved = await self._move(
            card,
            "state = 'posted', message_id = ?, unconfirmed_since = NULL, attempts = 0,"
            " updated_at = ?,"
            " shown_version = ?, content_digest = ?",
            [
                message_id,
                card.read_at - edit_interval,
                card.version if content_digest else None,
                content_digest,
            ],
        )
        self.changed.set()
        return moved

    async def postpone(self, card: LiveCard, *, until: float, unconfirmed: bool) -> bool:
        """Try again ``until`` then to post a card: ``posting`` → ``due``.

        ``unconfirmed``: Discord may have taken it all the same.
        """
        return await self._move(
            card,
            "state = 'due', due_at = ?,"
            " unconfirmed_since = CASE WHEN ? THEN unconfirmed_since ELSE ? END",
            [until, unconfirmed, card.unconfirmed_since],
        )

    async def recover(
        self, in_flight: Collection[int] = (), *, claimed_before: float | None = None
    ) -> int:
        """Requeue cards abandoned in ``posting``: → ``due``; return how many.

        ``in_flight`` are the ids of the cards that this process does post. ``claimed_before``: only
        those that were first claimed by then.
        """
        return await self._database.write(
            "UPDATE live_cards SET state = 'due', due_at = 0 WHERE state = 'posting'"
            " AND id NOT IN (SELECT CAST(value AS BIGINT) FROM json_each(?1))"
            " AND (CAST(?2 AS DOUBLE PRECISION) IS NULL OR unconfirmed_since <= ?2)",
            [json.dumps(list(in_flight)), claimed_before],
        )

    async def handle_clock_rollback(self) -> None:
        """Set every ``unconfirmed_since`` to unknown: the clock was set back."""
        await self._database.write(
            "UPDATE live_cards SET unconfirmed_since = ? WHERE unconfirmed_since IS NOT NULL",
            [UNKNOWN_TIME],
        )

    async def has_any(self) -> bool:
        """Whether there is a card to post or to keep up to date."""
        return bool(await self._database.read("SELECT 1 FROM live_cards LIMIT 1", []))

    async def due_for_update(
        self,
        now: float,
        *,
        min_interval: float,
        limit: int,
        busy_channels: Collection[int] = (),
        outages: Mapping[str, float] = NO_OUTAGES,
    ) -> list[LiveCard]:
        """Return up to ``limit`` cards that have something new to show, the longest unseen first.

        Each at most every ``min_interval`` seconds, and none in ``busy_channels``. The beginning
        and the end of an outage are new to every card with watchers of tasks of that account:
        ``outages`` says by account since when its relay fails (Unix seconds).
        """
        values = self._when(now, busy_channels) | {
            "latest": now - min_interval,
            "limit": limit,
            "outages": json.dumps(list(outages.items())),
        }

        def due_for_update(db: Connection) -> list[LiveCard]:
            rows = list(db.query(_DUE_TO_BE_SHOWN, values))
            return [read_live_card(db, row, now) for row in rows]

        return await self._database.view(due_for_update)

    async def record_update(self, card: LiveCard, content_digest: str) -> None:
        """Record that the message shows the card as it was read; delete a finished card.

        Unless there is something new by now, such as somebody who watches again.
        """

        def record_update(db: Connection) -> None:
            if card.finished and is_unchanged(db, card):
                delete_live_card(db, card.id)
            else:
                db.execute(
                    "UPDATE live_cards SET updated_at = ?, shown_version = ?, content_digest ="
                    " ?, attempts = 0"
                    " WHERE id = ?",
                    [card.read_at, card.version, content_digest, card.id],
                )

        await self._database.run(record_update)

    async def discard(self, card: LiveCard) -> None:
        """Delete an unposted card without watchers, unless it has changed since it was read."""

        def discard(db: Connection) -> None:
            if is_unchanged(db, card):
                delete_live_card(db, card.id)
            else:
                db.execute(
                    "UPDATE live_cards SET state = 'due', due_at = 0 WHERE id = ?", [card.id]
                )

        await self._database.run(discard)

    async def record_failure(self, card: LiveCard, *, until: float) -> None:
        """Record that a card could not be edited: it is tried again at ``until``."""
        await self._database.write(
            "UPDATE live_cards SET shown_version = NULL, content_digest = NULL, due_at = ?,"
            " attempts = attempts + 1"
            " WHERE id = ?",
            [until, card.id],
        )

    async def simplify(self, card: LiveCard) -> None:
        """Let a card show nothing but the bot's own text from now on."""
        await self._database.write(
            "UPDATE live_cards SET own_text_only = TRUE, shown_version = NULL, due_at = 0"
            " WHERE id = ?",
            [card.id],
        )

    async def get(self, card_id: int, now: float) -> LiveCard | None:
        """Return a card that is not over."""
        return await self._database.view(lambda db: get_live_card(db, card_id, now))

    async def delete(self, card_id: int) -> None:
        """Delete a card; its message stays as it is."""
        await self._database.run(lambda db: delete_live_card(db, card_id))

    def _when(self, now: float, busy_channels: Collection[int]) -> dict[str, Any]:
        return {
            "now": now,
            "longest": LONGEST_PAUSE,
            "busy": json.dumps(list(busy_channels)),
        }

    async def _move(self, card: LiveCard, change: str, values: list[Any]) -> bool:
        moved = await self._database.write(
            f"UPDATE live_cards SET {change} WHERE id = ? AND state = 'posting'",  # noqa: S608 # no value of anybody's
            [*values, card.id],
        )
        return moved == 1

    def _mark_shown_stale(
        self, db: Connection, channel_id: int, tasks: Sequence[TaskKey], now: float
    ) -> set[TaskKey]:
        """Mark the cards of some tasks in a channel as stale; return which tasks they show."""
        key = [channel_id, json.dumps(tasks)]
        db.execute(
            f"UPDATE live_cards SET {MARK_STALE} WHERE id IN (SELECT c.id {_ON_CARDS})",  # noqa: S608 # names of ours
            [now, *key],
        )
        shown = db.execute(f"SELECT ct.account, ct.task_id {_ON_CARDS}", key)  # as above
        return {TaskKey(*row) for row in shown.fetchall()}
