"""Translates the names and descriptions of commands with the catalogues."""

import discord
from discord import app_commands

from bot.i18n.catalog import FALLBACK, catalog_for


def localized(key: str) -> app_commands.locale_str:
    """Return the English text of ``key``, with the key by which the translator finds the others.

    Raises ``LookupError`` for a key that the English catalogue lacks.
    """
    return app_commands.locale_str(catalog_for(FALLBACK).text(key), key=key)


class CatalogTranslator(app_commands.Translator):
    """Finds the text of a ``localized`` key for each of Discord's locales."""

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,  # noqa: ARG002 # the key is enough
    ) -> str | None:
        """Return the text in the language of ``locale``; ``None`` for the English one.

        A text that a catalogue lacks is shown in English, so that the command still works.
        """
        catalog = catalog_for(locale.value)
        key = string.extras.get("key")
        if catalog.language == FALLBACK or not isinstance(key, str) or key not in catalog:
            return None
        return catalog.text(key)
