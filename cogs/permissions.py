"""Discord says that something about permissions changed: try again what is held there."""

import discord
from discord.ext import commands

from bot.client import SunoBot


class Permissions(commands.Cog):
    """Listens to whatever may give the bot back what it lacked."""

    def __init__(self, bot: SunoBot) -> None:
        self._places = bot.services.dispatcher.channel_blocker

    @commands.Cog.listener()
    async def on_guild_channel_update(
        self, _: discord.abc.GuildChannel, channel: discord.abc.GuildChannel
    ) -> None:
        """Look again: overwrites may have changed."""
        await self._places.retry_unblocked(channel.guild.id)

    @commands.Cog.listener()
    async def on_guild_role_update(self, _: discord.Role, role: discord.Role) -> None:
        """Look again: a role may have got a permission."""
        await self._places.retry_unblocked(role.guild.id)

    @commands.Cog.listener()
    async def on_member_update(self, _: discord.Member, member: discord.Member) -> None:
        """Look again: the bot may have got a role; it hears of no other member."""
        if member == member.guild.me:
            await self._places.retry_unblocked(member.guild.id)

    @commands.Cog.listener()
    async def on_thread_update(self, _: discord.Thread, thread: discord.Thread) -> None:
        """Look again: a thread may have been opened or unlocked."""
        await self._places.retry_unblocked(thread.guild.id)

    @commands.Cog.listener()
    async def on_thread_join(self, thread: discord.Thread) -> None:
        """Look again: discord.py calls it so when an archived thread, forgotten, is opened."""
        await self._places.retry_unblocked(thread.guild.id)

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        """Look again: a server is back, after an outage or a restart of ours."""
        await self._places.retry_unblocked(guild.id)


async def setup(bot: SunoBot) -> None:
    """Add the cog; discord.py calls this."""
    await bot.add_cog(Permissions(bot))
