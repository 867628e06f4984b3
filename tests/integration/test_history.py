import itertools

import pytest

from bot.relay.models import Lyrics, Task
from bot.storage.database import DatabaseThread
from bot.storage.history import History
from bot.storage.limits import WatchLimits
from bot.storage.models import Destination, EndReason, HistoryScope, WatchRequest
from bot.storage.outbox import Outbox
from bot.storage.tasks import TaskStore
from tests.support.builders import (
    HERE,
    NOON,
    a_clip,
    a_failure,
    a_running_task,
    a_song,
    watch_store_of,
)
from tests.support.databases import index_table
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

pytestmark = pytest.mark.both_engines


@pytest.fixture
def history(database: DatabaseThread) -> History:
    """Return the history of a relay."""
    return History(database, "deerapi")


@pytest.fixture
def store(database: DatabaseThread) -> TaskStore:
    """Return the task store of a relay."""
    return TaskStore(database, Outbox(database), "deerapi", WatchLimits(watches_per_user=10_000))


async def test_an_ended_task_is_in_the_history_at_once(store: TaskStore, history: History) -> None:
    """The entry holds the whole task and when it ended."""
    await ended(store, a_song(), NOON + 9)
    (entry,) = (await history.page(SERVER)).entries
    assert (entry.task, entry.end_reason, entry.ended_at) == (
        a_song(),
        EndReason.FINISHED,
        NOON + 9,
    )


async def test_a_running_task_is_not_in_the_history(store: TaskStore, history: History) -> None:
    """Only ended tasks have entries."""
    await watch(store, "song")
    assert await ids(history) == []


async def test_a_task_that_ended_before_its_watch_is_in_the_history(
    store: TaskStore, history: History
) -> None:
    """Its notice is enqueued at once, and its entry is added at once."""
    await store.add_finished(a_song(), WatchRequest(1, HERE), NOON)
    assert await ids(history) == ["song"]


async def test_the_newest_entry_comes_first(store: TaskStore, history: History) -> None:
    """Entries are sorted by their end, not by their beginning."""
    for task_id in ("one", "two", "three"):
        await watch(store, task_id)
    for task_id, now in (("two", 1.0), ("one", 2.0), ("three", 3.0)):
        await end(store, a_song(task_id), NOON + now)
    assert await ids(history) == ["three", "one", "two"]


async def test_a_page_holds_ten_entries_and_tells_whether_more_follow(
    store: TaskStore, history: History
) -> None:
    """No entry is repeated or missing, and a page beyond the last is the last."""
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
    """Every page and every search of it is the empty first page."""
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
async def test_a_task_without_any_result_has_no_entry(
    store: TaskStore, history: History, end_reason: EndReason, task: Task, kept: bool
) -> None:
    """A failure, a preview or a text is a result."""
    await watch(store, "song")
    await end(store, task, end_reason=end_reason)
    assert await ids(history) == (["song"] if kept else [])
    assert await ids(history, ADA) == (["song"] if kept else [])


async def test_the_history_of_a_server_holds_what_was_watched_there(
    store: TaskStore, history: History
) -> None:
    """No search finds the lyrics of others."""
    await ended(store, named("mine", lyrics="rain on tin roofs"), destination=HERE)
    await ended(store, named("theirs", lyrics="rain on slates"), destination=THERE)
    await ended(store, named("private", lyrics="rain in secret"), destination=DIRECT)
    for search in ("", "rain", "ra", "r"):
        assert await ids(history, SERVER, search) == ["mine"]
        assert await ids(history, OTHER_SERVER, search) == ["theirs"]


async def test_the_history_of_a_person_holds_what_they_watched(
    store: TaskStore, history: History
) -> None:
    """It covers servers and direct messages, and no tasks of others."""
    await ended(store, a_song("in a server"), NOON, user_id=1, destination=HERE)
    await ended(store, a_song("directly"), NOON + 1, user_id=1, destination=DIRECT)
    await ended(store, a_song("of another"), NOON + 2, user_id=2, destination=HERE)
    assert await ids(history, ADA) == ["directly", "in a server"]
    assert await ids(history, BEA) == ["of another"]


async def test_tasks_of_hidden_channels_are_not_shown(store: TaskStore, history: History) -> None:
    """A task that was also watched in a visible channel is shown."""
    hidden = Destination(channel_id=501, guild_id=50)
    await ended(store, a_song("secret"), destination=hidden)
    await watch(store, "both", 1, HERE)
    await ended(store, a_song("both"), user_id=2, destination=hidden)
    scope = HistoryScope(user_id=9, guild_id=50, visible=frozenset({500}))
    for search in ("", "paper", "pa"):
        assert await ids(history, scope, search) == ["both"]
    everything = (await history.page(SERVER)).entries
    assert [await history.entry(scope, e.id) is None for e in everything] == [False, True]


_INDEXED = "SELECT count(*) AS entries FROM {}"


async def test_a_song_that_many_people_watched_is_one_entry(
    store: TaskStore, history: History, database: DatabaseThread
) -> None:
    """It is indexed once, and shown once in each history."""
    for user_id, destination in (
        (1, HERE),
        (2, HERE),
        (2, Destination(505, 50)),
        (3, THERE),
        (4, DIRECT),
    ):
        await watch(store, "song", user_id, destination)
    await end(store, a_song())
    (indexed,) = await database.read(_INDEXED.format(index_table()), [])
    assert indexed["entries"] == 1
    for scope in (SERVER, OTHER_SERVER, ADA, HistoryScope(4)):
        for search in ("", "paper", "pa"):
            assert await ids(history, scope, search) == ["song"]


async def test_a_later_watch_in_another_server_is_new_in_that_history_alone(
    store: TaskStore, history: History, database: DatabaseThread
) -> None:
    """Each server has its own order, and the index is not written again."""
    await ended(store, a_song("first"), NOON)
    await ended(store, a_song("second"), NOON + 1)
    await ended(store, a_song("second"), NOON + 2, destination=THERE)
    await ended(store, a_song("first"), NOON + 3, destination=THERE)
    assert await ids(history, SERVER) == ["second", "first"]
    assert await ids(history, OTHER_SERVER) == ["first", "second"]
    (indexed,) = await database.read(_INDEXED.format(index_table()), [])
    assert indexed["entries"] == 2


async def test_a_later_watch_without_a_result_keeps_the_finished_entry(
    store: TaskStore, history: History
) -> None:
    """The relay may have deleted the task by then."""
    await ended(store, a_song())
    await watch(store, "song")
    preview = a_running_task("song", clips=(a_clip(title="Draft", audio_is_final=False),))
    await end(store, preview, NOON + 5, EndReason.GAVE_UP)
    (entry,) = (await history.page(SERVER)).entries
    assert (entry.task, entry.end_reason) == (a_song(), EndReason.FINISHED)


async def test_a_later_end_with_less_keeps_the_song(store: TaskStore, history: History) -> None:
    """A relay that has lost a song, and now says that it failed, does not delete it here."""
    await ended(store, a_song())
    await ended(store, a_failure("song"), NOON + 7200, user_id=2)
    (entry,) = (await history.page(SERVER)).entries
    assert entry.task.lasting_results > 0
    assert await ids(history, BEA) == ["song"]


async def test_an_unwatched_task_is_in_no_history(store: TaskStore, history: History) -> None:
    """A person who unwatches a task gets neither its notice nor its entry."""
    await watch(store, "song", 1)
    await watch(store, "song", 2)
    await watch_store_of(store).remove("song", user_id=1, now=NOON)
    await end(store, a_song())
    assert await ids(history, ADA) == []
    assert await ids(history, BEA) == ["song"]
