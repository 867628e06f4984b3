"""The objects in a relay's JSON, straight from its bytes, whatever they look like.

Envelope, task, song clip and lyrics cannot be told apart by where they stand: a task may come
without its envelope, inside another task or not at all. So one record, `RelayObject`, names every
field that matters in any of them. A value of the wrong type counts as missing; a field that is not
named here, such as the account's ``user_id`` or ``quota``, never gets into this program.
"""

import json
import re
from typing import Annotated, Any, TypeAlias

from pydantic import (
    AliasChoices,
    BaseModel,
    Field,
    GetCoreSchemaHandler,
    TypeAdapter,
    ValidationError,
)
from pydantic_core import CoreSchema, core_schema

_LONGEST_INTEGER = 300
"""Digits. Longer ones are no number of this world, and Python refuses those above 4,300."""


_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


class _WhenWrong:
    """What becomes of a value of the wrong type: None (``default``), or nothing (``omit``)."""

    def __init__(self, on_error: Any) -> None:
        self._on_error = on_error

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        if self._on_error == "omit":
            return core_schema.with_default_schema(handler(source), on_error="omit")
        return core_schema.with_default_schema(handler(source), default=None, on_error="default")


_OR_NONE = _WhenWrong("default")
_OR_DROPPED = _WhenWrong("omit")
_IN_ORDER = Field(union_mode="left_to_right")

Word: TypeAlias = Annotated[str | None, _OR_NONE]
Text: TypeAlias = Annotated[str | None, Field(coerce_numbers_to_str=True), _OR_NONE]
Number: TypeAlias = Annotated[
    Annotated[float, Field(strict=True, allow_inf_nan=False)] | str | None, _IN_ORDER, _OR_NONE
]
Content: TypeAlias = Annotated[
    "list[Annotated[RelayObject, _OR_DROPPED]] | RelayObject | str | None", _IN_ORDER, _OR_NONE
]


def _named(*names: str) -> Any:
    """Return a field that is found under the first of `names` which is there."""
    return Field(default=None, validation_alias=AliasChoices(*names))


class RelayObject(BaseModel):
    """Any JSON object in an answer: envelope, error, task, clip, ``metadata`` or lyrics."""

    # Envelope and error
    code: Number = None
    message: Text = _named("message", "msg", "detail")
    error: Annotated["RelayObject | str | None", _IN_ORDER, _OR_NONE] = None
    success: Annotated[bool | None, Field(strict=True), _OR_NONE] = None
    type: Text = None
    retry_after: Number = None
    data: Content = None

    # Task; some relays write camel case
    task_id: Text = _named("task_id", "taskId")
    status: Word = None
    state: Word = None
    progress: Number = None
    action: Text = None
    fail_reason: Text = _named("fail_reason", "failReason")
    result_url: Text = _named("result_url", "resultUrl")
    submit_time: Number = _named("submit_time", "submitTime")
    start_time: Number = _named("start_time", "startTime")
    finish_time: Number = _named("finish_time", "finishTime")
    clips: Content = None

    # Clip and lyrics
    id: Text = None
    clip_id: Text = _named("clip_id", "clipId")
    title: Text = None
    metadata: Annotated["RelayObject | None", _OR_NONE] = _named("metadata", "meta_data")
    prompt: Text = None
    gpt_description_prompt: Text = None
    text: Text = None
    lyrics: Text = None
    lyric: Text = None
    tags: Annotated[str | list[Annotated[str, _OR_DROPPED]] | None, _OR_NONE] = None
    duration: Number = None
    error_message: Text = _named("error_message", "errorMessage")
    error_type: Text = _named("error_type", "errorType")
    audio_url: Word = None
    audio: Word = None
    audio_url_camel: Word = _named("audioUrl")
    video_url: Word = None
    video_url_camel: Word = _named("videoUrl")
    image_large_url: Word = None
    image_url: Word = None
    image_url_camel: Word = _named("imageUrl")

    @property
    def is_task(self) -> bool:
        """Whether it has what only a task has. A clip may name the id of its task, too."""
        return not _TASK_ONLY.isdisjoint(self.model_fields_set) or (
            "task_id" in self.model_fields_set and not self.is_clip
        )

    @property
    def is_clip(self) -> bool:
        """Whether it has what only a song clip has."""
        return not _CLIP_ONLY.isdisjoint(self.model_fields_set)

    @property
    def has_result(self) -> bool:
        """Whether a song or lyrics stand in it, rather than in its data."""
        return self.is_clip or not _RESULT.isdisjoint(self.model_fields_set)


_TASK_ONLY = frozenset({"data", "fail_reason"})
_CLIP_ONLY = frozenset({"audio_url", "audio", "audio_url_camel", "video_url", "metadata"})
_RESULT = frozenset({"clips", "text", "lyrics", "lyric"})


class CutShortError(ValueError):
    """JSON that ends too early."""


_CONTENT: TypeAdapter[Content] = TypeAdapter(Content)


def parse(body: bytes) -> Content:
    """Read JSON: a list of objects, one object, a text, or None for anything else.

    JSON that is not quite JSON is mended first (see `_mended`). Raises ``ValueError`` where there
    is none to be read, and its kind `CutShortError` where it ends too early.
    """
    try:
        return _CONTENT.validate_json(body)
    except ValidationError as error:
        if "EOF while parsing" in str(error) and body.lstrip()[:1] in (b"{", b"["):
            raise CutShortError from error
        return _CONTENT.validate_json(_mended(body))


def _mended(body: bytes) -> bytes:
    """Return the same JSON without what only a tolerant reader takes.

    That is: a byte order mark, invalid UTF-8, half an emoji (a lone surrogate, as a text that was
    cut by JavaScript has it), control characters inside of strings, and endless integers.
    """
    try:
        value = json.loads(body.decode("utf-8-sig", "replace"), strict=False, parse_int=_integer)
        return _HALF_CHARACTER.sub(
            "\N{REPLACEMENT CHARACTER}", json.dumps(value, ensure_ascii=False)
        ).encode()
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _integer(digits: str) -> int | None:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else None
