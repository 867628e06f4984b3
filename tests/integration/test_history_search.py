import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.relay.models import Lyrics
from bot.storage.database import DatabaseThread
from bot.storage.erasure import Erasure
from bot.storage.history import History
from bot.storage.limits import WatchLimits
from bot.storage.models import Destination, EndReason, HistoryScope
from bot.storage.outbox import Outbox
from bot.storage.search import normalize_for_index, normalize_text, search_words
from bot.storage.tasks import TaskStore
from tests.support.builders import NOON, a_clip, a_lyrics_task, a_running_task, a_song
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


@pytest.fixture(params=[500, 0], ids=["scan", "index"])
def history(database: DatabaseThread, request: pytest.FixtureRequest) -> History:
    """Return a history that scans entries, then one that queries the index: both find the same."""
    return History(database, "deerapi", scan_limit=request.param)


@pytest.fixture
def store(database: DatabaseThread) -> TaskStore:
    """Return a store with a high limit of watches."""
    return TaskStore(database, Outbox(database), "deerapi", WatchLimits(watches_per_user=10_000))


LYRICS = "[Chorus]\nRow, row\n纸船漂过雨街 屋顶\nÉLAN VITAL and Straße\nПесня о дожде\nだいすき"
FOUND = a_song(
    "found",
    clips=(
        a_clip(title="Paper BOATS", style="dream-pop, 128 bpm", lyrics=LYRICS),
        a_clip(title="Paper Boats (alt)", style="folk", lyrics="a second verse 龘"),
    ),
)


MATCHING = (
    *("paper", "BOATS", "boats paper", "aper boa", "alt", "second"),
    *("dream-pop", "128", "folk", "chorus", "[chorus]"),
    *("纸船漂", "纸船", "雨", "屋顶 纸", "雨街 boats", "顶", "龘", "verse 龘"),
    *("élan", "E\u0301LAN", "STRASSE", "песня", "ПЕ", "だいすき", "ＰＡＰＥＲ"),
    *("ro", "r", "き", "  paper   ", "row,", "e\u200blan vital".replace("e", "é", 1)),
)
NOT_MATCHING = ("paper planes", "纸飞机", "雨纸", "xy", "q", "boatsx", "雨 飞")
SYNTAX = (
    *('"', '""', '"a', 'pa"per', '"paper"', '"\'\'""', "AND", "a OR b", "NOT", "NEAR(a b)"),
    *("paper*", "words:paper", "^paper", "{words}: paper", "-paper", "paper AND", "(", "a + b"),
    *("'; DROP TABLE history; --", "%", "_", "pa_er", "?", "\x00", "paper\x00boats", "\ud83d"),
    *("\U0010ffff", "\\", "🙂🙂🙂"),
)
"""What SQL, full-text searches and patterns know as operators, and what nothing can encode."""


async def test_a_search_finds_titles_styles_and_lyrics_in_any_script(
    store: TaskStore, history: History
) -> None:
    """A search matches any case, parts of words, words in any order, and single characters."""
    await ended(store, FOUND)
    await ended(store, named("other", title="zzz"))
    found = {search: await ids(history, search=search) for search in MATCHING}
    assert found == {search: ["found"] for search in MATCHING}


async def test_a_search_requires_every_word(store: TaskStore, history: History) -> None:
    """An entry that lacks one of the words is not found."""
    await ended(store, FOUND)
    found = {search: await ids(history, search=search) for search in NOT_MATCHING}
    assert found == {search: [] for search in NOT_MATCHING}


async def test_lyrics_of_a_lyrics_task_are_found(store: TaskStore, history: History) -> None:
    """Lyrics are found by their title, their style and their text."""
    await ended(store, a_lyrics_task(lyrics=Lyrics("Row, row", title="Boats", style="sea shanty")))
    for search in ("row", "boats", "shanty"):
        assert await ids(history, search=search) == ["lyrics"]


async def test_search_syntax_is_treated_as_text(store: TaskStore, history: History) -> None:
    """No text acts as an operator, a wildcard or a statement, or causes an error.

    Each is searched in the history of another person, with one song that has it in its title.
    """
    found = {}
    for number, search in enumerate(SYNTAX):
        kept = search.encode(errors="ignore").decode()  # lone surrogates are never stored
        await ended(store, named(f"plain-{number}", title="some words"), user_id=number)
        await ended(store, named(f"odd-{number}", title=f"x {kept} y"), user_id=number)
        found[search] = await ids(history, HistoryScope(user_id=number), f"x {search}")
    assert found == {search: [f"odd-{number}"] for number, search in enumerate(SYNTAX)}


