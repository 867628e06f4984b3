"""Detects servers that the bot is no longer in, and erases them after a day.

A server that removes the bot while it listens says so. What happens while it is away shows only in
the servers that Discord lists when a new session begins, a list for each shard. A list may be
wrong for once, so that nothing is deleted at once.
"""

import asyncio
import logging
from collections.abc import Iterable

from sqlite_utils import Database

from bot.storage.database import DatabaseThread
from bot.storage.erasure import erase_server_rows, stored_server_ids
from bot.storage.models import ShardGuilds

log = logging.getLogger(__name__)

GRACE_PERIOD = 86400.0
"""Seconds for which the data of a server that is missing are kept."""


def missing_servers(kept: Iterable[int], listed: ShardGuilds) -> set[int]:
    """Return those of the servers in ``kept`` that ``listed`` should name, and does not."""
    return {one for one in kept if listed.covers(one) and one not in listed.guild_ids}


class DepartedServers:
    """Records since when servers are missing, and erases them after the grace period."""

    def __init__(self, database: DatabaseThread) -> None:
        self._database = database
        self._missing: set[int] = set()
        """From the lists that Discord sent to this process; the rows may be older."""
        self.changed = asyncio.Event()
        """Set when servers were compared: something may be overdue."""

    async def compare(self, listed: ShardGuilds, now: float) -> None:
        """Record which servers of a shard are missing; delete the rows of the others."""

        def compare(db: Database) -> set[int]:
            missing = missing_servers(stored_server_ids(db), listed)
            recorded = {one for (one,) in db.execute("SELECT guild_id FROM departed_servers")}
            for guild_id in filter(listed.covers, recorded - missing):
                _delete_row(db, guild_id)
            for guild_id in missing - recorded:
                log.info("Server no longer listed, erased in a day: guild=%d", guild_id)
                db.execute("INSERT INTO departed_servers VALUES (?, ?)", [guild_id, now])
            return missing

        missing = await self._database.run(compare)
        self._missing = {one for one in self._missing if not listed.covers(one)} | missing
        self.changed.set()

    async def cancel(self, guild_id: int) -> None:
        """Cancel the erasure of a server: the bot is in it."""
        if guild_id in self._missing:
            self._missing.discard(guild_id)
            await self._database.run(lambda db: _delete_row(db, guild_id))

    async def erase_overdue(self, now: float) -> None:
        """Delete everything of the servers whose grace period is over, and that are still missing.

        Nothing happens before Discord has listed the servers to this process.
        """
        if not self._missing:
            return
        latest = now - GRACE_PERIOD
        for guild_id in await self._database.view(lambda db: _overdue(db, latest)):
            if guild_id in self._missing and await self._erase(guild_id, latest):
                self._missing.discard(guild_id)
                log.info("Server missing for a day, erased: guild=%d", guild_id)

    async def _erase(self, guild_id: int, latest: float) -> bool:
        """Delete everything of a server, unless it came back at this very moment."""

        def purge(db: Database) -> bool:
            overdue = guild_id in _overdue(db, latest)
            if overdue:
                erase_server_rows(db, guild_id)
            return overdue

        return await self._database.run(purge, erases=True)


def _overdue(db: Database, latest: float) -> list[int]:
    """Return the servers that are missing since ``latest`` or longer."""
    rows = db.execute("SELECT guild_id FROM departed_servers WHERE missing_since <= ?", [latest])
    return [int(guild_id) for (guild_id,) in rows]


def _delete_row(db: Database, guild_id: int) -> None:
    db.execute("DELETE FROM departed_servers WHERE guild_id = ?", [guild_id])
