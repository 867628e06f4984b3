"""Escaping of untrusted text, checked with a small model of Discord's Markdown."""

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.ui.escaping import (
    code_span,
    cut_position,
    escape,
    escape_line,
    safe_file_name,
    sanitize,
    sanitize_line,
    truncate,
)
from tests.support.hostile import LONG_TEXTS, TEXTS

ANYWHERE = re.compile(
    r"\*\*.+?\*\*|\*[^\s*].*?\*|__.+?__|_[^_]+?_|~~.+?~~|\|\|.+?\|\||(`+).+?\1"  # emphasis, code
    r"|\[[^\]]*\]\([^)]*\)"  # masked links
    r"|<(?:@[!&]?|#|/[^>]*:|id:|t:|a?:[^>]*:)[^>]*>|<[a-z][a-z0-9+.-]*:[^>]*>"  # mentions and links
    r"|[a-z][a-z0-9+.-]*://\S"  # bare links
    r"|:[^\s:]+:",  # emoji by name
    re.IGNORECASE | re.DOTALL,
)
AT_LINE_START = re.compile(r" *(?:#{1,3} |-# |[-*+] |[0-9]+[.)] |>(?:>>)? )")
IN_RAW_TEXT = re.compile(
    r"@(?:everyone|here)|<@[!&]?[0-9]+>|discord(?:app)?\.(?:gg|gift|com)/", re.IGNORECASE
)
"""What Discord's servers and clients look for before anything is rendered."""
ESCAPED = re.compile(r"\\([^0-9A-Za-z\s])")


def rendered(text: str) -> str:
    """Return the text that a reader sees; fail if any Markdown but an escape takes effect."""
    assert not IN_RAW_TEXT.search(text)
    shown, place = "", 0
    while place < len(text):
        escaped = ESCAPED.match(text, place)
        active = ANYWHERE.match(text, place)
        if place == 0 or text[place - 1] == "\n":
            active = active or AT_LINE_START.match(text, place)
        assert escaped or not active, f"{active} takes effect in {text!r}"
        shown += escaped[1] if escaped else text[place]
        place = escaped.end() if escaped else place + 1
    return shown.replace("\u200b", "")


@given(TEXTS)
def test_an_escaped_text_renders_literally(text: str) -> None:
    """Rendering an escaped text gives the sanitized text."""
    assert rendered(escape(text)) == sanitize(text)


@given(TEXTS, TEXTS, st.sampled_from(("**{}**", "{}: {}", "{} · {}", "-# {}\n{}", "> {}\n{}")))
def test_an_escaped_text_has_no_effect_inside_a_sentence(
    one: str, other: str, sentence: str
) -> None:
    """Mentions and invitations stay inactive, whatever text surrounds them."""
    assert not IN_RAW_TEXT.search(sentence.format(escape(one), escape(other)))


@settings(deadline=None)
@given(LONG_TEXTS, st.integers(1, 60))
def test_a_truncated_text_is_a_prefix(text: str, limit: int) -> None:
    """It is within the limit, ends in an ellipsis, and splits no escape sequence."""
    short = escape(text, limit=limit)
    assert len(short) <= limit
    if short != escape(text):
        assert short.endswith("…")
        assert sanitize(text).startswith(rendered(short[:-1]))


@given(TEXTS, st.integers(2, 30))
def test_every_piece_of_an_escaped_text_renders_literally(text: str, size: int) -> None:
    """Each piece between cut positions renders literally by itself."""
    rest, shown = escape(text), ""
    while rest:
        end = cut_position(rest, size)
        assert 0 < end <= size
        shown += rendered(rest[:end])
        rest = rest[end:]
    assert shown == sanitize(text)


@given(TEXTS)
def test_sanitizing_is_idempotent(text: str) -> None:
    """Sanitizing a sanitized text changes nothing."""
    assert sanitize(sanitize(text)) == sanitize(text)


@settings(deadline=None)
@given(LONG_TEXTS)
def test_sanitizing_removes_invisible_characters(text: str) -> None:
    """No control character, lone surrogate, bidi override or third line end remains."""
    cleaned = sanitize(text)
    assert not {"Cc", "Cs", "Zl", "Zp"} & set(map(unicodedata.category, cleaned.replace("\n", "")))
    assert not re.search(r"[\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]", cleaned)
    assert not re.search(r"\n\n\n|  |^\s|\s$", cleaned)


@settings(deadline=None)
@given(LONG_TEXTS, st.integers(1, 60))
def test_a_sanitized_line_ends_no_code_span(text: str, limit: int) -> None:
    """It is one line without backticks and mentions."""
    line = sanitize_line(text, limit=limit)
    assert len(line) <= limit
    assert "`" not in line
    assert "\n" not in line
    assert not re.search(r"@everyone|@here|<@[!&]?[0-9]", line, re.IGNORECASE)


