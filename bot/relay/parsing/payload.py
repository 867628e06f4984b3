"""Decodes a response body to JSON objects within bounds, and removes their envelopes.

Envelope, task, clip and lyrics cannot be distinguished by their position: a task may come without
an envelope, inside another task, or as a JSON text. So objects remain plain dictionaries here, and
are distinguished by the fields that only one of them has.
"""

import json
import re
from dataclasses import dataclass
from typing import Any, TypeAlias

from pydantic_core import from_json

from bot.relay.models import TaskStatus
from bot.relay.parsing import errors
from bot.relay.parsing.scalars import MAX_ID_LENGTH, JsonObject, first_present, text, word
from bot.relay.parsing.statuses import task_status

Content: TypeAlias = "list[dict[str, Any]] | dict[str, Any] | None"
"""The content of a response or of the data of a task once JSON texts in it are decoded."""

_UNCHECKED_SIZE = 1024 * 1024
"""Bytes. A smaller body cannot hold so many values that it matters."""
_MAX_REPAIRED = 2 * 1024 * 1024
"""Bytes of a malformed body that is repaired; a longer one is refused."""
_MAX_INTEGER = 300
"""Digits. Python refuses integers above 4,300."""
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_CLIP_ONLY = frozenset({"audio_url", "audio", "audioUrl", "video_url", "metadata", "meta_data"})
_TASK_ONLY = frozenset({"data", "fail_reason", "failReason"})
_LYRICS_OR_CLIPS = frozenset({"clips", "text", "lyrics", "lyric"})
RESULT_FIELDS = _CLIP_ONLY | _LYRICS_OR_CLIPS
"""A task may hold its song or lyrics itself, rather than in its data."""
_SHARED_FIELDS = frozenset(
    [
        "code",
        "message",
        "msg",
        "detail",
        "error",
        "success",
        "type",
        "retry_after",
        "task_id",
        "taskId",
        "status",
        "state",
        "progress",
        "action",
        "result_url",
        "resultUrl",
        "submit_time",
        "submitTime",
        "start_time",
        "startTime",
        "finish_time",
        "finishTime",
        "id",
        "clip_id",
        "clipId",
        "title",
        "prompt",
        "gpt_description_prompt",
        "tags",
        "duration",
        "error_message",
        "errorMessage",
        "error_type",
        "errorType",
        "videoUrl",
        "image_large_url",
        "image_url",
        "imageUrl",
    ]
)
_KNOWN_FIELDS = RESULT_FIELDS | _TASK_ONLY | _SHARED_FIELDS


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much one response may hold; a larger one is refused before it is decoded."""

    tasks: int
    objects: int
    values: int

    @classmethod
    def for_ids(cls, ids: int) -> "Bounds":
        """Return the bounds of a response about so many ids, with room for unrequested tasks.

        A task of 24 clips, the most that are kept, holds about 75 objects.
        """
        return cls(tasks=ids + 50, objects=2_000 + 75 * ids, values=100_000 + 5_000 * ids)


class TruncatedError(ValueError):
    """JSON that ends too early."""


class TooLargeError(ValueError):
    """JSON that holds more values than any response to this request can."""


def decode(body: bytes, bounds: Bounds) -> Content:
    """Return the object or the list of objects in ``body``; None for anything else.

    JSON that only a tolerant decoder accepts is repaired first. Raises ``TooLargeError``,
    ``TruncatedError`` or another ``ValueError`` where it cannot be decoded.
    """
    if len(body) > _UNCHECKED_SIZE:
        _check_bounds(body, bounds)
    try:
        value = from_json(body, cache_strings="keys")
    except ValueError as error:
        if "EOF while parsing" in str(error) and body.lstrip()[:1] in (b"{", b"["):
            raise TruncatedError from error
        value = from_json(_repaired(body), cache_strings="keys")
    return decode_nested(value, bounds)


def decode_nested(value: Any, bounds: Bounds) -> Content:
    """Return an object or a list of objects, else None; JSON texts around it are decoded."""
    while type(value) is str:
        if value.lstrip()[:1] not in ("[", "{", '"'):
            return None
        try:
            value = decode(value.encode(), bounds)
        except ValueError:
            return None
    if type(value) is list:
        return [item for item in value if type(item) is dict]
    return value if type(value) is dict else None


def unwrap(content: Content, bounds: Bounds) -> Content:
    """Return the content of the envelopes; None where they are empty.

    Raises ``RelayError`` where an envelope holds an error, ``ValueError`` where there is neither an
    envelope nor a task, and ``TooLargeError`` where there are far more tasks than were requested.
    """
    if content is None:
        raise ValueError("no object")
    if type(content) is dict and errors.is_bare_failure(content):
        raise errors.error_in_body(content)
    while type(content) is dict:
        if errors.is_error(content):
            raise errors.error_in_body(content)
        if names_task(content) or _is_nameless_task(content, bounds):
            return content
        if "data" not in content:
            raise ValueError("neither a task nor an envelope")
        content = decode_nested(content.get("data"), bounds)
        if type(content) is dict and _KNOWN_FIELDS.isdisjoint(content):
            return None
    if content is not None and len(content) > bounds.tasks:
        raise TooLargeError(f"{len(content)} items in the answer")
    return content


def names_task(raw: JsonObject) -> bool:
    """Whether an object names the id of a task."""
    return bool(text(first_present(raw, "task_id", "taskId"), MAX_ID_LENGTH))


def is_task(raw: JsonObject) -> bool:
    """Whether an object has a field that only a task has. A clip may name its task's id, too."""
    return (
        "data" in raw
        or not _TASK_ONLY.isdisjoint(raw)
        or (("task_id" in raw or "taskId" in raw) and not is_clip(raw))
    )


