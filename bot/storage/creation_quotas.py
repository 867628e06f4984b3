"""Quotas of creations: checked in the transaction that stores a request, after the insert.

The row of a request is the debit. A quota counts the rows of the last day that are neither rejected
nor cancelled, so that a refund is a change of state, and nothing can be out of step. Person and
server are counted as keyed hashes: an erasure leaves no id behind and resets no quota.
"""

import math
from datetime import UTC, datetime

from bot.storage.engine import Connection
from bot.storage.errors import (
    AlreadyRepeated,
    CreationsOfServerReached,
    CreationsPerDayReached,
    TooManyCreationsAtOnce,
)
from bot.storage.limits import hash_id
from bot.storage.models import CreationQuotas, NewCreation, QuotaUse

DAY = 86_400.0
"""Seconds."""
REPEAT_INTERVAL = 10.0
"""Seconds in which one person makes a request again once, however often the button is pressed."""

_COUNTED = "created_at > :since AND state NOT IN ('rejected', 'cancelled')"
OF_USER = f"user_hash = :user AND (:guild = '' OR guild_hash = :guild) AND {_COUNTED}"
"""What counts for a person: in one server, or everywhere for direct messages."""
OF_SERVER = f"guild_hash = :guild AND {_COUNTED}"

UNWATCHED_TIME = 900.0
"""Seconds for which a request counts as under way whose end nobody waits for, since it was made:
ten minutes in the queue, five at the relay."""

UNDER_WAY = """
    id IN (SELECT id FROM creations WHERE state = 'submitting'
        UNION SELECT creation_id FROM tasks WHERE state = 'running' AND creation_id IS NOT NULL
        UNION SELECT id FROM creations c
            WHERE request IS NULL AND state = 'submitted' AND created_at > :now - :unwatched
            AND NOT EXISTS (SELECT 1 FROM creation_tasks ct WHERE ct.creation_id = c.id AND (
                EXISTS (SELECT 1 FROM tasks t WHERE t.account = ct.account
                    AND t.task_id = ct.task_id AND t.state = 'ended')
                OR EXISTS (SELECT 1 FROM history h WHERE h.account = ct.account
                    AND h.task_id = ct.task_id))))
"""
"""Requests that are queued, being sent or running: the task of a queued one is running, too.

The relay also goes on with what nobody watches any more. Such a request is forgotten at once, and
its end is not known.
"""


_REPETITION = """
    SELECT 1 FROM creations
    WHERE user_hash = (SELECT user_hash FROM creations WHERE id = :id) AND created_at > :since
    AND request = (SELECT request FROM creations WHERE id = :id) AND id > :repeats AND id < :id
    AND (state IN ('queued', 'submitting')
        OR (state IN ('submitted', 'unconfirmed') AND created_at > :now - :interval))
"""


def guild_hash(db: Connection, guild_id: int | None) -> str:
    """Within a transaction: return the hash of a server, empty for direct messages."""
    return "" if guild_id is None else hash_id(db, guild_id)


def enforce_quotas(
    db: Connection, user_id: int, guild_id: int | None, quotas: CreationQuotas, now: float
) -> QuotaUse:
    """Within the transaction that stored a request: return what is left after it.

    Raises ``TooManyCreationsAtOnce``, ``CreationsPerDayReached`` or ``CreationsOfServerReached``.
    """
    values = _values(db, user_id, guild_id, now)
    if _count_under_way(db, values["user"], now) > quotas.at_once:
        raise TooManyCreationsAtOnce(quotas.at_once)
    use = _use(db, quotas, values, guild_id)
    if use.left_of_user is not None and use.left_of_user < 0:
        limit = quotas.per_user or 0
        raise CreationsPerDayReached(limit, _free_at(db, OF_USER, values, limit))
    if use.left_of_server is not None and use.left_of_server < 0:
        limit = quotas.per_server or 0
        raise CreationsOfServerReached(limit, _free_at(db, OF_SERVER, values, limit))
    return use


def read_quota_use(
    db: Connection, user_id: int, guild_id: int | None, quotas: CreationQuotas, now: float
) -> QuotaUse:
    """Within a transaction: return what is left; 0 also where a quota was lowered below its use."""
    use = _use(db, quotas, _values(db, user_id, guild_id, now), guild_id)
    return QuotaUse(_not_negative(use.left_of_user), _not_negative(use.left_of_server))


def require_first_repetition(db: Connection, creation_id: int, new: NewCreation) -> None:
    """Within the transaction that stored a request: refuse one that is made again twice.

    It is a repetition if the person has made the same request since the repeated one, as long as
    that is queued or being sent, and some seconds more. What was rejected or cancelled has cost
    nothing. Raises ``AlreadyRepeated``.
    """
    if new.repeats is None:
        return
    values = {
        "id": creation_id,
        "repeats": new.repeats,
        "now": new.now,
        "since": new.now - DAY,
        "interval": REPEAT_INTERVAL,
    }
    if db.execute(_REPETITION, values).fetchone():
        raise AlreadyRepeated


def _values(db: Connection, user_id: int, guild_id: int | None, now: float) -> dict[str, object]:
    return {
        "user": hash_id(db, user_id),
        "guild": guild_hash(db, guild_id),
        "since": now - DAY,
    }


def _use(
    db: Connection, quotas: CreationQuotas, values: dict[str, object], guild_id: int | None
) -> QuotaUse:
    """Return what is left, less than 0 where a quota is exceeded."""
    of_user = of_server = None
    if quotas.per_user is not None:
        of_user = quotas.per_user - _count(db, OF_USER, values)
    if quotas.per_server is not None and guild_id is not None:
        of_server = quotas.per_server - _count(db, OF_SERVER, values)
    return QuotaUse(of_user, of_server)


def _count(db: Connection, counted: str, values: dict[str, object]) -> int:
    (count,) = db.execute(
        f"SELECT count(*) FROM creations WHERE {counted}",  # noqa: S608 # conditions of ours
        values,
    ).fetchone()
    return int(count)


def _count_under_way(db: Connection, user_hash: object, now: float) -> int:
    # As an expression, or SQLite would not begin with the few that are under way.
    (count,) = db.execute(
        f"SELECT count(*) FROM creations WHERE {UNDER_WAY} AND user_hash || '' = :user",  # noqa: S608 # conditions of ours
        {"user": user_hash, "now": now, "unwatched": UNWATCHED_TIME},
    ).fetchone()
    return int(count)


def _free_at(db: Connection, counted: str, values: dict[str, object], limit: int) -> datetime:
    """Return when the next request is allowed: the one that was just stored counts, too."""
    (at,) = db.execute(
        f"SELECT created_at FROM creations WHERE {counted}"  # noqa: S608 # conditions of ours
        " ORDER BY created_at DESC, id DESC LIMIT 1 OFFSET :limit",
        {**values, "limit": limit},
    ).fetchone()
    return datetime.fromtimestamp(math.ceil(at + DAY), UTC)


def _not_negative(left: int | None) -> int | None:
    return None if left is None else max(0, left)
