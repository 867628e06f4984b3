"""Renders the status card: the state, progress and results of a task."""

from collections.abc import Iterator
from dataclasses import dataclass

import discord

from bot.i18n.catalog import Catalog
from bot.relay.models import Clip, Outcome, Task, TaskStatus
from bot.storage.models import DurationStats
from bot.ui import task_text
from bot.ui.custom_ids import StatusButtonId
from bot.ui.escaping import code_span
from bot.ui.failure_reasons import failure_explanation, publishable, relay_reason
from bot.ui.limits import MAX_BUTTON_URL, usable_url
from bot.ui.views import status_view

_TITLE_COLUMNS, _STYLE_COLUMNS = 36, 48
"""The width of a title and of a style, as ``short_line`` measures it: one line beside a cover."""
_MAX_REASON = 100
"""The columns of the relay's reason."""
_MAX_CLIP_REASON = 60
"""Code points of the relay's reason for a version."""
_MAX_SHOWN_ID = 64
"""Code points of the task id; relays' ids have 36 or fewer."""
_MAX_CLIPS = 4
"""Versions that are shown; a task has two, rarely four."""
_MAX_STATES = 2
"""Lines about versions that cannot be played."""
_BAR_LENGTH = 10
"""Characters of a progress bar."""
_MAX_LINK = 300
"""Code points of a link in the description."""
_MAX_ESTIMATED_PERCENT = 95
"""Per cent: an estimate by elapsed time alone never shows a task as done."""
_MAX_AGE = 315_360_000
"""Seconds, ten years: older timestamps are invalid, because Suno did not exist."""


@dataclass(frozen=True, slots=True)
class StatusMessage:
    """The embeds and buttons of a message with status cards."""

    embeds: list[discord.Embed]
    view: discord.ui.View | None
    content: str = ""


def status_message(
    task: Task,
    catalog: Catalog,
    *,
    now: float,
    typical: DurationStats | None = None,
    watching: bool = False,
) -> StatusMessage:
    """Return the status card of ``task`` with its buttons; arguments as for ``status_card``.

    ``watching``: whether the user of the card watches the task.
    """
    return StatusMessage(
        embeds=[status_card(task, catalog, now=now, typical=typical)],
        view=status_view(task, task_text.link_buttons(task, catalog), catalog, watching=watching),
    )


def status_card(
    task: Task,
    catalog: Catalog,
    *,
    now: float,
    typical: DurationStats | None = None,
    with_links: bool = False,
) -> discord.Embed:
    """Return the embed that shows ``task`` at ``now`` (Unix seconds).

    ``typical`` is how long such tasks take; the progress is estimated from it if the relay reports
    none. ``with_links``: the embed links the audio itself, because its message has no buttons for
    that. It never contains the marker of a notice.
    """
    task = task_text.without_expired_streams(task)
    title = task_text.short_line(task.title, columns=_TITLE_COLUMNS)
    embed = discord.Embed(
        title=title or catalog.text("live-name", kind=task.kind or "task"),
        url=task_text.song_page(task),
        description="\n".join(_lines(task, catalog, now, typical, with_links=with_links)),
        colour=task_text.OUTCOME_COLOURS[task.outcome]
        if task.outcome
        else task_text.RUNNING_COLOUR,
    )
    covers = (usable_url(clip.image_url) for clip in task.clips if _can_be_heard(clip))
    return embed.set_thumbnail(url=next(filter(None, covers), None))


def progress_bar(per_cent: int) -> str:
    """Return ``▰▰▰▰▰▱▱▱▱▱``; values outside 0 to 100 are clamped."""
    filled = min(max(per_cent, 0), 100) * _BAR_LENGTH // 100
    return "▰" * filled + "▱" * (_BAR_LENGTH - filled)


def _lines(
    task: Task, catalog: Catalog, now: float, typical: DurationStats | None, *, with_links: bool
) -> Iterator[str]:
    yield state_line(task, catalog, now, typical)
    if typical and not task.terminal:
        duration = task_text.spoken_duration(typical.median, catalog)
        yield f"-# {catalog.text('card-typical', time=duration)}"
    if task.terminal:  # what is made meanwhile is known by its title
        yield from filter(None, (task_style(task),))
    yield from _failure(task, catalog)
    if any(map(_can_be_heard, task.clips)) or not task.terminal:
        yield from filter(None, (_versions(task, catalog, with_links=with_links),))
        yield from _unplayable_versions(
            task, catalog, MAX_BUTTON_URL if not with_links else _MAX_LINK
        )
    if task.text and task.terminal and not StatusButtonId("lyrics", task.id).is_encodable:
        yield catalog.text("card-read-lyrics")
    yield catalog.text("card-task-id", id=code_span(task.id, limit=_MAX_SHOWN_ID))


