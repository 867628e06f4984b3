"""Who watches a task where: the SQL for one subscription, within the limits."""

from sqlite_utils import Database

from bot.watching.errors import TooManyWatchers, TooManyWatches
from bot.watching.limits import Limits
from bot.watching.records import Place


def subscribe(
    db: Database,
    relay: str,
    task_id: str,
    *,
    user_id: int,
    place: Place,
    now: float,
    mention: bool,
    limits: Limits,
) -> bool:
    """Within a transaction: let a person watch a task in a place; return whether that is new.

    Who watches it there already is asked once more whether to be mentioned. Raises
    ``TooManyWatches`` or ``TooManyWatchers``.
    """
    key = [relay, task_id, place.channel_id, user_id]
    if db.execute(f"UPDATE subscriptions SET mention = ? {_OPEN}", [mention, *key]).rowcount:  # noqa: S608 # names of ours
        return False
    _enforce(db, relay, task_id, user_id, place, limits)
    db.execute(
        "INSERT INTO subscriptions"
        " (relay, task_id, channel_id, user_id, guild_id, locale, created_at, mention)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [*key, place.guild_id, place.locale, now, mention],
    )
    return True


_OPEN = "WHERE delivery_id IS NULL AND relay = ? AND task_id = ? AND channel_id = ? AND user_id = ?"


def _enforce(
    db: Database, relay: str, task_id: str, user_id: int, place: Place, limits: Limits
) -> None:
    """Raise the limit that one subscription more would exceed."""
    (of_person, in_place) = db.execute(
        "SELECT"
        " (SELECT count(*) FROM subscriptions WHERE delivery_id IS NULL AND user_id = ?4),"
        " (SELECT count(*) FROM subscriptions WHERE delivery_id IS NULL AND relay = ?1"
        "  AND task_id = ?2 AND channel_id = ?3)",
        [relay, task_id, place.channel_id, user_id],
    ).fetchone()
    if of_person >= limits.watches_of_a_person:
        raise TooManyWatches(limits.watches_of_a_person)
    if in_place >= limits.watchers_in_a_place:
        raise TooManyWatchers(limits.watchers_in_a_place)
