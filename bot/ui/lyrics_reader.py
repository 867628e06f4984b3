"""Renders the lyrics reader: one page at a time, with buttons for the other pages.

A private reader is an ephemeral message. A shared one is public: only the user who shared it
turns its pages; anybody else who presses a button gets a private reader at that page.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import discord

from bot.i18n.catalog import Catalog
from bot.relay.models import Task
from bot.relay.timed_lyrics import TimedLine
from bot.ui.custom_ids import LyricsButtonId, LyricsMenuId
from bot.ui.escaping import safe_file_name, sanitize
from bot.ui.lyrics import LyricsText, lyrics_messages, lyrics_texts, split_text
from bot.ui.lyrics_sections import page_options, section_options, timed_version
from bot.ui.task_text import join_parts, lyrics_colour, task_title
from bot.ui.views import StatelessView

MAX_PAGE_LENGTH = 1500
"""Code points of lyrics on a page."""

LINES_PER_PAGE = 45
"""About as many lines as a screen shows."""

_TITLE = 100
_MIN_MENU_PAGES = 3
"""Pages of a reader with a menu; between two pages, the buttons suffice."""


@dataclass(frozen=True, slots=True)
class LyricsPage:
    """One page of a reader, as a message."""

    embed: discord.Embed
    view: discord.ui.View | None


def has_readable_lyrics(task: Task) -> bool:
    """Whether a reader can show the lyrics of ``task``: there are any, and its id fits a button."""
    longest = (LyricsButtonId("share", 9999, 2**64 - 1, task.id), LyricsMenuId(2**64 - 1, task.id))
    return bool(lyrics_texts(task)) and all(custom_id.is_encodable for custom_id in longest)


def lyrics_page(
    task: Task,
    number: int,
    catalog: Catalog,
    *,
    owner: int = 0,
    sections: Sequence[discord.SelectOption] = (),
) -> LyricsPage:
    """Return a page of the lyrics of ``task``, the first if ``number`` is beyond the last.

    Pages are counted from 0. ``owner`` is the user who shared a public reader, 0 in a private one.
    ``sections``: the options of a menu of sections, in place of that of pages. Where there are no
    lyrics, the page says why.
    """
    pages = [embed for _, embed in _pages(task, catalog)]
    if not pages or not has_readable_lyrics(task):
        return LyricsPage(lyrics_messages(task, catalog)[0][0], None)
    number = number if number < len(pages) else 0
    embed = pages[number]
    view = _view(task, number, len(pages), catalog, owner)
    if len(pages) > 1:
        embed.set_footer(text=catalog.text("card-page", number=number + 1, total=len(pages)))
    options = list(sections)
    if not options and len(pages) >= _MIN_MENU_PAGES:
        options = page_options([page.description or "" for page in pages], number, catalog)
    if options:
        version = timed_version(options)
        key = "reader-go-to-version" if version else "reader-go-to"
        view.add_item(
            discord.ui.Select(
                custom_id=LyricsMenuId(owner, task.id).encode(),
                placeholder=catalog.text(key, number=version or 0),
                options=options,
            )
        )
    return LyricsPage(embed, view)


def timed_lyrics_page(
    task: Task, version: int, times: Sequence[TimedLine], catalog: Catalog
) -> LyricsPage | None:
    """Return the first page of a version's lyrics, with a menu that tells when sections begin.

    ``version`` is counted from 1. ``None`` if its lyrics have none of the sections in ``times``.
    """
    if not has_readable_lyrics(task):
        return None
    pages = {
        number: embed.description or ""
        for number, (lyrics, embed) in enumerate(_pages(task, catalog))
        if not lyrics.versions or version in lyrics.versions
    }
    options = section_options(pages, times, version if len(task.clips) > 1 else 0)
    return lyrics_page(task, min(pages), catalog, sections=options) if options else None


def timed_sections(message: discord.Message) -> list[discord.SelectOption]:
    """Return the options of a menu of sections with their times; empty if a message has none."""
    rows = (row for row in message.components if isinstance(row, discord.ActionRow))
    menus = (item for row in rows for item in row.children if isinstance(item, discord.SelectMenu))
    for menu in menus:
        if LyricsMenuId.decode(menu.custom_id or "") and timed_version(menu.options) is not None:
            return menu.options
    return []


def lyrics_file(task: Task, catalog: Catalog) -> discord.File:
    """Return all lyrics of ``task`` as a text file (UTF-8), sanitized but not escaped."""
    texts = [task.lyrics.text] if task.lyrics else []
    texts += [clip.lyrics for clip in task.clips if clip.lyrics]
    unique = dict.fromkeys(filter(None, map(sanitize, texts)))
    title = sanitize(task.title) or catalog.text("card-untitled")
    body = "\n\n—\n\n".join([title, *unique])
    name = safe_file_name(title, "txt", fallback="lyrics")
    return discord.File(io.BytesIO(body.encode()), filename=name)


def _pages(task: Task, catalog: Catalog) -> list[tuple[LyricsText, discord.Embed]]:
    """Return each page, and the lyrics that it is of."""
    title = task_title(task, catalog, limit=_TITLE)
    return [
        (
            lyrics,
            discord.Embed(
                title=join_parts(title, lyrics.label(catalog)) if lyrics.versions else title,
                description=text,
                colour=lyrics_colour(task),
            ),
        )
        for lyrics in lyrics_texts(task)
        for text in split_text(lyrics.text, _page_length(lyrics.text))
    ]


def _page_length(text: str) -> int:
    """Return the code points per page: fewer if the lines of ``text`` are short, as in Chinese."""
    lines = text.count("\n") + 1
    return max(LINES_PER_PAGE, min(MAX_PAGE_LENGTH, LINES_PER_PAGE * len(text) // lines))


def _view(task: Task, number: int, total: int, catalog: Catalog, owner: int) -> discord.ui.View:
    """Return the buttons: previous and next page; in a private reader also share and file."""
    view = StatelessView()
    if total > 1:
        previous, following = (number - 1) % total, (number + 1) % total
        for label, page, exists in (
            ("◀", previous, number > 0),
            ("▶", following, number < total - 1),
        ):
            # With two pages both buttons lead to one page; 9999 keeps their ids distinct.
            custom_id = LyricsButtonId("page", page if exists else 9999, owner, task.id).encode()
            view.add_item(discord.ui.Button(label=label, custom_id=custom_id, disabled=not exists))
    if not owner:
        for action in ("share", "file"):
            custom_id = LyricsButtonId(action, number, owner, task.id).encode()
            view.add_item(
                discord.ui.Button(label=catalog.text(f"reader-{action}"), custom_id=custom_id)
            )
    return view
