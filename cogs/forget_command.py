"""The command ``/suno forget``: deletes what is stored about its user."""

import logging
from dataclasses import replace

import aiohttp
import discord

from bot.accounts.service import AccountService
from bot.client import SunoBot
from bot.creation.drafts import Drafts
from bot.i18n.catalog import catalog_for
from bot.storage.erasure import Erasure
from bot.storage.live_cards import LiveCards
from bot.storage.models import AccountOwner
from bot.storage.user_settings import UserSettingsStore
from bot.ui.custom_ids import ErasureButtonId
from bot.ui.persistent_items import persistent_item
from bot.ui.suno_cog import SunoCog, subcommand
from bot.ui.views import erasure_question, erasure_view

log = logging.getLogger(__name__)

Interaction = discord.Interaction[SunoBot]


class ForgetCommand(SunoCog):
    """``/suno forget`` and the buttons under its question."""

    def __init__(
        self,
        bot: SunoBot,
        *,
        accounts: AccountService,
        drafts: Drafts,
        erasure: Erasure,
        cards: LiveCards,
        user_settings: UserSettingsStore,
    ) -> None:
        super().__init__(
            bot,
            subcommands=[subcommand("forget", self.forget)],
            items=[persistent_item(ErasureButtonId, self.answer)],
        )
        self._accounts = accounts
        self._drafts = drafts
        self._erasure = erasure
        self._cards = cards
        self._user_settings = user_settings

    async def forget(self, interaction: Interaction) -> None:
        """Reply with what is stored about the user, and ask whether to delete it."""
        await interaction.response.defer(ephemeral=True)
        catalog = catalog_for(interaction.locale.value)
        user_id = interaction.user.id
        stored = await self._erasure.personal_data(user_id)
        personal_data = replace(stored, drafts=self._drafts.count(user_id))
        if personal_data.nothing:
            await interaction.edit_original_response(content=catalog.text("forget-nothing"))
            return
        await interaction.edit_original_response(
            content=erasure_question(personal_data, catalog),
            view=erasure_view(user_id, catalog),
        )

    async def answer(self, interaction: Interaction, custom_id: ErasureButtonId) -> None:
        """Delete or keep the data, depending on the button, and remove the buttons."""
        catalog = catalog_for(interaction.locale.value)
        if interaction.user.id != custom_id.owner:
            text = catalog.text("forget-not-yours")
            await interaction.response.send_message(text, ephemeral=True)
            return
        await interaction.response.defer()
        if custom_id.action == "delete":
            await self._erase(interaction)
        key = "forget-done" if custom_id.action == "delete" else "forget-kept"
        await interaction.edit_original_response(content=catalog.text(key), view=None)

    async def _erase(self, interaction: Interaction) -> None:
        """Delete what is stored about the user, and update the live cards that mention them."""
        try:
            direct: int | None = (await interaction.client.create_dm(interaction.user)).id
        except (discord.HTTPException, aiohttp.ClientError, OSError):
            direct = None
        user_id = interaction.user.id
        async with self._accounts.erasing(AccountOwner(user_id=user_id)):
            await self._erasure.erase_user(user_id, direct, interaction.client.clock())
        self._user_settings.forget(user_id)
        self._drafts.forget(user_id)
        self._cards.changed.set()
        log.info("Personal data deleted on request")


async def setup(bot: SunoBot) -> None:
    """Add the cog; discord.py calls this."""
    services = bot.services
    await bot.add_cog(
        ForgetCommand(
            bot,
            accounts=services.accounts,
            drafts=services.drafts,
            erasure=services.erasure,
            cards=services.live_cards,
            user_settings=services.user_settings,
        )
    )
