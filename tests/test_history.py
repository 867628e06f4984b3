import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.suno.tasks import Clip, Lyrics, Task, TaskKind
from bot.watching.database import DatabaseThread
from bot.watching.durations import Typical, seconds_taken, typical_of
from bot.watching.endings import Ending
from bot.watching.history import History
from bot.watching.outbox import Outbox
from bot.watching.records import Observation, Place
from bot.watching.searching import NEWEST, Scope, indexable, looked_for, searchable
from bot.watching.store import Limits, Store
from tests.builders import HERE, NOON, a_clip, a_failure, a_lyrics_task, a_running_task, a_song

THERE = Place(channel_id=600, guild_id=60)
DIRECT = Place(channel_id=700)
SERVER = Scope(user_id=9, guild_id=50)
OTHER_SERVER = Scope(user_id=9, guild_id=60)
ADA, BEA = Scope(user_id=1), Scope(user_id=2)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[DatabaseThread]:
    """Return an empty database."""
    async with DatabaseThread(tmp_path / "suno.db") as database:
        yield database


@pytest.fixture
def history(database: DatabaseThread) -> History:
    """Return its history."""
    return History(database, "deerapi")


@pytest.fixture
def store(database: DatabaseThread) -> Store:
    """Return its store."""
    return Store(database, Outbox(database), "deerapi", Limits(watches_of_a_person=10_000))


async def watch(store: Store, task_id: str, user_id: int = 1, place: Place = HERE) -> None:
    """Watch a running task, seen first at noon."""
    task = a_running_task(task_id)
    await store.add_watch(task, known=True, user_id=user_id, place=place, now=NOON, deadline=86400)


async def end(
    store: Store, task: Task, now: float = NOON, ending: Ending = Ending.FINISHED
) -> None:
    """Let a watched task end."""
    seen = Observation(task.id, next_look_at=now, answer=task, ending=ending)
    await store.record([seen], now)


async def ended(
    store: Store, task: Task, now: float = NOON, *, user_id: int = 1, place: Place = HERE
) -> None:
    """Watch a task and let it end."""
    await watch(store, task.id, user_id, place)
    await end(store, task, now)


async def ids(history: History, scope: Scope = SERVER, search: str = "") -> list[str]:
    """Return the tasks on the first page of a search."""
    return [entry.task.id for entry in (await history.page(scope, search)).entries]


def named(task_id: str, title: str = "", style: str = "", lyrics: str = "") -> Task:
    """Return a song with these texts."""
    return a_song(task_id, clips=(a_clip(title=title, style=style, lyrics=lyrics),))


async def test_what_has_ended_is_there_at_once_and_as_it_was_told(
    store: Store, history: History
) -> None:
    """Whole: title, style, lyrics, links, and when it ended."""
    await ended(store, a_song(), NOON + 9)
    (entry,) = (await history.page(SERVER)).entries
    assert (entry.task, entry.ending, entry.ended_at) == (a_song(), Ending.FINISHED, NOON + 9)


async def test_what_still_runs_is_not_there(store: Store, history: History) -> None:
    """A history is of what has ended."""
    await watch(store, "song")
    assert await ids(history) == []


async def test_what_was_done_before_it_was_watched_is_there_too(
    store: Store, history: History
) -> None:
    """It is told at once, and so it is kept at once."""
    await store.add_finished(a_song(), user_id=1, place=HERE, now=NOON)
    assert await ids(history) == ["song"]


async def test_the_newest_comes_first(store: Store, history: History) -> None:
    """By the end, not by the beginning."""
    for task_id in ("one", "two", "three"):
        await watch(store, task_id)
    for task_id, now in (("two", 1.0), ("one", 2.0), ("three", 3.0)):
        await end(store, a_song(task_id), NOON + now)
    assert await ids(history) == ["three", "one", "two"]


async def test_a_page_holds_ten_and_says_whether_there_is_another(
    store: Store, history: History
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
    ("ending", "task", "kept"),
    [
        (Ending.FINISHED, a_song(), True),
        (Ending.FINISHED, a_failure(), True),
        (Ending.NOT_FOUND, a_running_task(), False),
        (Ending.GAVE_UP, a_running_task(), False),
        (Ending.GAVE_UP, a_running_task(clips=(a_clip(audio_is_final=False),)), True),
        (Ending.NOT_FOUND, a_running_task(lyrics=Lyrics("La la")), True),
    ],
    ids=["done", "failed", "not found", "given up", "given up with a preview", "lost with lyrics"],
)
async def test_a_watch_that_left_nothing_to_show_is_not_kept(
    store: Store, history: History, ending: Ending, task: Task, kept: bool
) -> None:
    """A failure says why; a preview and a text are something; silence is nothing."""
    await watch(store, "song")
    await end(store, task, ending=ending)
    assert await ids(history) == (["song"] if kept else [])
    assert await ids(history, ADA) == (["song"] if kept else [])


