"""Splits lyrics of any length into embeds at sections, lines or words, or truncates them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import discord

from bot.i18n.catalog import Catalog
from bot.relay.models import Outcome, Task
from bot.ui.escaping import ELLIPSIS, cut_position, escape, truncate
from bot.ui.limits import MAX_DESCRIPTION, MAX_EMBEDS, MAX_EMBEDS_TOTAL, embeds_length
from bot.ui.task_text import UNKNOWN_COLOUR, join_parts, lyrics_colour, task_title, version_label
from bot.ui.text_width import LINE_WIDTH, line_count, truncate_to_width

_MAX_TITLE = 100
"""Code points of a title above lyrics."""
_BREAKS = (
    re.compile(r"\n\n|\n(?=\\\[)"),  # sections: an empty line, or a heading in brackets
    re.compile(r"\n"),
    re.compile(r" "),
)
"""Where a text is split: between sections, else between lines, else between words."""


_MIN_SECTION = 30
"""Code points after which the first section may end: a heading alone is none."""


@dataclass(frozen=True, slots=True)
class LyricsText:
    """One escaped lyrics text, and the numbers of the clips that have it (empty: all of them)."""

    text: str
    versions: tuple[int, ...] = ()

    def label(self, catalog: Catalog) -> str:
        """Return the heading of these lyrics: the versions of the song that have them."""
        if not self.versions:
            return catalog.text("card-lyrics")
        names = join_parts(
            *(version_label(number, len(self.versions) + 1, catalog) for number in self.versions)
        )
        return catalog.text("card-lyrics-of", versions=truncate(names, _MAX_TITLE))


def lyrics_texts(task: Task, *, limit: int | None = None) -> list[LyricsText]:
    """Return the distinct lyrics of ``task``: one text for all clips that share it, or none.

    Clips without lyrics are ignored: many relays return the lyrics only once. ``limit`` truncates
    each text to so many code points, and bounds how much of it is read.
    """
    if task.lyrics is not None:
        text = escape(task.lyrics.text, limit=limit)
        return [LyricsText(text)] if text else []
    texts = {clip.lyrics: escape(clip.lyrics, limit=limit) for clip in task.clips}
    clip_numbers: dict[str, list[int]] = {}
    texts_by_key: dict[str, str] = {}
    for number, clip in enumerate(task.clips, 1):
        if text := texts[clip.lyrics]:
            truncated = text.endswith(ELLIPSIS)  # such texts may differ after the cut
            key = clip.lyrics if truncated else text
            clip_numbers.setdefault(key, []).append(number)
            texts_by_key[key] = text
    if len(clip_numbers) == 1:
        return [LyricsText(text) for text in texts_by_key.values()]
    return [LyricsText(texts_by_key[key], tuple(numbers)) for key, numbers in clip_numbers.items()]


def split_text(text: str, limit: int) -> list[str]:
    """Split the escaped ``text`` into pieces of at most ``limit`` code points (at least 2).

    Only spaces and line ends between pieces are dropped. A piece ends after a section, else after a
    line, else after a word, else inside a word.
    """
    pieces, start = [], 0
    while len(text) - start > limit:
        end, next_start = _find_break(text, start, limit)
        pieces.append(text[start:end])
        start = next_start
    return [*pieces, text[start:]] if start < len(text) else pieces


def truncate_at_line(text: str, limit: int) -> str:
    """Return the start of the escaped ``text``, at most ``limit`` code points, in whole lines.

    If whole lines take less than half of ``limit``, a line is truncated and ends in "…".
    """
    if len(text) <= limit:
        return text
    if limit < 1:
        return ""
    end = text.rfind("\n", 0, limit + 1)
    if end > limit // 2:
        return text[:end].rstrip()
    return truncate(text, limit)


def first_section(text: str) -> str:
    """Return the first section of the escaped ``text``, with its heading."""
    end = _BREAKS[0].search(text, _MIN_SECTION)
    return text[: end.start()] if end else text


def first_lines(text: str, most: int) -> str:
    """Return what ``most`` lines on the screen show of the escaped ``text``; a part ends in "…".

    It does not end with an empty line or with the heading of what follows.
    """
    kept: list[str] = []
    left = most
    for line in text.split("\n"):
        needed = line_count(line)
        if needed > left:
            break
        kept.append(line)
        left -= needed
    else:
        return text
    if needed > 1 and left:
        return "\n".join([*kept, truncate_to_width(line, left * LINE_WIDTH)])
    while len(kept) > 1 and (not kept[-1] or kept[-1].startswith("\\[")):
        kept.pop()
    return "\n".join(kept) + ELLIPSIS


def fit_into_embeds(text: str, limit: int, max_embeds: int, hint: str) -> list[str]:
    """Split the escaped ``text`` into at most ``max_embeds`` descriptions of ``limit`` code points.

    ``limit`` is the total of all descriptions. A text that does not fit is truncated at a line and
    followed by ``hint``; if not even the hint fits, there is no description.
    """
    pieces = split_text(text, MAX_DESCRIPTION)
    if sum(map(len, pieces)) <= limit and len(pieces) <= max_embeds:
        return pieces
    left = limit - len(hint) - 2
    if left < 0 or not max_embeds:
        return []
    pieces = split_text(text, MAX_DESCRIPTION - len(hint) - 2)
    complete = 0
    while complete < min(max_embeds, len(pieces)) - 1 and len(pieces[complete]) <= left:
        left -= len(pieces[complete])
        complete += 1
    return [*pieces[:complete], f"{truncate_at_line(pieces[complete], left)}\n\n{hint}".strip()]


def lyrics_messages(task: Task, catalog: Catalog) -> list[list[discord.Embed]]:
    """Return all lyrics of ``task``, of any length and never truncated, as embeds of messages.

    Each message is within Discord's limits. Different lyrics of the clips follow each other, each
    with a heading. If there are no lyrics, one embed says why.
    """
    texts = lyrics_texts(task)
    if not texts:
        return [[_no_lyrics(task, catalog)]]
    embeds = [embed for lyrics in texts for embed in _pages(lyrics, task, catalog)]
    if len(embeds) > 1:
        for number, embed in enumerate(embeds, 1):
            embed.set_footer(text=catalog.text("card-page", number=number, total=len(embeds)))
    return _group_into_messages(embeds)


def _pages(lyrics: LyricsText, task: Task, catalog: Catalog) -> list[discord.Embed]:
    colour = lyrics_colour(task)
    pages = [
        discord.Embed(description=text, colour=colour)
        for text in split_text(lyrics.text, MAX_DESCRIPTION)
    ]
    title = task_title(task, catalog, limit=_MAX_TITLE)
    pages[0].title = join_parts(title, lyrics.label(catalog)) if lyrics.versions else title
    return pages


def _group_into_messages(embeds: Sequence[discord.Embed]) -> list[list[discord.Embed]]:
    messages: list[list[discord.Embed]] = [[]]
    for embed in embeds:
        if (
            embeds_length([*messages[-1], embed]) > MAX_EMBEDS_TOTAL
            or len(messages[-1]) == MAX_EMBEDS
        ):
            messages.append([])
        messages[-1].append(embed)
    return messages


def _no_lyrics(task: Task, catalog: Catalog) -> discord.Embed:
    if not task.terminal:
        key = "card-lyrics-not-yet"
    elif task.outcome is Outcome.FAILURE:
        key = "card-lyrics-failed"
    else:
        key = "card-lyrics-instrumental" if task.clips else "card-lyrics-missing"
    title = task_title(task, catalog, limit=_MAX_TITLE)
    return discord.Embed(title=title, description=catalog.text(key), colour=UNKNOWN_COLOUR)


def _find_break(text: str, start: int, limit: int) -> tuple[int, int]:
    """Return where the piece of ``text`` from ``start`` ends, and where the next one starts."""
    latest = start + limit
    for pattern in _BREAKS:
        matches = [
            match
            for match in pattern.finditer(text, start + 1, latest + 3)
            if match.start() <= latest
        ]
        if matches:
            return matches[-1].span()
    end = start + cut_position(text[start : latest + 2], limit)
    return end, end
