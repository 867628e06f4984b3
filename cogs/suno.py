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
from bot.i18n.translator import localised
from bot.relay.lookup_result import LookupResult
from bot.relay.models import TaskKind
from bot.storage.erasure import RETENTION_PERIOD
from bot.storage.models import Unwatched, Watch
from bot.ui.autocomplete import offered_ids
from bot.ui.escaping import code, plain_line
from bot.ui.held_notice import inbox
from bot.ui.limits import DESCRIPTION, whole_lines
from bot.ui.lyrics import lyrics_pages
from bot.ui.lyrics_reader import can_be_read, page_of
from bot.ui.permissions import FOLLOW_UPS_OF_A_USER_INSTALL, by_user_install_only
from bot.ui.replies import Reply, caller_of, explain
from bot.ui.status_card import status_of
from bot.watches.service import WatchOptions

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
    return await offered_ids(interaction.client.services.history, interaction.user.id, typed)


class Suno(
    commands.GroupCog,
    group_name="suno",
    group_description=localised("command-suno"),
):
    """The commands that take task ids."""

    def __init__(self, bot: SunoBot) -> None:
        self._watchlist = bot.services.watchlist
        self._outbox = bot.services.outbox
        self._history = bot.services.history

    @app_commands.command(
        name=localised("command-status-name"), description=localised("command-status")
    )
    @app_commands.rename(ids=localised("option-id-name"))
    @app_commands.describe(ids=localised("option-id"))
    @app_commands.autocomplete(ids=_recent_ids)
    async def status(self, interaction: Interaction, ids: Ids) -> None:
        """Show how some tasks are doing."""
        await interaction.response.defer(ephemeral=True)
        catalog = catalog_for(interaction.locale.value)
        wanted, left = answerable(interaction, await self._watchlist.ids_in(ids))
        seen = await self._watchlist.look(wanted, caller_of(interaction))
        now = discord.utils.utcnow().timestamp()
        reply = Reply(interaction)
        for task_id in wanted:
            if task := seen.tasks.get(task_id):
                typical = await self._history.duration_stats(task.kind or TaskKind.MUSIC)
                status = status_of(task, catalog, now=now, typical=typical)
                await reply.send(embeds=status.embeds, view=status.view)
            else:
                await reply.send(_say_untold(task_id, seen, catalog))
        if left:
            await reply.send(_say_left(left, catalog))

    @app_commands.command(
        name=localised("command-watch-name"), description=localised("command-watch")
    )
    @app_commands.rename(
        ids=localised("option-id-name"),
        channel=localised("option-channel-name"),
        mention=localised("option-mention-name"),
        private=localised("option-private-name"),
    )
    @app_commands.describe(
        ids=localised("option-id"),
        channel=localised("option-channel"),
        mention=localised("option-mention"),
        private=localised("option-private"),
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
        wish = WatchOptions(channel=channel, mention=mention, private=private)
        wanted = await self._watchlist.ids_in(ids)
        text = await interaction.client.desk.watch(interaction, wanted, wish)
        await Reply(interaction).send(text)

    @app_commands.command(
        name=localised("command-unwatch-name"), description=localised("command-unwatch")
    )
    @app_commands.rename(ids=localised("option-id-name"))
    @app_commands.describe(ids=localised("option-id"))
    @app_commands.autocomplete(ids=_recent_ids)
    async def unwatch(self, interaction: Interaction, ids: Ids) -> None:
        """Stop watching some tasks, wherever the person watches them."""
        await interaction.response.defer(ephemeral=True)
        catalog = catalog_for(interaction.locale.value)
        wanted = await self._watchlist.ids_in(ids)
        removed = await self._watchlist.remove(wanted, user_id=interaction.user.id)
        lines = [
            catalog.text(_UNWATCHED[each], id=code(task_id)) for task_id, each in removed.items()
        ]
        await Reply(interaction).send("\n".join(lines))

    @app_commands.command(
        name=localised("command-list-name"), description=localised("command-list")
    )
    async def list_watches(self, interaction: Interaction) -> None:
        """Show what the person watches, everywhere."""
        await interaction.response.defer(ephemeral=True)
        catalog = catalog_for(interaction.locale.value)
        watches = await self._watchlist.of(interaction.user.id)
        if not watches:
            await Reply(interaction).send(catalog.text("list-empty"))
            return
        lines = [_say_watch(watch, catalog) for watch in watches[:LINES_IN_A_LIST]]
        lines = whole_lines(lines, DESCRIPTION - _ROOM_FOR_MORE)
        if len(watches) > len(lines):
            lines.append(catalog.text("list-more", count=len(watches) - len(lines)))
        title = catalog.text("list-title", count=len(watches))
        await Reply(interaction).send(
            embeds=[discord.Embed(title=title, description="\n".join(lines))]
        )

    @app_commands.command(
        name=localised("command-inbox-name"), description=localised("command-inbox")
    )
    async def inbox(self, interaction: Interaction) -> None:
        """Show what could not be posted to the person, and why."""
        await interaction.response.defer(ephemeral=True)
        catalog = catalog_for(interaction.locale.value)
        since = discord.utils.utcnow().timestamp() - RETENTION_PERIOD
        entries = await self._outbox.undelivered_notices(interaction.user.id, since)
        if entries:
            await Reply(interaction).send(embeds=[inbox(entries, catalog)])
        else:
            await Reply(interaction).send(catalog.text("inbox-empty"))

    @app_commands.command(
        name=localised("command-lyrics-name"), description=localised("command-lyrics")
    )
    @app_commands.rename(ids=localised("option-id-name"))
    @app_commands.describe(ids=localised("option-id"))
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
                await reply.send(catalog.text("lyrics-none", id=code(task_id)))
            elif can_be_read(task):
                page = page_of(task, 0, catalog)
                await reply.send(embeds=[page.embed], view=page.view)
            else:
                for embeds in lyrics_pages(task, catalog):
                    await reply.send(embeds=embeds)
        if left:
            await reply.send(_say_left(left, catalog))


def _say_untold(task_id: str, seen: LookupResult, catalog: Catalog) -> str:
    """Say why there is nothing to show of a task."""
    if error := seen.failed.get(task_id):
        return explain(error, catalog)
    key = "status-unlisted" if task_id in seen.unlisted else "status-unknown"
    return catalog.text(key, id=code(task_id))


def answerable(interaction: Interaction, ids: list[str]) -> tuple[list[str], list[str]]:
    """Return which of the tasks an answer of a message each can show, and which are too many."""
    most = FOLLOW_UPS_OF_A_USER_INSTALL if by_user_install_only(interaction) else len(ids)
    return ids[:most], ids[most:]


def _say_left(ids: list[str], catalog: Catalog) -> str:
    return catalog.text("answer-too-long", ids=" ".join(map(code, ids)))


def _say_watch(watch: Watch, catalog: Catalog) -> str:
    title = plain_line(watch.task.title, limit=60)
    return catalog.text(
        "list-line" if watch.known else "list-line-unheard",
        id=code(watch.task.id, limit=60),
        title=f" · **{title}**" if title else "",
        place=f"<#{watch.channel_id}>",
        since=f"<t:{watch.created_at:.0f}:R>",
    )


async def setup(bot: SunoBot) -> None:
    """Add the cog; discord.py calls this."""
    await bot.add_cog(Suno(bot))
