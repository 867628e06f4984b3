"""Names the pages of a lyrics reader by their sections, for the menu that opens them."""

import math
import re
from collections.abc import Iterator, Sequence

import discord

from bot.i18n.catalog import Catalog
from bot.ui.escaping import sanitize_line
from bot.ui.limits import MAX_OPTION_TEXT, MAX_OPTIONS
from bot.ui.task_text import join_parts

_HEADING = re.compile(r"[\[【(（].{1,60}[\]】)）]:?")
"""A line that names a section: ``[Verse 1]``, ``【主歌】``, ``(Chorus)``."""
_ESCAPE = re.compile(r"\\(.)")


def page_options(
    texts: Sequence[str], current: int, catalog: Catalog
) -> list[discord.SelectOption]:
    """Return at most 25 options that open the pages with these escaped texts.

    Each is labelled by the sections on its page, and described by their first words. If there are
    more pages, an option stands for several, and opens the first of them.
    """
    step = math.ceil(len(texts) / MAX_OPTIONS)
    return [
        _option(texts[first : first + step], first, current, catalog)
        for first in range(0, len(texts), step)
    ]


def _option(
    texts: Sequence[str], first: int, current: int, catalog: Catalog
) -> discord.SelectOption:
    lines = [line for text in texts for line in _plain_lines(text)]
    headings = [line.rstrip(":") for line in lines if _HEADING.fullmatch(line)]
    words = next((line for line in lines if not _HEADING.fullmatch(line)), "")
    last = first + len(texts) - 1
    number = f"{first + 1}" if first == last else f"{first + 1}–{last + 1}"
    title = join_parts(*headings) or words or catalog.text("card-lyrics")
    return discord.SelectOption(
        label=sanitize_line(f"{number}. {title}", limit=MAX_OPTION_TEXT),
        description=sanitize_line(words, limit=MAX_OPTION_TEXT) or None if headings else None,
        value=f"{first}",
        default=first <= current <= last,
    )


def _plain_lines(text: str) -> Iterator[str]:
    """Yield the lines of an escaped text as they look, without empty ones."""
    for line in text.split("\n"):
        if plain := _ESCAPE.sub(r"\1", line).strip():
            yield plain
