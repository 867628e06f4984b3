"""What holds for every answer, however a relay garbles it."""

import copy
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.relay.errors import RelayError
from bot.relay.models import Clip, Outcome, Task, TaskStatus
from bot.relay.parsing.reader import read_batch, read_single, read_tasks
from tests.support.paths import SAMPLES
from tests.unit.fuzz_answers import BrokenRuleError, check_clip, check_task, run

ANSWERS = [json.loads(path.read_text()) for path in sorted(SAMPLES.glob("*.json"))]
FINISHED = ["SUCCESS", "FAILURE", "UNKNOWN", "complete", "COMPLETED", "Succeeded", "fail", "ERROR"]
RUNNING = [
    "NOT_START",
    "SUBMITTED",
    "QUEUED",
    "IN_PROGRESS",
    "pending",
    "TEXT_SUCCESS",
    "MASTERING",
]
FIELDS = [
    "id", "action", "progress", "fail_reason", "failReason", "result_url", "submit_time",
    "submitTime", "start_time", "finish_time", "clips", "text", "title", "prompt", "lyrics", "tags",
    "metadata", "error_message", "audio_url", "video_url", "audio", "image_url", "duration",
    "error", "message", "code", "success", "user_id", "quota",
]  # fmt: skip

links = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            "", " ", "https://", "https:///x", "http://None/x.mp3", "https://u:p@cdn1.suno.ai/x.mp3",
            "https://cdn1.suno.ai/None.mp3", "https://cdn1.suno.ai/image_large_None.png",
            "https://suno.example/api/forbidden", "ftp://cdn1.suno.ai/x.mp3", "https://a.b/c d",
            "https://audiopipe.suno.ai/?item_id=", "https://a.b/" + "x" * 2048, "//cdn1.suno.ai/x",
            "https://cdn1.suno.ai:port/x.mp3", "https://cdn1.suno.ai/fine.mp3", "https://[::1/x",
        ]
    ),
    st.text(max_size=20).map(lambda tail: f"https://cdn1.suno.ai/{tail}"),
    st.text(max_size=20).map(lambda host: f"https://{host}/song.mp3"),
)  # fmt: skip
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=10),
    links,
    st.sampled_from([*FINISHED, *RUNNING, "streaming", "\ud83d", "\0", "[{}]", 10**400]),
)
anything = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from([*FIELDS, "task_id", "status", "data"]), inner, max_size=4),
    ),
    max_leaves=8,
)


def written(value: Any) -> bytes:
    """Return a value as JSON: lone surrogates escaped, NaN and Infinity as JavaScript has them."""
    return json.dumps(value).encode()


def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to every place in a JSON value but its root."""
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [w for key, part in inner for w in [(*way, key), *places(part, (*way, key))]]


@st.composite
def garbled(draw: st.DrawFn) -> Any:
    """One of the documents' answers with up to three places replaced by anything."""
    answer = copy.deepcopy(draw(st.sampled_from(ANSWERS)))
    for _ in range(draw(st.integers(0, 3))):
        *way, last = draw(st.sampled_from(places(answer)))
        spot = answer
        for key in way:
            spot = spot[key]
        spot[last] = draw(anything)
    return answer


def clips_in(body: bytes) -> list[Clip]:
    """Return the clips of an answer; none where it is an error."""
    try:
        return [clip for task in read_tasks(200, None, body) for clip in task.clips]
    except RelayError:
        return []


@given(st.binary(max_size=200), st.sampled_from([200, 204, 302, 400, 401, 404, 429, 500, 0]))
@settings(deadline=None)
def test_no_bytes_raise_anything_but_a_suno_error(body: bytes, status: int) -> None:
    """Whatever comes, the caller has one error to catch."""
    with suppress(RelayError):
        read_batch(status, None, body)
    with suppress(RelayError):
        read_single("task-1", status, "text/html", body)


@given(anything, st.integers(0, 400))
@settings(deadline=None)
def test_no_json_raises_anything_but_a_suno_error(value: Any, cut: int) -> None:
    """Whole or cut short."""
    for body in (written(value), written(value)[:cut]):
        with suppress(RelayError):
            read_single("task-1", 200, None, body)


@given(st.dictionaries(st.sampled_from(FIELDS), anything), anything, st.sampled_from(FINISHED))
@settings(deadline=None)
def test_noise_does_not_make_a_finished_task_unfinished(noise: Any, data: Any, word: str) -> None:
    """The relay's word for a task counts, whatever else stands in it."""
    task = {**noise, "task_id": "task-1", "status": word, "data": data}
    (found,) = read_batch(200, None, written({"code": "success", "data": [task]}))
    assert found.id == "task-1"
    assert found.terminal


@given(st.dictionaries(st.sampled_from(FIELDS), anything), anything, st.sampled_from(RUNNING))
@settings(deadline=None)
def test_noise_does_not_make_a_running_task_finished(noise: Any, data: Any, word: str) -> None:
    """And the other way round; a word never seen before is no end."""
    task = {**noise, "task_id": "task-1", "status": word, "data": data}
    (found,) = read_batch(200, None, written({"code": "success", "data": [task]}))
    assert not found.terminal


@given(
    st.dictionaries(
        st.sampled_from(["audio_url", "audio", "video_url", "image_url", "image_large_url"]), links
    )
)
@settings(deadline=None)
def test_no_link_is_offered_that_cannot_be_opened(clip: Any) -> None:
    """Each link is http, has a host that can be reached, and is no placeholder."""
    for found in clips_in(written([{"id": "c", "status": "complete", **clip}])):
        check_clip(found)


@given(garbled())
@settings(deadline=None)
def test_no_task_contradicts_itself(answer: Any) -> None:
    """The rules of the fuzz program: whole successes, storable texts, links that play, and more."""
    with suppress(RelayError):
        for task in read_tasks(200, None, written(answer)):
            check_task(task)


def test_the_fuzz_program_finds_nothing() -> None:
    """A short run of it; ``python -m tests.unit.fuzz_answers`` is the long one."""
    texts: list[str] = []
    assert run(300, 7, texts.append) == 0
    assert texts[-1].startswith("     300  bodies, 0 broke a rule")


@pytest.mark.parametrize(
    "task",
    [
        Task("t", TaskStatus.SUCCESS, Outcome.SUCCESS),
        Task("t", TaskStatus.SUCCESS),
        Task("t", TaskStatus.IN_PROGRESS, reason="none of a running task"),
        Task("t\0", TaskStatus.IN_PROGRESS),
        Task("t", TaskStatus.IN_PROGRESS, clips=(Clip("c", audio_is_final=True),)),
        Task("t", TaskStatus.IN_PROGRESS, clips=(Clip("c", image_url="https://a.b/None.png"),)),
    ],
)
def test_the_rules_can_be_broken(task: Task) -> None:
    """A task that could mislead people does not pass them."""
    with pytest.raises(BrokenRuleError):
        check_task(task)
