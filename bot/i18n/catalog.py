"""Everything said to people: one catalogue per language (``en``, ``zh-CN``), and the look-up.

The catalogues are in Fluent's format. A text is asked for by its key; what goes into it is passed
by name and must already be safe to show (see ``ui.escaping``).
"""

from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path

from fluent.runtime import FluentBundle, FluentResource

FALLBACK = "en"
_CATALOGUES = Path(__file__).parent
MAX_CACHED_TEXTS = 1024
"""Texts without words of others in them that are kept as they were last said."""


class Catalog:
    """What is said in one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._bundle = FluentBundle([language], use_isolating=False)
        self._constant_text = lru_cache(MAX_CACHED_TEXTS, typed=True)(self._format)
        for path in sorted((_CATALOGUES / language).glob("*.ftl")):
            self._bundle.add_resource(FluentResource(path.read_text(encoding="utf-8")))

    def __contains__(self, key: str) -> bool:
        return self._bundle.has_message(key)

    def text(self, key: str, /, **values: str | int | float) -> str:
        """Return the text of ``key``.

        Raises ``LookupError`` for a key that no catalogue has and ``ValueError`` for a value that
        the text wants and did not get: both are mistakes of ours, which the tests find.
        """
        if any(isinstance(value, str) for value in values.values()):
            return self._format(key, **values)
        return self._constant_text(key, **values)

    def _format(self, key: str, /, **values: str | int | float) -> str:
        if key not in self:
            raise LookupError(f"no text named {key!r} in {self.language!r}")
        pattern = self._bundle.get_message(key).value
        if pattern is None:
            raise LookupError(f"the text named {key!r} in {self.language!r} is empty")
        text, errors = self._bundle.format_pattern(pattern, values)
        if errors:
            raise ValueError(f"cannot say {key!r}: {errors[0]}")
        return str(text)

    def listed(self, parts: Iterable[str]) -> str:
        """Return ``parts`` as one text, separated as this language separates a list."""
        return self.text("list-separator").join(parts)


@cache
def languages() -> frozenset[str]:
    """Return the languages that have a catalogue."""
    return frozenset(path.name for path in _CATALOGUES.iterdir() if any(path.glob("*.ftl")))


@cache
def catalog_in(language: str) -> Catalog:
    """Return the words of a language that has a catalogue, read once: that takes its time."""
    return Catalog(language)


@cache
def catalog_for(locale: str | None) -> Catalog:
    """Return the words for a Discord locale such as ``zh-CN``, English where there are none.

    A locale without a catalogue of its own speaks the same language as elsewhere: ``en-GB`` has
    the words of ``en``, and ``zh-TW`` those of ``zh-CN``.
    """
    wanted = locale or FALLBACK
    if wanted in languages():
        return catalog_in(wanted)
    related = (name for name in sorted(languages()) if _language(name) == _language(wanted))
    return catalog_in(next(related, FALLBACK))


def _language(locale: str) -> str:
    return locale.partition("-")[0]
