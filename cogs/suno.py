"""Someone types ``/suno …``: read what was typed, ask a service, answer.

Every command is acknowledged at once and answers the person alone; what the channel sees is the
notice that comes later.
"""

from typing import Annotated

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import SunoBot
from bot.i18n.catalog import Catalog, catalog_for
from bot.i18n.translator import localized
from bot.relay.lookup_result import LookupResult
from bot.relay.models import TaskKind
from bot.storage.models import Unwatched, Watch
from bot.ui.autocomplete import suggest_task_ids
from bot.ui.escaping import code_span, escape_line
from bot.ui.held_notice import inbox_embed
from bot.ui.limits import MAX_DESCRIPTION, whole_lines
from bot.ui.lyrics import lyrics_messages
from bot.ui.lyrics_reader import has_readable_lyrics, lyrics_page
from bot.ui.permissions import MAX_USER_INSTALL_FOLLOW_UPS, is_user_install_only
from bot.ui.replies import Reply, caller_of, error_text
from bot.ui.status_card import status_message
from bot.ui.watch_replies import watch_reply
from bot.watches.destinations import WatchOptions

Interaction = discord.Interaction[SunoBot]
Ids = Annotated[str, app_commands.Range[str, 1, 2000]]

_UNWATCHED = {
    Unwatched.STOPPED: "unwatch-done",
    Unwatched.ON_ITS_WAY: "unwatch-on-its-way",
    Unwatched.NOT_WATCHED: "unwatch-none",
}

LINES_IN_A_LIST = 25
_ROOM_FOR_MORE = 100
"""Code points for how many more there are."""


