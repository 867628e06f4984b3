"""Deletes what was delivered long ago."""

from sqlite_utils import Database

from bot.storage.database import DatabaseThread
from bot.storage.message_limits import delete_expired

RETENTION_PERIOD = 30 * 86400.0
"""Seconds for which finished deliveries, their watches and their tasks stay in the database.

History entries stay until somebody asks for their deletion.
"""

_EXPIRED_DELIVERIES = """
    SELECT id FROM deliveries
    WHERE state IN ('sent', 'dropped') AND coalesce(sent_at, created_at) < ?
"""

_DELETE_EXPIRED_TASKS = """
    DELETE FROM tasks AS t WHERE state = 'ended' AND ended_at < ?
    AND NOT EXISTS (SELECT 1 FROM watches s
        WHERE s.relay = t.relay AND s.task_id = t.task_id)
    AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.relay = t.relay AND d.task_id = t.task_id)
    AND NOT EXISTS (SELECT 1 FROM live_card_tasks c WHERE c.relay = t.relay
        AND c.task_id = t.task_id)
"""


class Retention:
    """Deletes expired rows."""

    def __init__(self, database: DatabaseThread) -> None:
        self._database = database

    async def prune(self, now: float) -> None:
        """Delete deliveries that ended more than thirty days ago, their watches and their tasks.

        A dropped delivery counts from its creation, as in the inbox. What is deleted is gone from
        the files when this returns.
        """
        latest = now - RETENTION_PERIOD

        def prune(db: Database) -> None:
            expired = f"IN ({_EXPIRED_DELIVERIES})"
            db.execute(f"DELETE FROM watches WHERE delivery_id {expired}", [latest])  # noqa: S608 # names of ours
            db.execute(f"DELETE FROM deliveries WHERE id {expired}", [latest])  # noqa: S608 # names of ours
            db.execute(_DELETE_EXPIRED_TASKS, [latest])
            delete_expired(db, now)

        await self._database.run(prune, erases=True)
