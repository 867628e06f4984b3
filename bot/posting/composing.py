"""The message of a delivery: what is said, in the form that Discord did not refuse yet."""

import logging
from dataclasses import replace

import discord

from bot.posting.budget import CONTENT
from bot.posting.embeds import Notice, notice, plain_text, simplified
from bot.posting.evidence import is_bare
from bot.posting.held import held_word
from bot.posting.refusals import reason_of, verdict
from bot.posting.views import keep_watching_view, link_view
from bot.watching.endings import Ending
from bot.watching.records import Delivery, Form, Purpose
from bot.words import words_for

log = logging.getLogger(__name__)


def compose(delivery: Delivery, *, repeat: bool = False) -> Notice:
    """Return the message of a delivery, in the form that Discord did not refuse yet."""
    words = words_for(delivery.place.locale)
    if delivery.purpose is Purpose.WORD:
        return held_word(delivery, words)
    repeat = repeat or delivery.repeat
    full = notice(delivery.task, delivery.ending, delivery.watchers, words, repeat=repeat)
    if delivery.instead_of is not None:
        remark = words.say("notice-instead", place=f"<#{delivery.instead_of}>")
        full = replace(full, content=f"{full.content}\n{remark}"[:CONTENT])
    if delivery.form is Form.SIMPLE:
        return simplified(full)
    return plain_text(full) if delivery.form is Form.PLAIN else full


def view_of(delivery: Delivery, text: Notice) -> discord.ui.View | None:
    """Return the buttons under the message of a delivery."""
    if delivery.ending is Ending.GAVE_UP and delivery.purpose is Purpose.NOTICE:
        label = words_for(delivery.place.locale).say("button-keep-watching")
        return keep_watching_view(delivery.id, label)
    return link_view(text.buttons)


async def completed(message: discord.Message, text: Notice) -> discord.Message:
    """See to it that nothing of ``text`` is missing.

    Without Embed Links, Discord drops embeds in silence; they are written out then. An edit
    mentions nobody again. One that is refused changes nothing about the message, which is posted;
    raises what discord.py raises where it may succeed later.
    """
    if not text.embeds or not is_bare(message, text.content):
        return message
    try:
        return await message.edit(content=plain_text(text).content)
    except discord.HTTPException as error:
        if verdict(error).passing:
            raise
        log.warning("Message %s stays without its embeds: %s", message.id, reason_of(error))
        return message
