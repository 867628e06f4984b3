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

_TITLE = 100
_BREAKS = (
    re.compile(r"\n\n|\n(?=\\\[)"),  # sections: an empty line, or a heading in brackets
    re.compile(r"\n"),
    re.compile(r" "),
)


@dataclass(frozen=True, slots=True)
class LyricsText:
    """One lyrics text: escaped, and the numbers of the clips that have it (empty: all of them)."""

    text: str
    versions: tuple[int, ...] = ()

    def label(self, catalog: Catalog) -> str:
        """Return the title of these lyrics inside a message: the versions that have them."""
        if not self.versions:
            return catalog.text("card-lyrics")
        names = join_parts(
            *(version_label(number, len(self.versions) + 1, catalog) for number in self.versions)
        )
        return catalog.text("card-lyrics-of", versions=truncate(names, _TITLE))


def lyrics_texts(task: Task, *, limit: int | None = None) -> list[LyricsText]:
    """Return the different lyrics of ``task``: one for all clips that share theirs, or none.

    Clips without a text of their own do not count: many relays give the lyrics only once. With a
    ``limit``, of each text only so many code points are returned, and hardly more are read.
    """
    if task.lyrics is not None:
        text = escape(task.lyrics.text, limit=limit)
        return [LyricsText(text)] if text else []
    texts = {clip.lyrics: escape(clip.lyrics, limit=limit) for clip in task.clips}
    owners: dict[str, list[int]] = {}
    shown: dict[str, str] = {}
    for number, clip in enumerate(task.clips, 1):
        if text := texts[clip.lyrics]:
            key = clip.lyrics if text.endswith(ELLIPSIS) else text  # what was cut may end otherwise
            owners.setdefault(key, []).append(number)
            shown[key] = text
    if len(owners) == 1:
        return [LyricsText(text) for text in shown.values()]
    return [LyricsText(shown[key], tuple(numbers)) for key, numbers in owners.items()]


def split_text(text: str, limit: int) -> list[str]:
    """Return the escaped ``text`` in pieces of at most ``limit`` code points (at least 2).

    Nothing but blanks and line ends between pieces is lost. A piece ends with a section, else with
    a line, else with a word, else inside a word.
    """
    pieces, start = [], 0
    while len(text) - start > limit:
        end, next_start = _find_break(text, start, limit)
        pieces.append(text[start:end])
        start = next_start
    return [*pieces, text[start:]] if start < len(text) else pieces


def truncate_at_line(text: str, limit: int) -> str:
    """Return the start of the escaped ``text``, at most ``limit`` code points, as whole lines.

    Where that would leave more than half of the room empty, a line is cut inside and ends in "…".
    """
    if len(text) <= limit:
        return text
    if limit < 1:
        return ""
    end = text.rfind("\n", 0, limit + 1)
    if end > limit // 2:
        return text[:end].rstrip()
    return truncate(text, limit)


def fit_into_embeds(text: str, room: int, embeds: int, hint: str) -> list[str]:
    """Return the escaped ``text`` as descriptions: at most ``embeds``, ``room`` code points in all.

    Where that is too little, the text is cut at a line and ``hint`` follows it; no description at
    all where not even the hint fits.
    """
    pieces = split_text(text, MAX_DESCRIPTION)
    if sum(map(len, pieces)) <= room and len(pieces) <= embeds:
        return pieces
    left = room - len(hint) - 2
    if left < 0 or not embeds:
        return []
    pieces = split_text(text, MAX_DESCRIPTION - len(hint) - 2)
    whole = 0
    while whole < min(embeds, len(pieces)) - 1 and len(pieces[whole]) <= left:
        left -= len(pieces[whole])
        whole += 1
    return [*pieces[:whole], f"{truncate_at_line(pieces[whole], left)}\n\n{hint}".strip()]


def lyrics_messages(task: Task, catalog: Catalog) -> list[list[discord.Embed]]:
    """Return all lyrics of ``task``, of any length and never cut, as the embeds of messages.

    Each message is within Discord's limits for one. Clips with different lyrics have theirs one
    after the other, labelled. Where there are no lyrics, one embed says why.
    """
    found = lyrics_texts(task)
    if not found:
        return [[_no_lyrics(task, catalog)]]
    embeds = [embed for sheet in found for embed in _pages(sheet, task, catalog)]
    if len(embeds) > 1:
        for number, embed in enumerate(embeds, 1):
            embed.set_footer(text=catalog.text("card-page", number=number, total=len(embeds)))
    return _group_into_messages(embeds)


def _pages(sheet: LyricsText, task: Task, catalog: Catalog) -> list[discord.Embed]:
    colour = lyrics_colour(task)
    pages = [
        discord.Embed(description=text, colour=colour)
        for text in split_text(sheet.text, MAX_DESCRIPTION)
    ]
    title = task_title(task, catalog, limit=_TITLE)
    pages[0].title = join_parts(title, sheet.label(catalog)) if sheet.versions else title
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
    title = task_title(task, catalog, limit=_TITLE)
    return discord.Embed(title=title, description=catalog.text(key), colour=UNKNOWN_COLOUR)


def _find_break(text: str, start: int, limit: int) -> tuple[int, int]:
    """Return where the piece of ``text`` from ``start`` ends and where the next one starts."""
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
