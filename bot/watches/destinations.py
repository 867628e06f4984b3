"""Chooses the channel of a notice, and checks that the bot and the user may post there."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import discord

from bot.delivery.discord_errors import is_recipient_unreachable, short_reason
from bot.storage.models import (
    Destination,
    MentionSetting,
    ServerSettings,
    WatchRefusal,
    WatchRefusalReason,
)
from bot.ui.permissions import (
    is_guest,
    lacks_tag,
    manages_server,
    may_post,
    missing_permissions,
)
from bot.watches.languages import channel_locale
from bot.watches.recipient_check import unreachable_refusal


class Grouping(StrEnum):
    """In how many messages several tasks are told."""

    SUMMARY = "summary"
    """In one, when the last of them has ended."""
    SEPARATE = "separate"
    """In one for each task."""
    AS_OTHERS = "as_others"
    """As for those who watch the tasks in the channel already."""


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """How a user wants to be notified; by default in the channel of the request, with a mention."""

    channel: discord.abc.GuildChannel | discord.Thread | None = None
    mention: bool = True
    private: bool = False
    """Whether the notice is a direct message."""
    grouping: Grouping | None = None
    """``None``: one summary where a request is about several tasks."""
    here: bool = False
    """Whether it is posted in the channel of the request, whatever channel the server has set."""
    authored: bool = False
    """Whether the user chooses what is posted: then they need to be able to post it themselves."""
    chosen_by_server: bool = False
    """Whether the server has set the channel: then the user need not be able to post there."""
    accounts: Mapping[str, str] = field(default_factory=dict)
    """The relay accounts of tasks that a message shows there, by task id."""


DEFAULT_OPTIONS = WatchOptions()
HERE = WatchOptions(here=True)
JOIN = WatchOptions(here=True, grouping=Grouping.AS_OTHERS)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the notice of a permitted request appears, and under which rules."""

    destination: Destination
    private: bool
    """Whether it is a direct message instead of the channel of the request."""
    elsewhere: bool
    """Whether it is another channel than the one that the person asked in."""
    mention: bool
    """Whether the notice mentions the person."""
    member_limit: int | None
    """How many tasks the server lets the person watch at once."""


def places_of(interaction: discord.Interaction[Any]) -> set[int]:
    """Return the channel of an interaction; in a thread or a post, its channel or forum too."""
    channel = interaction.channel
    parent_id = channel.parent_id if isinstance(channel, discord.Thread) else None
    places = {interaction.channel_id, parent_id}
    return {each for each in places if each is not None}


async def place(
    interaction: discord.Interaction[Any], options: WatchOptions, settings: ServerSettings
) -> Placement | WatchRefusal:
    """Return where a notice appears; the refusal if the bot or the user may not post there."""
    options = _with_default_channel(options, settings, interaction)
    refusal = (
        _refusal_by_roles(interaction, settings)
        or _refusal_by_permissions(interaction, options)
        or _refusal_of_author(interaction, options, settings)
    )
    if refusal:
        return refusal
    try:
        destination = await _choose_destination(interaction, options, settings)
    except discord.Forbidden as error:
        if not is_recipient_unreachable(error):
            raise
        return unreachable_refusal(short_reason(error))
    by_mention = options.private or settings.mention is not MentionSetting.NOBODY
    return Placement(
        destination,
        private=options.private,
        elsewhere=destination.channel_id != interaction.channel_id and not options.private,
        mention=options.mention and by_mention,
        member_limit=None if manages_server(interaction) else settings.watches_of_a_person,
    )


def _with_default_channel(
    options: WatchOptions, settings: ServerSettings, interaction: discord.Interaction[Any]
) -> WatchOptions:
    """Return the options with the server's channel, if they name none and it exists."""
    named = options.private or options.here or options.channel
    if named or not settings.channel_id or interaction.guild is None:
        return options
    channel = interaction.guild.get_channel_or_thread(settings.channel_id)
    return replace(options, channel=channel, chosen_by_server=channel is not None)


async def _choose_destination(
    interaction: discord.Interaction[Any], options: WatchOptions, settings: ServerSettings
) -> Destination:
    """Return the channel of the notice, with its language.

    Raises ``discord.Forbidden`` if Discord opens no direct message to the user.
    """
    if options.private:
        direct = await interaction.client.create_dm(interaction.user)
        return Destination(direct.id, None, interaction.locale.value)
    locale = channel_locale(interaction, settings)
    if options.channel:
        forum = isinstance(options.channel, discord.ForumChannel)
        return Destination(options.channel.id, options.channel.guild.id, locale, forum)
    assert interaction.channel_id is not None  # noqa: S101 # commands and buttons have one
    return Destination(interaction.channel_id, interaction.guild_id, locale)


