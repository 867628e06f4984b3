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
from bot.storage.models import Caller, Destination, HistoryEntry, HistoryScope
from bot.storage.server_settings import ServerSettingsStore
from bot.ui.custom_ids import (
    HistoryEntryId,
    HistoryMenuId,
    HistoryPageId,
    HistoryPostId,
    HistoryViewId,
)
from bot.ui.history_panel import (
    ShownHistory,
    entry_view,
    history_embed,
    history_view,
    truncate_search,
)
from bot.ui.notice import render_result
from bot.ui.permissions import history_scope
from bot.ui.persistent_items import persistent_item, selected_values
from bot.ui.replies import Reply, caller_of, post_for_user, refusal_to_post
from bot.ui.status_card import status_message
from bot.ui.suno_cog import SunoCog, subcommand
from bot.ui.views import button_view
from bot.watches.languages import channel_locale
from bot.watches.task_reader import TaskReader
from bot.watches.watchlist import Watchlist

Interaction = discord.Interaction[SunoBot]
Search = Annotated[str, app_commands.Range[str, 0, 200]]


class HistoryCommand(SunoCog):
    """``/suno history``, and the components under its answer."""

    def __init__(
        self,
        bot: SunoBot,
        *,
        history: History,
        task_reader: TaskReader,
        watchlist: Watchlist,
        settings: ServerSettingsStore,
    ) -> None:
        super().__init__(
            bot,
            subcommands=[subcommand("history", self.history)],
            items=[
                persistent_item(HistoryViewId, self.show_page),
                persistent_item(HistoryMenuId, self.open_entry),
                persistent_item(HistoryPostId, self.post_entry),
                persistent_item(HistoryPageId, self.show_page_of_old_message),
                persistent_item(HistoryEntryId, self.open_entry_of_old_message),
            ],
        )
        self._history = history
        self._task_reader = task_reader
        self._watchlist = watchlist
        self._settings = settings

    @app_commands.rename(search=localized("option-search-name"))
    @app_commands.describe(search=localized("option-search"))
    async def history(self, interaction: Interaction, search: Search = "") -> None:
        """Show the first page of the ended tasks, or of those that have all words of a search."""
        await interaction.response.defer(ephemeral=True)
        await self._show_page(interaction, _shown(interaction, search=truncate_search(search)), 0)

    async def show_page(self, interaction: Interaction, custom_id: HistoryViewId) -> None:
        """Show another page in place of this one, or one of the other history."""
        if await _is_owner(interaction, custom_id.owner):
            await interaction.response.defer()
            shown = _shown(interaction, custom_id.choice, custom_id.search)
            await self._show_page(interaction, shown, custom_id.page)

    async def show_page_of_old_message(
        self, interaction: Interaction, custom_id: HistoryPageId
    ) -> None:
        """Show another page in place of one of an earlier version."""
        choice = _shown(interaction).choice
        await self.show_page(
            interaction, HistoryViewId(custom_id.owner, choice, custom_id.page, custom_id.search)
        )

    async def open_entry(self, interaction: Interaction, custom_id: HistoryMenuId) -> None:
        """Show an entry as a status card, with current links if the relay returns them."""
        if not await _is_owner(interaction, custom_id.owner):
            return
        await interaction.response.defer(ephemeral=True, thinking=True)
        catalog = catalog_for(interaction.locale.value)
        shown = _shown(interaction, custom_id.choice)
        (entry_id,) = map(int, selected_values(interaction))
        entry = await self._history.entry(_scope(interaction, shown), entry_id)
        if entry is None:
            await interaction.edit_original_response(content=catalog.text("history-gone"))
            return
        fresh = await self._look_up(entry, caller_of(interaction))
        now = interaction.client.clock()
        status = status_message(fresh or entry.task, catalog, now=now)
        notices = await self._history.posted_notices(_scope(interaction, shown), [entry.task.id])
        notice = notices.get(entry.task.id)
        await interaction.edit_original_response(
            content=None if fresh else catalog.text("history-stale"),
            embeds=status.embeds,
            view=entry_view(status.view, entry, shown, notice, catalog),
        )

    async def open_entry_of_old_message(
        self, interaction: Interaction, custom_id: HistoryEntryId
    ) -> None:
        """Open an entry that was chosen in a message of an earlier version."""
        await self.open_entry(
            interaction, HistoryMenuId(custom_id.owner, _shown(interaction).choice)
        )

    async def post_entry(self, interaction: Interaction, custom_id: HistoryPostId) -> None:
        """Post the result of an entry in this channel, with the name of the user."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        catalog, reply = catalog_for(interaction.locale.value), Reply(interaction)
        shown = _shown(interaction, custom_id.choice)
        entry = await self._history.entry(_scope(interaction, shown), custom_id.entry_id)
        if entry is None:
            await reply.send(catalog.text("history-gone"))
            return
        if refusal := refusal_to_post(interaction, catalog):
            await reply.send(refusal)
            return
        settings = await self._settings.of(interaction.guild_id)
        locale = channel_locale(interaction, settings)
        await self._watchlist.charge_message(interaction.user.id, _destination(interaction, locale))
        task = await self._look_up(entry, caller_of(interaction)) or entry.task
        public = catalog_for(locale)
        embeds, buttons = render_result(task, public, settings.notices)
        view, posted = button_view(buttons), catalog.text("history-posted")
        await post_for_user(interaction, public, embeds, view, posted)

    async def _show_page(self, interaction: Interaction, shown: ShownHistory, number: int) -> None:
        catalog, scope = catalog_for(interaction.locale.value), _scope(interaction, shown)
        page = await self._history.page(scope, shown.search, number)
        ids = [entry.task.id for entry in page.entries]
        notices = await self._history.posted_notices(scope, ids)
        await interaction.edit_original_response(
            embed=history_embed(page, shown, catalog, notices),
            view=history_view(page, shown, catalog),
        )

    async def _look_up(self, entry: HistoryEntry, caller: Caller) -> Task | None:
        """Return the task from the relay, ``None`` if the stored one is more complete."""
        try:
            found = (await self._task_reader.look_up([entry.task.id], caller)).result
        except (RelayError, TooManyLookups):
            return None
        task, stored = found.tasks.get(entry.task.id), entry.task
        if task is None or task.lasting_results < stored.lasting_results:
            return None
        return task if task.terminal or not stored.terminal else None


def _shown(interaction: Interaction, choice: str = "", search: str = "") -> ShownHistory:
    """Return which history an interaction shows: by default that of the server, if it is in one."""
    in_server = interaction.guild_id is not None
    return ShownHistory(
        owner=interaction.user.id,
        choice=(choice or "here") if in_server else "mine",
        search=search,
        in_server=in_server,
    )


def _scope(interaction: Interaction, shown: ShownHistory) -> HistoryScope:
    return history_scope(interaction, mine=shown.mine)


def _destination(interaction: Interaction, locale: str) -> Destination:
    assert interaction.channel_id is not None  # noqa: S101 # buttons are in one
    return Destination(interaction.channel_id, interaction.guild_id, locale)


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
    cog = HistoryCommand(
        bot,
        history=services.history,
        task_reader=services.task_reader,
        watchlist=services.watchlist,
        settings=services.server_settings,
    )
    await bot.add_cog(cog)
