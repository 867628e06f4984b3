"""Replays the five sample answers as lifecycles of their tasks."""

import json
from pathlib import Path
from typing import Any

from bot.relay.models import TaskKind
from sandbox.relay.lifecycles import RelayTask, TaskStage, running, streaming, succeeded, waiting

FOLDER = Path(__file__).resolve().parents[2] / "data" / "samples"


def sample(name: str) -> dict[str, Any]:
    """Read ``data/samples/<name>.json``.

    Raise FileNotFoundError, with a sentence, where it is absent: the samples belong to the
    checkout and are not part of an installed package.
    """
    file = FOLDER / f"{name}.json"
    if not file.is_file():
        raise FileNotFoundError(
            f"There is no sample {name!r}: {file} is missing. "
            "The samples lie in the checkout; run this from there."
        )
    answer: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return answer


def replay(name: str, *, takes: float = 120.0) -> tuple[RelayTask, ...]:
    """Turn a sample into tasks that come to be what it shows.

    A finished task waits, runs and after ``takes`` seconds is exactly as in the sample. A task
    that streams in the sample is exactly so from a quarter of the time on, and then succeeds with
    the links that its clips would get. Ids, links and times are the sample's.
    """
    data = sample(name)["data"]
    tasks = data if isinstance(data, list) else [data]
    return tuple(_life(task, takes) for task in tasks)


def _life(task: dict[str, Any], takes: float) -> RelayTask:
    kind = TaskKind(task["action"].lower())
    done = task if task["finish_time"] else _finished(task, takes)
    stages = [
        TaskStage(0, {**task, **waiting(), "start_time": 0, "finish_time": 0}),
        TaskStage(takes / 12, {**task, **running(None), "finish_time": 0}),
        TaskStage(takes, done),
    ]
    if kind is TaskKind.MUSIC:
        clips = [streaming(clip) for clip in done["data"]]
        shown = {**task, **running(clips), "finish_time": 0} if done is task else task
        stages.insert(2, TaskStage(takes / 4, shown))
    return RelayTask(task["task_id"], kind, tuple(stages))


def _finished(task: dict[str, Any], takes: float) -> dict[str, Any]:
    """Complete a streaming task, whose end the sample does not show."""
    clips = [
        {
            **clip,
            "status": "complete",
            "metadata": {**clip["metadata"], "duration": 120},
            "audio_url": f"https://cdn1.suno.ai/{clip['id']}.mp3",
        }
        for clip in task["data"]
    ]
    return {**task, **succeeded(clips), "finish_time": task["start_time"] + int(takes)}
