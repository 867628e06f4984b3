"""How the bot gets into a server, and what it needs there."""

import discord

NEEDED_PERMISSIONS = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    embed_links=True,
    attach_files=True,
    read_message_history=True,
)
"""What the bot is invited with; the documentation names the same."""


def invite_link(application_id: int) -> str:
    """Return the address where somebody can add the bot to a server."""
    return discord.utils.oauth_url(
        application_id, permissions=NEEDED_PERMISSIONS, scopes=("bot", "applications.commands")
    )
