"""Someone presses a button. What it is about stands in its custom id, so it outlives a restart."""

import discord
from discord.ext import commands

from bot.client import SunoBot
from bot.i18n.catalog import catalog_for
from bot.relay.models import Task, TaskKind
from bot.ui.components import KEEP_WATCHING, STATUS_BUTTON, PersistentItem
from bot.ui.lyrics_reader import lyrics_page
from bot.ui.replies import Reply, caller_of
from bot.ui.status_card import status_message
from bot.ui.watch_replies import watch_reply
from bot.watches.destinations import HERE


class KeepWatching(
    PersistentItem,
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=KEEP_WATCHING.format(r"(?P<delivery>[0-9]+)"),
):
    """Under a notice that a task was given up: whoever presses it watches the task again."""

    def __init__(self, delivery: str) -> None:
        super().__init__(discord.ui.Button(custom_id=KEEP_WATCHING.format(delivery)))
        self.delivery_id = int(delivery)

    async def callback(self, interaction: discord.Interaction[SunoBot]) -> None:  # type: ignore[override]  # our client
        """Watch the task again for whoever pressed, where the notice stands."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        services = interaction.client.services
        task_id = await services.outbox.task_id_of(self.delivery_id)
        catalog = catalog_for(interaction.locale.value)
        if task_id is None:
            text = catalog.text("reader-gone")
        else:
            answer = await interaction.client.services.watch_service.watch(
                interaction, [task_id], HERE
            )
            text = watch_reply(answer, catalog)
        await Reply(interaction).send(text)


class StatusButton(
    PersistentItem,
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=STATUS_BUTTON,
):
    """Under a status card: be told, read the lyrics, or look again."""

    def __init__(self, action: str, task: str) -> None:
        super().__init__(discord.ui.Button(custom_id=f"status:{action}:{task}"))
        self.action = action
        self.task_id = task

    async def callback(self, interaction: discord.Interaction[SunoBot]) -> None:  # type: ignore[override]  # our client
        """Do it for whoever pressed; a card is seen by one person, and so is the answer."""
        refresh = self.action == "refresh"
        await interaction.response.defer(ephemeral=True, thinking=not refresh)
        catalog = catalog_for(interaction.locale.value)
        watchlist = interaction.client.services.watchlist
        if self.action == "notify":
            answer = await interaction.client.services.watch_service.watch(
                interaction, [self.task_id]
            )
            text = watch_reply(answer, catalog)
            await Reply(interaction).send(text)
        elif task := await watchlist.read(self.task_id, caller_of(interaction)):
            await (self._refresh if refresh else self._read)(interaction, task)
        else:
            await interaction.followup.send(catalog.text("reader-gone"), ephemeral=True)

    async def _refresh(self, interaction: discord.Interaction[SunoBot], task: Task) -> None:
        catalog = catalog_for(interaction.locale.value)
        now = discord.utils.utcnow().timestamp()
        typical = await interaction.client.services.history.duration_stats(
            task.kind or TaskKind.MUSIC
        )
        status = status_message(task, catalog, now=now, typical=typical)
        await interaction.edit_original_response(embeds=status.embeds, view=status.view)

    async def _read(self, interaction: discord.Interaction[SunoBot], task: Task) -> None:
        page = lyrics_page(task, 0, catalog_for(interaction.locale.value))
        await Reply(interaction).send(embeds=[page.embed], view=page.view)


class Buttons(commands.Cog):
    """Makes the buttons known, also those under messages of earlier runs."""

    def __init__(self, bot: SunoBot) -> None:
        self._bot = bot

    async def cog_load(self) -> None:
        """Register every kind of button."""
        self._bot.add_dynamic_items(KeepWatching, StatusButton)

    async def cog_unload(self) -> None:
        """Forget them again."""
        self._bot.remove_dynamic_items(KeepWatching, StatusButton)


async def setup(bot: SunoBot) -> None:
    """Add the cog; discord.py calls this."""
    await bot.add_cog(Buttons(bot))
