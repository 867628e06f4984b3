"""The command ``/suno language``: lets people choose the language of the answers to them."""

import discord

from bot.client import SunoBot
from bot.i18n.catalog import catalog_for
from bot.storage.user_settings import UserSettingsStore
from bot.ui.custom_ids import LanguageMenuId
from bot.ui.language_menu import chosen_language, language_menu, language_text
from bot.ui.persistent_items import persistent_item, selected_values
from bot.ui.suno_cog import SunoCog, subcommand

Interaction = discord.Interaction[SunoBot]


class LanguageCommand(SunoCog):
    """``/suno language`` and the menu in its answer."""

    def __init__(self, bot: SunoBot, *, user_settings: UserSettingsStore) -> None:
        super().__init__(
            bot,
            subcommands=[subcommand("language", self.language)],
            items=[persistent_item(LanguageMenuId, self.choose)],
        )
        self._user_settings = user_settings

    async def language(self, interaction: Interaction) -> None:
        """Show the languages to choose from."""
        catalog = catalog_for(interaction.locale.value)
        current = self._user_settings.languages.get(interaction.user.id)
        await interaction.response.send_message(
            catalog.text("language-question"), view=language_menu(current, catalog), ephemeral=True
        )

    async def choose(self, interaction: Interaction, _: LanguageMenuId) -> None:
        """Store the chosen language, and say so in it."""
        await interaction.response.defer()
        (value,) = selected_values(interaction)
        language = chosen_language(value)
        await self._user_settings.set_language(interaction.user.id, language)
        catalog = catalog_for(language or interaction.locale.value)
        await interaction.edit_original_response(
            content=language_text(language, catalog), view=language_menu(language, catalog)
        )


async def setup(bot: SunoBot) -> None:
    """Add the cog; discord.py calls this."""
    await bot.add_cog(LanguageCommand(bot, user_settings=bot.services.user_settings))
