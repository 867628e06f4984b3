"""Checks permissions: what a member may do in a channel, and where the bot is only a guest."""

from collections.abc import Iterator
from typing import Any

import discord

from bot.storage.models import Destination, HistoryScope

REQUIRED_PERMISSIONS = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    embed_links=True,
    attach_files=True,
    read_message_history=True,
)
"""What the bot is invited with; the documentation names the same."""


_THREADS = frozenset(
    {
        discord.ChannelType.public_thread,
        discord.ChannelType.private_thread,
        discord.ChannelType.news_thread,
    }
)
_FORUMS = frozenset({discord.ChannelType.forum, discord.ChannelType.media})
_VOICE_CHANNELS = frozenset({discord.ChannelType.voice, discord.ChannelType.stage_voice})
"""Whose text chat only those see who may connect."""


def posting_permissions(
    granted: discord.Permissions, channel_type: discord.ChannelType
) -> dict[str, bool]:
    """Return whether each permission that a notice needs is granted, by its catalogue name."""
    needed = {"view-channel": granted.view_channel}
    if channel_type in _VOICE_CHANNELS:
        needed["connect"] = granted.connect
    return needed | _sending_permission(granted, channel_type)


def missing_permissions(
    granted: discord.Permissions, channel_type: discord.ChannelType
) -> list[str]:
    """Return the catalogue names of the permissions that a notice needs and that are missing."""
    needed = posting_permissions(granted, channel_type)
    return [name for name, is_granted in needed.items() if not is_granted]


def cached_channel(
    client: discord.Client, destination: Destination
) -> discord.abc.GuildChannel | discord.Thread | None:
    """Return a channel or a thread of a server, ``None`` if it is not cached."""
    guild = client.get_guild(destination.guild_id or 0)
    return guild.get_channel_or_thread(destination.channel_id) if guild else None


def permissions_in(client: discord.Client, destination: Destination) -> discord.Permissions | None:
    """Return the permissions of the bot in a channel, ``None`` if the channel is not cached."""
    channel = cached_channel(client, destination)
    return channel.permissions_for(channel.guild.me) if channel else None


def applicable_tags(
    forum: discord.ForumChannel, granted: discord.Permissions
) -> list[discord.ForumTag]:
    """Return the tags of a forum that a member with these permissions may apply to a post."""
    return [tag for tag in forum.available_tags if granted.manage_threads or not tag.moderated]


def lacks_tag(channel: object, granted: discord.Permissions) -> bool:
    """Whether a channel is a forum whose posts need a tag, of which none may be applied."""
    return (
        isinstance(channel, discord.ForumChannel)
        and channel.flags.require_tag
        and not applicable_tags(channel, granted)
    )


def may_post(granted: discord.Permissions, interaction: discord.Interaction[Any]) -> bool:
    """Whether these permissions allow posting in the channel of an interaction."""
    if interaction.guild_id is None:
        return True
    channel_type = interaction.channel.type if interaction.channel else discord.ChannelType.text
    return all(_sending_permission(granted, channel_type).values())


def manages_server(interaction: discord.Interaction[Any]) -> bool:
    """Whether the user of an interaction may change the settings of its server."""
    return interaction.guild_id is not None and interaction.permissions.manage_guild


def _sending_permission(
    granted: discord.Permissions, channel_type: discord.ChannelType
) -> dict[str, bool]:
    """Return the permission to send; in a forum that to start a post, which is the same bit."""
    if channel_type in _THREADS:
        return {"send-messages-in-threads": granted.send_messages_in_threads}
    name = "create-posts" if channel_type in _FORUMS else "send-messages"
    return {name: granted.send_messages}


def is_guest(interaction: discord.Interaction[Any]) -> bool:
    """Whether the bot can reply but not post, because it is not in the server or conversation.

    Users can install it for themselves, and a server can authorize only its commands; Discord names
    such a server as the owner of the integration too. The gateway sends every server that the bot
    is in before any interaction comes from there.
    """
    if interaction.guild_id is not None:
        return interaction.client.get_guild(interaction.guild_id) is None
    return interaction.context.private_channel


def is_user_install_only(interaction: discord.Interaction[Any]) -> bool:
    """Whether the bot is present only because this user has installed it for themselves."""
    if interaction.guild_id is not None:
        return not interaction.is_guild_integration()
    return interaction.context.private_channel


def history_scope(interaction: discord.Interaction[Any], *, mine: bool = False) -> HistoryScope:
    """Return whose history an interaction may show: the server's if there is one, else the user's.

    ``mine``: the user's in any case.
    A server's history is limited to this channel and those that the bot knows and the user can
    view. Unknown channels, as archived threads or deleted ones, may have been private.
    """
    user, guild = interaction.user, interaction.guild
    if mine or interaction.guild_id is None:
        return HistoryScope(user.id)
    visible = set() if interaction.channel_id is None else {interaction.channel_id}
    if guild is not None and isinstance(user, discord.Member):
        visible.update(_visible_channels(user, guild))
    return HistoryScope(user.id, interaction.guild_id, frozenset(visible))


def _visible_channels(member: discord.Member, guild: discord.Guild) -> Iterator[int]:
    """Yield the channels and threads that a member can certainly view.

    Discord does not tell the bot who is in a private thread; its creator may have left it or been
    removed from it.
    """
    channels = {
        channel.id for channel in guild.channels if channel.permissions_for(member).view_channel
    }
    yield from channels
    for thread in guild.threads:
        if thread.parent_id in channels and (
            not thread.is_private() or thread.permissions_for(member).manage_threads
        ):
            yield thread.id


def invite_link(application_id: int) -> str:
    """Return the URL for adding the bot to a server."""
    return discord.utils.oauth_url(
        application_id, permissions=REQUIRED_PERMISSIONS, scopes=("bot", "applications.commands")
    )
