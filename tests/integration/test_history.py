import itertools

import pytest

from bot.relay.models import Lyrics, Task
from bot.storage.database import DatabaseThread
from bot.storage.history import History
from bot.storage.limits import WatchLimits
from bot.storage.models import Destination, EndReason, HistoryScope
from bot.storage.outbox import Outbox
from bot.storage.tasks import TaskStore
from tests.support.builders import HERE, NOON, a_clip, a_failure, a_running_task, a_song
from tests.support.histories import (
    ADA,
    BEA,
    DIRECT,
    OTHER_SERVER,
    SERVER,
    THERE,
    end,
    ended,
    ids,
    named,
    watch,
)


@pytest.fixture
def history(database: DatabaseThread) -> History:
    """Return its history."""
    return History(database, "deerapi")


@pytest.fixture
def store(database: DatabaseThread) -> TaskStore:
    """Return its store."""
    return TaskStore(database, Outbox(database), "deerapi", WatchLimits(watches_per_user=10_000))


async def test_what_has_ended_is_there_at_once_and_as_it_was_told(
    store: TaskStore, history: History
) -> None:
    """Whole: title, style, lyrics, links, and when it ended."""
    await ended(store, a_song(), NOON + 9)
    (entry,) = (await history.page(SERVER)).entries
    assert (entry.task, entry.end_reason, entry.ended_at) == (
        a_song(),
        EndReason.FINISHED,
        NOON + 9,
    )


async def test_what_still_runs_is_not_there(store: TaskStore, history: History) -> None:
    """A history is of what has ended."""
    await watch(store, "song")
    assert await ids(history) == []


async def test_what_was_done_before_it_was_watched_is_there_too(
    store: TaskStore, history: History
) -> None:
    """It is told at once, and so it is kept at once."""
    await store.add_finished(a_song(), user_id=1, destination=HERE, now=NOON)
    assert await ids(history) == ["song"]


async def test_the_newest_comes_first(store: TaskStore, history: History) -> None:
    """By the end, not by the beginning."""
    for task_id in ("one", "two", "three"):
        await watch(store, task_id)
    for task_id, now in (("two", 1.0), ("one", 2.0), ("three", 3.0)):
        await end(store, a_song(task_id), NOON + now)
    assert await ids(history) == ["three", "one", "two"]


async def test_a_page_holds_ten_and_says_whether_there_is_another(
    store: TaskStore, history: History
) -> None:
    """Nothing twice, nothing left out; beyond the last page comes the last."""
    for number in range(21):
        await ended(store, a_song(f"{number:02}"), NOON + number)
    pages = [await history.page(SERVER, number=number) for number in range(4)]
    assert [(page.number, len(page.entries), page.more) for page in pages] == [
        (0, 10, True),
        (1, 10, True),
        (2, 1, False),
        (2, 1, False),
    ]
    shown = itertools.chain.from_iterable(page.entries for page in pages[:3])
    assert [entry.task.id for entry in shown] == [f"{n:02}" for n in reversed(range(21))]


async def test_an_empty_history_has_an_empty_first_page(history: History) -> None:
    """Whichever page is asked for, and whatever is looked for."""
    for search in ("", "a", "boats"):
        page = await history.page(SERVER, search, 7)
        assert (page.number, page.entries, page.more) == (0, (), False)


@pytest.mark.parametrize(
    ("end_reason", "task", "kept"),
    [
        (EndReason.FINISHED, a_song(), True),
        (EndReason.FINISHED, a_failure(), True),
        (EndReason.NOT_FOUND, a_running_task(), False),
        (EndReason.GAVE_UP, a_running_task(), False),
        (EndReason.GAVE_UP, a_running_task(clips=(a_clip(audio_is_final=False),)), True),
        (EndReason.NOT_FOUND, a_running_task(lyrics=Lyrics("La la")), True),
    ],
    ids=["done", "failed", "not found", "given up", "given up with a preview", "lost with lyrics"],
)
async def test_a_watch_that_left_nothing_to_show_is_not_kept(
    store: TaskStore, history: History, end_reason: EndReason, task: Task, kept: bool
) -> None:
    """A failure says why; a preview and a text are something; silence is nothing."""
    await watch(store, "song")
    await end(store, task, end_reason=end_reason)
    assert await ids(history) == (["song"] if kept else [])
    assert await ids(history, ADA) == (["song"] if kept else [])


