"""The ``/suno`` commands about tasks: parse the input, call a service, reply.

Every command is acknowledged at once and replies to its user alone; what the channel sees is the
notice that comes later.
"""

from functools import partial
from typing import Annotated

import discord
from discord import app_commands

from bot.client import SunoBot
from bot.i18n.catalog import catalog_for
from bot.i18n.translator import localized
from bot.storage.history import History
from bot.storage.outbox import Outbox
from bot.ui.autocomplete import suggest_task_ids
from bot.ui.held_notice import inbox_embed
from bot.ui.lyrics import lyrics_messages
from bot.ui.lyrics_reader import has_readable_lyrics, lyrics_page
from bot.ui.replies import Reply, answerable_ids, caller_of, missing_task_text, omitted_ids_text
from bot.ui.status_list import status_entries, statuses_message
from bot.ui.suno_cog import Subcommand, SunoCog, subcommand
from bot.ui.task_names import task_name
from bot.ui.watch_replies import unwatched_text, watch_list_embed, watch_reply
from bot.watches.destinations import Grouping, WatchOptions
from bot.watches.durations import typical_durations
from bot.watches.service import WatchService
from bot.watches.task_reader import TaskReader
from bot.watches.watchlist import Watchlist

Interaction = discord.Interaction[SunoBot]
NoticeChannel = (
    discord.TextChannel
    | discord.VoiceChannel
    | discord.StageChannel
    | discord.ForumChannel
    | discord.Thread
)
"""Every channel that takes messages; announcement channels are text, media channels forums."""
Ids = Annotated[str, app_commands.Range[str, 1, 6000]]
"""As long as Discord allows: people paste whole answers of their relay."""

_rename_ids = app_commands.rename(ids=localized("option-id-name"))
_describe_ids = app_commands.describe(ids=localized("option-id"))