def is_clip(raw: JsonObject) -> bool:
    """Whether an object has a field that only a clip of a song has."""
    return not _CLIP_ONLY.isdisjoint(raw)


def _is_nameless_task(raw: JsonObject, bounds: Bounds) -> bool:
    """Whether an object is a task, a clip or lyrics without the task's id, and no envelope.

    An envelope may have a ``status`` of its own; an object is one if there are tasks in its data,
    or if it reports success and holds nothing.
    """
    data = decode_nested(raw.get("data"), bounds)
    items = [data] if isinstance(data, dict) else data or []
    if any(is_task(item) for item in items):
        return False
    if (
        not RESULT_FIELDS.isdisjoint(raw)
        or first_present(raw, "fail_reason", "failReason") is not None
    ):
        return True
    status = word(raw.get("status")) or word(raw.get("state")) or "ok"
    return status.lower() != "ok" and (bool(data) or task_status(status) is not TaskStatus.SUCCESS)


def _check_bounds(body: bytes, bounds: Bounds) -> None:
    """Raise ``TooLargeError`` for too much punctuation; counting it costs no memory."""
    if body.count(b"{") + body.count(b"[") > bounds.objects:
        raise TooLargeError("too many objects")
    if body.count(b",") > bounds.values:
        raise TooLargeError("too many values")


def _repaired(body: bytes) -> bytes:
    """Return the same JSON without what only a tolerant decoder accepts.

    That is: a byte order mark, invalid UTF-8, lone surrogates (half an emoji, which JavaScript
    leaves when it cuts a text), control characters inside of strings, and very long integers.
    """
    if len(body) > _MAX_REPAIRED:
        raise TooLargeError("too long to be repaired")
    try:
        value = json.loads(body.decode("utf-8-sig", "replace"), strict=False, parse_int=_integer)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return _LONE_SURROGATE.sub(
        "\N{REPLACEMENT CHARACTER}", json.dumps(value, ensure_ascii=False)
    ).encode()


def _integer(digits: str) -> int | None:
    return int(digits) if len(digits) <= _MAX_INTEGER else None