async def test_a_server_sees_only_what_was_watched_there(store: Store, history: History) -> None:
    """No lyrics of others, by no search."""
    await ended(store, named("mine", lyrics="rain on tin roofs"), place=HERE)
    await ended(store, named("theirs", lyrics="rain on slates"), place=THERE)
    await ended(store, named("private", lyrics="rain in secret"), place=DIRECT)
    for search in ("", "rain", "ra", "r"):
        assert await ids(history, SERVER, search) == ["mine"]
        assert await ids(history, OTHER_SERVER, search) == ["theirs"]


async def test_a_person_sees_what_they_watched_anywhere_and_nothing_else(
    store: Store, history: History
) -> None:
    """In servers and in direct messages."""
    await ended(store, a_song("in a server"), NOON, user_id=1, place=HERE)
    await ended(store, a_song("directly"), NOON + 1, user_id=1, place=DIRECT)
    await ended(store, a_song("of another"), NOON + 2, user_id=2, place=HERE)
    assert await ids(history, ADA) == ["directly", "in a server"]
    assert await ids(history, BEA) == ["of another"]


async def test_what_was_watched_in_a_hidden_channel_is_not_shown(
    store: Store, history: History
) -> None:
    """Unless it was watched in a channel that the person sees, too."""
    hidden = Place(channel_id=501, guild_id=50)
    await ended(store, a_song("secret"), place=hidden)
    await watch(store, "both", 1, HERE)
    await ended(store, a_song("both"), user_id=2, place=hidden)
    scope = Scope(user_id=9, guild_id=50, hidden=frozenset({501}))
    for search in ("", "paper", "pa"):
        assert await ids(history, scope, search) == ["both"]
    everything = (await history.page(SERVER)).entries
    assert [await history.entry(scope, e.id) is None for e in everything] == [False, True]


async def test_a_song_watched_by_many_in_many_places_is_one_entry(
    store: Store, history: History, database: DatabaseThread
) -> None:
    """Indexed once, shown once to each."""
    for user_id, place in ((1, HERE), (2, HERE), (2, Place(505, 50)), (3, THERE), (4, DIRECT)):
        await watch(store, "song", user_id, place)
    await end(store, a_song())
    (indexed,) = await database.read("SELECT count(*) AS entries FROM history_index", [])
    assert indexed["entries"] == 1
    for scope in (SERVER, OTHER_SERVER, ADA, Scope(4)):
        for search in ("", "paper", "pa"):
            assert await ids(history, scope, search) == ["song"]


async def test_a_song_that_another_server_watches_later_is_new_there_alone(
    store: Store, history: History, database: DatabaseThread
) -> None:
    """Each server has its own order; the index is not written again."""
    await ended(store, a_song("first"), NOON)
    await ended(store, a_song("second"), NOON + 1)
    await ended(store, a_song("second"), NOON + 2, place=THERE)
    await ended(store, a_song("first"), NOON + 3, place=THERE)
    assert await ids(history, SERVER) == ["second", "first"]
    assert await ids(history, OTHER_SERVER) == ["first", "second"]
    (indexed,) = await database.read("SELECT count(*) AS entries FROM history_index", [])
    assert indexed["entries"] == 2


async def test_a_watch_that_goes_on_after_it_was_given_up_mends_its_entry(
    store: Store, history: History
) -> None:
    """What is told last is what is found; what was found before is not found any more."""
    preview = a_running_task("song", clips=(a_clip(title="Draft", audio_is_final=False),))
    await watch(store, "song")
    await end(store, preview, ending=Ending.GAVE_UP)
    assert await ids(history, search="draft") == ["song"]
    await ended(store, named("song", title="Paper Boats"), NOON + 9)
    assert await ids(history, search="draft") == []
    assert await ids(history, search="boats") == ["song"]


async def test_an_entry_of_a_finished_song_is_not_spoiled_by_a_later_watch(
    store: Store, history: History
) -> None:
    """The relay may have forgotten it by then."""
    await ended(store, a_song())
    await watch(store, "song")
    preview = a_running_task("song", clips=(a_clip(title="Draft", audio_is_final=False),))
    await end(store, preview, NOON + 5, Ending.GAVE_UP)
    (entry,) = (await history.page(SERVER)).entries
    assert (entry.task, entry.ending) == (a_song(), Ending.FINISHED)


async def test_an_unwatched_task_is_in_nobodys_history(store: Store, history: History) -> None:
    """Whoever stops watching is told nothing and keeps nothing."""
    await watch(store, "song", 1)
    await watch(store, "song", 2)
    await store.remove_watch("song", user_id=1)
    await end(store, a_song())
    assert await ids(history, ADA) == []
    assert await ids(history, BEA) == ["song"]


