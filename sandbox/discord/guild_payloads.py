"""Guilds as Discord writes them."""

from collections.abc import Iterable

from sandbox.discord.channels import Channel
from sandbox.discord.clock import iso
from sandbox.discord.errors import Payload
from sandbox.discord.guild_base import GuildBase

_NOT_SET = (
    "home_header",
    "discovery_splash",
    "application_id",
    "afk_channel_id",
    "widget_channel_id",
    "vanity_url_code",
    "rules_channel_id",
    "safety_alerts_channel_id",
    "public_updates_channel_id",
    "incidents_data",
)
"""What these servers do without."""


def guild_payload(guild: GuildBase) -> Payload:
    """Return a guild as ``GET /guilds/{id}`` does."""
    return {
        "id": str(guild.id),
        "name": guild.name,
        "icon": None,
        "splash": None,
        "banner": None,
        "description": None,
        "owner_id": str(guild.owner.id),
        "system_channel_id": guild.system_channel_id and str(guild.system_channel_id),
        "preferred_locale": guild.locale,
        "features": guild.features,
        "roles": [role.payload() for role in guild.roles.values()],
        "emojis": [],
        "stickers": [],
        "afk_timeout": 300,
        "verification_level": 0,
        "default_message_notifications": 1,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw": False,
        "nsfw_level": 0,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "premium_progress_bar_enabled": False,
        "system_channel_flags": 0,
        "widget_enabled": False,
        "region": "deprecated",
        "max_presences": None,
        "max_members": 25_000_000,
        "max_video_channel_users": 25,
        "max_stage_video_channel_users": 50,
        **dict.fromkeys(_NOT_SET),
    }


def partial_guild_payload(guild: GuildBase) -> Payload:
    """Return the partial guild object of an interaction."""
    return {"id": str(guild.id), "locale": guild.locale, "features": guild.features}


def guild_create_payload(
    guild: GuildBase, channels: Iterable[Channel], threads: Iterable[Channel], *, joined: bool
) -> Payload:
    """Return a guild as GUILD_CREATE does, to a bot without privileged intents.

    Of the members there is only the bot. ``threads`` are those that are active and open to it.
    ``joined``: the bot joins the guild now; Discord omits ``unavailable`` only then.
    """
    bot = guild.shared.bot
    member = guild.members[bot.id]
    return {
        **guild_payload(guild),
        "joined_at": iso(member.joined_at),
        "large": False,
        **({} if joined else {"unavailable": False}),
        "member_count": len(guild.members),
        "voice_states": [],
        "members": [member.payload()],
        "channels": [channel.payload() for channel in channels],
        "threads": [thread.payload() for thread in threads],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }
