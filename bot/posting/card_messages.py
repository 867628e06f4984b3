"""The message of a card at Discord: posted, found again, edited, taken away. Knows no database."""

from collections.abc import Callable

import discord

from bot.posting.discord_traffic import DiscordTraffic
from bot.posting.evidence import Evidence, search
from bot.posting.live_card_rendering import (
    bears_button,
    live_button_id,
    live_card,
    live_view,
    look_digest,
    lost_card,
)
from bot.posting.patience import NONCE_WINDOW
from bot.watching.card_rows import Card
from bot.watching.clock import UNKNOWN_TIME
from bot.words import Words, words_for


class CardMessages:
    """Calls discord.py for cards; each method raises what that raises."""

    def __init__(
        self, client: discord.Client, traffic: DiscordTraffic, clock: Callable[[], float]
    ) -> None:
        self._client = client
        self._traffic = traffic
        self._clock = clock

    async def post(self, card: Card) -> tuple[int | None, str | None]:
        """Post a card unless it stands there; return its message and what that shows, if known.

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

    async def show(self, card: Card) -> str:
        """Edit the message of a card if it is to look otherwise; return what it shows."""
        embed, view = self._look(card)
        look = look_digest(embed, view)
        if look != card.look:
            await self._message(card).edit(embed=embed, view=view)
        return look

    async def delete(self, card: Card) -> None:
        """Take the message of a card away."""
        await self._message(card).delete()

    def _look(self, card: Card) -> tuple[discord.Embed, discord.ui.View | None]:
        words = words_for(card.place.locale)
        return live_card(card, words, now=self._clock()), live_view(card, words)

    def _message(self, card: Card) -> discord.PartialMessage:
        return self._channel(card).get_partial_message(card.message_id or 0)

    def _channel(self, card: Card) -> discord.PartialMessageable:
        place = card.place
        return self._client.get_partial_messageable(place.channel_id, guild_id=place.guild_id)


async def retire(message: discord.Message, custom_id: str, words: Words) -> None:
    """Let a message that seems to be a card say that it has stopped.

    ``custom_id`` is of a button under it: a card that came to its end meanwhile has none.
    """
    if bears_button(await message.fetch(), custom_id):
        await message.edit(embed=lost_card(words), view=None)
