"""What the local relay does with submissions: it begins their tasks, and charges for each.

It charges as carelessly as real relays do: an empty object, too, and the same body once more.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random
from typing import Any
from uuid import UUID

from bot.relay.models import TaskKind
from sandbox.relay.clock import Clock
from sandbox.relay.faults import suno_error
from sandbox.relay.lifecycles import (
    CHORUS,
    VERSE,
    RelayTask,
    clip_ids,
    lyrics_task,
    song,
)

SUBMIT_PATHS = {f"/suno/submit/{kind.value}": kind for kind in TaskKind}
MAX_TITLE_WORDS = 4
"""Words of a description that become the title of its song."""

_COLON = re.compile("[:：]")
"""What separates in a description what a song is about and how it sounds."""

FindTask = Callable[[str], RelayTask | None]
AddTask = Callable[[RelayTask], None]
Answer = tuple[int, Any]
"""An HTTP status and the JSON of the body."""


class SubmissionFormat(StrEnum):
    """How the relay names the task that it has begun."""

    DATA = "data is the id"
    DATA_TASK_ID = "data.task_id"
    DATA_ID = "data.id"
    RESULT = "code 1, result is the id"
    NUMBER = "result is a number"
    TASK_ID = "task_id without an envelope"
    TASK = "data is the task"
    TWO_TASKS = "two task_ids"
    CLIPS = "clips that stream, without a task"
    FINISHED = "the finished clips or lyrics at once"


@dataclass(frozen=True, slots=True)
class RecordedSubmission:
    """A submission that has arrived."""

    key: str
    kind: TaskKind
    body: Any
    """As JSON; bytes where it is none."""
    at: float
    """The relay's time, in Unix seconds."""
    task_ids: tuple[str, ...]
    """The tasks that were begun; empty where nothing was, and so nothing was charged."""

    @property
    def is_charged(self) -> bool:
        """Whether something was begun."""
        return bool(self.task_ids)


