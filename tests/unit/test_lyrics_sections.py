"""The menu of a lyrics reader: its pages, named by their sections."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.i18n.catalog import catalog_for
from bot.relay.timed_lyrics import TimedLine
from bot.ui.escaping import escape
from bot.ui.limits import MAX_OPTION_TEXT, MAX_OPTIONS
from bot.ui.lyrics import split_text
from bot.ui.lyrics_sections import page_of, page_options, section_options, timed_version
from tests.support.hostile import LONG_TEXTS

CATALOG = catalog_for("en-US")


@pytest.mark.parametrize(
    ("text", "label", "description"),
    [
        ("[Verse 1]\nPaper boats", "1. [Verse 1]", "Paper boats"),
        (
            "[Intro]\n\n[Verse 1]\nPaper boats\n[Chorus]",
            "1. [Intro] · [Verse 1] · [Chorus]",
            "Paper boats",
        ),
        ("【主歌】\n纸船漂过长长的河", "1. 【主歌】", "纸船漂过长长的河"),
        ("Paper *boats*\n[and more", "1. Paper *boats*", None),
        ("[Outro]", "1. [Outro]", None),
    ],
)
def test_a_page_is_named_by_its_sections(text: str, label: str, description: str | None) -> None:
    """And described by its first words, as they look; without sections, these are the name."""
    option, _ = page_options([escape(text), "more"], 0, CATALOG)
    assert (option.label, option.description) == (label, description)
    assert (option.value, option.default) == ("0", True)


def test_options_stand_for_several_pages_where_there_are_too_many() -> None:
    """They open the first of them; that with the current page is chosen."""
    texts = [f"[Verse {number}]\nla" for number in range(1, 36)]
    options = page_options([escape(text) for text in texts], 3, CATALOG)
    assert len(options) == 18
    assert options[1].label == "3–4. [Verse 3] · [Verse 4]"
    assert options[-1].label == "35. [Verse 35]"
    assert [option.value for option in options if option.default] == ["2"]


@given(text=LONG_TEXTS, limit=st.integers(2, 400), data=st.data())
def test_any_lyrics_fit_in_a_menu(text: str, limit: int, data: st.DataObject) -> None:
    """Every option is within Discord's limits, and one is chosen."""
    pages = split_text(escape(text), limit) or ["la"]
    current = data.draw(st.integers(0, len(pages) - 1))
    options = page_options(pages, current, CATALOG)
    assert 1 <= len(options) <= MAX_OPTIONS
    assert len({option.value for option in options}) == len(options)
    assert sum(option.default for option in options) == 1
    for option in options:
        assert 1 <= len(option.label) <= MAX_OPTION_TEXT
        assert option.description is None or 1 <= len(option.description) <= MAX_OPTION_TEXT


def timed(*sections: tuple[float, str]) -> list[TimedLine]:
    """Return when some sections begin."""
    return [TimedLine(start, text) for start, text in sections]


def test_each_section_is_named_with_its_time() -> None:
    """Where the relay has timed it; a section that comes again has its own time."""
    pages = {
        2: escape("[Verse 1]:\nPaper boats\n\n[Chorus]\nRow"),
        3: escape("[Solo]\n[Chorus]\nRow"),
    }
    times = timed((2.4, "[verse 1]"), (48.9, "[Chorus]"), (90.0, "[Bridge]"), (122.0, "[Chorus]"))
    options = section_options(pages, times, 1)
    assert [(each.label, each.description) for each in options] == [
        ("Verse 1 · 0:02", "Paper boats"),
        ("Chorus · 0:48", "Row"),
        ("Solo", None),
        ("Chorus · 2:02", "Row"),
    ]
    assert [page_of(each.value) for each in options] == [2, 2, 3, 3]
    assert timed_version(options) == 1


def test_without_a_time_there_is_no_menu_of_sections() -> None:
    """Nor are the options of pages taken for one."""
    assert section_options({0: escape("[Verse]\nla")}, timed((1.0, "[Chorus]")), 0) == []
    assert section_options({}, timed((1.0, "[Chorus]")), 0) == []
    assert timed_version(page_options(["[Verse]\nla", "la"], 0, CATALOG)) is None
    assert timed_version([]) is None


@given(texts=st.lists(LONG_TEXTS, max_size=4), headings=st.lists(LONG_TEXTS, max_size=60))
def test_any_sections_fit_in_a_menu(texts: list[str], headings: list[str]) -> None:
    """Whatever the relay calls them, and however many there are after the one that it has timed."""
    sung = [f"[{heading}]" for heading in headings]
    pages = {
        number: escape("\n".join(["[Chorus]", text, *sung])) for number, text in enumerate(texts)
    }
    options = section_options(pages, timed(*((9e9, each) for each in sung), (0.0, "[Chorus]")), 2)
    assert bool(options) == bool(texts)
    assert len(options) <= MAX_OPTIONS
    assert len({option.value for option in options}) == len(options)
    assert {page_of(option.value) for option in options} <= set(pages)
    for option in options:
        assert 1 <= len(option.label) <= MAX_OPTION_TEXT
        assert option.description is None or 1 <= len(option.description) <= MAX_OPTION_TEXT
        assert not option.default
