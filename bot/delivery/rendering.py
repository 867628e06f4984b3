"""Renders deliveries as messages, in the format that Discord has not rejected yet."""

import logging
from dataclasses import replace

import discord

from bot.delivery.discord_errors import Disposition, classify, short_reason
from bot.delivery.duplicate_check import shows_marker_of
from bot.i18n.catalog import Catalog, catalog_for
from bot.storage.models import Delivery, DeliveryPurpose, EndReason, MessageFormat, NoticeStyle
from bot.ui.creation_actions import NO_ACTIONS, CreationActions
from bot.ui.custom_ids import KeepWatchingId
from bot.ui.escaping import sanitize_line
from bot.ui.held_notice import held_notice
from bot.ui.limits import MAX_BUTTONS_IN_ROW, MAX_THREAD_NAME
from bot.ui.notice import Notice, render_notice
from bot.ui.notice_fallbacks import as_plain_text, minimal_notice, without_links
from bot.ui.summary import (
    Summary,
    render_summary,
    summary_as_text,
    summary_headline,
    summary_menu,
)
from bot.ui.views import ActionButton, button_view

FORMATS_WITHOUT_FOREIGN_TEXT = frozenset({MessageFormat.MINIMAL, MessageFormat.BARE})
"""The formats without any text that a relay or a user wrote."""

log = logging.getLogger(__name__)


def render_delivery(
    delivery: Delivery,
    *,
    style: NoticeStyle = NoticeStyle.COMPACT,
    possible_duplicate: bool = False,
    actions: CreationActions = NO_ACTIONS,
) -> Notice:
    """Return the message of a delivery in its format."""
    catalog = catalog_for(delivery.destination.locale)
    if delivery.purpose is DeliveryPurpose.HELD_NOTICE:
        return held_notice(
            delivery, catalog, bare=delivery.message_format is not MessageFormat.FULL
        )
    possible_duplicate = possible_duplicate or delivery.possible_duplicate
    if delivery.is_summary:
        return _render_summary(delivery, catalog, possible_duplicate)
    subject = (delivery.task, delivery.end_reason, delivery.watchers, catalog)
    if delivery.message_format in FORMATS_WITHOUT_FOREIGN_TEXT:
        text = minimal_notice(
            *subject,
            possible_duplicate=possible_duplicate,
            with_id=delivery.message_format is MessageFormat.MINIMAL,
            rejection=delivery.rejection,
        )
    else:
        text = render_notice(
            *subject,
            style=style,
            possible_duplicate=possible_duplicate,
            rejection=delivery.rejection,
            actions=actions,
        )
    text = _with_origin(text, delivery)
    if delivery.message_format is MessageFormat.SIMPLE:
        return without_links(text)
    return as_plain_text(text) if delivery.message_format is MessageFormat.PLAIN else text


def post_title(delivery: Delivery) -> str:
    """Return the title of the post that the message of a delivery begins in a forum."""
    catalog = catalog_for(delivery.destination.locale)
    if delivery.is_summary:
        return summary_headline(delivery.ends, catalog)
    if delivery.message_format in FORMATS_WITHOUT_FOREIGN_TEXT:
        return catalog.text("post-untitled")
    title = sanitize_line(delivery.task.title, limit=MAX_THREAD_NAME)
    return title or catalog.text("post-untitled")


def _render_summary(delivery: Delivery, catalog: Catalog, possible_duplicate: bool) -> Notice:
    summary = Summary(
        delivery.ends,
        delivery.watchers,
        delivery.nonce,
        still_running=delivery.still_running,
        possible_duplicate=possible_duplicate,
        redirected_from=delivery.redirected_from,
    )
    return render_summary(summary, delivery.message_format, catalog)


def _with_origin(notice: Notice, delivery: Delivery) -> Notice:
    """Return ``notice`` with the remark for which channel it was, if it was redirected."""
    if delivery.redirected_from is None:
        return notice
    remark = catalog_for(delivery.destination.locale).text(
        "notice-instead", place=f"<#{delivery.redirected_from}>"
    )
    return replace(notice, content=f"{notice.content}\n{remark}")


def simpler_format(delivery: Delivery) -> MessageFormat | None:
    """Return the format to use after the one that Discord rejected, ``None`` after the last."""
    if delivery.purpose is DeliveryPurpose.HELD_NOTICE:
        return MessageFormat.BARE if delivery.message_format is MessageFormat.FULL else None
    later = list(MessageFormat)[list(MessageFormat).index(delivery.message_format) + 1 :]
    return later[0] if later else None


def formats_tried(delivery: Delivery) -> list[MessageFormat]:
    """Return the formats in which the message of a delivery may have been posted so far."""
    return list(MessageFormat)[: list(MessageFormat).index(delivery.message_format) + 1]


def delivery_view(delivery: Delivery, notice: Notice) -> discord.ui.View | None:
    """Return the buttons or the menu under the message of a delivery."""
    if delivery.is_summary:
        full_format = delivery.message_format is MessageFormat.FULL
        catalog = catalog_for(delivery.destination.locale)
        return summary_menu(delivery.ends, catalog) if full_format else None
    buttons = notice.buttons
    if (
        delivery.end_reason is EndReason.GAVE_UP
        and delivery.purpose is DeliveryPurpose.NOTICE
        and delivery.message_format not in FORMATS_WITHOUT_FOREIGN_TEXT
    ):
        label = catalog_for(delivery.destination.locale).text("button-keep-watching")
        keep_watching = ActionButton(label, KeepWatchingId(delivery.id).encode())
        buttons = (*buttons[: MAX_BUTTONS_IN_ROW - 1], keep_watching)
    return button_view(buttons)


async def ensure_complete(
    message: discord.Message, notice: Notice, delivery: Delivery
) -> discord.Message:
    """Complete a posted message if Discord dropped its embeds; return the message.

    Without the permission Embed Links, Discord drops embeds silently; then the message is edited
    to contain their text. If that text is rejected, it names the id with which the rest can be
    requested. An edit mentions nobody again, and the message stays as posted if the edit is
    rejected. Raises what discord.py raises if the edit may succeed later.
    """
    if not notice.embeds or message.embeds or shows_marker_of(message, delivery):
        return message
    catalog = catalog_for(delivery.destination.locale)
    possible_duplicate = catalog.text("notice-possible-duplicate") in notice.content
    minimal = render_delivery(
        replace(delivery, message_format=MessageFormat.MINIMAL),
        possible_duplicate=possible_duplicate,
    )
    as_text = summary_as_text if delivery.is_summary else as_plain_text
    for content in (as_text(notice).content, minimal.content):
        try:
            return await message.edit(content=content)
        except discord.HTTPException as error:
            if classify(error).is_transient:
                raise
            cause = short_reason(error)
            log.warning("Embeds not written out: message=%s cause=%s", message.id, cause)
            if classify(error).disposition is not Disposition.SIMPLIFY:
                break
    return message
