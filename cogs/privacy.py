"""Someone wants to be forgotten, or a server removes the bot: delete what is kept."""

import logging
import re
import time
from contextlib import suppress
from typing import Self

import aiohttp
import discord
from discord import app_commands
from discord.ext import commands

from bot.client import SunoBot
from bot.i18n.catalog import catalog_for
from bot.i18n.translator import localized
from bot.storage.errors import DatabaseClosed
from bot.storage.models import ShardGuilds
from bot.ui.components import PersistentItem
from bot.ui.erasure_panel import CONFIRM, erasure_question, erasure_view

log = logging.getLogger(__name__)

_OWNER = "application that this database belongs to"

Interaction = discord.Interaction[SunoBot]


class ConfirmButton(
    PersistentItem, discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=CONFIRM
):
    """*Delete it all* and *Keep it*, for the person who asked."""

    def __init__(self, item: discord.ui.Button[discord.ui.View], action: str, owner: int) -> None:
        super().__init__(item)
        self.action = action
        self.owner = owner

    @classmethod
    async def from_custom_id(
        cls,
        _interaction: discord.Interaction,
        item: discord.ui.Item[discord.ui.View],
        match: re.Match[str],
    ) -> Self:
        """Return the button that was pressed."""
        assert isinstance(item, discord.ui.Button)  # noqa: S101 # no other item has this id
        return cls(item, match["action"], int(match["owner"]))

    async def callback(self, interaction: Interaction) -> None:  # type: ignore[override]  # our client
        """Do what the button says; the buttons go."""
        catalog = catalog_for(interaction.locale.value)
        if interaction.user.id != self.owner:
            await interaction.response.send_message(
                catalog.text("forget-not-yours"), ephemeral=True
            )
            return
        await interaction.response.defer()
        if self.action == "delete":
            await _forget(interaction)
        key = "forget-done" if self.action == "delete" else "forget-kept"
        await interaction.edit_original_response(content=catalog.text(key), view=None)


class Privacy(commands.Cog):
    """``/suno forget``, and the end of a server's data."""

    def __init__(self, bot: SunoBot) -> None:
        self._bot = bot
        self._group = bot.suno_group

    async def cog_load(self) -> None:
        """Add the command and make its buttons known."""
        self._group.add_command(
            app_commands.Command(
                name=localized("command-forget-name"),
                description=localized("command-forget"),
                callback=self.forget,
            )
        )
        self._bot.add_dynamic_items(ConfirmButton)

    async def cog_unload(self) -> None:
        """Take both away again."""
        self._group.remove_command("forget")
        self._bot.remove_dynamic_items(ConfirmButton)

    async def forget(self, interaction: Interaction) -> None:
        """Say what is kept about the person, and ask whether to delete it."""
        await interaction.response.defer(ephemeral=True)
        catalog = catalog_for(interaction.locale.value)
        personal_data = await self._bot.services.erasure.personal_data(interaction.user.id)
        if personal_data.nothing:
            await interaction.edit_original_response(content=catalog.text("forget-nothing"))
            return
        await interaction.edit_original_response(
            content=erasure_question(personal_data, catalog),
            view=erasure_view(interaction.user.id, catalog),
        )

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Delete everything of a server that the bot is no longer in; an outage is not that."""
        await self._bot.services.erasure.purge(guild.id)
        log.info("Left server %s; its data are deleted", guild.id)

    @commands.Cog.listener()
    async def on_shard_guilds(
        self, shard_id: int, shard_count: int, guild_ids: frozenset[int]
    ) -> None:
        """Note which servers removed the bot while it was away.

        A database that another bot worked on before is left alone: that one's servers are not ours.
        """
        with suppress(DatabaseClosed):  # a bot that is stopping does so at its next start
            if await self._database_is_ours():
                listed = ShardGuilds(shard_id, shard_count, guild_ids)
                await self._bot.services.departed_servers.compare(listed, time.time())

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Keep the data of a server that invites the bot again."""
        await self._bot.services.departed_servers.cancel(guild.id)

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        """Keep the data of a server that was not listed by mistake."""
        await self._bot.services.departed_servers.cancel(guild.id)

    async def _database_is_ours(self) -> bool:
        """Whether no other bot worked on the database before; the first one makes it its own."""
        notes, ours = self._bot.services.key_values, str(self._bot.application_id)
        owner = await notes.read(_OWNER)
        if owner is None:
            await notes.write(_OWNER, ours)
        elif owner != ours:
            log.warning("This database was another bot's; nothing of its servers is deleted")
        return owner in (None, ours)


async def _forget(interaction: Interaction) -> None:
    """Delete what is kept about the person, and let cards that name them be shown anew."""
    services = interaction.client.services
    try:
        direct: int | None = (await interaction.client.create_dm(interaction.user)).id
    except (discord.HTTPException, aiohttp.ClientError, OSError):
        direct = None
    await services.erasure.forget(interaction.user.id, direct, time.time())
    services.live_cards.changed.set()
    log.info("Forgot a person who asked for it")


async def setup(bot: SunoBot) -> None:
    """Add the cog; discord.py calls this."""
    await bot.add_cog(Privacy(bot))
