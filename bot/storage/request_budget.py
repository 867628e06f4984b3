"""Divides the requests that one token may send among the processes that send them."""

from typing import NamedTuple

from bot.storage.database import DatabaseThread
from bot.storage.engine import Connection
from bot.storage.key_value import read_value, write_value

MAX_AHEAD = 60.0
"""Seconds: what is reserved further ahead was reserved before the server's clock was set back."""
_NEXT = "next request to Discord"


class Reservation(NamedTuple):
    """Times for some requests, by the clock of the database server (Unix seconds)."""

    reserved_at: float
    starts_at: float
    """When the first may be sent."""


class RequestBudget:
    """When the next request may be sent, by the clock of the database server."""

    def __init__(self, database: DatabaseThread) -> None:
        self._database = database

    async def reserve(self, duration: float, lead: float) -> Reservation:
        """Reserve the next ``duration`` seconds, not before ``lead`` seconds from now.

        Raises what a statement raises.
        """

        def reserve(db: Connection) -> Reservation:
            (now,) = db.execute(
                "SELECT extract(epoch FROM clock_timestamp())::double precision"
            ).fetchone()
            next_at = float(read_value(db, _NEXT) or 0.0)
            starts_at = max(now + lead, next_at if next_at < now + MAX_AHEAD else 0.0)
            write_value(db, _NEXT, str(starts_at + duration))
            return Reservation(now, starts_at)

        return await self._database.run(reserve)
