"""Splitting lyrics into embeds and messages."""

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

CATALOG = catalog_in("en")
# Hypothesis reports a failure with the task that caused it, however long its lyrics.
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
HINT = "*The rest: `/suno lyrics`*"


def without_whitespace(text: str) -> str:
    """Return a text without whitespace."""
    return re.sub(r"\s+", "", text)


def unescaped(text: str) -> str:
    """Return an escaped text as Discord renders it."""
    return re.sub(r"\\([^0-9A-Za-z\s])", r"\1", text).replace("\u200b", "")


@given(TEXTS, st.integers(2, 40))
def test_splitting_loses_nothing(text: str, limit: int) -> None:
    """All pieces are within the limit, and together they are the whole text."""
    pieces = split_text(escape(text), limit)
    assert all(0 < len(piece) <= limit for piece in pieces)
    assert without_whitespace("".join(pieces)) == without_whitespace(escape(text))


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
def test_a_text_is_split_at_the_largest_unit(text: str, pieces: list[str]) -> None:
    """A piece ends after a section, else a line, else a word, else inside a word."""
    assert split_text(text, 7) == pieces


@given(TEXTS, st.integers(-2, 60))
def test_a_truncated_text_is_within_its_limit(text: str, limit: int) -> None:
    """A limit of zero is valid too."""
    assert len(truncate_at_line(escape(text), limit)) <= max(limit, 0)


def test_a_text_is_truncated_at_a_line() -> None:
    """A line is split only if whole lines would use less than half of the limit."""
    assert truncate_at_line("first line\nsecond line", 15) == "first line"
    assert truncate_at_line("[V]\na very long second line", 15) == "[V]\na very lon…"


@settings(deadline=None)
@given(LONG_TEXTS, st.integers(0, 6000), st.integers(0, 4))
def test_fitted_lyrics_are_within_both_limits(text: str, limit: int, embeds: int) -> None:
    """Either the text is complete or the hint follows it."""
    escaped = escape(text)
    pieces = fit_into_embeds(escaped, limit, embeds, HINT)
    assert len(pieces) <= embeds
    assert sum(map(len, pieces)) <= limit
    assert all(0 < len(piece) <= 4096 for piece in pieces)
    whole = without_whitespace("".join(pieces)) == without_whitespace(escaped)
    assert whole or not pieces or pieces[-1].endswith(HINT)


def test_lyrics_that_fit_in_two_embeds_are_complete() -> None:
    """5,000 code points exceed one embed, but not a message."""
    text = "\n".join(["歌" * 99] * 50)
    assert "".join(fit_into_embeds(text, 5800, 8, HINT)).replace("\n", "") == text.replace("\n", "")


def test_lyrics_are_truncated_if_there_are_too_few_embeds() -> None:
    """The number of embeds is a limit of its own."""
    (piece,) = fit_into_embeds("la la\n" * 900, 6000, 1, HINT)
    assert piece.endswith(f"la la\n\n{HINT}")


@settings(max_examples=50, deadline=None)
@given(TASKS)
def test_pages_fit_for_any_task(task: Task) -> None:
    """Every message with lyrics is within Discord's limits for any task."""
    for message in lyrics_messages(task, CATALOG):
        assert_embeds_fit(message)


@settings(max_examples=20, deadline=None)
@given(st.text(min_size=1, max_size=40), st.integers(1, 2500))
@example("歌\n", 50_000)
@example("* [a](b) ", 11_000)
@example("\\", 100_000)
def test_pages_contain_the_whole_text(piece: str, times: int) -> None:
    """100,000 code points of lyrics are complete."""
    text = piece * times
    task = a_lyrics_task(lyrics=Lyrics(text, title="Long"))
    if not lyrics_texts(task):
        return
    embeds = [embed for message in lyrics_messages(task, CATALOG) for embed in message]
    shown = "".join(unescaped(embed.description or "") for embed in embeds)
    assert without_whitespace(shown) == without_whitespace(sanitize(text))


def test_lyrics_that_all_clips_share_are_shown_once() -> None:
    """They have no heading with version numbers."""
    task = a_song(clips=(a_clip(), a_clip(id="clip-2"), a_clip(id="clip-3", lyrics="")))
    ((page,),) = lyrics_messages(task, CATALOG)
    assert page.title == "Paper Boats"
    assert page.description == "\\[Verse\\]\nPaper boats on a rainy street"


def test_different_lyrics_have_headings() -> None:
    """Each heading contains the versions that have these lyrics."""
    clips = (a_clip(), a_clip(lyrics="La la"), a_clip())
    ((first, second),) = lyrics_messages(a_song(clips=clips), CATALOG)
    assert first.title == "Paper Boats · Lyrics · Version 1 · Version 3"
    assert second.title == "Paper Boats · Lyrics · Version 2"
    assert second.description == "La la"
    assert second.footer.text == "Page 2 of 2"


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        (a_song(clips=(a_clip(lyrics=" \u200b"),)), "instrumental"),
        (a_running_task(), "No lyrics yet"),
        (a_failure(), "the task failed"),
        (a_lyrics_task(lyrics=None), "sent no lyrics"),
        (a_song(outcome=Outcome.PARTIAL, clips=(a_clip(lyrics=""),)), "instrumental"),
    ],
    ids=["instrumental", "running", "failed", "nothing", "partial"],
)
def test_missing_lyrics_are_explained(task: Task, expected: str) -> None:
    """One embed explains why the task has no lyrics."""
    ((page,),) = lyrics_messages(task, CATALOG)
    assert expected in (page.description or "")
