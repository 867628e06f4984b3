"""Someone joins or leaves a card in a channel."""

import time

import discord
from discord.ext import commands

from bot.client import SunoBot
from bot.i18n.catalog import catalog_for
from bot.storage.models import LiveCard, Unwatched
from bot.ui.components import PersistentItem
from bot.ui.live_card import LIVE_BUTTON
from bot.ui.replies import Reply
from bot.ui.watch_replies import watch_reply
from bot.watches.destinations import HERE

Interaction = discord.Interaction[SunoBot]


class CardButton(
    PersistentItem,
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=LIVE_BUTTON,
):
    """*Me too* and *Stop* under a card: anybody may press them, each for themselves."""

    def __init__(self, action: str, card: str) -> None:
        super().__init__(discord.ui.Button(custom_id=f"card:{action}:{card}"))
        self.action = action
        self.card_id = int(card)

    async def callback(self, interaction: Interaction) -> None:  # type: ignore[override]  # our client
        """Watch what runs on the card, or wait for what is told just now; or stop watching."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        catalog = catalog_for(interaction.locale.value)
        bot = interaction.client
        card = await bot.services.live_cards.get(self.card_id, time.time())
        tasks = card.tasks if card else ()
        running = [shown.task.id for shown in tasks if not shown.end_reason]
        told = running or [shown.task.id for shown in tasks if shown.notice_pending]
        if card is None or not told:
            text = catalog.text("live-gone")
        elif self.action == "join":
            answer = await bot.services.watch_service.watch(interaction, told, HERE)
            text = watch_reply(answer, catalog)
        else:
            text = catalog.text(await self._leave(interaction, card, told))
        await Reply(interaction).send(text)
        if card is None and interaction.message:
            public = catalog_for((interaction.guild_locale or interaction.locale).value)
            await bot.services.live_card_updater.retire(
                interaction.message, self.item.custom_id or "", public
            )

    async def _leave(self, interaction: Interaction, card: LiveCard, ids: list[str]) -> str:
        """Stop for the person who pressed; return the key of what to say."""
        services = interaction.client.services
        removed = await services.watchlist.remove(
            ids, user_id=interaction.user.id, channel_id=card.destination.channel_id
        )
        if Unwatched.ON_ITS_WAY in removed.values():
            return "live-on-its-way"
        return "live-left" if Unwatched.STOPPED in removed.values() else "live-not-watching"


class Cards(commands.Cog):
    """Makes the buttons of cards known, also those of earlier runs."""

    def __init__(self, bot: SunoBot) -> None:
        self._bot = bot

    async def cog_load(self) -> None:
        """Register the buttons."""
        self._bot.add_dynamic_items(CardButton)

    async def cog_unload(self) -> None:
        """Forget them again."""
        self._bot.remove_dynamic_items(CardButton)


async def setup(bot: SunoBot) -> None:
    """Add the cog; discord.py calls this."""
    await bot.add_cog(Cards(bot))
