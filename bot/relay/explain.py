"""Explains how the bot reads a relay's response, as plain data for ``suno-bot explain``."""

from typing import Any

from bot.relay.errors import ErrorKind, RelayError
from bot.relay.models import Clip, Task
from bot.relay.parsing.reader import read_tasks

_ADVICE = {
    ErrorKind.AUTH: "The relay refuses the key. Check SUNO_API_KEY and that it may use Suno.",
    ErrorKind.QUOTA: "The relay account is out of credit. Top it up, or set another SUNO_API_KEY.",
    ErrorKind.RATE_LIMIT: (
        "The relay was asked too often. Wait, then ask less often: lower POLL_REQUESTS_PER_SECOND."
    ),
    ErrorKind.NOT_FOUND: (
        "The relay knows neither this path nor this task. Check the task id, SUNO_BASE_URL and"
        " SUNO_FETCH_PATH, and that the key is the one the task was made with."
    ),
    ErrorKind.BAD_REQUEST: (
        "The relay does not accept the request. Check the task ids and SUNO_FETCH_PATH."
    ),
    ErrorKind.UNAVAILABLE: (
        "The relay is in trouble or its answer got lost. Nothing is known of the task: ask again"
        " later."
    ),
    ErrorKind.UNREADABLE: (
        "This is no answer of a Suno relay. Check SUNO_BASE_URL and SUNO_FETCH_PATH; if they are"
        " right, ask again later."
    ),
}


def explain(status: int, content_type: str | None, body: bytes) -> dict[str, Any]:
    """Return what the bot concludes from a response of any shape. JSON-serialisable; never raises.

    ``look_up`` is "ok" or "error". On an error ``error_kind`` is its ``ErrorKind``, and ``message``
    says what happened and what to do; on "ok" both are None, and ``tasks`` lists what was read. In
    it None stands for everything unknown, unusable or empty: an id that the response does not name,
    a link that cannot be opened, the lyrics of an instrumental song.
    """
    try:
        tasks = read_tasks(status, content_type, body)
    except RelayError as error:
        message = f"{_ADVICE[error.kind]} Seen: {error.detail}."
        return _conclusion("error", error.kind.value, message, [])
    return _conclusion("ok", None, None, [_explain_task(task) for task in tasks])


def _conclusion(
    look_up: str, kind: str | None, message: str | None, tasks: list[dict[str, Any]]
) -> dict[str, Any]:
    return {"look_up": look_up, "error_kind": kind, "message": message, "tasks": tasks}


def _explain_task(task: Task) -> dict[str, Any]:
    return {
        "task_id": task.id or None,
        "kind": task.kind and task.kind.value,
        "status": task.status.value,
        "terminal": task.terminal,
        "outcome": task.outcome and task.outcome.value,
        "title": task.title or None,
        "lyrics": task.text or None,
        "reason": task.reason or None,
        "clips": [_explain_clip(clip) for clip in task.clips],
    }


def _explain_clip(clip: Clip) -> dict[str, Any]:
    return {
        "id": clip.id or None,
        "title": clip.title or None,
        "audio_url": clip.audio_url,
        "audio_is_final": clip.audio_is_final,
        "video_url": clip.video_url,
        "image_url": clip.image_url,
        "duration": clip.duration,
        "lyrics": clip.lyrics or None,
        "status": clip.status.value,
    }
