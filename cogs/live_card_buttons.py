"""The buttons *Me too* and *Stop* of live cards."""

from dataclasses import replace

import discord

from bot.client import SunoBot
from bot.delivery.live_card_updater import LiveCardUpdater
from bot.i18n.catalog import catalog_for
from bot.storage.live_cards import LiveCards
from bot.storage.models import LiveCard, UnwatchOutcome
from bot.storage.server_settings import ServerSettingsStore
from bot.ui.custom_ids import LiveCardButtonId
from bot.ui.persistent_items import persistent_item
from bot.ui.replies import Reply
from bot.ui.suno_cog import SunoCog
from bot.ui.watch_replies import watch_reply
from bot.watches.destinations import JOIN
from bot.watches.languages import channel_locale
from bot.watches.service import WatchService
from bot.watches.watchlist import Watchlist

Interaction = discord.Interaction[SunoBot]


class LiveCardButtons(SunoCog):
    """Answers the buttons of live cards: every user may press them, for their own watches."""

    def __init__(
        self,
        bot: SunoBot,
        *,
        watch_service: WatchService,
        watchlist: Watchlist,
        cards: LiveCards,
        updater: LiveCardUpdater,
        settings: ServerSettingsStore,
    ) -> None:
        super().__init__(bot, items=[persistent_item(LiveCardButtonId, self.press)])
        self._watch_service = watch_service
        self._watchlist = watchlist
        self._cards = cards
        self._updater = updater
        self._settings = settings

    async def press(self, interaction: Interaction, custom_id: LiveCardButtonId) -> None:
        """Watch or unwatch the running tasks of the card, else those with a pending notice."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        catalog = catalog_for(interaction.locale.value)
        card = await self._card_under(interaction, custom_id.card_id)
        tasks = card.tasks if card else ()
        running = [entry.task.id for entry in tasks if not entry.end_reason]
        ids = running or [entry.task.id for entry in tasks if entry.notice_pending]
        if card is None or not ids:
            text = catalog.text("live-ended")
        elif custom_id.action == "join":
            accounts = {entry.task.id: entry.account for entry in tasks}
            answer = await self._watch_service.watch(
                interaction, ids, replace(JOIN, accounts=accounts)
            )
            text = watch_reply(answer, catalog_for(interaction.locale.value))
        else:
            text = catalog.text(await self._leave(interaction, card, ids))
        await Reply(interaction).send(text)
        if card is None and interaction.message:
            settings = await self._settings.of(interaction.guild_id)
            public = catalog_for(channel_locale(interaction, settings))
            await self._updater.mark_orphaned(interaction.message, custom_id.encode(), public)

    async def _card_under(self, interaction: Interaction, card_id: int) -> LiveCard | None:
        """Return the card whose message has the button, ``None`` if the database lacks it.

        After a backup was restored, or with an empty database, numbers are given again: another
        card may have this one, also in a channel that the user cannot see.
        """
        card = await self._cards.get(card_id, interaction.client.clock())
        if card is None or card.destination.channel_id != interaction.channel_id:
            return None
        shown = interaction.message.id if interaction.message else None
        return card if card.message_id in (None, shown) else None

    async def _leave(self, interaction: Interaction, card: LiveCard, ids: list[str]) -> str:
        """Stop watching for the user of the button; return the catalogue key of the reply."""
        removed = await self._watchlist.remove(
            ids, user_id=interaction.user.id, channel_id=card.destination.channel_id
        )
        if UnwatchOutcome.ON_ITS_WAY in removed.values():
            return "live-sending"
        if UnwatchOutcome.CANCELLED in removed.values():
            return "unwatch-cancelled"
        return "live-left" if UnwatchOutcome.STOPPED in removed.values() else "live-not-watching"


async def setup(bot: SunoBot) -> None:
    """Add the cog; discord.py calls this."""
    services = bot.services
    await bot.add_cog(
        LiveCardButtons(
            bot,
            watch_service=services.watch_service,
            watchlist=services.watchlist,
            cards=services.live_cards,
            updater=services.live_card_updater,
            settings=services.server_settings,
        )
    )
