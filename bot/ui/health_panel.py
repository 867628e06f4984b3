"""Renders the health page of a server: a verdict, the other problems, then the details."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import discord

from bot.i18n.catalog import Catalog
from bot.relay.errors import ErrorKind
from bot.storage.models import RelayAccount, ServerSettings, ServerUsage
from bot.ui.limits import MAX_DESCRIPTION, MAX_FIELD_VALUE, whole_lines
from bot.ui.settings_problems import channel_problem, problems
from bot.ui.task_text import FAILURE_COLOUR, PARTIAL_COLOUR, SUCCESS_COLOUR

MAX_CHANNELS_LISTED = 15
_LOOPS = ("poll", "deliver", "show")
"""The background loops on the page, as their last ticks are keyed."""
_FIXED_BY_MANAGERS = frozenset(
    {ErrorKind.AUTH, ErrorKind.QUOTA, ErrorKind.NOT_FOUND, ErrorKind.BAD_REQUEST}
)
"""What the operator has to fix, or where a server has its own relay, who manages the server."""
_UNITS = {"days": 86400, "hours": 3600, "minutes": 60}
"""Seconds."""


@dataclass(frozen=True, slots=True)
class ServerHealth:
    """The values on the health page; times are Unix seconds."""

    now: float
    started_at: float
    relay_last_success_at: float | None
    relay_working_since: float | None
    relay_failing_since: float | None
    """``None`` while the relay works."""
    relay_error: ErrorKind | None
    """How it fails."""
    stuck_since: float | None
    """Since when a background loop is stuck, ``None`` if none is."""
    last_tick_at: Mapping[str, float]
    """When each background loop last succeeded."""
    usage: ServerUsage
    settings: ServerSettings
    account: RelayAccount | None = None
    """That of the server; the values about the relay are of it then."""
    is_key_readable: bool = True
    """Whether the key of this account can be read."""
    no_credit_since: float | None = None
    """Since when nothing can be created, because the relay account has no credit."""


def health_embed(health: ServerHealth, guild: discord.Guild, catalog: Catalog) -> discord.Embed:
    """Return the health page of one server. The most serious problem is the verdict."""
    general = list(_general_problems(health, catalog))
    local = list(dict.fromkeys(_server_problems(health, guild, catalog)))
    lines = whole_lines([*general, *local] or [_all_well(health, catalog)], MAX_DESCRIPTION)
    embed = discord.Embed(
        title=catalog.text("health-title"),
        description="\n".join(lines),
        colour=FAILURE_COLOUR if general else PARTIAL_COLOUR if local else SUCCESS_COLOUR,
    )
    details = whole_lines(_details(health, guild, catalog), MAX_FIELD_VALUE)
    embed.add_field(name=catalog.text("health-details"), value="\n".join(details), inline=False)
    return embed


def _all_well(health: ServerHealth, catalog: Catalog) -> str:
    since = max(health.started_at, health.relay_working_since or 0.0)
    return catalog.text("health-ok", time=_duration(health.now - since, catalog))


def _general_problems(health: ServerHealth, catalog: Catalog) -> Iterator[str]:
    """Yield what does not work in any server."""
    if problem := _relay_problem(health, catalog):
        yield problem
    if health.no_credit_since is not None:
        name = "health-no-credit-server" if health.account else "health-no-credit"
        yield catalog.text(name, time=_duration(health.now - health.no_credit_since, catalog))
    if health.stuck_since is not None:
        time = _duration(health.now - health.stuck_since, catalog)
        yield catalog.text("health-stuck", time=time)


def _relay_problem(health: ServerHealth, catalog: Catalog) -> str | None:
    """Return how the relay fails, ``None`` if it works. A manager can replace the server's key."""
    if not health.is_key_readable:
        return catalog.text("health-relay-server-unreadable-key")
    account, error, since = health.account, health.relay_error, health.relay_failing_since
    if account is not None and account.rejected_since is not None:
        error, since = ErrorKind.AUTH, account.rejected_since
    if error is None or since is None:
        return None
    name = error.value.replace("_", "-")
    if account is not None and error in _FIXED_BY_MANAGERS:
        name = f"server-{name}"
    return catalog.text(f"health-relay-{name}", time=_duration(health.now - since, catalog))


def _server_problems(health: ServerHealth, guild: discord.Guild, catalog: Catalog) -> Iterator[str]:
    """Yield what does not work in this server."""
    if health.usage.held_since is not None:
        time = _duration(health.now - health.usage.held_since, catalog)
        yield catalog.text("health-held", count=health.usage.held, time=time)
    yield from problems(health.settings, guild, catalog).values()
    for channel_id in health.usage.channels[:MAX_CHANNELS_LISTED]:
        if problem := _channel_problem(channel_id, guild, catalog):
            yield problem


def _channel_problem(channel_id: int, guild: discord.Guild, catalog: Catalog) -> str | None:
    """Return what is wrong with a channel in use; an unknown one may be an archived thread."""
    channel = guild.get_channel_or_thread(channel_id)
    if channel is None:
        return None
    if problem := channel_problem(channel_id, guild, catalog):
        return problem
    if not channel.permissions_for(guild.me).embed_links:
        return catalog.text("health-channel-plain", channel=channel.mention)
    return None


def _details(health: ServerHealth, guild: discord.Guild, catalog: Catalog) -> Iterator[str]:
    answered = health.relay_last_success_at
    if answered is None:
        yield catalog.text("health-relay-never")
    else:
        yield catalog.text("health-relay-answered", time=_relative_time(answered))
    never = catalog.text("health-loop-never")
    ticks = {name: health.last_tick_at.get(name) for name in _LOOPS}
    times = {name: _relative_time(at) if at else never for name, at in ticks.items()}
    yield catalog.text("health-loops", **times)
    yield catalog.text("health-results", due=health.usage.due, held=health.usage.held)
    for channel_id in health.usage.channels[:MAX_CHANNELS_LISTED]:
        if guild.get_channel_or_thread(channel_id) is None:
            yield catalog.text("health-channel-unknown", channel=f"<#{channel_id}>")
        elif _channel_problem(channel_id, guild, catalog) is None:
            yield catalog.text("health-channel-ok", channel=f"<#{channel_id}>")


def _duration(seconds: float, catalog: Catalog) -> str:
    """Return a duration in words, in the largest unit that it has two of."""
    for unit, length in _UNITS.items():
        if seconds >= 2 * length:
            return catalog.text(f"health-{unit}", count=int(seconds // length))
    return catalog.text("health-minutes", count=int(seconds >= 60))


def _relative_time(seconds: float) -> str:
    return f"<t:{seconds:.0f}:R>"
