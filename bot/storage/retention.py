"""Deletes expired rows, and everything of servers that the bot is no longer in.

Finished deliveries, their watches and their tasks expire thirty days after their end.

A server that removes the bot while the bot is connected announces it. Removals while it is offline
show only in the list of servers that Discord sends for each shard when a new session begins. Such a
list may be incomplete once, so the data of a missing server are kept for another day; only its
relay account is disconnected at once, because nobody there can do that any more.
"""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from bot.storage.account_rows import disconnect_account
from bot.storage.creation_cancellation import delete_expired_creations
from bot.storage.database import DatabaseThread
from bot.storage.database_errors import DATABASE_ERRORS
from bot.storage.engine import Connection
from bot.storage.erasure import erase_server_rows, stored_server_ids
from bot.storage.forums import delete_unused_forums
from bot.storage.limits import delete_expired_requests
from bot.storage.models import AccountOwner, ShardGuilds

RETENTION_PERIOD = 30 * 86400.0
"""Seconds for which finished deliveries, their watches and their tasks stay in the database.

History entries stay until their erasure is requested.
"""

_EXPIRED_DELIVERIES = """
    SELECT id FROM deliveries
    WHERE state IN ('sent', 'dropped') AND coalesce(sent_at, created_at) < ?
"""

_DELETE_EXPIRED_TASKS = """
    DELETE FROM tasks AS t WHERE state = 'ended' AND ended_at < ?
    AND NOT EXISTS (SELECT 1 FROM watches s
        WHERE s.account = t.account AND s.task_id = t.task_id)
    AND NOT EXISTS (SELECT 1 FROM task_deliveries d
        WHERE d.account = t.account AND d.task_id = t.task_id)
    AND NOT EXISTS (SELECT 1 FROM live_card_tasks c WHERE c.account = t.account
        AND c.task_id = t.task_id)
"""


class Retention:
    """Deletes expired deliveries, watches, tasks, requested messages and forgotten creations."""

    def __init__(self, database: DatabaseThread) -> None:
        self._database = database

    async def prune(self, now: float) -> None:
        """Delete deliveries that ended more than thirty days ago, their watches and their tasks.

        The age of a dropped delivery counts from its creation, as in the inbox. The deleted data
        are gone from the files when this returns.
        """
        latest = now - RETENTION_PERIOD

        def prune(db: Connection) -> None:
            expired = f"IN ({_EXPIRED_DELIVERIES})"
            db.execute(f"DELETE FROM watches WHERE delivery_id {expired}", [latest])  # noqa: S608 # names of ours
            db.execute(f"DELETE FROM deliveries WHERE id {expired}", [latest])  # noqa: S608 # names of ours
            db.execute(_DELETE_EXPIRED_TASKS, [latest])
            delete_expired_requests(db, now)
            delete_expired_creations(db, now)
            delete_unused_forums(db)

        await self._database.run(prune, erases=True)


log = logging.getLogger(__name__)

GRACE_PERIOD = 86400.0
"""Seconds for which the data of a missing server are kept."""


def missing_servers(stored: Iterable[int], listed: ShardGuilds) -> set[int]:
    """Return the servers in ``stored`` that belong to the shard of ``listed`` and are not in it."""
    return {
        guild_id
        for guild_id in stored
        if listed.covers(guild_id) and guild_id not in listed.guild_ids
    }


