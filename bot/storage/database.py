"""The thread that owns the connection to the database, and another one that only reads.

sqlite-utils is safe neither across threads nor across coroutines (a write of another coroutine
joins an open transaction), so one thread owns the connection and is handed short functions.
Functions that wait together are committed together: on a disk, the commit is what takes time. Who
only wants to know something does not wait for it: a connection of its own sees what is committed.

The database is a SQLite file, or PostgreSQL: ``engine`` says what both offer.
"""

import asyncio
import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from math import inf
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from bot.storage.database_errors import (
    DatabaseClosed,
    DatabaseDamaged,
    DatabaseDriverMissing,
    DatabaseUncertain,
    DatabaseUnreachable,
    DatabaseUnusable,
)
from bot.storage.engine import Connection, Engine, Reader, Writer
from bot.storage.hints import CHANNEL, Hints
from bot.storage.sqlite.engine import SqliteEngine
from bot.storage.terms import LeadershipLost, current_term

log = logging.getLogger(__name__)

T = TypeVar("T")

MAX_BATCH = 256
"""The most functions in one commit: bounds how long the first of them waits."""


class _Job(Generic[T]):
    """A function to run on the thread, and the future that waits for it on the loop."""

    def __init__(self, function: Callable[[Connection], T], *, erases: bool) -> None:
        self.erases = erases
        self.future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._function = function
        self._term = current_term.get()
        self._result: T
        self.error: Exception | None = None
        self.session: int
        """Of the connection on which it ran."""

    def run(self, writer: Writer, connection: Connection) -> None:
        """Run inside the open transaction; a function that fails takes back its own writes only.

        What was to be done for a term is not done in another session: that may not lead.
        """
        self.session = writer.session
        if self._term is not None and self._term.session != writer.session:
            self.error = LeadershipLost("the connection to the database was lost")
            return
        try:
            with writer.savepoint(connection):
                self._result = self._function(connection)
        except Exception as error:  # noqa: BLE001 # handed to the coroutine that waits for it
            self.error = error

    def settle(self) -> None:
        """On the loop: resolve the future, if a coroutine still awaits it."""
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self._result)


def engine_at(location: Path | str, shards: str = "") -> Engine:
    """Return the engine of a database: of a file, or of a PostgreSQL URL.

    ``shards``: those that this process serves, as in the settings.

    Raises ``DatabaseDriverMissing``.
    """
    if isinstance(location, Path):
        return SqliteEngine(location)
    try:
        from bot.storage.postgres.engine import PostgresEngine  # its driver is an extra
    except ImportError as error:
        raise DatabaseDriverMissing from error

    return PostgresEngine(location, shards=shards)


