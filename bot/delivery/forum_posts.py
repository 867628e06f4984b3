"""Starts posts in forum and media channels, each with its first message."""

from typing import Any

import discord

from bot.storage.models import Destination
from bot.ui.permissions import applicable_tags


async def fetch_forum(client: discord.Client, destination: Destination) -> discord.ForumChannel:
    """Return a forum, from Discord if it is not cached. Raises what discord.py raises."""
    channel = client.get_channel(destination.channel_id)
    channel = channel or await client.fetch_channel(destination.channel_id)
    if not isinstance(channel, discord.ForumChannel):
        raise discord.InvalidData(f"no forum: {destination.channel_id}")
    return channel


async def start_post(
    client: discord.Client, destination: Destination, title: str, **message: Any
) -> discord.Message:
    """Start a post; return its first message, which has the id of the post.

    ``message``: the parameters of the message as for ``send``, without a nonce: Discord takes none.
    Raises what discord.py raises.
    """
    forum = await fetch_forum(client, destination)
    created = await forum.create_thread(name=title, applied_tags=_required_tags(forum), **message)
    return created.message


def _required_tags(forum: discord.ForumChannel) -> list[discord.ForumTag]:
    """Return the first tag that the bot may apply, if the forum requires one.

    If there is none, Discord says so: the settings of the forum may have changed unnoticed.
    """
    if not forum.flags.require_tag:
        return []
    me: discord.Member | None = forum.guild.me  # not there before the gateway sent the server
    granted = forum.permissions_for(me) if me else discord.Permissions.none()
    return applicable_tags(forum, granted)[:1]