@given(st.text(max_size=20))
def test_the_words_of_a_text_are_found_in_its_index(text: str) -> None:
    """Searches and entries are normalized alike, and normalization is idempotent."""
    assert all(word in normalize_for_index(f"a {text} b") for word in search_words(text))
    assert normalize_text(normalize_text(text)) == normalize_text(text)


async def test_an_entry_older_than_the_scanned_ones_is_found(
    store: TaskStore, database: DatabaseThread
) -> None:
    """The index finds an old entry, and only in the histories that it belongs to."""
    history = History(database, "deerapi", scan_limit=5)
    await ended(store, named("old", title="a needle", lyrics="hay 针尖麦芒 hay"))
    for number in range(9):
        await ended(store, named(f"{number}", lyrics="straw 草"), NOON + 1 + number)
    theirs = named("theirs", title="a needle", lyrics="hay 针尖麦芒 q")
    await ended(store, theirs, user_id=2, destination=THERE)
    for search in ("needle", "ne", "针尖麦", "针尖", "针", "dle hay", "needle 针", "针 q"):
        expected = [] if search == "针 q" else ["old"]
        assert await ids(history, SERVER, search) == expected
        assert await ids(history, ADA, search) == expected
        assert await ids(history, BEA, search) == ["theirs"]


async def test_pages_continue_beyond_the_scanned_entries(
    store: TaskStore, database: DatabaseThread
) -> None:
    """No entry is repeated or missing between the pages from the scan and those from the index."""
    history = History(database, "deerapi", scan_limit=30)
    for number in range(50):
        task = named(f"{number:02}", title="straw" if number % 2 else "needle")
        await ended(store, task, NOON + number)
    pages = [await history.page(SERVER, "needle", number) for number in range(3)]
    shown = [entry.task.id for page in pages for entry in page.entries]
    assert shown == [f"{number:02}" for number in range(48, -1, -2)]
    assert [page.more for page in pages] == [True, True, False]


@pytest.mark.sqlite_only
async def test_deleted_entries_leave_the_index(store: TaskStore, database: DatabaseThread) -> None:
    """An erasure removes the words of the deleted entries from the index."""
    await ended(store, named("gone", title="Paper Boats"), destination=DIRECT)
    await Erasure(database).erase_user(1, None, NOON)
    assert await database.read("SELECT * FROM history_trigrams LIMIT 1", []) == []


async def test_a_search_finds_entries_of_its_own_history_only(
    store: TaskStore, history: History
) -> None:
    """The shared index reveals no entries of other servers, channels or people."""
    hidden = Destination(channel_id=501, guild_id=50)
    await ended(store, named("mine", lyrics="rain on tin roofs"))
    await ended(store, named("hidden", lyrics="rain on us"), destination=hidden)
    await ended(store, named("theirs", lyrics="rain on slates"), user_id=2, destination=THERE)
    await ended(store, named("private", lyrics="rain in secret"), user_id=2, destination=DIRECT)
    scope = HistoryScope(user_id=9, guild_id=50, visible=frozenset({500}))
    for search in ("rain", "ra", "r"):
        assert await ids(history, scope, search) == ["mine"]
        assert await ids(history, OTHER_SERVER, search) == ["theirs"]
        assert sorted(await ids(history, BEA, search)) == ["private", "theirs"]


async def test_a_result_after_the_deadline_replaces_the_history_entry(
    store: TaskStore, history: History
) -> None:
    """The entry is found by the words of the last result, and no longer by those of the earlier."""
    preview = a_running_task("song", clips=(a_clip(title="Draft", audio_is_final=False),))
    await watch(store, "song")
    await end(store, preview, end_reason=EndReason.GAVE_UP)
    assert await ids(history, search="draft") == ["song"]
    await ended(store, named("song", title="Paper Boats"), NOON + 9)
    assert await ids(history, search="draft") == []
    assert await ids(history, search="boats") == ["song"]
