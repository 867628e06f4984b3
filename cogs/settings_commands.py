"""The commands ``/suno-settings``, and the components of the settings panel."""

from collections.abc import Mapping, Sequence
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import SunoBot
from bot.i18n.catalog import catalog_for
from bot.i18n.translator import localized
from bot.storage.limits import WatchLimits
from bot.storage.models import MentionSetting, ServerSettings
from bot.storage.server_settings import ServerSettingsStore
from bot.ui.custom_ids import SettingId
from bot.ui.health_panel import ServerHealth, health_embed
from bot.ui.permissions import invite_link, manages_server
from bot.ui.persistent_items import persistent_item, selected_values
from bot.ui.replies import Reply
from bot.ui.settings_panel import LANGUAGES, settings_embed, settings_view, watch_limit_choices
from bot.watches.watchlist import Watchlist

Interaction = discord.Interaction[SunoBot]


class SettingsCommands(
    commands.GroupCog,
    group_name=localized("command-settings-name"),
    group_description=localized("command-settings"),
):
    """The commands for users who may manage a server, and the panel of settings."""

    def __init__(
        self,
        bot: SunoBot,
        *,
        settings: ServerSettingsStore,
        limits: WatchLimits,
        watchlist: Watchlist,
        last_tick_at: Mapping[str, float],
    ) -> None:
        self._bot = bot
        self._settings = settings
        self._limits = limits
        self._watchlist = watchlist
        self._last_tick_at = last_tick_at
        self._item = persistent_item(SettingId, self.change_setting)

    async def cog_load(self) -> None:
        """Register the components of the panel, also those in messages of earlier runs."""
        self._bot.add_dynamic_items(self._item)

    async def cog_unload(self) -> None:
        """Remove the components of the panel."""
        self._bot.remove_dynamic_items(self._item)

    @app_commands.command(
        name=localized("command-panel-name"), description=localized("command-panel")
    )
    async def show(self, interaction: Interaction) -> None:
        """Show the settings, with the components that change them."""
        await interaction.response.defer(ephemeral=True)
        await self._show_panel(interaction, await self._settings.of(interaction.guild_id))

    @app_commands.command(
        name=localized("command-reset-name"), description=localized("command-reset")
    )
    async def reset(self, interaction: Interaction) -> None:
        """Reset all settings of the server."""
        await interaction.response.defer(ephemeral=True)
        if interaction.guild_id is not None:
            await self._settings.reset(interaction.guild_id)
        text = catalog_for(interaction.locale.value).text("settings-reset-done")
        await Reply(interaction).send(text)

    @app_commands.command(
        name=localized("command-health-name"), description=localized("command-health")
    )
    async def health(self, interaction: Interaction) -> None:
        """Show the health of the bot in this server."""
        await interaction.response.defer(ephemeral=True)
        guild, relay = interaction.guild, self._watchlist.circuit_status
        assert guild is not None  # noqa: S101 # the command is available only in servers
        health = ServerHealth(
            relay_open_until=relay.open_until,
            relay_last_success_at=relay.last_success_at,
            last_tick_at=self._last_tick_at,
            usage=await self._settings.usage(guild.id),
            invite=invite_link(interaction.application_id),
        )
        embed = health_embed(health, guild, catalog_for(interaction.locale.value))
        await Reply(interaction).send(embeds=[embed])

    async def change_setting(self, interaction: Interaction, custom_id: SettingId) -> None:
        """Change a setting of the server, or reset them all, and update the panel.

        Permissions may have changed since the panel was opened, so they are checked again.
        """
        await interaction.response.defer()
        if interaction.guild_id is None or not manages_server(interaction):
            text = catalog_for(interaction.locale.value).text("settings-not-yours")
            await interaction.followup.send(text, ephemeral=True)
            return
        if custom_id.name == "reset":
            await self._settings.reset(interaction.guild_id)
            settings = ServerSettings()
        else:
            current = await self._settings.of(interaction.guild_id)
            limits = watch_limit_choices(self._limits.watches_per_user)
            values = selected_values(interaction)
            changes = _changes(custom_id.name, values, current, limits)
            settings = await self._settings.change(interaction.guild_id, **changes)
        await self._show_panel(interaction, settings)

    async def _show_panel(self, interaction: Interaction, settings: ServerSettings) -> None:
        catalog = catalog_for(interaction.locale.value)
        await interaction.edit_original_response(
            embed=settings_embed(settings, self._limits.watches_per_user, catalog),
            view=settings_view(settings, catalog),
        )


def _changes(
    name: str, values: Sequence[str], current: ServerSettings, limits: Sequence[int | None]
) -> dict[str, Any]:
    """Return the new values of the settings that a component changes.

    A menu sets the chosen value; a button sets the next one. Choosing a role to mention also turns
    its mention on.
    """
    if name == "uploads":
        return {"uploads": not current.uploads}
    if name == "language":
        return {"language": _next(LANGUAGES, current.language)}
    if name == "limit":
        return {"watches_of_a_person": _next(limits, current.watches_of_a_person)}
    if name == "mention":
        return {"mention": MentionSetting(values[0])}
    ids = tuple(map(int, values))
    first = ids[0] if ids else None
    if name == "channel":
        return {"channel_id": first}
    if name == "roles":
        return {"roles": ids}
    mention = MentionSetting.ROLE if ids else MentionSetting.WATCHERS
    return {"mention": mention, "mention_role_id": first}


def _next(values: Sequence[Any], value: object) -> Any:
    """Return the value after ``value``, the first after the last and for one not among them."""
    return values[(values.index(value) + 1) % len(values)] if value in values else values[0]


async def setup(bot: SunoBot) -> None:
    """Add the cog; discord.py calls this."""
    services = bot.services
    cog = SettingsCommands(
        bot,
        settings=services.server_settings,
        limits=services.limits,
        watchlist=services.watchlist,
        last_tick_at=bot.background.last_tick_at,
    )
    group = cog.app_command
    assert isinstance(group, app_commands.Group)  # noqa: S101 # a GroupCog has one
    group.allowed_contexts = app_commands.AppCommandContext(
        guild=True, dm_channel=False, private_channel=False
    )
    group.allowed_installs = app_commands.AppInstallationType(guild=True, user=False)
    group.default_permissions = discord.Permissions(manage_guild=True)
    await bot.add_cog(cog)
