"""How much of a task is kept: nothing later depends on how much a relay sends.

The parser applies these bounds to every answer; ``bounded`` applies them to tasks that an earlier
version stored.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from bot.relay.models import Clip, Lyrics, Task

MAX_CLIPS = 24
"""Clips of one task; relays make two."""

MAX_LYRICS = 65_536
"""Code points of the lyrics of one clip or lyrics task; Suno itself takes at most 5,000."""

MAX_ALL_LYRICS = 2 * MAX_LYRICS
"""Code points of the different lyrics of all clips of a task together."""

MAX_LABEL = 1024
"""Code points of a title or a style."""

MAX_REASON = 2048
"""Code points of the reason of a failure."""


def bounded(task: Task) -> Task:
    """Return ``task`` with everything beyond the bounds cut off; itself where nothing is."""
    if _is_within(task):
        return task
    lyrics = task.lyrics
    if lyrics is not None:
        lyrics = Lyrics(
            lyrics.text[:MAX_LYRICS], lyrics.title[:MAX_LABEL], lyrics.style[:MAX_LABEL]
        )
    clips = within_all_lyrics(map(_bounded_clip, task.clips[:MAX_CLIPS]))
    return replace(task, reason=task.reason[:MAX_REASON], clips=tuple(clips), lyrics=lyrics)


def _is_within(task: Task) -> bool:
    lyrics = [clip.lyrics for clip in task.clips] + ([task.lyrics.text] if task.lyrics else [])
    labels = [label for clip in task.clips for label in (clip.title, clip.style)]
    labels += [task.lyrics.title, task.lyrics.style] if task.lyrics else []
    reasons = [task.reason, *(clip.reason for clip in task.clips)]
    return (
        len(task.clips) <= MAX_CLIPS
        and sum(map(len, lyrics)) <= MAX_LYRICS
        and max(map(len, labels), default=0) <= MAX_LABEL
        and max(map(len, reasons)) <= MAX_REASON
    )


def within_all_lyrics(clips: Iterable[Clip]) -> Iterator[Clip]:
    """Yield clips, without the lyrics of those that would exceed ``MAX_ALL_LYRICS``.

    Clips that share their lyrics share one text in memory, too.
    """
    told: dict[str, str] = {}
    left = MAX_ALL_LYRICS
    for clip in clips:
        if clip.lyrics and clip.lyrics not in told:
            text = clip.lyrics if len(clip.lyrics) <= left else ""
            told[clip.lyrics] = text
            left -= len(text)
        same = told.get(clip.lyrics, "")
        yield clip if same == clip.lyrics else replace(clip, lyrics=same)


def _bounded_clip(clip: Clip) -> Clip:
    return replace(
        clip,
        title=clip.title[:MAX_LABEL],
        style=clip.style[:MAX_LABEL],
        lyrics=clip.lyrics[:MAX_LYRICS],
        reason=clip.reason[:MAX_REASON],
    )
