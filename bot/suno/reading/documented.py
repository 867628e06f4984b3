"""The fast way: songs that look as the documents show them, read in one step.

Nearly every answer to a batch look-up holds nothing else. pydantic's core checks such songs and
picks out their fields, and those become the `Task` as they are: many times as fast as `answers`
reads them. Whatever differs in any way is left to `answers`; tests hold both ways to the same
result.
"""

from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    TypeAdapter,
    ValidationError,
)
from pydantic_core import CoreSchema
from pydantic_core import core_schema as core

from bot.suno.reading import links
from bot.suno.reading.shapes import RelayObject
from bot.suno.reading.values import END_OF_TIME, LONGEST_SONG, MAX_ID_LENGTH
from bot.suno.tasks import Clip, ClipStatus, Outcome, Task, TaskKind, TaskStatus

_Values: TypeAlias = dict[str, Any]
_Fields: TypeAlias = dict[str, core.TypedDictField]

_ID = core.str_schema(pattern="^[A-Za-z0-9_-]+$", max_length=MAX_ID_LENGTH)
_TIME = core.float_schema(strict=True, gt=0, lt=END_OF_TIME)
_TIME_OR_NOT_YET = core.float_schema(strict=True, ge=0, lt=END_OF_TIME)
_DURATION = core.float_schema(strict=True, gt=0, lt=LONGEST_SONG)
_TEXT_OR_NONE = core.with_default_schema(core.nullable_schema(core.str_schema()), default=None)
_PER_CENT = {f"{number}%": number for number in range(101)}

_UNFINISHED = [
    TaskStatus.IN_PROGRESS,
    TaskStatus.NOT_START,
    TaskStatus.SUBMITTED,
    TaskStatus.QUEUED,
]
_CONTENTS = (
    *("clips", "text", "lyrics", "lyric", "metadata", "meta_data"),
    *("audio_url", "audio", "audioUrl", "video_url"),
)
"""Where contents may stand in a task itself, where it has no data."""

_SUCCESS, _COMPLETE, _MUSIC = TaskStatus.SUCCESS, ClipStatus.COMPLETE, TaskKind.MUSIC
_WHOLE, _PARTIAL = Outcome.SUCCESS, Outcome.PARTIAL
_new, _set = object.__new__, object.__setattr__
"""What values are made with here: their own ``__init__`` sets one field after the other, which
takes eight times as long. A field that is left out has the default of its class."""


def read_documented(body: bytes) -> list[Task | RelayObject] | None:
    """Return the tasks of a batch; as an object where one has to be looked at more closely.

    None where already the envelope is not as the documents show it. Never raises.
    """
    try:
        return _Batch.model_validate_json(body).data
    except ValidationError:
        return None


