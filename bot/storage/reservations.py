"""Times that several processes with one token reserve one after the other.

They are reserved in the database, by the clock of its server: requests to Discord, of which it
allows some in a second, and sessions at its gateway, between which it demands a pause.
"""

import asyncio
import logging
from typing import NamedTuple

from bot.storage.database import DatabaseThread
from bot.storage.database_errors import DatabaseUnreachable
from bot.storage.engine import Connection
from bot.storage.key_value import read_value, write_value

log = logging.getLogger(__name__)

MAX_AHEAD = 60.0
"""Seconds for which requests are reserved at most."""
MAX_SESSIONS_AHEAD = 3600.0
"""Seconds for which sessions are: enough for 720, with five seconds between them."""
_RETRY_INTERVAL = 1.0
"""Seconds between two attempts while the server cannot be reached."""


class Reservation(NamedTuple):
    """A time that is reserved, by the clock of the database server (Unix seconds)."""

    reserved_at: float
    starts_at: float


def _reserve(
    db: Connection, name: str, duration: float, *, lead: float = 0.0, max_ahead: float
) -> Reservation:
    """Reserve the next ``duration`` seconds, not before ``lead`` seconds from now.

    What is reserved more than ``max_ahead`` seconds from now was reserved before the server's clock
    was set back, and is passed over.
    """
    (now,) = db.execute("SELECT extract(epoch FROM clock_timestamp())::double precision").fetchone()
    next_at = float(read_value(db, name) or 0.0)
    starts_at = max(now + lead, next_at if next_at < now + max_ahead else 0.0)
    write_value(db, name, str(starts_at + duration))
    return Reservation(now, starts_at)


class RequestBudget:
    """When the next request to Discord may be sent."""

    def __init__(self, database: DatabaseThread) -> None:
        self._database = database

    async def reserve(self, duration: float, lead: float) -> Reservation:
        """Reserve the next ``duration`` seconds, not before ``lead`` seconds from now.

        Raises what a statement raises.
        """
        name = "next request to Discord"
        return await self._database.run(
            lambda db: _reserve(db, name, duration, lead=lead, max_ahead=MAX_AHEAD)
        )


class IdentifySchedule:
    """When the next session at the gateway may be started."""

    def __init__(self, database: DatabaseThread) -> None:
        self._database = database

    async def reserve(self, interval: float) -> float:
        """Reserve the next start, ``interval`` seconds after the one before; return the wait.

        That is seconds from now. A server that cannot be reached is waited for: discord.py ends the
        client when an error is raised while it starts a session. Raises ``DatabaseUnusable``.
        """
        name = "next session at the gateway"
        while True:
            try:
                reserved_at, starts_at = await self._database.run(
                    lambda db: _reserve(db, name, interval, max_ahead=MAX_SESSIONS_AHEAD)
                )
            except DatabaseUnreachable as error:
                log.warning("Session at the gateway waits for the database: cause=%s", error)
                await asyncio.sleep(_RETRY_INTERVAL)
            else:
                return starts_at - reserved_at
