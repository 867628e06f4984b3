"""Creates the planned tasks at the local relay, with the results to expect of them."""

from dataclasses import replace

from sandbox.relay import RelayTask, failing, half_success, lyrics_task, song, stuck
from sandbox.relay.lifecycles import clip_ids
from tests.e2e.chaos.expected_results import ExpectedResult
from tests.e2e.chaos.plan import NewTask
from tests.support.task_endings import TaskEnding


def task_id(number: int) -> str:
    """Return the id of the task with an index."""
    return f"chaos-{number:05}-of-tasks"


def relay_task(task: NewTask) -> RelayTask | None:
    """Return a task for the relay, ``None`` for one that the relay never knows."""
    name, title = task_id(task.number), _title(task)
    match task.ending:
        case TaskEnding.SONG:
            return replace(song(_seed(task), title=title, takes=task.takes), id=name)
        case TaskEnding.HALF:
            return replace(half_success(_seed(task), title=title, takes=task.takes), id=name)
        case TaskEnding.LYRICS:
            return lyrics_task(name, title=title, text=_text(task), takes=task.takes)
        case TaskEnding.FAILED:
            return failing(name, reason=_text(task), takes=task.takes)
        case TaskEnding.STUCK:
            return stuck(name)
        case TaskEnding.NEVER:
            return None


def expected_result(task: NewTask, now: float) -> ExpectedResult:
    """Return the result to expect of a task that is created ``now``, by the relay's clock."""
    links = clip_links(_seed(task))
    required_texts = {
        TaskEnding.SONG: links,
        TaskEnding.HALF: links[:1],
        TaskEnding.LYRICS: [_text(task)],
        TaskEnding.FAILED: [_text(task)],
    }
    ends = task.ending not in (TaskEnding.STUCK, TaskEnding.NEVER)
    titled = task.ending in (TaskEnding.SONG, TaskEnding.HALF, TaskEnding.LYRICS)
    return ExpectedResult(
        task_id(task.number),
        task.ending,
        now + task.takes if ends else None,
        _title(task) if titled else "",
        tuple(required_texts.get(task.ending, ())),
        task.relay,
    )


def clip_links(seed: str) -> list[str]:
    """Return the permanent audio links of a song of two clips, whose ids derive from ``seed``."""
    return [f"https://cdn1.suno.ai/{clip}.mp3" for clip in clip_ids(seed, 2)]


def _seed(task: NewTask) -> str:
    """Return what the ids of a task's clips derive from: no relay has the clips of another."""
    return f"{task.relay}/{task_id(task.number)}"


def _title(task: NewTask) -> str:
    """Return a title with the id, by which replies name the task."""
    return f"Number {task.number}: {task_id(task.number)} {task.relay}"


def _text(task: NewTask) -> str:
    return f"What number {task.number} says, {task.relay}"
