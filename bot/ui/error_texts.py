"""What people are told about errors: the one mapping from an error to a text."""

from datetime import datetime

import discord

from bot.i18n.catalog import Catalog
from bot.relay.errors import RelayError
from bot.storage.errors import WatchError
from bot.ui.escaping import code_span

MAX_QUOTE = 60
"""Code points of what a person typed that an error text repeats."""


def error_text(error: Exception, catalog: Catalog) -> str:
    """Return what a person is told about an error; never its inner text, unless it is ours."""
    if isinstance(error, RelayError):
        return catalog.text(f"relay-error-{error.kind.value.replace('_', '-')}")
    if isinstance(error, WatchError):
        return catalog.text(error.key, **_safe_values(error))
    if isinstance(error, discord.app_commands.TransformerError):
        return catalog.text("error-option")
    return catalog.text("error-unexpected")


def _safe_values(error: WatchError) -> dict[str, str | int]:
    """Return the values of an error, with what a person typed made harmless."""
    return {name: _safe_value(value) for name, value in error.values.items()}


def _safe_value(value: str | int | datetime) -> str | int:
    if isinstance(value, datetime):
        return discord.utils.format_dt(value, "R")
    return code_span(value, limit=MAX_QUOTE) if isinstance(value, str) else value
