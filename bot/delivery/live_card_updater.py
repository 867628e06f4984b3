"""Posts live cards, which show the progress of watched tasks, and keeps them up to date."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any, TypeVar

import aiohttp
import discord

from bot.delivery.discord_calls import DiscordCall, DiscordCalls
from bot.delivery.discord_errors import Disposition, ErrorClassification, classify, short_reason
from bot.delivery.discord_requests import RequestMonitor
from bot.delivery.live_card_messages import LiveCardMessages, PostedCard, show_as_orphaned
from bot.delivery.relay_facts import RelayFacts
from bot.i18n.catalog import Catalog
from bot.storage.clock_rollback import Rollback, RollbackDetector
from bot.storage.failure_log import log_failure
from bot.storage.live_cards import LONGEST_PAUSE, LiveCards
from bot.storage.models import LiveCard
from bot.storage.terms import LeadershipLost

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 150
"""Failed attempts in a row after which a card is given up: about a day with the longest delays."""


@dataclass(frozen=True, slots=True)
class LiveCardTiming:
    """How often live cards are posted and edited. All times are seconds."""

    edit_interval: float = 5.0
    """The minimum between two edits of one card. The first edit does not wait: a relay may accept
    what a card has just said is being sent."""
    tick_interval: float = 2.0
    call_timeout: float = 15.0
    """Timeout of posting or editing: a late call begins no further request and is repeated. Longer
    than discord.py waits for the rate limit of a channel."""
    edits_per_tick: int = 10
    """With ``tick_interval``, this bounds the share of edits in all requests."""
    max_concurrent: int = 20
    """Channels in which a request may be in flight at the same time."""
    shutdown_timeout: float = 2.0
    """How long a shutdown waits for requests in flight."""
    min_outage: float = 60.0
    """How long the relay fails before cards say so: short failures edit no card."""
    claim_timeout: float = 60.0
    """After which a card that another process was to post is taken from it: it sends nothing more
    by then. Also the interval in which such cards are looked for."""


LIVE_CARD_TIMING = LiveCardTiming()


T = TypeVar("T")
_EXPECTED_ERRORS = (discord.DiscordException, aiohttp.ClientError, OSError)


class LiveCardUpdater:
    """Posts live cards and edits them: at most every few seconds, and only if they changed.

    Notices have priority: while ``dispatcher_busy()``, no card is posted or edited.
    """

    def __init__(
        self,
        client: discord.Client,
        cards: LiveCards,
        timing: LiveCardTiming,
        *,
        dispatcher_busy: Callable[[], bool],
        request_monitor: RequestMonitor,
        relay_facts: RelayFacts,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._cards = cards
        self._relay_facts = relay_facts
        self._timing = timing
        self._clock = clock
        self._dispatcher_busy = dispatcher_busy
        self._request_monitor = request_monitor
        self._calls = DiscordCalls(timing.call_timeout)
        self._messages = LiveCardMessages(client, self._request_monitor, clock)
        self._in_flight: dict[asyncio.Task[Any], Sequence[LiveCard]] = {}
        """The tasks in flight, and the cards that each is about; these are of one channel."""
        self._awaited: set[asyncio.Task[Any]] = set()
        """Those of the tasks that post a card for which somebody waits."""
        self._edits_from = -inf
        self._recovery_needed = True
        self._recovered_at = -inf
        self._rollbacks = RollbackDetector()

    async def tick(self) -> float | None:
        """Start to post and to edit what is due; return when to tick again (Unix seconds).

        Nothing is started while Discord's global rate limit is exceeded, or too many calls are
        late. ``None`` if there are no cards.
        """
        now, timing = self._clock(), self._timing
        if wait := self._request_monitor.global_wait:
            return now + max(wait, timing.tick_interval)
        if self._dispatcher_busy() or self._calls.full:
            return now + timing.tick_interval
        if self._rollbacks.check(now) is not Rollback.NONE:
            await self._cards.handle_clock_rollback()
            self._rollbacks.mark_handled(now)
        await self._recover_abandoned(now)
        for card in await self._cards.claim(now, self._free_slots, busy_channels=self._busy):
            self._begin([card], self._post(card))
        if self._may_edit() and self._free_slots:
            await self._begin_edits(now)
        return now + timing.tick_interval if await self._cards.has_any() else None

    @property
    def _free_slots(self) -> int:
        """How many requests may start now; late calls occupy no slot."""
        return max(self._timing.max_concurrent - len(self._in_flight) + self._calls.late, 0)

    @property
    def _busy(self) -> set[int]:
        """The channels in which a request is in flight."""
        return {cards[0].destination.channel_id for cards in self._in_flight.values()}

    async def finish(self) -> None:
        """Wait a short time for the requests in flight; no call into discord.py is cancelled."""
        tasks = list(self._in_flight)
        if tasks:
            await asyncio.wait(tasks, timeout=self._timing.shutdown_timeout)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def abandon(self) -> None:
        """Wait for nothing any more: another process recovers what is in flight.

        But for cards that somebody waits for here: those are posted by whoever leads.
        """
        tasks = [task for task in self._in_flight if task not in self._awaited]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._recovery_needed = True

    def post(self, card: LiveCard) -> asyncio.Task[Exception | None]:
        """Start to post a card that was created as claimed.

        The result is the error, if Discord rejected it. The task must not be cancelled.
        """
        posting = self._begin([card], self._post(card))
        self._awaited.add(posting)
        posting.add_done_callback(self._awaited.discard)
        return posting

    async def mark_orphaned(
        self, message: discord.Message, custom_id: str, catalog: Catalog
    ) -> None:
        """Edit the message of a card that the database does not have: it is no longer updated.

        The response to its posting was lost, or the database is another one. ``custom_id``: of a
        button under it; a card that has ended meanwhile has none.
        """
        call = self._calls.start(show_as_orphaned(message, custom_id, catalog))
        try:
            await call.finished_in_time()
            await call.result()
        except _EXPECTED_ERRORS as error:
            cause = short_reason(error)
            log.info("Orphaned card not edited: message=%d cause=%s", message.id, cause)

    async def _recover_abandoned(self, now: float) -> None:
        """Requeue cards whose posting was cut off by a crash or an unexpected error.

        Later, only those that another process has claimed for somebody who waits there, too long
        ago: it may have died, or have failed to store the result.
        """
        timing = self._timing
        if not self._recovery_needed and 0 <= now - self._recovered_at < timing.claim_timeout:
            return
        in_flight = [card.id for cards in self._in_flight.values() for card in cards]
        claimed_before = None if self._recovery_needed else now - timing.claim_timeout
        if count := await self._cards.recover(in_flight, claimed_before=claimed_before):
            log.info("Abandoned cards requeued: count=%d", count)
        self._recovery_needed, self._recovered_at = False, now

    def _may_edit(self) -> bool:
        """Whether edits may start again: a tick may come early, edits keep their interval."""
        now = asyncio.get_running_loop().time()
        if now < self._edits_from:
            return False
        self._edits_from = now + self._timing.tick_interval
        return True

    async def _begin_edits(self, now: float) -> None:
        """Edit the cards that changed; those of one channel one after another."""
        by_channel: dict[int, list[LiveCard]] = {}
        timing = self._timing
        for card in await self._cards.due_for_update(
            now,
            min_interval=timing.edit_interval,
            limit=timing.edits_per_tick,
            busy_channels=self._busy,
            outages=self._relay_facts.outages(now),
        ):
            by_channel.setdefault(card.destination.channel_id, []).append(card)
        for cards in by_channel.values():
            self._begin(cards, self._edit_each(cards))

    async def _complete(self, card: LiveCard) -> LiveCard:
        return await self._relay_facts.added_to(card, self._clock())

    def _begin(self, cards: Sequence[LiveCard], work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start a task about some cards of one channel."""
        task = asyncio.create_task(work)
        self._in_flight[task] = cards
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[Any]) -> None:
        cards = self._in_flight.pop(task)
        if task.cancelled():
            return
        if error := task.exception():
            log_failure(log, f"Result of a card not recorded: card={cards[0].id}", error)
            self._recovery_needed = True  # no early tick: the cause may persist
        else:
            self._cards.changed.set()

    async def _post(self, card: LiveCard) -> Exception | None:
        """Post a card unless it exists already or nobody watches; return the error, if any."""
        call = self._calls.start(self._messages.post(await self._complete(card)))
        try:
            await call.finished_in_time()
            posted = await call.result()  # a late result is valid too
        except LeadershipLost:
            self._recovery_needed = True  # whoever leads next finds it as after a crash
            return None
        except Exception as error:  # noqa: BLE001 # every kind is classified
            await self._post_failed(card, error, call)
            return error
        if posted is None:
            await self._cards.discard(card)
        else:
            await self._record_posted(card, posted)
        return None

    async def _record_posted(self, card: LiveCard, posted: PostedCard) -> None:
        """Store the message of a card; delete it if the card was deleted while it was posted."""
        stored = await self._cards.acknowledge(
            card,
            posted.message_id,
            content_digest=posted.content_digest,
            edit_interval=self._timing.edit_interval,
        )
        if not stored and await self._cards.get(card.id, self._clock()) is None:
            await self._delete_message(replace(card, message_id=posted.message_id))
        elif posted.lacks_embed:
            await self._cards.simplify(card)

    async def _post_failed(self, card: LiveCard, error: Exception, call: DiscordCall[Any]) -> None:
        """Record the error of posting a card, and what follows from it."""
        classification = _classify_and_log(card, error)
        unconfirmed = call.unrejected_posts > 0 if call.traced else classification.is_transient
        may_exist = unconfirmed or card.unconfirmed_since is not None
        retryable = classification.is_transient or (
            may_exist and classification.disposition is Disposition.HOLD
        )
        if classification.disposition is Disposition.SIMPLIFY and not card.own_text_only:
            await self._cards.simplify(card)
            await self._cards.postpone(card, until=0.0, unconfirmed=unconfirmed)
        elif retryable and card.attempts < MAX_ATTEMPTS:
            until = self._clock() + self._delay(card, classification)
            await self._cards.postpone(card, until=until, unconfirmed=unconfirmed)
        else:
            await self._cards.delete(card.id)

    async def _edit_each(self, cards: Sequence[LiveCard]) -> None:
        for card in cards:
            await self._edit(card)

    async def _edit(self, card: LiveCard) -> None:
        """Update the message of a card."""
        call = self._calls.start(self._messages.update(await self._complete(card)))
        try:
            await call.finished_in_time()
            posted = await call.result()  # a late result is valid too
        except LeadershipLost:
            return  # whoever leads next edits it
        except Exception as error:  # noqa: BLE001 # as for posting
            await self._edit_failed(card, error)
        else:
            if posted.lacks_embed:
                await self._cards.simplify(card)
            else:
                await self._cards.record_update(card, posted.content_digest or "")

    async def _edit_failed(self, card: LiveCard, error: Exception) -> None:
        """Record the error of editing a card, and what follows from it."""
        classification = _classify_and_log(card, error)
        retryable = classification.is_transient or classification.disposition is Disposition.HOLD
        if retryable and card.attempts < MAX_ATTEMPTS:
            await self._cards.record_failure(
                card, until=self._clock() + self._delay(card, classification)
            )
        elif classification.disposition is Disposition.SIMPLIFY and not card.own_text_only:
            await self._cards.simplify(card)
        elif classification.disposition is Disposition.SIMPLIFY:
            await self._delete_message(card)
        else:  # the message or the channel is gone; notices are delivered independently
            await self._cards.delete(card.id)

    async def _delete_message(self, card: LiveCard) -> None:
        """Delete a card that nothing keeps up to date any more, and its message."""
        call = self._calls.start(self._messages.delete(card))
        try:
            await call.finished_in_time()
            await call.result()
        except _EXPECTED_ERRORS as error:
            _classify_and_log(card, error)
        await self._cards.delete(card.id)

    def _delay(self, card: LiveCard, classification: ErrorClassification) -> float:
        """Return the seconds until the next attempt: exponential backoff."""
        if classification.disposition is Disposition.HOLD:
            return LONGEST_PAUSE
        delay = self._timing.edit_interval * 2.0 ** min(card.attempts, 10)
        return min(max(delay, classification.retry_after or 0.0), LONGEST_PAUSE)


def _classify_and_log(card: LiveCard, error: Exception) -> ErrorClassification:
    """Log the error of a card; return its classification."""
    fields, cause = f"card={card.id} channel={card.destination.channel_id}", short_reason(error)
    log.info("Card request failed: %s cause=%s", fields, cause)
    if not isinstance(error, _EXPECTED_ERRORS):
        log.error("Card not rendered or sent: %s", fields, exc_info=error)
    return classify(error)
