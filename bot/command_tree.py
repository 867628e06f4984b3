"""What a command that failed answers."""

import logging
from typing import TYPE_CHECKING

import aiohttp
import discord
from discord import app_commands

from bot.posting.replies import explain
from bot.suno.errors import SunoError
from bot.watching.errors import WatchError
from bot.words import words_for

if TYPE_CHECKING:
    from bot.discord_bot import SunoBot

log = logging.getLogger(__name__)


EVERYWHERE = app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True)
FOR_ALL = app_commands.AppInstallationType(guild=True, user=True)
"""A person may bring the bot along to where it is not a member."""


class CommandTree(app_commands.CommandTree["SunoBot"]):
    """The commands; whatever one of them raises is answered with a sentence."""

    def __init__(self, client: "SunoBot") -> None:
        super().__init__(client, allowed_contexts=EVERYWHERE, allowed_installs=FOR_ALL)

    async def on_error(
        self, interaction: discord.Interaction["SunoBot"], error: app_commands.AppCommandError
    ) -> None:
        """Tell the person what happened and what to do; the log gets what we did not expect."""
        cause = error.original if isinstance(error, app_commands.CommandInvokeError) else error
        if isinstance(cause, discord.NotFound) and cause.code in _TOO_LATE:
            log.warning("An answer came too late for %s", _name(interaction))
            return
        if interaction.client.is_closed():
            log.info("The bot stops; %s is not answered", _name(interaction))
            return
        if isinstance(cause, aiohttp.ClientError | OSError):
            log.warning("An answer of %s was cut off: %s", _name(interaction), cause)
        elif not isinstance(cause, SunoError | WatchError):
            log.error("%s failed", _name(interaction), exc_info=cause)
        try:
            await answer(interaction, explain(cause, words_for(interaction.locale.value)))
        except (discord.DiscordException, aiohttp.ClientError, OSError) as refusal:
            log.warning("Discord took no answer for %s: %s", _name(interaction), refusal)


_TOO_LATE = {10015, 10062, 50027}
"""Unknown webhook, unknown interaction, invalid webhook token: the interaction is over."""


async def answer(interaction: discord.Interaction["SunoBot"], text: str) -> None:
    """Say something to one person only, whether or not the command was acknowledged before."""
    if interaction.response.is_done():
        await interaction.edit_original_response(content=text, embeds=[], view=None)
    else:
        await interaction.response.send_message(text, ephemeral=True)


def _name(interaction: discord.Interaction["SunoBot"]) -> str:
    command = interaction.command
    return f"/{command.qualified_name}" if command else str(interaction.type)
