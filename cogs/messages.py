"""Someone opens the menu of a message: find the task ids in it, offer to watch them."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import SunoBot
from bot.i18n.catalog import catalog_for
from bot.i18n.translator import localized
from bot.ui.components import PersistentItem
from bot.ui.replies import Reply, caller_of
from bot.ui.task_menu import FOUND_MENU, task_menu
from bot.ui.watch_replies import watch_reply
from bot.watches.destinations import HERE
from bot.watches.task_ids import MAX_IDS, find_ids, parse_ids

Interaction = discord.Interaction[SunoBot]


async def find_tasks(interaction: Interaction, message: discord.Message) -> None:
    """Ask the relay which ids in a message it knows, and offer those."""
    await interaction.response.defer(ephemeral=True)
    catalog = catalog_for(interaction.locale.value)
    candidates = find_ids(_text_of(message))
    if not candidates:
        await Reply(interaction).send(catalog.text("found-nothing"))
        return
    seen = await interaction.client.services.watchlist.look_up(candidates, caller_of(interaction))
    known = [seen.tasks[task_id] for task_id in candidates if task_id in seen.tasks]
    if not known and seen.failed:
        raise next(iter(seen.failed.values()))
    if not known:
        await Reply(interaction).send(catalog.text("found-unknown", number=len(candidates)))
        return
    text = catalog.text("found-some", number=len(known))
    await Reply(interaction).send(text, view=task_menu(known, catalog, max_chosen=MAX_IDS))


def _text_of(message: discord.Message) -> str:
    """Return everything in a message that can be read."""
    parts: list[str | None] = [message.content]
    for embed in message.embeds:
        fields = [part for field in embed.fields for part in (field.name, field.value)]
        parts += [embed.title, embed.description, embed.url, embed.footer.text, *fields]
    return "\n".join(filter(None, parts))


class FoundMenu(
    PersistentItem,
    discord.ui.DynamicItem[discord.ui.Select[discord.ui.View]],
    template=FOUND_MENU,
):
    """The menu of what was found; only the person who asked sees it."""

    def __init__(self) -> None:
        super().__init__(discord.ui.Select(custom_id=FOUND_MENU))

    async def callback(self, interaction: Interaction) -> None:  # type: ignore[override]  # our client
        """Watch what was chosen, where the message stands."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        data: Any = interaction.data
        chosen = parse_ids(" ".join(data["values"]))
        answer = await interaction.client.services.watch_service.watch(interaction, chosen, HERE)
        text = watch_reply(answer, catalog_for(interaction.locale.value))
        await Reply(interaction).send(text)


class Messages(commands.Cog):
    """Puts the command into the menu of every message."""

    def __init__(self, bot: SunoBot) -> None:
        self._bot = bot
        self._command = app_commands.ContextMenu(
            name=localized("command-find-name"), callback=find_tasks
        )

    async def cog_load(self) -> None:
        """Add the command, and make its menu known."""
        self._bot.tree.add_command(self._command)
        self._bot.add_dynamic_items(FoundMenu)

    async def cog_unload(self) -> None:
        """Take both back."""
        self._bot.tree.remove_command(self._command.name, type=self._command.type)
        self._bot.remove_dynamic_items(FoundMenu)


async def setup(bot: SunoBot) -> None:
    """Add the cog; discord.py calls this."""
    await bot.add_cog(Messages(bot))
