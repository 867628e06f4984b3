"""Suggestions of task ids while a user types a command."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from discord import app_commands
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.i18n.catalog import catalog_for
from bot.relay.models import Clip, Lyrics, Outcome
from bot.storage.database import DatabaseThread
from bot.storage.database_errors import DATABASE_ERRORS
from bot.storage.history import History
from bot.storage.limits import WatchLimits
from bot.storage.models import EndReason, RecentTask
from bot.storage.outbox import Outbox
from bot.storage.tasks import TaskStore
from bot.ui.autocomplete import matching_choices, suggest_task_ids
from bot.ui.limits import MAX_CHOICE
from sandbox.relay import song
from tests.support.builders import a_clip, a_lyrics_task, a_song
from tests.support.databases import location
from tests.support.histories import THERE, ended, named, watch
from tests.support.hostile import LONG_TEXTS
from tests.support.sandbox_session import SandboxSession, open_sandbox, running_bot

pytestmark = pytest.mark.both_engines


ENGLISH = catalog_for("en-US")
NOW = 1_700_000_000.0


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
    """A suggestion shows the title and how the task is doing, and its value is the id."""
    sandbox.relay.add(song("a-song-with-a-long-id", title="Paper Boats", takes=100))
    sandbox.relay.clock.advance(90)
    await sandbox.command_answer("suno watch", id="a-song-with-a-long-id")
    for typed in ("", "boat", "with-a"):
        ((name, value),) = await suggestions(sandbox, typed, command)
        assert name.split(" · ")[:2] == ["Paper Boats", ENGLISH.text("suggestion-running")]
        assert value == "a-song-with-a-long-id"
    assert await suggestions(sandbox, "tram", command) == []


async def test_only_watched_tasks_are_suggested_for_unwatching(sandbox: SandboxSession) -> None:
    """Neither those that have ended, nor those that the user has stopped watching."""
    sandbox.relay.add(song("ended-1", takes=1), song("running-2"), song("stopped-3"))
    sandbox.relay.clock.advance(10)
    for task_id in ("ended-1", "running-2", "stopped-3"):
        await sandbox.command_answer("suno watch", id=task_id)
    await sandbox.command_answer("suno unwatch", id="stopped-3")
    await sandbox.wait_for_notice("ended-1")
    watched = [value for _, value in await suggestions(sandbox, "", "suno unwatch")]
    assert watched == ["running-2"]
    recent = [value for _, value in await suggestions(sandbox, "")]
    assert recent == ["running-2", "ended-1"]


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
    answer = await sandbox.command_answer("suno status", id=value)
    assert len(answer.embeds) == 2


def a_recent_task(task_id: str = "song-1", title: str = "", **changes: Any) -> RecentTask:
    """Return a task that a user began to watch three minutes ago."""
    return replace(RecentTask(task_id, title, None, None, since=NOW - 180), **changes)


def choices(recent: list[RecentTask], typed: str = "") -> list[app_commands.Choice[str]]:
    """Return the English suggestions."""
    return matching_choices(recent, typed, ENGLISH, now=NOW)


def test_a_suggestion_completes_the_last_word() -> None:
    """The words before stay unchanged, and their tasks are not suggested again."""
    recent = [a_recent_task("two", "Second"), a_recent_task("one", "First")]
    assert [c.value for c in choices(recent, "one, t")] == ["one, two"]
    assert [c.value for c in choices(recent, "t")] == ["two", "one"]
    assert [c.value for c in choices(recent, "x，")] == ["x，two", "x，one"]
    assert choices(recent, "one two ") == []


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({}, "Harbour · being made · 3 min"),
        ({"since": NOW}, "Harbour · being made · 1 min"),
        (
            {"end_reason": EndReason.FINISHED, "outcome": Outcome.SUCCESS},
            "Harbour · done · 3 min ago",
        ),
        (
            {"end_reason": EndReason.FINISHED, "outcome": Outcome.FAILURE, "since": NOW - 7300},
            "Harbour · failed · 2 h ago",
        ),
        (
            {"end_reason": EndReason.GAVE_UP, "outcome": None, "since": NOW - 200_000},
            "Harbour · given up · 2 d ago",
        ),
    ],
)
def test_a_suggestion_tells_how_a_task_is_doing(changes: dict[str, Any], name: str) -> None:
    """First its title, then its state, then since when."""
    ((choice),) = choices([a_recent_task(title="Harbour", **changes)])
    assert choice.name == name


def test_a_task_without_a_title_is_suggested_by_its_id() -> None:
    """The id is shown whole if it fits."""
    ((choice),) = choices([a_recent_task("a-song-with-a-long-id")])
    assert choice.name.startswith("a-song-with-a-long-id · ")


def test_a_suggestion_that_is_too_long_is_omitted() -> None:
    """A truncated id would be invalid."""
    assert choices([a_recent_task("x" * 101, "Title")]) == []
    assert choices([a_recent_task("x" * 60, "Title")], "y" * 50 + " ") == []
    assert len(choices([a_recent_task("x" * 100, "Title")])) == 1


RECENT_TASKS = st.builds(
    RecentTask,
    id=LONG_TEXTS.map(lambda text: text or "x"),
    title=LONG_TEXTS,
    end_reason=st.none() | st.sampled_from(EndReason),
    outcome=st.none() | st.sampled_from(Outcome),
    since=st.floats(-1e12, 1e12),
)


@settings(deadline=None)
@given(
    recent=st.lists(RECENT_TASKS, max_size=25),
    typed=LONG_TEXTS,
    locale=st.sampled_from(["en-US", "zh-CN"]),
)
def test_suggestions_are_within_discords_limits(
    recent: list[RecentTask], typed: str, locale: str
) -> None:
    """discord.py does not check them."""
    for choice in matching_choices(recent, typed, catalog_for(locale), now=NOW):
        assert 1 <= len(choice.name) <= MAX_CHOICE
        assert 1 <= len(choice.value) <= MAX_CHOICE


async def test_a_broken_database_gives_no_suggestions(tmp_path: Path) -> None:
    """The user can still type an id."""
    async with DatabaseThread(location(tmp_path / "suno.db")) as database:
        history = History(database, "deerapi")
        await database.write("DROP TABLE watches", [])
        with pytest.raises(DATABASE_ERRORS):
            await history.suggestions(1, "")
        assert await suggest_task_ids(partial(history.suggestions, 1), "", ENGLISH, now=NOW) == []
    assert await suggest_task_ids(partial(history.suggestions, 1), "", ENGLISH, now=NOW) == []


async def test_a_slow_database_gives_no_suggestions(tmp_path: Path) -> None:
    """The response is sent before Discord's timeout."""
    async with DatabaseThread(location(tmp_path / "suno.db")) as database:
        history = History(database, "deerapi")
        blocked = asyncio.Event()
        loop = asyncio.get_running_loop()
        waiting = asyncio.create_task(
            database.run(lambda _: asyncio.run_coroutine_threadsafe(blocked.wait(), loop).result())
        )
        find = partial(history.suggestions, 1)
        assert await suggest_task_ids(find, "", ENGLISH, now=NOW, timeout_seconds=0.01) == []
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
    recent = await history.suggestions(1, "")
    assert [(task.id, task.title) for task in recent] == [
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
    assert [task.id for task in await history.suggestions(1, typed)] == expected


async def test_recent_tasks_are_limited(store: TaskStore, history: History) -> None:
    """The limit is the number of choices that Discord shows."""
    for number in range(30):
        await watch(store, f"{number}")
    assert [task.id for task in await history.suggestions(1, "")] == [
        f"{number}" for number in range(29, 4, -1)
    ]


async def test_the_title_is_the_first_one_of_the_clips(store: TaskStore, history: History) -> None:
    """Clips without a title are skipped."""
    await ended(store, a_song(clips=(Clip("a"), a_clip(title="Paper Boats"))))
    ((recent),) = await history.suggestions(1, "")
    assert recent.title == "Paper Boats"
