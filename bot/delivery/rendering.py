"""The message of a delivery: what is said, in the form that Discord did not refuse yet."""

import logging
from dataclasses import replace

import discord

from bot.delivery.discord_errors import Disposition, classify, reason_of
from bot.delivery.duplicate_check import is_bare
from bot.i18n.catalog import catalog_for
from bot.storage.models import Delivery, EndReason, Form, Purpose
from bot.ui.components import keep_watching_view, link_view
from bot.ui.held_notice import held_word
from bot.ui.limits import CONTENT
from bot.ui.minimal_notice import minimal
from bot.ui.notice import Notice, notice, plain_text, simplified

OWN_WORDS = frozenset({Form.MINIMAL, Form.BARE})
"""The forms that hold nothing which a relay or a person wrote."""

log = logging.getLogger(__name__)


def compose(delivery: Delivery, *, repeat: bool = False) -> Notice:
    """Return the message of a delivery, in the form that Discord did not refuse yet."""
    catalog = catalog_for(delivery.place.locale)
    if delivery.purpose is Purpose.WORD:
        return held_word(delivery, catalog, bare=delivery.form is not Form.FULL)
    repeat = repeat or delivery.repeat
    about = (delivery.task, delivery.ending, delivery.watchers, catalog)
    if delivery.form in OWN_WORDS:
        text = minimal(*about, repeat=repeat, with_id=delivery.form is Form.MINIMAL)
    else:
        text = notice(*about, repeat=repeat)
    if delivery.instead_of is not None:
        remark = catalog.text("notice-instead", place=f"<#{delivery.instead_of}>")
        text = replace(text, content=f"{text.content}\n{remark}"[:CONTENT])
    if delivery.form is Form.SIMPLE:
        return simplified(text)
    return plain_text(text) if delivery.form is Form.PLAIN else text


def simpler(delivery: Delivery) -> Form | None:
    """Return the form to try after the one that Discord refused, ``None`` after the last."""
    if delivery.purpose is Purpose.WORD:
        return Form.BARE if delivery.form is Form.FULL else None
    later = list(Form)[list(Form).index(delivery.form) + 1 :]
    return later[0] if later else None


def view_of(delivery: Delivery, text: Notice) -> discord.ui.View | None:
    """Return the buttons under the message of a delivery."""
    whole = delivery.purpose is Purpose.NOTICE and delivery.form not in OWN_WORDS
    if delivery.ending is EndReason.GAVE_UP and whole:
        label = catalog_for(delivery.place.locale).text("button-keep-watching")
        return keep_watching_view(delivery.id, label)
    return link_view(text.buttons)


async def completed(message: discord.Message, text: Notice, delivery: Delivery) -> discord.Message:
    """See to it that nothing of ``text`` is missing.

    Without Embed Links, Discord drops embeds in silence; they are written out then. Where their
    texts are refused, the message says by which id the rest can be asked for. An edit mentions
    nobody again. One that is refused changes nothing about the message, which is posted; raises
    what discord.py raises where it may succeed later.
    """
    if not text.embeds or not is_bare(message, text.content):
        return message
    catalog = catalog_for(delivery.place.locale)
    repeat = catalog.text("notice-repeat") in text.content
    least = compose(replace(delivery, form=Form.MINIMAL), repeat=repeat)
    for content in (plain_text(text).content, least.content):
        try:
            return await message.edit(content=content)
        except discord.HTTPException as error:
            if classify(error).passing:
                raise
            log.warning("Message %s stays without its embeds: %s", message.id, reason_of(error))
            if classify(error).meaning is not Disposition.MEND:
                break
    return message
