"""Whether the bot is a member where somebody uses it: only a member can post there."""

from typing import Any

import discord

FOLLOW_UPS_OF_A_USER_INSTALL = 5
"""How many messages may follow an answer where only a person has installed the bot."""


def is_guest(interaction: discord.Interaction[Any]) -> bool:
    """Whether the bot can answer here but not post: it is no member of the server or conversation.

    People bring it along to servers, and a server can authorize its commands alone; Discord names
    such a server as the owner of the integration too. The gateway tells of every server of which
    the bot is a member before any interaction comes from there.
    """
    if interaction.guild_id is not None:
        return interaction.client.get_guild(interaction.guild_id) is None
    return interaction.context.private_channel


def by_user_install_only(interaction: discord.Interaction[Any]) -> bool:
    """Whether the bot is only here because this person has installed it for themselves."""
    if interaction.guild_id is not None:
        return not interaction.is_guild_integration()
    return interaction.context.private_channel
