"""What a command that failed answers."""

from typing import TYPE_CHECKING

import discord
from discord import app_commands

from bot.ui.error_replies import tell_failure

if TYPE_CHECKING:
    from bot.client import SunoBot

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
        """Tell the person what happened and what to do."""
        cause = error.original if isinstance(error, app_commands.CommandInvokeError) else error
        await tell_failure(interaction, cause)