async def test_a_server_sees_only_what_was_watched_there(
    store: TaskStore, history: History
) -> None:
    """No lyrics of others, by no search."""
    await ended(store, named("mine", lyrics="rain on tin roofs"), destination=HERE)
    await ended(store, named("theirs", lyrics="rain on slates"), destination=THERE)
    await ended(store, named("private", lyrics="rain in secret"), destination=DIRECT)
    for search in ("", "rain", "ra", "r"):
        assert await ids(history, SERVER, search) == ["mine"]
        assert await ids(history, OTHER_SERVER, search) == ["theirs"]


async def test_a_person_sees_what_they_watched_anywhere_and_nothing_else(
    store: TaskStore, history: History
) -> None:
    """In servers and in direct messages."""
    await ended(store, a_song("in a server"), NOON, user_id=1, destination=HERE)
    await ended(store, a_song("directly"), NOON + 1, user_id=1, destination=DIRECT)
    await ended(store, a_song("of another"), NOON + 2, user_id=2, destination=HERE)
    assert await ids(history, ADA) == ["directly", "in a server"]
    assert await ids(history, BEA) == ["of another"]


async def test_what_was_watched_in_a_hidden_channel_is_not_shown(
    store: TaskStore, history: History
) -> None:
    """Unless it was watched in a channel that the person sees, too."""
    hidden = Destination(channel_id=501, guild_id=50)
    await ended(store, a_song("secret"), destination=hidden)
    await watch(store, "both", 1, HERE)
    await ended(store, a_song("both"), user_id=2, destination=hidden)
    scope = HistoryScope(user_id=9, guild_id=50, visible=frozenset({500}))
    for search in ("", "paper", "pa"):
        assert await ids(history, scope, search) == ["both"]
    everything = (await history.page(SERVER)).entries
    assert [await history.entry(scope, e.id) is None for e in everything] == [False, True]


async def test_a_song_watched_by_many_in_many_places_is_one_entry(
    store: TaskStore, history: History, database: DatabaseThread
) -> None:
    """Indexed once, shown once to each."""
    for user_id, destination in (
        (1, HERE),
        (2, HERE),
        (2, Destination(505, 50)),
        (3, THERE),
        (4, DIRECT),
    ):
        await watch(store, "song", user_id, destination)
    await end(store, a_song())
    (indexed,) = await database.read("SELECT count(*) AS entries FROM history_index", [])
    assert indexed["entries"] == 1
    for scope in (SERVER, OTHER_SERVER, ADA, HistoryScope(4)):
        for search in ("", "paper", "pa"):
            assert await ids(history, scope, search) == ["song"]


async def test_a_song_that_another_server_watches_later_is_new_there_alone(
    store: TaskStore, history: History, database: DatabaseThread
) -> None:
    """Each server has its own order; the index is not written again."""
    await ended(store, a_song("first"), NOON)
    await ended(store, a_song("second"), NOON + 1)
    await ended(store, a_song("second"), NOON + 2, destination=THERE)
    await ended(store, a_song("first"), NOON + 3, destination=THERE)
    assert await ids(history, SERVER) == ["second", "first"]
    assert await ids(history, OTHER_SERVER) == ["first", "second"]
    (indexed,) = await database.read("SELECT count(*) AS entries FROM history_index", [])
    assert indexed["entries"] == 2


async def test_an_entry_of_a_finished_song_is_not_spoiled_by_a_later_watch(
    store: TaskStore, history: History
) -> None:
    """The relay may have forgotten it by then."""
    await ended(store, a_song())
    await watch(store, "song")
    preview = a_running_task("song", clips=(a_clip(title="Draft", audio_is_final=False),))
    await end(store, preview, NOON + 5, EndReason.GAVE_UP)
    (entry,) = (await history.page(SERVER)).entries
    assert (entry.task, entry.end_reason) == (a_song(), EndReason.FINISHED)


async def test_an_unwatched_task_is_in_nobodys_history(store: TaskStore, history: History) -> None:
    """Whoever stops watching is told nothing and keeps nothing."""
    await watch(store, "song", 1)
    await watch(store, "song", 2)
    await store.remove_watch("song", user_id=1, now=NOON)
    await end(store, a_song())
    assert await ids(history, ADA) == []
    assert await ids(history, BEA) == ["song"]
