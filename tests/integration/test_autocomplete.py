"""Suggestions of task ids while a user types a command."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.relay.models import Clip, Lyrics
from bot.storage.database import DatabaseThread
from bot.storage.history import History
from bot.storage.limits import WatchLimits
from bot.storage.outbox import Outbox
from bot.storage.tasks import TaskStore
from bot.ui.autocomplete import matching_choices, suggest_task_ids
from bot.ui.limits import MAX_CHOICE
from sandbox.relay import song
from tests.support.builders import a_clip, a_lyrics_task, a_song
from tests.support.histories import THERE, ended, named, watch
from tests.support.hostile import LONG_TEXTS
from tests.support.sandbox_session import SandboxSession, open_sandbox, running_bot


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[SandboxSession]:
    """Yield a sandbox with a running bot."""
    async with open_sandbox(tmp_path) as sandbox, running_bot(sandbox):
        yield sandbox


async def suggestions(
    sandbox: SandboxSession, typed: str, command: str = "suno status"
) -> list[tuple[str, str]]:
    """Return the suggestions for Ada while she types an id."""
    return await sandbox.discord.autocomplete(sandbox.ada, sandbox.songs, command, "id", typed)


@pytest.mark.parametrize("command", ["suno status", "suno watch", "suno unwatch", "suno lyrics"])
async def test_every_id_option_suggests_recent_tasks(sandbox: SandboxSession, command: str) -> None:
    """A suggestion shows title and short id, and its value is the whole id."""
    sandbox.relay.add(song("a-song-with-a-long-id", title="Paper Boats", takes=1))
    sandbox.relay.clock.advance(10)
    await sandbox.command_answer("suno watch", id="a-song-with-a-long-id")
    for typed in ("", "boat", "with-a"):
        assert await suggestions(sandbox, typed, command) == [
            ("Paper Boats · a-song-with…", "a-song-with-a-long-id")
        ]
    assert await suggestions(sandbox, "tram", command) == []


async def test_tasks_of_other_users_are_not_suggested(sandbox: SandboxSession) -> None:
    """Each user gets suggestions of their own tasks."""
    sandbox.relay.add(song("hers"))
    await sandbox.command_answer("suno watch", sandbox.bea, id="hers")
    assert await suggestions(sandbox, "") == []


async def test_a_chosen_suggestion_is_parsed(sandbox: SandboxSession) -> None:
    """A typed id and a completed one are two ids."""
    sandbox.relay.add(song("task-1", title="First"), song("task-2", title="Second"))
    await sandbox.command_answer("suno watch", id="task-2")
    ((_, value),) = await suggestions(sandbox, "task-1, task")
    assert value == "task-1, task-2"
    interaction = await sandbox.use_command("suno status", id=value)
    await sandbox.discord.wait_for(lambda: len(interaction.messages) == 2, 10)


def test_a_suggestion_completes_the_last_word() -> None:
    """The words before stay unchanged, and their tasks are not suggested again."""
    recent = [("two", "Second"), ("one", "First")]
    assert [c.value for c in matching_choices(recent, "one, t")] == ["one, two"]
    assert [c.value for c in matching_choices(recent, "t")] == ["two", "one"]
    assert [c.value for c in matching_choices(recent, "x，")] == ["x，two", "x，one"]
    assert matching_choices(recent, "one two ") == []


def test_a_task_without_a_title_is_suggested_by_its_id() -> None:
    """The id is shown whole if it fits."""
    ((choice),) = matching_choices([("a-song-with-a-long-id", "")], "")
    assert choice.name == "a-song-with-a-long-id"


def test_a_suggestion_that_is_too_long_is_omitted() -> None:
    """A truncated id would be invalid."""
    assert matching_choices([("x" * 101, "Title")], "") == []
    assert matching_choices([("x" * 60, "Title")], "y" * 50 + " ") == []
    assert len(matching_choices([("x" * 100, "Title")], "")) == 1


@settings(deadline=None)
@given(recent=st.lists(st.tuples(LONG_TEXTS, LONG_TEXTS), max_size=25), typed=LONG_TEXTS)
def test_suggestions_are_within_discords_limits(recent: list[tuple[str, str]], typed: str) -> None:
    """discord.py does not check them."""
    for choice in matching_choices([(task_id or "x", title) for task_id, title in recent], typed):
        assert 1 <= len(choice.name) <= MAX_CHOICE
        assert 1 <= len(choice.value) <= MAX_CHOICE


async def test_a_broken_database_gives_no_suggestions(tmp_path: Path) -> None:
    """The user can still type an id."""
    async with DatabaseThread(tmp_path / "suno.db") as database:
        history = History(database, "deerapi")
        await database.write("DROP TABLE watches", [])
        with pytest.raises(sqlite3.Error):
            await history.suggestions(1, "")
        assert await suggest_task_ids(partial(history.suggestions, 1), "") == []
    assert await suggest_task_ids(partial(history.suggestions, 1), "") == []


async def test_a_slow_database_gives_no_suggestions(tmp_path: Path) -> None:
    """The response is sent before Discord's timeout."""
    async with DatabaseThread(tmp_path / "suno.db") as database:
        history = History(database, "deerapi")
        blocked = asyncio.Event()
        loop = asyncio.get_running_loop()
        waiting = asyncio.create_task(
            database.run(lambda _: asyncio.run_coroutine_threadsafe(blocked.wait(), loop).result())
        )
        assert (
            await suggest_task_ids(partial(history.suggestions, 1), "", timeout_seconds=0.01) == []
        )
        blocked.set()
        await waiting


@pytest.fixture
def history(database: DatabaseThread) -> History:
    """Return the history of the database."""
    return History(database, "deerapi")


@pytest.fixture
def store(database: DatabaseThread) -> TaskStore:
    """Return the task store of the database."""
    return TaskStore(database, Outbox(database), "deerapi", WatchLimits(watches_per_user=10_000))


async def test_recent_tasks_are_the_users_newest_first(store: TaskStore, history: History) -> None:
    """Running and ended tasks occur once each, with the title if it is known."""
    await ended(store, named("done", title="Paper Boats"))
    await watch(store, "running")
    await watch(store, "done", destination=THERE)
    await watch(store, "of another", user_id=2)
    await ended(store, a_lyrics_task("words", lyrics=Lyrics("la", title="Tram Lines")))
    assert await history.suggestions(1, "") == [
        ("words", "Tram Lines"),
        ("done", ""),
        ("running", ""),
    ]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("BOAT", ["abc-1"]), ("abc", ["abc-1"]), ("船", ["def-2"]), ("-", ["def-2", "abc-1"])],
)
async def test_recent_tasks_are_found_by_title_and_id(
    store: TaskStore, history: History, typed: str, expected: list[str]
) -> None:
    """A part of either matches, in upper and lower case."""
    await ended(store, named("abc-1", title="Paper Boats"))
    await ended(store, named("def-2", title="纸船"))
    assert [task_id for task_id, _ in await history.suggestions(1, typed)] == expected


async def test_recent_tasks_are_limited(store: TaskStore, history: History) -> None:
    """The limit is the number of choices that Discord shows."""
    for number in range(30):
        await watch(store, f"{number}")
    assert [task_id for task_id, _ in await history.suggestions(1, "")] == [
        f"{number}" for number in range(29, 4, -1)
    ]


async def test_the_title_is_the_first_one_of_the_clips(store: TaskStore, history: History) -> None:
    """Clips without a title are skipped."""
    await ended(store, a_song(clips=(Clip("a"), a_clip(title="Paper Boats"))))
    assert await history.suggestions(1, "") == [("song", "Paper Boats")]
