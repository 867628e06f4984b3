"""How many messages people may ask for: per person and hour, and per channel and minute.

People ask for two kinds of messages: the notice of a task that has ended, and a live card. Each is
charged in the transaction that enqueues it, so that neither concurrent commands nor a restart
circumvent the limit. The notice of a task that the relay has shown to run is free, and nothing can
prevent it: how much may run at once is limited already. Where the relay did not say so, the task
may have ended long ago: the person is charged, but no crowded channel refuses the watch.

Person and channel are stored as keyed hashes, for an hour: an erasure leaves no id
behind, and gets round no limit.
"""

import hashlib
import hmac
import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlite_utils import Database

from bot.storage.clock_rollback import CLOCK_TOLERANCE
from bot.storage.errors import ChannelTooBusy, TooManyMessages
from bot.storage.key_value import get_or_create_secret
from bot.storage.limits import WatchLimits
from bot.storage.models import Destination

HOUR = 3600.0
MINUTE = 60.0

_SECRET = "secret of the message limits"  # noqa: S105 # the name of the note


def adds_message(db: Database, relay: str, task_id: str, destination: Destination) -> bool:
    """Within a transaction: whether a new watch of a task means one more message in a place.

    It does not where somebody watches it there already: one notice serves both.
    """
    watched = db.execute(
        "SELECT 1 FROM watches"
        " WHERE delivery_id IS NULL AND relay = ? AND task_id = ? AND channel_id = ?",
        [relay, task_id, destination.channel_id],
    ).fetchone()
    return watched is None


def is_known_running(db: Database, relay: str, task_id: str, *, known: bool) -> bool:
    """Within a transaction: whether the relay has said of a task that it runs, not that it ended.

    ``known``: whether it says so now.
    """
    row = db.execute(
        "SELECT state, known FROM tasks WHERE relay = ? AND task_id = ?", [relay, task_id]
    ).fetchone()
    if row is None:
        return known
    state, known_before = row
    return state == "running" and (known or bool(known_before))


def charge(
    db: Database, user_id: int, destination: Destination, now: float, limits: WatchLimits
) -> None:
    """Within a transaction: count a message that a person asks for in a place.

    Raises ``TooManyMessages`` or ``ChannelTooBusy``, with when to try again, and counts nothing
    then.
    """
    channel = _hashed(db, destination.channel_id)
    at = _full_until(db, "channel_hash = ?", channel, now, MINUTE, limits.messages_per_channel)
    if at is not None:
        raise ChannelTooBusy(at)
    charge_person(db, user_id, destination, now, limits)


def charge_person(
    db: Database, user_id: int, destination: Destination, now: float, limits: WatchLimits
) -> None:
    """Within a transaction: count a message that no crowded channel can refuse.

    Nobody asks for more of them in a minute than one channel takes. Raises ``TooManyMessages`` as
    for ``charge``.
    """
    person = _hashed(db, user_id)
    for span, most in ((HOUR, limits.messages_per_user), (MINUTE, limits.messages_per_channel)):
        at = _full_until(db, "user_hash = ?", person, now, span, most)
        if at is not None:
            raise TooManyMessages(at)
    delete_expired(db, now)
    db.execute(
        "INSERT INTO requested_messages (user_hash, channel_hash, guild_id, requested_at)"
        " VALUES (?, ?, ?, ?)",
        [person, _hashed(db, destination.channel_id), destination.guild_id, now],
    )


def delete_expired(db: Database, now: float) -> None:
    """Within a transaction: delete expired rows, and those of a clock that was set back."""
    db.execute(
        "DELETE FROM requested_messages WHERE requested_at <= ? OR requested_at > ?",
        [now - HOUR, now + CLOCK_TOLERANCE],
    )


def _full_until(
    db: Database, whose: str, value: str, now: float, span: float, most: int
) -> datetime | None:
    """Return when fewer than ``most`` messages lie in the last ``span`` seconds, if not now."""
    values: Sequence[Any] = [value, now - span, now + CLOCK_TOLERANCE, most - 1]
    row = db.execute(
        f"SELECT requested_at FROM requested_messages WHERE {whose}"  # noqa: S608 # names of ours
        " AND requested_at > ? AND requested_at <= ? ORDER BY requested_at DESC LIMIT 1 OFFSET ?",
        values,
    ).fetchone()
    return None if row is None else datetime.fromtimestamp(math.ceil(row[0] + span), UTC)


def _hashed(db: Database, discord_id: int) -> str:
    """Return what stands for a person or a channel in this database."""
    return hmac.new(
        get_or_create_secret(db, _SECRET), str(discord_id).encode(), hashlib.sha256
    ).hexdigest()
