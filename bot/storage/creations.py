"""The queue of requests to create songs and lyrics, which are sent to a relay at most once.

A request is ``queued``, then ``submitting``, then ``submitted``, ``rejected`` or ``unconfirmed``;
or it is ``cancelled`` before it is sent. Each move is one guarded ``UPDATE``, bound to the attempt
that its caller knows. The claim is on disk immediately before anything is sent, so that a request
found in ``submitting`` at a start may have been sent: it is never sent again. Whatever a method
writes is on disk when it returns.
"""

import json
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import NamedTuple, cast

from bot.relay.creation import Submission
from bot.storage import accepted_creations, creation_queue
from bot.storage.account_rows import require_account
from bot.storage.clock_rollback import clamp_times
from bot.storage.creation_cancellation import cancel_queued, reject_of_server, withdraw
from bot.storage.creation_ends import reject_expired, settle
from bot.storage.creation_quotas import (
    enforce_quotas,
    read_quota_use,
    require_first_repetition,
)
from bot.storage.creation_rows import insert_creation, load_creation, require_repeated
from bot.storage.database import DatabaseThread
from bot.storage.engine import Connection
from bot.storage.limits import DEFAULT_LIMITS, WatchLimits, charge_message, enforce_watch_limits
from bot.storage.live_card_rows import claim_live_card, insert_live_card
from bot.storage.live_cards import LiveCards
from bot.storage.models import (
    Attempt,
    Creation,
    CreationQuotas,
    CreationState,
    LiveCard,
    NewCreation,
    QuotaUse,
    RejectionReason,
    TaskKey,
    WatchRequest,
)
from bot.storage.outbox import Outbox
from bot.storage.server_settings import change_settings, require_creating
from bot.storage.task_rows import UnreadableRowError
from bot.storage.watches import NewWatch, insert_watch

MAX_SUBMITTING = 8
"""Requests that are sent to an account at once."""
NO_MAXIMA: Mapping[str, int | None] = MappingProxyType({})
NOTHING_HELD: Mapping[int, str] = MappingProxyType({})


class AddedCreation(NamedTuple):
    """What was stored in one transaction."""

    creation: Creation
    quota: QuotaUse
    """What is left after it."""
    card: LiveCard | None
    """The live card, if the caller posts it."""


