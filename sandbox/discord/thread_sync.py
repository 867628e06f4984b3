"""What the bot hears when it is let into further channels: THREAD_LIST_SYNC."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sandbox.discord.errors import Payload

if TYPE_CHECKING:
    from sandbox.discord.guilds import Guild


@contextmanager
def sync_threads(guild: "Guild") -> Iterator[None]:
    """Send the active threads of every channel that is opened to the bot meanwhile."""
    bot = guild.shared.bot
    before = {one.id for one in guild.channels if one.is_accessible_to(bot)}
    yield
    opened = {one.id for one in guild.channels if one.is_accessible_to(bot)} - before
    if not opened:
        return
    threads = [
        one
        for one in guild.active_threads_of(bot)
        if one.parent is not None and one.parent.id in opened
    ]
    synced: Payload = {
        "guild_id": str(guild.id),
        "channel_ids": [str(one) for one in sorted(opened)],
        "threads": [one.payload() for one in threads],
        "members": [],
    }
    guild.shared.dispatch("THREAD_LIST_SYNC", synced, guild.id, 1)
