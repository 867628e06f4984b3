"""From bytes to JSON objects: within bounds, and out of their envelopes.

Envelope, task, clip and lyrics cannot be told apart by where they stand: a task may come without
its envelope, inside another task, or as a JSON text. So objects stay plain dictionaries here, and
are told apart by the fields that only one of them has.
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
"""What an answer or the data of a task hold once JSON texts in them are decoded."""

_ALWAYS_SMALL = 1024 * 1024
"""Bytes. What fits in them can hold no number of values that matters."""
_MOST_REPAIRED = 2 * 1024 * 1024
"""Bytes of JSON that is not quite JSON which are mended; what is longer is given up."""
_LONGEST_INTEGER = 300
"""Digits. Python refuses integers above 4,300."""
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_CLIP_ONLY = frozenset({"audio_url", "audio", "audioUrl", "video_url", "metadata", "meta_data"})
_TASK_ONLY = frozenset({"data", "fail_reason", "failReason"})
RESULT_FIELDS = frozenset({"clips", "text", "lyrics", "lyric"})
_OTHER_FIELDS = frozenset(
    {
        *("code", "message", "msg", "detail", "error", "success", "type", "retry_after"),
        *("task_id", "taskId", "status", "state", "progress", "action", "result_url", "resultUrl"),
        *("submit_time", "submitTime", "start_time", "startTime", "finish_time", "finishTime"),
        *(
            "id",
            "clip_id",
            "clipId",
            "title",
            "prompt",
            "gpt_description_prompt",
            "tags",
            "duration",
        ),
        *("error_message", "errorMessage", "error_type", "errorType"),
        *("videoUrl", "image_large_url", "image_url", "imageUrl"),
    }
)
_FIELDS = _CLIP_ONLY | _TASK_ONLY | RESULT_FIELDS | _OTHER_FIELDS


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much one answer may hold; what holds more is refused before it is decoded."""

    tasks: int
    objects: int
    values: int

    @classmethod
    def for_ids(cls, ids: int) -> "Bounds":
        """Return the bounds of an answer about that many ids, with room for uninvited tasks.

        A task of 24 clips, the most that are kept, holds about 75 objects.
        """
        return cls(tasks=ids + 50, objects=2_000 + 75 * ids, values=100_000 + 5_000 * ids)


class CutShortError(ValueError):
    """JSON that ends too early."""


class TooMuchError(ValueError):
    """JSON that holds more values than any answer to this request can."""


def decode(body: bytes, bounds: Bounds) -> Content:
    """Return the object or the list of objects in ``body``; None for anything else.

    JSON that only a tolerant reader takes is mended first. Raises ``TooMuchError``,
    ``CutShortError`` or another ``ValueError`` where there is none to be read.
    """
    if len(body) > _ALWAYS_SMALL:
        _check_bounds(body, bounds)
    try:
        value = from_json(body, cache_strings="keys")
    except ValueError as error:
        if "EOF while parsing" in str(error) and body.lstrip()[:1] in (b"{", b"["):
            raise CutShortError from error
        value = from_json(_repaired(body), cache_strings="keys")
    return opened(value, bounds)


def opened(value: Any, bounds: Bounds) -> Content:
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


def unwrapped(content: Content, bounds: Bounds) -> Content:
    """Take the envelopes off; None where nothing is in them.

    Raises ``RelayError`` where an envelope holds an error, ``ValueError`` where no answer can be
    seen, and ``TooMuchError`` where there are more tasks than were asked for, by far.
    """
    if content is None:
        raise ValueError("no object")
    while type(content) is dict:
        if errors.is_error(content):
            raise errors.error_within(content)
        if names_task(content) or _is_nameless_task(content, bounds):
            return content
        if "data" not in content:
            raise ValueError("neither a task nor an envelope")
        content = opened(content.get("data"), bounds)
        if type(content) is dict and _FIELDS.isdisjoint(content):
            return None
    if content is not None and len(content) > bounds.tasks:
        raise TooMuchError(f"{len(content)} items in the answer")
    return content


def names_task(raw: JsonObject) -> bool:
    """Whether an object names the id of a task."""
    return bool(text(first_present(raw, "task_id", "taskId"), MAX_ID_LENGTH))


def is_task(raw: JsonObject) -> bool:
    """Whether an object has what only a task has. A clip may name the id of its task, too."""
    return (
        "data" in raw
        or not _TASK_ONLY.isdisjoint(raw)
        or (("task_id" in raw or "taskId" in raw) and not is_clip(raw))
    )


def is_clip(raw: JsonObject) -> bool:
    """Whether an object has what only a song clip has."""
    return not _CLIP_ONLY.isdisjoint(raw)


def has_result(raw: JsonObject) -> bool:
    """Whether a song or lyrics stand in an object itself, rather than in its data."""
    return not RESULT_FIELDS.isdisjoint(raw) or is_clip(raw)


def _is_nameless_task(raw: JsonObject, bounds: Bounds) -> bool:
    """Whether it is a task, a clip or lyrics without the id of the task, and no envelope.

    An envelope may have a ``status`` of its own; it is one if there are tasks in its data, or if
    it tells of success and holds nothing.
    """
    data = opened(raw.get("data"), bounds)
    items = [data] if isinstance(data, dict) else data or []
    if any(is_task(item) for item in items):
        return False
    if has_result(raw) or first_present(raw, "fail_reason", "failReason") is not None:
        return True
    status = word(raw.get("status")) or word(raw.get("state")) or "ok"
    return status.lower() != "ok" and (bool(data) or task_status(status) is not TaskStatus.SUCCESS)


def _check_bounds(body: bytes, bounds: Bounds) -> None:
    """Raise ``TooMuchError`` by counting punctuation, which costs no memory."""
    if body.count(b"{") + body.count(b"[") > bounds.objects:
        raise TooMuchError("too many objects")
    if body.count(b",") > bounds.values:
        raise TooMuchError("too many values")


def _repaired(body: bytes) -> bytes:
    """Return the same JSON without what only a tolerant reader takes.

    That is: a byte order mark, invalid UTF-8, lone surrogates (half an emoji, as JavaScript leaves
    it when it cuts a text), control characters inside of strings, and endless integers.
    """
    if len(body) > _MOST_REPAIRED:
        raise TooMuchError("too long to be mended")
    try:
        value = json.loads(body.decode("utf-8-sig", "replace"), strict=False, parse_int=_integer)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return _LONE_SURROGATE.sub(
        "\N{REPLACEMENT CHARACTER}", json.dumps(value, ensure_ascii=False)
    ).encode()


def _integer(digits: str) -> int | None:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else None
