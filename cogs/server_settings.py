"""Someone who manages a server types ``/suno-settings``, or presses something in its panel."""

from collections.abc import Sequence
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import SunoBot
from bot.i18n.catalog import catalog_for
from bot.i18n.translator import localized
from bot.storage.models import MentionSetting, ServerSettings
from bot.ui.components import PersistentItem
from bot.ui.health_panel import ServerHealth, health_embed
from bot.ui.permissions import invite_link
from bot.ui.replies import Reply
from bot.ui.settings_panel import (
    LANGUAGES,
    SETTING,
    settings_embed,
    settings_view,
    watch_limit_choices,
)

Interaction = discord.Interaction[SunoBot]


async def show_panel(interaction: Interaction, settings: ServerSettings) -> None:
    """Fill in the answer with the panel."""
    catalog = catalog_for(interaction.locale.value)
    most = interaction.client.services.limits.watches_per_user
    await interaction.edit_original_response(
        embed=settings_embed(settings, most, catalog), view=settings_view(settings, catalog)
    )


async def change(interaction: Interaction, changes: dict[str, Any] | None) -> None:
    """Change settings of the server, or reset them all, and show the panel anew.

    Permissions may have changed since the panel was opened: they are looked at again.
    """
    await interaction.response.defer()
    guild_id = interaction.guild_id
    if guild_id is None or not interaction.permissions.manage_guild:
        text = catalog_for(interaction.locale.value).text("settings-not-yours")
        await interaction.followup.send(text, ephemeral=True)
        return
    book = interaction.client.services.server_settings
    if changes is None:
        await book.reset(guild_id)
        await show_panel(interaction, ServerSettings())
    else:
        await show_panel(interaction, await book.change(guild_id, **changes))


def chosen(interaction: Interaction) -> list[str]:
    """Return what was chosen in a menu."""
    data: Any = interaction.data
    return list(data.get("values", []))


def one(values: Sequence[str]) -> int | None:
    """Return the id that was chosen, ``None`` for none."""
    return int(values[0]) if values else None


class ChannelMenu(
    PersistentItem,
    discord.ui.DynamicItem[discord.ui.ChannelSelect[discord.ui.View]],
    template=SETTING.format("channel"),
):
    """Where notices are posted."""

    def __init__(self) -> None:
        super().__init__(discord.ui.ChannelSelect(custom_id=SETTING.format("channel")))

    async def callback(self, interaction: Interaction) -> None:  # type: ignore[override]  # our client
        """Set the channel, or none."""
        await change(interaction, {"channel_id": one(chosen(interaction))})


class RoleMenu(
    PersistentItem,
    discord.ui.DynamicItem[discord.ui.RoleSelect[discord.ui.View]],
    template=SETTING.format("(?P<name>roles|role)"),
):
    """Who may watch, or which role is mentioned."""

    def __init__(self, name: str) -> None:
        super().__init__(discord.ui.RoleSelect(custom_id=SETTING.format(name)))
        self.name = name

    async def callback(self, interaction: Interaction) -> None:  # type: ignore[override]  # our client
        """Set the roles; to choose a role to mention is to want it mentioned."""
        roles = tuple(map(int, chosen(interaction)))
        if self.name == "roles":
            await change(interaction, {"roles": roles})
        else:
            mention = MentionSetting.ROLE if roles else MentionSetting.WATCHERS
            role = roles[0] if roles else None
            await change(interaction, {"mention": mention, "mention_role_id": role})


class MentionMenu(
    PersistentItem,
    discord.ui.DynamicItem[discord.ui.Select[discord.ui.View]],
    template=SETTING.format("mention"),
):
    """Whom a notice mentions."""

    def __init__(self) -> None:
        super().__init__(discord.ui.Select(custom_id=SETTING.format("mention")))

    async def callback(self, interaction: Interaction) -> None:  # type: ignore[override]  # our client
        """Set it."""
        await change(interaction, {"mention": MentionSetting(chosen(interaction)[0])})


