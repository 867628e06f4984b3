"""Replies to a command or a component that failed, and logs unexpected errors."""

import logging
from typing import Any

import aiohttp
import discord

from bot.i18n.catalog import catalog_for
from bot.relay.errors import RelayError
from bot.storage.errors import WatchError
from bot.ui.error_texts import error_text
from bot.ui.permissions import is_guest

log = logging.getLogger(__name__)

_EXPIRED = {10015, 10062, 50027}
"""Unknown webhook, unknown interaction, invalid webhook token: the interaction has expired."""


async def reply_with_error(interaction: discord.Interaction[Any], error: Exception) -> None:
    """Tell the person what happened and what to do; log unexpected errors."""
    name = _name(interaction)
    if isinstance(error, discord.NotFound) and error.code in _EXPIRED:
        log.warning("Interaction expired before the reply: interaction=%s", name)
        return
    if interaction.client.is_closed():
        log.info("Shutdown, interaction not answered: interaction=%s", name)
        return
    if isinstance(error, aiohttp.ClientError | OSError):
        log.warning("Reply interrupted: interaction=%s cause=%s", name, error)
    elif not isinstance(error, RelayError | WatchError | discord.app_commands.TransformerError):
        log.error("Interaction failed: interaction=%s", name, exc_info=error)
    try:
        await _reply(interaction, _explained(interaction, error))
    except (discord.DiscordException, aiohttp.ClientError, OSError) as refusal:
        log.warning("Error reply not sent: interaction=%s cause=%s", name, refusal)


def _explained(interaction: discord.Interaction[Any], error: Exception) -> str:
    catalog = catalog_for(interaction.locale.value)
    if isinstance(error, discord.app_commands.TransformerError) and is_guest(interaction):
        return catalog.text("watch-only-for-you")  # the bot knows no channel there
    return error_text(error, catalog)


async def _reply(interaction: discord.Interaction[Any], text: str) -> None:
    """Reply to one person only, whether or not the interaction was acknowledged before.

    The message that a component belongs to is not changed.
    """
    if not interaction.response.is_done():
        await interaction.response.send_message(text, ephemeral=True)
    elif interaction.type is discord.InteractionType.component:
        await interaction.followup.send(text, ephemeral=True)
    else:
        await interaction.edit_original_response(content=text, embeds=[], view=None)


def _name(interaction: discord.Interaction[Any]) -> str:
    if interaction.command:
        return f"/{interaction.command.qualified_name}"
    return str(interaction.type)
