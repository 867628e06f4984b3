"""Deletes all that is stored about a person or a server.

What is deleted is gone when a method returns. A notice that is being sent at that moment may still
arrive.
"""

from collections.abc import Iterable

from bot.storage.account_rows import disconnect_account
from bot.storage.creation_cancellation import forget_requests, withdraw_unwatched
from bot.storage.database import DatabaseThread
from bot.storage.engine import Connection
from bot.storage.history_rows import delete_orphans
from bot.storage.live_card_rows import MARK_STALE
from bot.storage.models import NOBODY, AccountOwner, PersonalData
from bot.storage.watch_groups import delete_unwatched_tasks, groups_of, release_complete

_TaskKey = tuple[str, str]


class Erasure:
    """Deletes the data of a person or a server from the database."""

    def __init__(self, database: DatabaseThread) -> None:
        self._database = database

    async def personal_data(self, user_id: int) -> PersonalData:
        """Return how much is kept about a person."""
        rows = await self._database.read(
            "SELECT (SELECT count(*) FROM watches WHERE user_id = ?1"
            "  AND delivery_id IS NULL) AS running,"
            " (SELECT count(*) FROM watches WHERE user_id = ?1"
            "  AND delivery_id IS NOT NULL) AS ended,"
            " (SELECT count(DISTINCT d.id) FROM watches s"
            "  JOIN deliveries d ON d.id = s.delivery_id"
            "  WHERE s.user_id = ?1 AND d.state != 'sent') AS unposted,"
            " (SELECT count(*) FROM user_history WHERE user_id = ?1) AS history,"
            " (SELECT count(*) FROM user_settings WHERE user_id = ?1) AS settings,"
            " (SELECT count(*) FROM relay_accounts WHERE user_id = ?1) AS account,"
            " (SELECT count(*) FROM relay_accounts WHERE guild_id IS NOT NULL"
            "  AND connected_by = ?1) AS connected_servers,"
            " (SELECT count(*) FROM creations WHERE user_id = ?1 OR author_id = ?1) AS creations",
            [user_id],
        )
        return PersonalData(**rows[0])

    async def erase_user(self, user_id: int, direct_channel_id: int | None, now: float) -> None:
        """Delete everything about a person; running watches end without a notice.

        ``direct_channel_id`` is the person's direct message with the bot, if it could be opened. A
        server keeps its history, which names nobody, and what others watch. It also keeps the
        relay account that the person connected for it, but not who did so. What others watch at
        the person's own account ends with one message each. Requests to create are deleted: what
        was not sent is not sent any more. Only how many there were counts on for a day.
        """

        def erase_user(db: Connection) -> None:
            tasks = _tasks(db, "user_id = ?", [user_id])
            _erase_cards(db, user_id, direct_channel_id, now)
            _erase_watches(db, user_id, now)
            _erase_direct_messages(db, user_id, direct_channel_id)
            entries = _entries(db, "user_history", "user_id", user_id)
            db.execute("DELETE FROM user_history WHERE user_id = ?", [user_id])
            db.execute("DELETE FROM user_settings WHERE user_id = ?", [user_id])
            disconnect_account(db, AccountOwner(user_id=user_id), now)
            db.execute(
                "UPDATE relay_accounts SET connected_by = ? WHERE connected_by = ?",
                [NOBODY, user_id],
            )
            delete_orphans(db, entries)
            _drop_tasks(db, tasks)
            withdraw_unwatched(db, user_id, now)
            forget_requests(db, user_id, now)

        await self._database.run(erase_user, erases=True)

    async def stored_server_ids(self) -> set[int]:
        """Return the servers of which anything is kept."""
        return await self._database.view(stored_server_ids)

    async def erase_server(self, guild_id: int, now: float) -> None:
        """Delete everything of a server: watches, notices, cards, history, settings, its account.

        What was sent to a person directly because the server did not take it stays with the person.
        What is watched elsewhere at the server's relay account ends with one message each.
        """
        await self._database.run(lambda db: erase_server_rows(db, guild_id, now), erases=True)


def stored_server_ids(db: Connection) -> set[int]:
    """Return the servers of which anything is kept."""
    return {int(guild_id) for (guild_id,) in db.execute(_SERVERS)}


def erase_server_rows(db: Connection, guild_id: int, now: float) -> None:
    """Delete everything of a server, see ``Erasure.erase_server``."""
    tasks = _tasks(db, "guild_id = ?", [guild_id])
    tasks += _tasks(db, "guild_id = ?", [guild_id], table="task_deliveries")
    _purge_deliveries(db, guild_id)
    db.execute("DELETE FROM live_cards WHERE guild_id = ?", [guild_id])
    db.execute("DELETE FROM forums WHERE guild_id = ?", [guild_id])
    db.execute("DELETE FROM server_settings WHERE guild_id = ?", [guild_id])
    db.execute("DELETE FROM welcomed_servers WHERE guild_id = ?", [guild_id])
    db.execute("DELETE FROM requested_messages WHERE guild_id = ?", [guild_id])
    entries = _entries(db, "server_history", "guild_id", guild_id)
    db.execute("DELETE FROM server_history WHERE guild_id = ?", [guild_id])
    disconnect_account(db, AccountOwner(guild_id=guild_id), now)
    delete_orphans(db, entries)
    _drop_tasks(db, tasks)
    db.execute("DELETE FROM departed_servers WHERE guild_id = ?", [guild_id])


