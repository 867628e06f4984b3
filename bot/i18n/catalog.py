"""Looks up the texts that users read, in one catalogue per language (``en``, ``zh-CN``).

The catalogues are in Fluent's format. A text has a key; the values of its variables are passed by
name and must be escaped already (see ``ui.escaping``).

``{ COMMAND("suno watch") }`` names a command so that it can be clicked. Discord renders that in the
content of a message and in descriptions and fields of embeds, but not in titles, footers, labels
and code.
"""

from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from fluent.runtime import FluentBundle, FluentResource

FALLBACK = "en"
_CATALOGUES = Path(__file__).parent
MAX_CACHED_TEXTS = 1024
"""Formatted texts without string values that are cached."""

_command_ids: dict[str, int] = {}
"""The ids of the commands by their names; empty as long as Discord has not told them."""


class Catalog:
    """The texts of one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        functions: dict[str, Any] = {"COMMAND": self._command}  # fluent.runtime takes str too
        self._bundle = FluentBundle([language], use_isolating=False, functions=functions)
        self._constant_text = lru_cache(MAX_CACHED_TEXTS, typed=True)(self._format_constant)
        for path in sorted((_CATALOGUES / language).glob("*.ftl")):
            self._bundle.add_resource(FluentResource(path.read_text(encoding="utf-8")))

    def __contains__(self, key: str) -> bool:
        return self._bundle.has_message(key)

    def text(self, key: str, /, **values: str | int | float) -> str:
        """Return the text of ``key``.

        Raises ``LookupError`` for an unknown key and ``ValueError`` for a missing value: both are
        errors in the code.
        """
        if any(isinstance(value, str) for value in values.values()):
            return self._format(key, **values)
        return self._constant_text(key, tuple(_command_ids.items()), **values)

    def _format_constant(self, key: str, _: object, /, **values: str | int | float) -> str:
        """Format a text; the cache tells apart what the ids of the commands were."""
        return self._format(key, **values)

    def _format(self, key: str, /, **values: str | int | float) -> str:
        if key not in self:
            raise LookupError(f"no text named {key!r} in {self.language!r}")
        pattern = self._bundle.get_message(key).value
        if pattern is None:
            raise LookupError(f"the text named {key!r} in {self.language!r} is empty")
        text, errors = self._bundle.format_pattern(pattern, values)
        if errors:
            raise ValueError(f"text {key!r} cannot be formatted: {errors[0]}")
        return str(text)

    def _command(self, name: str) -> str:
        """Return a mention of a command by its English name; plain text while its id is unknown."""
        command, _, subcommand = name.partition(" ")
        if command_id := _command_ids.get(command):
            return f"</{name}:{command_id}>"
        return f"`/{command} {self.text(f'command-{subcommand}-name')}`"

    def listed(self, parts: Iterable[str]) -> str:
        """Return ``parts`` as a list in one text, with the separator of this language."""
        return self.text("list-separator").join(parts)


@cache
def languages() -> frozenset[str]:
    """Return the languages that have a catalogue."""
    return frozenset(path.name for path in _CATALOGUES.iterdir() if any(path.glob("*.ftl")))


@cache
def catalog_in(language: str) -> Catalog:
    """Return the catalogue of a language in ``languages()``; it is read once."""
    return Catalog(language)


@cache
def catalog_for(locale: str | None) -> Catalog:
    """Return the catalogue for a Discord locale such as ``zh-CN``, else the English one.

    A locale without a catalogue gets one of the same language: ``en`` for ``en-GB``, ``zh-CN`` for
    ``zh-TW``.
    """
    wanted = locale or FALLBACK
    if wanted in languages():
        return catalog_in(wanted)
    related = (name for name in sorted(languages()) if _language(name) == _language(wanted))
    return catalog_in(next(related, FALLBACK))


def mention_commands(ids: Mapping[str, int]) -> None:
    """Let the texts of all languages mention the commands with these ids, by their names."""
    _command_ids.clear()
    _command_ids.update(ids)


def _language(locale: str) -> str:
    return locale.partition("-")[0]
