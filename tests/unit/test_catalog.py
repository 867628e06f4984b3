import itertools
import re
from collections.abc import Iterator
from functools import cache

import discord
import pytest
from fluent.syntax import FluentParser, ast
from fluent.syntax.visitor import Visitor

from bot.i18n.catalog import catalog_for, catalog_in, languages
from bot.storage import errors
from bot.ui.permissions import posting_permissions
from tests.support.paths import ROOT


def test_a_locale_of_discord_finds_its_language() -> None:
    """`en-GB` speaks English; so does, for want of better, a language without a catalogue."""
    assert catalog_for("en-GB").language == "en"
    assert catalog_for("zh-CN").language == "zh-CN"
    assert catalog_for("tlh").language == "en"
    assert catalog_for(None).language == "en"


def test_a_language_is_read_once_for_all_its_locales() -> None:
    """Discord has thirty locales, and the names of the commands are looked up for each."""
    assert catalog_for("en-GB") is catalog_for("tlh") is catalog_for("en")
    assert catalog_for("zh-TW") is catalog_for("zh-CN")


@pytest.mark.parametrize("locale", ["zh-TW", "zh-HK", "zh"])
def test_every_chinese_is_rather_spoken_to_in_chinese_than_in_english(locale: str) -> None:
    """Simplified characters are nearer than another language."""
    assert catalog_for(locale).language == "zh-CN"


def test_a_list_is_separated_as_the_language_does_it() -> None:
    """Commas and blanks in English, the small comma of lists in Chinese."""
    assert catalog_for("en").listed(["one", "two"]) == "one, two"
    assert catalog_for("zh-CN").listed(["一", "二"]) == "一、二"


def test_a_key_that_no_catalogue_has_is_an_error_of_ours() -> None:
    """It is found by a test, not by a person who reads the key."""
    with pytest.raises(LookupError, match="no-such-key"):
        catalog_for("en").text("no-such-key")


def test_a_value_that_is_missing_is_an_error_of_ours() -> None:
    """No text with a hole is ever sent."""
    with pytest.raises(ValueError, match="watch-watching"):
        catalog_for("en").text("watch-watching")


def test_a_value_goes_into_its_text_as_it_is() -> None:
    """No invisible isolation characters are put around it."""
    assert "`abc`" in catalog_for("en").text("watch-watching", id="`abc`")


def keys_in_the_code() -> set[str]:
    """Return every literal key that the code asks for."""
    files = [*ROOT.glob("bot/**/*.py"), *ROOT.glob("cogs/*.py")]
    code = "\n".join(path.read_text(encoding="utf-8") for path in files)
    asked = set(re.findall(r'(?:\.text|localized)\(\s*"([a-z][a-z-]+)"', code))
    for command in re.findall(r'subcommand\("([a-z]+)"', code):
        asked |= {f"command-{command}", f"command-{command}-name"}
    # The kind of a custom id is no key.
    others = re.findall(r'(?<!kind = )"((?:watch|notice|card|lyrics|list)-[a-z-]+)"', code)
    return asked | set(others)


@pytest.mark.parametrize("language", sorted(languages()))
def test_every_key_that_the_code_asks_for_is_there(language: str) -> None:
    """In every language."""
    catalog = catalog_in(language)
    missing = [key for key in sorted(keys_in_the_code()) if key not in catalog]
    assert missing == []


def test_every_error_that_may_be_shown_has_its_text() -> None:
    """A person never reads the name of a class."""
    shown = errors.WatchError.__subclasses__()
    assert shown
    assert [error.key for error in shown if error.key not in catalog_for("en")] == []


@pytest.mark.parametrize("language", sorted(languages()))
def test_every_permission_has_the_name_that_discord_shows(language: str) -> None:
    """Whatever a notice may lack, in a channel and in a thread."""
    none = discord.Permissions.none()
    needed = {
        name for thread in (True, False) for name in posting_permissions(none, in_thread=thread)
    }
    names = [f"permission-{name}" for name in sorted(needed | {"embed-links"})]
    assert [name for name in names if name not in catalog_in(language)] == []