_SERVERS = """
    SELECT guild_id FROM watches WHERE guild_id IS NOT NULL
    UNION SELECT guild_id FROM deliveries WHERE guild_id IS NOT NULL
    UNION SELECT guild_id FROM blocked_channels WHERE guild_id IS NOT NULL
    UNION SELECT guild_id FROM live_cards WHERE guild_id IS NOT NULL
    UNION SELECT guild_id FROM forums
    UNION SELECT guild_id FROM server_history
    UNION SELECT guild_id FROM server_settings
    UNION SELECT guild_id FROM welcomed_servers
    UNION SELECT guild_id FROM relay_accounts WHERE guild_id IS NOT NULL
"""


def _tasks(
    db: Connection, condition: str, values: list[int], *, table: str = "watches"
) -> list[_TaskKey]:
    """Return the tasks of some watches or deliveries."""
    sql = f"SELECT DISTINCT account, task_id FROM {table} WHERE {condition}"  # noqa: S608 # names of ours
    return [(str(account), str(task_id)) for account, task_id in db.execute(sql, values)]


def _entries(db: Connection, table: str, column: str, owner: int) -> list[int]:
    """Return the entries of one history."""
    sql = f"SELECT DISTINCT entry_id FROM {table} WHERE {column} = ?"  # noqa: S608 # names of ours
    return [int(entry_id) for (entry_id,) in db.execute(sql, [owner])]


def _erase_cards(db: Connection, user_id: int, direct_channel_id: int | None, now: float) -> None:
    """Delete a person's own cards, and mark those that name the person stale."""
    db.execute(
        f"UPDATE live_cards SET {MARK_STALE} WHERE id IN (SELECT ct.card_id FROM live_card_tasks ct"  # noqa: S608 # names of ours
        " JOIN watches s USING (account, task_id) WHERE s.user_id = ?)",
        [now, user_id],
    )
    db.execute(
        "DELETE FROM live_cards WHERE guild_id IS NULL AND (channel_id = ?1 OR channel_id IN"
        " (SELECT channel_id FROM watches WHERE guild_id IS NULL"
        "  GROUP BY channel_id HAVING min(user_id) = ?2 AND max(user_id) = ?2))",
        [direct_channel_id, user_id],
    )


def _erase_watches(db: Connection, user_id: int, now: float) -> None:
    """Delete a person's watches, and the notices that were for nobody else.

    Notices that stand in a server stay the server's. A group that others share may be complete
    without the person.
    """
    groups = groups_of(db, "user_id = ?", [user_id])
    deliveries = db.execute(
        "SELECT DISTINCT delivery_id FROM watches WHERE user_id = ? AND delivery_id IS NOT NULL",
        [user_id],
    ).fetchall()
    db.execute("DELETE FROM watches WHERE user_id = ?", [user_id])
    for (delivery_id,) in deliveries:
        db.execute(
            "DELETE FROM deliveries WHERE id = :id AND (guild_id IS NULL OR state != 'sent')"
            " AND NOT EXISTS (SELECT 1 FROM watches WHERE delivery_id = :id)",
            {"id": delivery_id},
        )
        delete_unwatched_tasks(db, delivery_id)
    release_complete(db, groups, now)


def _erase_direct_messages(db: Connection, user_id: int, direct_channel_id: int | None) -> None:
    """Delete the held notices to a person, and the records of the channels that they are about."""
    db.execute(
        "DELETE FROM deliveries WHERE (channel_id = ? OR user_id = ?) AND NOT EXISTS"
        " (SELECT 1 FROM watches WHERE delivery_id = deliveries.id)",
        [direct_channel_id, user_id],
    )
    db.execute("DELETE FROM notified_users WHERE user_id = ?", [user_id])
    db.execute(
        "DELETE FROM blocked_channels WHERE guild_id IS NULL AND channel_id = ?",
        [direct_channel_id],
    )


def _purge_deliveries(db: Connection, guild_id: int) -> None:
    """Delete a server's notices, the words about them, and the watches that they are for."""
    db.execute("DELETE FROM blocked_channels WHERE guild_id = ?", [guild_id])
    db.execute(
        "DELETE FROM deliveries WHERE purpose = 'held_notice' AND redirected_from IN"
        " (SELECT channel_id FROM deliveries WHERE guild_id = ?)",
        [guild_id],
    )
    db.execute(
        "DELETE FROM watches WHERE guild_id = ?1 AND (delivery_id IS NULL"
        " OR delivery_id IN (SELECT id FROM deliveries WHERE guild_id = ?1))",
        [guild_id],
    )
    db.execute("UPDATE watches SET guild_id = NULL WHERE guild_id = ?", [guild_id])
    db.execute("DELETE FROM deliveries WHERE guild_id = ?", [guild_id])


def _drop_tasks(db: Connection, tasks: Iterable[_TaskKey]) -> None:
    """Delete those of some tasks that have neither watches nor deliveries."""
    for account, task_id in tasks:
        db.execute(
            "DELETE FROM tasks WHERE account = :account AND task_id = :id"
            " AND NOT EXISTS (SELECT 1 FROM watches s WHERE s.account = :account"
            "  AND s.task_id = :id AND s.delivery_id IS NULL)"
            " AND (state = 'running' OR NOT EXISTS (SELECT 1 FROM task_deliveries d"
            "  WHERE d.account = :account AND d.task_id = :id))",
            {"account": account, "id": task_id},
        )