class TaskCommands(SunoCog):
    """``/suno status``, ``watch``, ``unwatch``, ``list``, ``inbox`` and ``lyrics``."""

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
        subcommands = [
            self._with_suggested_ids(subcommand("status", self.status)),
            self._with_suggested_ids(subcommand("watch", self.watch)),
            self._with_suggested_ids(subcommand("unwatch", self.unwatch), watched=True),
            subcommand("list", self.list_watches),
            subcommand("inbox", self.inbox),
            self._with_suggested_ids(subcommand("lyrics", self.lyrics)),
        ]
        super().__init__(bot, subcommands=subcommands)
        self._watch_service = watch_service
        self._task_reader = task_reader
        self._watchlist = watchlist
        self._outbox = outbox
        self._history = history

    @_rename_ids
    @_describe_ids
    async def status(self, interaction: Interaction, ids: Ids) -> None:
        """Show how some tasks are doing."""
        await interaction.response.defer(ephemeral=True)
        catalog = catalog_for(interaction.locale.value)
        wanted = await self._task_reader.ids_in(ids, interaction.user.id)
        lookup = await self._task_reader.look_up(wanted, caller_of(interaction))
        typical = await typical_durations(self._history, lookup)
        found = lookup.result
        watched = await self._watchlist.watched_ids(interaction.user.id)
        status = statuses_message(
            status_entries(wanted, found.tasks, found.failed, found.unlisted, typical, watched),
            catalog,
            now=interaction.client.clock(),
        )
        await Reply(interaction).send(status.content, embeds=status.embeds, view=status.view)

    @app_commands.rename(
        ids=localized("option-id-name"),
        channel=localized("option-channel-name"),
        mention=localized("option-mention-name"),
        private=localized("option-private-name"),
        together=localized("option-together-name"),
    )
    @app_commands.describe(
        ids=localized("option-id"),
        channel=localized("option-channel"),
        mention=localized("option-mention"),
        private=localized("option-private"),
        together=localized("option-together"),
    )
    @app_commands.choices(
        together=[
            app_commands.Choice(
                name=localized("choice-together-summary"), value=Grouping.SUMMARY.value
            ),
            app_commands.Choice(
                name=localized("choice-together-separate"), value=Grouping.SEPARATE.value
            ),
        ]
    )
    async def watch(
        self,
        interaction: Interaction,
        ids: Ids,
        channel: NoticeChannel | None = None,
        *,
        mention: bool = True,
        private: bool = False,
        together: str | None = None,
    ) -> None:
        """Watch some tasks; their notices are posted where the user wants them."""
        await interaction.response.defer(ephemeral=True)
        grouping = Grouping(together) if together else None
        options = WatchOptions(channel=channel, mention=mention, private=private, grouping=grouping)
        wanted = await self._task_reader.ids_in(ids, interaction.user.id)
        answer = await self._watch_service.watch(interaction, wanted, options)
        text = watch_reply(answer, catalog_for(interaction.locale.value))
        await Reply(interaction).send(text)

    @_rename_ids
    @_describe_ids
    async def unwatch(self, interaction: Interaction, ids: Ids) -> None:
        """Stop watching some tasks, wherever the user watches them."""
        await interaction.response.defer(ephemeral=True)
        wanted = await self._task_reader.ids_in(ids, interaction.user.id)
        user_id = interaction.user.id
        tasks = await self._watchlist.watched_tasks(wanted, user_id)
        removed = await self._watchlist.remove(wanted, user_id=user_id)
        text = unwatched_text(removed, tasks, catalog_for(interaction.locale.value))
        await Reply(interaction).send(text)

    async def list_watches(self, interaction: Interaction) -> None:
        """List the tasks that the user watches, in all channels."""
        await interaction.response.defer(ephemeral=True)
        catalog = catalog_for(interaction.locale.value)
        watches = await self._watchlist.watches_of(interaction.user.id)
        if watches:
            await Reply(interaction).send(embeds=[watch_list_embed(watches, catalog)])
        else:
            await Reply(interaction).send(catalog.text("list-empty"))

    async def inbox(self, interaction: Interaction) -> None:
        """List the user's undelivered notices, and why they are undelivered."""
        await interaction.response.defer(ephemeral=True)
        catalog = catalog_for(interaction.locale.value)
        now = interaction.client.clock()
        entries = await self._outbox.undelivered_notices(interaction.user.id, now)
        if entries:
            await Reply(interaction).send(embeds=[inbox_embed(entries, catalog)])
        else:
            await Reply(interaction).send(catalog.text("inbox-empty"))

    @_rename_ids
    @_describe_ids
    async def lyrics(self, interaction: Interaction, ids: Ids) -> None:
        """Open a reader for the lyrics of each task."""
        await interaction.response.defer(ephemeral=True)
        catalog = catalog_for(interaction.locale.value)
        reply = Reply(interaction)
        wanted, omitted = answerable_ids(
            interaction, await self._task_reader.ids_in(ids, interaction.user.id)
        )
        found = (await self._task_reader.read_all(wanted, caller_of(interaction))).result
        for task_id in wanted:
            task = found.tasks.get(task_id)
            if task is None:
                unlisted, error = task_id in found.unlisted, found.failed.get(task_id)
                text = missing_task_text(task_id, error, catalog, unlisted=unlisted)
                await reply.send(text)
            elif not task.text and not task.terminal:
                await reply.send(catalog.text("lyrics-none", task=task_name(task, catalog)))
            elif has_readable_lyrics(task):
                page = lyrics_page(task, 0, catalog)
                await reply.send(embeds=[page.embed], view=page.view)
            else:
                for embeds in lyrics_messages(task, catalog):
                    await reply.send(embeds=embeds)
        if omitted:
            await reply.send(omitted_ids_text(omitted, catalog))

    def _with_suggested_ids(self, command: Subcommand, *, watched: bool = False) -> Subcommand:
        """Suggest the user's recent tasks while they type the ids of a command.

        ``watched``: only the running ones that the user watches.
        """

        async def suggest(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
            find = partial(self._history.suggestions, interaction.user.id, watched=watched)
            catalog = catalog_for(interaction.locale.value)
            return await suggest_task_ids(find, typed, catalog, now=interaction.client.clock())

        command.autocomplete("ids")(suggest)
        return command


async def setup(bot: SunoBot) -> None:
    """Add the cog; discord.py calls this."""
    services = bot.services
    await bot.add_cog(
        TaskCommands(
            bot,
            watch_service=services.watch_service,
            task_reader=services.task_reader,
            watchlist=services.watchlist,
            outbox=services.outbox,
            history=services.history,
        )
    )
