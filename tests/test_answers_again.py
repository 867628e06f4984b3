"""What a relay says again is not read again, and what is made of it is the same all the same."""

import json
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.suno.answers import read_batch, read_batch_again
from bot.suno.errors import SunoError
from bot.suno.reading.again import Reading
from bot.suno.tasks import Task
from tests.fuzz_answers import garbled
from tests.test_answers_fast import finished, streaming, waiting

COMPACT, SPACED, INDENTED = (",", ":"), (", ", ": "), (",\n", ": ")


def named(task: dict[str, Any], task_id: Any) -> dict[str, Any]:
    """Return the task under another id."""
    return {**task, "task_id": task_id}


RUNNING = named(streaming(), "running")
WAITING = named(waiting(), "waiting")
FINISHED = named(finished(), "finished")
NESTING = {"task_id": "outer", "status": "IN_PROGRESS", "data": [{"x": 1}, RUNNING]}
TORN = {"x": 1, **named(streaming("task.progress", "9%"), "running")}
"""After ``NESTING`` it looks as if a piece of that and this were one task."""
POOL: list[Any] = [
    *(RUNNING, WAITING, FINISHED, NESTING, TORN),
    named(streaming("task.progress", "50%"), "running"),
    named(streaming("clip.title", '},{"task_id":"finished"'), "running"),
    named(finished(), "running"),
    named(streaming("clip.status", "mastering"), "odd"),
    named(streaming("task.data", {"task_id": "inner", "status": "SUCCESS", "data": []}), "odd"),
    {"task_id": "odd", "data": [WAITING, RUNNING]},
    *(named(streaming(), each) for each in ("", " ", None, 7, "x" * 192, "half \ud83d")),
    *({"task_id": "clip", "audio_url": link} for link in ("", "https://cdn1.suno.ai/a1.mp3")),
    *({"task_id": "clip"}, {"id": "clip"}, {}, None, 1, []),
]


def written(*tasks: Any, style: tuple[str, str] = COMPACT, **envelope: Any) -> bytes:
    """Return the answer of a relay in which these are the tasks."""
    answer = {"code": "success", "message": "", "data": tasks, **envelope}
    return json.dumps(answer, separators=style).encode()


class Memory:
    """What a caller keeps of running tasks, as the poller does."""

    def __init__(self) -> None:
        self.seen: dict[str, int] = {}
        self.kept: dict[str, Task] = {}

    def read(self, body: bytes) -> Reading:
        """Read the next answer, and keep what is to be kept."""
        reading = read_batch_again(200, None, body, {self.seen[each]: each for each in self.seen})
        for task in reversed(reading.tasks):
            self.seen.pop(task.id, None)
            self.kept[task.id] = task
        self.seen.update(reading.fingerprints)
        return reading

    def learn(self, body: bytes) -> dict[str, Task]:
        """Return what is known after the next answer of each task that it names."""
        reading = self.read(body)
        told = {task.id for task in reading.tasks}
        assert reading.unchanged.isdisjoint(told)
        return {task_id: self.kept[task_id] for task_id in reading.unchanged | told}


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    """One answer, in one way of writing or another, now and then garbled."""
    tasks = draw(st.lists(st.sampled_from(POOL), max_size=5))
    style = draw(st.sampled_from([COMPACT, SPACED, INDENTED]))
    envelope: dict[str, Any] = draw(
        st.sampled_from([{}, {}, {}, {"error": "no"}, {"code": 1}, {"message": "!"}])
    )
    body = written(*tasks, style=style, **envelope)
    seed = draw(st.none() | st.none() | st.integers(0, 1 << 32))
    if seed is None:
        return body
    return garbled(body, Random(seed))  # noqa: S311 # a repeatable choice, no secret


def from_scratch(body: bytes) -> dict[str, Task]:
    """Return what the body says of each task that it names, the first time it does."""
    return {task.id: task for task in reversed(read_batch(200, None, body))}


