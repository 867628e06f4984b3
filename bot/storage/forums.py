"""Channels that are forums: there each notice is a post of its own. SQL within a transaction.

A channel stays what it is, so that this is stored once; Discord need not be asked to deliver.
"""

from bot.storage.engine import Connection
from bot.storage.models import Destination

IN_FORUM = "channel_id IN (SELECT channel_id FROM forums)"
"""Whether a row of a table is about a forum."""


def record_forum(db: Connection, destination: Destination) -> None:
    """Record that a destination is a forum."""
    db.execute(
        "INSERT INTO forums (channel_id, guild_id) VALUES (?, ?) ON CONFLICT DO NOTHING",
        [destination.channel_id, destination.guild_id],
    )


def is_forum(db: Connection, channel_id: int) -> bool:
    """Return whether a channel is a forum."""
    return bool(db.execute("SELECT 1 FROM forums WHERE channel_id = ?", [channel_id]).fetchone())


def delete_unused_forums(db: Connection) -> None:
    """Delete the forums that nothing refers to any more."""
    db.execute(
        "DELETE FROM forums WHERE channel_id NOT IN (SELECT channel_id FROM watches)"
        " AND channel_id NOT IN (SELECT channel_id FROM deliveries WHERE channel_id IS NOT NULL)"
    )
