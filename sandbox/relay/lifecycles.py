"""The lifecycle of a task at the local relay: its stages and their times."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from bot.relay.models import TaskKind

VERSE = "[Verse]\nStreet lamps hum a quiet tune\nBuses hurry past the moon"
CHORUS = "[Chorus]\nAnd the city sings along\nEvery window knows the song"
WAITING = frozenset({"NOT_START", "SUBMITTED", "QUEUED"})
ENDED = frozenset({"SUCCESS", "FAILURE", "UNKNOWN"})


@dataclass(frozen=True, slots=True)
class TaskStage:
    """One state of a task, from ``at`` seconds after its submission until the next stage.

    ``fields`` are the task's JSON fields; the three times are filled in where they are missing.
    """

    at: float
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RelayTask:
    """A task of the local relay; its stages are in the order of their time, the first at 0."""

    id: str
    kind: TaskKind
    stages: tuple[TaskStage, ...]

    def at(self, now: float, *, submitted_at: float) -> dict[str, Any]:
        """Return the task's JSON object at ``now``; both times are Unix seconds."""
        reached = [stage for stage in self.stages if stage.at <= now - submitted_at]
        times = {
            "submit_time": int(submitted_at),
            "start_time": _first(reached, submitted_at, lacking=WAITING),
            "finish_time": _first(reached, submitted_at, having=ENDED),
        }
        fixed = {"task_id": self.id, "action": self.kind.action, "fail_reason": ""}
        return {**fixed, **times, **reached[-1].fields}


def _first(
    reached: list[TaskStage],
    submitted_at: float,
    *,
    having: frozenset[str] | None = None,
    lacking: frozenset[str] = frozenset(),
) -> int:
    """Return the Unix second at which the first such stage began, or 0, as relays do."""
    for stage in reached:
        status = stage.fields["status"]
        if status not in lacking and (having is None or status in having):
            return int(submitted_at + stage.at)
    return 0


def song(
    task_id: str | None = None,
    *,
    title: str = "City Windows",
    lyrics: str = f"{VERSE}\n\n{CHORUS}",
    style: str = "acoustic pop",
    clips: int = 2,
    takes: float = 120.0,
    media: str = "https://cdn1.suno.ai",
) -> RelayTask:
    """Build a song that waits, streams from a quarter of its time on, and succeeds.

    ``takes`` is in seconds; ``media`` is where its finished audio and its covers are said to be.
    """
    task_id = task_id or str(uuid4())
    made = [
        clip(clip_id, title=title, lyrics=lyrics, style=style, media=media)
        for clip_id in clip_ids(task_id, clips)
    ]
    return RelayTask(
        task_id,
        TaskKind.MUSIC,
        (
            TaskStage(0, waiting()),
            TaskStage(takes / 12, running(None)),
            TaskStage(takes / 4, running([streaming(each) for each in made])),
            TaskStage(takes, succeeded(made)),
        ),
    )


def lyrics_task(
    task_id: str | None = None,
    *,
    title: str = "City Windows",
    text: str = f"{VERSE}\n\n{CHORUS}",
    takes: float = 10.0,
) -> RelayTask:
    """Build a lyrics task that runs for ``takes`` seconds and succeeds."""
    task_id = task_id or str(uuid4())
    words = {"id": task_id, "text": text, "title": title, "status": "complete"}
    return RelayTask(
        task_id,
        TaskKind.LYRICS,
        (
            TaskStage(0, waiting()),
            TaskStage(takes / 5, running(None)),
            TaskStage(takes, succeeded(words)),
        ),
    )


def failing(
    task_id: str | None = None,
    *,
    reason: str = "The lyrics contain words that are not allowed.",
    kind: TaskKind = TaskKind.MUSIC,
    takes: float = 30.0,
) -> RelayTask:
    """Build a task that runs and fails after ``takes`` seconds with nothing to show."""
    return RelayTask(
        task_id or str(uuid4()),
        kind,
        (
            TaskStage(0, waiting()),
            TaskStage(takes / 4, running(None)),
            TaskStage(takes, failed(None, reason)),
        ),
    )


def stuck(task_id: str | None = None, *, kind: TaskKind = TaskKind.MUSIC) -> RelayTask:
    """Build a task that is in progress forever."""
    return RelayTask(
        task_id or str(uuid4()), kind, (TaskStage(0, waiting()), TaskStage(10, running(None)))
    )


def half_success(
    task_id: str | None = None,
    *,
    reason: str = "One of the two clips could not be made.",
    title: str = "City Windows",
    takes: float = 120.0,
) -> RelayTask:
    """Build a song whose task fails although the first of its two clips can be played."""
    task_id = task_id or str(uuid4())
    good, bad = (clip(each, title=title) for each in clip_ids(task_id, 2))
    return RelayTask(
        task_id,
        TaskKind.MUSIC,
        (
            TaskStage(0, waiting()),
            TaskStage(takes / 4, running([streaming(good), streaming(bad)])),
            TaskStage(takes, failed([good, broken(bad, reason)], reason)),
        ),
    )


def waiting() -> dict[str, Any]:
    """Return the fields of a task that has not begun."""
    return {"status": "NOT_START", "progress": "0%", "data": None}


def running(data: Any) -> dict[str, Any]:
    """Return the fields of a task in progress; the open relays write "0%" until it ends."""
    return {"status": "IN_PROGRESS", "progress": "0%", "data": data}


def succeeded(data: Any) -> dict[str, Any]:
    """Return the fields of a task that ended well."""
    return {"status": "SUCCESS", "progress": "100%", "data": data}


def failed(data: Any, reason: str) -> dict[str, Any]:
    """Return the fields of a task that failed."""
    return {"status": "FAILURE", "progress": "100%", "fail_reason": reason, "data": data}


def clip_ids(task_id: str, count: int) -> list[str]:
    """Derive the ids of a task's clips from its own, so that a rerun has the same links."""
    return [str(uuid5(NAMESPACE_URL, f"{task_id}/{number}")) for number in range(count)]


def clip(
    clip_id: str,
    *,
    title: str = "City Windows",
    lyrics: str = VERSE,
    style: str = "acoustic pop",
    media: str = "https://cdn1.suno.ai",
) -> dict[str, Any]:
    """Build the JSON object of a complete clip."""
    return {
        "id": clip_id,
        "title": title,
        "status": "complete",
        "metadata": {
            "tags": style,
            "prompt": lyrics,
            "duration": 120.5,
            "error_type": None,
            "error_message": None,
        },
        "audio_url": f"{media}/{clip_id}.mp3",
        "image_url": f"{media}/image_{clip_id}.jpeg",
        "video_url": "",
        "model_name": "chirp-v4",
        "image_large_url": f"{media}/image_large_{clip_id}.jpeg",
        "major_model_version": "v4",
    }


def streaming(made: Mapping[str, Any]) -> dict[str, Any]:
    """Turn a complete clip into what it was while it streamed: another link, no duration."""
    return {
        **made,
        "status": "streaming",
        "metadata": {**made["metadata"], "duration": None},
        "audio_url": f"https://audiopipe.suno.ai/?item_id={made['id']}",
        "video_url": "",
    }


def broken(made: Mapping[str, Any], reason: str) -> dict[str, Any]:
    """Turn a complete clip into a failed one, with the placeholder link that relays give it."""
    problem = {"duration": None, "error_type": "generation_failed", "error_message": reason}
    return {
        **made,
        "status": "error",
        "metadata": {**made["metadata"], **problem},
        "audio_url": "https://cdn1.suno.ai/None.mp3",
    }
