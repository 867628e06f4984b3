"""The message of a card at Discord: posted, found again, edited, taken away. Knows no database."""

from collections.abc import Callable
from typing import NamedTuple

import discord

from bot.delivery.duplicate_check import DuplicateCheck, search_own_messages
from bot.delivery.error_policy import NONCE_WINDOW
from bot.delivery.request_monitor import RequestMonitor
from bot.i18n.catalog import Catalog, catalog_for
from bot.storage.clock_rollback import UNKNOWN_TIME
from bot.storage.models import Destination, LiveCard
from bot.ui.custom_ids import LiveCardButtonId
from bot.ui.live_card import (
    RenderedCard,
    has_button,
    orphaned_card_text,
    render_live_card,
)
from bot.ui.permissions import permissions_in


class PostedCard(NamedTuple):
    """What became of the message of a card."""

    message_id: int
    look: str | None
    """The digest of what it shows, ``None`` where that is not known."""
    bare: bool = False
    """Whether Discord left its embed out, for the bot may not embed there."""


class LiveCardMessages:
    """Calls discord.py for cards; each method raises what that raises."""

    def __init__(
        self, client: discord.Client, request_monitor: RequestMonitor, clock: Callable[[], float]
    ) -> None:
        self._client = client
        self._request_monitor = request_monitor
        self._clock = clock

    async def post(self, card: LiveCard) -> PostedCard | None:
        """Post a card unless it stands there; return what its message shows.

        ``None`` where nobody watches any more, or where it cannot be known whether the card was
        posted: two cards, one of which stays as it is, are worse than none.
        """
        if self._must_be_searched(card):
            evidence, message = await self._find(card)
            if message is not None:
                return PostedCard(message.id, None)
            if evidence is DuplicateCheck.UNREADABLE:
                return None
        if not card.watchers:
            return None
        look = self._render(card)
        message = await self._channel(card).send(
            content=look.content or None,
            embeds=look.embeds,
            view=look.view or discord.utils.MISSING,
            allowed_mentions=discord.AllowedMentions.none(),
            nonce=card.nonce,
            silent=True,
        )
        first = card.unconfirmed_since is None  # else it may be the message of another try
        return PostedCard(message.id, look.digest if first else None, _lacks(message, look))

    def _must_be_searched(self, card: LiveCard) -> bool:
        """Whether a card may have been posted, and its nonce cannot tell or is not to be used."""
        if card.unconfirmed_since is None:
            return False
        known = 0 <= self._clock() - card.unconfirmed_since < NONCE_WINDOW
        return not known or not card.watchers

    async def _find(self, card: LiveCard) -> tuple[DuplicateCheck, discord.Message | None]:
        """Look for a card by its button among the bot's own messages."""
        since = card.unconfirmed_since or UNKNOWN_TIME
        wanted = LiveCardButtonId("join", card.id).encode()
        return await search_own_messages(
            self._client,
            card.destination,
            since,
            lambda it: has_button(it, wanted),
            clock_ahead=self._request_monitor.clock_ahead(self._clock()),
        )

    async def show(self, card: LiveCard) -> PostedCard:
        """Edit the message of a card if it is to look otherwise; return what it shows."""
        look = self._render(card)
        shown = PostedCard(card.message_id or 0, look.digest)
        if look.digest == card.content_digest:
            return shown
        message = await self._message(card).edit(
            content=look.content or None, embeds=look.embeds, view=look.view
        )
        return shown._replace(bare=_lacks(message, look))

    async def delete(self, card: LiveCard) -> None:
        """Take the message of a card away."""
        await self._message(card).delete()

    def _render(self, card: LiveCard) -> RenderedCard:
        catalog = catalog_for(card.destination.locale)
        return render_live_card(
            card, catalog, now=self._clock(), may_embed=self._may_embed(card.destination)
        )

    def _may_embed(self, destination: Destination) -> bool | None:
        """Whether the bot may embed in a place, ``None`` where the gateway has not told."""
        if destination.guild_id is None:
            return True
        granted = permissions_in(self._client, destination)
        return granted.embed_links if granted is not None else None

    def _message(self, card: LiveCard) -> discord.PartialMessage:
        return self._channel(card).get_partial_message(card.message_id or 0)

    def _channel(self, card: LiveCard) -> discord.PartialMessageable:
        destination = card.destination
        return self._client.get_partial_messageable(
            destination.channel_id, guild_id=destination.guild_id
        )


def _lacks(message: discord.Message, look: RenderedCard) -> bool:
    return bool(look.embeds) and not message.embeds


async def show_as_orphaned(message: discord.Message, custom_id: str, catalog: Catalog) -> None:
    """Let a message that seems to be a card say that it has stopped.

    ``custom_id`` is of a button under it: a card that came to its end meanwhile has none.
    """
    if has_button(await message.fetch(), custom_id):
        await message.edit(content=orphaned_card_text(catalog), embeds=[], view=None)
