"""The card in a channel that shows how watched tasks are doing, and edits itself."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp
import discord

from bot.posting.discord_calls import Call, DiscordCalls
from bot.posting.discord_traffic import DiscordTraffic
from bot.posting.evidence import Evidence, search
from bot.posting.live_card_rendering import (
    bears_button,
    live_button_id,
    live_card,
    live_view,
    look_digest,
)
from bot.posting.patience import NONCE_WINDOW
from bot.posting.refusals import Meaning, Verdict, reason_of, verdict
from bot.watching.card_rows import Card
from bot.watching.cards import LONGEST_PAUSE, Cards
from bot.watching.clock import UNKNOWN_TIME
from bot.words import words_for

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 150
"""Tries in a row after which a card is left as it is: with the longest pauses, about a day."""


@dataclass(frozen=True, slots=True)
class CardPace:
    """How often cards are edited; spans in seconds."""

    between_edits: float = 5.0
    """The least time between two edits of one card."""
    between_rounds: float = 2.0
    longest_call: float = 15.0
    """What takes longer to be posted or edited begins no further request, and is tried again: more
    than discord.py waits until a channel takes the next message."""
    edits_in_a_round: int = 10
    """With the time between rounds, this bounds their share: there is other work too."""
    slots: int = 20
    """How many channels may be worked on at once."""
    goodbye: float = 2.0
    """How long a stop waits for what is under way."""


CARD_PACE = CardPace()

T = TypeVar("T")
_TROUBLE = (discord.DiscordException, aiohttp.ClientError, OSError)


class CardKeeper:
    """Posts cards and keeps them up to date: at most every few seconds, and only on change.

    Cards come after notices: while ``notices_wait``, none is posted or edited.
    """

    def __init__(
        self,
        client: discord.Client,
        cards: Cards,
        pace: CardPace = CARD_PACE,
        clock: Callable[[], float] = time.time,
        notices_wait: Callable[[], bool] = lambda: False,
        traffic: DiscordTraffic | None = None,
    ) -> None:
        self._client = client
        self._cards = cards
        self._pace = pace
        self._clock = clock
        self._notices_wait = notices_wait
        self._traffic = traffic or DiscordTraffic()
        self._calls = DiscordCalls(pace.longest_call)
        self._under_way: dict[asyncio.Task[Any], Sequence[Card]] = {}
        """What is done just now, each for cards of one channel."""
        self._edits_from = float("-inf")
        self._astray = True

    async def round(self) -> float | None:
        """Begin to post and to edit what is due; return when to look again.

        None while Discord takes nothing at all, or too many calls are late.
        """
        now, pace = self._clock(), self._pace
        if wait := self._traffic.global_wait:
            return now + max(wait, pace.between_rounds)
        if self._notices_wait() or self._calls.full:
            return now + pace.between_rounds
        if self._astray:
            await self._take_up()
        for card in await self._cards.claim(now, self._free_slots, busy=self._busy):
            self._begin([card], self._post(card))
        if self._may_edit() and self._free_slots:
            await self._begin_edits(now)
        return now + pace.between_rounds if await self._cards.any() else None

    @property
    def _free_slots(self) -> int:
        """How many cards may begin now: calls that are late keep no slot."""
        return max(self._pace.slots - len(self._under_way) + self._calls.late, 0)

    @property
    def _busy(self) -> set[int]:
        """The channels in which a card is under way."""
        return {cards[0].place.channel_id for cards in self._under_way.values()}

    async def finish(self) -> None:
        """Wait a little for what is under way; the calls into discord.py are left alone."""
        tasks = list(self._under_way)
        if tasks:
            await asyncio.wait(tasks, timeout=self._pace.goodbye)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def post(self, card: Card) -> asyncio.Task[Exception | None]:
        """Begin to post a card that was opened as claimed.

        The result is why Discord did not take it, if so. The task must not be cancelled.
        """
        return self._begin([card], self._post(card))

    async def _take_up(self) -> None:
        """Take up what was being posted when the process died, or a fault of ours came."""
        under_way = [card.id for cards in self._under_way.values() for card in cards]
        if count := await self._cards.recover(under_way):
            log.info("Cards whose posting was cut off are posted again: count=%d", count)
        self._astray = False

    def _may_edit(self) -> bool:
        """Whether edits may begin again: rounds can be hurried, edits cannot."""
        now = asyncio.get_running_loop().time()
        if now < self._edits_from:
            return False
        self._edits_from = now + self._pace.between_rounds
        return True

    async def _begin_edits(self, now: float) -> None:
        """Edit the cards that have something new to show; those of a channel one by one."""
        by_channel: dict[int, list[Card]] = {}
        pace = self._pace
        for card in await self._cards.due(
            now, least=pace.between_edits, limit=pace.edits_in_a_round, busy=self._busy
        ):
            by_channel.setdefault(card.place.channel_id, []).append(card)
        for cards in by_channel.values():
            self._begin(cards, self._edit_each(cards))

    def _begin(self, cards: Sequence[Card], work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Work on some cards of one channel."""
        task = asyncio.create_task(work)
        self._under_way[task] = cards
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[Any]) -> None:
        cards = self._under_way.pop(task)
        if task.cancelled():
            return
        if error := task.exception():
            log.error("What became of card %d could not be kept", cards[0].id, exc_info=error)
            self._astray = True  # the next round is not hurried: the fault may be there still
        else:
            self._cards.changed.set()

    async def _post(self, card: Card) -> Exception | None:
        """Post a card, unless it stands there already or nobody watches; return what refused it."""
        call = self._calls.start(self._stand(card))
        try:
            await call.in_time()
            message_id, look = await call.result()  # late, it counts all the same
        except Exception as error:  # noqa: BLE001 # what it means is decided by the verdict
            await self._not_posted(card, error, call)
            return error
        if message_id is None:
            await self._cards.forget(card.id)
        else:
            await self._cards.posted(card, message_id, look=look)
        return None

    async def _stand(self, card: Card) -> tuple[int | None, str | None]:
        """See to it that a card stands in its channel; return its message and what that shows.

        No message where nobody watches any more, or where it cannot be known whether the card was
        posted: two cards, one of which stays as it is, are worse than none.
        """
        if self._must_be_searched(card):
            evidence, message = await self._find(card)
            if message is not None:
                return message.id, None
            if evidence is Evidence.UNREADABLE:
                return None, None
        if not card.watchers:
            return None, None
        embed, view = self._look(card)
        message = await self._channel(card).send(
            embed=embed,
            view=view or discord.utils.MISSING,
            allowed_mentions=discord.AllowedMentions.none(),
            nonce=card.nonce,
            silent=True,
        )
        first = card.in_doubt_since is None  # else it may be the message of another try
        return message.id, look_digest(embed, view) if first else None

    def _must_be_searched(self, card: Card) -> bool:
        """Whether a card may have been posted, and its nonce cannot tell or is not to be used."""
        if card.in_doubt_since is None:
            return False
        known = 0 <= self._clock() - card.in_doubt_since < NONCE_WINDOW
        return not known or not card.watchers

    async def _find(self, card: Card) -> tuple[Evidence, discord.Message | None]:
        """Look for a card by its button among the bot's own messages."""
        since = card.in_doubt_since or UNKNOWN_TIME
        if since > self._clock():  # the clock was set back
            since = UNKNOWN_TIME
        wanted = live_button_id("join", card)
        return await search(
            self._client,
            card.place,
            since,
            lambda it: bears_button(it, wanted),
            clock_ahead=self._traffic.clock_ahead(self._clock()),
        )

    async def _not_posted(self, card: Card, error: Exception, call: Call[Any]) -> None:
        """Do with a card that is to be posted what the error means for it."""
        meaning = _told(card, error)
        if meaning.meaning is Meaning.MEND and not card.plain:
            await self._cards.simplify(card)
            await self._cards.postpone(card, until=0.0, doubtful=False)
        elif meaning.passing and card.attempts < MOST_ATTEMPTS:
            doubtful = call.unrefused_posts > 0 if call.traced else True
            until = self._clock() + self._pause(card, meaning)
            await self._cards.postpone(card, until=until, doubtful=doubtful)
        else:
            await self._cards.forget(card.id)

    async def _edit_each(self, cards: Sequence[Card]) -> None:
        for card in cards:
            await self._edit(card)

    async def _edit(self, card: Card) -> None:
        """Let the message of a card show what there is to show."""
        call = self._calls.start(self._show(card))
        try:
            await call.in_time()
            look = await call.result()  # late, it counts all the same
        except Exception as error:  # noqa: BLE001 # as for posting
            await self._not_shown(card, error)
        else:
            await self._cards.shown(card, look)

    async def _show(self, card: Card) -> str:
        """Edit the message of a card if it is to look otherwise; return what it shows."""
        embed, view = self._look(card)
        look = look_digest(embed, view)
        if look != card.look:
            await self._message(card).edit(embed=embed, view=view)
        return look

    async def _not_shown(self, card: Card, error: Exception) -> None:
        """Do with a card that is posted what the error means for it."""
        meaning = _told(card, error)
        mendable = meaning.passing or meaning.meaning is Meaning.HOLD
        if mendable and card.attempts < MOST_ATTEMPTS:
            await self._cards.failed(card, until=self._clock() + self._pause(card, meaning))
        elif meaning.meaning is Meaning.MEND and not card.plain:
            await self._cards.simplify(card)
        elif meaning.meaning is Meaning.MEND:
            await self._take_away(card)
        else:  # somebody deleted it, or the place is closed: the notices go their own way
            await self._cards.forget(card.id)

    async def _take_away(self, card: Card) -> None:
        """Delete the message of a card that Discord lets say nothing true any more."""
        call = self._calls.start(self._message(card).delete())
        try:
            await call.in_time()
            await call.result()
        except _TROUBLE as error:
            _told(card, error)
        await self._cards.forget(card.id)

    def _pause(self, card: Card, meaning: Verdict) -> float:
        """Return the seconds until a card is tried again: more with every try."""
        if meaning.meaning is Meaning.HOLD:
            return LONGEST_PAUSE
        pause = self._pace.between_edits * 2.0 ** min(card.attempts, 10)
        return min(max(pause, meaning.retry_after or 0.0), LONGEST_PAUSE)

    def _look(self, card: Card) -> tuple[discord.Embed, discord.ui.View | None]:
        words = words_for(card.place.locale)
        return live_card(card, words, now=self._clock()), live_view(card, words)

    def _message(self, card: Card) -> discord.PartialMessage:
        return self._channel(card).get_partial_message(card.message_id or 0)

    def _channel(self, card: Card) -> discord.PartialMessageable:
        place = card.place
        return self._client.get_partial_messageable(place.channel_id, guild_id=place.guild_id)


def _told(card: Card, error: Exception) -> Verdict:
    """Log why a card could not be posted or shown; return what that means for it."""
    log.info("Card %d in channel %d: %s", card.id, card.place.channel_id, reason_of(error))
    if not isinstance(error, _TROUBLE):
        log.error("Card %d could not be composed or sent", card.id, exc_info=error)
    return verdict(error)