class Submissions:
    """Accepts submissions and keeps the account of what they cost.

    ``format`` is how answers name tasks; songs take ``song_takes`` and lyrics ``lyrics_take``
    seconds. A body counts as charged twice if the same key has sent the same one within
    ``repeat_window`` seconds of the relay's clock.
    """

    def __init__(self, clock: Clock, random: Random, find: FindTask, add: AddTask) -> None:
        self.format = SubmissionFormat.DATA
        self.song_takes = 120.0
        self.lyrics_take = 10.0
        self.media = "https://cdn1.suno.ai"
        self.repeat_window = 600.0
        self.answer_delay = 0.0
        """Seconds of our own time from a submission to its answer."""
        self.prepare: Callable[[RelayTask], RelayTask] = _unchanged
        """Changes each task before it begins."""
        self.recorded: list[RecordedSubmission] = []
        self._clock = clock
        self._random = random
        self._find = find
        self._add = add

    @property
    def charges(self) -> list[RecordedSubmission]:
        """What was charged, oldest first."""
        return [each for each in self.recorded if each.is_charged]

    @property
    def double_charges(self) -> list[RecordedSubmission]:
        """What was charged although the same body had been charged shortly before."""
        last: dict[str, float] = {}
        doubles = []
        for each in self.charges:
            name = f"{each.key} {each.kind} {json.dumps(each.body, sort_keys=True)}"
            if name in last and each.at - last[name] <= self.repeat_window:
                doubles.append(each)
            last[name] = each.at
        return doubles

    def submit(self, key: str, kind: TaskKind, raw: bytes) -> Answer:
        """Begin the tasks of a submission, charge it, and return the answer."""
        body = _decoded(raw)
        if (refusal := self._refusal(kind, body)) is not None:
            self._record(key, kind, body)
            return refusal
        tasks = [self.prepare(task) for task in self._begin(kind, body)]
        for task in tasks:
            self._add(task)
        self._record(key, kind, body, *(task.id for task in tasks))
        return 200, submission_answer(self.format, tasks, self._clock.now(), self.song_takes / 4)

    def refuse(self, key: str, kind: TaskKind, raw: bytes) -> None:
        """Record a submission that a fault answers, so that it is not charged."""
        self._record(key, kind, _decoded(raw))

    def _record(self, key: str, kind: TaskKind, body: Any, *task_ids: str) -> None:
        self.recorded.append(RecordedSubmission(key, kind, body, self._clock.now(), task_ids))

    def _refusal(self, kind: TaskKind, body: Any) -> Answer | None:
        """Return the answer to a body that is not accepted; ``{}`` for a song is."""
        if body is None:
            return 500, suno_error("internal_error", "runtime error: invalid memory address")
        if not isinstance(body, dict):
            return 400, suno_error("invalid_request", "json: cannot unmarshal")
        if kind is TaskKind.LYRICS and not body.get("prompt"):
            return 400, suno_error("invalid_request", "prompt is empty")
        if body.get("continue_clip_id") and self._find(str(body.get("task_id"))) is None:
            return 400, suno_error("task_not_exist", "task_origin_not_exist")
        return None

    def _begin(self, kind: TaskKind, body: Mapping[str, Any]) -> list[RelayTask]:
        is_finished = self.format is SubmissionFormat.FINISHED
        count = 2 if self.format is SubmissionFormat.TWO_TASKS else 1
        tasks = []
        for _ in range(count):
            task_id = self._new_id()
            if kind is TaskKind.LYRICS:
                takes = 0.0 if is_finished else self.lyrics_take
                tasks.append(_lyrics(task_id, body, takes))
            else:
                takes = 0.0 if is_finished else self.song_takes
                tasks.append(self._song(task_id, body, takes, 2 // count))
        return tasks

    def _new_id(self) -> str:
        number = self._random.getrandbits(128)
        if self.format is SubmissionFormat.NUMBER:
            return str(10**15 + number % 10**15)
        return str(UUID(int=number, version=4))

    def _song(self, task_id: str, body: Mapping[str, Any], takes: float, clips: int) -> RelayTask:
        description = str(body.get("gpt_description_prompt") or "")
        lyrics = str(body.get("prompt") or "") or f"{VERSE}\n\n{CHORUS}"
        made = song(
            task_id,
            title=str(body.get("title") or "") or invented_title(description),
            lyrics="" if body.get("make_instrumental") else lyrics,
            style=str(body.get("tags") or "") or invented_style(description),
            clips=clips,
            takes=takes,
            media=self.media,
        )
        if self.format is SubmissionFormat.CLIPS:  # such relays look songs up by their clips
            return replace(made, id=",".join(clip_ids(task_id, clips)))
        return made


def submission_answer(
    form: SubmissionFormat, tasks: Sequence[RelayTask], now: float, streams_after: float
) -> Any:
    """Return the JSON with which a relay names the tasks that it has begun ``now`` (Unix seconds).

    ``streams_after``: seconds until the clips of a song can be heard, for an answer with clips.
    """
    task_id = tasks[0].id
    task = tasks[0].at(now, submitted_at=now)
    clips = tasks[0].at(now, submitted_at=now - streams_after)["data"]
    return {
        SubmissionFormat.DATA: _envelope(task_id),
        SubmissionFormat.DATA_TASK_ID: _envelope({"task_id": task_id}),
        SubmissionFormat.DATA_ID: _envelope({"id": task_id}),
        SubmissionFormat.RESULT: {"code": 1, "description": "ok", "result": task_id},
        SubmissionFormat.NUMBER: {"code": 1, "result": _number(task_id)},
        SubmissionFormat.TASK_ID: {"task_id": task_id},
        SubmissionFormat.TASK: _envelope(task),
        SubmissionFormat.TWO_TASKS: _envelope({"task_ids": [each.id for each in tasks]}),
        SubmissionFormat.CLIPS: _envelope(clips),
        SubmissionFormat.FINISHED: _envelope(task["data"]),
    }[form]


def _unchanged(task: RelayTask) -> RelayTask:
    return task


def invented_title(description: str) -> str:
    """Return the title that the relay gives a song of which only a description is known."""
    words = _COLON.split(description)[0].split()[:MAX_TITLE_WORDS]
    return " ".join(word.strip(".,;:!?").capitalize() for word in words) or "City Windows"


def invented_style(description: str) -> str:
    """Return the style of such a song: what stands behind a colon."""
    _, *style = _COLON.split(description, maxsplit=1)
    return (style or [""])[0].strip() or "acoustic pop"


def _lyrics(task_id: str, body: Mapping[str, Any], takes: float) -> RelayTask:
    topic = str(body.get("prompt") or "")
    text = f"[Verse]\nThey asked about {topic}\n\n{CHORUS}"
    return lyrics_task(task_id, title=invented_title(topic), text=text, takes=takes)


def _envelope(data: Any) -> dict[str, Any]:
    return {"code": "success", "message": "", "data": data}


def _number(task_id: str) -> int | str:
    return int(task_id) if task_id.isdigit() else task_id


def _decoded(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode("utf-8", "replace") or "nothing"
