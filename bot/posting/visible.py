"""What of a server's history the person of an interaction may see."""

from typing import Any

import discord

from bot.watching.searching import Scope


def scope_of(interaction: discord.Interaction[Any]) -> Scope:
    """Return whose history an interaction is about: the server's where there is one.

    Left out is what was watched in channels that the person cannot see.
    """
    user, guild = interaction.user, interaction.guild
    if guild is None or not isinstance(user, discord.Member):
        return Scope(user.id, interaction.guild_id)
    hidden = {
        channel.id for channel in guild.channels if not channel.permissions_for(user).view_channel
    }
    hidden |= {thread.id for thread in guild.threads if _is_hidden(thread, user, hidden)}
    return Scope(user.id, guild.id, frozenset(hidden - {interaction.channel_id}))


def _is_hidden(thread: discord.Thread, member: discord.Member, hidden: set[int]) -> bool:
    """Whether a thread may be hidden: Discord does not tell the bot who is in a private one."""
    if thread.parent_id in hidden:
        return True
    return thread.is_private() and not (
        thread.owner_id == member.id or thread.permissions_for(member).manage_threads
    )
