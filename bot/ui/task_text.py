"""Renders the parts that all messages about a task share: title, duration, links, marker."""

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import discord

from bot.i18n.catalog import Catalog
from bot.relay.models import Clip, ClipStatus, Outcome, Task
from bot.ui.escaping import code_span, escape_line, sanitize, sanitize_line
from bot.ui.failure_reasons import publishable
from bot.ui.limits import MAX_BUTTON_URL, MAX_BUTTONS, usable_url
from bot.ui.text_width import truncate_to_width
from bot.ui.views import LinkButton

SUCCESS_COLOUR = discord.Colour(0x3BA55D)
PARTIAL_COLOUR = discord.Colour(0xF0B232)
FAILURE_COLOUR = discord.Colour(0xDA373C)
RUNNING_COLOUR = discord.Colour(0x5865F2)
UNKNOWN_COLOUR = discord.Colour(0x80848E)
OUTCOME_COLOURS = {
    Outcome.SUCCESS: SUCCESS_COLOUR,
    Outcome.PARTIAL: PARTIAL_COLOUR,
    Outcome.FAILURE: FAILURE_COLOUR,
}

RUNNING_ICON, UNKNOWN_ICON = "⏳", "❔"
OUTCOME_ICONS = {Outcome.SUCCESS: "✅", Outcome.PARTIAL: "🟡", Outcome.FAILURE: "❌"}

MAX_SHOWN_ID = 200
"""Code points of an id that are shown; relays store at most 191."""
_MARKER_PREFIX = "♪ "
_SEPARATOR = " · "
_MAX_DURATION = 86_400
"""Seconds; a longer duration is treated as unknown."""
_SPOKEN_SECONDS, _SPOKEN_MINUTES = 100, 100
"""From how many on a duration is named by the next larger unit."""
_SHORT_ID = 8
"""Code points of a task id that stand for a title."""
_CLIP_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
"""The ids of songs at Suno."""


def marker(task: Task) -> str:
    """Return the marker by which the bot recognises its own notice: a note sign and the id.

    It is unescaped in the footer of a notice's last embed, and a code span in plain text.
    """
    return _MARKER_PREFIX + _shown_id(task.id)


def has_marker(task_id: str, content: str, footers: Iterable[str]) -> bool:
    """Whether one of the bot's own messages is a notice of this task.

    ``content`` and ``footers`` are as for ``marker_lines``. Older notices name clips after the id.
    """
    expected = _MARKER_PREFIX + _shown_id(task_id)
    return any(
        line == expected or line.startswith(expected + _SEPARATOR)
        for line in marker_lines(content, footers)
    )


def marker_lines(content: str, footers: Iterable[str]) -> Iterator[str]:
    """Yield the lines of one of the bot's own messages that may be its marker.

    ``content`` is the message's, ``footers`` are those of its embeds. Titles and lyrics cannot
    forge a marker: in the content it begins a line of subtext, which escaped text never does, and
    footers contain no text of a relay before the id.
    """
    start = "-# `"
    for line in content.split("\n"):
        if line.startswith(start):
            yield line[len(start) :].rstrip("`")
    yield from footers


def task_title(task: Task, catalog: Catalog, *, limit: int) -> str:
    """Return the title of ``task``, escaped, as one line of at most ``limit`` code points."""
    return escape_line(task.title, limit=limit) or catalog.text("card-untitled")


def short_id(task: Task) -> str:
    """Return the start of the id of a task that has no title, in a code span."""
    return code_span(task.id if len(task.id) <= _SHORT_ID else f"{task.id[:_SHORT_ID]}…")


def join_parts(*parts: str) -> str:
    """Join the non-empty ``parts`` into one line: ``folk, acoustic · 2:34``."""
    return _SEPARATOR.join(part for part in parts if part)


