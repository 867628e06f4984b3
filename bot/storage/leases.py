"""The processes on one database, and the lock in it that their leader holds.

The lock belongs to the session of the connection that writes: who loses this connection can neither
write as the leader any more, nor keep others from leading.
"""

import time

from bot.storage.database import DatabaseThread
from bot.storage.engine import Connection

SESSION_END = 3.0
"""Seconds in which the server ends the session of a process that has ended."""

LEADER_LOCK = 0x4C454144  # "LEAD"
"""The advisory lock of the leader's session."""

_HOLDS_LOCK = """
    SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()
        AND classid = 0 AND objid = ?1 AND objsubid = 1 AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
"""


_OTHER_PROCESSES = """
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
        AND split_part(application_name, ' ', 1) = 'suno-bot' AND pid != pg_backend_pid()
"""


def has_other_processes(db: Connection) -> bool:
    """Whether other processes have a database open that several may open.

    Waits up to ``SESSION_END`` seconds for one that has just been stopped.
    """
    until = time.monotonic() + SESSION_END
    while True:
        (others,) = db.execute(_OTHER_PROCESSES).fetchone()
        if not others or time.monotonic() > until:
            return bool(others)
        # A transaction sees the sessions as they were when it first asked, unless this is cleared.
        db.execute("SELECT pg_sleep(0.1), pg_stat_clear_snapshot()")


class LeaderLock:
    """The leader's lock, as this process sees it."""

    def __init__(self, database: DatabaseThread) -> None:
        self._database = database

    async def hold(self) -> int | None:
        """Take the lock if nobody has it; return the session that holds it for this process.

        ``None`` if another process has it. Raises ``DatabaseUnusable``.
        """

        def hold(db: Connection) -> bool:
            (holds,) = db.execute(_HOLDS_LOCK, [LEADER_LOCK]).fetchone()
            if not holds:
                (holds,) = db.execute("SELECT pg_try_advisory_lock(?)", [LEADER_LOCK]).fetchone()
            return bool(holds)

        holds, session = await self._database.run_in_session(hold)
        return session if holds else None
