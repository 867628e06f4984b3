import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.i18n.catalog import catalog_in
from bot.relay.models import Lyrics, Outcome, Task
from bot.ui.escaping import escape, sanitize
from bot.ui.lyrics import (
    fit_into_embeds,
    lyrics_messages,
    lyrics_texts,
    split_text,
    truncate_at_line,
)
from tests.support.builders import a_clip, a_failure, a_lyrics_task, a_running_task, a_song
from tests.support.hostile import LONG_TEXTS, TASKS, TEXTS, assert_embeds_fit

WORDS = catalog_in("en")
# A failure is told with the task that caused it, however long its lyrics.
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
HINT = "*The rest: `/suno lyrics`*"


def without_blanks(text: str) -> str:
    """Return what is left of a text when only what is sung counts."""
    return re.sub(r"\s+", "", text)


def unescaped(text: str) -> str:
    """Return an escaped text as Discord shows it."""
    return re.sub(r"\\([^0-9A-Za-z\s])", r"\1", text).replace("\u200b", "")


@given(TEXTS, st.integers(2, 40))
def test_splitting_loses_nothing(text: str, limit: int) -> None:
    """All pieces fit, and together they are the whole."""
    pieces = split_text(escape(text), limit)
    assert all(0 < len(piece) <= limit for piece in pieces)
    assert without_blanks("".join(pieces)) == without_blanks(escape(text))


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("a b\nc\n\nd e", ["a b\nc", "d e"]),
        ("a\n\\[V\nde", ["a", "\\[V\nde"]),
        ("a\n\nbcde\n\\[V", ["a\n\nbcde", "\\[V"]),
        ("a b\nc d e", ["a b", "c d e"]),
        ("abc def ghi", ["abc def", "ghi"]),
        ("abcdefghij", ["abcdefg", "hij"]),
        (r"abcdef\*hi", ["abcdef", r"\*hi"]),
    ],
    ids=["section", "heading", "heading at the end", "line", "word", "letter", "escape"],
)
def test_a_text_is_split_where_a_singer_would_breathe(text: str, pieces: list[str]) -> None:
    """At a section, else at a line, else at a word, else between letters."""
    assert split_text(text, 7) == pieces


@given(TEXTS, st.integers(-2, 60))
def test_a_text_that_is_cut_stays_within_its_limit(text: str, limit: int) -> None:
    """Also where there is no room at all."""
    assert len(truncate_at_line(escape(text), limit)) <= max(limit, 0)


def test_a_text_is_cut_at_a_line() -> None:
    """No line is left half, unless that would leave most of the room empty."""
    assert truncate_at_line("first line\nsecond line", 15) == "first line"
    assert truncate_at_line("[V]\na very long second line", 15) == "[V]\na very lon…"


@settings(deadline=None)
@given(LONG_TEXTS, st.integers(0, 6000), st.integers(0, 4))
def test_fitted_lyrics_stay_within_room_and_embeds(text: str, room: int, embeds: int) -> None:
    """And either nothing is missing or the hint says how to read the rest."""
    escaped = escape(text)
    pieces = fit_into_embeds(escaped, room, embeds, HINT)
    assert len(pieces) <= embeds
    assert sum(map(len, pieces)) <= room
    assert all(0 < len(piece) <= 4096 for piece in pieces)
    whole = without_blanks("".join(pieces)) == without_blanks(escaped)
    assert whole or not pieces or pieces[-1].endswith(HINT)


def test_lyrics_that_fit_in_two_embeds_are_not_cut() -> None:
    """5,000 code points fit a message though not a single embed."""
    text = "\n".join(["歌" * 99] * 50)
    assert "".join(fit_into_embeds(text, 5800, 8, HINT)).replace("\n", "") == text.replace("\n", "")


def test_lyrics_with_too_few_embeds_are_cut() -> None:
    """However much room there is."""
    (piece,) = fit_into_embeds("la la\n" * 900, 6000, 1, HINT)
    assert piece.endswith(f"la la\n\n{HINT}")


@settings(max_examples=50, deadline=None)
@given(TASKS)
def test_pages_fit_for_any_task(task: Task) -> None:
    """Whatever the relay wrote, each message of a reading is one that Discord takes."""
    for message in lyrics_messages(task, WORDS):
        assert_embeds_fit(message)


@settings(max_examples=20, deadline=None)
@given(st.text(min_size=1, max_size=40), st.integers(1, 2500))
@example("歌\n", 50_000)
@example("* [a](b) ", 11_000)
@example("\\", 100_000)
def test_pages_hold_every_word_of_any_length(piece: str, times: int) -> None:
    """100,000 code points are read to the end, as they were written."""
    text = piece * times
    task = a_lyrics_task(lyrics=Lyrics(text, title="Long"))
    if not lyrics_texts(task):
        return
    embeds = [embed for message in lyrics_messages(task, WORDS) for embed in message]
    shown = "".join(unescaped(embed.description or "") for embed in embeds)
    assert without_blanks(shown) == without_blanks(sanitize(text))


def test_lyrics_that_all_clips_share_are_shown_once() -> None:
    """Without a word about versions."""
    task = a_song(clips=(a_clip(), a_clip(id="clip-2"), a_clip(id="clip-3", lyrics="")))
    ((page,),) = lyrics_messages(task, WORDS)
    assert page.title == "Paper Boats"
    assert page.description == "\\[Verse\\]\nPaper boats on a rainy street"


def test_different_lyrics_are_shown_both_and_labelled() -> None:
    """Each with the versions that have it."""
    clips = (a_clip(), a_clip(lyrics="La la"), a_clip())
    ((first, second),) = lyrics_messages(a_song(clips=clips), WORDS)
    assert first.title == "Paper Boats · Lyrics · Version 1 · Version 3"
    assert second.title == "Paper Boats · Lyrics · Version 2"
    assert second.description == "La la"
    assert second.footer.text == "Page 2 of 2"


@pytest.mark.parametrize(
    ("task", "said"),
    [
        (a_song(clips=(a_clip(lyrics=" \u200b"),)), "instrumental"),
        (a_running_task(), "No lyrics yet"),
        (a_failure(), "the task failed"),
        (a_lyrics_task(lyrics=None), "sent no lyrics"),
        (a_song(outcome=Outcome.PARTIAL, clips=(a_clip(lyrics=""),)), "instrumental"),
    ],
    ids=["instrumental", "running", "failed", "nothing", "partial"],
)
def test_where_there_are_no_lyrics_one_embed_says_why(task: Task, said: str) -> None:
    """A reader is never left with an empty answer."""
    ((page,),) = lyrics_messages(task, WORDS)
    assert said in (page.description or "")
