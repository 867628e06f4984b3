"""The commands ``/suno-settings``, and the components of the settings panel."""

import discord

from bot.accounts.service import AccountService
from bot.client import SunoBot
from bot.creation.service import CreationService
from bot.i18n.catalog import catalog_for
from bot.relay.circuit_breaker import CircuitStatus
from bot.storage.account_credit import AccountCredit
from bot.storage.limits import WatchLimits
from bot.storage.models import AccountOwner, ServerSettings
from bot.storage.server_settings import ServerSettingsStore
from bot.ui.custom_ids import SettingId, SettingsDefaultId, SettingsMenuId, SettingsPageId
from bot.ui.health_panel import ServerHealth, health_embed
from bot.ui.panels import Panel
from bot.ui.permissions import invite_link, manages_server
from bot.ui.persistent_items import persistent_item, selected_values
from bot.ui.replies import Reply, caller_of
from bot.ui.settings_panel import overview, page_of, reset_page, setting_page
from bot.ui.settings_problems import choice_problem
from bot.ui.settings_values import ServerView, changes_of
from bot.ui.suno_cog import SunoCog, subcommand
from bot.ui.views import LinkButton, button_view
from bot.watches.task_reader import TaskReader

Interaction = discord.Interaction[SunoBot]


class SettingsCommands(SunoCog):
    """The commands for users who may manage a server, and the panel of settings."""

    def __init__(
        self,
        bot: SunoBot,
        *,
        settings: ServerSettingsStore,
        creations: CreationService,
        limits: WatchLimits,
        task_reader: TaskReader,
        accounts: AccountService,
        credit: AccountCredit,
        attaches_audio: bool,
    ) -> None:
        """``attaches_audio``: whether the operator lets the bot attach audio files."""
        super().__init__(
            bot,
            settings_subcommands=[
                subcommand("panel", self.show),
                subcommand("health", self.health),
                subcommand("reset", self.reset),
            ],
            items=[
                persistent_item(SettingId, self.change_setting),
                persistent_item(SettingsMenuId, self.choose_page),
                persistent_item(SettingsPageId, self.open_page),
                persistent_item(SettingsDefaultId, self.set_default),
            ],
        )
        self._client = bot
        self._settings = settings
        self._creations = creations
        self._limits = limits
        self._task_reader = task_reader
        self._accounts = accounts
        self._credit = credit
        self._attaches_audio = attaches_audio

    async def show(self, interaction: Interaction) -> None:
        """Show the settings, with the components that change them."""
        await interaction.response.defer(ephemeral=True)
        await _show(interaction, overview(await self._view(interaction)))

    async def reset(self, interaction: Interaction) -> None:
        """Ask whether to reset all settings of the server."""
        await interaction.response.defer(ephemeral=True)
        await _show(interaction, reset_page(await self._view(interaction)))

    async def health(self, interaction: Interaction) -> None:
        """Show the health of the bot in this server."""
        await interaction.response.defer(ephemeral=True)
        guild = interaction.guild
        assert guild is not None  # noqa: S101 # the command is available only in servers
        account = await self._accounts.of(AccountOwner(guild_id=guild.id))
        if account is None:
            status: CircuitStatus | None = await self._task_reader.circuit_status(
                caller_of(interaction)
            )
        else:
            status = await self._accounts.circuit_status(account)
        relay = status or CircuitStatus()
        catalog = catalog_for(interaction.locale.value)
        health = ServerHealth(
            now=self._client.clock(),
            started_at=self._client.started_at,
            relay_last_success_at=relay.last_success_at,
            relay_working_since=relay.working_since,
            relay_failing_since=relay.failing_since,
            relay_error=relay.cause,
            stuck_since=self._client.stuck_since(),
            last_tick_at=self._client.background.last_tick_at,
            usage=await self._settings.usage(guild.id),
            settings=await self._settings.of(guild.id),
            account=account,
            is_key_readable=status is not None,
            no_credit_since=await self._credit.missing_since(
                account.id if account else self._limits.operator_account
            ),
        )
        invite = LinkButton(catalog.text("help-invite"), invite_link(interaction.application_id))
        await Reply(interaction).send(
            embeds=[health_embed(health, guild, catalog)], view=button_view([invite])
        )

    async def choose_page(self, interaction: Interaction, _: SettingsMenuId) -> None:
        """Open the page of the setting that was chosen."""
        if await _acknowledge(interaction):
            (name,) = selected_values(interaction)
            await _show(interaction, setting_page(name, await self._view(interaction)))

    async def open_page(self, interaction: Interaction, custom_id: SettingsPageId) -> None:
        """Go back to the overview, or ask whether to reset everything."""
        if await _acknowledge(interaction):
            page = {"overview": overview, "reset": reset_page}[custom_id.page]
            await _show(interaction, page(await self._view(interaction)))

    async def change_setting(self, interaction: Interaction, custom_id: SettingId) -> None:
        """Change a setting to what was chosen, unless that cannot work."""
        if not await _acknowledge(interaction):
            return
        name, values = custom_id.name, selected_values(interaction)
        if not values and name in _OLD_BUTTONS:
            view = await self._view(interaction)
            await _show(
                interaction, reset_page(view) if name == "reset" else setting_page(name, view)
            )
            return
        catalog = catalog_for(interaction.locale.value)
        problem = choice_problem(name, values, interaction.guild, catalog)
        if problem:
            problem = f"{problem}\n{catalog.text('settings-not-saved')}"
            page = setting_page(page_of(name), await self._view(interaction), problem)
            await _show(interaction, page)
            return
        await self._change(interaction, name, values)

    async def set_default(self, interaction: Interaction, custom_id: SettingsDefaultId) -> None:
        """Set a setting, or all of them, to the default."""
        if not await _acknowledge(interaction):
            return
        if custom_id.name != "all":
            await self._change(interaction, custom_id.name, [])
            return
        assert interaction.guild_id is not None  # noqa: S101 # acknowledged only in servers
        await self._creations.switch_off(interaction.guild_id)
        await self._settings.reset(interaction.guild_id)
        view = await self._view(interaction)
        await _show(interaction, overview(view, view.catalog.text("settings-reset-done")))

    async def _change(self, interaction: Interaction, name: str, values: list[str]) -> None:
        assert interaction.guild_id is not None  # noqa: S101 # acknowledged only in servers
        settings = await self._settings.change(interaction.guild_id, **changes_of(name, values))
        view = self._view_of(interaction, settings)
        await _show(interaction, overview(view, view.catalog.text("settings-saved")))

    async def _view(self, interaction: Interaction) -> ServerView:
        return self._view_of(interaction, await self._settings.of(interaction.guild_id))

    def _view_of(self, interaction: Interaction, settings: ServerSettings) -> ServerView:
        return ServerView(
            settings,
            self._limits.watches_per_user,
            self._attaches_audio,
            interaction.guild,
            catalog_for(interaction.locale.value),
            self._accounts.is_enabled,
        )


_OLD_BUTTONS = ("uploads", "language", "limit", "reset")
"""What was a button in the panels of earlier versions."""


async def _acknowledge(interaction: Interaction) -> bool:
    """Acknowledge a component; return whether its user may change the settings, else tell them.

    Permissions may have changed since the panel was opened, so they are checked again.
    """
    await interaction.response.defer()
    if manages_server(interaction):
        return True
    text = catalog_for(interaction.locale.value).text("settings-not-yours")
    await interaction.followup.send(text, ephemeral=True)
    return False


async def _show(interaction: Interaction, panel: Panel) -> None:
    await interaction.edit_original_response(embed=panel.embed, view=panel.view)


async def setup(bot: SunoBot) -> None:
    """Add the cog; discord.py calls this."""
    services = bot.services
    await bot.add_cog(
        SettingsCommands(
            bot,
            settings=services.server_settings,
            creations=services.creations,
            limits=services.limits,
            task_reader=services.task_reader,
            accounts=services.accounts,
            credit=services.credit,
            attaches_audio=services.dispatcher.attaches_audio,
        )
    )