class DepartedServers:
    """Records since when servers are missing, and erases them after the grace period."""

    def __init__(self, database: DatabaseThread) -> None:
        self._database = database
        self._missing: set[int] = set()
        """By the lists that Discord sent to this process; the rows may be older."""
        self._left: set[int] = set()
        """The servers that have removed the bot, and whose data could not be deleted then."""
        self._uncompared: dict[int, ShardGuilds] = {}
        """By shard the list that the database was not compared with so far."""
        self.changed = asyncio.Event()
        """Set when an erasure may be overdue."""

    async def compare(self, listed: ShardGuilds, now: float) -> None:
        """Record which servers of a shard are missing; delete the records of the others.

        The relay account of a missing server is disconnected at once. ``erase_overdue`` repeats
        what cannot be written.
        """
        self._uncompared[listed.shard_id] = listed
        try:
            missing = await self._database.run(lambda db: _compare(db, listed, now), erases=True)
        except DATABASE_ERRORS:  # the disk may be full
            self.changed.set()
            raise
        self._missing = {
            guild_id for guild_id in self._missing if not listed.covers(guild_id)
        } | missing
        if self._uncompared.get(listed.shard_id) is listed:  # there is no newer one
            del self._uncompared[listed.shard_id]
        self.changed.set()

    def mark_left(self, guild_id: int) -> None:
        """Let a server be erased that has removed the bot, where that has failed at first."""
        self._left.add(guild_id)
        self.changed.set()

    async def cancel(self, guild_id: int) -> None:
        """Cancel the erasure of a server: the bot is in it."""
        self._left.discard(guild_id)
        for shard_id, listed in self._uncompared.items():
            if missing_servers([guild_id], listed):
                guild_ids = listed.guild_ids | {guild_id}
                self._uncompared[shard_id] = replace(listed, guild_ids=guild_ids)
        if guild_id in self._missing:
            self._missing.discard(guild_id)
            await self._database.run(lambda db: _delete_row(db, guild_id))

    async def erase_overdue(self, now: float) -> None:
        """Erase the servers that have left, and those still missing after the grace period.

        The latter only when Discord has listed the servers to this process. A list that could not
        be compared is compared first.
        """
        for guild_id in list(self._left):
            await self._database.run(
                partial(erase_server_rows, guild_id=guild_id, now=now), erases=True
            )
            self._left.discard(guild_id)
            log.info("Server left, data deleted: server=%s", guild_id)
        for listed in list(self._uncompared.values()):
            await self.compare(listed, now)
        if not self._missing:
            return
        latest = now - GRACE_PERIOD
        for guild_id in await self._database.view(lambda db: _overdue(db, latest)):
            if guild_id in self._missing and await self._erase(guild_id, latest, now):
                self._missing.discard(guild_id)
                log.info("Server missing for a day, erased: guild=%d", guild_id)

    async def _erase(self, guild_id: int, latest: float, now: float) -> bool:
        """Erase a server, unless it is listed again by now."""

        def erase(db: Connection) -> bool:
            overdue = guild_id in _overdue(db, latest)
            if overdue:
                erase_server_rows(db, guild_id, now)
            return overdue

        return await self._database.run(erase, erases=True)


def _compare(db: Connection, listed: ShardGuilds, now: float) -> set[int]:
    """Do what ``DepartedServers.compare`` says; return the missing servers of the shard."""
    missing = missing_servers(stored_server_ids(db), listed)
    recorded = {guild_id for (guild_id,) in db.execute("SELECT guild_id FROM departed_servers")}
    for guild_id in filter(listed.covers, recorded - missing):
        _delete_row(db, guild_id)
    for guild_id in missing - recorded:
        log.info("Server no longer listed, erased in a day: guild=%d", guild_id)
        db.execute("INSERT INTO departed_servers VALUES (?, ?)", [guild_id, now])
    for guild_id in missing:
        disconnect_account(db, AccountOwner(guild_id=guild_id), now)
    return missing


def _overdue(db: Connection, latest: float) -> list[int]:
    """Return the servers that went missing at ``latest`` or earlier."""
    rows = db.execute("SELECT guild_id FROM departed_servers WHERE missing_since <= ?", [latest])
    return [int(guild_id) for (guild_id,) in rows]


def _delete_row(db: Connection, guild_id: int) -> None:
    db.execute("DELETE FROM departed_servers WHERE guild_id = ?", [guild_id])
