"""What a simulated relay does with submissions: it begins tasks, and charges for each."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from bot.relay.models import TaskKind
from sandbox.relay.lifecycles import RelayTask, clip_ids
from sandbox.relay.submissions import SUBMIT_PATHS, SubmissionFormat, submission_answer
from tests.simulation.clock import VirtualClock
from tests.simulation.faults import Effect, Reply, Request
from tests.simulation.simulated_task import SimulatedTask
from tests.support.task_endings import TaskEnding

MARK = re.compile(r"wish-[0-9]+-[0-9a-f]{8}")
"""What stands in the texts of a wish to create something, and in no other wish's."""

_ENDINGS = {
    TaskKind.MUSIC: {
        TaskEnding.SONG: 6,
        TaskEnding.HALF: 1,
        TaskEnding.FAILED: 2,
        TaskEnding.STUCK: 0.3,
    },
    TaskKind.LYRICS: {TaskEnding.LYRICS: 6, TaskEnding.FAILED: 2, TaskEnding.STUCK: 0.3},
}
_WITH_RESULT = {TaskKind.MUSIC: TaskEnding.SONG, TaskKind.LYRICS: TaskEnding.LYRICS}


@dataclass(frozen=True, slots=True)
class Submission:
    """A submission that arrived at a relay, or was answered in its place."""

    mark: str
    """Of the wish; empty where the body holds none."""
    at: float
    """True Unix seconds."""
    task_ids: tuple[str, ...] = ()
    """The tasks that were begun: then it is charged."""
    is_lost: bool = False
    """Whether nothing tells the bot what became of it, though nothing was begun."""


class Submissions:
    """The submissions to one relay.

    Its answers have one form, and it has as many tasks under way as it allows at most.
    """

    def __init__(
        self,
        clock: VirtualClock,
        relay: str,
        rng: Random,
        add: Callable[[SimulatedTask], RelayTask],
    ) -> None:
        """``add`` lets the relay know a task."""
        self._clock = clock
        self._relay = relay
        self._rng = rng
        self._add = add
        self.form = rng.choice(list(SubmissionFormat))
        self.max_concurrent: int | None = rng.choice([None, None, 1, 3])
        self.received: list[Submission] = []
        self.begun: dict[str, SimulatedTask] = {}
        self._count = 0

    def receive(self, request: Request) -> Reply:
        """Begin what is asked for, charge it, and answer."""
        kind, body, now = SUBMIT_PATHS[request.path], request.body, self._clock.true_time()
        if refusal := self._refusal(body, now):
            self._record(request)
            return refusal
        tasks = self._begin(kind, body, now)
        self._record(request, *(task.id for task in tasks))
        lives = [self._add(task) for task in tasks]
        answer = submission_answer(self._form(kind), lives, now, tasks[0].takes / 4)
        return Reply(200, json.dumps(answer).encode())

    def lose(self, request: Request, effect: Effect) -> None:
        """Note that a fault strikes a submission in place of the relay's answer."""
        if not effect.refused:
            is_lost = not effect.applied and (effect.cut or effect.silent)
            self._record(request, is_lost=is_lost)

    def _record(self, request: Request, *task_ids: str, is_lost: bool = False) -> None:
        found = MARK.search(json.dumps(request.body))
        mark = found[0] if found else ""
        self.received.append(Submission(mark, self._clock.true_time(), task_ids, is_lost))

    def _refusal(self, body: Mapping[str, Any], now: float) -> Reply | None:
        """Return the answer to what is not begun."""
        running = sum(task.ends_at is None or task.ends_at > now for task in self.begun.values())
        if self.max_concurrent is not None and running >= self.max_concurrent:
            busy = {"code": "fail_to_fetch_task", "message": "too many tasks", "data": None}
            return Reply(429, json.dumps(busy).encode())
        if body.get("continue_clip_id") and body.get("task_id") not in self.begun:
            missing = {"code": "task_not_exist", "message": "task_origin_not_exist", "data": None}
            return Reply(400, json.dumps(missing).encode())
        return None

    def _form(self, kind: TaskKind) -> SubmissionFormat:
        """Return the form of an answer; clips are no answer to who asks for lyrics."""
        no_clips = kind is TaskKind.LYRICS and self.form is SubmissionFormat.CLIPS
        return SubmissionFormat.DATA if no_clips else self.form

    def _begin(self, kind: TaskKind, body: Mapping[str, Any], now: float) -> list[SimulatedTask]:
        form = self._form(kind)
        count = 2 if form is SubmissionFormat.TWO_TASKS else 1
        return [self._task(kind, form, _title(body), now) for _ in range(count)]

    def _task(
        self, kind: TaskKind, form: SubmissionFormat, title: str, now: float
    ) -> SimulatedTask:
        self._count += 1
        number = f"{self._count}-{self._rng.getrandbits(40):010x}"
        at_once = form is SubmissionFormat.FINISHED
        endings = _ENDINGS[kind]
        (ending,) = self._rng.choices(list(endings), weights=list(endings.values()))
        takes = self._rng.choice([self._rng.uniform(3, 15), self._rng.uniform(60, 600)])
        if at_once or form is SubmissionFormat.CLIPS:
            ending = _WITH_RESULT[kind]
        task = SimulatedTask(
            f"made-{self._relay}-{number}",
            self._relay,
            ending,
            title,
            now,
            0.0 if at_once else takes,
        )
        task.is_lyrics = kind is TaskKind.LYRICS
        if form is SubmissionFormat.NUMBER:
            task.id = str(10**15 + self._rng.getrandbits(49))
        elif kind is TaskKind.MUSIC and form in (SubmissionFormat.CLIPS, SubmissionFormat.FINISHED):
            task.name = task.id  # such relays look songs up by their clips
            task.id = ",".join(clip_ids(task.seed, 2))
        self.begun[task.id] = task
        return task


def _title(body: Mapping[str, Any]) -> str:
    """Return the title that a song gets: the given one, else the beginning of the description."""
    words: Sequence[Any] = (body.get("title"), body.get("gpt_description_prompt"))
    return str(next(filter(None, words), body.get("prompt", "")))[:80]
