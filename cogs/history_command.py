"""The command ``/suno history``, and the components that show other pages and open entries."""

from typing import Annotated

import discord
from discord import app_commands

from bot.client import SunoBot
from bot.i18n.catalog import catalog_for
from bot.i18n.translator import localized
from bot.relay.errors import RelayError
from bot.relay.models import Task
from bot.storage.errors import TooManyLookups
from bot.storage.history import History
from bot.storage.models import Caller, HistoryEntry
from bot.ui.custom_ids import HistoryEntryId, HistoryPageId
from bot.ui.history_panel import history_embed, history_view, truncate_search
from bot.ui.permissions import history_scope
from bot.ui.persistent_items import persistent_item, selected_values
from bot.ui.replies import caller_of
from bot.ui.status_card import status_message
from bot.ui.suno_cog import SunoCog, subcommand
from bot.watches.watchlist import Watchlist

Interaction = discord.Interaction[SunoBot]
Search = Annotated[str, app_commands.Range[str, 0, 200]]


class HistoryCommand(SunoCog):
    """``/suno history``, and the components under its answer."""

    def __init__(self, bot: SunoBot, *, history: History, watchlist: Watchlist) -> None:
        super().__init__(
            bot,
            subcommands=[subcommand("history", self.history)],
            items=[
                persistent_item(HistoryPageId, self.turn_page),
                persistent_item(HistoryEntryId, self.open_entry),
            ],
        )
        self._history = history
        self._watchlist = watchlist

    @app_commands.rename(search=localized("option-search-name"))
    @app_commands.describe(search=localized("option-search"))
    async def history(self, interaction: Interaction, search: Search = "") -> None:
        """Show the first page of the ended tasks, or of those that have all words of a search."""
        await interaction.response.defer(ephemeral=True)
        await self._show_page(interaction, truncate_search(search), 0)

    async def turn_page(self, interaction: Interaction, custom_id: HistoryPageId) -> None:
        """Show another page in place of this one."""
        if await _is_owner(interaction, custom_id.owner):
            await interaction.response.defer()
            await self._show_page(interaction, custom_id.search, custom_id.page)

    async def open_entry(self, interaction: Interaction, custom_id: HistoryEntryId) -> None:
        """Show an entry as a status card, with current links if the relay returns them."""
        if not await _is_owner(interaction, custom_id.owner):
            return
        await interaction.response.defer(ephemeral=True, thinking=True)
        catalog = catalog_for(interaction.locale.value)
        (entry_id,) = map(int, selected_values(interaction))
        entry = await self._history.entry(history_scope(interaction), entry_id)
        if entry is None:
            await interaction.edit_original_response(content=catalog.text("history-gone"))
            return
        fresh = await self._look_up(entry, caller_of(interaction))
        now = discord.utils.utcnow().timestamp()
        status = status_message(fresh or entry.task, catalog, now=now)
        await interaction.edit_original_response(
            content=None if fresh else catalog.text("history-stale"),
            embeds=status.embeds,
            view=status.view,
        )

    async def _show_page(self, interaction: Interaction, search: str, number: int) -> None:
        catalog = catalog_for(interaction.locale.value)
        scope = history_scope(interaction)
        page = await self._history.page(scope, search, number)
        await interaction.edit_original_response(
            embed=history_embed(page, search, catalog, of_server=scope.guild_id is not None),
            view=history_view(page, search, interaction.user.id, catalog),
        )

    async def _look_up(self, entry: HistoryEntry, caller: Caller) -> Task | None:
        """Return the task from the relay, ``None`` if the stored one is more complete."""
        try:
            found = await self._watchlist.look_up([entry.task.id], caller)
        except (RelayError, TooManyLookups):
            return None
        task = found.tasks.get(entry.task.id)
        return task if task and (task.terminal or not entry.task.terminal) else None


async def _is_owner(interaction: Interaction, owner: int) -> bool:
    """Whether the list belongs to the user; else reply that it does not."""
    if interaction.user.id == owner:
        return True
    catalog = catalog_for(interaction.locale.value)
    await interaction.response.send_message(catalog.text("history-not-yours"), ephemeral=True)
    return False


async def setup(bot: SunoBot) -> None:
    """Add the cog; discord.py calls this."""
    services = bot.services
    cog = HistoryCommand(bot, history=services.history, watchlist=services.watchlist)
    await bot.add_cog(cog)
