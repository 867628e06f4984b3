"""Renders the files of a version of a song: WAV, timed lyrics and stems."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import discord

from bot.i18n.catalog import Catalog
from bot.relay.models import Clip, Task
from bot.relay.timed_lyrics import TimedLyrics
from bot.ui.creation_actions import version_name
from bot.ui.escaping import escape_line, safe_file_name, sanitize_line
from bot.ui.limits import MAX_DESCRIPTION, usable_url, whole_lines
from bot.ui.lyrics_reader import timed_lyrics_page
from bot.ui.lyrics_sections import clock_time
from bot.ui.task_text import SUCCESS_COLOUR, UNKNOWN_COLOUR, masked_link, short_line

_MAX_TITLE = 44
_MAX_SECTION = 60
_MAX_REST = 100
"""Code points of the line about what does not fit."""


@dataclass(frozen=True, slots=True)
class FileReply:
    """An answer with the links of files, or with a file."""

    embed: discord.Embed
    file: discord.File | None = None
    content: str = ""
    view: discord.ui.View | None = None


def wav_reply(link: str | None, version: str, catalog: Catalog) -> FileReply:
    """Return the answer with the link of a WAV file; ``None``: it is not ready; "": unusable.

    ``version`` is the name of the version, escaped, here and below.
    """
    if link is None:
        return _nothing("create-file-waiting", catalog)
    masked = masked_link(catalog.text("create-wav-link"), usable_url(link))
    if not masked:
        return _nothing("create-file-none", catalog)
    return _reply([catalog.text("create-wav", version=version, link=masked)])


def stems_reply(stems: Sequence[Clip] | None, version: str, catalog: Catalog) -> FileReply:
    """Return the answer with the links of the parts of a version; ``None``: they are not ready.

    If they do not all fit, all are in a text file (UTF-8) as well.
    """
    if stems is None:
        return _nothing("create-file-waiting", catalog)
    named = [
        (sanitize_line(stem.title) or catalog.text("create-stem", number=number), url)
        for number, stem in enumerate(stems, 1)
        if (url := usable_url(stem.audio_url))
    ]
    if not named:
        return _nothing("create-file-none", catalog)
    heading = catalog.text("create-stems", version=version)
    lines = [f"• {masked_link(short_line(name, columns=_MAX_TITLE), url)}" for name, url in named]
    if len(whole_lines([heading, *lines], MAX_DESCRIPTION)) > len(lines):
        return _reply([heading, *lines])
    fitting = whole_lines(lines, MAX_DESCRIPTION - len(heading) - _MAX_REST)
    rest = catalog.text("create-stems-more", count=len(lines) - len(fitting))
    body = "\n".join(f"{name}\n{url}\n" for name, url in named)
    file_name = f"{catalog.text('create-stems-file')}.txt"
    file = discord.File(io.BytesIO(body.encode()), filename=file_name)
    return _reply([heading, *fitting, rest], file)


def timing_reply(
    lyrics: TimedLyrics | None, task: Task, number: int, catalog: Catalog
) -> FileReply:
    """Return the answer with the ``.lrc`` file of a version, counted from 1.

    It is a reader, whose menu tells when each section begins. Where the lyrics name no section that
    the relay has timed, it is a list of times. ``lyrics``: ``None`` if they are not ready.
    """
    if lyrics is None:
        return _nothing("create-file-waiting", catalog)
    if not lyrics.lines:
        return _nothing("create-timing-none", catalog)
    title = task.clips[number - 1].title or task.title
    body = lyrics.to_lrc(sanitize_line(title))
    several = number if len(task.clips) > 1 else None
    name = safe_file_name(title, "lrc", fallback="lyrics", number=several)
    file = discord.File(io.BytesIO(body.encode()), filename=name)
    heading = catalog.text("create-timing", version=version_name(task, number, catalog))
    if page := timed_lyrics_page(task, number, lyrics.sections, catalog):
        return FileReply(page.embed, file, heading, page.view)
    lines = [
        catalog.text(
            "create-timing-line",
            time=clock_time(line.start),
            section=escape_line(line.text.strip("[]"), limit=_MAX_SECTION),
        )
        for line in lyrics.sections or lyrics.lines
    ]
    return _reply([heading, "", *lines], file)


def _reply(lines: Sequence[str], file: discord.File | None = None) -> FileReply:
    description = "\n".join(whole_lines(lines, MAX_DESCRIPTION))
    return FileReply(discord.Embed(description=description, colour=SUCCESS_COLOUR), file)


def _nothing(key: str, catalog: Catalog) -> FileReply:
    return FileReply(discord.Embed(description=catalog.text(key), colour=UNKNOWN_COLOUR))