def format_duration(seconds: float | None) -> str:
    """Return a duration as ``2:34`` or ``1:02:34``; empty if it is unknown or impossible."""
    if seconds is None or not math.isfinite(seconds) or not 0 < seconds < _MAX_DURATION:
        return ""
    minutes, rest = divmod(max(1, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def spoken_duration(seconds: float | None, catalog: Catalog) -> str:
    """Return a duration in words, to two digits or so: ``41 seconds``, ``3 minutes``, ``2 hours``.

    An unknown duration counts as the shortest.
    """
    seconds = max(1, round(seconds or 0))
    if seconds < _SPOKEN_SECONDS:
        return catalog.text("duration-seconds", number=seconds)
    if seconds < _SPOKEN_MINUTES * 60:
        return catalog.text("duration-minutes", number=round(seconds / 60))
    return catalog.text("duration-hours", number=round(seconds / 3600))


def short_line(text: str, *, columns: int) -> str:
    """Return ``text`` escaped, as one line of at most ``columns`` columns.

    A wide character, such as a Chinese one or an emoji, takes two columns. Escapes take none, so
    the result may have twice as many code points.
    """
    line = " ".join(sanitize(text, limit=columns).split())
    return escape_line(truncate_to_width(line, columns, escaped=False))


def masked_link(text: str, url: str | None) -> str:
    """Return a masked link of an escaped text; empty if there is no URL.

    Brackets become round ones: an unpaired one would end the link early.
    """
    if url is None:
        return ""
    label = text.replace("\\[", "(").replace("\\]", ")")
    return f"[{label}]({without_parentheses(url)})"


def song_page(task: Task) -> str | None:
    """Return the page of the first playable clip at Suno, if its links show that it is there."""
    for clip in task.clips:
        url = usable_url(clip.audio_url) or ""
        at_suno = (urlsplit(url).hostname or "").endswith((".suno.ai", ".suno.com"))
        if clip.playable and at_suno and _CLIP_ID.fullmatch(clip.id) and clip.id in url:
            return f"https://suno.com/song/{clip.id}"
    return None


def version_label(number: int, total: int, catalog: Catalog) -> str:
    """Return ``Version 2`` if there are several versions, else an empty string."""
    return catalog.text("card-version", number=number) if total > 1 else ""


def is_preview(clip: Clip) -> bool:
    """Whether the only audio of ``clip`` is a temporary stream."""
    return clip.audio_url is not None and not clip.playable and clip.status is not ClipStatus.ERROR


def without_expired_streams(task: Task) -> Task:
    """Return ``task`` without temporary streams if it failed: they end with the task."""
    if task.outcome is not Outcome.FAILURE or not any(map(is_preview, task.clips)):
        return task
    clips = (
        replace(clip, status=ClipStatus.ERROR, audio_url=None) if is_preview(clip) else clip
        for clip in task.clips
    )
    return replace(task, clips=tuple(clips))


def clip_colour(clip: Clip) -> discord.Colour:
    """Return the colour for the state of ``clip``."""
    if clip.playable:
        return SUCCESS_COLOUR
    if clip.status is ClipStatus.ERROR:
        return FAILURE_COLOUR
    return PARTIAL_COLOUR if clip.audio_url else UNKNOWN_COLOUR


def lyrics_colour(task: Task) -> discord.Colour:
    """Return the colour of lyrics: a lyrics task that failed may have produced part of a text."""
    complete = task.lyrics is None or task.outcome is Outcome.SUCCESS
    return SUCCESS_COLOUR if complete else PARTIAL_COLOUR


def clip_state(clip: Clip, catalog: Catalog, *, reason_limit: int) -> str:
    """Return the state of a clip that cannot be played; empty if it can.

    ``reason_limit`` is the most code points of the relay's reason.
    """
    if clip.playable:
        return "" if usable_url(clip.audio_url) else catalog.text("card-clip-link-unusable")
    if clip.status is ClipStatus.ERROR:
        reason = escape_line(publishable(clip.reason), limit=reason_limit)
        key = "card-clip-failed-because" if reason else "card-clip-failed"
        return catalog.text(key, reason=reason)
    if is_preview(clip):
        return catalog.text("card-clip-preview")
    without_link = clip.status is ClipStatus.COMPLETE
    return catalog.text("card-clip-no-link" if without_link else "card-clip-not-ready")


def audio_url(clip: Clip) -> str | None:
    """Return the link to play ``clip``, also a temporary one; ``None`` if it has no usable one."""
    return usable_url(clip.audio_url) if clip.playable or is_preview(clip) else None


def without_parentheses(url: str) -> str:
    """Return ``url`` with encoded parentheses, which would end a masked link."""
    return url.replace("(", "%28").replace(")", "%29")


MASKED_LINK = re.compile(r"(?<!\\)\[([^\[\]]+)\]\((\S+?)\)")
"""A ``masked_link``: its label and URL. Escaped text contains none."""


def link_buttons(task: Task, catalog: Catalog) -> tuple[LinkButton, ...]:
    """Return the buttons that open the results of ``task``: at most 25, audio before video.

    A temporary stream is labelled as a preview. Links that are too long for a button (512 code
    points) are omitted.
    """
    task = without_expired_streams(task)
    return (*audio_buttons(task, catalog), *video_buttons(task, catalog))[:MAX_BUTTONS]


def audio_buttons(task: Task, catalog: Catalog) -> tuple[LinkButton, ...]:
    """Return the buttons that play the versions of ``task``."""
    return tuple(
        LinkButton(
            _label("listen" if clip.playable else "preview", number, len(task.clips), catalog), url
        )
        for number, clip in enumerate(task.clips, 1)
        if (url := audio_url(clip)) and len(url) <= MAX_BUTTON_URL
    )


def video_buttons(task: Task, catalog: Catalog) -> tuple[LinkButton, ...]:
    """Return the buttons that open the videos of ``task``."""
    return tuple(
        LinkButton(_label("video", number, len(task.clips), catalog), url)
        for number, clip in enumerate(task.clips, 1)
        if clip.playable and (url := usable_url(clip.video_url, MAX_BUTTON_URL))
    )


def _label(name: str, number: int, total: int, catalog: Catalog) -> str:
    key = f"card-button-{name}"
    return catalog.text(f"{key}-of-several", number=number) if total > 1 else catalog.text(key)


def _shown_id(task_id: str) -> str:
    return sanitize_line(task_id, limit=MAX_SHOWN_ID) or "–"