def governing_server(interaction: discord.Interaction[Any]) -> int | None:
    """Return the server whose rules apply, ``None`` in direct messages.

    None apply where the bot is no member: nobody can have set any there.
    """
    return None if is_guest(interaction) else interaction.guild_id


def private_for_guests(
    interaction: discord.Interaction[Any], options: WatchOptions
) -> WatchOptions:
    """Return options for a direct message where the bot is no member: it cannot post there."""
    return replace(options, private=True) if is_guest(interaction) else options


def lacks_role(interaction: discord.Interaction[Any], role_ids: tuple[int, ...]) -> bool:
    """Whether the member has none of the roles that a server requires; managers need none."""
    if interaction.guild_id is None or manages_server(interaction) or not role_ids:
        return False
    user = interaction.user
    roles = {role.id for role in user.roles} if isinstance(user, discord.Member) else set()
    return roles.isdisjoint(role_ids)


def _refusal_by_roles(
    interaction: discord.Interaction[Any], settings: ServerSettings
) -> WatchRefusal | None:
    """Return the refusal if the member has none of the roles that may watch."""
    if not lacks_role(interaction, settings.roles):
        return None
    return WatchRefusal(WatchRefusalReason.ROLE_MISSING, role_ids=settings.roles)


def _refusal_by_permissions(
    interaction: discord.Interaction[Any], options: WatchOptions
) -> WatchRefusal | None:
    """Return the refusal if the bot or the user may not post, by the permissions in the cache."""
    if options.private:
        return None
    if is_guest(interaction):
        return WatchRefusal(WatchRefusalReason.BOT_IS_GUEST)
    if interaction.guild_id is None and not options.channel:
        return None
    channel: Any = options.channel or interaction.channel
    granted = interaction.app_permissions
    if options.channel:
        reason = _refusal_of_member(interaction, options)
        if reason is not None:
            return WatchRefusal(reason, channel_id=channel.id)
        granted = channel.permissions_for(channel.guild.me)
    missing = missing_permissions(granted, _channel_type(channel))
    if missing:
        return WatchRefusal(
            WatchRefusalReason.BOT_CANNOT_POST,
            permissions=tuple(missing),
            channel_id=channel.id if channel.id != interaction.channel_id else None,
            channel_of_server=options.chosen_by_server,
        )
    if lacks_tag(channel, granted):
        return WatchRefusal(WatchRefusalReason.FORUM_TAG_MISSING, channel_id=channel.id)
    return None


def _refusal_of_author(
    interaction: discord.Interaction[Any], options: WatchOptions, settings: ServerSettings
) -> WatchRefusal | None:
    """Return the refusal if the user would have a text posted here that they may not post.

    Buttons work in channels where only others may post. The channel that the server has set takes
    what everybody creates.
    """
    is_elsewhere = options.private or options.channel is not None
    is_set = settings.channel_id == interaction.channel_id
    if not options.authored or is_elsewhere or is_set:
        return None
    if may_post(interaction.permissions, interaction):
        return None
    return WatchRefusal(WatchRefusalReason.MEMBER_CANNOT_POST, channel_id=interaction.channel_id)


def _channel_type(channel: Any) -> discord.ChannelType:
    """Return the type of a channel; an interaction may come without the channel."""
    return channel.type if channel else discord.ChannelType.text


def _refusal_of_member(
    interaction: discord.Interaction[Any], options: WatchOptions
) -> WatchRefusalReason | None:
    """Return why the user may not have notices posted in the channel that they named.

    Discord does not tell the bot who is in a private thread, and a mention adds a user to it: only
    a user who sends the request there, or manages threads, certainly has access.
    """
    channel = options.channel
    if channel is None or options.chosen_by_server:
        return None
    assert isinstance(interaction.user, discord.Member)  # noqa: S101 # channels are a server's
    granted = channel.permissions_for(interaction.user)
    if missing_permissions(granted, channel.type):
        return WatchRefusalReason.MEMBER_CANNOT_POST
    private = isinstance(channel, discord.Thread) and channel.is_private()
    if private and channel.id != interaction.channel_id and not granted.manage_threads:
        return WatchRefusalReason.PRIVATE_THREAD
    return None
