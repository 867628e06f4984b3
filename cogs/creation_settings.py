"""The command ``/suno-settings create``, and the components of its panel."""

from collections.abc import Mapping
from typing import Any

import discord

from bot.client import SunoBot
from bot.creation.service import CreationService
from bot.i18n.catalog import catalog_for
from bot.storage.models import ServerSettings
from bot.storage.server_settings import ServerSettingsStore
from bot.ui.creation_settings import (
    PRICE,
    CreationSettingsView,
    creation_changes,
    creation_overview,
    creation_page,
    creation_roles_problem,
    default_changes,
    price_modal,
)
from bot.ui.custom_ids import (
    CreationDefaultId,
    CreationPriceModalId,
    CreationSettingId,
    CreationSettingsButtonId,
    CreationSettingsMenuId,
)
from bot.ui.escaping import sanitize
from bot.ui.panels import Panel
from bot.ui.permissions import manages_server
from bot.ui.persistent_items import persistent_item, selected_values
from bot.ui.persistent_modals import persistent_modal
from bot.ui.suno_cog import SunoCog, subcommand

Interaction = discord.Interaction[SunoBot]


class CreationSettings(SunoCog):
    """The command for users who may manage a server, and its panel."""

    def __init__(
        self, bot: SunoBot, *, creations: CreationService, settings: ServerSettingsStore
    ) -> None:
        super().__init__(
            bot,
            settings_subcommands=[subcommand("create", self.show, "create-settings-command")],
            items=[
                persistent_item(CreationSettingId, self.change_setting),
                persistent_item(CreationSettingsMenuId, self.choose_page),
                persistent_item(CreationSettingsButtonId, self.press),
                persistent_item(CreationDefaultId, self.set_default),
            ],
            modals=[persistent_modal(CreationPriceModalId, self.set_price)],
        )
        self._creations = creations
        self._settings = settings

    async def show(self, interaction: Interaction) -> None:
        """Show the settings, with the components that change them."""
        await interaction.response.defer(ephemeral=True)
        await _show(interaction, creation_overview(await self._view(interaction)))

    async def choose_page(self, interaction: Interaction, _: CreationSettingsMenuId) -> None:
        """Open the page of the setting that was chosen."""
        if await _may_change(interaction):
            await interaction.response.defer()
            (name,) = selected_values(interaction)
            await _show(interaction, creation_page(name, await self._view(interaction)))

    async def press(self, interaction: Interaction, custom_id: CreationSettingsButtonId) -> None:
        """Turn creation on or off, go back to the overview, or open the modal for the price."""
        if not await _may_change(interaction):
            return
        if custom_id.action == "price":
            settings = await self._settings.of(interaction.guild_id)
            modal = price_modal(settings, catalog_for(interaction.locale.value))
            await interaction.response.send_modal(modal)
            return
        await interaction.response.defer()
        if custom_id.action == "overview":
            await _show(interaction, creation_overview(await self._view(interaction)))
            return
        if custom_id.action == "on":
            await self._change(interaction, {"creation": True}, "create-settings-switched-on")
        else:
            await self._switch_off(interaction)

    async def change_setting(self, interaction: Interaction, custom_id: CreationSettingId) -> None:
        """Change a setting to what was chosen, unless that cannot work."""
        if not await _may_change(interaction):
            return
        await interaction.response.defer()
        view, values = await self._view(interaction), selected_values(interaction)
        if custom_id.name == "roles":
            problem = creation_roles_problem(view, tuple(map(int, values)))
            if problem:
                problem = f"{problem}\n{view.catalog.text('settings-not-saved')}"
                await _show(interaction, creation_page("roles", view, problem))
                return
        changes = creation_changes(custom_id.name, values, view.settings)
        await self._change(interaction, changes, "settings-saved")

    async def set_default(self, interaction: Interaction, custom_id: CreationDefaultId) -> None:
        """Set a setting to its default."""
        if await _may_change(interaction):
            await interaction.response.defer()
            await self._change(interaction, default_changes(custom_id.name), "settings-saved")

    async def set_price(
        self, interaction: Interaction, _: CreationPriceModalId, values: Mapping[str, str]
    ) -> None:
        """Store what is shown as the price."""
        if await _may_change(interaction):
            await interaction.response.defer()
            changes = {"creation_price": " ".join(sanitize(values.get(PRICE, "")).split())}
            await self._change(interaction, changes, "settings-saved")

    async def _switch_off(self, interaction: Interaction) -> None:
        assert interaction.guild_id is not None  # noqa: S101 # only those in a server may change it
        await self._creations.switch_off(interaction.guild_id)
        view = await self._view(interaction)
        remark = view.catalog.text("create-settings-switched-off")
        await _show(interaction, creation_overview(view, remark))

    async def _change(
        self, interaction: Interaction, changes: Mapping[str, Any], remark: str
    ) -> None:
        assert interaction.guild_id is not None  # noqa: S101 # only those in a server may change it
        settings = await self._settings.change(interaction.guild_id, **changes)
        view = await self._view(interaction, settings)
        await _show(interaction, creation_overview(view, view.catalog.text(remark)))

    async def _view(
        self, interaction: Interaction, settings: ServerSettings | None = None
    ) -> CreationSettingsView:
        assert interaction.guild_id is not None  # noqa: S101 # the panel is a server's
        models = await self._creations.models_of_server(interaction.guild_id)
        return CreationSettingsView(
            settings or await self._settings.of(interaction.guild_id),
            models or (),
            models is not None,
            interaction.guild,
            catalog_for(interaction.locale.value),
        )


async def _may_change(interaction: Interaction) -> bool:
    """Return whether a user may change the settings, else tell them.

    Permissions may have changed since the panel was opened, so they are checked each time.
    """
    if interaction.guild_id is not None and manages_server(interaction):
        return True
    text = catalog_for(interaction.locale.value).text("settings-not-yours")
    await interaction.response.send_message(text, ephemeral=True)
    return False


async def _show(interaction: Interaction, panel: Panel) -> None:
    await interaction.edit_original_response(embed=panel.embed, view=panel.view)


async def setup(bot: SunoBot) -> None:
    """Add the cog; discord.py calls this."""
    services = bot.services
    cog = CreationSettings(bot, creations=services.creations, settings=services.server_settings)
    await bot.add_cog(cog)