async def _recent_ids(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
    """Offer the person's recent tasks while an id is typed."""
    return await suggest_task_ids(interaction.client.services.history, interaction.user.id, typed)


class Suno(
    commands.GroupCog,
    group_name="suno",
    group_description=localized("command-suno"),
):
    """The commands that take task ids."""

    def __init__(self, bot: SunoBot) -> None:
        self._watchlist = bot.services.watchlist
        self._outbox = bot.services.outbox
        self._history = bot.services.history

    @app_commands.command(
        name=localized("command-status-name"), description=localized("command-status")
    )
    @app_commands.rename(ids=localized("option-id-name"))
    @app_commands.describe(ids=localized("option-id"))
    @app_commands.autocomplete(ids=_recent_ids)
    async def status(self, interaction: Interaction, ids: Ids) -> None:
        """Show how some tasks are doing."""
        await interaction.response.defer(ephemeral=True)
        catalog = catalog_for(interaction.locale.value)
        wanted, left = answerable(interaction, await self._watchlist.ids_in(ids))
        seen = await self._watchlist.look_up(wanted, caller_of(interaction))
        now = discord.utils.utcnow().timestamp()
        reply = Reply(interaction)
        for task_id in wanted:
            if task := seen.tasks.get(task_id):
                typical = await self._history.duration_stats(task.kind or TaskKind.MUSIC)
                status = status_message(task, catalog, now=now, typical=typical)
                await reply.send(embeds=status.embeds, view=status.view)
            else:
                await reply.send(_say_untold(task_id, seen, catalog))
        if left:
            await reply.send(_say_left(left, catalog))

    @app_commands.command(
        name=localized("command-watch-name"), description=localized("command-watch")
    )
    @app_commands.rename(
        ids=localized("option-id-name"),
        channel=localized("option-channel-name"),
        mention=localized("option-mention-name"),
        private=localized("option-private-name"),
    )
    @app_commands.describe(
        ids=localized("option-id"),
        channel=localized("option-channel"),
        mention=localized("option-mention"),
        private=localized("option-private"),
    )
    @app_commands.autocomplete(ids=_recent_ids)
    async def watch(
        self,
        interaction: Interaction,
        ids: Ids,
        channel: discord.TextChannel | discord.Thread | None = None,
        *,
        mention: bool = True,
        private: bool = False,
    ) -> None:
        """Watch some tasks; their notices are posted where the person wants them."""
        await interaction.response.defer(ephemeral=True)
        options = WatchOptions(channel=channel, mention=mention, private=private)
        wanted = await self._watchlist.ids_in(ids)
        answer = await interaction.client.services.watch_service.watch(interaction, wanted, options)
        text = watch_reply(answer, catalog_for(interaction.locale.value))
        await Reply(interaction).send(text)

    @app_commands.command(
        name=localized("command-unwatch-name"), description=localized("command-unwatch")
    )
    @app_commands.rename(ids=localized("option-id-name"))
    @app_commands.describe(ids=localized("option-id"))
    @app_commands.autocomplete(ids=_recent_ids)
    async def unwatch(self, interaction: Interaction, ids: Ids) -> None:
        """Stop watching some tasks, wherever the person watches them."""
        await interaction.response.defer(ephemeral=True)
        catalog = catalog_for(interaction.locale.value)
        wanted = await self._watchlist.ids_in(ids)
        removed = await self._watchlist.remove(wanted, user_id=interaction.user.id)
        lines = [
            catalog.text(_UNWATCHED[each], id=code_span(task_id))
            for task_id, each in removed.items()
        ]
        await Reply(interaction).send("\n".join(lines))

    @app_commands.command(
        name=localized("command-list-name"), description=localized("command-list")
    )
    async def list_watches(self, interaction: Interaction) -> None:
        """Show what the person watches, everywhere."""
        await interaction.response.defer(ephemeral=True)
        catalog = catalog_for(interaction.locale.value)
        watches = await self._watchlist.watches_of(interaction.user.id)
        if not watches:
            await Reply(interaction).send(catalog.text("list-empty"))
            return
        lines = [_say_watch(watch, catalog) for watch in watches[:LINES_IN_A_LIST]]
        lines = whole_lines(lines, MAX_DESCRIPTION - _ROOM_FOR_MORE)
        if len(watches) > len(lines):
            lines.append(catalog.text("list-more", count=len(watches) - len(lines)))
        title = catalog.text("list-title", count=len(watches))
        await Reply(interaction).send(
            embeds=[discord.Embed(title=title, description="\n".join(lines))]
        )

    @app_commands.command(
        name=localized("command-inbox-name"), description=localized("command-inbox")
    )
    async def inbox(self, interaction: Interaction) -> None:
        """Show what could not be posted to the person, and why."""
        await interaction.response.defer(ephemeral=True)
        catalog = catalog_for(interaction.locale.value)
        now = discord.utils.utcnow().timestamp()
        entries = await self._outbox.undelivered_notices(interaction.user.id, now)
        if entries:
            await Reply(interaction).send(embeds=[inbox_embed(entries, catalog)])
        else:
            await Reply(interaction).send(catalog.text("inbox-empty"))

    @app_commands.command(
        name=localized("command-lyrics-name"), description=localized("command-lyrics")
    )
    @app_commands.rename(ids=localized("option-id-name"))
    @app_commands.describe(ids=localized("option-id"))
    @app_commands.autocomplete(ids=_recent_ids)
    async def lyrics(self, interaction: Interaction, ids: Ids) -> None:
        """Open a reader for the lyrics of each task."""
        await interaction.response.defer(ephemeral=True)
        catalog = catalog_for(interaction.locale.value)
        reply = Reply(interaction)
        wanted, left = answerable(interaction, await self._watchlist.ids_in(ids))
        seen = await self._watchlist.read_all(wanted, caller_of(interaction))
        for task_id in wanted:
            task = seen.tasks.get(task_id)
            if task is None:
                await reply.send(_say_untold(task_id, seen, catalog))
            elif not task.text and not task.terminal:
                await reply.send(catalog.text("lyrics-none", id=code_span(task_id)))
            elif has_readable_lyrics(task):
                page = lyrics_page(task, 0, catalog)
                await reply.send(embeds=[page.embed], view=page.view)
            else:
                for embeds in lyrics_messages(task, catalog):
                    await reply.send(embeds=embeds)
        if left:
            await reply.send(_say_left(left, catalog))


def _say_untold(task_id: str, seen: LookupResult, catalog: Catalog) -> str:
    """Say why there is nothing to show of a task."""
    if error := seen.failed.get(task_id):
        return error_text(error, catalog)
    key = "status-unlisted" if task_id in seen.unlisted else "status-unknown"
    return catalog.text(key, id=code_span(task_id))


def answerable(interaction: Interaction, ids: list[str]) -> tuple[list[str], list[str]]:
    """Return which of the tasks an answer of a message each can show, and which are too many."""
    most = MAX_USER_INSTALL_FOLLOW_UPS if is_user_install_only(interaction) else len(ids)
    return ids[:most], ids[most:]


def _say_left(ids: list[str], catalog: Catalog) -> str:
    return catalog.text("answer-too-long", ids=" ".join(map(code_span, ids)))


def _say_watch(watch: Watch, catalog: Catalog) -> str:
    title = escape_line(watch.task.title, limit=60)
    return catalog.text(
        "list-line" if watch.known else "list-line-unheard",
        id=code_span(watch.task.id, limit=60),
        title=f" · **{title}**" if title else "",
        place=f"<#{watch.channel_id}>",
        since=f"<t:{watch.created_at:.0f}:R>",
    )


async def setup(bot: SunoBot) -> None:
    """Add the cog; discord.py calls this."""
    await bot.add_cog(Suno(bot))