LYRICS = "[Chorus]\nRow, row\n纸船漂过雨街 屋顶\nÉLAN VITAL and Straße\nПесня о дожде\nだいすき"
FOUND = a_song(
    "found",
    clips=(
        a_clip(title="Paper BOATS", style="dream-pop, 128 bpm", lyrics=LYRICS),
        a_clip(title="Paper Boats (alt)", style="folk", lyrics="a second verse"),
    ),
)


@pytest.mark.parametrize(
    "search",
    [
        *("paper", "BOATS", "boats paper", "aper boa", "alt", "second"),
        *("dream-pop", "128", "folk", "chorus", "[chorus]"),
        *("纸船漂", "纸船", "雨", "屋顶 纸", "雨街 boats", "顶"),
        *("élan", "E\u0301LAN", "STRASSE", "песня", "ПЕ", "だいすき", "ＰＡＰＥＲ"),
        *("ro", "r", "き", "  paper   ", "row,", "e\u200blan vital".replace("e", "é", 1)),
    ],
)
async def test_a_search_finds_titles_styles_and_lyrics_in_any_script(
    store: Store, history: History, search: str
) -> None:
    """In any case, parts of words too, all words in any order; one character is enough."""
    await ended(store, FOUND)
    await ended(store, named("other", title="zzz"))
    assert await ids(history, search=search) == ["found"]


@pytest.mark.parametrize("search", ["paper planes", "纸飞机", "雨纸", "xy", "q", "boatsx", "雨 飞"])
async def test_a_search_finds_nothing_else(store: Store, history: History, search: str) -> None:
    """Each word has to be there, as it is written."""
    await ended(store, FOUND)
    assert await ids(history, search=search) == []


async def test_lyrics_of_a_lyrics_task_are_found(store: Store, history: History) -> None:
    """By their title, their style and their text."""
    await ended(store, a_lyrics_task(lyrics=Lyrics("Row, row", title="Boats", style="sea shanty")))
    for search in ("row", "boats", "shanty"):
        assert await ids(history, search=search) == ["lyrics"]


@pytest.mark.parametrize(
    "search",
    [
        *('"', '""', '"a', "AND", "a OR b", "NOT", "NEAR(a b)", "paper*", "words:paper", "^paper"),
        *("{words}: paper", "-paper", "paper AND", "(", "a + b", "'; DROP TABLE history; --", "%"),
        *("_", "pa_er", "?", "\x00", "paper\x00boats", "\ud83d", "\U0010ffff", "\\", "🙂🙂🙂"),
    ],
)
async def test_whatever_is_typed_is_looked_for_and_never_obeyed(
    store: Store, history: History, search: str
) -> None:
    """It is text: no operator, no wildcard, no statement, no error."""
    await ended(store, named("plain", title="some words"))
    kept = search.encode(errors="ignore").decode()  # halves of characters are never stored
    await ended(store, named("odd", title=f"x {kept} y"), NOON + 1)
    assert await ids(history, search=f"x {search}") == ["odd"]


@given(st.text(max_size=20))
def test_what_is_looked_for_is_found_in_what_it_was_taken_from(text: str) -> None:
    """Both sides are made comparable in the same way, once and for all."""
    assert all(word in indexable(f"a {text} b") for word in looked_for(text))
    assert searchable(searchable(text)) == searchable(text)


@pytest.mark.parametrize(
    "search", ["needle", "ne", "针尖麦", "针尖", "针", "dle hay", "needle 针", "针 q"]
)
async def test_what_is_rare_and_old_is_found_among_many(
    store: Store, history: History, search: str
) -> None:
    """The newest are looked through one by one, the others by the index: both find the same."""
    await ended(store, named("old", title="a needle", lyrics="hay 针尖麦芒 hay"), NOON)
    song = named("old", lyrics="straw 草")
    for number in range(NEWEST + 20):
        task = replace(song, id=f"new-{number}")
        await store.add_finished(task, user_id=1, place=HERE, now=NOON + 1 + number)
    theirs = named("theirs", title="a needle", lyrics="hay 针尖麦芒 q")
    await ended(store, theirs, user_id=2, place=THERE)
    expected = [] if search == "针 q" else ["old"]
    assert await ids(history, SERVER, search) == expected
    assert await ids(history, ADA, search) == expected
    assert await ids(history, BEA, search) == ["theirs"]


async def test_pages_of_a_search_reach_beyond_the_newest(store: Store, history: History) -> None:
    """Nothing is twice where the two ways of searching meet."""
    for number in range(NEWEST + 30):
        word = "needle" if number % 25 == 0 else "straw"
        task = named(f"{number:03}", title=word)
        await store.add_finished(task, user_id=1, place=HERE, now=NOON + number)
    pages = [await history.page(SERVER, "needle", number) for number in range(3)]
    shown = [entry.task.id for page in pages for entry in page.entries]
    assert shown == [f"{n:03}" for n in range(525, -1, -25)]
    assert [page.more for page in pages] == [True, True, False]


