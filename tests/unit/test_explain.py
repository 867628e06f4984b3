import json
from pathlib import Path
from typing import Any

import pytest

from bot.relay.errors import ErrorKind
from bot.relay.explain import explain
from tests.support.paths import SAMPLES
from tests.support.payloads import PAYLOADS, body_of

TASK_FIELDS = {
    "task_id", "kind", "status", "terminal", "outcome", "title", "lyrics", "reason", "clips",
}  # fmt: skip
CLIP_FIELDS = {
    "id", "title", "audio_url", "audio_is_final", "video_url", "image_url", "duration", "lyrics",
    "status",
}  # fmt: skip


def test_a_finished_song_is_explained_in_full() -> None:
    """Every field of a song stands in the explanation, in the words of our enums."""
    found = explain(200, "application/json", (SAMPLES / "single.json").read_bytes())
    assert (found["look_up"], found["error_kind"], found["message"]) == ("ok", None, None)
    (task,) = found["tasks"]
    assert set(task) == TASK_FIELDS
    assert task["task_id"] == "64dc8d98-5812-40f5-a99b-79a590452040"
    assert (task["kind"], task["status"], task["outcome"]) == ("music", "SUCCESS", "success")
    assert (task["terminal"], task["title"], task["reason"]) == (True, "City Lights", None)
    clip = task["clips"][0]
    assert set(clip) == CLIP_FIELDS
    assert clip["id"] == "95afcdae-0719-4e22-9307-7d473b3f8624"
    assert clip["audio_url"] == "https://cdn1.suno.ai/95afcdae-0719-4e22-9307-7d473b3f8624.mp3"
    assert (clip["audio_is_final"], clip["duration"], clip["status"]) == (True, 120, "complete")
    assert task["lyrics"] == clip["lyrics"]


def test_lyrics_are_explained_without_clips() -> None:
    """A lyrics task has its text and title, and an empty list of clips."""
    found = explain(200, None, (SAMPLES / "submit-fetch.json").read_bytes())
    words = found["tasks"][0]
    assert (words["kind"], words["title"], words["clips"]) == ("lyrics", "喵星摇滚", [])
    assert words["lyrics"].startswith("[Verse]")


def test_a_running_song_has_no_outcome() -> None:
    """Not finished is null, not a word."""
    (task,) = explain(200, None, (SAMPLES / "batch.json").read_bytes())["tasks"]
    assert (task["terminal"], task["outcome"], task["status"]) == (False, None, "IN_PROGRESS")
    assert not task["clips"][0]["audio_is_final"]
    assert task["clips"][0]["video_url"] is None


def test_what_is_not_known_is_null() -> None:
    """Bare clips name no task; an instrumental song has no words; None.mp3 is no link."""
    clip: dict[str, Any] = {
        "id": "c",
        "status": "error",
        "audio_url": "https://cdn1.suno.ai/None.mp3",
    }
    clip |= {"title": "", "metadata": {"prompt": "", "error_message": "Refused."}}
    (task,) = explain(200, None, json.dumps([clip]).encode())["tasks"]
    assert task["task_id"] is None
    assert (task["title"], task["lyrics"], task["reason"]) == (None, None, "Refused.")
    (explained,) = task["clips"]
    assert (explained["audio_url"], explained["title"], explained["lyrics"]) == (None, None, None)


ERRORS = [
    (401, b'{"error": "no"}', ErrorKind.AUTH, "SUNO_API_KEY"),
    (403, b'{"code": "insufficient_user_quota"}', ErrorKind.QUOTA, "out of credit"),
    (429, b"", ErrorKind.RATE_LIMIT, "Wait"),
    (404, b"<html>", ErrorKind.NOT_FOUND, "SUNO_BASE_URL"),
    (400, b"", ErrorKind.BAD_REQUEST, "SUNO_FETCH_PATH"),
    (502, b"<html>", ErrorKind.UNAVAILABLE, "later"),
    (200, b"<html>", ErrorKind.UNREADABLE, "SUNO_BASE_URL"),
]


@pytest.mark.parametrize(
    ("status", "body", "kind", "advice"), ERRORS, ids=[str(error[2]) for error in ERRORS]
)
def test_an_error_says_what_to_do(status: int, body: bytes, kind: str, advice: str) -> None:
    """Each kind of error has a message with advice, and no task is concluded from it."""
    found = explain(status, None, body)
    assert (found["look_up"], found["error_kind"], found["tasks"]) == ("error", kind, [])
    assert advice in found["message"]


def test_every_kind_of_error_is_tested() -> None:
    """A new kind of error needs advice of its own."""
    assert {error[2] for error in ERRORS} == set(ErrorKind)


@pytest.mark.parametrize("path", PAYLOADS, ids=lambda path: path.stem)
def test_every_shape_can_be_explained(path: Path) -> None:
    """Whatever the relay sends, the explanation has its shape and can be written as JSON."""
    payload = json.loads(path.read_text())
    found = explain(payload["status"], payload["content_type"], body_of(payload))
    json.dumps(found, allow_nan=False)
    assert set(found) == {"look_up", "error_kind", "message", "tasks"}
    assert all(set(task) == TASK_FIELDS for task in found["tasks"])
    assert all(set(clip) == CLIP_FIELDS for task in found["tasks"] for clip in task["clips"])
