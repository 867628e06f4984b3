"""Replies to commands: ephemeral, in as many messages as they need."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import aiohttp
import discord

from bot.i18n.catalog import Catalog
from bot.relay.errors import RelayError
from bot.storage.models import Caller
from bot.ui.error_replies import error_text
from bot.ui.escaping import code_span, truncate
from bot.ui.limits import MAX_CONTENT, MAX_USER_INSTALL_FOLLOW_UPS, whole_lines
from bot.ui.permissions import is_user_install_only, may_post

log = logging.getLogger(__name__)


def caller_of(interaction: discord.Interaction[Any]) -> Caller:
    """Return who sent an interaction, and where."""
    return Caller(interaction.user.id, interaction.guild_id, interaction.channel_id)


class Reply:
    """Sends the first message as the deferred response, and further ones as follow-ups."""

    def __init__(self, interaction: discord.Interaction[Any]) -> None:
        self._interaction = interaction
        self._started = False

    async def send(
        self,
        text: str = "",
        *,
        embeds: Sequence[discord.Embed] = (),
        view: discord.ui.View | None = None,
    ) -> None:
        """Send a text in as many messages as it needs; embeds and view belong to the last one."""
        *before, last = _pieces(text)
        for piece in before:
            await self._send(piece, (), None)
        await self._send(last, embeds, view)

    async def _send(
        self, text: str, embeds: Sequence[discord.Embed], view: discord.ui.View | None
    ) -> None:
        if self._started:
            await self._interaction.followup.send(
                text or discord.utils.MISSING,
                embeds=embeds,
                view=view or discord.utils.MISSING,
                ephemeral=True,
            )
            return
        self._started = True
        await self._interaction.edit_original_response(
            content=text or None, embeds=embeds, view=view
        )


async def confirm_stored(
    interaction: discord.Interaction[Any], text: str, creation_id: int
) -> None:
    """Reply that a request to create is stored; if Discord refuses the reply, only log that.

    No error text may follow: who is told to try again would be charged twice.
    """
    try:
        await Reply(interaction).send(text)
    except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
        log.warning("Confirmation not sent: creation=%d cause=%s", creation_id, error)


def _pieces(text: str) -> Iterator[str]:
    """Yield ``text`` in pieces that a message can hold, each of whole lines; at least one."""
    lines = [truncate(line, MAX_CONTENT) for line in text.split("\n")]
    while lines:
        piece = whole_lines(lines, MAX_CONTENT)
        yield "\n".join(piece)
        lines = lines[len(piece) :]


def refusal_to_post(interaction: discord.Interaction[Any], catalog: Catalog) -> str:
    """Return why a user cannot let the bot post in the channel; empty if they can."""
    if not may_post(interaction.permissions, interaction):
        return catalog.text("reader-may-not-share")
    if not may_post(interaction.app_permissions, interaction):
        return catalog.text("reader-cannot-share")
    return ""


async def post_for_user(
    interaction: discord.Interaction[Any],
    public: Catalog,
    embeds: Sequence[discord.Embed],
    view: discord.ui.View | None,
    confirmation: str,
) -> None:
    """Post embeds in the channel of a deferred interaction, with the name of its user.

    ``public``: the language of the channel. The user reads the ``confirmation``, which has to come
    first: Discord makes the first message after a deferral private. It is deleted if the post
    fails.
    """
    await interaction.edit_original_response(content=confirmation)
    try:
        await interaction.followup.send(
            public.text("reader-shared-by", user=interaction.user.mention),
            embeds=embeds,
            view=view or discord.utils.MISSING,
            allowed_mentions=discord.AllowedMentions.none(),
        )
    except (discord.DiscordException, aiohttp.ClientError, OSError):
        with suppress(discord.DiscordException, aiohttp.ClientError, OSError):
            await interaction.delete_original_response()
        raise


def answerable_ids(
    interaction: discord.Interaction[Any], ids: list[str]
) -> tuple[list[str], list[str]]:
    """Split ids into those that a reply of one message each can show, and the omitted ones."""
    count = MAX_USER_INSTALL_FOLLOW_UPS if is_user_install_only(interaction) else len(ids)
    return ids[:count], ids[count:]


def omitted_ids_text(ids: list[str], catalog: Catalog) -> str:
    """Return the text about the tasks that a reply omits."""
    return catalog.text("answer-too-long", ids=" ".join(map(code_span, ids)))


def missing_task_text(
    task_id: str, error: RelayError | None, catalog: Catalog, *, unlisted: bool
) -> str:
    """Return the reason why a task cannot be shown.

    ``error``: why its look-up failed. ``unlisted``: the relay did not say whether the task exists.
    """
    if error is not None:
        return error_text(error, catalog)
    return unfound_ids_text([task_id], catalog, unlisted=unlisted)


def unfound_ids_text(task_ids: Sequence[str], catalog: Catalog, *, unlisted: bool) -> str:
    """Return the text about ids that the relay does not know, or has not been asked about."""
    key = "status-unlisted" if unlisted else "status-unknown"
    ids = catalog.listed(map(code_span, task_ids))
    return catalog.text(key, count=len(task_ids), ids=ids)
