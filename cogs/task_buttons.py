"""The buttons of notices and status cards."""

import discord

from bot.client import SunoBot
from bot.i18n.catalog import Catalog, catalog_for
from bot.relay.lookup_result import LookupResult
from bot.relay.models import Task, TaskKind
from bot.storage.history import History
from bot.storage.outbox import Outbox
from bot.ui.custom_ids import KeepWatchingId, StatusButtonId, StatusListButtonId, StatusMenuId
from bot.ui.lyrics_reader import lyrics_page
from bot.ui.persistent_items import persistent_item, selected_values
from bot.ui.replies import Reply, caller_of
from bot.ui.status_card import StatusMessage, status_message
from bot.ui.status_list import menu_ids, status_entries, statuses_message
from bot.ui.suno_cog import SunoCog
from bot.ui.watch_replies import watch_reply
from bot.watches.destinations import HERE
from bot.watches.service import WatchService
from bot.watches.watchlist import Watchlist

Interaction = discord.Interaction[SunoBot]


class TaskButtons(SunoCog):
    """Answers the buttons that are about one task."""

    def __init__(
        self,
        bot: SunoBot,
        *,
        watch_service: WatchService,
        watchlist: Watchlist,
        outbox: Outbox,
        history: History,
    ) -> None:
        items = (
            persistent_item(KeepWatchingId, self.keep_watching),
            persistent_item(StatusButtonId, self.press_status_button),
            persistent_item(StatusListButtonId, self.press_list_button),
            persistent_item(StatusMenuId, self.open_status),
        )
        super().__init__(bot, items=items)
        self._watch_service = watch_service
        self._watchlist = watchlist
        self._outbox = outbox
        self._history = history

    async def keep_watching(self, interaction: Interaction, custom_id: KeepWatchingId) -> None:
        """Watch a timed-out task again for the user of the button, in the notice's channel."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        task_id = await self._outbox.task_id_of(custom_id.delivery_id)
        if task_id is None:
            text = catalog_for(interaction.locale.value).text("reader-gone")
        else:
            answer = await self._watch_service.watch(interaction, [task_id], HERE)
            text = watch_reply(answer, catalog_for(interaction.locale.value))
        await Reply(interaction).send(text)

    async def press_status_button(
        self, interaction: Interaction, custom_id: StatusButtonId
    ) -> None:
        """Watch the task, show its lyrics, or refresh the ephemeral status card."""
        refresh = custom_id.action == "refresh"
        await interaction.response.defer(ephemeral=True, thinking=not refresh)
        if custom_id.action == "notify":
            answer = await self._watch_service.watch(interaction, [custom_id.task_id])
            text = watch_reply(answer, catalog_for(interaction.locale.value))
            await Reply(interaction).send(text)
        elif task := await self._watchlist.read(custom_id.task_id, caller_of(interaction)):
            await (self._refresh if refresh else self._show_lyrics)(interaction, task)
        else:
            text = catalog_for(interaction.locale.value).text("reader-gone")
            await interaction.followup.send(text, ephemeral=True)

    async def press_list_button(
        self, interaction: Interaction, custom_id: StatusListButtonId
    ) -> None:
        """Watch those of several tasks that still run, or refresh their ephemeral statuses."""
        refresh = custom_id.action == "refresh"
        await interaction.response.defer(ephemeral=True, thinking=not refresh)
        ids = menu_ids(interaction.message)
        found = await self._watchlist.read_all(ids, caller_of(interaction))
        catalog = catalog_for(interaction.locale.value)
        if refresh:
            status = await self._statuses(ids, found, catalog)
            await interaction.edit_original_response(
                content=status.content or None, embeds=status.embeds, view=status.view
            )
            return
        running = [each for each in ids if (task := found.tasks.get(each)) and not task.terminal]
        if running:
            text = watch_reply(await self._watch_service.watch(interaction, running), catalog)
        else:
            text = catalog.text("status-none-running")
        await Reply(interaction).send(text)

    async def open_status(self, interaction: Interaction, _custom_id: StatusMenuId) -> None:
        """Show one of several tasks in a status card of its own."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        ids = selected_values(interaction)
        found = await self._watchlist.read_all(ids, caller_of(interaction))
        status = await self._statuses(ids, found, catalog_for(interaction.locale.value))
        await Reply(interaction).send(status.content, embeds=status.embeds, view=status.view)

    async def _statuses(
        self, ids: list[str], found: LookupResult, catalog: Catalog
    ) -> StatusMessage:
        typical = {kind: await self._history.duration_stats(kind) for kind in TaskKind}
        entries = status_entries(ids, found.tasks, found.failed, found.unlisted, typical)
        return statuses_message(entries, catalog, now=discord.utils.utcnow().timestamp())

    async def _refresh(self, interaction: Interaction, task: Task) -> None:
        catalog = catalog_for(interaction.locale.value)
        now = discord.utils.utcnow().timestamp()
        typical = await self._history.duration_stats(task.kind or TaskKind.MUSIC)
        status = status_message(task, catalog, now=now, typical=typical)
        await interaction.edit_original_response(embeds=status.embeds, view=status.view)

    async def _show_lyrics(self, interaction: Interaction, task: Task) -> None:
        page = lyrics_page(task, 0, catalog_for(interaction.locale.value))
        await Reply(interaction).send(embeds=[page.embed], view=page.view)


async def setup(bot: SunoBot) -> None:
    """Add the cog; discord.py calls this."""
    services = bot.services
    await bot.add_cog(
        TaskButtons(
            bot,
            watch_service=services.watch_service,
            watchlist=services.watchlist,
            outbox=services.outbox,
            history=services.history,
        )
    )
