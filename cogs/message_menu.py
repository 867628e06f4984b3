"""The message command *Watch Suno tasks*: offers the tasks whose ids are in a message."""

import discord
from discord import app_commands

from bot.client import SunoBot
from bot.i18n.catalog import catalog_for
from bot.i18n.translator import localized
from bot.ui.custom_ids import FoundTasksId
from bot.ui.persistent_items import persistent_item, selected_values
from bot.ui.replies import Reply, caller_of
from bot.ui.suno_cog import SunoCog
from bot.ui.task_menu import readable_text, task_menu
from bot.ui.watch_replies import watch_reply
from bot.watches.destinations import HERE
from bot.watches.service import WatchService
from bot.watches.task_ids import MAX_IDS, find_ids, is_valid_task_id
from bot.watches.task_reader import TaskReader

Interaction = discord.Interaction[SunoBot]


class MessageMenu(SunoCog):
    """The command in the menu of every message, and the menu of what it finds."""

    def __init__(
        self, bot: SunoBot, *, watch_service: WatchService, task_reader: TaskReader
    ) -> None:
        super().__init__(bot, items=[persistent_item(FoundTasksId, self.watch_chosen)])
        self._watch_service = watch_service
        self._task_reader = task_reader
        self._command = app_commands.ContextMenu(
            name=localized("command-find-name"), callback=self.find_tasks
        )

    async def cog_load(self) -> None:
        """Add the message command, and what every cog registers."""
        await super().cog_load()
        self._bot.tree.add_command(self._command)

    async def cog_unload(self) -> None:
        """Remove the message command, and what every cog registers."""
        await super().cog_unload()
        self._bot.tree.remove_command(self._command.name, type=self._command.type)

    async def find_tasks(self, interaction: Interaction, message: discord.Message) -> None:
        """Ask the relay which ids in a message it knows, and offer those."""
        await interaction.response.defer(ephemeral=True)
        catalog = catalog_for(interaction.locale.value)
        candidates = find_ids(readable_text(message))
        if not candidates:
            await Reply(interaction).send(catalog.text("found-nothing"))
            return
        found = (await self._task_reader.look_up(candidates, caller_of(interaction))).result
        known = [found.tasks[task_id] for task_id in candidates if task_id in found.tasks]
        if not known and found.failed:
            raise next(iter(found.failed.values()))
        if not known:
            await Reply(interaction).send(catalog.text("found-unknown", number=len(candidates)))
            return
        text = catalog.text("found-some", number=len(known))
        view = task_menu(known, catalog, max_chosen=MAX_IDS)
        await Reply(interaction).send(text, view=view)

    async def watch_chosen(self, interaction: Interaction, _: FoundTasksId) -> None:
        """Watch the chosen tasks, in the channel of the message."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        chosen = [each for each in selected_values(interaction) if is_valid_task_id(each)]
        answer = await self._watch_service.watch(interaction, chosen, HERE)
        text = watch_reply(answer, catalog_for(interaction.locale.value))
        await Reply(interaction).send(text)


async def setup(bot: SunoBot) -> None:
    """Add the cog; discord.py calls this."""
    cog = MessageMenu(
        bot, watch_service=bot.services.watch_service, task_reader=bot.services.task_reader
    )
    await bot.add_cog(cog)