def told_by(read: Callable[[bytes], dict[str, Task]], body: bytes) -> str:
    """Return what is read from a body, or the error that it is, as text."""
    try:
        return repr(sorted(read(body).items()))
    except SunoError as error:
        return f"{error.kind}: {error.detail}"


@given(st.lists(answers(), min_size=2, max_size=4))
@settings(deadline=None, max_examples=1000)
def test_what_is_known_makes_no_difference(bodies: list[bytes]) -> None:
    """Whatever comes after whatever: the caller knows as much as one who reads everything."""
    memory = Memory()
    for body in bodies * 2:
        assert told_by(memory.learn, body) == told_by(from_scratch, body)
        assert not any(memory.kept[task_id].terminal for task_id in memory.seen)


@pytest.mark.parametrize("style", [COMPACT, SPACED], ids=["compact", "spaced"])
def test_a_running_task_that_looks_the_same_is_unchanged(style: tuple[str, str]) -> None:
    """Wherever it stands among the others; what ended is told each time."""
    memory = Memory()
    first = memory.read(written(RUNNING, WAITING, FINISHED, style=style))
    again = memory.read(written(FINISHED, WAITING, RUNNING, style=style) + b"\n")

    assert [task.id for task in first.tasks] == ["running", "waiting", "finished"]
    assert first.fingerprints.keys() == {"running", "waiting"}
    assert [task.id for task in again.tasks] == ["finished"]
    assert again.unchanged == {"running", "waiting"}
    assert not again.fingerprints


def test_the_least_change_is_told() -> None:
    """The next look is compared with it, and not with what was before."""
    memory = Memory()
    memory.read(written(RUNNING, WAITING))
    moved = {**RUNNING, "progress": "1%"}

    changed = memory.read(written(moved, WAITING))
    assert [task.progress for task in changed.tasks] == [1]
    assert changed.unchanged == {"waiting"}
    assert memory.read(written(moved)).unchanged == {"running"}
    assert memory.read(written(RUNNING)).unchanged == frozenset()


def test_an_odd_task_is_told_apart_like_any_other() -> None:
    """A relay with words of its own repeats itself, too."""
    memory = Memory()
    odd = written(named({**RUNNING, "status": "MASTERING", "progress": 42}, "odd"), RUNNING)
    memory.read(odd)

    assert memory.read(odd).unchanged == {"odd", "running"}


@pytest.mark.parametrize(
    "body",
    [
        written(RUNNING, WAITING, style=INDENTED),
        written(RUNNING, WAITING, error=None),
        written(RUNNING, WAITING, message="a word"),
        written(RUNNING, WAITING, code=200),
        written(RUNNING, {"action": "MUSIC", **WAITING}),
        written({"action": "MUSIC", **RUNNING}, WAITING),
        written(NESTING, TORN),
        written(RUNNING, {"task_id": "waiting", "data": [WAITING, RUNNING]}),
        written(RUNNING, {**RUNNING, "status": "SUCCESS"}),
        written(RUNNING, {"task_id": "clip", "audio_url": ""}),
        written(RUNNING, WAITING)[:-1],
        written(RUNNING, WAITING)[:-1] + b"]",
        written(RUNNING, WAITING) + b"]",
        b"\xef\xbb\xbf" + written(RUNNING, WAITING),
        written(RUNNING, named(WAITING, "half \ud83d")),
        b'{"data":[],' + written(RUNNING, WAITING)[1:],
    ],
)
def test_what_is_not_as_documented_is_read_as_a_whole(body: bytes) -> None:
    """However well its tasks are known from answers that were."""
    memory = Memory()
    memory.read(written(RUNNING, WAITING))
    memory.read(written(named(RUNNING, "half"), NESTING))

    assert told_by(memory.learn, body) == told_by(from_scratch, body)
    with suppress(SunoError):
        assert memory.read(body) == Reading(read_batch(200, None, body))


def test_a_refusal_is_one_whatever_is_known() -> None:
    """By its status, before anything is read."""
    memory = Memory()
    memory.read(written(RUNNING))

    with pytest.raises(SunoError):
        read_batch_again(500, None, written(RUNNING), {memory.seen["running"]: "running"})
