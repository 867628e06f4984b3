"""Limits on watches, on requested messages and on mentions of roles.

**Watches** are limited per person, per server and, within a server, per member. The limit is
checked in the transaction that adds the watch, after the insert, so that concurrent commands
cannot exceed it together.

**Messages** are limited per person and hour, and per channel and minute. People request two kinds
of messages: the notice of a task that has ended, and a live card. Each is charged in the
transaction that enqueues it, so that neither concurrent commands nor a restart circumvent the
limit. The notice of a task that the relay has reported as running is free, since the number of
running watches is limited already. Where the relay has reported nothing, the task may have ended
long ago: the person is charged, but the limit of the channel does not refuse the watch. Person and
channel are stored as keyed hashes, for an hour: an erasure leaves no ids behind and resets no
limit.

**Roles** are mentioned in at most one message per channel and minute: a role may reach thousands of
people, and anybody who watches ended tasks can cause many messages. A message that may not mention
the role is posted without the mention.
"""

import hashlib
import hmac
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.storage.clock_rollback import CLOCK_TOLERANCE
from bot.storage.database import DatabaseThread
from bot.storage.engine import Connection
from bot.storage.errors import (
    ChannelTooBusy,
    MemberWatchLimitReached,
    ServerWatchLimitReached,
    TooManyMessages,
    TooManyWatches,
)
from bot.storage.key_value import get_or_create_secret
from bot.storage.models import Delivery, Destination
from bot.storage.watch_groups import is_collecting


@dataclass(frozen=True, slots=True)
class WatchLimits:
    """The limits on watches and on requested messages, as the operator set them."""

    watches_per_user: int = 25
    watches_per_server: int = 500
    watchers_per_destination: int = 50
    """People who watch one task in one channel: as many as one message can mention."""
    messages_per_user: int = 60
    """Messages that a person may request in an hour."""
    messages_per_channel: int = 20
    """Messages that may be requested in a channel within a minute."""
    operator_account: str = ""
    """The account whose watches count together with those of connected accounts.

    Watches at earlier relays of the operator wait, and do not count.
    """


DEFAULT_LIMITS = WatchLimits()


def enforce_watch_limits(
    db: Connection,
    user_id: int,
    destination: Destination,
    limits: WatchLimits,
    member_limit: int | None,
) -> None:
    """Within the transaction that added a watch: raise the error of the limit that it exceeds.

    The watches of running tasks at all accounts in use count together. ``member_limit`` is the
    number of watches that the server allows this person there. Raises ``TooManyWatches``,
    ``MemberWatchLimitReached`` or ``ServerWatchLimitReached``.
    """
    of_user, of_member = db.execute(
        "SELECT count(*), count(*) FILTER (WHERE guild_id = ?3) FROM watches"  # noqa: S608 # names of ours
        f" WHERE delivery_id IS NULL AND user_id = ?2 AND {_IN_USE}",
        [limits.operator_account, user_id, destination.guild_id],
    ).fetchone()
    if of_user > limits.watches_per_user:
        raise TooManyWatches(limits.watches_per_user)
    if destination.guild_id is None:
        return
    if member_limit is not None and of_member > member_limit:
        raise MemberWatchLimitReached(member_limit)
    (of_server,) = db.execute(
        "SELECT count(*) FROM watches"  # noqa: S608 # names of ours
        f" WHERE delivery_id IS NULL AND guild_id = ?2 AND {_IN_USE}",
        [limits.operator_account, destination.guild_id],
    ).fetchone()
    if of_server > limits.watches_per_server:
        raise ServerWatchLimitReached(limits.watches_per_server)


_IN_USE = "(account = ?1 OR account IN (SELECT id FROM relay_accounts))"

HOUR = 3600.0
"""Seconds."""

MINUTE = 60.0
"""Seconds."""

_HASH_KEY = "secret of the message limits"  # the name of the value


def adds_message(
    db: Connection,
    account: str,
    task_id: str,
    destination: Destination,
    group_id: int | None = None,
) -> bool:
    """Within a transaction: whether a new watch of a task causes one more message in a channel.

    It does not if the task is watched there already in the same group, or by others without one:
    both watches share one message. Nor if tasks of its group have ended and wait for it.
    """
    watched = db.execute(
        "SELECT 1 FROM watches WHERE delivery_id IS NULL AND account = ? AND task_id = ?"
        " AND channel_id = ? AND group_id IS ?",
        [account, task_id, destination.channel_id, group_id],
    ).fetchone()
    return watched is None and (group_id is None or not is_collecting(db, account, group_id))


def is_known_running(db: Connection, account: str, task_id: str, *, known: bool) -> bool:
    """Within a transaction: whether the relay has reported a task, and not as ended.

    ``known``: whether the relay reports it as running now.
    """
    row = db.execute(
        "SELECT state, known FROM tasks WHERE account = ? AND task_id = ?", [account, task_id]
    ).fetchone()
    if row is None:
        return known
    state, known_before = row
    return state == "running" and (known or bool(known_before))


