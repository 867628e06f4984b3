"""Checks the permissions of the bot in its servers, and in the channels that it uses."""

import asyncio
from collections.abc import Iterator

import discord
from discord.abc import GuildChannel

from bot.doctor.discord_api import DiscordApi, DiscordApiError, JoinedServer
from bot.doctor.formatting import format_count, format_permissions
from bot.doctor.report import Area, CheckResult, CheckResults, Reporter
from bot.storage.database_facts import ChannelInUse
from bot.ui.permissions import REQUIRED_PERMISSIONS, lacks_tag, missing_permissions

_reporter = Reporter(Area.DISCORD)

PAGE_SIZE = 200
"""Servers that Discord returns at once."""
MAX_PAGES = 5
MAX_LISTED = 10
"""Servers and channels that are named one by one."""


async def check_servers(
    api: DiscordApi, bot: discord.abc.Snowflake, in_use: list[ChannelInUse]
) -> CheckResults:
    """Yield what the bot lacks in its servers, then in its channels. Raises ``DiscordApiError``."""
    servers = {server.id: server for server in await _fetch_servers(api)}
    for result in _check_server_permissions(list(servers.values())):
        yield result
    by_server: dict[int, list[ChannelInUse]] = {}
    for used in [each for each in in_use if each.guild_id in servers][:MAX_LISTED]:
        by_server.setdefault(used.guild_id, []).append(used)
    checks = [_check_channels(api, bot, servers[id_], used) for id_, used in by_server.items()]
    for results in await asyncio.gather(*checks):
        for result in results:
            yield result


async def _fetch_servers(api: DiscordApi) -> list[JoinedServer]:
    """Return the first thousand servers that the bot is in."""
    servers: list[JoinedServer] = []
    for _ in range(MAX_PAGES):
        after = servers[-1].id if servers else 0
        page = await api.get("/users/@me/guilds", list[JoinedServer], limit=PAGE_SIZE, after=after)
        servers += page
        if len(page) < PAGE_SIZE:
            break
    return servers


def _check_server_permissions(servers: list[JoinedServer]) -> Iterator[CheckResult]:
    if not servers:
        text, advice = "The bot is in no server", "Open the invite link and choose yours."
        yield _reporter.warning("servers", text=text, advice=advice)
        return
    lacking = [(each, missing) for each in servers if (missing := missing_in_server(each))]
    at_least = "at least " if len(servers) == MAX_PAGES * PAGE_SIZE else ""
    count = f"{at_least}{format_count(len(servers), 'server')}"
    permissions = f"lacks permissions in {len(lacking)}" if lacking else "has all permissions"
    yield _reporter.ok("servers", text=f"The bot is in {count} and {permissions}")
    for server, missing in lacking[:MAX_LISTED]:
        text = f"{server.name}: the bot lacks {format_permissions(missing)}"
        yield _reporter.warning("permissions", text=text, advice=_IN_SERVER)
    if len(lacking) > MAX_LISTED:
        text = f"The bot lacks permissions in {len(lacking) - MAX_LISTED} more servers"
        yield _reporter.warning("permissions", text=text, advice=_IN_SERVER)


_IN_SERVER = "Grant them to the bot's role there, or open the invite link for it again."


def missing_in_server(server: JoinedServer) -> list[str]:
    """Return which of its required permissions the bot lacks in a server."""
    granted = discord.Permissions(server.permissions)
    if granted.administrator:
        return []
    return [name for name, is_missing in REQUIRED_PERMISSIONS & ~granted if is_missing]


async def _check_channels(
    api: DiscordApi, bot: discord.abc.Snowflake, server: JoinedServer, channels: list[ChannelInUse]
) -> list[CheckResult]:
    """Check the channels of one server that the bot uses; an error in one concerns no other."""
    try:
        guild = await api.call(api.client.fetch_guild(server.id, with_counts=False))
        member = await api.call(guild.fetch_member(bot.id))
    except DiscordApiError as error:
        return [_unreadable_channel(error, server.name, used) for used in channels]
    results = await asyncio.gather(*(_check_channel(api, member, used) for used in channels))
    return [result for result in results if result]


async def _check_channel(
    api: DiscordApi, member: discord.Member, used: ChannelInUse
) -> CheckResult | None:
    """Return what the bot lacks in a channel, ``None`` if nothing."""
    guild = member.guild
    try:
        channel = await api.call(guild.fetch_channel(used.channel_id))
        granted = await _permissions_in(api, channel, member)
    except DiscordApiError as error:
        return _unreadable_channel(error, guild.name, used)
    missing = missing_permissions(granted, channel.type)
    place = f"#{channel.name} in {guild.name} ({_counts(used)})"
    if missing:
        text = f"{place}: the bot lacks {format_permissions(missing)}"
        return _reporter.problem("channel", text=text, advice=_IN_CHANNEL)
    if lacks_tag(channel, granted):
        text = f"{place}: posts need a tag, and there is none that the bot may apply"
        return _reporter.problem("channel", text=text, advice=_IN_FORUM)
    if not granted.embed_links:
        text = f"{place}: the bot lacks Embed Links, so notices are plain text"
        return _reporter.warning("channel", text=text, advice=_IN_CHANNEL)
    return None


_IN_CHANNEL = "Allow it in the channel's permissions; held notices are sent within ten minutes."

_IN_FORUM = "Add a tag, or allow the bot Manage Threads there; then held notices are sent."


async def _permissions_in(
    api: DiscordApi, channel: GuildChannel | discord.Thread, member: discord.Member
) -> discord.Permissions:
    """Return what a member may do in a channel; a thread has the overwrites of its channel.

    ``Thread.permissions_for`` cannot be used: it takes that channel from the cache, which only a
    client that is connected to the gateway has.
    """
    if isinstance(channel, discord.Thread):
        parent = await api.call(member.guild.fetch_channel(channel.parent_id))
        return await _permissions_in(api, parent, member)
    return GuildChannel.permissions_for(channel, member)


_NOT_ACCESSIBLE = (10003, 50001)
"""Discord's codes for a channel that is gone, and for one that the bot cannot see."""


def _unreadable_channel(
    error: DiscordApiError, server_name: str, used: ChannelInUse
) -> CheckResult:
    place = f"Channel {used.channel_id} in {server_name} ({_counts(used)})"
    if error.code not in _NOT_ACCESSIBLE:
        return _reporter.warning("channel", text=f"{place}: {error.text}", advice=error.advice)
    text = f"{place} is gone, or the bot cannot see it"
    advice = "Allow it View Channel there; otherwise notices are sent as direct messages."
    return _reporter.warning("channel", text=text, advice=advice)


def _counts(used: ChannelInUse) -> str:
    return f"{used.watched} watched, {used.held} held"
