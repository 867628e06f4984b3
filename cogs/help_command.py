"""The command ``/suno help``: explains the bot, its commands, and how to invite it."""

import discord

from bot.client import SunoBot
from bot.i18n.catalog import Catalog, catalog_for
from bot.ui.permissions import invite_link
from bot.ui.suno_cog import SunoCog, subcommand
from bot.ui.task_text import RUNNING_COLOUR
from bot.ui.views import LinkButton, button_view

Interaction = discord.Interaction[SunoBot]

_EXPLAINED_COMMANDS = ("create", "watch", "status", "lyrics", "list", "history")
"""In the order of use."""


class HelpCommand(SunoCog):
    """``/suno help``."""

    def __init__(self, bot: SunoBot, *, has_accounts: bool) -> None:
        """``has_accounts``: whether people can connect a relay."""
        super().__init__(bot, subcommands=[subcommand("help", self.help)])
        self._has_accounts = has_accounts

    async def help(self, interaction: Interaction) -> None:
        """Reply with an explanation of the bot."""
        catalog = catalog_for(interaction.locale.value)
        invite = LinkButton(catalog.text("help-invite"), invite_link(interaction.application_id))
        await interaction.response.send_message(
            embed=_help_embed(catalog, has_accounts=self._has_accounts),
            view=button_view([invite]) or discord.utils.MISSING,
            ephemeral=True,
        )


def _help_embed(catalog: Catalog, *, has_accounts: bool) -> discord.Embed:
    names = [*_EXPLAINED_COMMANDS, *(["account"] if has_accounts else [])]
    explained = "\n".join(catalog.text(f"help-{name}") for name in names)
    return discord.Embed(
        title=catalog.text("help-title"),
        description=f"{catalog.text('help-what')}\n\n{explained}\n\n{catalog.text('help-more')}",
        colour=RUNNING_COLOUR,
    )


async def setup(bot: SunoBot) -> None:
    """Add the cog; discord.py calls this."""
    await bot.add_cog(HelpCommand(bot, has_accounts=bot.services.accounts.is_enabled))
