"""The health page: whether everything works in a server, and what does not."""

from collections.abc import Mapping
from dataclasses import dataclass

import discord

from bot.i18n import Words
from bot.relay.client import RelayHealth
from bot.storage.server_settings import ServerUse
from bot.ui.held_notice import needed_to_post

MOST_CHANNELS = 15


@dataclass(frozen=True, slots=True)
class Health:
    """What the page is made of; times are Unix seconds."""

    relay: RelayHealth
    good_rounds: Mapping[str, float]
    """When each loop of the clock last did its work without a fault."""
    use: ServerUse
    invite: str


def health_page(health: Health, guild: discord.Guild, words: Words) -> discord.Embed:
    """Return the page for one server."""
    embed = discord.Embed(title=words.say("health-title"))
    embed.add_field(name=words.say("health-relay"), value=_relay(health.relay, words))
    rounds = "\n".join(_round(name, health.good_rounds, words) for name in _ROUNDS)
    embed.add_field(name=words.say("health-rounds"), value=rounds, inline=False)
    counts = words.say("health-waiting-counts", due=health.use.due, held=health.use.held)
    embed.add_field(name=words.say("health-waiting"), value=counts, inline=False)
    lines = [_channel(channel, guild, words) for channel in health.use.channels[:MOST_CHANNELS]]
    embed.add_field(
        name=words.say("health-channels"),
        value="\n".join(lines) or words.say("health-channels-none"),
        inline=False,
    )
    embed.add_field(name=words.say("health-invite"), value=health.invite, inline=False)
    return embed


_ROUNDS = ("poll", "deliver", "show")


def _relay(relay: RelayHealth, words: Words) -> str:
    if relay.paused_until is not None:
        return words.say("health-relay-paused", time=_when(relay.paused_until))
    if relay.last_good_at is None:
        return words.say("health-relay-silent")
    return words.say("health-relay-well", time=_when(relay.last_good_at))


def _round(name: str, good_rounds: Mapping[str, float], words: Words) -> str:
    at = good_rounds.get(name)
    said = _when(at) if at is not None else words.say("health-round-never")
    return f"{words.say(f'health-round-{name}')}: {said}"


def _channel(channel_id: int, guild: discord.Guild, words: Words) -> str:
    channel = guild.get_channel_or_thread(channel_id)
    mention = f"<#{channel_id}>"
    if channel is None:
        return words.say("health-channel-unknown", channel=mention)
    granted = channel.permissions_for(guild.me)
    needed = needed_to_post(granted, in_thread=isinstance(channel, discord.Thread))
    needed |= {"embed-links": granted.embed_links}
    missing = [words.say(f"permission-{name}") for name, has in needed.items() if not has]
    if not missing:
        return words.say("health-channel-well", channel=mention)
    names = words.listed(missing)
    return words.say("health-channel-missing", channel=mention, permissions=names)


def _when(seconds: float) -> str:
    return f"<t:{seconds:.0f}:R>"
