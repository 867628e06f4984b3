"""Permission events: retry held deliveries in channels that became accessible."""

import discord
from discord.ext import commands

from bot.client import SunoBot
from bot.delivery.channel_blocker import ChannelBlocker


class PermissionEvents(commands.Cog):
    """Listens to the events by which the bot may gain a missing permission."""

    def __init__(self, channel_blocker: ChannelBlocker) -> None:
        self._channel_blocker = channel_blocker

    @commands.Cog.listener()
    async def on_guild_channel_update(
        self, _: discord.abc.GuildChannel, channel: discord.abc.GuildChannel
    ) -> None:
        """Retry: permission overwrites may have changed."""
        await self._channel_blocker.retry_unblocked(channel.guild.id)

    @commands.Cog.listener()
    async def on_guild_role_update(self, _: discord.Role, role: discord.Role) -> None:
        """Retry: a role may have a new permission."""
        await self._channel_blocker.retry_unblocked(role.guild.id)

    @commands.Cog.listener()
    async def on_member_update(self, _: discord.Member, member: discord.Member) -> None:
        """Retry: the bot may have a new role. Discord tells it of no other member."""
        if member == member.guild.me:
            await self._channel_blocker.retry_unblocked(member.guild.id)

    @commands.Cog.listener()
    async def on_thread_update(self, _: discord.Thread, thread: discord.Thread) -> None:
        """Retry: a thread may have been opened or unlocked."""
        await self._channel_blocker.retry_unblocked(thread.guild.id)

    @commands.Cog.listener()
    async def on_thread_join(self, thread: discord.Thread) -> None:
        """Retry: discord.py calls this when an archived thread that it had dropped is opened."""
        await self._channel_blocker.retry_unblocked(thread.guild.id)

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        """Retry: a server is back after an outage, or after a restart of the bot."""
        await self._channel_blocker.retry_unblocked(guild.id)


async def setup(bot: SunoBot) -> None:
    """Add the cog; discord.py calls this."""
    await bot.add_cog(PermissionEvents(bot.services.dispatcher.channel_blocker))