class SettingButton(
    PersistentItem,
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=SETTING.format("(?P<name>uploads|language|limit|reset)"),
):
    """Goes to the next value of a setting, or resets all."""

    def __init__(self, name: str) -> None:
        super().__init__(discord.ui.Button(custom_id=SETTING.format(name)))
        self.name = name

    async def callback(self, interaction: Interaction) -> None:  # type: ignore[override]  # our client
        """Change the setting."""
        services = interaction.client.services
        settings = await services.server_settings.of(interaction.guild_id)
        limits = watch_limit_choices(services.limits.watches_per_user)
        changes: dict[str, dict[str, Any] | None] = {
            "uploads": {"uploads": not settings.uploads},
            "language": {"language": _next(LANGUAGES, settings.language)},
            "limit": {"watches_of_a_person": _next(limits, settings.watches_of_a_person)},
            "reset": None,
        }
        await change(interaction, changes[self.name])


def _next(values: Sequence[Any], value: object) -> Any:
    """Return what follows ``value`` in a round of values; the first for one not among them."""
    return values[(values.index(value) + 1) % len(values)] if value in values else values[0]


ITEMS = (ChannelMenu, RoleMenu, MentionMenu, SettingButton)


class ServerSettingsCommands(
    commands.GroupCog,
    group_name=localized("command-settings-name"),
    group_description=localized("command-settings"),
):
    """The commands for those who may manage a server."""

    def __init__(self, bot: SunoBot) -> None:
        self._bot = bot

    async def cog_load(self) -> None:
        """Make the panel's items known, also those of earlier runs."""
        self._bot.add_dynamic_items(*ITEMS)

    async def cog_unload(self) -> None:
        """Forget them again."""
        self._bot.remove_dynamic_items(*ITEMS)

    @app_commands.command(
        name=localized("command-panel-name"), description=localized("command-panel")
    )
    async def show(self, interaction: Interaction) -> None:
        """Show the settings, with what changes them."""
        await interaction.response.defer(ephemeral=True)
        await show_panel(
            interaction, await self._bot.services.server_settings.of(interaction.guild_id)
        )

    @app_commands.command(
        name=localized("command-reset-name"), description=localized("command-reset")
    )
    async def reset(self, interaction: Interaction) -> None:
        """Reset everything."""
        await interaction.response.defer(ephemeral=True)
        if interaction.guild_id is not None:
            await self._bot.services.server_settings.reset(interaction.guild_id)
        text = catalog_for(interaction.locale.value).text("settings-reset-done")
        await Reply(interaction).send(text)

    @app_commands.command(
        name=localized("command-health-name"), description=localized("command-health")
    )
    async def health(self, interaction: Interaction) -> None:
        """Show whether everything works here."""
        await interaction.response.defer(ephemeral=True)
        bot, guild = self._bot, interaction.guild
        assert guild is not None  # noqa: S101 # the command is a server's only
        health = ServerHealth(
            relay=bot.services.watchlist.circuit_status,
            last_tick_at=bot.background.last_tick_at,
            use=await bot.services.server_settings.usage(guild.id),
            invite=invite_link(bot.application_id or 0),
        )
        embed = health_embed(health, guild, catalog_for(interaction.locale.value))
        await Reply(interaction).send(embeds=[embed])


async def setup(bot: SunoBot) -> None:
    """Add the cog; discord.py calls this."""
    cog = ServerSettingsCommands(bot)
    group = cog.app_command
    assert isinstance(group, app_commands.Group)  # noqa: S101 # a GroupCog has one
    group.allowed_contexts = app_commands.AppCommandContext(
        guild=True, dm_channel=False, private_channel=False
    )
    group.allowed_installs = app_commands.AppInstallationType(guild=True, user=False)
    group.default_permissions = discord.Permissions(manage_guild=True)
    await bot.add_cog(cog)