def test_a_few_tasks_say_nothing_about_how_long_one_takes() -> None:
    """Chance is no experience."""
    assert typical_of([60.0] * 4) is None


def test_one_slow_task_does_not_make_them_all_slow() -> None:
    """Half took at most the median, nine of ten at most the other."""
    assert typical_of([100.0] * 18 + [150.0, 9000.0]) == Typical(median=100.0, slow=105.0)


@pytest.mark.parametrize(
    ("times", "taken"),
    [
        ({"submitted_at": 5.0, "started_at": 10.0, "finished_at": 70.0}, 60.0),
        ({"submitted_at": 5.0, "finished_at": 70.0}, 65.0),
        ({"started_at": 10.0}, 120.0),
        ({}, 120.0),
        ({"started_at": 70.0, "finished_at": 10.0}, 120.0),
        ({"started_at": 1.0, "finished_at": 1e9}, 120.0),
    ],
    ids=["started", "submitted", "no end", "nothing", "backwards", "years"],
)
def test_a_task_took_as_long_as_the_relay_says_or_as_it_was_seen(
    times: dict[str, Any], taken: float
) -> None:
    """What makes no sense is not believed."""
    assert seconds_taken(a_song(**times), NOON, NOON + 120) == taken


def test_what_failed_or_was_seen_only_at_its_end_took_no_known_time() -> None:
    """Neither tells anybody how long to wait."""
    assert seconds_taken(a_failure(), NOON, NOON + 3) is None
    assert seconds_taken(a_song(), NOON, NOON) is None


async def test_what_is_typical_is_learned_for_each_kind_from_the_last_ones(
    store: Store, history: History, database: DatabaseThread
) -> None:
    """Two hundred of them, whoever watched them; another relay has its own times."""
    for number in range(210):
        task = a_song(f"song-{number}", started_at=NOON, finished_at=NOON + 900 - number)
        await ended(store, task, NOON + number, user_id=number)
    for number in range(5):
        await ended(store, a_lyrics_task(f"lyrics-{number}"), NOON + 15)
    typical = await history.typical(TaskKind.MUSIC)
    assert typical
    assert (typical.median, typical.slow) == pytest.approx((790.5, 870.1))
    assert await history.typical(TaskKind.LYRICS) == Typical(15, 15)
    other = History(database, "another")
    assert await other.typical(TaskKind.MUSIC) is None


async def test_the_time_that_a_link_came_late_does_not_count(
    store: Store, history: History
) -> None:
    """A task is done when the relay first says so."""
    for number in range(5):
        await watch(store, f"{number}")
        task = a_song(f"{number}", clips=(a_clip(audio_is_final=False),))
        seen = Observation(task.id, NOON + 60, answer=task, terminal_since=NOON + 60)
        await store.record([seen], NOON + 60)
        late = replace(seen, ending=Ending.FINISHED)
        await store.record([late], NOON + 360)
    assert await history.typical(TaskKind.MUSIC) == Typical(60, 60)


async def test_recent_tasks_are_a_persons_own_the_newest_first(
    store: Store, history: History
) -> None:
    """Running and ended, each once, with the title that is known."""
    await ended(store, named("done", title="Paper Boats"))
    await watch(store, "running")
    await watch(store, "done", place=THERE)
    await watch(store, "of another", user_id=2)
    await ended(store, a_lyrics_task("words", lyrics=Lyrics("la", title="Tram Lines")))
    assert await history.recent(1, "") == [
        ("words", "Tram Lines"),
        ("done", ""),
        ("running", ""),
    ]


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("BOAT", ["abc-1"]), ("abc", ["abc-1"]), ("船", ["def-2"]), ("-", ["def-2", "abc-1"])],
)
async def test_recent_tasks_are_found_by_title_and_id(
    store: Store, history: History, typed: str, offered: list[str]
) -> None:
    """By a part of either, in any case."""
    await ended(store, named("abc-1", title="Paper Boats"))
    await ended(store, named("def-2", title="纸船"))
    assert [task_id for task_id, _ in await history.recent(1, typed)] == offered


async def test_at_most_so_many_recent_tasks_are_offered(store: Store, history: History) -> None:
    """As many as Discord shows."""
    for number in range(30):
        await watch(store, f"{number}")
    assert [task_id for task_id, _ in await history.recent(1, "")] == [
        f"{number}" for number in range(29, 4, -1)
    ]


async def test_a_clip_without_a_title_does_not_hide_that_of_the_next(
    store: Store, history: History
) -> None:
    """The first title there is."""
    await ended(store, a_song(clips=(Clip("a"), a_clip(title="Paper Boats"))))
    assert await history.recent(1, "") == [("song", "Paper Boats")]
