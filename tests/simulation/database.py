"""The database without its threads: the same statements, run between two steps of the loop.

What is committed outlives a crash; what waits for its commit does not, and the coroutine that waits
for a commit may die after it. How long a commit takes, and who shares one, is chance.
"""

import asyncio
import json
import sqlite3
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from pydantic import TypeAdapter
from sqlite_utils import Database

from bot.storage.database import DatabaseThread, _Job, _run_together
from bot.storage.database_errors import DatabaseClosed
from bot.storage.engine import Connection
from bot.storage.models import ServerSettings
from bot.storage.sqlite.engine import SqliteEngine, SqliteWriter
from bot.storage.sqlite.migrations import migrations
from tests.simulation.environment import Environment

T = TypeVar("T")

_SETTINGS: TypeAdapter[ServerSettings] = TypeAdapter(ServerSettings)


_KEEP_TOLD = """
    CREATE TEMP TABLE deleted_deliveries (
        nonce TEXT, message_id INTEGER, task_id TEXT, state TEXT, deleted_at REAL
    );
    CREATE TEMP TRIGGER keep_told BEFORE DELETE ON deliveries BEGIN
        INSERT INTO deleted_deliveries
        SELECT OLD.nonce, OLD.message_id, task_id, OLD.state, true_time() FROM delivery_tasks
        WHERE delivery_id = OLD.id;
    END;
    CREATE TEMP TRIGGER keep_told_task BEFORE DELETE ON delivery_tasks BEGIN
        INSERT INTO deleted_deliveries
        SELECT nonce, message_id, OLD.task_id, state, true_time() FROM deliveries
        WHERE id = OLD.delivery_id;
    END;
"""
"""What messages were about, also when the bot has deleted all records of them.

``CreationLog`` gives the connection the function ``true_time``.
"""


class Disk:
    """The file of the database, which outlives the processes that open it."""

    def __init__(self) -> None:
        self.connection = sqlite3.connect(":memory:", check_same_thread=False)
        self.connection.deserialize(_empty())
        self.connection.execute("PRAGMA foreign_keys = ON")
        self.connection.executescript(_KEEP_TOLD)
        self.full = False
        """Whether nothing more can be written just now."""

    def set_server_settings(self, guild_id: int, settings: ServerSettings) -> None:
        """Let a server have settings from the beginning."""
        self.connection.execute(
            "INSERT INTO server_settings (guild_id, settings) VALUES (?, ?)",
            [guild_id, _SETTINGS.dump_json(settings, exclude_defaults=True).decode()],
        )
        self.connection.commit()

    def tasks_on_card(self, card_id: int) -> list[str]:
        """Return the tasks on a card, also those that have ended or that nobody watches now."""
        ids = "SELECT task_id FROM live_card_tasks WHERE card_id = ?"
        rows = self.connection.execute(ids, [card_id])
        return [row[0] for row in rows]

    def tasks_of_nonce(self, nonce: str | None, posted_at: float) -> list[str]:
        """Return the tasks about which a message with this nonce is.

        ``posted_at``: true Unix seconds. What was deleted earlier, while nothing was being sent,
        is not told by it.
        """
        return self._tasks_told("nonce = ?", nonce, posted_at)

    def tasks_of_message(self, message_id: int, posted_at: float) -> list[str]:
        """Return the tasks about which the database says that a message is."""
        return self._tasks_told("message_id = ?", message_id, posted_at)

    def _tasks_told(self, condition: str, value: object, posted_at: float) -> list[str]:
        """Return the tasks of the deliveries for which a condition holds, deleted ones too."""
        rows = self.connection.execute(
            f"SELECT task_id FROM task_deliveries WHERE {condition}"  # noqa: S608 # names of ours
            f" UNION SELECT task_id FROM deleted_deliveries WHERE {condition}"
            " AND (state IN ('sending', 'sent') OR deleted_at > ?)",
            [value, value, posted_at],
        )
        return [task_id for (task_id,) in rows]

    def is_recorded_as(
        self, task_id: str, channel_id: int | None, user_id: int, *states: str
    ) -> bool:
        """Whether a notice for somebody, in one channel or anywhere, is in one of the states."""
        (count,) = self.connection.execute(
            "SELECT count(*) FROM task_deliveries d JOIN watches s"
            " ON s.delivery_id = d.id AND s.task_id = d.task_id"
            " WHERE d.task_id = :task AND (:channel IS NULL OR d.channel_id = :channel)"
            " AND s.user_id = :user AND d.state IN (SELECT value FROM json_each(:states))",
            {
                "task": task_id,
                "channel": channel_id,
                "user": user_id,
                "states": json.dumps(states),
            },
        ).fetchone()
        return bool(count)


class SimulatedDatabase(DatabaseThread):
    """A ``DatabaseThread`` that needs no thread."""

    def __init__(
        self, disk: Disk, environment: Environment
    ) -> None:  # no super(): that would make the threads
        self.location = Path("simulated.db")
        self._engine = SqliteEngine(self.location)
        self.is_shared = False
        self.clock = self._engine.clock
        self._disk = disk
        self._dice = environment.rng(f"database/{environment.clock.now}")
        self._database = Database(disk.connection)
        self._writer = SqliteWriter(self._database)
        self._waiting: list[_Job[Any]] = []
        self._damage = None
        self._closed = False

    async def __aenter__(self) -> Self:
        """Open it."""
        self._loop = asyncio.get_running_loop()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Finish what was handed in."""
        self._closed = True
        self._commit()

    async def run(self, function: Callable[[Connection], T], *, erases: bool = False) -> T:
        """Run a function in a transaction; return when what it wrote is on disk."""
        if self._closed:
            raise DatabaseClosed(self.location)
        job = _Job(function, erases=erases)
        if not self._waiting:
            self._later(self._commit)
        self._waiting.append(job)
        with self._damage_reported():
            return await job.future

    async def view(self, function: Callable[[Connection], T]) -> T:
        """Run a function that only reads; what it saw may be old when it returns."""
        if self._closed:
            raise DatabaseClosed(self.location)
        await self._pause()
        result = function(self._database)
        await self._pause()
        return result

    def _commit(self) -> None:
        jobs, self._waiting = self._waiting, []
        if not jobs:
            return
        if self._disk.full:
            full = sqlite3.OperationalError("database or disk is full")
            full.sqlite_errorcode = sqlite3.SQLITE_FULL
            for job in jobs:
                job.error = full
        else:
            _run_together(self._writer, jobs)
        self._later(partial(_settle, jobs))

    def _later(self, call: Callable[[], object]) -> None:
        """Call soon: mostly at once, sometimes only after a slow disk."""
        if self._dice.random() < 0.5:
            self._loop.call_soon(call)
        else:
            self._loop.call_later(self._dice.expovariate(200), call)

    async def _pause(self) -> None:
        if self._dice.random() < 0.3:
            await asyncio.sleep(self._dice.expovariate(500))


def _settle(jobs: list[_Job[Any]]) -> None:
    for job in jobs:
        job.settle()


@cache
def _empty() -> bytes:
    """Return a database with today's schema and nothing in it."""
    connection = sqlite3.connect(":memory:")
    migrations.apply(Database(connection))
    connection.commit()
    return connection.serialize()
