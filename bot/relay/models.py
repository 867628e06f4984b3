"""A task and its results as frozen values, and the bounds of what is stored of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum


class _FastEnum(StrEnum):
    """A StrEnum that is hashed as its text: ``Enum.__hash__`` is a Python function, and slow.

    Every poll hashes the tasks that it finds, to tell which of them have changed.
    """

    __hash__ = str.__hash__


class TaskKind(_FastEnum):
    """What a task generates; read from the shape of its data, never from its ``action``."""

    MUSIC = "music"
    LYRICS = "lyrics"

    @property
    def action(self) -> str:
        """The ``action`` of this kind in a request: ``MUSIC`` or ``LYRICS``."""
        return self.value.upper()


class TaskStatus(_FastEnum):
    """The status of a task; the values are those of Suno-API."""

    NOT_START = "NOT_START"
    SUBMITTED = "SUBMITTED"
    QUEUED = "QUEUED"
    IN_PROGRESS = "IN_PROGRESS"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    UNKNOWN = "UNKNOWN"
    """A status of Suno-API: the relay will never learn how the task ended, so it is final."""
    UNRECOGNIZED = "UNRECOGNIZED"
    """Another status, or none: the task is polled until the deadline of its watches."""


class ClipStatus(_FastEnum):
    """The status of one clip; the other spellings of relays are mapped to these values."""

    QUEUED = "queued"
    STREAMING = "streaming"
    COMPLETE = "complete"
    ERROR = "error"
    UNRECOGNIZED = "unrecognized"


class Outcome(_FastEnum):
    """How a finished task ended."""

    SUCCESS = "success"
    PARTIAL = "partial"
    """There is something to play or to read, but something is missing."""
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Clip:
    """One version of a song. Links are ``None`` unless a person can open them."""

    id: str
    title: str = ""
    status: ClipStatus = ClipStatus.UNRECOGNIZED
    audio_url: str | None = None
    audio_is_final: bool = False
    """False while ``audio_url`` is a stream that ends when the song is finished."""
    video_url: str | None = None
    image_url: str | None = None
    duration: float | None = None
    """Seconds."""
    style: str = ""
    """The tags of the song, as one line."""
    lyrics: str = ""
    """Empty when instrumental, or when only a description is known."""
    reason: str = ""
    """Why this clip failed, in the words of the relay."""

    @property
    def playable(self) -> bool:
        """Whether there is a permanent link to listen to."""
        return self.audio_url is not None and self.audio_is_final

    @property
    def settled(self) -> bool:
        """Whether no later poll can show more of this clip."""
        return self.playable or self.status is ClipStatus.ERROR


@dataclass(frozen=True, slots=True)
class Lyrics:
    """The result of a lyrics task."""

    text: str
    title: str = ""
    style: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """One task as a relay described it, whatever the shape of its response.

    Times are Unix seconds, ``None`` where the relay gave none. All texts are the relay's: hostile
    until escaped.
    """

    id: str
    status: TaskStatus
    outcome: Outcome | None = None
    """``None`` while the task is not finished."""
    kind: TaskKind | None = None
    """``None`` while neither the data nor a request of the bot show it."""
    claimed_kind: TaskKind | None = None
    """The kind that the relay's ``action`` names, which may be wrong; ``None`` once ``kind`` is
    set. Only used to plan polls."""
    progress: int | None = None
    """Per cent, as the relay claims; only shown, never relied on."""
    reason: str = ""
    """Why the task failed, in the words of the relay; empty when it gave no reason."""
    submitted_at: float | None = None
    started_at: float | None = None
    finished_at: float | None = None
    clips: tuple[Clip, ...] = field(default=())
    lyrics: Lyrics | None = None

    @property
    def terminal(self) -> bool:
        """Whether the relay says that the task has ended."""
        return self.outcome is not None

    @property
    def settled(self) -> bool:
        """Whether the task has ended and no later poll can show more."""
        if not self.terminal or self.outcome is Outcome.FAILURE:
            return self.terminal
        return self.lyrics is not None or (
            bool(self.clips) and all(clip.settled for clip in self.clips)
        )

    @property
    def lasting_results(self) -> int:
        """How many results there are that last: versions to play, and lyrics."""
        return sum(clip.playable for clip in self.clips) + (self.lyrics is not None)

    @property
    def title(self) -> str:
        """The first title among the lyrics and the clips; empty if there is none."""
        titles = [self.lyrics.title] if self.lyrics else []
        titles += [clip.title for clip in self.clips]
        return next((title for title in titles if title), "")

    @property
    def text(self) -> str:
        """The first lyrics among the lyrics task's own and the clips'; empty if there are none."""
        texts = [self.lyrics.text] if self.lyrics else []
        texts += [clip.lyrics for clip in self.clips]
        return next((text for text in texts if text), "")


MAX_TASK_AGE = 86_400.0
"""Seconds; if a task was submitted longer before it was watched, the relay's clock is wrong."""

_RUNNING_ORDER = (
    TaskStatus.UNRECOGNIZED,
    TaskStatus.NOT_START,
    TaskStatus.SUBMITTED,
    TaskStatus.QUEUED,
    TaskStatus.IN_PROGRESS,
)


def submission_time(task: Task, added_at: float) -> float:
    """Return when a task was submitted (Unix seconds), as the relay says.

    Where it says nothing or its clock must be wrong, that is when the task was first watched.
    """
    submitted_at = task.submitted_at
    if submitted_at is None or not added_at - MAX_TASK_AGE < submitted_at < added_at:
        return added_at
    return submitted_at


def supersedes(task: Task, status: TaskStatus, *, ended: bool) -> bool:
    """Whether a newly read task may replace the stored one: a status never goes backwards.

    ``status`` is the stored one; ``ended`` says whether the relay has ever reported the end.
    """
    if task.terminal or ended:
        return task.terminal
    if status not in _RUNNING_ORDER or task.status not in _RUNNING_ORDER:
        return True
    return _RUNNING_ORDER.index(task.status) >= _RUNNING_ORDER.index(status)


MAX_CLIPS = 24
"""Clips of one task; relays generate two."""

MAX_LYRICS = 65_536
"""Code points of the lyrics of one clip or lyrics task; Suno itself takes at most 5,000."""

MAX_ALL_LYRICS = 2 * MAX_LYRICS
"""Code points of the different lyrics of all clips of a task together."""

MAX_LABEL = 1024
"""Code points of a title or a style."""

MAX_REASON = 2048
"""Code points of the reason of a failure."""


def bounded(task: Task) -> Task:
    """Return a task with everything beyond the bounds cut off; the same one where nothing is."""
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

    Clips with equal lyrics share one text in memory.
    """
    kept: dict[str, str] = {}
    left = MAX_ALL_LYRICS
    for clip in clips:
        if clip.lyrics and clip.lyrics not in kept:
            text = clip.lyrics if len(clip.lyrics) <= left else ""
            kept[clip.lyrics] = text
            left -= len(text)
        same = kept.get(clip.lyrics, "")
        yield clip if same == clip.lyrics else replace(clip, lyrics=same)


def _bounded_clip(clip: Clip) -> Clip:
    return replace(
        clip,
        title=clip.title[:MAX_LABEL],
        style=clip.style[:MAX_LABEL],
        lyrics=clip.lyrics[:MAX_LYRICS],
        reason=clip.reason[:MAX_REASON],
    )
