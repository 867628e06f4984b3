"""The buttons of notices and status cards."""

from collections.abc import Sequence
from dataclasses import replace

import discord

from bot.client import SunoBot
from bot.i18n.catalog import Catalog, catalog_for
from bot.storage.history import History
from bot.storage.models import WatchReport
from bot.storage.outbox import Outbox
from bot.ui.custom_ids import KeepWatchingId, StatusButtonId, StatusListButtonId, StatusMenuId
from bot.ui.lyrics_reader import lyrics_page
from bot.ui.persistent_items import persistent_item, selected_values
from bot.ui.replies import Reply, caller_of
from bot.ui.status_card import StatusMessage
from bot.ui.status_list import menu_ids, status_entries, statuses_message
from bot.ui.suno_cog import SunoCog
from bot.ui.views import with_watch_button
from bot.ui.watch_replies import unwatched_text, watch_reply
from bot.watches.destinations import HERE, places_of
from bot.watches.durations import typical_durations
from bot.watches.service import WatchService
from bot.watches.task_reader import TaskReader
from bot.watches.watchlist import Watchlist

Interaction = discord.Interaction[SunoBot]


class TaskButtons(SunoCog):
    """Answers the buttons that are about one task."""

    def __init__(
        self,
        bot: SunoBot,
        *,
        watch_service: WatchService,
        task_reader: TaskReader,
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
        self._task_reader = task_reader
        self._watchlist = watchlist
        self._outbox = outbox
        self._history = history

    async def keep_watching(self, interaction: Interaction, custom_id: KeepWatchingId) -> None:
        """Watch a timed-out task again for the user of the button, in the notice's channel."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        message = interaction.message
        assert message is not None  # noqa: S101 # buttons are under one
        task = await self._outbox.task_of_message(
            custom_id.delivery_id, message.id, places_of(interaction)
        )
        if task is None:
            text = catalog_for(interaction.locale.value).text("keep-watching-gone")
        else:
            options = replace(HERE, accounts={task.task_id: task.account})
            answer = await self._watch_service.watch(interaction, [task.task_id], options)
            text = watch_reply(answer, catalog_for(interaction.locale.value))
        await Reply(interaction).send(text)

    async def press_status_button(
        self, interaction: Interaction, custom_id: StatusButtonId
    ) -> None:
        """Watch the task or stop that, show its lyrics, or refresh the ephemeral status card."""
        if custom_id.action == "lyrics":
            await interaction.response.defer(ephemeral=True, thinking=True)
            await self._show_lyrics(interaction, custom_id.task_id)
            return
        await interaction.response.defer()
        if custom_id.action == "refresh":
            await self._refresh(interaction, [custom_id.task_id])
        elif custom_id.action == "stop":
            await self._unwatch(interaction, [custom_id.task_id])
        else:
            await self._watch(interaction, [custom_id.task_id])

    async def press_list_button(
        self, interaction: Interaction, custom_id: StatusListButtonId
    ) -> None:
        """Watch those of several tasks that still run or stop that, or refresh their statuses."""
        await interaction.response.defer()
        ids = menu_ids(interaction.message)
        if custom_id.action == "refresh":
            await self._refresh(interaction, ids)
            return
        if custom_id.action == "stop":
            watched = await self._watchlist.watched_ids(interaction.user.id)
            await self._unwatch(interaction, [each for each in ids if each in watched] or ids)
            return
        found = (await self._task_reader.read_all(ids, caller_of(interaction))).result
        running = [each for each in ids if (task := found.tasks.get(each)) and not task.terminal]
        if running:
            await self._watch(interaction, running)
        else:
            text = catalog_for(interaction.locale.value).text("status-none-running")
            await interaction.followup.send(text, ephemeral=True)

    async def open_status(self, interaction: Interaction, _custom_id: StatusMenuId) -> None:
        """Show one of several tasks in a status card of its own."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        status = await self._statuses(interaction, selected_values(interaction))
        await Reply(interaction).send(status.content, embeds=status.embeds, view=status.view)

    async def _statuses(self, interaction: Interaction, ids: Sequence[str]) -> StatusMessage:
        lookup = await self._task_reader.read_all(ids, caller_of(interaction))
        typical = await typical_durations(self._history, lookup)
        found = lookup.result
        watched = await self._watchlist.watched_ids(interaction.user.id)
        entries = status_entries(ids, found.tasks, found.failed, found.unlisted, typical, watched)
        now = interaction.client.clock()
        return statuses_message(entries, catalog_for(interaction.locale.value), now=now)

    async def _refresh(self, interaction: Interaction, ids: Sequence[str]) -> None:
        """Update the statuses; keep them, and say why, where no task can be shown."""
        status = await self._statuses(interaction, ids)
        if status.embeds:
            await interaction.edit_original_response(
                content=status.content or None, embeds=status.embeds, view=status.view
            )
        else:
            await interaction.followup.send(status.content, ephemeral=True)

    async def _watch(self, interaction: Interaction, ids: Sequence[str]) -> None:
        """Watch tasks, and turn the button into one that stops that."""
        answer = await self._watch_service.watch(interaction, ids)
        catalog = catalog_for(interaction.locale.value)
        watching = isinstance(answer, WatchReport) and all(
            result.outcome.is_running for result in answer.results
        )
        if watching:
            await _show_watch_button(interaction, catalog, watching=True)
        await interaction.followup.send(watch_reply(answer, catalog), ephemeral=True)

    async def _unwatch(self, interaction: Interaction, ids: Sequence[str]) -> None:
        """Stop watching tasks, and turn the button into one that watches them."""
        tasks = await self._watchlist.watched_tasks(ids, interaction.user.id)
        removed = await self._watchlist.remove(ids, user_id=interaction.user.id)
        catalog = catalog_for(interaction.locale.value)
        await _show_watch_button(interaction, catalog, watching=False)
        await interaction.followup.send(unwatched_text(removed, tasks, catalog), ephemeral=True)

    async def _show_lyrics(self, interaction: Interaction, task_id: str) -> None:
        catalog = catalog_for(interaction.locale.value)
        task = await self._task_reader.read(task_id, caller_of(interaction))
        if task is None:
            await interaction.followup.send(catalog.text("reader-gone"), ephemeral=True)
            return
        page = lyrics_page(task, 0, catalog)
        await Reply(interaction).send(embeds=[page.embed], view=page.view)


async def _show_watch_button(interaction: Interaction, catalog: Catalog, *, watching: bool) -> None:
    """Show in the status card whether its user watches the tasks."""
    if interaction.message:
        view = with_watch_button(interaction.message, catalog, watching=watching)
        await interaction.edit_original_response(view=view)


async def setup(bot: SunoBot) -> None:
    """Add the cog; discord.py calls this."""
    services = bot.services
    await bot.add_cog(
        TaskButtons(
            bot,
            watch_service=services.watch_service,
            task_reader=services.task_reader,
            watchlist=services.watchlist,
            outbox=services.outbox,
            history=services.history,
        )
    )
