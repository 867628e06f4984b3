"""Spaces the sessions that several processes start at Discord's gateway with one token."""

import asyncio
import logging

from bot.storage.database import DatabaseThread
from bot.storage.engine import Connection
from bot.storage.errors import DatabaseUnreachable
from bot.storage.key_value import read_value, write_value

log = logging.getLogger(__name__)

_RETRY_INTERVAL = 1.0
"""Seconds between two attempts while the server cannot be reached."""
_FARTHEST = 3600.0
"""Seconds. Who finds the next start farther ahead takes the server's clock to have been set back:
seven hundred sessions at Discord's usual interval do not wait that long."""
_NEXT = "next session at the gateway"


class IdentifySchedule:
    """When the next session may be started, by the clock of the database server."""

    def __init__(self, database: DatabaseThread) -> None:
        self._database = database

    async def reserve(self, interval: float) -> float:
        """Reserve the next start, ``interval`` seconds after the one before; return the wait.

        That is seconds from now. A server that cannot be reached is waited for: discord.py ends the
        client when an error is raised while it starts a session. Raises ``DatabaseUnusable``.
        """

        def reserve(db: Connection) -> float:
            (now,) = db.execute(
                "SELECT extract(epoch FROM clock_timestamp())::double precision"
            ).fetchone()
            next_at = float(read_value(db, _NEXT) or 0.0)
            starts_at = next_at if now < next_at <= now + _FARTHEST else now
            write_value(db, _NEXT, str(starts_at + interval))
            return float(starts_at - now)

        while True:
            try:
                return await self._database.run(reserve)
            except DatabaseUnreachable as error:
                log.warning("Session at the gateway waits for the database: cause=%s", error)
                await asyncio.sleep(_RETRY_INTERVAL)
