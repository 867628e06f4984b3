"""The card in a channel that shows how watched tasks are doing, and edits itself."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp
import discord

from bot.delivery.discord_calls import Call, DiscordCalls
from bot.delivery.discord_errors import Disposition, ErrorClassification, classify, short_reason
from bot.delivery.live_card_messages import LiveCardMessages, show_as_orphaned
from bot.delivery.request_monitor import RequestMonitor
from bot.i18n.catalog import Catalog
from bot.storage.clock_rollback import Rollback, RollbackDetector
from bot.storage.live_cards import LONGEST_PAUSE, LiveCards
from bot.storage.models import LiveCard

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 150
"""Tries in a row after which a card is left as it is: with the longest pauses, about a day."""


@dataclass(frozen=True, slots=True)
class LiveCardTiming:
    """How often cards are edited; spans in seconds."""

    edit_interval: float = 5.0
    """The least time between two edits of one card."""
    tick_interval: float = 2.0
    call_timeout: float = 15.0
    """What takes longer to be posted or edited begins no further request, and is tried again: more
    than discord.py waits until a channel takes the next message."""
    edits_per_tick: int = 10
    """With the time between rounds, this bounds their share: there is other work too."""
    max_concurrent: int = 20
    """How many channels may be worked on at once."""
    shutdown_timeout: float = 2.0
    """How long a stop waits for what is under way."""


LIVE_CARD_TIMING = LiveCardTiming()

T = TypeVar("T")
_TROUBLE = (discord.DiscordException, aiohttp.ClientError, OSError)


class LiveCardUpdater:
    """Posts cards and keeps them up to date: at most every few seconds, and only on change.

    Cards come after notices: while ``dispatcher_busy``, none is posted or edited.
    """

    def __init__(
        self,
        client: discord.Client,
        cards: LiveCards,
        timing: LiveCardTiming,
        *,
        dispatcher_busy: Callable[[], bool],
        request_monitor: RequestMonitor,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._cards = cards
        self._timing = timing
        self._clock = clock
        self._dispatcher_busy = dispatcher_busy
        self._request_monitor = request_monitor
        self._calls = DiscordCalls(timing.call_timeout)
        self._messages = LiveCardMessages(client, self._request_monitor, clock)
        self._in_flight: dict[asyncio.Task[Any], Sequence[LiveCard]] = {}
        """What is done just now, each for cards of one channel."""
        self._edits_from = float("-inf")
        self._recovery_needed = True
        self._rollbacks = RollbackDetector()

    async def tick(self) -> float | None:
        """Begin to post and to edit what is due; return when to look again.

        None while Discord takes nothing at all, or too many calls are late.
        """
        now, timing = self._clock(), self._timing
        if wait := self._request_monitor.global_wait:
            return now + max(wait, timing.tick_interval)
        if self._dispatcher_busy() or self._calls.full:
            return now + timing.tick_interval
        if self._rollbacks.check(now) is not Rollback.NONE:
            await self._cards.handle_clock_rollback()
        if self._recovery_needed:
            await self._recover_abandoned()
        for card in await self._cards.claim(now, self._free_slots, busy_channels=self._busy):
            self._begin([card], self._post(card))
        if self._may_edit() and self._free_slots:
            await self._begin_edits(now)
        return now + timing.tick_interval if await self._cards.has_any() else None

    @property
    def _free_slots(self) -> int:
        """How many cards may begin now: calls that are late keep no slot."""
        return max(self._timing.max_concurrent - len(self._in_flight) + self._calls.late, 0)

    @property
    def _busy(self) -> set[int]:
        """The channels in which a card is under way."""
        return {cards[0].destination.channel_id for cards in self._in_flight.values()}

    async def finish(self) -> None:
        """Wait a little for what is under way; the calls into discord.py are left alone."""
        tasks = list(self._in_flight)
        if tasks:
            await asyncio.wait(tasks, timeout=self._timing.shutdown_timeout)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def post(self, card: LiveCard) -> asyncio.Task[Exception | None]:
        """Begin to post a card that was opened as claimed.

        The result is why Discord did not take it, if so. The task must not be cancelled.
        """
        return self._begin([card], self._post(card))

    async def retire(self, message: discord.Message, custom_id: str, catalog: Catalog) -> None:
        """Let a message that seems to be a card, and is kept no more, say that it has stopped.

        Its posting was never heard of, or the database is another one. ``custom_id`` is of a button
        under it: a card that came to its end meanwhile has none.
        """
        call = self._calls.start(show_as_orphaned(message, custom_id, catalog))
        try:
            await call.in_time()
            await call.result()
        except _TROUBLE as error:
            log.info("Card of message %d stays as it is: %s", message.id, short_reason(error))

    async def _recover_abandoned(self) -> None:
        """Take up what was being posted when the process died, or a fault of ours came."""
        in_flight = [card.id for cards in self._in_flight.values() for card in cards]
        if count := await self._cards.recover(in_flight):
            log.info("Cards whose posting was cut off are posted again: count=%d", count)
        self._recovery_needed = False

    def _may_edit(self) -> bool:
        """Whether edits may begin again: rounds can be hurried, edits cannot."""
        now = asyncio.get_running_loop().time()
        if now < self._edits_from:
            return False
        self._edits_from = now + self._timing.tick_interval
        return True

    async def _begin_edits(self, now: float) -> None:
        """Edit the cards that have something new to show; those of a channel one by one."""
        by_channel: dict[int, list[LiveCard]] = {}
        timing = self._timing
        for card in await self._cards.due_for_update(
            now,
            min_interval=timing.edit_interval,
            limit=timing.edits_per_tick,
            busy_channels=self._busy,
        ):
            by_channel.setdefault(card.destination.channel_id, []).append(card)
        for cards in by_channel.values():
            self._begin(cards, self._edit_each(cards))

    def _begin(self, cards: Sequence[LiveCard], work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Work on some cards of one channel."""
        task = asyncio.create_task(work)
        self._in_flight[task] = cards
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[Any]) -> None:
        cards = self._in_flight.pop(task)
        if task.cancelled():
            return
        if error := task.exception():
            log.error("What became of card %d could not be kept", cards[0].id, exc_info=error)
            self._recovery_needed = (
                True  # the next round is not hurried: the fault may be there still
            )
        else:
            self._cards.changed.set()

    async def _post(self, card: LiveCard) -> Exception | None:
        """Post a card, unless it stands there already or nobody watches; return what refused it."""
        call = self._calls.start(self._messages.post(card))
        try:
            await call.in_time()
            shown = await call.result()  # late, it counts all the same
        except Exception as error:  # noqa: BLE001 # what it means is decided by the verdict
            await self._not_posted(card, error, call)
            return error
        if shown is None:
            await self._cards.discard(card)
        else:
            await self._cards.acknowledge(card, shown.message_id, content_digest=shown.look)
            if shown.bare:
                await self._cards.simplify(card)
        return None

    async def _not_posted(self, card: LiveCard, error: Exception, call: Call[Any]) -> None:
        """Do with a card that is to be posted what the error means for it."""
        meaning = _told(card, error)
        unconfirmed = call.unrefused_posts > 0 if call.traced else meaning.passing
        may_stand = unconfirmed or card.unconfirmed_since is not None
        mendable = meaning.passing or (may_stand and meaning.meaning is Disposition.HOLD)
        if meaning.meaning is Disposition.SIMPLIFY and not card.own_text_only:
            await self._cards.simplify(card)
            await self._cards.postpone(card, until=0.0, unconfirmed=unconfirmed)
        elif mendable and card.attempts < MOST_ATTEMPTS:
            until = self._clock() + self._pause(card, meaning)
            await self._cards.postpone(card, until=until, unconfirmed=unconfirmed)
        else:
            await self._cards.delete(card.id)

    async def _edit_each(self, cards: Sequence[LiveCard]) -> None:
        for card in cards:
            await self._edit(card)

    async def _edit(self, card: LiveCard) -> None:
        """Let the message of a card show what there is to show."""
        call = self._calls.start(self._messages.show(card))
        try:
            await call.in_time()
            shown = await call.result()  # late, it counts all the same
        except Exception as error:  # noqa: BLE001 # as for posting
            await self._not_shown(card, error)
        else:
            if shown.bare:
                await self._cards.simplify(card)
            else:
                await self._cards.record_update(card, shown.look or "")

    async def _not_shown(self, card: LiveCard, error: Exception) -> None:
        """Do with a card that is posted what the error means for it."""
        meaning = _told(card, error)
        mendable = meaning.passing or meaning.meaning is Disposition.HOLD
        if mendable and card.attempts < MOST_ATTEMPTS:
            await self._cards.record_failure(card, until=self._clock() + self._pause(card, meaning))
        elif meaning.meaning is Disposition.SIMPLIFY and not card.own_text_only:
            await self._cards.simplify(card)
        elif meaning.meaning is Disposition.SIMPLIFY:
            await self._take_away(card)
        else:  # somebody deleted it, or the place is closed: the notices go their own way
            await self._cards.delete(card.id)

    async def _take_away(self, card: LiveCard) -> None:
        """Delete the message of a card that Discord lets say nothing true any more."""
        call = self._calls.start(self._messages.delete(card))
        try:
            await call.in_time()
            await call.result()
        except _TROUBLE as error:
            _told(card, error)
        await self._cards.delete(card.id)

    def _pause(self, card: LiveCard, meaning: ErrorClassification) -> float:
        """Return the seconds until a card is tried again: more with every try."""
        if meaning.meaning is Disposition.HOLD:
            return LONGEST_PAUSE
        pause = self._timing.edit_interval * 2.0 ** min(card.attempts, 10)
        return min(max(pause, meaning.retry_after or 0.0), LONGEST_PAUSE)


def _told(card: LiveCard, error: Exception) -> ErrorClassification:
    """Log why a card could not be posted or shown; return what that means for it."""
    log.info("Card %d in channel %d: %s", card.id, card.destination.channel_id, short_reason(error))
    if not isinstance(error, _TROUBLE):
        log.error("Card %d could not be composed or sent", card.id, exc_info=error)
    return classify(error)
