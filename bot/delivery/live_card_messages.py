"""Posts, finds, edits and deletes the messages of live cards. Knows no database."""

from collections.abc import Callable
from typing import NamedTuple

import discord

from bot.delivery.discord_requests import RequestMonitor
from bot.delivery.duplicate_check import DuplicateCheck, search_own_messages
from bot.delivery.error_policy import NONCE_WINDOW
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
    """The message of a live card after a request to Discord."""

    message_id: int
    content_digest: str | None
    """The digest of what it shows, ``None`` if that is not known."""
    lacks_embed: bool = False
    """Whether Discord dropped its embed, because the bot may not embed there."""


class LiveCardMessages:
    """Calls discord.py for live cards; each method raises what that raises."""

    def __init__(
        self, client: discord.Client, request_monitor: RequestMonitor, clock: Callable[[], float]
    ) -> None:
        self._client = client
        self._request_monitor = request_monitor
        self._clock = clock

    async def post(self, card: LiveCard) -> PostedCard | None:
        """Post a card unless its message exists; return what the message shows.

        ``None`` if nobody watches any more, or if it cannot be determined whether the card was
        posted: two cards, of which one is never updated, are worse than none.
        """
        if self._must_be_searched(card):
            check, message = await self._find(card)
            if message is not None:
                return PostedCard(message.id, None)
            if check is DuplicateCheck.UNREADABLE:
                return None
        if not card.watchers:
            return None
        rendered = self._render(card)
        message = await self._channel(card).send(
            content=rendered.content or None,
            embeds=rendered.embeds,
            view=rendered.view or discord.utils.MISSING,
            allowed_mentions=discord.AllowedMentions.none(),
            nonce=card.nonce,
            silent=True,
        )
        first_attempt = card.unconfirmed_since is None  # else it may be the message of another try
        return PostedCard(
            message.id, rendered.digest if first_attempt else None, _lacks_embed(message, rendered)
        )

    def _must_be_searched(self, card: LiveCard) -> bool:
        """Whether a card may have been posted, and repeating the request would not show it."""
        if card.unconfirmed_since is None:
            return False
        known = 0 <= self._clock() - card.unconfirmed_since < NONCE_WINDOW
        return not known or not card.watchers

    async def _find(self, card: LiveCard) -> tuple[DuplicateCheck, discord.Message | None]:
        """Search a card by its button among the bot's own messages."""
        since = card.unconfirmed_since or UNKNOWN_TIME
        custom_id = LiveCardButtonId("join", card.id).encode()
        return await search_own_messages(
            self._client,
            card.destination,
            since,
            lambda message: has_button(message, custom_id),
            clock_ahead=self._request_monitor.clock_ahead(self._clock()),
        )

    async def update(self, card: LiveCard) -> PostedCard:
        """Edit the message of a card if its content changed; return what it shows."""
        rendered = self._render(card)
        posted = PostedCard(card.message_id or 0, rendered.digest)
        if rendered.digest == card.content_digest:
            return posted
        message = await self._message(card).edit(
            content=rendered.content or None, embeds=rendered.embeds, view=rendered.view
        )
        return posted._replace(lacks_embed=_lacks_embed(message, rendered))

    async def delete(self, card: LiveCard) -> None:
        """Delete the message of a card."""
        await self._message(card).delete()

    def _render(self, card: LiveCard) -> RenderedCard:
        catalog = catalog_for(card.destination.locale)
        return render_live_card(
            card, catalog, now=self._clock(), may_embed=self._may_embed(card.destination)
        )

    def _may_embed(self, destination: Destination) -> bool | None:
        """Whether the bot may embed in a channel, ``None`` if the gateway has not sent it."""
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


def _lacks_embed(message: discord.Message, rendered: RenderedCard) -> bool:
    return bool(rendered.embeds) and not message.embeds


async def show_as_orphaned(message: discord.Message, custom_id: str, catalog: Catalog) -> None:
    """Edit a message that seems to be a live card to say that it is no longer updated.

    ``custom_id``: of a button under it; a card that has ended meanwhile has none.
    """
    if has_button(await message.fetch(), custom_id):
        await message.edit(content=orphaned_card_text(catalog), embeds=[], view=None)