def state_line(
    task: Task, catalog: Catalog, now: float, typical: DurationStats | None = None
) -> str:
    """Return the state of the task, its times, and its progress while it runs.

    That is the relay's, else estimated by how long such tasks take (``typical``).
    """
    started = _start(task, now)
    finished = _plausible_time(task.finished_at, now)
    if not task.terminal:
        status = _status_name(task.status)
        key = "card-submitted" if status == "waiting" else "card-since"
        since = catalog.text(key, time=f"<t:{started}:R>") if started else ""
        state = catalog.text(f"card-state-{status}")
        return task_text.join_parts(_progress(task, catalog, now, typical) or state, since)
    ended = f"<t:{finished}:R>" if finished else ""
    took = finished - started if finished and started else 0
    spoken = task_text.spoken_duration(took, catalog) if took > 0 else ""
    duration = catalog.text("card-took", time=spoken) if spoken else ""
    return task_text.join_parts(catalog.text(f"card-state-{task.outcome}"), ended, duration)


def _progress(task: Task, catalog: Catalog, now: float, typical: DurationStats | None) -> str:
    """Return the progress as a bar; empty if nothing is known of it."""
    if task.progress:  # most relays report nothing between 0 and 100
        return f"{progress_bar(task.progress)} {min(max(task.progress, 0), 100)}%"
    passed = now - _start(task, now)
    if not typical or not 0 < passed < typical.slow:
        return ""
    estimate = min(_MAX_ESTIMATED_PERCENT, round(100 * passed / typical.slow))
    return f"{progress_bar(estimate)} {catalog.text('card-estimate', number=estimate)}"


def _start(task: Task, now: float) -> int:
    return _plausible_time(task.started_at, now) or _plausible_time(task.submitted_at, now)


def _status_name(status: TaskStatus) -> str:
    """Return the catalogue's name for a status of an unfinished task."""
    if status in (TaskStatus.NOT_START, TaskStatus.SUBMITTED, TaskStatus.QUEUED):
        return "waiting"
    return "running" if status is TaskStatus.IN_PROGRESS else "unclear"


def _plausible_time(seconds: float | None, now: float) -> int:
    """Return a timestamp in whole Unix seconds; 0 if it is missing or implausible."""
    if seconds is None or not now - _MAX_AGE < seconds < now + 3600:
        return 0
    return int(seconds)


def task_style(task: Task) -> str:
    """Return the style of a task as one escaped line; empty if the relay gave none."""
    styles = [task.lyrics.style] if task.lyrics else []
    styles += [clip.style for clip in task.clips]
    lines = (task_text.short_line(style, columns=_STYLE_COLUMNS) for style in styles)
    return next(filter(None, lines), "")


def _failure(task: Task, catalog: Catalog) -> Iterator[str]:
    """Yield why the task failed; the lines of single failed clips contain their own reasons."""
    relay_text = ""
    if task.outcome is Outcome.FAILURE:
        yield failure_explanation(task, catalog)
        relay_text = relay_reason(task)
    elif task.outcome is Outcome.PARTIAL and not any(clip.reason for clip in task.clips):
        relay_text = task.reason
    reason = task_text.short_line(publishable(relay_text), columns=_MAX_REASON)
    if reason:
        yield catalog.text("card-relay-reason", reason=reason)


def _can_be_heard(clip: Clip) -> bool:
    return clip.playable or task_text.is_preview(clip)


def _versions(task: Task, catalog: Catalog, *, with_links: bool) -> str:
    """Return the versions that can be heard as one line: how many, how long, and their links."""
    heard = [clip for clip in task.clips if clip.playable or (with_links and _can_be_heard(clip))]
    parts = [_version(clip, catalog, with_link=with_links) for clip in heard[:_MAX_CLIPS]]
    several = len(task.clips) > 1 and heard
    count = catalog.text("card-versions", number=len(task.clips)) if several else ""
    return task_text.join_parts(count, *parts)


def _version(clip: Clip, catalog: Catalog, *, with_link: bool) -> str:
    """Return the duration of a version, with a link to its audio if that is wanted."""
    duration = task_text.format_duration(clip.duration)
    if not with_link:
        return duration
    label = catalog.text("card-button-listen" if clip.playable else "card-button-preview")
    link = task_text.masked_link(label, usable_url(clip.audio_url, _MAX_LINK))
    return f"{link} {duration}".strip()


def _unplayable_versions(task: Task, catalog: Catalog, longest_link: int) -> Iterator[str]:
    """Yield why versions cannot be played from the card; equal reasons are one line."""
    names: dict[str, list[str]] = {}
    for number, clip in enumerate(task.clips[:_MAX_CLIPS], 1):
        if state := _state_of(clip, catalog, longest_link):
            name = task_text.version_label(number, len(task.clips), catalog)
            names.setdefault(state, []).append(f"**{name}**" if name else "")
    for state, versions in list(names.items())[:_MAX_STATES]:
        every = len(versions) == len(task.clips)
        yield task_text.join_parts("" if every else catalog.listed(versions), state)
    if any(map(task_text.is_preview, task.clips)):
        yield f"-# {catalog.text('card-previews')}"


def _state_of(clip: Clip, catalog: Catalog, longest_link: int) -> str:
    """Return why a version cannot be played from the card; empty if it can."""
    if _can_be_heard(clip) and usable_url(clip.audio_url):
        fits = usable_url(clip.audio_url, longest_link)
        return "" if fits else catalog.text("card-clip-link-long")
    return task_text.clip_state(clip, catalog, reason_limit=_MAX_CLIP_REASON)
