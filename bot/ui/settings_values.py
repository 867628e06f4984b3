"""The values that the settings of a server can have, and their words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import discord

from bot.i18n.catalog import Catalog
from bot.storage.models import ATTACHED_SONGS, MentionSetting, NoticeStyle, ServerSettings
from bot.ui.language_menu import LANGUAGES, language_name

DEFAULT = "default"
"""The value of a menu's option that stands for no value of the server's own."""

_LIMITS = (5, 20, 50)
"""Watches per user."""


@dataclass(frozen=True, slots=True)
class ServerView:
    """A server's settings as one user sees them: with the names there, in the user's language."""

    settings: ServerSettings
    max_limit: int
    """How many tasks a user may watch if the server does not set a lower limit."""
    attaches_audio: bool
    """Whether the operator lets the bot attach audio files."""
    guild: discord.Guild | None
    catalog: Catalog
    has_accounts: bool = False
    """Whether a relay can be connected."""


def watch_limit_choices(max_limit: int) -> tuple[int, ...]:
    """Return the limits below the default, ``max_limit``, that a server can choose."""
    return tuple(limit for limit in _LIMITS if limit < max_limit)


def choices(name: str, max_limit: int) -> tuple[str, ...]:
    """Return the values of the menu of a setting, empty if it is no such setting."""
    values: Mapping[str, Sequence[str]] = {
        "mention": (MentionSetting.WATCHERS, MentionSetting.NOBODY),
        "language": (DEFAULT, *LANGUAGES),
        "notices": tuple(NoticeStyle),
        "uploads": ("on", "off"),
        "limit": (*map(str, watch_limit_choices(max_limit)), DEFAULT),
    }
    return tuple(values.get(name, ()))


def chosen(name: str, settings: ServerSettings) -> str:
    """Return the value of ``choices`` that a server has at the moment."""
    if name == "mention":
        nobody = settings.mention is MentionSetting.NOBODY
        return MentionSetting.NOBODY if nobody else MentionSetting.WATCHERS
    if name == "uploads":
        return "on" if settings.uploads else "off"
    values = {
        "language": settings.language,
        "notices": settings.notices,
        "limit": settings.watches_of_a_person,
    }
    return str(values[name] or DEFAULT)


def choice_label(name: str, value: str, view: ServerView) -> str:
    """Return the words of one of the ``choices``."""
    catalog = view.catalog
    if name == "limit":
        limit = view.max_limit if value == DEFAULT else min(int(value), view.max_limit)
        return catalog.text("settings-limit-value", limit=limit)
    if name == "language" and value != DEFAULT:
        return language_name(value)
    if name == "uploads" and value == "on":
        return catalog.text("settings-uploads-on", count=ATTACHED_SONGS)
    return catalog.text(f"settings-{name}-{value}")


def changes_of(name: str, values: Sequence[str]) -> dict[str, Any]:
    """Return the new values of the settings that a menu changes, by their names.

    Choosing a role to mention also turns its mention on.
    """
    ids = tuple(map(int, values)) if name in ("channel", "roles", "role") else ()
    first = ids[0] if ids else None
    if name == "channel":
        return {"channel_id": first}
    if name == "roles":
        return {"roles": ids}
    if name == "role":
        mention = MentionSetting.ROLE if ids else MentionSetting.WATCHERS
        return {"mention": mention, "mention_role_id": first}
    (value,) = values
    if name == "mention":
        return {"mention": MentionSetting(value), "mention_role_id": None}
    if name == "uploads":
        return {"uploads": value == "on"}
    if name == "notices":
        return {"notices": NoticeStyle(value)}
    if name == "language":
        return {"language": None if value == DEFAULT else value}
    return {"watches_of_a_person": None if value == DEFAULT else int(value)}


def value_text(name: str, view: ServerView, *, plain: bool = False) -> str:
    """Return the words of a setting's value: with mentions, or ``plain`` with names.

    The menus of Discord show no mentions.
    """
    settings, catalog = view.settings, view.catalog
    if name == "channel":
        if settings.channel_id is None:
            return catalog.text("settings-channel-here")
        channel = _channel_name(settings.channel_id, view) if plain else f"<#{settings.channel_id}>"
        return catalog.text("settings-channel-there", channel=channel)
    if name == "roles":
        names = role_names(settings.roles, view.guild, catalog, plain=plain)
        return names or catalog.text("settings-roles-all")
    if name == "mention" and settings.role_to_mention:
        role = role_names([settings.role_to_mention], view.guild, catalog, plain=plain)
        return catalog.text("settings-mention-role", role=role)
    if name == "uploads" and not view.attaches_audio:
        return catalog.text("settings-uploads-operator")
    return choice_label(name, chosen(name, settings), view)


def _channel_name(channel_id: int, view: ServerView) -> str:
    channel = view.guild and view.guild.get_channel_or_thread(channel_id)
    return f"#{channel.name}" if channel else view.catalog.text("settings-name-unknown")


def role_names(
    role_ids: Iterable[int], guild: discord.Guild | None, catalog: Catalog, *, plain: bool
) -> str:
    """Return roles as mentions, or ``plain`` by their names."""
    if not plain:
        return catalog.listed(f"<@&{role_id}>" for role_id in role_ids)
    roles = [guild and guild.get_role(role_id) for role_id in role_ids]
    unknown = catalog.text("settings-name-unknown")
    return catalog.listed(f"@{role.name}" if role else unknown for role in roles)
