"""What a person is told when a command or a button fails, and what the log gets."""

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

_TOO_LATE = {10015, 10062, 50027}
"""Unknown webhook, unknown interaction, invalid webhook token: the interaction is over."""


async def reply_with_error(interaction: discord.Interaction[Any], error: Exception) -> None:
    """Tell the person what happened and what to do; the log gets what we did not expect."""
    name = _name(interaction)
    if isinstance(error, discord.NotFound) and error.code in _TOO_LATE:
        log.warning("An answer came too late for %s", name)
        return
    if interaction.client.is_closed():
        log.info("The bot stops; %s is not answered", name)
        return
    if isinstance(error, aiohttp.ClientError | OSError):
        log.warning("An answer of %s was cut off: %s", name, error)
    elif not isinstance(error, RelayError | WatchError | discord.app_commands.TransformerError):
        log.error("%s failed", name, exc_info=error)
    try:
        await _answer(interaction, _explained(interaction, error))
    except (discord.DiscordException, aiohttp.ClientError, OSError) as refusal:
        log.warning("Discord took no answer for %s: %s", name, refusal)


def _explained(interaction: discord.Interaction[Any], error: Exception) -> str:
    catalog = catalog_for(interaction.locale.value)
    if isinstance(error, discord.app_commands.TransformerError) and is_guest(interaction):
        return catalog.text("watch-only-for-you")  # nothing is known of its channels, nor will be
    return error_text(error, catalog)


async def _answer(interaction: discord.Interaction[Any], text: str) -> None:
    """Say something to one person only, whether or not it was acknowledged before.

    The message under which a button stands is left as it is.
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
