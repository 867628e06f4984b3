"""Finds out whether a message was posted although Discord's response never arrived.

Within a few minutes Discord itself recognizes the nonce of a repeated message. After that the bot's
own messages in the channel are searched for the marker of the notice. A post in a forum has no
nonce: there the first messages of the bot's own posts are searched, always.
"""

import re
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from enum import StrEnum

import discord
from discord.utils import snowflake_time, time_snowflake

from bot.delivery.discord_errors import classify
from bot.delivery.forum_posts import fetch_forum
from bot.storage.clock_rollback import UNKNOWN_TIME
from bot.storage.models import Delivery, Destination
from bot.ui.summary import summary_marker
from bot.ui.task_text import has_marker, marker_lines

MAX_MESSAGES_READ = 300
"""Messages of a channel that are read from the time of the unconfirmed attempt on."""

MAX_POSTS_READ = 50
"""Posts of a forum whose first message is read."""

MAX_ARCHIVED_LISTED = 300
"""Archived posts of a forum that are listed."""

MAX_CLOCK_SKEW = 600.0
"""Seconds by which Discord's clock and ours may differ unnoticed."""

_MENTION = re.compile(r"<@(\d+)> ?")


class DuplicateCheck(StrEnum):
    """The result of a search for a message."""

    POSTED = "posted"
    ABSENT = "absent"
    UNREADABLE = "unreadable"
    """Unknown: the bot may not read the channel, or there are too many messages."""


class ChannelNotCached(discord.DiscordException):
    """The gateway has not sent the server of a channel yet: retry later."""


async def find_existing(
    client: discord.Client,
    delivery: Delivery,
    others: Collection[int],
    contents: Collection[str],
    *,
    clock_ahead: float = 0.0,
) -> tuple[DuplicateCheck, discord.Message | None]:
    """Search the message of an unconfirmed delivery; return the result, and the message if found.

    ``others``: ids of the messages of other deliveries in the same channel or forum. ``contents``:
    the texts above the embeds in each format that was tried, all that is left where Discord dropped
    the embeds. ``clock_ahead`` and errors: as for ``search_own_messages``.
    """
    if delivery.unconfirmed_since is None:
        return DuplicateCheck.ABSENT, None

    def matches(message: discord.Message) -> bool:
        is_incomplete = any(lacks_embeds(message, content) for content in contents)
        is_complete = shows_marker_of(message, delivery) and not _is_for_others(message, delivery)
        return (is_incomplete or is_complete) and message.id not in others

    since = delivery.unconfirmed_since
    if delivery.destination.forum:
        return await _search_own_posts(
            client, delivery.destination, _earliest(since, clock_ahead), matches, others
        )
    return await search_own_messages(
        client, delivery.destination, since, matches, clock_ahead=clock_ahead
    )


async def search_own_messages(
    client: discord.Client,
    destination: Destination,
    since: float,
    matches: Callable[[discord.Message], bool],
    *,
    clock_ahead: float = 0.0,
) -> tuple[DuplicateCheck, discord.Message | None]:
    """Search the bot's own messages in a channel since a time (Unix seconds of our clock).

    ``clock_ahead``: seconds by which our clock is ahead of Discord's. The newest messages are read
    if ``since`` is ``UNKNOWN_TIME``. Raises ``ChannelNotCached``, and what discord.py raises if the
    channel cannot be read just now.
    """
    channel = client.get_partial_messageable(destination.channel_id, guild_id=destination.guild_id)
    after = _earliest(since, clock_ahead)
    count = 0
    async for message in channel.history(
        limit=MAX_MESSAGES_READ, after=after, oldest_first=after is not None
    ):
        count += 1
        if client.user and message.author.id == client.user.id and matches(message):
            return DuplicateCheck.POSTED, message
    if count < MAX_MESSAGES_READ and await _may_read(client, destination, seen=count > 0):
        return DuplicateCheck.ABSENT, None
    return DuplicateCheck.UNREADABLE, None


def _earliest(since: float, clock_ahead: float) -> datetime | None:
    """Return the time of Discord's clock from which a message is searched, ``None`` if unknown."""
    if since == UNKNOWN_TIME:
        return None
    # The clocks may have differed less at that time; then more is read than necessary.
    return datetime.fromtimestamp(since - max(clock_ahead, 0.0) - MAX_CLOCK_SKEW, UTC)


def oldest_message_id(since: float, clock_ahead: float) -> int:
    """Return the least id of the messages that are searched; 0 if any may be."""
    earliest = _earliest(since, clock_ahead)
    return 0 if earliest is None else time_snowflake(earliest)


