"""Someone presses a button. What it is about stands in its custom id, so it outlives a restart."""

import re
from typing import Self

import discord
from discord.ext import commands

from bot.discord_bot import SunoBot
from bot.posting.views import KEEP_WATCHING
from bot.posting.watch_here import watch_here


class KeepWatching(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=KEEP_WATCHING.format(r"(?P<delivery>[0-9]+)"),
):
    """Under a notice that a task was given up: whoever presses it watches the task again."""

    def __init__(self, delivery_id: int) -> None:
        super().__init__(discord.ui.Button(custom_id=KEEP_WATCHING.format(delivery_id)))
        self.delivery_id = delivery_id

    @classmethod
    async def from_custom_id(
        cls,
        _interaction: discord.Interaction,
        _item: discord.ui.Item[discord.ui.View],
        match: re.Match[str],
    ) -> Self:
        """Return the button that was pressed."""
        return cls(int(match["delivery"]))

    async def callback(self, interaction: discord.Interaction[SunoBot]) -> None:  # type: ignore[override]  # our client
        """Watch the task again for whoever pressed, where the notice stands."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        services = interaction.client.services
        task_id = await services.outbox.task_of(self.delivery_id)
        ids = [task_id] if task_id else []
        await interaction.edit_original_response(
            content=await watch_here(interaction, services.watchlist, ids)
        )


class Buttons(commands.Cog):
    """Makes the buttons known, also those under messages of earlier runs."""

    def __init__(self, bot: SunoBot) -> None:
        self._bot = bot

    async def cog_load(self) -> None:
        """Register every kind of button."""
        self._bot.add_dynamic_items(KeepWatching)

    async def cog_unload(self) -> None:
        """Forget them again."""
        self._bot.remove_dynamic_items(KeepWatching)


async def setup(bot: SunoBot) -> None:
    """Add the cog; discord.py calls this."""
    await bot.add_cog(Buttons(bot))