class DatabaseThread:
    """A database, the one thread that writes to it and the one that reads."""

    def __init__(
        self, location: Path | str, *, max_batch: int = MAX_BATCH, engine: Engine | None = None
    ) -> None:
        """``location``: a file, or the URL of a PostgreSQL database.

        ``max_batch``: how many functions may share a commit. ``engine``: opens it, if not with the
        defaults of its kind.
        """
        self._engine = engine or engine_at(location)
        self.is_shared = self._engine.is_shared
        """Whether several processes may have it open."""
        self.location = self._engine.location
        """As it is told to people: without a password."""
        self.clock = self._engine.clock
        """By which its times are stored and compared (Unix seconds)."""
        self._max_batch = max_batch
        self._loop: asyncio.AbstractEventLoop
        self._jobs: queue.SimpleQueue[_Job[Any] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="database", daemon=True)
        self._reader_thread = ThreadPoolExecutor(1, "database reader")
        self._reader: Reader | None = None
        self._opened = threading.Event()
        self._failure: DatabaseUnusable | None = None
        self._damage: Exception | None = None
        self._closed = False
        self._hints = Hints(self._notify)
        self._listening = threading.Event()

    async def __aenter__(self) -> Self:
        """Open the database, bring its schema up to date, start the thread.

        Raises a ``DatabaseUnusable`` that says why it cannot be opened.
        """
        self._loop = asyncio.get_running_loop()
        self._thread.start()
        await asyncio.to_thread(self._opened.wait)
        if self._failure is not None:
            raise self._failure
        if self.is_shared:
            self._listening.set()
            threading.Thread(target=self._listen, name="database hints", daemon=True).start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Finish what was handed in, then close the database: last by the thread that writes.

        Who closes a file last empties the write-ahead log, which may take a while.
        """
        self._closed = True
        self._listening.clear()
        await asyncio.to_thread(self._reader_thread.shutdown)
        if self._reader is not None:
            self._reader.close()
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def hint(self, name: str) -> asyncio.Event:
        """Return an event that is also set when another process sets the one of this name.

        It says that something may have changed. On a file there is no other process.
        """
        return self._hints.hint(name) if self.is_shared else asyncio.Event()

    async def run(self, function: Callable[[Connection], T], *, erases: bool = False) -> T:
        """Run ``function`` in a transaction on the thread; return when what it wrote is on disk.

        ``erases``: what it deletes shall be gone from the files, the write-ahead log included, when
        this returns; while another program reads the database, soon after that has ended. What the
        function raises is raised here, after its writes were taken back; damage that it meets is
        raised as ``DatabaseDamaged``. A coroutine that is cancelled while it waits does not take
        the function back.
        """
        return await self._run(_Job(function, erases=erases))

    async def run_in_session(self, function: Callable[[Connection], T]) -> tuple[T, int]:
        """Run a function as ``run`` does; return its result, and in which session it ran.

        Sessions are numbered: another number is another connection.
        """
        job = _Job(function, erases=False)
        return await self._run(job), job.session

    async def view(self, function: Callable[[Connection], T]) -> T:
        """Run a function that only reads, on a thread of its own: no commit holds it up.

        It sees everything that is committed. Damage that it meets is raised
        as ``DatabaseDamaged``.
        """
        if self._closed:
            raise DatabaseClosed(self.location)
        with self._damage_reported():
            return await self._loop.run_in_executor(self._reader_thread, self._view, function)

    async def read(self, sql: str, values: Sequence[Any]) -> list[dict[str, Any]]:
        """Return the rows of one ``SELECT``."""
        return await self.view(lambda db: list(db.query(sql, values)))

    async def write(self, sql: str, values: Sequence[Any]) -> int:
        """Run one statement; return how many rows it changed."""

        def write(db: Connection) -> int:
            changed: int = db.execute(sql, values).rowcount
            return changed

        return await self.run(write)

    async def check(self) -> None:
        """Raise what is wrong with the database; ``DatabaseDamaged`` for good, once damage was met.

        It is asked for a row, on the thread that writes.
        """
        if self._damage is not None:
            raise DatabaseDamaged(self.location, self._damage)
        await self.run(lambda db: db.execute("SELECT * FROM tasks LIMIT 1").fetchone())

    async def _run(self, job: _Job[T]) -> T:
        if self._closed:
            raise DatabaseClosed(self.location)
        self._jobs.put(job)
        with self._damage_reported():
            return await job.future

    @contextmanager
    def _damage_reported(self) -> Iterator[None]:
        """Raise damage as ``DatabaseDamaged``; log what to do about it the first time."""
        try:
            yield
        except Exception as error:
            if not self._engine.is_damage(error):
                raise
            damaged = DatabaseDamaged(self.location, error)
            if self._damage is None:
                self._damage = error
                log.critical("The database is damaged. %s. %s", damaged, damaged.advice)
            raise damaged from error

    async def _notify(self, text: str) -> None:
        await self.run(lambda db: db.execute("SELECT pg_notify(?, ?)", [CHANNEL, text]).fetchone())

    def _listen(self) -> None:
        """On a thread of its own: receive the hints of other processes."""

        def receive(text: str | None) -> None:
            with suppress(RuntimeError):  # the loop has stopped
                self._loop.call_soon_threadsafe(self._hints.receive, text)

        self._engine.listen(CHANNEL, receive, self._listening.is_set)

    def _view(self, function: Callable[[Connection], T]) -> T:
        """On the thread that reads, whose connection is opened when it is first needed."""
        if self._reader is None:
            self._reader = self._engine.open_reader()
        result: T = self._reader.view(function)
        return result

    def _serve(self) -> None:
        with ExitStack() as stack:
            try:
                writer = stack.enter_context(self._engine.open_writer())
                tidy_at = writer.tidy()  # a process that was killed may have left something
            except DatabaseUnusable as error:
                self._failure = error
                return
            finally:
                self._opened.set()
            while (jobs := self._wait_for_jobs(tidy_at)) is not None:
                if jobs:
                    _run_together(writer, jobs)
                if time.monotonic() >= tidy_at or any(job.erases for job in jobs):
                    tidy_at = writer.tidy()
                self._settle(jobs)

    def _wait_for_jobs(self, until: float) -> list[_Job[Any]] | None:
        """Return what waits now, ``None`` once the end of the queue is reached.

        There is at least one, unless none came ``until`` then (monotonic seconds).
        """
        jobs: list[_Job[Any]] = []
        try:
            job = self._jobs.get(timeout=_seconds_until(until))
        except queue.Empty:
            return jobs
        if job is None:
            return None
        while job is not None:
            jobs.append(job)
            if len(jobs) == self._max_batch:
                return jobs
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return jobs
        if jobs:
            self._jobs.put(None)
        return jobs

    def _settle(self, jobs: list[_Job[Any]]) -> None:
        """Resolve all futures, waking the loop once; does nothing after the loop has stopped."""

        def settle() -> None:
            for job in jobs:
                self._loop.call_soon(job.settle)

        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(settle)


def _seconds_until(at: float) -> float | None:
    return None if at == inf else max(at - time.monotonic(), 0.0)


def _run_together(writer: Writer, jobs: list[_Job[Any]]) -> None:
    """Run all in one transaction; whatever keeps it from being committed is the error of each."""
    try:
        with writer.transaction() as connection:
            for job in jobs:
                job.run(writer, connection)
                if not writer.is_in_transaction():
                    if isinstance(job.error, DatabaseUnusable):
                        raise job.error
                    raise sqlite3.OperationalError("the transaction was ended") from job.error
    except (sqlite3.Error, DatabaseUnusable) as error:
        # The commit failed (a full disk, say): nothing of these jobs was kept, as far as is known.
        if isinstance(error, DatabaseUncertain):
            log.error("%s; changes that may not be kept: %d", error, len(jobs))
        elif isinstance(error, DatabaseUnreachable):  # again and again, and its text says all
            log.error("%s; changes that were not kept: %d", error, len(jobs))
        else:
            log.exception("Cannot write to the database; %d changes were not kept", len(jobs))
        for job in jobs:
            job.error = job.error or error
