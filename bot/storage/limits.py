"""Limits on how much may be watched at once.

A limit is checked in the transaction that adds the watch, after it was added: however many
commands come at once, one after the other finds what those before it have left.
"""

from dataclasses import dataclass

from sqlite_utils import Database

from bot.storage.errors import MemberWatchLimitReached, ServerWatchLimitReached, TooManyWatches
from bot.storage.models import Destination


@dataclass(frozen=True, slots=True)
class WatchLimits:
    """How much may be watched at one relay, and asked for; the operator's."""

    watches_per_user: int = 25
    watches_per_server: int = 500
    watchers_per_destination: int = 50
    """As many as one message can mention."""
    messages_per_user: int = 60
    """How many messages a person may ask for in an hour, see ``message_limits``."""
    messages_per_channel: int = 20
    """How many messages may be asked for in a channel within a minute."""


DEFAULT_LIMITS = WatchLimits()


def enforce(
    db: Database,
    relay: str,
    user_id: int,
    destination: Destination,
    limits: WatchLimits,
    member_limit: int | None,
) -> None:
    """Within the transaction that added a watch: raise the limit that it exceeds.

    Only what runs at this relay counts. ``member_limit``: how much the server lets this person
    watch there. Raises ``TooManyWatches``, ``MemberWatchLimitReached`` or
    ``ServerWatchLimitReached``.
    """
    of_person, here = db.execute(
        "SELECT count(*), count(*) FILTER (WHERE guild_id = ?3) FROM watches"
        " WHERE delivery_id IS NULL AND user_id = ?2 AND relay = ?1",
        [relay, user_id, destination.guild_id],
    ).fetchone()
    if of_person > limits.watches_per_user:
        raise TooManyWatches(limits.watches_per_user)
    if destination.guild_id is None:
        return
    if member_limit is not None and here > member_limit:
        raise MemberWatchLimitReached(member_limit)
    (in_server,) = db.execute(
        "SELECT count(*) FROM watches WHERE delivery_id IS NULL AND guild_id = ? AND relay = ?",
        [destination.guild_id, relay],
    ).fetchone()
    if in_server > limits.watches_per_server:
        raise ServerWatchLimitReached(limits.watches_per_server)