def charge_message(
    db: Connection, user_id: int, destination: Destination, now: float, limits: WatchLimits
) -> None:
    """Within a transaction: charge a requested message to a person and a channel.

    Raises ``TooManyMessages`` or ``ChannelTooBusy``, with the time of the next try, and charges
    nothing then.
    """
    channel_hash = hash_id(db, destination.channel_id)
    at = _limited_until(
        db, "channel_hash = ?", channel_hash, now, MINUTE, limits.messages_per_channel
    )
    if at is not None:
        raise ChannelTooBusy(at)
    charge_user(db, user_id, destination, now, limits)


def charge_user(
    db: Connection, user_id: int, destination: Destination, now: float, limits: WatchLimits
) -> None:
    """Within a transaction: charge a requested message to a person, ignoring the channel's limit.

    In a minute, a person may request no more of them than one channel takes. Raises
    ``TooManyMessages`` like ``charge_message``.
    """
    user_hash = hash_id(db, user_id)
    for span, limit in ((HOUR, limits.messages_per_user), (MINUTE, limits.messages_per_channel)):
        at = _limited_until(db, "user_hash = ?", user_hash, now, span, limit)
        if at is not None:
            raise TooManyMessages(at)
    delete_expired_requests(db, now)
    db.execute(
        "INSERT INTO requested_messages (user_hash, channel_hash, guild_id, requested_at)"
        " VALUES (?, ?, ?, ?)",
        [user_hash, hash_id(db, destination.channel_id), destination.guild_id, now],
    )


def delete_expired_requests(db: Connection, now: float) -> None:
    """Within a transaction: delete expired requests, and those that lie in the future.

    The latter were stored before the clock was set back.
    """
    db.execute(
        "DELETE FROM requested_messages WHERE requested_at <= ? OR requested_at > ?",
        [now - HOUR, now + CLOCK_TOLERANCE],
    )


def _limited_until(
    db: Connection, condition: str, value: str, now: float, span: float, limit: int
) -> datetime | None:
    """Return when the next message is allowed, ``None`` for now.

    At most ``limit`` messages are allowed within ``span`` seconds.
    """
    values: Sequence[Any] = [value, now - span, now + CLOCK_TOLERANCE, limit - 1]
    row = db.execute(
        f"SELECT requested_at FROM requested_messages WHERE {condition}"  # noqa: S608 # names of ours
        " AND requested_at > ? AND requested_at <= ? ORDER BY requested_at DESC LIMIT 1 OFFSET ?",
        values,
    ).fetchone()
    return None if row is None else datetime.fromtimestamp(math.ceil(row[0] + span), UTC)


def hash_id(db: Connection, discord_id: int) -> str:
    """Return the keyed hash of the id of a person or a channel in this database."""
    return hmac.new(
        get_or_create_secret(db, _HASH_KEY), str(discord_id).encode(), hashlib.sha256
    ).hexdigest()


ROLE_MENTION_INTERVAL = 60.0
"""Seconds between two mentions of a role in one channel."""


class RoleMentions:
    """Records mentions of roles, each before its message is sent."""

    def __init__(self, database: DatabaseThread) -> None:
        self._database = database

    async def claim(self, delivery: Delivery, now: float) -> bool:
        """Return whether a delivery that is being sent mentions the role.

        If Discord may have taken the message already, the answer stays the same, so that a repeat
        is the same message.
        """
        if delivery.unconfirmed_since is not None:
            return await self._database.run(lambda db: _has_mentioned_role(db, delivery.id))
        return await self._database.run(lambda db: _claim_role_mention(db, delivery, now))


def _has_mentioned_role(db: Connection, delivery_id: int) -> bool:
    (mentioned,) = db.execute(
        "SELECT role_mentioned_at IS NOT NULL FROM deliveries WHERE id = ?", [delivery_id]
    ).fetchone()
    return bool(mentioned)


def _claim_role_mention(db: Connection, delivery: Delivery, now: float) -> bool:
    """Within a transaction: claim the mention unless another delivery did so within a minute."""
    another = db.execute(
        "SELECT 1 FROM deliveries WHERE channel_id = ? AND id != ?"
        " AND role_mentioned_at > ? AND role_mentioned_at <= ?",
        [
            delivery.destination.channel_id,
            delivery.id,
            now - ROLE_MENTION_INTERVAL,
            now + CLOCK_TOLERANCE,
        ],
    ).fetchone()
    mentioned_at = now if another is None else None
    db.execute(
        "UPDATE deliveries SET role_mentioned_at = ? WHERE id = ?", [mentioned_at, delivery.id]
    )
    return mentioned_at is not None
