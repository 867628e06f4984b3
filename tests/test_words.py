import re
from pathlib import Path

import pytest

from bot.watching import errors
from bot.words import Words, languages, words_for

ROOT = Path(__file__).parents[1]


def test_a_locale_of_discord_finds_its_language() -> None:
    """`en-GB` speaks English; so does, for want of better, a language without a catalogue."""
    assert words_for("en-GB").language == "en"
    assert words_for("tlh").language == "en"
    assert words_for(None).language == "en"


def test_a_key_that_no_catalogue_has_is_an_error_of_ours() -> None:
    """It is found by a test, not by a person who reads the key."""
    with pytest.raises(LookupError, match="no-such-key"):
        words_for("en").say("no-such-key")


def test_a_value_that_is_missing_is_an_error_of_ours() -> None:
    """No text with a hole is ever sent."""
    with pytest.raises(ValueError, match="watch-watching"):
        words_for("en").say("watch-watching")


def test_a_value_goes_into_its_text_as_it_is() -> None:
    """No invisible isolation characters are put around it."""
    assert "`abc`" in words_for("en").say("watch-watching", id="`abc`")


def keys_in_the_code() -> set[str]:
    """Return every literal key that the code asks for."""
    files = [*ROOT.glob("bot/**/*.py"), *ROOT.glob("cogs/*.py")]
    code = "\n".join(path.read_text(encoding="utf-8") for path in files)
    spoken = re.findall(r'(?:say|_text)\(\s*"([a-z][a-z-]+)"', code)
    return set(spoken) | set(re.findall(r'"((?:watch|notice|card|lyrics|list)-[a-z-]+)"', code))


@pytest.mark.parametrize("language", sorted(languages()))
def test_every_key_that_the_code_asks_for_is_there(language: str) -> None:
    """In every language."""
    words = Words(language)
    missing = [key for key in sorted(keys_in_the_code()) if key not in words]
    assert missing == []


def test_every_error_that_may_be_shown_has_its_text() -> None:
    """A person never reads the name of a class."""
    shown = errors.WatchError.__subclasses__()
    assert shown
    assert [error.key for error in shown if error.key not in words_for("en")] == []
