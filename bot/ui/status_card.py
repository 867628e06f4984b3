"""Renders the status card: the state, progress and results of a task."""

from collections.abc import Iterator
from dataclasses import dataclass

import discord

from bot.i18n.catalog import Catalog
from bot.relay.models import Clip, Outcome, Task, TaskStatus
from bot.storage.models import DurationStats
from bot.ui import task_text
from bot.ui.escaping import code_span, escape_line
from bot.ui.failure_reasons import failure_explanation, relay_reason
from bot.ui.limits import usable_url
from bot.ui.task_text import link_buttons
from bot.ui.views import status_view

_MAX_TITLE = 200
_MAX_STYLE = 200
_MAX_REASON = 400
"""Code points."""
_MAX_CLIPS = 4
"""Clips with a line of their own; a task has two, rarely four."""
_BAR_LENGTH = 12
"""Characters of a progress bar."""
_MAX_LINK = 500
"""Code points of a link in the description, so that four links and the rest are within 4096."""
_MAX_ESTIMATED_PERCENT = 95
"""Per cent: an estimate by elapsed time alone never shows a task as done."""
_MAX_AGE = 315_360_000
"""Seconds, ten years: older timestamps are invalid, because Suno did not exist."""


def status_card(
    task: Task, catalog: Catalog, *, now: float, typical: DurationStats | None = None
) -> list[discord.Embed]:
    """Return the embeds that show ``task`` at ``now`` (Unix seconds).

    ``typical`` is how long such tasks take; the progress is estimated from it if the relay reports
    none. There is one embed: title, state, progress, times, each version with its link, and the
    id. It never contains the marker of a notice.
    """
    task = task_text.without_expired_streams(task)
    embed = discord.Embed(
        title=task_text.task_title(task, catalog, limit=_MAX_TITLE),
        description="\n".join(_lines(task, catalog, now, typical)),
        colour=task_text.OUTCOME_COLOURS[task.outcome]
        if task.outcome
        else task_text.RUNNING_COLOUR,
    )
    covers = (usable_url(clip.image_url) for clip in task.clips)
    return [embed.set_thumbnail(url=next(filter(None, covers), None))]


def progress_bar(per_cent: int) -> str:
    """Return ``▰▰▰▰▰▰▱▱▱▱▱▱ 50%``; values outside 0 to 100 are clamped."""
    bounded = min(max(per_cent, 0), 100)
    filled = bounded * _BAR_LENGTH // 100
    return "▰" * filled + "▱" * (_BAR_LENGTH - filled) + f" {bounded}%"


def _lines(
    task: Task, catalog: Catalog, now: float, typical: DurationStats | None
) -> Iterator[str]:
    yield state_line(task, catalog, now)
    if not task.terminal:
        yield from _progress(task, catalog, now, typical)
    yield from filter(None, (task_style(task),))
    yield from _failure(task, catalog)
    if any(clip.playable or task_text.is_preview(clip) for clip in task.clips) or not task.terminal:
        yield from _clips(task, catalog)
    if task.text and task.terminal:
        yield catalog.text("card-read-lyrics")
    yield ""
    yield catalog.text("card-task-id", id=code_span(task.id, limit=task_text.MAX_SHOWN_ID))


def _progress(
    task: Task, catalog: Catalog, now: float, typical: DurationStats | None
) -> Iterator[str]:
    """Yield the progress: the relay's, else estimated by how long such tasks take."""
    started = _plausible_time(task.started_at, now) or _plausible_time(task.submitted_at, now)
    if task.progress:  # most relays report nothing between 0 and 100
        yield progress_bar(task.progress)
    elif typical and 0 < now - started < typical.slow:
        yield progress_bar(min(_MAX_ESTIMATED_PERCENT, round(100 * (now - started) / typical.slow)))
    if typical:
        yield catalog.text("card-typical", time=task_text.format_duration(typical.median))


def state_line(task: Task, catalog: Catalog, now: float) -> str:
    """Return the state of the task in bold, and its times."""
    started = _plausible_time(task.started_at, now) or _plausible_time(task.submitted_at, now)
    finished = _plausible_time(task.finished_at, now)
    if not task.terminal:
        since = catalog.text("card-since", time=f"<t:{started}:R>") if started else ""
        return task_text.join_parts(catalog.text(f"card-state-{_status_name(task.status)}"), since)
    ended = catalog.text("card-ended", time=f"<t:{finished}:R>") if finished else ""
    took = task_text.format_duration(finished - started) if finished and started else ""
    duration = catalog.text("card-took", time=took) if took else ""
    return task_text.join_parts(catalog.text(f"card-state-{task.outcome}"), ended, duration)


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
    return next(filter(None, (escape_line(style, limit=_MAX_STYLE) for style in styles)), "")


def _failure(task: Task, catalog: Catalog) -> Iterator[str]:
    """Yield why the task failed; the lines of single failed clips contain their own reasons."""
    relay_text = ""
    if task.outcome is Outcome.FAILURE:
        yield failure_explanation(task, catalog)
        relay_text = relay_reason(task)
    elif task.outcome is Outcome.PARTIAL and not any(clip.reason for clip in task.clips):
        relay_text = task.reason
    reason = escape_line(relay_text, limit=_MAX_REASON)
    if reason:
        yield catalog.text("card-relay-reason", reason=reason)


def _clips(task: Task, catalog: Catalog) -> Iterator[str]:
    """Yield an empty line and a line for each clip; nothing if there are no clips."""
    if task.clips:
        yield ""
    for number, clip in enumerate(task.clips[:_MAX_CLIPS], 1):
        yield _clip(clip, number, len(task.clips), catalog)
    if len(task.clips) > _MAX_CLIPS:
        yield catalog.text("card-more-clips", number=len(task.clips) - _MAX_CLIPS)


def _clip(clip: Clip, number: int, total: int, catalog: Catalog) -> str:
    """Return a clip as one line: ``Version 1 · 2:34 · Listen``, or why it has no link."""
    name = task_text.version_label(number, total, catalog) or catalog.text("card-song")
    state = task_text.clip_state(clip, catalog, reason_limit=_MAX_REASON // 2)
    link = _link(clip, catalog)
    if not link and not state:
        state = catalog.text("card-clip-link-long")
    return task_text.join_parts(
        f"**{name}**", task_text.format_duration(clip.duration), link, state
    )


def _link(clip: Clip, catalog: Catalog) -> str:
    """Return a masked link to the audio; empty if there is none or it is too long."""
    url = usable_url(clip.audio_url, _MAX_LINK)
    if not url or not (clip.playable or task_text.is_preview(clip)):
        return ""
    label = catalog.text("card-button-listen" if clip.playable else "card-button-preview")
    return f"[{label}]({url.replace('(', '%28').replace(')', '%29')})"


@dataclass(frozen=True, slots=True)
class StatusMessage:
    """The embeds and buttons of a message with a status card."""

    embeds: list[discord.Embed]
    view: discord.ui.View | None


def status_message(
    task: Task, catalog: Catalog, *, now: float, typical: DurationStats | None = None
) -> StatusMessage:
    """Return the status card of ``task`` with its buttons; arguments as for ``status_card``."""
    return StatusMessage(
        embeds=status_card(task, catalog, now=now, typical=typical),
        view=status_view(task, link_buttons(task, catalog), catalog),
    )
