"""The Fluent catalogues: their keys, variants and values, and the loading of languages."""

import itertools
import re
from collections.abc import Iterator
from functools import cache

import discord
import pytest
from fluent.syntax import FluentParser, ast
from fluent.syntax.visitor import Visitor

from bot.i18n.catalog import catalog_for, catalog_in, languages, mention_commands
from bot.storage import errors
from bot.ui.permissions import posting_permissions
from tests.support.paths import ROOT


def test_each_discord_locale_has_a_language() -> None:
    """`en-GB` uses English, and so does a locale without a catalogue."""
    assert catalog_for("en-GB").language == "en"
    assert catalog_for("zh-CN").language == "zh-CN"
    assert catalog_for("tlh").language == "en"
    assert catalog_for(None).language == "en"


def test_a_language_is_read_once_for_all_its_locales() -> None:
    """All locales of a language share one catalogue object."""
    assert catalog_for("en-GB") is catalog_for("tlh") is catalog_for("en")
    assert catalog_for("zh-TW") is catalog_for("zh-CN")


@pytest.mark.parametrize("locale", ["zh-TW", "zh-HK", "zh"])
def test_every_chinese_locale_uses_the_chinese_catalogue(locale: str) -> None:
    """Traditional Chinese locales use the simplified catalogue rather than English."""
    assert catalog_for(locale).language == "zh-CN"


def test_lists_are_separated_by_the_language() -> None:
    """English lists use a comma and a space, Chinese lists the enumeration comma."""
    assert catalog_for("en").listed(["one", "two"]) == "one, two"
    assert catalog_for("zh-CN").listed(["一", "二"]) == "一、二"


def test_an_unknown_key_raises() -> None:
    """A key that no catalogue contains raises an error."""
    with pytest.raises(LookupError, match="no-such-key"):
        catalog_for("en").text("no-such-key")


def test_a_missing_value_raises() -> None:
    """A text with an unresolved variable raises an error instead of being sent."""
    with pytest.raises(ValueError, match="unwatch-done"):
        catalog_for("en").text("unwatch-done")


def test_values_are_inserted_without_isolation_characters() -> None:
    """Fluent's invisible bidi isolation characters are disabled."""
    assert "`abc`" in catalog_for("en").text("unwatch-done", tasks="`abc`")


@cache
def python_code() -> str:
    """Return the source text of all modules that use the catalogues."""
    files = [*ROOT.glob("bot/**/*.py"), *ROOT.glob("cogs/*.py")]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def keys_in_the_code() -> set[str]:
    """Return every literal key that the code uses."""
    code = python_code()
    used = set(re.findall(r'(?:\.text|localized)\(\s*"([a-z][a-z-]+)"', code))
    for command in re.findall(r'subcommand\("([a-z]+)"', code):
        used |= {f"command-{command}", f"command-{command}-name"}
    # The kind of a custom id is no key.
    others = re.findall(r'(?<!kind = )"((?:watch|notice|card|lyrics|list)-[a-z-]+)"', code)
    return used | set(others)


def key_patterns_in_the_code() -> set[str]:
    """Return a pattern for each string of the code that may be a key, or build one."""
    patterns: set[str] = set()
    for line in python_code().splitlines():
        for text in re.findall(r"""["']((?:[a-z-]|\{[^{}]*\})+)["']""", line):
            fixed = re.sub(r"\{[^{}]*\}", "*", text)
            if re.search("[a-z]-|-[a-z]", fixed):  # a key has several words, one of them fixed
                patterns.add(fixed.replace("*", "[a-z-]+"))
    return patterns


def test_every_key_is_used() -> None:
    """Each key stands in the code as a whole, or fits a string that the code builds keys with."""
    patterns = re.compile("|".join(key_patterns_in_the_code()))
    assert [key for key in messages("en") if not patterns.fullmatch(key)] == []


@pytest.mark.parametrize("language", sorted(languages()))
def test_every_key_that_the_code_uses_exists(language: str) -> None:
    """Every language has all keys that the code uses."""
    catalog = catalog_in(language)
    missing = [key for key in sorted(keys_in_the_code()) if key not in catalog]
    assert missing == []


def test_every_user_facing_error_has_a_text() -> None:
    """Every error that a command may reply with has a text of its own."""
    shown = errors.WatchError.__subclasses__()
    assert shown
    assert [error.key for error in shown if error.key not in catalog_for("en")] == []


@pytest.mark.parametrize("language", sorted(languages()))
def test_every_permission_has_its_name_in_discord(language: str) -> None:
    """Every permission that a channel or thread may lack has a name in each language."""
    none = discord.Permissions.none()
    needed = {name for kind in discord.ChannelType for name in posting_permissions(none, kind)}
    names = [f"permission-{name}" for name in sorted(needed | {"embed-links"})]
    assert [name for name in names if name not in catalog_in(language)] == []


