"""Decides in which language the bot writes. Nothing else decides that.

To one person, in answers and direct messages:

1. the language that they have chosen with ``/suno language``;
2. that of their Discord client.

In the channels of a server, in notices and cards:

1. the language that its managers have set;
2. in a Community server its primary language: elsewhere Discord lets nobody choose one;
3. that of the person who asks, as above.

The greeting of a new server is in the language of a Community server, elsewhere in English.
The language of a notice is stored with the watch, since the person is not there when it is posted.
"""

from collections.abc import Mapping
from typing import Any

import discord

from bot.storage.models import ServerSettings


def apply_chosen_language(interaction_data: dict[str, Any], languages: Mapping[int, str]) -> None:
    """Let an interaction have the locale that its user has chosen, as if their client had it.

    ``interaction_data``: the interaction as Discord sends it. ``languages``: the chosen locales by
    user id.
    """
    user = interaction_data.get("user") or interaction_data["member"]["user"]
    if chosen := languages.get(int(user["id"])):
        interaction_data["locale"] = chosen


def channel_locale(interaction: discord.Interaction[Any], settings: ServerSettings) -> str:
    """Return the locale of what the user of an interaction lets the bot post in a channel."""
    guild = interaction.guild
    if settings.language:
        return settings.language
    if guild is not None and "COMMUNITY" in guild.features and interaction.guild_locale:
        return interaction.guild_locale.value
    return interaction.locale.value