class CreationStore:
    """The requests of people, at all relay accounts."""

    def __init__(
        self,
        database: DatabaseThread,
        outbox: Outbox,
        cards: LiveCards,
        limits: WatchLimits = DEFAULT_LIMITS,
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._cards = cards
        self._limits = limits
        self.changed = database.hint("creations")
        """Set when a request may have become due. A hint: the rows are the truth."""

    # For people

    async def add(self, new: NewCreation) -> AddedCreation:
        """Store a request with its watch and its live card, all in one transaction.

        It is charged like a requested message, because it ends in one. Raises the ``WatchError`` of
        a quota or a limit that is reached, ``CreatingOff``, ``RequestForgotten`` if what it repeats
        was deleted, and ``AlreadyRepeated`` if the person has just repeated it. Then nothing is
        stored.
        """

        def add(db: Connection) -> AddedCreation:
            require_account(db, new.account)
            require_creating(db, new.caller_guild_id)
            require_repeated(db, new)
            charge_message(db, new.user_id, new.destination, new.now, self._limits)
            creation = insert_creation(db, new)
            require_first_repetition(db, creation.id, new)
            key = TaskKey(new.account, creation.pending_task_id)
            request = WatchRequest(new.user_id, new.destination, new.mention)
            watch = NewWatch(*key, request, new.now)
            insert_watch(db, watch, self._limits.watchers_per_destination)
            enforce_watch_limits(db, new.user_id, new.destination, self._limits, new.member_limit)
            use = enforce_quotas(db, new.user_id, new.caller_guild_id, new.quotas, new.now)
            card = None
            if new.has_card:
                card_id = insert_live_card(db, new.destination, [key], new.now)
                card = claim_live_card(db, card_id, new.now) if new.claims_card else None
            return AddedCreation(creation, use, card)

        added = await self._database.run(add)
        self.changed.set()
        self._cards.changed.set()
        return added

    async def release(self, creation: Creation, now: float) -> None:
        """Let a queued request be sent now that was to be sent later."""
        await self._database.write(
            "UPDATE creations SET due_at = ? WHERE id = ? AND state = 'queued'", [now, creation.id]
        )
        self.changed.set()

    async def withdraw(self, creation: Creation) -> bool:
        """Cancel a request whose person no message reaches, if it is still queued.

        Returns whether it was: if not, the relay has it, or may have it.
        """
        return await self._database.run(lambda db: withdraw(db, creation))

    async def quota_use(
        self, user_id: int, guild_id: int | None, quotas: CreationQuotas, now: float
    ) -> QuotaUse:
        """Return what is left of the quotas of a person in a server."""
        return await self._database.run(
            lambda db: read_quota_use(db, user_id, guild_id, quotas, now)
        )

    async def of_task(self, key: TaskKey) -> Creation | None:
        """Return the request that began a task; ``None`` if it was not one, or is forgotten."""
        rows = await self._database.read(
            "SELECT c.* FROM creation_tasks t JOIN creations c ON c.id = t.creation_id"
            " WHERE t.account = ? AND t.task_id = ? AND c.request IS NOT NULL",
            [*key],
        )
        try:
            return load_creation(rows[0]) if rows else None
        except UnreadableRowError:
            return None

    async def is_told_in(self, channel_ids: Collection[int], key: TaskKey) -> bool:
        """Whether what became of a task is told, or was told lately, in one of some channels."""
        rows = await self._database.read(
            "SELECT 1 FROM task_deliveries WHERE account = ? AND task_id = ? AND channel_id IN"
            " (SELECT CAST(value AS BIGINT) FROM json_each(?)) LIMIT 1",
            [*key, json.dumps(list(channel_ids))],
        )
        return bool(rows)

    async def is_stored(self, key: TaskKey) -> bool:
        """Whether the request of a task is still stored."""
        return await self.of_task(key) is not None

    async def switch_off(self, guild_id: int, now: float) -> int:
        """Let nobody create in a server any more, and reject what waits there; return how many.

        What is not sent by then is never sent.
        """

        def switch_off(db: Connection) -> int:
            change_settings(db, guild_id, creation=False)
            return reject_of_server(db, guild_id, now)

        rejected = await self._database.run(switch_off)
        self._announce()
        return rejected

    # For the submitter

    async def choose_due(
        self,
        now: float,
        max_sending: int,
        max_concurrent: Mapping[str, int | None] = NO_MAXIMA,
        *,
        max_submitting: int = MAX_SUBMITTING,
        held: Mapping[int, str] = NOTHING_HELD,
    ) -> list[Creation]:
        """Return the queued requests whose turn is next.

        ``max_sending``: how many may be sent at once in all; but an account to which nothing is
        sent waits for no other. ``max_concurrent``: how many may be under way at an account, being
        sent or running. The person with the fewest of them comes first. ``max_submitting``: how
        many may be sent to an account at once. ``held``: the ids and accounts of those that were
        chosen before, and are not settled: they take places, and are not chosen again.
        """

        def choose(db: Connection) -> list[Creation]:
            chosen = creation_queue.choose_due(
                db, now, max_sending, max_concurrent, max_submitting, held
            )
            loaded = (creation_queue.load_queued(db, each, now) for each in chosen)
            return [creation for creation in loaded if creation]

        chosen = await self._database.run(choose)
        self._outbox.changed.set()  # one that cannot be read is rejected
        return chosen

    async def claim(self, creation: Creation) -> Creation | None:
        """Take a request, to be sent at once: ``queued`` → ``submitting``.

        Returns ``None`` if it is not queued any more, because nobody waits for it, its account was
        disconnected, or another process has claimed it: then it must not be sent.
        """
        return await self._database.run(lambda db: creation_queue.claim(db, creation))

    async def accept(
        self, creation: Creation, submission: Submission, now: float, *, fingerprint: str = ""
    ) -> CreationState:
        """Store what a relay has begun: ``submitting`` → ``submitted``; return the state.

        It is ``unconfirmed`` if the relay has named no new task. If the request is not being sent
        any more, it stays as it is. ``fingerprint``: of the address and the key of the account.
        """
        state = await self._database.run(
            lambda db: accepted_creations.accept(db, creation, submission, now, fingerprint)
        )
        self._announce()
        return state

    async def reject(
        self, creation: Creation, reason: RejectionReason, detail: str, now: float
    ) -> bool:
        """End a request for which nothing was created: its state → ``rejected``.

        ``detail`` is what the relay said. Returns whether it has ended so.
        """
        return await self._settle(creation, CreationState.REJECTED, now, reason, detail)

    async def mark_unconfirmed(self, creation: Creation, now: float) -> bool:
        """End a request that may have been charged: ``submitting`` → ``unconfirmed``.

        Returns whether it has ended so.
        """
        return await self._settle(creation, CreationState.UNCONFIRMED, now)

    async def postpone(self, creation: Creation, until: float, now: float) -> bool:
        """Put back a request that created nothing, ``until`` then: its state → ``queued``.

        It is cancelled if nobody waits for it any more, or its text was deleted meanwhile. Returns
        whether it is queued.
        """
        queued = await self._database.run(
            lambda db: creation_queue.postpone(db, creation, until, now)
        )
        self._announce()
        return queued

    async def recover(self, now: float, in_flight: Collection[Attempt] = ()) -> int:
        """At the start: end the requests that an earlier process was sending; return how many.

        ``submitting`` → ``unconfirmed``, whether or not they had been sent. ``in_flight``: what
        this process is sending, or claiming.
        """
        own = {each._replace(state=CreationState.SUBMITTING) for each in in_flight}
        sending = "SELECT id, attempts FROM creations WHERE state = 'submitting'"

        def recover(db: Connection) -> int:
            rows = db.execute(sending).fetchall()
            found = {Attempt(each, number, CreationState.SUBMITTING) for each, number in rows}
            abandoned = sorted(found - own)
            for each in abandoned:
                settle(db, each, CreationState.UNCONFIRMED, now)
            return len(abandoned)

        recovered = await self._database.run(recover)
        self._announce()
        return recovered

    async def cancel_queued(self, account: str, now: float) -> int:
        """Cancel the requests of an account that may not be charged any more; return how many."""
        cancelled = await self._database.run(lambda db: cancel_queued(db, account, now))
        self._announce()
        return cancelled

    async def reject_expired(self, now: float, max_wait: float) -> int:
        """Reject what nobody has served for longer than ``max_wait`` seconds; return how many.

        To be called while something is due, more often than that: it says who serves the queue.
        """
        rejected = await self._database.run(lambda db: reject_expired(db, now, max_wait))
        self._announce()
        return rejected

    async def due_accounts(self, now: float) -> list[str]:
        """Return the accounts that have requests to be sent now."""
        rows = await self._database.read(
            "SELECT DISTINCT account FROM creations WHERE state = 'queued' AND due_at <= ?", [now]
        )
        return [row["account"] for row in rows]

    async def next_due_at(self, after: float = 0.0) -> float | None:
        """Return the first time after ``after`` when a request is due, ``None`` if none is."""
        rows = await self._database.read(
            "SELECT min(due_at) AS at FROM creations WHERE state = 'queued' AND due_at > ?", [after]
        )
        return cast("float | None", rows[0]["at"])

    async def handle_clock_rollback(self, now: float, *, longest_wait: float) -> None:
        """Let no request wait, or count, for a time that comes twice: the clock was set back.

        ``longest_wait`` is for how long a request is postponed at most (seconds).
        """

        def clamp(db: Connection) -> None:
            clamp_times(db, "creations", "true", [], {"created_at": now})
            clamp_times(db, "creations", "state = 'queued'", [], {"due_at": now + longest_wait})

        await self._database.run(clamp)
        self.changed.set()

    async def _settle(
        self,
        creation: Creation,
        state: CreationState,
        now: float,
        rejection: RejectionReason | None = None,
        detail: str = "",
    ) -> bool:
        settled = await self._database.run(
            lambda db: settle(db, creation.attempt, state, now, rejection=rejection, detail=detail)
        )
        self._announce()
        return settled

    def _announce(self) -> None:
        """Let messages and cards be sent without delay, and the next requests, too."""
        self._outbox.changed.set()
        self._cards.changed.set()
        self.changed.set()