class _Documented:
    """Tells pydantic to read a `Task` from a relay's JSON instead of from its own fields."""

    def __get_pydantic_core_schema__(
        self, _type: Any, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core.union_schema([_song(), _not_begun()], mode="left_to_right")


def _song() -> CoreSchema:
    by_status: dict[Any, CoreSchema] = {
        "complete": _finished_clip(),
        "streaming": _streaming_clip(),
    }
    clip = core.tagged_union_schema(by_status, "status")
    return _task(
        _make_song,
        status=_read(core.literal_schema([TaskStatus.SUCCESS, TaskStatus.IN_PROGRESS])),
        started_at=_read(_TIME, "start_time"),
        clips=_read(core.tuple_variable_schema(clip, min_length=1), "data"),
    )


def _not_begun() -> CoreSchema:
    """Read a task of either kind that has nothing to show yet."""
    return _task(
        _make_unfinished,
        status=_read(core.literal_schema(_UNFINISHED)),
        started_at=_read(_TIME_OR_NOT_YET, "start_time"),
        data=_read(core.none_schema()),
        claimed_kind=_read(_TEXT_OR_NONE, "action"),
        no_contents=_none_under(*_CONTENTS),
    )


def _task(make: Callable[[_Values], Task], **fields: core.TypedDictField) -> CoreSchema:
    fields |= {
        "id": _read(_ID, "task_id"),
        "progress": _read(core.literal_schema(list(_PER_CENT))),
        "submitted_at": _read(_TIME, "submit_time"),
        "finished_at": _read(_TIME_OR_NOT_YET, "finish_time"),
    }
    return _made(make, fields)


def _finished_clip() -> CoreSchema:
    return _clip(
        status=_read(core.literal_schema([ClipStatus.COMPLETE])),
        audio_url=_read(_link(links.FILE)),
        duration=_read(_DURATION, "metadata", "duration"),
    )


def _streaming_clip() -> CoreSchema:
    return _clip(
        status=_read(core.literal_schema([ClipStatus.STREAMING])),
        audio_url=_read(_link(links.STREAM)),
        duration=_read(core.nullable_schema(_DURATION), "metadata", "duration"),
        no_duration=_none_under("duration"),
    )


def _clip(**fields: core.TypedDictField) -> CoreSchema:
    """Read a clip at once if its words open with a heading; else see what else they may be."""
    fields |= {
        "id": _read(_ID),
        "title": _read(core.str_schema()),
        "video_url": _read(_link(f"(?:{links.FILE})?")),
        "no_video": _none_under("videoUrl"),
        "image_url": _read(_link(links.FILE), "image_large_url"),
        "style": _read(core.str_schema(min_length=1), "metadata", "tags"),
        "lyrics": _read(core.str_schema(pattern=r"^\["), "metadata", "prompt"),
    }
    unsure = {
        "lyrics": _read(core.str_schema(), "metadata", "prompt"),
        "description": _read(_TEXT_OR_NONE, "metadata", "gpt_description_prompt"),
        "no_words": _none_under("text", "lyrics", "lyric", "gpt_description_prompt"),
    }
    either = [_made(_make_clip, fields), _made(_make_unsure_clip, fields | unsure)]
    return core.union_schema(list(either), mode="left_to_right")


def _link(pattern: str) -> CoreSchema:
    return core.str_schema(pattern=f"^{pattern}$", max_length=links.MAX_LENGTH)


def _read(schema: CoreSchema, *path: str | int) -> core.TypedDictField:
    return core.typed_dict_field(schema, validation_alias=list(path) or None)


def _none_under(*names: str) -> core.TypedDictField:
    """Return a field that no value satisfies: none of the names may be there."""
    nothing = core.str_schema(min_length=1, max_length=0)
    choices: list[list[str | int]] = [[name] for name in names]
    return core.typed_dict_field(nothing, required=False, validation_alias=choices)


def _made(make: Callable[[_Values], Any], fields: _Fields) -> CoreSchema:
    return core.no_info_after_validator_function(make, core.typed_dict_schema(fields))


def _make_song(values: _Values) -> Task:
    values["kind"] = _MUSIC
    if values["status"] is _SUCCESS:
        final = [clip.audio_is_final for clip in values["clips"]]
        values["outcome"] = _PARTIAL if False in final else _WHOLE
    return _make_task(values)


def _make_unfinished(values: _Values) -> Task:
    del values["data"]
    values["claimed_kind"] = TaskKind.named(values["claimed_kind"])
    values["started_at"] = values["started_at"] or None
    return _make_task(values)


def _make_task(values: _Values) -> Task:
    values["progress"] = _PER_CENT[values["progress"]]
    values["finished_at"] = values["finished_at"] or None
    task = _new(Task)
    _set(task, "__dict__", values)
    return task


def _make_clip(values: _Values) -> Clip:
    if "\0" in values["title"] or "\0" in values["style"] or "\0" in values["lyrics"]:
        raise ValueError("NUL in a text")
    values["video_url"] = values["video_url"] or None
    values["audio_is_final"] = values["status"] is _COMPLETE
    clip = _new(Clip)
    _set(clip, "__dict__", values)
    return clip


def _make_unsure_clip(values: _Values) -> Clip:
    """Leave words without a heading out where they are blank, or only a description of the song."""
    words, description = values["lyrics"], values.pop("description")
    if words == description or not words.strip():
        values["lyrics"] = ""
    return _make_clip(values)


_UNCACHED = ConfigDict(cache_strings=False)
"""Hardly a text of one song is in another: looking each up in pydantic's cache would cost more."""

_Item: TypeAlias = Annotated[
    Annotated[Task, _Documented()] | RelayObject, Field(union_mode="left_to_right")
]
_in_two_lists: Callable[[bytes], tuple[tuple[Task | RelayObject]]]
_in_two_lists = TypeAdapter(tuple[tuple[_Item]], config=_UNCACHED).validator.validate_json
"""Reads one task as deep as it was in its envelope: JSON may not be nested for ever."""


def read_one(task: bytes) -> Task | RelayObject | None:
    """Return one task of a batch, cut out of it; None where that is not one whole object.

    Never raises.
    """
    try:
        ((read,),) = _in_two_lists(b"[[" + task + b"]]")
    except ValidationError:
        return None
    return read


class _Batch(BaseModel):
    """The envelope of a batch; anything more in it, such as ``error``, is worth a closer look."""

    model_config = ConfigDict(extra="forbid", **_UNCACHED)

    code: Literal["success"]
    message: Any = None
    data: list[_Item]
