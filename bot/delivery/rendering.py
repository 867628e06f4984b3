"""The message of a delivery: what is said, in the form that Discord did not refuse yet."""

import logging
from dataclasses import replace

import discord

from bot.delivery.discord_errors import Disposition, classify, short_reason
from bot.delivery.duplicate_check import lacks_embeds
from bot.i18n.catalog import catalog_for
from bot.storage.models import Delivery, DeliveryPurpose, EndReason, MessageFormat
from bot.ui.held_notice import held_notice
from bot.ui.limits import MAX_CONTENT
from bot.ui.minimal_notice import minimal_notice
from bot.ui.notice import Notice, as_plain_text, render_notice, without_links
from bot.ui.views import keep_watching_view, link_view

FORMS_WITHOUT_FOREIGN_TEXT = frozenset({MessageFormat.MINIMAL, MessageFormat.BARE})
"""The forms that hold nothing which a relay or a person wrote."""

log = logging.getLogger(__name__)


def render_delivery(delivery: Delivery, *, possible_duplicate: bool = False) -> Notice:
    """Return the message of a delivery, in the form that Discord did not refuse yet."""
    catalog = catalog_for(delivery.destination.locale)
    if delivery.purpose is DeliveryPurpose.HELD_NOTICE:
        return held_notice(
            delivery, catalog, bare=delivery.message_format is not MessageFormat.FULL
        )
    possible_duplicate = possible_duplicate or delivery.possible_duplicate
    about = (delivery.task, delivery.end_reason, delivery.watchers, catalog)
    if delivery.message_format in FORMS_WITHOUT_FOREIGN_TEXT:
        text = minimal_notice(
            *about,
            possible_duplicate=possible_duplicate,
            with_id=delivery.message_format is MessageFormat.MINIMAL,
        )
    else:
        text = render_notice(*about, possible_duplicate=possible_duplicate)
    if delivery.redirected_from is not None:
        remark = catalog.text("notice-instead", place=f"<#{delivery.redirected_from}>")
        text = replace(text, content=f"{text.content}\n{remark}"[:MAX_CONTENT])
    if delivery.message_format is MessageFormat.SIMPLE:
        return without_links(text)
    return as_plain_text(text) if delivery.message_format is MessageFormat.PLAIN else text


def simpler_form(delivery: Delivery) -> MessageFormat | None:
    """Return the form to try after the one that Discord refused, ``None`` after the last."""
    if delivery.purpose is DeliveryPurpose.HELD_NOTICE:
        return MessageFormat.BARE if delivery.message_format is MessageFormat.FULL else None
    later = list(MessageFormat)[list(MessageFormat).index(delivery.message_format) + 1 :]
    return later[0] if later else None


def delivery_view(delivery: Delivery, text: Notice) -> discord.ui.View | None:
    """Return the buttons under the message of a delivery."""
    whole = (
        delivery.purpose is DeliveryPurpose.NOTICE
        and delivery.message_format not in FORMS_WITHOUT_FOREIGN_TEXT
    )
    if delivery.end_reason is EndReason.GAVE_UP and whole:
        label = catalog_for(delivery.destination.locale).text("button-keep-watching")
        return keep_watching_view(delivery.id, label)
    return link_view(text.buttons)


async def ensure_complete(
    message: discord.Message, text: Notice, delivery: Delivery
) -> discord.Message:
    """See to it that nothing of ``text`` is missing.

    Without Embed Links, Discord drops embeds in silence; they are written out then. Where their
    texts are refused, the message says by which id the rest can be asked for. An edit mentions
    nobody again. One that is refused changes nothing about the message, which is posted; raises
    what discord.py raises where it may succeed later.
    """
    if not text.embeds or not lacks_embeds(message, text.content):
        return message
    catalog = catalog_for(delivery.destination.locale)
    possible_duplicate = catalog.text("notice-repeat") in text.content
    least = render_delivery(
        replace(delivery, message_format=MessageFormat.MINIMAL),
        possible_duplicate=possible_duplicate,
    )
    for content in (as_plain_text(text).content, least.content):
        try:
            return await message.edit(content=content)
        except discord.HTTPException as error:
            if classify(error).passing:
                raise
            log.warning("Message %s stays without its embeds: %s", message.id, short_reason(error))
            if classify(error).meaning is not Disposition.SIMPLIFY:
                break
    return message
