"""Renders the menu with which people choose the language of the answers to them."""

import discord

from bot.i18n.catalog import Catalog, catalog_for
from bot.ui.custom_ids import LanguageMenuId
from bot.ui.views import StatelessView

LANGUAGES = ("en-US", "zh-CN")
"""The locales to choose from, in servers too."""

_AUTOMATIC = "default"


def language_menu(current: str | None, catalog: Catalog) -> discord.ui.View:
    """Return the menu; ``current`` is the locale that was chosen, ``None`` without a choice."""
    labels = {_AUTOMATIC: catalog.text("language-automatic")}
    labels |= {locale: language_name(locale) for locale in LANGUAGES}
    view = StatelessView()
    view.add_item(
        discord.ui.Select(
            custom_id=LanguageMenuId().encode(),
            options=[
                discord.SelectOption(
                    label=label, value=value, default=value == (current or _AUTOMATIC)
                )
                for value, label in labels.items()
            ],
        )
    )
    return view


def chosen_language(value: str) -> str | None:
    """Return the locale of an option of the menu, ``None`` for the user's own."""
    return value if value in LANGUAGES else None


def language_name(locale: str) -> str:
    """Return the name of a language in that language."""
    return catalog_for(locale).text("language-name")


def language_text(language: str | None, catalog: Catalog) -> str:
    """Return what is said about a choice."""
    if language is None:
        return catalog.text("language-set-automatic")
    return catalog.text("language-set", language=language_name(language))
