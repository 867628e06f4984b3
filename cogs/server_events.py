"""Events of servers that add or remove the bot: greet them, keep or delete their data."""

import logging
from contextlib import suppress

import discord
from discord.ext import commands

from bot.accounts.service import AccountService
from bot.client import SunoBot
from bot.delivery.welcome import WelcomeMessages
from bot.storage.database_errors import DATABASE_ERRORS, DatabaseClosed
from bot.storage.erasure import Erasure
from bot.storage.key_value import KeyValueStore
from bot.storage.models import AccountOwner, ShardGuilds
from bot.storage.retention import DepartedServers, missing_servers

log = logging.getLogger(__name__)

_OWNER_KEY = "application that this database belongs to"


class ServerEvents(commands.Cog):
    """Listens to the events about the servers that the bot is in."""

    def __init__(
        self,
        bot: SunoBot,
        *,
        accounts: AccountService,
        erasure: Erasure,
        departed_servers: DepartedServers,
        key_values: KeyValueStore,
        welcome_messages: WelcomeMessages,
    ) -> None:
        self._bot = bot
        self._accounts = accounts
        self._erasure = erasure
        self._departed_servers = departed_servers
        self._key_values = key_values
        self._welcome_messages = welcome_messages
        self._known: set[int] = set()
        """The servers that are not new: listed when a session began, or handled since."""

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Delete the data of a server that has removed the bot; an outage is another event."""
        self._known.discard(guild.id)
        try:
            async with self._accounts.erasing(AccountOwner(guild_id=guild.id)):
                await self._erasure.erase_server(guild.id, self._bot.clock())
        except DATABASE_ERRORS:  # the disk may be full
            self._departed_servers.mark_left(guild.id)
            raise
        log.info("Server left, data deleted: server=%s", guild.id)

    @commands.Cog.listener()
    async def on_shard_guilds(
        self, shard_id: int, shard_count: int, guild_ids: frozenset[int]
    ) -> None:
        """Record which servers removed the bot while it was offline.

        A database of another bot is not changed, because it has the servers of that bot.
        """
        self._known |= guild_ids
        with suppress(DatabaseClosed):  # during a shutdown; the next start records it
            if await self._owns_database():
                listed = ShardGuilds(shard_id, shard_count, guild_ids)
                missing = missing_servers(self._accounts.connecting_servers(), listed)
                owners = [AccountOwner(guild_id=each) for each in missing]
                async with self._accounts.erasing(*owners):
                    await self._departed_servers.compare(listed, self._bot.clock())

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Greet a server that invites the bot; keep its data if it does so again."""
        await self._handle_presence(guild)

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        """Keep the data of a server that was not listed by mistake.

        discord.py also dispatches this for a server that the bot joins right after connecting.
        """
        await self._handle_presence(guild)

    async def _handle_presence(self, guild: discord.Guild) -> None:
        with suppress(DatabaseClosed):  # during a shutdown
            await self._departed_servers.cancel(guild.id)
            if guild.id not in self._known:
                self._known.add(guild.id)
                await self._welcome_messages.greet(guild)

    async def _owns_database(self) -> bool:
        """Whether the database belongs to this bot; the first bot to use it is its owner."""
        application = str(self._bot.application_id)
        owner = await self._key_values.read(_OWNER_KEY)
        if owner is None:
            await self._key_values.write(_OWNER_KEY, application)
        elif owner != application:
            log.warning("Database of another bot, no data of its servers deleted: owner=%s", owner)
        return owner in (None, application)


async def setup(bot: SunoBot) -> None:
    """Add the cog; discord.py calls this."""
    services = bot.services
    await bot.add_cog(
        ServerEvents(
            bot,
            accounts=services.accounts,
            erasure=services.erasure,
            departed_servers=services.departed_servers,
            key_values=services.key_values,
            welcome_messages=services.welcome_messages,
        )
    )
