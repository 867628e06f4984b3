"""Who watches a task where: the SQL of one subscription."""

from sqlite_utils import Database

from bot.storage.errors import TooManyWatchers
from bot.storage.models import Place


def subscribe(
    db: Database,
    relay: str,
    task_id: str,
    *,
    user_id: int,
    place: Place,
    now: float,
    mention: bool,
    most: int,
) -> bool:
    """Within a transaction: let a person watch a task in a place; return whether that is new.

    Of who watches it there already only the wish to be mentioned changes. Raises
    ``TooManyWatchers`` where more than ``most`` people would watch it there.
    """
    key = [relay, task_id, place.channel_id, user_id]
    known = db.execute(
        "UPDATE subscriptions SET mention = ? WHERE delivery_id IS NULL AND relay = ?"
        " AND task_id = ? AND channel_id = ? AND user_id = ?",
        [mention, *key],
    ).rowcount
    if known:
        return False
    (watchers,) = db.execute(
        "SELECT count(*) FROM subscriptions"
        " WHERE delivery_id IS NULL AND relay = ? AND task_id = ? AND channel_id = ?",
        [relay, task_id, place.channel_id],
    ).fetchone()
    if watchers >= most:
        raise TooManyWatchers(most)
    db.execute(
        "INSERT INTO subscriptions"
        " (relay, task_id, channel_id, user_id, guild_id, locale, created_at, mention)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [*key, place.guild_id, place.locale, now, mention],
    )
    return True
