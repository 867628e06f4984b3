"""Whether a message that nobody heard of was posted: the channel is read for its marker.

Within Discord's window the nonce settles that by itself. The window is "a few minutes"; what is
older can only be looked up among one's own messages.
"""

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from enum import StrEnum

import discord

from bot.storage.clock_rollback import UNKNOWN_TIME
from bot.storage.models import Delivery, Destination
from bot.ui.task_text import has_marker

MAX_MESSAGES_READ = 300
"""How far a channel is read from the doubtful moment on."""

MAX_CLOCK_SKEW = 600.0
"""Seconds by which Discord's clock and ours may differ unnoticed."""


class DuplicateCheck(StrEnum):
    """What the channel says."""

    POSTED = "posted"
    ABSENT = "absent"
    UNREADABLE = "unreadable"
    """The bot may not read it, or it is too long."""


class ChannelNotCached(discord.DiscordException):
    """Discord has not told us yet what we may do in a place: ask again a little later."""


async def find_existing(
    client: discord.Client,
    delivery: Delivery,
    others: Collection[int],
    content: str,
    *,
    clock_ahead: float = 0.0,
) -> tuple[DuplicateCheck, discord.Message | None]:
    """Look for the message of ``delivery``; return what is known, and the message if it is there.

    ``others`` are the messages of other deliveries in the same place.
    ``content`` is what the message says above its embeds: all that is left of it where Discord
    dropped them. ``clock_ahead`` as in ``search_own_messages``, which says what is raised.
    """
    if delivery.unconfirmed_since is None:
        return DuplicateCheck.ABSENT, None

    def is_it(message: discord.Message) -> bool:
        bears_it = lacks_embeds(message, content) or _bears_marker(message, delivery)
        return bears_it and message.id not in others

    since = delivery.unconfirmed_since
    return await search_own_messages(
        client, delivery.destination, since, is_it, clock_ahead=clock_ahead
    )


async def search_own_messages(
    client: discord.Client,
    destination: Destination,
    since: float,
    is_it: Callable[[discord.Message], bool],
    *,
    clock_ahead: float = 0.0,
) -> tuple[DuplicateCheck, discord.Message | None]:
    """Look through the bot's own messages in a place since then (Unix seconds of our clock).

    ``clock_ahead`` is by how many seconds our clock is ahead of Discord's. The newest messages are
    read where ``since`` is ``UNKNOWN_TIME``. Raises ``ChannelNotCached``, and
    what discord.py raises when the channel cannot be asked just now.
    """
    channel = client.get_partial_messageable(destination.channel_id, guild_id=destination.guild_id)
    undated = since == UNKNOWN_TIME
    # The clocks may have differed less back then: more is read than need be in that case.
    earliest = since - max(clock_ahead, 0.0) - MAX_CLOCK_SKEW
    after = None if undated else datetime.fromtimestamp(earliest, UTC)
    count = 0
    async for message in channel.history(
        limit=MAX_MESSAGES_READ, after=after, oldest_first=not undated
    ):
        count += 1
        if client.user and message.author.id == client.user.id and is_it(message):
            return DuplicateCheck.POSTED, message
    if count < MAX_MESSAGES_READ and await _may_read(client, destination, seen=count > 0):
        return DuplicateCheck.ABSENT, None
    return DuplicateCheck.UNREADABLE, None


def lacks_embeds(message: discord.Message, content: str) -> bool:
    """Whether Discord dropped the embeds of a message, and nobody has written them out since."""
    return not message.embeds and message.content == content


def _bears_marker(message: discord.Message, delivery: Delivery) -> bool:
    footers = [embed.footer.text for embed in message.embeds if embed.footer.text]
    return has_marker(delivery.task.id, message.content, footers)


async def _may_read(client: discord.Client, destination: Destination, *, seen: bool) -> bool:
    """Whether the history of a place is open to the bot; without that, Discord shows an empty one.

    ``seen``: it did show something. Of an empty one Discord itself is asked, because the gateway
    may not have told us yet of a permission that was taken away, and never tells of an archived
    thread. Raises ``ChannelNotCached`` before the gateway has told us of the server.
    """
    if seen or destination.guild_id is None:
        return True
    guild = client.get_guild(destination.guild_id)
    if guild is None or guild.unavailable:
        raise ChannelNotCached(f"nothing is known yet of server {destination.guild_id}")
    channel = await client.fetch_channel(destination.channel_id)
    if isinstance(channel, discord.Thread):  # which has the permissions of its parent
        channel = await client.fetch_channel(channel.parent_id)
    if not isinstance(channel, discord.abc.GuildChannel):
        return False
    granted = channel.permissions_for(guild.me)
    return granted.view_channel and granted.read_message_history
