"""The menu of a lyrics reader: its pages, named by their sections."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.i18n.catalog import catalog_for
from bot.ui.escaping import escape
from bot.ui.limits import MAX_OPTION_TEXT, MAX_OPTIONS
from bot.ui.lyrics import split_text
from bot.ui.lyrics_sections import page_options
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
