"""The servers that the bot is in, and what it lacks there and in the channels that it uses."""

import asyncio

import discord

from bot.delivery.discord_errors import Disposition, disposition_of
from bot.doctor.discord_reader import (
    Channel,
    DiscordReader,
    DiscordTrouble,
    Member,
    Server,
    User,
)
from bot.doctor.formatting import counted, permissions
from bot.doctor.report import Area, Finding, Findings, Notebook
from bot.storage.inspection import ChannelInUse
from bot.ui.permissions import REQUIRED_PERMISSIONS, posting_permissions

_note = Notebook(Area.DISCORD)

PAGE = 200
"""Servers that Discord tells at once."""
MOST_PAGES = 5
MOST_TOLD = 10
"""Servers and channels that are named one by one."""


async def look_at_servers(reader: DiscordReader, bot: User, in_use: list[ChannelInUse]) -> Findings:
    """Yield what the bot lacks in its servers, then in its channels. Raises ``DiscordTrouble``."""
    servers = {server.id: server for server in await _servers(reader)}
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
    looks = [_channel(reader, bot, servers[one.guild_id], one) for one in known]
    for finding in await asyncio.gather(*looks):
        if finding:
            yield finding


_IN_SERVER = "Give the bot's role there what it lacks, or open the invite link for it again."


def lacks(server: Server) -> list[str]:
    """Return which of the permissions that it is invited with the bot lacks in a server."""
    granted = discord.Permissions(server.permissions)
    if granted.administrator:
        return []
    return [name for name, needed in REQUIRED_PERMISSIONS & ~granted if needed]


async def _servers(reader: DiscordReader) -> list[Server]:
    servers: list[Server] = []
    for _ in range(MOST_PAGES):
        after = servers[-1].id if servers else 0
        page = await reader.read("/users/@me/guilds", list[Server], limit=PAGE, after=after)
        servers += page
        if len(page) < PAGE:
            break
    return servers


async def _channel(
    reader: DiscordReader, bot: User, server: Server, used: ChannelInUse
) -> Finding | None:
    """Look at one channel that is used; trouble there concerns no other."""
    try:
        channel = await reader.read(f"/channels/{used.channel_id}", Channel)
        ruling = channel
        if channel.is_thread and channel.parent_id:
            ruling = await reader.read(f"/channels/{channel.parent_id}", Channel)
        member = await reader.read(f"/guilds/{server.id}/members/{bot.id}", Member)
    except DiscordTrouble as trouble:
        return _unseen(trouble, server, used)
    granted = discord.Permissions(_granted(server, bot, member, ruling))
    posting = posting_permissions(granted, in_thread=channel.is_thread)
    missing = [name for name, has in posting.items() if not has]
    waiting = f"{used.watched} watched, {used.held} held"
    place = f"#{channel.name} in {server.name} ({waiting})"
    if missing:
        text = f"{place}: the bot lacks {permissions(missing)}"
        return _note.problem("channel", text=text, advice=_IN_CHANNEL)
    if not granted.embed_links:
        text = f"{place}: the bot lacks Embed Links, notices are plain text"
        return _note.warning("channel", text=text, advice=_IN_CHANNEL)
    return None


_IN_CHANNEL = "Allow it in the channel's permissions; what is held is posted within ten minutes."


def _unseen(trouble: DiscordTrouble, server: Server, used: ChannelInUse) -> Finding:
    place = f"Channel {used.channel_id} in {server.name}"
    if disposition_of(trouble.status, trouble.code) is not Disposition.REDIRECT:
        return _note.warning("channel", text=f"{place}: {trouble.text}", advice=trouble.advice)
    text = f"{place} ({used.watched} watched, {used.held} held) is gone, or the bot cannot see it"
    advice = "Allow it View Channel there; notices come by direct message otherwise."
    return _note.warning("channel", text=text, advice=advice)


def _granted(server: Server, bot: User, member: Member, channel: Channel) -> int:
    """Apply a channel's overwrites in Discord's order: everyone, all roles together, the bot."""
    if discord.Permissions(server.permissions).administrator:
        return discord.Permissions.all().value
    granted = server.permissions
    for whom in ({server.id}, set(member.roles), {bot.id}):
        rulings = [each for each in channel.permission_overwrites if each.id in whom]
        for each in rulings:
            granted &= ~each.deny
        for each in rulings:
            granted |= each.allow
    return granted
