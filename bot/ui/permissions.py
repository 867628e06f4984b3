"""Whether the bot is a member where somebody uses it: only a member can post there."""

from collections.abc import Iterator
from typing import Any

import discord

from bot.storage.models import HistoryScope

MAX_USER_INSTALL_FOLLOW_UPS = 5
"""How many messages may follow an answer where only a person has installed the bot."""


def is_guest(interaction: discord.Interaction[Any]) -> bool:
    """Whether the bot can answer here but not post: it is no member of the server or conversation.

    People bring it along to servers, and a server can authorize its commands alone; Discord names
    such a server as the owner of the integration too. The gateway tells of every server of which
    the bot is a member before any interaction comes from there.
    """
    if interaction.guild_id is not None:
        return interaction.client.get_guild(interaction.guild_id) is None
    return interaction.context.private_channel


def is_user_install_only(interaction: discord.Interaction[Any]) -> bool:
    """Whether the bot is only here because this person has installed it for themselves."""
    if interaction.guild_id is not None:
        return not interaction.is_guild_integration()
    return interaction.context.private_channel


def history_scope(interaction: discord.Interaction[Any]) -> HistoryScope:
    """Return whose history an interaction is about: the server's where there is one.

    Of a server's only what was watched in channels that the bot knows and the person can see, and
    here. What is not known, an archived thread or a deleted channel, may have been hidden.
    """
    user, guild = interaction.user, interaction.guild
    if interaction.guild_id is None:
        return HistoryScope(user.id)
    seen = set() if interaction.channel_id is None else {interaction.channel_id}
    if guild is not None and isinstance(user, discord.Member):
        seen.update(_seen_by(user, guild))
    return HistoryScope(user.id, interaction.guild_id, frozenset(seen))


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


REQUIRED_PERMISSIONS = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    embed_links=True,
    attach_files=True,
    read_message_history=True,
)
"""What the bot is invited with; the documentation names the same."""


def invite_link(application_id: int) -> str:
    """Return the address where somebody can add the bot to a server."""
    return discord.utils.oauth_url(
        application_id, permissions=REQUIRED_PERMISSIONS, scopes=("bot", "applications.commands")
    )