@settings(deadline=None)
@given(LONG_TEXTS, st.integers(3, 60))
def test_a_code_span_is_never_empty_and_within_its_limit(text: str, limit: int) -> None:
    """Discord would show an empty code span as two backticks."""
    span = code_span(text, limit=limit)
    assert 3 <= len(span) <= limit
    assert span[0] == span[-1] == "`"


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("**bold** _it_ ~~no~~ ||s||", r"\*\*bold\*\* \_it\_ \~\~no\~\~ \|\|s\|\|"),
        ("[Verse]\nla", r"\[Verse\]" + "\nla"),
        ("[x](https://a.b)", r"\[x\](https\://a.b)"),
        ("<@1> <#2>", "\\<@\u200b1\\> \\<#2\\>".replace("#", r"\#")),
        ("# a\n-# b\n- c\n1. d\n> e", "\\# a\n\\-\\# b\n\\- c\n1\\. d\n\\> e"),
        ("ooh-ooh, 3.5, it's (fine)!", "ooh-ooh, 3.5, it's (fine)!"),
        ("a\\b", r"a\\b"),
        ("steam://run/1", r"steam\://run/1"),
        ("join discord.gg/abc", r"join discord\.gg/abc"),
        ("@everyone a@b.c", "@\u200beveryone a@b.c"),
    ],
    ids=lambda value: value[:12],
)
def test_plain_characters_are_not_escaped(text: str, escaped: str) -> None:
    """Ordinary punctuation stays unescaped, so that copied lyrics are readable."""
    assert escape(text) == escaped


@pytest.mark.parametrize(
    "text",
    [
        *("👨\u200d👩\u200d👧\u200d👦", "🏳\ufe0f\u200d🌈", "👍🏽", "🇩🇪", "1\ufe0f\u20e3"),
        "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        *("می\u200cخواهم", "क्\u200dष", "ශ්\u200dරී", "שָׁלוֹם", "สวัสดี", "ᠮᠣᠩᠭᠣᠯ\u180eᠠ", "a\n\nb"),
    ],
)
def test_scripts_and_emoji_are_kept(text: str) -> None:
    """Joiners are kept where a script or an emoji needs them."""
    assert sanitize(text) == text


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\x00b\x1b[0m", "ab[0m"),
        ("\u202egnp.exe\u2069", "gnp.exe"),
        ("e\u200dvery\u200cone", "everyone"),
        ("👨\u200d\u200d👩", "👨👩"),
        ("a\u200b\u2060\ufeff\u00adb", "ab"),
        ("\u3164\u2800\uffa0", ""),
        ("\ufe0f\u200d\ufe0f \U000e0100 ❤\ufe0f", "❤\ufe0f"),
        ("z" + "\u0335" * 50, "z" + "\u0335" * 6),
        ("\ud83d!\udc00", "!"),
        ("a\r\n\r\n\r\n\r\nb\u2028c\td  e ", "a\n\nb\nc d e"),
        ("hi\U000e0068\U000e0069", "hi"),
    ],
    ids=[
        "control",
        "direction",
        "joiner",
        "joiners",
        "invisible",
        "empty",
        "selectors",
        "zalgo",
        "half",
        "blank",
        "tag",
    ],
)
def test_disturbing_characters_are_removed(text: str, cleaned: str) -> None:
    """Only the disturbing characters are removed."""
    assert sanitize(text) == cleaned


@pytest.mark.parametrize(
    "character",
    ["e\u0301", "🇩🇪", "👍🏽", "👨\u200d👩\u200d👧", r"\*", "@\u200b"],
    ids=["accent", "flag", "skin", "family", "escape", "mention"],
)
def test_truncating_splits_no_visible_character(character: str) -> None:
    """The cut is before the first character that does not fit whole."""
    assert truncate(f"abc{character}def", 3 + len(character)) == "abc…"


def test_a_file_name_splits_no_visible_character() -> None:
    """And the number of a version stays whole."""
    name = safe_file_name("a" * 59 + "e\u0301", "lrc", fallback="lyrics", number=12)
    assert name == f"{'a' * 59}-12.lrc"


def test_a_character_longer_than_the_limit_is_cut_inside() -> None:
    """Every piece has at least one code point, so that splitting terminates."""
    assert cut_position("👨\u200d👩\u200d👧\u200d👦", 4) == 4
    assert cut_position(r"\*" + "\u0335" * 6, 3) == 3
    assert cut_position("\u0335" * 4 + r"\*", 5) == 4


def test_an_escaped_line_has_no_line_ends() -> None:
    """A title of a relay becomes one line."""
    assert escape_line("a\nb\n\n# c", limit=20) == r"a b \# c"


def test_an_empty_code_span_contains_a_dash() -> None:
    """A text without visible characters is shown as a dash."""
    assert code_span("\u200b") == "`–`"
