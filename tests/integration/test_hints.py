"""What one process on a PostgreSQL database tells the others, so that they look sooner."""

import asyncio
from contextvars import copy_context
from pathlib import Path

from bot.storage.database import DatabaseThread
from bot.storage.terms import Term, current_term, elapsed
from bot.storage.user_settings import UserSettingsStore
from tests.support.databases import PostgresDatabases


async def received(event: asyncio.Event) -> None:
    """Wait until an event is set."""
    async with asyncio.timeout(120):
        await event.wait()


async def test_a_hint_wakes_those_who_wait_for_it_in_other_processes(
    postgres_databases: PostgresDatabases, tmp_path: Path
) -> None:
    """What is not known there under its whole name is known under its first word."""
    url = postgres_databases.url(tmp_path / "suno.db")
    async with DatabaseThread(url) as one, DatabaseThread(url) as other:
        ours, theirs = one.hint("tasks 7"), other.hint("tasks")
        another = other.hint("outbox")
        await received(theirs)  # whoever begins to listen may have missed some
        for hint in (theirs, another):
            hint.clear()
        ours.set()
        assert ours.is_set()
        await received(theirs)
        assert not another.is_set()


async def test_the_leader_tells_nobody_of_its_own_work(
    postgres_databases: PostgresDatabases, tmp_path: Path
) -> None:
    """The others do not act on it."""
    url = postgres_databases.url(tmp_path / "suno.db")
    context = copy_context()
    context.run(current_term.set, Term(session=0, until=elapsed() + 60))
    async with DatabaseThread(url) as one, DatabaseThread(url) as other:
        silent, told = one.hint("outbox"), one.hint("tasks")
        theirs, their_tasks = other.hint("outbox"), other.hint("tasks")
        await received(theirs)
        await received(their_tasks)
        theirs.clear()
        their_tasks.clear()
        context.run(silent.set)
        told.set()
        await received(their_tasks)
        assert not theirs.is_set()


async def test_a_language_that_is_chosen_at_one_process_is_known_at_the_other(
    postgres_databases: PostgresDatabases, tmp_path: Path
) -> None:
    """Each process keeps all of them in memory."""
    url = postgres_databases.url(tmp_path / "suno.db")
    async with DatabaseThread(url) as one, DatabaseThread(url) as other:
        ours, theirs = UserSettingsStore(one), UserSettingsStore(other)
        await received(theirs.changed)
        theirs.changed.clear()
        await ours.set_language(7, "zh-CN")
        await received(theirs.changed)
        await theirs.refresh()
        assert theirs.languages == {7: "zh-CN"}
