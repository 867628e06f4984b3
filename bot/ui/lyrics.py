"""Lyrics of any length: whose they are, split where a singer would breathe, or cut."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import discord

from bot.i18n.catalog import Catalog
from bot.relay.models import Outcome, Task
from bot.ui.escaping import ELLIPSIS, boundary, cut, plain
from bot.ui.limits import DESCRIPTION, EMBEDS, EMBEDS_TOGETHER, length
from bot.ui.songs import UNSURE, colour_of_lyrics, meta, title_of, version

_TITLE = 100
_BREAKS = (
    re.compile(r"\n\n|\n(?=\\\[)"),  # sections: an empty line, or a heading in brackets
    re.compile(r"\n"),
    re.compile(r" "),
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One lyrics text: escaped, and the numbers of the clips that have it (empty: all of them)."""

    text: str
    versions: tuple[int, ...] = ()

    def label(self, catalog: Catalog) -> str:
        """Return the title of these lyrics inside a message: whose they are."""
        if not self.versions:
            return catalog.text("card-lyrics")
        names = meta(
            *(version(number, len(self.versions) + 1, catalog) for number in self.versions)
        )
        return catalog.text("card-lyrics-of", versions=cut(names, _TITLE))


def sheets(task: Task, *, limit: int | None = None) -> list[Sheet]:
    """Return the different lyrics of ``task``: one for all clips that share theirs, or none.

    Clips without a text of their own do not count: many relays give the lyrics only once. With a
    ``limit``, of each text only so many code points are returned, and hardly more are read.
    """
    if task.lyrics is not None:
        text = plain(task.lyrics.text, limit=limit)
        return [Sheet(text)] if text else []
    texts = {clip.lyrics: plain(clip.lyrics, limit=limit) for clip in task.clips}
    owners: dict[str, list[int]] = {}
    shown: dict[str, str] = {}
    for number, clip in enumerate(task.clips, 1):
        if text := texts[clip.lyrics]:
            key = clip.lyrics if text.endswith(ELLIPSIS) else text  # what was cut may end otherwise
            owners.setdefault(key, []).append(number)
            shown[key] = text
    if len(owners) == 1:
        return [Sheet(text) for text in shown.values()]
    return [Sheet(shown[key], tuple(numbers)) for key, numbers in owners.items()]


def split(text: str, limit: int) -> list[str]:
    """Return the escaped ``text`` in pieces of at most ``limit`` code points (at least 2).

    Nothing but blanks and line ends between pieces is lost. A piece ends with a section, else with
    a line, else with a word, else inside a word.
    """
    pieces, start = [], 0
    while len(text) - start > limit:
        end, next_start = _break(text, start, limit)
        pieces.append(text[start:end])
        start = next_start
    return [*pieces, text[start:]] if start < len(text) else pieces


def cut_at_line(text: str, limit: int) -> str:
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
    return cut(text, limit)


def fitted(text: str, room: int, embeds: int, hint: str) -> list[str]:
    """Return the escaped ``text`` as descriptions: at most ``embeds``, ``room`` code points in all.

    Where that is too little, the text is cut at a line and ``hint`` follows it; no description at
    all where not even the hint fits.
    """
    pieces = split(text, DESCRIPTION)
    if sum(map(len, pieces)) <= room and len(pieces) <= embeds:
        return pieces
    left = room - len(hint) - 2
    if left < 0 or not embeds:
        return []
    pieces = split(text, DESCRIPTION - len(hint) - 2)
    whole = 0
    while whole < min(embeds, len(pieces)) - 1 and len(pieces[whole]) <= left:
        left -= len(pieces[whole])
        whole += 1
    return [*pieces[:whole], f"{cut_at_line(pieces[whole], left)}\n\n{hint}".strip()]


def lyrics_pages(task: Task, catalog: Catalog) -> list[list[discord.Embed]]:
    """Return all lyrics of ``task``, of any length and never cut, as the embeds of messages.

    Each message is within Discord's limits for one. Clips with different lyrics have theirs one
    after the other, labelled. Where there are no lyrics, one embed says why.
    """
    found = sheets(task)
    if not found:
        return [[_no_lyrics(task, catalog)]]
    embeds = [embed for sheet in found for embed in _pages(sheet, task, catalog)]
    if len(embeds) > 1:
        for number, embed in enumerate(embeds, 1):
            embed.set_footer(text=catalog.text("card-page", number=number, total=len(embeds)))
    return _messages(embeds)


def _pages(sheet: Sheet, task: Task, catalog: Catalog) -> list[discord.Embed]:
    colour = colour_of_lyrics(task)
    pages = [
        discord.Embed(description=text, colour=colour) for text in split(sheet.text, DESCRIPTION)
    ]
    title = title_of(task, catalog, limit=_TITLE)
    pages[0].title = meta(title, sheet.label(catalog)) if sheet.versions else title
    return pages


def _messages(embeds: Sequence[discord.Embed]) -> list[list[discord.Embed]]:
    messages: list[list[discord.Embed]] = [[]]
    for embed in embeds:
        if length([*messages[-1], embed]) > EMBEDS_TOGETHER or len(messages[-1]) == EMBEDS:
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
    title = title_of(task, catalog, limit=_TITLE)
    return discord.Embed(title=title, description=catalog.text(key), colour=UNSURE)


def _break(text: str, start: int, limit: int) -> tuple[int, int]:
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
    end = start + boundary(text[start : latest + 2], limit)
    return end, end
