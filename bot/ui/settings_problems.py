"""Explains why a channel or a role that a server has chosen, or chooses now, cannot work."""

from collections.abc import Sequence

import discord

from bot.i18n.catalog import Catalog
from bot.storage.models import ServerSettings
from bot.ui.permissions import lacks_tag, missing_permissions


def channel_problem(channel_id: int, guild: discord.Guild | None, catalog: Catalog) -> str | None:
    """Return why the bot cannot post in a channel, ``None`` if it can."""
    channel = guild.get_channel_or_thread(channel_id) if guild else None
    if guild is None or channel is None:
        return catalog.text("settings-problem-channel-unseen", channel=f"<#{channel_id}>")
    granted = channel.permissions_for(guild.me)
    missing = missing_permissions(granted, channel.type)
    if not missing:
        lacks = lacks_tag(channel, granted)
        return catalog.text("settings-problem-tag", channel=channel.mention) if lacks else None
    names = catalog.listed(catalog.text(f"permission-{name}") for name in missing)
    return catalog.text("settings-problem-channel", channel=channel.mention, permissions=names)


def mentioned_role_problem(
    role_id: int, guild: discord.Guild | None, catalog: Catalog
) -> str | None:
    """Return why a role cannot be mentioned, ``None`` if it can.

    Discord shows a mention of a role that it does not allow, but notifies nobody.
    """
    if guild is None:
        return None
    if role_id == guild.id:
        return catalog.text("settings-problem-mention-everyone")
    role = guild.get_role(role_id)
    if role is None:
        return catalog.text("settings-problem-role-gone")
    if role.mentionable or guild.me.guild_permissions.mention_everyone:
        return None
    permission = catalog.text("permission-mention-everyone")
    return catalog.text("settings-problem-role", role=role.mention, permission=permission)


def watcher_roles_problem(
    role_ids: tuple[int, ...], guild: discord.Guild | None, catalog: Catalog
) -> str | None:
    """Return why some roles cannot decide who may watch, ``None`` if they can."""
    if guild is None:
        return None
    if guild.id in role_ids:
        return catalog.text("settings-problem-watch-everyone")
    if role_ids and not any(map(guild.get_role, role_ids)):
        return catalog.text("settings-problem-roles-gone")
    return None


def choice_problem(
    name: str, values: Sequence[str], guild: discord.Guild | None, catalog: Catalog
) -> str | None:
    """Return why what was chosen in the menu of a setting cannot work, ``None`` if it can."""
    if name == "channel" and values:
        return channel_problem(int(values[0]), guild, catalog)
    if name == "role" and values:
        return mentioned_role_problem(int(values[0]), guild, catalog)
    if name == "roles":
        return watcher_roles_problem(tuple(map(int, values)), guild, catalog)
    return None


def problems(
    settings: ServerSettings, guild: discord.Guild | None, catalog: Catalog
) -> dict[str, str]:
    """Return what cannot work in some settings, by the names of their pages."""
    channel_id, role_id = settings.channel_id, settings.role_to_mention
    found = {
        "channel": channel_id and channel_problem(channel_id, guild, catalog),
        "roles": watcher_roles_problem(settings.roles, guild, catalog),
        "mention": role_id and mentioned_role_problem(role_id, guild, catalog),
    }
    return {name: problem for name, problem in found.items() if isinstance(problem, str)}
