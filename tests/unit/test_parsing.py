"""Each payload file is one thing that relays really answer, and what must be concluded from it."""

import json
import pickle
from collections.abc import Iterator
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks import decode
from bot.relay.errors import ErrorKind, RelayError
from bot.relay.models import Task
from bot.relay.parsing.reader import read_batch, read_single, read_tasks
from tests.support.payloads import PAYLOADS, body_of


def differences(found: Any, expected: Any, where: str = "") -> Iterator[str]:
    """Yield where a value differs from what is expected of it; a dict names attributes."""
    if isinstance(expected, dict):
        for name, part in expected.items():
            yield from differences(getattr(found, name), part, f"{where}.{name}")
    elif isinstance(expected, list):
        if len(found) != len(expected):
            yield f"{where}: {len(found)} instead of {len(expected)}"
        for index, (one, part) in enumerate(zip(found, expected, strict=False)):
            yield from differences(one, part, f"{where}[{index}]")
    elif found != expected:
        yield f"{where}: {found!r} instead of {expected!r}"


def conclude(payload: dict[str, Any]) -> Any:
    """Read a payload as the client would: batch, or single where an id is asked for."""
    answer = (payload["status"], payload["content_type"], body_of(payload))
    if "single" in payload:
        return read_single(payload["single"], *answer)
    return read_tasks(*answer)


@pytest.mark.parametrize("path", PAYLOADS, ids=lambda path: path.stem)
def test_a_relay_is_read_right(path: Path) -> None:
    """The conclusion is the one that the payload file asks for."""
    payload = json.loads(path.read_text())
    expected = payload["expect"]
    if "error" in expected:
        with pytest.raises(RelayError) as caught:
            conclude(payload)
        assert caught.value.kind == expected["error"], payload["about"]
        assert caught.value.retry_after == expected.get("retry_after")
        return
    found = conclude(payload)
    if "batch_ids" in expected:
        batch = read_batch(200, None, body_of(payload))
        assert [task.id for task in batch] == expected["batch_ids"], payload["about"]
        return
    wrong = list(differences(found, expected.get("tasks", expected.get("task"))))
    assert not wrong, payload["about"]


def test_no_account_field_is_kept() -> None:
    """What a relay tells of the account that pays is nowhere in the values."""
    task = {"task_id": "t", "status": "SUCCESS", "user_id": "SECRET", "username": "SECRET"}
    clip = {"id": "c", "handle": "SECRET", "display_name": "SECRET", "user_id": "SECRET"}
    task |= {"group": "SECRET", "quota": "SECRET", "channel_id": "SECRET"}
    body = json.dumps({"code": "success", "data": [task | {"data": [clip]}]}).encode()
    assert "SECRET" not in repr(read_batch(200, None, body))


def test_an_error_never_quotes_a_key() -> None:
    """A relay may repeat the key that it refuses; the detail for the log does not."""
    body = b'{"error": {"message": "Incorrect API key provided: sk-abcdefgh12345678"}}'
    with pytest.raises(RelayError) as caught:
        read_batch(401, "application/json", body)
    assert "abcdefgh" not in caught.value.detail
    assert "Incorrect API key" in caught.value.detail


def test_an_error_quotes_only_so_much() -> None:
    """A log line stays a line, however long the relay's words are."""
    body = json.dumps({"error": "too\nmany\r\nwords " * 1000}).encode()
    with pytest.raises(RelayError) as caught:
        read_batch(500, "application/json", body)
    assert len(caught.value.detail) < 400
    assert "\n" not in caught.value.detail


def test_the_single_look_up_keeps_the_pause_of_an_error() -> None:
    """An error that is none of an unknown task is handed on as it is."""
    body = b'{"code": "busy", "message": "wait", "retry_after": 7}'
    with pytest.raises(RelayError) as caught:
        read_single("task-1", 429, None, body)
    assert (caught.value.kind, caught.value.retry_after) == (ErrorKind.RATE_LIMIT, 7)


def test_texts_nested_in_texts_do_not_exhaust_the_stack() -> None:
    """An envelope in a JSON text in an envelope, over a thousand levels: nothing is in it."""
    body = "1"
    for _ in range(8):
        body = '{"data":' * 150 + json.dumps(body) + "}" * 150
    tasks = read_tasks(200, None, body.encode())
    assert tasks == ()


def test_a_task_nested_in_tasks_in_texts_is_still_one() -> None:
    """The same with tasks: the outermost id counts, and nothing overflows."""
    body = '{"task_id": "innermost", "status": "SUCCESS", "data": []}'
    for _ in range(6):
        body = '{"task_id":"outer","data":' * 150 + json.dumps(body) + "}" * 150
    (task,) = read_tasks(200, None, body.encode())
    assert isinstance(task, Task)
    assert task.id == "outer"
    assert task.terminal


def test_a_task_can_be_compared_copied_and_pickled_but_not_changed() -> None:
    """It is a value: frozen, with slots."""
    (task,) = read_batch(200, None, decode.songs(finished=True, tasks=1))
    assert pickle.loads(pickle.dumps(task)) == task  # noqa: S301 # our own bytes
    assert hash(replace(task)) == hash(task)
    assert replace(task, id="other") != task
    for value in (task, task.clips[0]):
        assert not hasattr(value, "__dict__")
        with pytest.raises(FrozenInstanceError):
            value.reason = "none"  # type: ignore[misc] # what is frozen must say so


@pytest.mark.parametrize("finished", [True, False])
def test_the_benchmark_measures_songs_that_are_all_different(finished: bool) -> None:
    """As many as asked for, of two clips with words each, no two with the same id or link."""
    tasks = read_batch(200, None, decode.songs(finished, 20))
    clips = [clip for task in tasks for clip in task.clips]
    assert len({task.id for task in tasks}) == 20
    assert len({clip.id for clip in clips}) == len({clip.audio_url for clip in clips}) == 40
    assert all(clip.lyrics for clip in clips)
