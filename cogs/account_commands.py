"""The commands ``/suno account`` and ``/suno-settings relay``: connect relay accounts."""

from collections.abc import Mapping

import discord
from pydantic import SecretStr

from bot.accounts.service import AccountService, NewAccount
from bot.client import SunoBot
from bot.i18n.catalog import catalog_for
from bot.relay.circuit_breaker import CircuitStatus
from bot.relay.errors import RelayError
from bot.storage.errors import AccountDisconnectedMeanwhile, WatchError
from bot.storage.models import AccountOwner
from bot.ui.account_panel import (
    KEY,
    PATH,
    URL,
    AccountView,
    account_modal,
    account_panel,
    connected_panel,
    connection_problem_text,
    disconnect_question,
    disconnected_panel,
    testing_panel,
)
from bot.ui.custom_ids import AccountButtonId, AccountConnectId, AccountModalId
from bot.ui.error_replies import error_text
from bot.ui.panels import Panel
from bot.ui.permissions import is_guest, manages_server
from bot.ui.persistent_items import persistent_item
from bot.ui.persistent_modals import persistent_modal
from bot.ui.suno_cog import SunoCog, subcommand

Interaction = discord.Interaction[SunoBot]


class AccountCommands(SunoCog):
    """The two commands, their buttons and their modal."""

    def __init__(self, bot: SunoBot, *, accounts: AccountService) -> None:
        super().__init__(
            bot,
            subcommands=[subcommand("account", self.show_own)],
            settings_subcommands=[subcommand("relay", self.show_server)],
            items=[
                persistent_item(AccountButtonId, self.press),
                persistent_item(AccountConnectId, self.ask_for_key),
            ],
            modals=[persistent_modal(AccountModalId, self.connect)],
        )
        self._accounts = accounts

    async def show_own(self, interaction: Interaction) -> None:
        """Show the user's own account."""
        await self._show_first(interaction, "own")

    async def show_server(self, interaction: Interaction) -> None:
        """Show the server's account."""
        await self._show_first(interaction, "server")

    async def press(self, interaction: Interaction, custom_id: AccountButtonId) -> None:
        """Show the account again, ask whether to disconnect it, or disconnect it."""
        owner = await _owner(interaction, custom_id.owner)
        if owner is None:
            return
        await interaction.response.defer()
        view = await self._view(interaction, custom_id.owner, owner)
        panel = account_panel(view)
        if custom_id.action == "disconnect" and view.account is not None:
            panel = disconnect_question(view, await self._accounts.watch_count(owner))
        elif custom_id.action == "confirm":
            panel = disconnected_panel(view, await self._accounts.disconnect(owner))
        await _edit(interaction, panel)

    async def ask_for_key(self, interaction: Interaction, custom_id: AccountConnectId) -> None:
        """Open the modal for the key."""
        owner = await _owner(interaction, custom_id.owner)
        if owner is not None:
            known = await self._accounts.of(owner)
            catalog = catalog_for(interaction.locale.value)
            modal = account_modal(
                custom_id.owner, custom_id.relay, catalog, known, self._accounts.relays
            )
            await interaction.response.send_modal(modal)

    async def connect(
        self, interaction: Interaction, custom_id: AccountModalId, values: Mapping[str, str]
    ) -> None:
        """Test the key that was entered, and store it if the relay accepts it."""
        owner = await _owner(interaction, custom_id.owner)
        if owner is None:
            return
        catalog = catalog_for(interaction.locale.value)
        empty = AccountView(custom_id.owner, None, True, catalog, relays=self._accounts.relays)
        testing = testing_panel(empty, custom_id.relay)
        await interaction.response.edit_message(embed=testing.embed, view=testing.view)
        await _edit(interaction, await self._connect(interaction, custom_id, owner, values))

    async def _connect(
        self,
        interaction: Interaction,
        custom_id: AccountModalId,
        owner: AccountOwner,
        values: Mapping[str, str],
    ) -> Panel:
        """Connect an account; return what came of it."""
        catalog, relay = catalog_for(interaction.locale.value), custom_id.relay
        url, path = (values.get(name, "").strip() for name in (URL, PATH))
        new = NewAccount(relay, url, path, SecretStr(values.get(KEY, "")))
        try:
            if custom_id.owner == "server" and is_guest(interaction):
                raise AccountDisconnectedMeanwhile  # the bot was removed before this began
            connected = await self._accounts.connect(
                owner, new, user_id=interaction.user.id, locale=interaction.locale.value
            )
        except RelayError as error:
            problem = connection_problem_text(
                error.kind, relay, url, catalog, self._accounts.relays
            )
        except WatchError as error:
            problem = error_text(error, catalog)
        else:
            relays = self._accounts.relays
            view = AccountView(custom_id.owner, connected.account, True, catalog, relays=relays)
            return connected_panel(
                view,
                connected.account,
                connected.batch_path,
                single_only=connected.single_only,
            )
        view = await self._view(interaction, custom_id.owner, owner)
        stored = "account-kept" if view.account is not None else "account-nothing-stored"
        return account_panel(view, f"{problem}\n{catalog.text(stored)}")

    async def _show_first(self, interaction: Interaction, kind: str) -> None:
        owner = await _owner(interaction, kind)
        if owner is not None:
            await interaction.response.defer(ephemeral=True)
            await _edit(interaction, account_panel(await self._view(interaction, kind, owner)))

    async def _view(self, interaction: Interaction, kind: str, owner: AccountOwner) -> AccountView:
        account = await self._accounts.of(owner)
        status = await self._accounts.circuit_status(account) if account else None
        circuit = status or CircuitStatus()
        return AccountView(
            kind,
            account,
            self._accounts.is_enabled,
            catalog_for(interaction.locale.value),
            is_readable=status is not None,
            answered_at=circuit.last_success_at,
            failing_since=circuit.failing_since,
            error=circuit.cause,
            relays=self._accounts.relays,
        )


async def _owner(interaction: Interaction, kind: str) -> AccountOwner | None:
    """Return whose account an interaction is about; ``None`` if its user was refused.

    Permissions may have changed since the panel was opened, so they are checked each time. A server
    that has not added the bot itself cannot be seen to leave, so it has no account.
    """
    if kind == "own":
        return AccountOwner(user_id=interaction.user.id)
    is_here = interaction.guild_id is not None and not is_guest(interaction)
    if is_here and manages_server(interaction):
        return AccountOwner(guild_id=interaction.guild_id)
    key = "settings-not-yours" if is_here else "account-server-only"
    text = catalog_for(interaction.locale.value).text(key)
    await interaction.response.send_message(text, ephemeral=True)
    return None


async def _edit(interaction: Interaction, panel: Panel) -> None:
    await interaction.edit_original_response(embed=panel.embed, view=panel.view)


async def setup(bot: SunoBot) -> None:
    """Add the cog; discord.py calls this."""
    await bot.add_cog(AccountCommands(bot, accounts=bot.services.accounts))
