"""Explains errors of commands and components to their user, and logs the unexpected ones."""

import logging
from datetime import datetime
from typing import Any

import aiohttp
import discord

from bot.i18n.catalog import Catalog, catalog_for
from bot.relay.errors import RelayError
from bot.storage.database_errors import DatabaseUncertain, DatabaseUnreachable
from bot.storage.errors import WatchError
from bot.ui.escaping import code_span
from bot.ui.permissions import is_guest

log = logging.getLogger(__name__)

_EXPIRED = {10015, 10062, 50027}
"""Unknown webhook, unknown interaction, invalid webhook token: the interaction has expired."""
MAX_QUOTE = 60
"""Code points: how much of a user's input an error text repeats."""


def error_text(error: Exception, catalog: Catalog) -> str:
    """Return the localised text of an error; it never contains the message of an exception."""
    if isinstance(error, RelayError):
        return catalog.text(f"relay-error-{error.kind.value.replace('_', '-')}")
    if isinstance(error, WatchError):
        return catalog.text(error.key, **_safe_values(error))
    if isinstance(error, discord.app_commands.TransformerError):
        return catalog.text("error-option")
    if isinstance(error, DatabaseUncertain):
        return catalog.text("error-uncertain")
    return catalog.text("error-unexpected")


async def reply_with_error(interaction: discord.Interaction[Any], error: Exception) -> None:
    """Reply with the text of an error; log the error if it is unexpected."""
    name = _log_name(interaction)
    if isinstance(error, discord.NotFound) and error.code in _EXPIRED:
        log.warning("Interaction expired before the reply: interaction=%s", name)
        return
    log_unexpected(interaction, error)
    if interaction.client.is_closed():
        return
    try:
        await _reply(interaction, _error_text_for(interaction, error))
    except (discord.DiscordException, aiohttp.ClientError, OSError) as reply_error:
        log.warning("Error reply not sent: interaction=%s cause=%s", name, reply_error)


def log_unexpected(interaction: discord.Interaction[Any], error: Exception) -> None:
    """Log an error, unless its text tells the user all that there is to know, or the bot stops."""
    name = _log_name(interaction)
    if interaction.client.is_closed():
        log.info("Shutdown, interaction not answered: interaction=%s", name)
    elif isinstance(error, aiohttp.ClientError | OSError):
        log.warning("Reply interrupted: interaction=%s cause=%s", name, error)
    elif isinstance(error, DatabaseUnreachable):
        log.error("Interaction failed: interaction=%s cause=%s", name, error)
    elif not isinstance(error, RelayError | WatchError | discord.app_commands.TransformerError):
        log.error("Interaction failed: interaction=%s", name, exc_info=error)


def _safe_values(error: WatchError) -> dict[str, str | int]:
    """Return the values of an error's text, with the user's input escaped."""
    return {name: _safe_value(value) for name, value in error.values.items()}


def _safe_value(value: str | int | datetime) -> str | int:
    if isinstance(value, datetime):
        return discord.utils.format_dt(value, "R")
    return code_span(value, limit=MAX_QUOTE) if isinstance(value, str) else value


def _error_text_for(interaction: discord.Interaction[Any], error: Exception) -> str:
    catalog = catalog_for(interaction.locale.value)
    if isinstance(error, discord.app_commands.TransformerError) and is_guest(interaction):
        return catalog.text("watch-only-for-you")  # the bot cannot see the channels there
    return error_text(error, catalog)


async def _reply(interaction: discord.Interaction[Any], text: str) -> None:
    """Send an ephemeral reply, whether or not the interaction was acknowledged before.

    The message that a component belongs to is not changed.
    """
    if not interaction.response.is_done():
        await interaction.response.send_message(text, ephemeral=True)
    elif interaction.type is discord.InteractionType.component:
        await interaction.followup.send(text, ephemeral=True)
    else:
        await interaction.edit_original_response(content=text, embeds=[], view=None)


def _log_name(interaction: discord.Interaction[Any]) -> str:
    """Return how the log calls an interaction."""
    if interaction.command:
        return f"/{interaction.command.qualified_name}"
    return str(interaction.type)