CATALOGUES = ROOT / "bot/i18n"
OTHERS = sorted(languages() - {"en"})
PLURALS = {"zero", "one", "two", "few", "many", "other"}

SAMPLES: dict[str, str] = {
    "id": "`abc-1`",
    "given": "`abc-1`",
    "title": "Paper Boats",
    "place": "<#5>",
    "channel": "<#5>",
    "user": "<@5>",
    "watchers": "<@5>",
    "text": "好的。",
    "url": "https://example.com/1",
    "since": "<t:1:R>",
    "time": "<t:1:R>",
}
"""What the code puts into a text; every other value is a word."""


@cache
def messages(language: str) -> dict[str, ast.Message]:
    """Return the messages of a catalogue, of all its files."""
    found: dict[str, ast.Message] = {}
    for path in sorted((CATALOGUES / language).glob("*.ftl")):
        for entry in FluentParser().parse(path.read_text(encoding="utf-8")).body:
            assert not isinstance(entry, ast.Junk), f"{path.name}: {entry.content}"
            if isinstance(entry, ast.Message):
                assert entry.id.name not in found, f"{entry.id.name} is there twice"
                found[entry.id.name] = entry
    return found


class Parts(Visitor):
    """What a part of a message is made of."""

    def __init__(self, part: ast.BaseNode) -> None:
        self.variables: set[str] = set()
        self.texts: list[str] = []
        self.selections: list[tuple[str, ast.SelectExpression]] = []
        self.visit(part)

    def visit_VariableReference(self, node: ast.VariableReference) -> None:  # noqa: N802 # Fluent's
        """Note a value that is put in or asked about."""
        self.variables.add(node.id.name)

    def visit_TextElement(self, node: ast.TextElement) -> None:  # noqa: N802 # Fluent's
        """Note what stands there literally."""
        self.texts.append(node.value)

    def visit_SelectExpression(self, node: ast.SelectExpression) -> None:  # noqa: N802 # Fluent's
        """Note a choice, and go on inside it."""
        assert isinstance(node.selector, ast.VariableReference)
        self.selections.append((node.selector.id.name, node))
        self.generic_visit(node)


def name_of(variant: ast.Variant) -> str:
    """Return what a variant stands for: ``other``, ``yes``, ``1``."""
    key = variant.key
    return key.name if isinstance(key, ast.Identifier) else key.value


def is_plural(selection: ast.SelectExpression) -> bool:
    """Whether a choice is one of number."""
    return any(name_of(v) in PLURALS or name_of(v).isdigit() for v in selection.variants)


def choices(message: ast.Message) -> dict[tuple[str, str], set[str]]:
    """Return the values that each variant of a choice by word needs; numbers are left out."""
    return {
        (variable, name_of(variant)): Parts(variant.value).variables
        for variable, selection in Parts(message).selections
        if not is_plural(selection)
        for variant in selection.variants
    }


def ways_to_say(message: ast.Message, numbers: set[str]) -> Iterator[dict[str, str | int]]:
    """Yield values for a message, so that each of its variants is said."""
    parts = Parts(message)
    options: dict[str, list[str | int]] = {}
    for name in parts.variables:
        if name in numbers:
            options[name] = [0, 1, 2, 5, 11, 1000]
        else:
            catalog = {variant for variable, variant in choices(message) if variable == name}
            options[name] = [*sorted(catalog)] or [SAMPLES.get(name, "词")]
    for values in itertools.product(*options.values()):
        yield dict(zip(options, values, strict=True))


@cache
def numbers_in(name: str) -> set[str]:
    """Return the values of a message that are numbers, in any language."""
    named = {"number", "total", "count", "limit", "ready", "done"}
    found = (Parts(messages(language)[name]).selections for language in sorted(languages()))
    selected = {variable for one in found for variable, node in one if is_plural(node)}
    return selected | named


@cache
def said(name: str, language: str) -> list[str]:
    """Return all that a message can say, with samples of its values."""
    catalog, message = catalog_for(language), messages(language)[name]
    return [catalog.text(name, **values) for values in ways_to_say(message, numbers_in(name))]


