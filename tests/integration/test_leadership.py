"""Which of several processes leads, and what it may still do when it does not any more."""

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import Context, copy_context
from pathlib import Path

import pytest

from bot.leadership import CHECK_INTERVAL, Leadership
from bot.storage.database import DatabaseThread
from bot.storage.leases import LeaderLock
from bot.storage.terms import LeadershipLost, Term, current_term, elapsed, require_term
from tests.support.cluster import cut_leader
from tests.support.databases import PostgresDatabases


class Candidate:
    """A process that would lead, and the terms that it has had."""

    def __init__(self, database: DatabaseThread) -> None:
        self.database = database
        self.leadership = Leadership(LeaderLock(database))
        self.terms: list[Context] = []
        self.losses = 0
        self.running = asyncio.create_task(self.leadership.run(self.gain, self.lose))

    def gain(self, context: Context) -> None:
        """Begin a term."""
        self.terms.append(context)

    async def lose(self) -> None:
        """End a term."""
        self.losses += 1

    async def write_for(self, context: Context) -> None:
        """Write something as the leader of a term."""
        work = self.database.write("DELETE FROM watches WHERE task_id = ?", ["none"])
        await asyncio.create_task(work, context=context)


@asynccontextmanager
async def candidate(url: str) -> AsyncIterator[Candidate]:
    """Let a process try to lead."""
    async with DatabaseThread(url) as database:
        one = Candidate(database)
        yield one
        one.running.cancel()
        await asyncio.gather(one.running, return_exceptions=True)


async def until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(120):
        while not condition():  # noqa: ASYNC110 # other threads change it
            await asyncio.sleep(0.02)


@pytest.fixture
def database(postgres_databases: PostgresDatabases, tmp_path: Path) -> str:
    """Return the name of an empty database."""
    url = postgres_databases.url(tmp_path / "suno.db")
    return url.partition("@/")[2].partition("?")[0]


def test_the_only_process_on_a_file_leads_all_the_time() -> None:
    """It needs no lock beside that of the file."""
    assert Leadership(None).is_held
    require_term()


async def test_one_of_two_processes_leads_until_it_ends(
    postgres_databases: PostgresDatabases, database: str
) -> None:
    """The other one leads soon after."""
    url = postgres_databases.server.url(database)
    async with candidate(url) as second:
        async with candidate(url) as first:
            await until(lambda: first.leadership.is_held or second.leadership.is_held)
            leader, other = (first, second) if first.leadership.is_held else (second, first)
            await asyncio.sleep(3)
            assert leader.leadership.is_held
            assert not other.leadership.is_held
            assert (len(leader.terms), len(other.terms)) == (1, 0)
        await until(lambda: second.leadership.is_held)


async def test_what_a_leader_writes_after_it_has_lost_its_connection_is_refused(
    postgres_databases: PostgresDatabases, database: str
) -> None:
    """A new connection does not hold the lock, so that another process may lead."""
    async with candidate(postgres_databases.server.url(database)) as leader:
        await until(lambda: leader.leadership.is_held)
        (term,) = leader.terms
        await leader.write_for(term)
        cut_leader(postgres_databases, database)
        with pytest.raises(LeadershipLost):
            await leader.write_for(term)
        await leader.write_for(copy_context())  # what every process does goes on
        await until(lambda: len(leader.terms) == 2)
        assert leader.losses == 2  # at first it does not lead
        with pytest.raises(LeadershipLost):
            term.run(require_term)
        await leader.write_for(leader.terms[1])


async def test_an_outage_of_the_server_does_not_fill_the_log(
    postgres_databases: PostgresDatabases, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Each line says all, without a traceback; that nobody can lead is said once."""
    server = postgres_databases.server
    async with candidate(server.url(database)) as one:
        await until(lambda: one.leadership.is_held)
        server.stop()
        try:
            await until(lambda: caplog.text.count("changes that were not kept") > 2)
        finally:
            server.start()
        await until(lambda: one.leadership.is_held)
    assert "Traceback" not in caplog.text
    causes = [each for each in caplog.messages if "Leadership not confirmed" in each]
    assert len(causes) == len(set(causes))


async def test_a_process_that_stops_reports_no_check_that_fails_later(
    postgres_databases: PostgresDatabases, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A check may still wait for the database then."""
    server = postgres_databases.server
    waiting = threading.Event()
    async with candidate(server.url(database)) as one:
        await until(lambda: one.leadership.is_held)
        busy = asyncio.create_task(one.database.run(lambda _: waiting.wait(120)))
        await asyncio.sleep(CHECK_INTERVAL * 1.5)
        one.running.cancel()
        await asyncio.gather(one.running, return_exceptions=True)
        server.stop()
        try:
            waiting.set()
            await asyncio.gather(busy, one.write_for(copy_context()), return_exceptions=True)
        finally:
            server.start()
    gc.collect()
    assert "never retrieved" not in caplog.text


def test_nothing_is_sent_for_a_term_that_is_not_renewed() -> None:
    """A process that was paused asks for the time, not for what it has noticed."""
    context = copy_context()
    context.run(current_term.set, Term(session=0, until=elapsed() + 60))
    context.run(require_term)
    context.run(current_term.set, Term(session=0, until=elapsed() - 0.001))
    with pytest.raises(LeadershipLost):
        context.run(require_term)