async def _search_own_posts(
    client: discord.Client,
    destination: Destination,
    earliest: datetime | None,
    matches: Callable[[discord.Message], bool],
    others: Collection[int],
) -> tuple[DuplicateCheck, discord.Message | None]:
    """Search the first messages of the bot's own posts in a forum.

    ``others``: posts that are known to be something else; a post has the id of its first message.
    Raises as ``search_own_messages`` does.
    """
    result = DuplicateCheck.ABSENT
    posts, complete = await _own_posts(client, destination, earliest)
    candidates = [post for post in posts if post.id not in others]
    if not complete or len(candidates) > MAX_POSTS_READ:
        result = DuplicateCheck.UNREADABLE
    for post in candidates[:MAX_POSTS_READ]:
        try:
            message = await post.fetch_message(post.id)
        except (discord.Forbidden, discord.NotFound) as error:
            if classify(error).is_transient:
                raise
            result = DuplicateCheck.UNREADABLE  # deleted, or it may not be read
            continue
        if matches(message):
            return DuplicateCheck.POSTED, message
    return result, None


async def _own_posts(
    client: discord.Client, destination: Destination, earliest: datetime | None
) -> tuple[list[discord.Thread], bool]:
    """Return the bot's own posts in a forum since a time, the active ones first.

    The flag says whether these are all: archived posts need the permission Read Message History.
    """
    forum = await fetch_forum(client, destination)
    active = await forum.guild.active_threads()
    posts = [post for post in active if post.parent_id == destination.channel_id]
    complete, listed = True, 0
    try:
        async for post in forum.archived_threads(limit=MAX_ARCHIVED_LISTED):
            if earliest is not None and post.archive_timestamp < earliest:
                break
            posts.append(post)
            listed += 1
        complete = listed < MAX_ARCHIVED_LISTED
    except discord.Forbidden as error:
        if classify(error).is_transient:
            raise
        complete = False
    own = (post for post in posts if client.user and post.owner_id == client.user.id)
    return [
        post for post in own if earliest is None or snowflake_time(post.id) >= earliest
    ], complete


def lacks_embeds(message: discord.Message, content: str) -> bool:
    """Whether Discord dropped the embeds of a message that has not been completed since.

    ``content`` may mention more users than the message: they joined after it was sent.
    """
    mentioned, expected = (set(_MENTION.findall(text)) for text in (message.content, content))
    same_text = _MENTION.sub("", message.content) == _MENTION.sub("", content)
    return not message.embeds and same_text and mentioned <= expected


def _is_for_others(message: discord.Message, delivery: Delivery) -> bool:
    """Whether a message mentions people, and none of those for whom a delivery was first sent.

    Such a notice of the same task belongs to a delivery of which no record is left. Of those who
    were mentioned, some may not wait any more, as they were forgotten; if all were, nobody knows.
    """
    mentioned = set(map(int, _MENTION.findall(message.content)))
    first = set(delivery.first_watchers)
    return bool(mentioned and first) and mentioned.isdisjoint(first)


def shows_marker_of(message: discord.Message, delivery: Delivery) -> bool:
    """Whether a message bears the marker of a delivery, in its text or below an embed."""
    footers = [embed.footer.text for embed in message.embeds if embed.footer.text]
    if delivery.is_summary:
        return summary_marker(delivery.nonce) in marker_lines(message.content, footers)
    return has_marker(delivery.task.id, message.content, footers)


async def _may_read(client: discord.Client, destination: Destination, *, seen: bool) -> bool:
    """Whether the bot may read a channel's history; otherwise Discord returns an empty one.

    ``seen``: it returned messages. For an empty history the channel is requested from Discord,
    because the gateway may not have sent a removed permission yet, and never sends archived
    threads. Raises ``ChannelNotCached`` before the gateway has sent the server. It never sends a
    server of another process's shards, or one that the bot has left: there nobody knows.
    """
    if seen or destination.guild_id is None:
        return True
    guild = client.get_guild(destination.guild_id)
    if guild is None and client.is_ready():
        return False
    if guild is None or guild.unavailable:
        raise ChannelNotCached(f"server not received yet: {destination.guild_id}")
    channel = await client.fetch_channel(destination.channel_id)
    if isinstance(channel, discord.Thread):  # which has the permissions of its parent
        channel = await client.fetch_channel(channel.parent_id)
    if not isinstance(channel, discord.abc.GuildChannel):
        return False
    granted = channel.permissions_for(guild.me)
    return granted.view_channel and granted.read_message_history
