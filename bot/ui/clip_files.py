"""Renders the files of a version of a song: WAV, timed lyrics and stems."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import discord

from bot.i18n.catalog import Catalog
from bot.relay.models import Clip
from bot.relay.timed_lyrics import TimedLyrics
from bot.ui.escaping import escape_line, safe_file_name, sanitize_line
from bot.ui.limits import MAX_DESCRIPTION, usable_url, whole_lines
from bot.ui.task_text import SUCCESS_COLOUR, UNKNOWN_COLOUR, masked_link, short_line

_MAX_TITLE = 44
_MAX_SECTION = 60
_MAX_STEMS = 12


@dataclass(frozen=True, slots=True)
class FileReply:
    """An answer with the links of files, or with a file."""

    embed: discord.Embed
    file: discord.File | None = None


def wav_reply(link: str | None, version: str, catalog: Catalog) -> FileReply:
    """Return the answer with the link of a WAV file; ``None``: it is not ready.

    ``version`` is the name of the version, escaped, here and below.
    """
    if link is None:
        return _nothing("create-file-waiting", catalog)
    masked = masked_link(catalog.text("create-wav-link"), usable_url(link))
    if not masked:
        return _nothing("create-file-none", catalog)
    return _reply([catalog.text("create-wav", version=version, link=masked)])


def stems_reply(stems: Sequence[Clip], version: str, catalog: Catalog) -> FileReply:
    """Return the answer with the links of the parts of a version; empty: they are not ready."""
    if not stems:
        return _nothing("create-file-waiting", catalog)
    links = [
        masked_link(_stem_name(stem, number, catalog), usable_url(stem.audio_url))
        for number, stem in enumerate(stems[:_MAX_STEMS], 1)
    ]
    lines = [f"• {link}" for link in links if link]
    if not lines:
        return _nothing("create-file-none", catalog)
    return _reply([catalog.text("create-stems", version=version), *lines])


def timing_reply(
    lyrics: TimedLyrics | None, title: str, version: str, catalog: Catalog
) -> FileReply:
    """Return the answer with an ``.lrc`` file, and the times of the sections or else of all lines.

    ``lyrics``: ``None`` if they are not ready. ``title``: of the version, not escaped.
    """
    if lyrics is None:
        return _nothing("create-file-waiting", catalog)
    if not lyrics.lines:
        return _nothing("create-timing-none", catalog)
    lines = [
        catalog.text(
            "create-timing-line",
            time=clock_time(line.start),
            section=escape_line(line.text.strip("[]"), limit=_MAX_SECTION),
        )
        for line in lyrics.sections or lyrics.lines
    ]
    body = lyrics.to_lrc(sanitize_line(title))
    name = safe_file_name(title, "lrc", fallback="lyrics")
    file = discord.File(io.BytesIO(body.encode()), filename=name)
    return _reply([catalog.text("create-timing", version=version), "", *lines], file)


def clock_time(seconds: float) -> str:
    """Return a time in a song as ``1:02``."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02}"


def _stem_name(stem: Clip, number: int, catalog: Catalog) -> str:
    title = short_line(stem.title, columns=_MAX_TITLE)
    return title or catalog.text("create-stem", number=number)


def _reply(lines: Sequence[str], file: discord.File | None = None) -> FileReply:
    description = "\n".join(whole_lines(lines, MAX_DESCRIPTION))
    return FileReply(discord.Embed(description=description, colour=SUCCESS_COLOUR), file)


def _nothing(key: str, catalog: Catalog) -> FileReply:
    return FileReply(discord.Embed(description=catalog.text(key), colour=UNKNOWN_COLOUR))
