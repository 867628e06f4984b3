"""Names the pages of a lyrics reader by their sections, for the menu that opens them.

Where it is known when the sections of a version begin, each is an option of its own. Nothing stores
these times but the options themselves: the menu of a message is read when its page is turned.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence

import discord

from bot.i18n.catalog import Catalog
from bot.relay.timed_lyrics import TimedLine
from bot.ui.escaping import sanitize_line
from bot.ui.limits import MAX_OPTION_TEXT, MAX_OPTIONS
from bot.ui.task_text import join_parts

_HEADING = re.compile(r"[\[【(（].{1,60}[\]】)）]:?")
"""A line that names a section: ``[Verse 1]``, ``【主歌】``, ``(Chorus)``."""
_MAX_SECTIONS = 200
"""Sections of a song that are compared with what the relay has timed."""
_TIMED_VALUE = re.compile(r"[0-9]+\.([0-9]+)\.[0-9]+")
"""Of an option for a section: the page, the version or 0 if there is one, and the section."""
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


def section_options(
    pages: Mapping[int, str], times: Sequence[TimedLine], version: int
) -> list[discord.SelectOption]:
    """Return at most 25 options that open the sections on some pages: ``Chorus · 0:48``.

    ``pages``: the escaped texts by their numbers. ``times``: when sections begin, in the order in
    which they are sung; ``version``: of which version, 0 if there is only one. Empty if none of
    these is on the pages. If there are more sections, an option stands for several.
    """
    names = [_section_name(each.text) for each in times[:_MAX_SECTIONS]]
    found: list[tuple[int, str, str]] = []
    following = 0
    for page, heading, words in _sections(pages):
        time = ""
        if (name := _section_name(heading)) in names[following:]:
            following = names.index(name, following) + 1
            time = clock_time(times[following - 1].start)
        found.append((page, join_parts(heading.strip("[] ") or heading, time), words))
    if not following:
        return []
    step = math.ceil(len(found) / MAX_OPTIONS)
    return [
        discord.SelectOption(
            label=sanitize_line(
                join_parts(*(label for _, label, _ in found[first : first + step])),
                limit=MAX_OPTION_TEXT,
            ),
            description=sanitize_line(found[first][2], limit=MAX_OPTION_TEXT) or None,
            value=f"{found[first][0]}.{version}.{first}",
        )
        for first in range(0, len(found), step)
    ]


def timed_version(options: Sequence[discord.SelectOption]) -> int | None:
    """Return the version whose times are in the options of a menu, 0 if the song has only one.

    ``None`` if they have no times.
    """
    matches = [_TIMED_VALUE.fullmatch(option.value) for option in options]
    return int(matches[0][1]) if matches and matches[0] else None


def page_of(value: str) -> int:
    """Return the page that an option with a value opens."""
    return int(value.partition(".")[0])


def clock_time(seconds: float) -> str:
    """Return a time in a song as ``1:02``."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02}"


def _sections(pages: Mapping[int, str]) -> Iterator[tuple[int, str, str]]:
    """Yield the page, the heading and the first words of each section, of so many."""
    left = _MAX_SECTIONS
    for page, text in pages.items():
        lines = [line.rstrip(":") for line in _plain_lines(text)]
        for line, following in zip(lines, [*lines[1:], ""], strict=True):
            if left and _HEADING.fullmatch(line):
                left -= 1
                yield page, line, "" if _HEADING.fullmatch(following) else following


def _section_name(heading: str) -> str:
    """Return what is compared of a heading."""
    return sanitize_line(heading, limit=MAX_OPTION_TEXT).strip("[]: ").casefold()


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
