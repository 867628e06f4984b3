"""Word timings as lines, sections and .lrc files."""

import re

from hypothesis import given
from hypothesis import strategies as st

from bot.relay.timed_lyrics import MAX_LINES, TimedLine, TimedWord, align_lines


def words(*each: tuple[str, float | None]) -> list[TimedWord]:
    """Return words from their texts and starts."""
    return [TimedWord(*one) for one in each]


def test_line_breaks_in_words_end_lines() -> None:
    """A line begins with its first word."""
    timed = align_lines(words(("Ships ", 1.0), ("come\n", 1.4), ("home ", 2.25), ("again", 2.5)))

    assert timed.lines == (TimedLine(1.0, "Ships come"), TimedLine(2.25, "home again"))
    assert timed.to_lrc() == "[00:01.00]Ships come\n[00:02.25]home again\n"


def test_headings_are_sections_that_begin_with_their_first_line() -> None:
    """They stand before a word, on its line or on one of their own."""
    timed = align_lines(
        words(
            ("[Intro]\n[Verse 1]\nShips ", 12.5),
            ("come\n\n", 13.0),
            ("[Chorus] Home\n", 75.0),
            ("[Outro]", 90.0),
        )
    )

    assert timed.sections == (
        TimedLine(12.5, "[Intro]"),
        TimedLine(12.5, "[Verse 1]"),
        TimedLine(75.0, "[Chorus]"),
    )
    assert [line.text for line in timed.lines] == ["Ships come", "Home"]
    assert timed.to_lrc() == "[00:12.50]Ships come\n[01:15.00]Home\n"


def test_a_line_without_a_known_time_begins_with_the_one_before_it() -> None:
    """Words that could not be aligned are shown all the same."""
    timed = align_lines(
        words(("one\n", 5.0), ("two\n", None), ("(ooh) ", None), ("three\n", 9.0), ("four", 7.0))
    )

    assert [(line.start, line.text) for line in timed.lines] == [
        (5.0, "one"),
        (5.0, "two"),
        (9.0, "(ooh) three"),
        (9.0, "four"),
    ]


def test_a_file_begins_with_the_title() -> None:
    """Its brackets and line breaks would end the tag."""
    timed = align_lines(words(("one", 3599.999)))

    assert timed.to_lrc("Har]b\n[our") == "[ti:Har b our]\n[60:00.00]one\n"


def test_lyrics_cannot_pretend_to_be_times() -> None:
    """A time within a text would be taken for another line by players."""
    timed = align_lines(words(("[00:00.00] one [99:00]two", 1.0)))

    assert timed.to_lrc() == "[00:01.00]one two\n"
    assert timed.sections == ()


@given(st.lists(st.builds(TimedWord, st.text(), st.none() | st.floats(0, 86_400))))
def test_every_file_has_one_line_for_each_line_and_times_never_go_back(
    each: list[TimedWord],
) -> None:
    """Whatever the words are."""
    timed = align_lines(each)
    lines = timed.to_lrc("title").split("\n")

    assert len(lines) == len(timed.lines) + 2
    assert len(timed.lines) <= MAX_LINES
    assert all(re.match(r"\[\d{2,}:\d\d\.\d\d\]", line) for line in lines[1:-1])
    starts = [line.start for line in timed.lines]
    assert starts == sorted(starts)
    assert all(line.text.strip() for line in timed.lines)


def test_a_line_of_a_file_has_one_time() -> None:
    """Also where the removal of a time from a word would leave another one."""
    timed = align_lines(words(("la [0:[0:00]00] la [[[1:02.5]1:02]1:02]", 1.0)))
    assert len(re.findall(r"\[\d+:\d\d", timed.to_lrc())) == 1