CATALOGUES = ROOT / "bot/i18n"
OTHERS = sorted(languages() - {"en"})
PLURALS = {"zero", "one", "two", "few", "many", "other"}

SAMPLES: dict[str, str] = {
    "id": "`abc-1`",
    "task": "`abc-1`",
    "tasks": "`abc-1`",
    "told": "好的。",
    "details": "好的。",
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
    """Collects the variables, literals and choices of a message."""

    def __init__(self, part: ast.BaseNode) -> None:
        self.variables: set[str] = set()
        self.texts: list[str] = []
        self.commands: list[str] = []
        self.selections: list[tuple[str, ast.SelectExpression]] = []
        self.visit(part)

    def visit_VariableReference(self, node: ast.VariableReference) -> None:  # noqa: N802 # Fluent's
        """Record a variable that is inserted or selected by."""
        self.variables.add(node.id.name)

    def visit_TextElement(self, node: ast.TextElement) -> None:  # noqa: N802 # Fluent's
        """Record a literal text."""
        self.texts.append(node.value)

    def visit_FunctionReference(self, node: ast.FunctionReference) -> None:  # noqa: N802 # Fluent's
        """Record a command that is named."""
        assert node.id.name == "COMMAND"
        (name,) = node.arguments.positional
        assert isinstance(name, ast.StringLiteral)
        self.commands.append(name.value)

    def visit_SelectExpression(self, node: ast.SelectExpression) -> None:  # noqa: N802 # Fluent's
        """Record a selection and visit its variants."""
        assert isinstance(node.selector, ast.VariableReference)
        self.selections.append((node.selector.id.name, node))
        self.generic_visit(node)


def variant_name(variant: ast.Variant) -> str:
    """Return the name of a variant: ``other``, ``yes``, ``1``."""
    key = variant.key
    return key.name if isinstance(key, ast.Identifier) else key.value


def is_plural(selection: ast.SelectExpression) -> bool:
    """Whether a selection is a plural, by number."""
    return any(variant_name(v) in PLURALS or variant_name(v).isdigit() for v in selection.variants)


def choices(message: ast.Message) -> dict[tuple[str, str], set[str]]:
    """Return the values that each variant of a selection by word needs, without numbers."""
    return {
        (variable, variant_name(variant)): Parts(variant.value).variables
        for variable, selection in Parts(message).selections
        if not is_plural(selection)
        for variant in selection.variants
    }


def variant_values(message: ast.Message, numbers: set[str]) -> Iterator[dict[str, str | int]]:
    """Yield values for a message so that each of its variants is rendered."""
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
def number_variables(name: str) -> set[str]:
    """Return the variables of a message that are numbers, in any language."""
    named = {"number", "total", "count", "limit", "ready", "done"}
    found = (Parts(messages(language)[name]).selections for language in sorted(languages()))
    selected = {variable for one in found for variable, node in one if is_plural(node)}
    return selected | named


@cache
def renderings(name: str, language: str) -> list[str]:
    """Return every rendering of a message with sample values."""
    catalog, message = catalog_for(language), messages(language)[name]
    return [
        catalog.text(name, **values) for values in variant_values(message, number_variables(name))
    ]


@pytest.mark.parametrize("language", OTHERS)
def test_a_language_has_the_same_files_and_keys_as_english(language: str) -> None:
    """Each English file has a counterpart with the same keys."""
    for path in sorted((CATALOGUES / "en").glob("*.ftl")):
        other = CATALOGUES / language / path.name
        assert other.exists(), f"{language} lacks {path.name}"
        english, others = (
            re.findall(r"^([a-z-]+) =", p.read_text("utf-8"), re.M) for p in (path, other)
        )
        assert sorted(others) == sorted(english), path.name
    assert messages(language).keys() == messages("en").keys()


@pytest.mark.parametrize("language", OTHERS)
def test_a_text_uses_the_variables_of_the_english_one(language: str) -> None:
    """Every variant uses the same variables as its English counterpart."""
    for name, english in messages("en").items():
        other = messages(language)[name]
        assert Parts(other).variables == Parts(english).variables, name
        assert choices(other) == choices(english), name


@pytest.mark.parametrize("language", sorted(languages()))
def test_every_variant_of_a_text_can_be_rendered(language: str) -> None:
    """Every variant renders for every number and is never empty."""
    for name in messages(language):
        texts = renderings(name, language)
        assert texts, name
        assert [text for text in texts if not text.strip() or "{" in text] == [], name


def test_chinese_plurals_have_one_form() -> None:
    """Chinese plurals have only exact numbers and `other`, which contains the number."""
    for name, message in messages("zh-CN").items():
        for variable, selection in Parts(message).selections:
            if is_plural(selection):
                names = [variant_name(variant) for variant in selection.variants]
                assert [one for one in names if not one.isdigit()] == ["other"], name
                assert variable in Parts(selection.variants[-1].value).variables, name


@pytest.mark.parametrize("language", sorted(languages()))
def test_no_line_breaks_within_a_link_that_plays(language: str) -> None:
    """A sign at the end of a line says nothing without the number on the next one."""
    names = [name for name in messages(language) if re.match("card-button-(listen|preview)", name)]
    assert len(names) == 4
    assert [text for name in names for text in renderings(name, language) if " " in text] == []


@pytest.mark.parametrize("name", ["none-server", "use-server", "none-own", "use-own"])
def test_the_panels_of_accounts_say_what_is_charged(name: str) -> None:
    """Before a key is connected, and afterwards: not only what can be watched with it."""
    assert "pays for what" in catalog_for("en").text(f"account-{name}")
    assert "创作的费用" in catalog_for("zh-CN").text(f"account-{name}")


def test_plurals_follow_the_language() -> None:
    """English has a singular and a plural form, Chinese has one form."""
    english, chinese = catalog_for("en"), catalog_for("zh-CN")
    assert english.text("list-title", count=1) == "You're watching 1 task"
    assert english.text("list-title", count=2) == "You're watching 2 tasks"
    assert chinese.text("list-title", count=1) == "你关注了 1 个任务"
    one, two = (chinese.text("notice-more-watchers", number=number) for number in (1, 2))
    assert two == one.replace("1", "2")


SUNO_COMMANDS = (
    *("status", "watch", "unwatch", "list", "lyrics", "history", "inbox", "help", "forget"),
    *("language", "account", "create", "compose", "write"),
)

FOREIGN = {
    "Suno",
    "Bot",
    "Discord",
    "API",
    "ID",
    "WAV",
    "Verse",
    "Chorus",
    "suno",
    "everyone",
    "here",
}
"""What stays as it is in a Chinese text."""


def test_chinese_texts_contain_no_untranslated_english() -> None:
    """Chinese texts contain only the names of products and music terms in English."""
    for name, message in messages("zh-CN").items():
        prose = re.sub("`[^`]*`", "", " ".join(Parts(message).texts))
        written = set(re.findall("[A-Za-z]+", prose))
        allowed = FOREIGN | ({"id"} if name.endswith("-name") else set())
        assert written <= allowed, name


def test_chinese_texts_follow_chinese_typography() -> None:
    """Punctuation is full-width, and a space separates Chinese from Latin text or numbers."""
    chinese, latin, narrow = "[\u4e00-\u9fff]", "[A-Za-z0-9]", "[,;:?!()]"
    crowded = re.compile(f"{chinese}{latin}|{latin}{chinese}|{chinese}{narrow}|{narrow}{chinese}")
    for name in messages("zh-CN"):
        if not name.endswith("-name"):
            texts = [re.sub("`[^`]*`", "code", text) for text in renderings(name, "zh-CN")]
            assert [text for text in texts if crowded.search(text)] == [], name


@pytest.mark.parametrize("language", sorted(languages()))
def test_texts_mention_only_existing_commands(language: str) -> None:
    """Texts mention commands by their registered names in that language."""
    keys = [key for key in messages(language) if re.fullmatch("command-[a-z]+-name", key)]
    names = {catalog_for(language).text(key) for key in keys}
    texts = [text for key in messages(language) for text in renderings(key, language)]
    named = {command for text in texts for command in re.findall("/suno ([^`\\s]+)", text)}
    assert named <= names


@pytest.mark.parametrize("language", sorted(languages()))
def test_texts_mention_the_commands_of_the_english_ones(language: str) -> None:
    """Every mentioned command exists, and both languages mention the same."""
    mentioned = {name: Parts(message).commands for name, message in messages(language).items()}
    commands = {f"suno {name}" for name in SUNO_COMMANDS} | {
        f"suno-settings {name}" for name in ("panel", "health", "reset", "relay", "create")
    }
    assert {command for each in mentioned.values() for command in each} <= commands
    for name, english in messages("en").items():
        assert sorted(mentioned[name]) == sorted(Parts(english).commands), name


def test_a_command_is_mentioned_once_its_id_is_known() -> None:
    """Before that it is plain text, by its name in the language of the text."""
    catalog = catalog_for("zh-CN")
    assert "`/suno 关注`" in catalog.text("list-empty")
    mention_commands({"suno": 5})
    assert "</suno watch:5>" in catalog.text("list-empty")
