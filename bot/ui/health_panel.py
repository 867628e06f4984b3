"""Renders the health page of a server: relay, background loops, queue and channels."""

from collections.abc import Mapping
from dataclasses import dataclass

import discord

from bot.i18n.catalog import Catalog
from bot.storage.models import ServerUsage
from bot.ui.permissions import lacks_tag, posting_permissions

MAX_CHANNELS_LISTED = 15
_LOOPS = ("poll", "deliver", "show")
"""The background loops on the page, as their last ticks are keyed."""


@dataclass(frozen=True, slots=True)
class ServerHealth:
    """The values on the health page; times are Unix seconds."""

    relay_open_until: float | None
    """When the open circuit breaker of the relay lets requests pass; ``None`` if it is closed."""
    relay_last_success_at: float | None
    last_tick_at: Mapping[str, float]
    """When each background loop last succeeded."""
    usage: ServerUsage
    invite: str


def health_embed(health: ServerHealth, guild: discord.Guild, catalog: Catalog) -> discord.Embed:
    """Return the health page of one server."""
    embed = discord.Embed(title=catalog.text("health-title"))
    embed.add_field(name=catalog.text("health-relay"), value=_relay_line(health, catalog))
    loops = "\n".join(_loop_line(name, health.last_tick_at, catalog) for name in _LOOPS)
    embed.add_field(name=catalog.text("health-loops"), value=loops, inline=False)
    counts = catalog.text("health-notice-counts", due=health.usage.due, held=health.usage.held)
    embed.add_field(name=catalog.text("health-notices"), value=counts, inline=False)
    lines = [
        _channel_line(channel, guild, catalog)
        for channel in health.usage.channels[:MAX_CHANNELS_LISTED]
    ]
    embed.add_field(
        name=catalog.text("health-channels"),
        value="\n".join(lines) or catalog.text("health-channels-none"),
        inline=False,
    )
    embed.add_field(name=catalog.text("health-invite"), value=health.invite, inline=False)
    return embed


def _relay_line(health: ServerHealth, catalog: Catalog) -> str:
    if health.relay_open_until is not None:
        return catalog.text("health-relay-paused", time=_relative_time(health.relay_open_until))
    if health.relay_last_success_at is None:
        return catalog.text("health-relay-unknown")
    return catalog.text("health-relay-ok", time=_relative_time(health.relay_last_success_at))


def _loop_line(name: str, last_tick_at: Mapping[str, float], catalog: Catalog) -> str:
    ticked_at = last_tick_at.get(name)
    time = catalog.text("health-loop-never") if ticked_at is None else _relative_time(ticked_at)
    return f"{catalog.text(f'health-loop-{name}')}: {time}"


def _channel_line(channel_id: int, guild: discord.Guild, catalog: Catalog) -> str:
    channel = guild.get_channel_or_thread(channel_id)
    mention = f"<#{channel_id}>"
    if channel is None:
        return catalog.text("health-channel-unknown", channel=mention)
    granted = channel.permissions_for(guild.me)
    needed = posting_permissions(granted, channel.type)
    needed |= {"embed-links": granted.embed_links}
    missing = [catalog.text(f"permission-{name}") for name, has in needed.items() if not has]
    if not missing and lacks_tag(channel, granted):
        return catalog.text("settings-problem-tag", channel=mention)
    if not missing:
        return catalog.text("health-channel-ok", channel=mention)
    names = catalog.listed(missing)
    return catalog.text("health-channel-missing", channel=mention, permissions=names)


def _relative_time(seconds: float) -> str:
    return f"<t:{seconds:.0f}:R>"