@pytest.mark.parametrize("language", OTHERS)
def test_a_language_has_the_same_files_and_keys_as_english(language: str) -> None:
    """Two files can be read side by side."""
    for path in sorted((CATALOGUES / "en").glob("*.ftl")):
        other = CATALOGUES / language / path.name
        assert other.exists(), f"{language} lacks {path.name}"
        english, others = (
            re.findall(r"^([a-z-]+) =", p.read_text("utf-8"), re.M) for p in (path, other)
        )
        assert sorted(others) == sorted(english), path.name
    assert messages(language).keys() == messages("en").keys()


@pytest.mark.parametrize("language", OTHERS)
def test_a_text_says_as_much_as_the_english_one(language: str) -> None:
    """Every value that goes into one goes into the other, in every variant."""
    for name, english in messages("en").items():
        other = messages(language)[name]
        assert Parts(other).variables == Parts(english).variables, name
        assert choices(other) == choices(english), name


@pytest.mark.parametrize("language", sorted(languages()))
def test_every_text_can_be_said_with_any_values(language: str) -> None:
    """Every variant of it, for every number, and it is never empty."""
    for name in messages(language):
        texts = said(name, language)
        assert texts, name
        assert [text for text in texts if not text.strip() or "{" in text] == [], name


def test_a_chinese_number_has_one_form() -> None:
    """Chinese knows no singular: but for an exact number there is only `other`, and it counts."""
    for name, message in messages("zh-CN").items():
        for variable, selection in Parts(message).selections:
            if is_plural(selection):
                names = [name_of(variant) for variant in selection.variants]
                assert [one for one in names if not one.isdigit()] == ["other"], name
                assert variable in Parts(selection.variants[-1].value).variables, name


def test_a_number_is_said_as_the_language_counts() -> None:
    """One task, two tasks; one song without a word of versions."""
    english, chinese = catalog_for("en"), catalog_for("zh-CN")
    assert english.text("list-title", count=1) == "You are watching 1 task"
    assert english.text("list-title", count=2) == "You are watching 2 tasks"
    assert chinese.text("list-title", count=1) == "你关注了 1 个任务"
    one, two = (chinese.text("notice-song-done", total=n, title="纸船") for n in (1, 2))
    assert "版本" not in one
    assert "共 2 个版本" in two


FOREIGN = {"Suno", "Bot", "Discord", "ID", "Verse", "Chorus", "suno"}
"""What stays as it is in a Chinese text."""


def test_nothing_english_is_left_in_chinese() -> None:
    """Names of products stay, and what musicians write into lyrics."""
    for name, message in messages("zh-CN").items():
        written = set(re.findall("[A-Za-z]+", " ".join(Parts(message).texts)))
        allowed = FOREIGN | ({"id"} if name.endswith("-name") else set())
        assert written <= allowed, name


def test_chinese_is_set_as_chinese() -> None:
    """Punctuation is wide, and a blank stands between Chinese and Latin letters or numbers."""
    chinese, latin, narrow = "[\u4e00-\u9fff]", "[A-Za-z0-9]", "[,;:?!()]"
    crowded = re.compile(f"{chinese}{latin}|{latin}{chinese}|{chinese}{narrow}|{narrow}{chinese}")
    for name in messages("zh-CN"):
        if not name.endswith("-name"):
            texts = [re.sub("`[^`]*`", "code", text) for text in said(name, "zh-CN")]
            assert [text for text in texts if crowded.search(text)] == [], name


@pytest.mark.parametrize("language", sorted(languages()))
def test_a_text_names_only_commands_that_there_are(language: str) -> None:
    """By the name under which people find them in this language."""
    keys = [key for key in messages(language) if re.fullmatch("command-[a-z]+-name", key)]
    names = {catalog_for(language).text(key) for key in keys}
    texts = [text for key in messages(language) for text in said(key, language)]
    named = {command for text in texts for command in re.findall("/suno ([^`\\s]+)", text)}
    assert named
    assert named <= names
