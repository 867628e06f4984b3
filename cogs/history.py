"""Someone looks for what has ended: a page of it, the next page, one entry opened."""

import re
from typing import Annotated, Self

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import SunoBot
from bot.i18n.catalog import catalog_for
from bot.i18n.translator import localized
from bot.relay.errors import RelayError
from bot.relay.models import Task
from bot.storage.errors import TooManyLookups
from bot.storage.models import Caller, HistoryEntry
from bot.ui.components import PersistentItem
from bot.ui.history_panel import OPEN, TURN, history_embed, history_view, truncate_search
from bot.ui.permissions import history_scope
from bot.ui.replies import caller_of
from bot.ui.status_card import status_message
from bot.watches.watchlist import Watchlist

Interaction = discord.Interaction[SunoBot]
Search = Annotated[str, app_commands.Range[str, 0, 200]]


class TurnButton(
    PersistentItem, discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=TURN
):
    """*Previous* and *Next* under a page."""

    def __init__(
        self, item: discord.ui.Button[discord.ui.View], owner: int, page: int, search: str
    ) -> None:
        super().__init__(item)
        self.owner = owner
        self.page = page
        self.search = search

    @classmethod
    async def from_custom_id(
        cls,
        _interaction: discord.Interaction,
        item: discord.ui.Item[discord.ui.View],
        match: re.Match[str],
    ) -> Self:
        """Return the button that was pressed."""
        assert isinstance(item, discord.ui.Button)  # noqa: S101 # no other item has this id
        return cls(item, int(match["owner"]), int(match["page"]), match["search"])

    async def callback(self, interaction: Interaction) -> None:  # type: ignore[override]  # our client
        """Show the other page in place of this one."""
        if await _is_owner(interaction, self.owner):
            await interaction.response.defer()
            await _show_page(interaction, self.search, self.page)


class OpenMenu(
    PersistentItem, discord.ui.DynamicItem[discord.ui.Select[discord.ui.View]], template=OPEN
):
    """The menu that opens an entry of the page."""

    def __init__(self, item: discord.ui.Select[discord.ui.View], owner: int) -> None:
        super().__init__(item)
        self.owner = owner

    @classmethod
    async def from_custom_id(
        cls,
        _interaction: discord.Interaction,
        item: discord.ui.Item[discord.ui.View],
        match: re.Match[str],
    ) -> Self:
        """Return the menu in which something was chosen."""
        assert isinstance(item, discord.ui.Select)  # noqa: S101 # no other item has this id
        return cls(item, int(match["owner"]))

    async def callback(self, interaction: Interaction) -> None:  # type: ignore[override]  # our client
        """Show what was chosen as a card, with links as fresh as the relay has them."""
        if not await _is_owner(interaction, self.owner):
            return
        await interaction.response.defer(ephemeral=True, thinking=True)
        catalog = catalog_for(interaction.locale.value)
        services = interaction.client.services
        entry = await services.history.entry(history_scope(interaction), int(self.item.values[0]))
        if entry is None:
            await interaction.edit_original_response(content=catalog.text("history-gone"))
            return
        fresh = await _look_again(services.watchlist, entry, caller_of(interaction))
        task = fresh or entry.task
        now = discord.utils.utcnow().timestamp()
        status = status_message(task, catalog, now=now)
        await interaction.edit_original_response(
            content=None if fresh else catalog.text("history-stale"),
            embeds=status.embeds,
            view=status.view,
        )


class HistoryCommand(commands.Cog):
    """``/suno history``, and what is under its answer, also from earlier runs."""

    def __init__(self, bot: SunoBot) -> None:
        self._bot = bot
        self._group = bot.suno_group

    async def cog_load(self) -> None:
        """Add the command and make the buttons known."""
        self._group.add_command(
            app_commands.Command(
                name=localized("command-history-name"),
                description=localized("command-history"),
                callback=self.history,
            )
        )
        self._bot.add_dynamic_items(TurnButton, OpenMenu)

    async def cog_unload(self) -> None:
        """Take both away again."""
        self._group.remove_command("history")
        self._bot.remove_dynamic_items(TurnButton, OpenMenu)

    @app_commands.rename(search=localized("option-search-name"))
    @app_commands.describe(search=localized("option-search"))
    async def history(self, interaction: Interaction, search: Search = "") -> None:
        """Show the first page of what has ended here, or of what has all words of a search."""
        await interaction.response.defer(ephemeral=True)
        await _show_page(interaction, truncate_search(search), 0)


async def _show_page(interaction: Interaction, search: str, number: int) -> None:
    catalog = catalog_for(interaction.locale.value)
    scope = history_scope(interaction)
    page = await interaction.client.services.history.page(scope, search, number)
    await interaction.edit_original_response(
        embed=history_embed(page, search, catalog, of_server=scope.guild_id is not None),
        view=history_view(page, search, interaction.user.id, catalog),
    )


async def _look_again(watchlist: Watchlist, entry: HistoryEntry, caller: Caller) -> Task | None:
    """Return the task as the relay knows it now, ``None`` where that is less than was kept."""
    try:
        seen = await watchlist.look_up([entry.task.id], caller)
    except (RelayError, TooManyLookups):
        return None
    task = seen.tasks.get(entry.task.id)
    return task if task and (task.terminal or not entry.task.terminal) else None


async def _is_owner(interaction: Interaction, owner: int) -> bool:
    """Whether it is the person's own list; others are told that it is not."""
    if interaction.user.id == owner:
        return True
    catalog = catalog_for(interaction.locale.value)
    await interaction.response.send_message(catalog.text("history-not-yours"), ephemeral=True)
    return False


async def setup(bot: SunoBot) -> None:
    """Add the cog; discord.py calls this."""
    await bot.add_cog(HistoryCommand(bot))
