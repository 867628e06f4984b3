"""What of a server's history the person of an interaction may see."""

from collections.abc import Iterator
from typing import Any

import discord

from bot.storage.search import Scope


def scope_of(interaction: discord.Interaction[Any]) -> Scope:
    """Return whose history an interaction is about: the server's where there is one.

    Of a server's only what was watched in channels that the bot knows and the person can see, and
    here. What is not known, an archived thread or a deleted channel, may have been hidden.
    """
    user, guild = interaction.user, interaction.guild
    if interaction.guild_id is None:
        return Scope(user.id)
    seen = set() if interaction.channel_id is None else {interaction.channel_id}
    if guild is not None and isinstance(user, discord.Member):
        seen.update(_seen_by(user, guild))
    return Scope(user.id, interaction.guild_id, frozenset(seen))


def _seen_by(member: discord.Member, guild: discord.Guild) -> Iterator[int]:
    """Yield the channels and threads that a member can see for sure.

    Discord does not tell the bot who is in a private thread; who started one may have left it, or
    have been taken out of it.
    """
    channels = {each.id for each in guild.channels if each.permissions_for(member).view_channel}
    yield from channels
    for thread in guild.threads:
        if thread.parent_id in channels and (
            not thread.is_private() or thread.permissions_for(member).manage_threads
        ):
            yield thread.id
