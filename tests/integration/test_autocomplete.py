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
    """Yield a sandbox in which the bot runs."""
    async with open_sandbox(tmp_path) as sandbox, running_bot(sandbox):
        yield sandbox


async def offered(
    sandbox: SandboxSession, typed: str, command: str = "suno status"
) -> list[tuple[str, str]]:
    """Return what Ada is offered while she types an id."""
    return await sandbox.discord.autocomplete(sandbox.ada, sandbox.songs, command, "id", typed)


@pytest.mark.parametrize("command", ["suno status", "suno watch", "suno unwatch", "suno lyrics"])
async def test_recent_tasks_are_offered_wherever_an_id_is_typed(
    sandbox: SandboxSession, command: str
) -> None:
    """By title and a short id; what is chosen is the whole id."""
    sandbox.relay.add(song("a-song-with-a-long-id", title="Paper Boats", takes=1))
    sandbox.relay.clock.advance(10)
    await sandbox.command_answer("suno watch", id="a-song-with-a-long-id")
    for typed in ("", "boat", "with-a"):
        assert await offered(sandbox, typed, command) == [
            ("Paper Boats · a-song-with…", "a-song-with-a-long-id")
        ]
    assert await offered(sandbox, "tram", command) == []


async def test_tasks_of_others_are_not_offered(sandbox: SandboxSession) -> None:
    """Each person is offered their own."""
    sandbox.relay.add(song("hers"))
    await sandbox.command_answer("suno watch", sandbox.bea, id="hers")
    assert await offered(sandbox, "") == []


async def test_an_offer_that_is_taken_works(sandbox: SandboxSession) -> None:
    """Two ids, one typed by hand, one completed, are two answers."""
    sandbox.relay.add(song("one", title="First"), song("two", title="Second"))
    await sandbox.command_answer("suno watch", id="two")
    ((_, value),) = await offered(sandbox, "one, tw")
    assert value == "one, two"
    interaction = await sandbox.use_command("suno status", id=value)
    await sandbox.discord.wait_for(lambda: len(interaction.messages) == 2, 10)


def test_a_choice_completes_the_last_word_and_keeps_the_others() -> None:
    """As they were typed; what is named already is not offered again."""
    recent = [("two", "Second"), ("one", "First")]
    assert [c.value for c in matching_choices(recent, "one, t")] == ["one, two"]
    assert [c.value for c in matching_choices(recent, "t")] == ["two", "one"]
    assert [c.value for c in matching_choices(recent, "x，")] == ["x，two", "x，one"]
    assert matching_choices(recent, "one two ") == []


def test_a_task_without_a_title_is_offered_by_its_id() -> None:
    """Whole, as there is room."""
    ((choice),) = matching_choices([("a-song-with-a-long-id", "")], "")
    assert choice.name == "a-song-with-a-long-id"


def test_what_is_too_long_for_a_choice_is_left_out() -> None:
    """A cut id is no id."""
    assert matching_choices([("x" * 101, "Title")], "") == []
    assert matching_choices([("x" * 60, "Title")], "y" * 50 + " ") == []
    assert len(matching_choices([("x" * 100, "Title")], "")) == 1


@settings(deadline=None)
@given(recent=st.lists(st.tuples(LONG_TEXTS, LONG_TEXTS), max_size=25), typed=LONG_TEXTS)
def test_every_choice_is_within_discords_limits(recent: list[tuple[str, str]], typed: str) -> None:
    """discord.py does not look."""
    for choice in matching_choices([(task_id or "x", title) for task_id, title in recent], typed):
        assert 1 <= len(choice.name) <= MAX_CHOICE
        assert 1 <= len(choice.value) <= MAX_CHOICE


async def test_a_broken_database_offers_nothing(tmp_path: Path) -> None:
    """And the person can type on."""
    async with DatabaseThread(tmp_path / "suno.db") as database:
        history = History(database, "deerapi")
        await database.write("DROP TABLE watches", [])
        with pytest.raises(sqlite3.Error):
            await history.suggestions(1, "")
        assert await suggest_task_ids(partial(history.suggestions, 1), "") == []
    assert await suggest_task_ids(partial(history.suggestions, 1), "") == []


async def test_a_database_that_takes_too_long_offers_nothing(tmp_path: Path) -> None:
    """The answer comes before Discord gives up."""
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
    """Return its history."""
    return History(database, "deerapi")


@pytest.fixture
def store(database: DatabaseThread) -> TaskStore:
    """Return its store."""
    return TaskStore(database, Outbox(database), "deerapi", WatchLimits(watches_per_user=10_000))


async def test_recent_tasks_are_a_persons_own_the_newest_first(
    store: TaskStore, history: History
) -> None:
    """Running and ended, each once, with the title that is known."""
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
    ("typed", "offered"),
    [("BOAT", ["abc-1"]), ("abc", ["abc-1"]), ("船", ["def-2"]), ("-", ["def-2", "abc-1"])],
)
async def test_recent_tasks_are_found_by_title_and_id(
    store: TaskStore, history: History, typed: str, offered: list[str]
) -> None:
    """By a part of either, in any case."""
    await ended(store, named("abc-1", title="Paper Boats"))
    await ended(store, named("def-2", title="纸船"))
    assert [task_id for task_id, _ in await history.suggestions(1, typed)] == offered


async def test_at_most_so_many_recent_tasks_are_offered(store: TaskStore, history: History) -> None:
    """As many as Discord shows."""
    for number in range(30):
        await watch(store, f"{number}")
    assert [task_id for task_id, _ in await history.suggestions(1, "")] == [
        f"{number}" for number in range(29, 4, -1)
    ]


async def test_a_clip_without_a_title_does_not_hide_that_of_the_next(
    store: TaskStore, history: History
) -> None:
    """The first title there is."""
    await ended(store, a_song(clips=(Clip("a"), a_clip(title="Paper Boats"))))
    assert await history.suggestions(1, "") == [("song", "Paper Boats")]
