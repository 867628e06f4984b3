"""The servers that the bot is in, and what it lacks there and in the channels that it uses."""

import asyncio

import discord
from discord.abc import GuildChannel

from bot.doctor.discord_api import DiscordApi, DiscordApiError, JoinedServer
from bot.doctor.formatting import counted, permissions
from bot.doctor.report import Area, Finding, Findings, Notebook
from bot.storage.inspection import ChannelInUse
from bot.ui.permissions import REQUIRED_PERMISSIONS, missing_permissions

_note = Notebook(Area.DISCORD)

PAGE = 200
"""Servers that Discord tells at once."""
MOST_PAGES = 5
MOST_TOLD = 10
"""Servers and channels that are named one by one."""


async def look_at_servers(
    api: DiscordApi, bot: discord.abc.Snowflake, in_use: list[ChannelInUse]
) -> Findings:
    """Yield what the bot lacks in its servers, then in its channels. Raises ``DiscordApiError``."""
    servers = {server.id: server for server in await _servers(api)}
    lacking = [(one, missing) for one in servers.values() if (missing := lacks(one))]
    if not servers:
        text, advice = "The bot is in no server", "Open the invite link and choose yours."
        yield _note.warning("servers", text=text, advice=advice)
    else:
        well = f"it lacks something in {len(lacking)}" if lacking else "it may do all it needs"
        at_least = "at least " if len(servers) == MOST_PAGES * PAGE else ""
        text = f"It is in {at_least}{counted(len(servers), 'server')}: {well}"
        yield _note.ok("servers", text=text)
    for server, missing in lacking[:MOST_TOLD]:
        text = f"{server.name}: lacks {permissions(missing)}"
        yield _note.warning("permissions", text=text, advice=_IN_SERVER)
    if len(lacking) > MOST_TOLD:
        text = f"{len(lacking) - MOST_TOLD} more servers lack permissions"
        yield _note.warning("permissions", text=text, advice=_IN_SERVER)
    known = [one for one in in_use if one.guild_id in servers][:MOST_TOLD]
    by_server = {
        one.guild_id: [each for each in known if each.guild_id == one.guild_id] for one in known
    }
    looks = [_channels(api, bot, servers[id_], used) for id_, used in by_server.items()]
    for findings in await asyncio.gather(*looks):
        for finding in findings:
            yield finding


_IN_SERVER = "Give the bot's role there what it lacks, or open the invite link for it again."


def lacks(server: JoinedServer) -> list[str]:
    """Return which of the permissions that it is invited with the bot lacks in a server."""
    granted = discord.Permissions(server.permissions)
    if granted.administrator:
        return []
    return [name for name, needed in REQUIRED_PERMISSIONS & ~granted if needed]


async def _servers(api: DiscordApi) -> list[JoinedServer]:
    servers: list[JoinedServer] = []
    for _ in range(MOST_PAGES):
        after = servers[-1].id if servers else 0
        page = await api.get("/users/@me/guilds", list[JoinedServer], limit=PAGE, after=after)
        servers += page
        if len(page) < PAGE:
            break
    return servers


async def _channels(
    api: DiscordApi, bot: discord.abc.Snowflake, server: JoinedServer, channels: list[ChannelInUse]
) -> list[Finding]:
    """Check the channels of one server that the bot uses; an error in one concerns no other."""
    try:
        guild = await api.call(api.client.fetch_guild(server.id, with_counts=False))
        member = await api.call(guild.fetch_member(bot.id))
    except DiscordApiError as error:
        return [_unread(error, server.name, used) for used in channels]
    findings = await asyncio.gather(*(_channel(api, member, used) for used in channels))
    return [finding for finding in findings if finding]


async def _channel(api: DiscordApi, member: discord.Member, used: ChannelInUse) -> Finding | None:
    """Return what the bot lacks in a channel, ``None`` if nothing."""
    guild = member.guild
    try:
        channel = await api.call(guild.fetch_channel(used.channel_id))
        granted = await _permissions_in(api, channel, member)
    except DiscordApiError as error:
        return _unread(error, guild.name, used)
    missing = missing_permissions(granted, in_thread=isinstance(channel, discord.Thread))
    place = f"#{channel.name} in {guild.name} ({used.watched} watched, {used.held} held)"
    if missing:
        text = f"{place}: the bot lacks {permissions(missing)}"
        return _note.problem("channel", text=text, advice=_IN_CHANNEL)
    if not granted.embed_links:
        text = f"{place}: the bot lacks Embed Links, notices are plain text"
        return _note.warning("channel", text=text, advice=_IN_CHANNEL)
    return None


async def _permissions_in(
    api: DiscordApi, channel: GuildChannel | discord.Thread, member: discord.Member
) -> discord.Permissions:
    """Return what a member may do in a channel; in a thread the overwrites of its channel hold.

    ``Thread.permissions_for`` cannot be used: it finds that channel in the cache of a client that
    is connected to the gateway only.
    """
    if isinstance(channel, discord.Thread):
        parent = await api.call(member.guild.fetch_channel(channel.parent_id))
        return await _permissions_in(api, parent, member)
    return GuildChannel.permissions_for(channel, member)


_IN_CHANNEL = "Allow it in the channel's permissions; what is held is posted within ten minutes."


_NOT_ACCESSIBLE = (10003, 50001)
"""Discord's codes for a channel that is gone, and for one that the bot cannot see."""


def _unread(error: DiscordApiError, server_name: str, used: ChannelInUse) -> Finding:
    place = f"Channel {used.channel_id} in {server_name}"
    if error.code not in _NOT_ACCESSIBLE:
        return _note.warning("channel", text=f"{place}: {error.text}", advice=error.advice)
    text = f"{place} ({used.watched} watched, {used.held} held) is gone, or the bot cannot see it"
    advice = "Allow it View Channel there; notices come by direct message otherwise."
    return _note.warning("channel", text=text, advice=advice)
