"""Someone asks what the bot is for: the few things one types, and how to invite it."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import SunoBot
from bot.i18n.catalog import Catalog, catalog_for
from bot.i18n.translator import localized
from bot.ui.components import LinkButton, link_view
from bot.ui.permissions import invite_link
from bot.ui.songs import RUNNING_COLOUR

Interaction = discord.Interaction[SunoBot]

_TYPED = ("watch", "status", "lyrics", "list", "history")
"""What one types, in the order of use."""


class Help(commands.Cog):
    """``/suno help``."""

    def __init__(self, bot: SunoBot) -> None:
        self._group = bot.suno_group

    async def cog_load(self) -> None:
        """Add the command."""
        self._group.add_command(
            app_commands.Command(
                name=localized("command-help-name"),
                description=localized("command-help"),
                callback=self.help,
            )
        )

    async def cog_unload(self) -> None:
        """Take it away again."""
        self._group.remove_command("help")

    async def help(self, interaction: Interaction) -> None:
        """Explain the bot to one person."""
        catalog = catalog_for(interaction.locale.value)
        invite = LinkButton(catalog.text("help-invite"), invite_link(interaction.application_id))
        await interaction.response.send_message(
            embed=_explanation(catalog),
            view=link_view([invite]) or discord.utils.MISSING,
            ephemeral=True,
        )


def _explanation(catalog: Catalog) -> discord.Embed:
    typed = "\n".join(catalog.text(f"help-{name}") for name in _TYPED)
    return discord.Embed(
        title=catalog.text("help-title"),
        description=f"{catalog.text('help-what')}\n\n{typed}\n\n{catalog.text('help-more')}",
        colour=RUNNING_COLOUR,
    )


async def setup(bot: SunoBot) -> None:
    """Add the cog; discord.py calls this."""
    await bot.add_cog(Help(bot))
