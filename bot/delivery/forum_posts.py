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

    If there is none, Discord says so: the settings of the forum may have changed unnoticed. In a
    server that the gateway has not sent, such as one of another shard, it also says whether the bot
    may apply a moderated tag, where there is no other.
    """
    if not forum.flags.require_tag:
        return []
    me: discord.Member | None = forum.guild.me
    if me is None:
        free = applicable_tags(forum, discord.Permissions.none())
        return (free or list(forum.available_tags))[:1]
    return applicable_tags(forum, forum.permissions_for(me))[:1]
