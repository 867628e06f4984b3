"""Compares what the quotas count with the requests that may be charged, and with their limits."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from bot.storage.creation_quotas import DAY, read_quota_use
from bot.storage.database import DatabaseThread
from bot.storage.engine import Connection
from bot.storage.models import CreationQuotas, CreationState
from tests.e2e.chaos.creation_audit import MAY_BE_CHARGED, StoredCreation

_MANY = 1_000_000
_UNLIMITED = CreationQuotas(per_user=_MANY, per_server=_MANY)
_INACCURACY = 1.0
"""Seconds: the bot and the relay read different clocks."""


async def wrong_quotas(
    database: DatabaseThread,
    rows: Sequence[StoredCreation],
    user_ids: Sequence[int],
    quotas: Mapping[int, CreationQuotas],
    now: float,
) -> list[str]:
    """Return which quotas do not count exactly the requests that may be charged, or are exceeded.

    ``quotas``: those of servers, by their ids. ``now``: Unix seconds.
    """

    def find(db: Connection) -> list[str]:
        return [*_wrong_uses(db, rows, user_ids, now), *_exceeded(db, user_ids, quotas, now)]

    return await database.run(find)


def _wrong_uses(
    db: Connection, rows: Sequence[StoredCreation], user_ids: Sequence[int], now: float
) -> Iterator[str]:
    counted = [row for row in rows if row.state in MAY_BE_CHARGED and row.created_at > now - DAY]
    uses = {user_id: _used(db, user_id, None, now)[0] for user_id in user_ids}
    for user_id, use in uses.items():
        own = sum(row.user_id == user_id for row in counted)
        if use < own:
            yield f"{user_id} has used {use} of a quota, after {own} requests"
    if (total := sum(uses.values())) != len(counted):
        yield f"{total} are used of all quotas, after {len(counted)} requests"


def _exceeded(
    db: Connection, user_ids: Sequence[int], quotas: Mapping[int, CreationQuotas], now: float
) -> Iterator[str]:
    for guild_id, allowed in quotas.items():
        for user_id in user_ids:
            by_user, by_server = _used(db, user_id, guild_id, now)
            if by_user > (allowed.per_user or 0) or by_server > (allowed.per_server or 0):
                used = f"{user_id} has used {by_user} in {guild_id}, all {by_server}"
                yield f"{used}, of {allowed.per_user} and {allowed.per_server}"


def _used(db: Connection, user_id: int, guild_id: int | None, now: float) -> tuple[int, int]:
    """Return how many requests count for a user in a server, or everywhere, and for the server."""
    use = read_quota_use(db, user_id, guild_id, _UNLIMITED, now)
    return _MANY - (use.left_of_user or 0), _MANY - (use.left_of_server or 0)


def too_many_at_once(
    rows: Sequence[StoredCreation], ends: Mapping[str, float], at_once: int
) -> Iterator[str]:
    """Yield the requests that were stored while too many of their user were under way.

    ``ends``: when relays ended the tasks with these ids (Unix seconds): no account may have been
    disconnected before. Those that are not known to be submitted may have been over.
    """
    submitted = [row for row in rows if row.state is CreationState.SUBMITTED]
    for row in rows:
        others = [
            other
            for other in submitted
            if other.user_id == row.user_id is not None
            and other.number < row.number
            and _ended_at(other.task_ids, ends) > row.created_at + _INACCURACY
        ]
        if len(others) >= at_once:
            numbers = ", ".join(str(other.number) for other in others)
            yield f"{row} was stored while {numbers} were under way"


def _ended_at(task_ids: Iterable[str], ends: Mapping[str, float]) -> float:
    return max((ends[each] for each in task_ids if each in ends), default=0.0)
