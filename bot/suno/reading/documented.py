"""The fast way: songs that look exactly as the documents show them, read in one step.

Nearly every answer to a batch look-up holds nothing else. pydantic's core turns such songs into
`Task` values with hardly a line of Python in between, many times as fast as `answers` reads them.
Whatever differs in any way is left to `answers`; tests hold both ways to the same result.
"""

from collections.abc import Callable
from operator import methodcaller
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, ValidationError
from pydantic_core import CoreSchema
from pydantic_core import core_schema as core

from bot.suno.reading.links import MAX_LENGTH
from bot.suno.reading.shapes import RelayObject
from bot.suno.reading.values import LONGEST_SONG, MAX_ID_LENGTH
from bot.suno.tasks import Clip, ClipStatus, Outcome, Task, TaskKind, TaskStatus

_ID = core.str_schema(pattern="^[A-Za-z0-9_-]+$", max_length=MAX_ID_LENGTH)
_TIME = core.float_schema(strict=True, gt=0, le=1e12)
_UUID = "[0-9a-f-]+"
_FILE = rf"https://cdn[12]\.suno\.ai/(?:image_|image_large_)?{_UUID}\.[a-z0-9]+"
_STREAM = rf"https://audiopipe\.suno\.ai/\?item_id={_UUID}"
_PER_CENT = {f"{number}%": number for number in range(101)}
_without_nul = methodcaller("replace", "\0", "")


def read_documented(body: bytes) -> list[Task | RelayObject] | None:
    """Return the tasks of a batch; as an object where one has to be looked at more closely.

    None where already the envelope is not as the documents show it. Never raises.
    """
    try:
        return _Batch.model_validate_json(body).data
    except ValidationError:
        return None


class _Song:
    """Tells pydantic to read a `Task` from a relay's JSON instead of from its own fields."""

    def __get_pydantic_core_schema__(
        self, _type: Any, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        not_yet = _none_for_empty(core.literal_schema([0]), core.float_schema(gt=0))
        finished = _task(TaskStatus.SUCCESS, Outcome.SUCCESS, _finished_clip(), _TIME)
        running = _task(TaskStatus.IN_PROGRESS, None, _streaming_clip(), not_yet)
        by_status: dict[Any, CoreSchema] = {"SUCCESS": finished, "IN_PROGRESS": running}
        return core.tagged_union_schema(by_status, discriminator="status")


def _task(
    status: TaskStatus, outcome: Outcome | None, clip: CoreSchema, finished_at: CoreSchema
) -> CoreSchema:
    return _frozen(
        Task,
        _read("id", _ID, "task_id"),
        _fixed("status", status),
        _fixed("outcome", outcome),
        _fixed("kind", TaskKind.MUSIC),
        _read("progress", _made(_PER_CENT.get, core.literal_schema(list(_PER_CENT)))),
        _fixed("reason", ""),
        _read("submitted_at", _TIME, "submit_time"),
        _read("started_at", _TIME, "start_time"),
        _read("finished_at", finished_at, "finish_time"),
        _read("clips", core.tuple_variable_schema(clip, min_length=1), "data"),
        _fixed("lyrics", None),
    )


def _finished_clip() -> CoreSchema:
    duration = core.float_schema(strict=True, gt=0, lt=LONGEST_SONG)
    return _clip(ClipStatus.COMPLETE, _link(_FILE), duration, is_final=True)


def _streaming_clip() -> CoreSchema:
    return _clip(ClipStatus.STREAMING, _link(_STREAM), core.none_schema(), is_final=False)


def _clip(
    status: ClipStatus, audio: CoreSchema, duration: CoreSchema, *, is_final: bool
) -> CoreSchema:
    video = _none_for_empty(_link(f"(?:{_FILE})?"), core.str_schema(min_length=1))
    return _frozen(
        Clip,
        _read("id", _ID),
        _read("title", _made(_without_nul, core.str_schema())),
        _read("status", core.literal_schema([status])),
        _read("audio_url", audio),
        _fixed("audio_is_final", is_final),
        _read("video_url", video),
        _read("image_url", _link(_FILE), "image_large_url"),
        _read("duration", duration, "metadata", "duration"),
        _read("style", _made(_without_nul, core.str_schema(min_length=1)), "metadata", "tags"),
        _read("lyrics", _made(_without_nul, core.str_schema(pattern=r"^\[")), "metadata", "prompt"),
        _fixed("reason", ""),
    )


def _link(pattern: str) -> CoreSchema:
    return core.str_schema(pattern=f"^{pattern}$", max_length=MAX_LENGTH)


def _made(make: Callable[[Any], Any], schema: CoreSchema) -> CoreSchema:
    return core.no_info_after_validator_function(make, schema)


def _none_for_empty(schema: CoreSchema, filled: CoreSchema) -> CoreSchema:
    """Read what `schema` admits, as None what `filled` does not: "" and 0 mean "not there"."""
    return core.chain_schema(
        [schema, core.with_default_schema(filled, default=None, on_error="default")]
    )


def _read(name: str, schema: CoreSchema, *path: str | int) -> core.DataclassField:
    return core.dataclass_field(name, schema, validation_alias=list(path or (name,)))


def _fixed(name: str, value: object) -> core.DataclassField:
    """Return a field that has this value whatever stands in the answer."""
    schema = core.with_default_schema(core.any_schema(), default=value)
    return core.dataclass_field(name, schema, init=False)


def _frozen(cls: type, *fields: core.DataclassField) -> CoreSchema:
    arguments = core.dataclass_args_schema(cls.__name__, list(fields))
    names = [field["name"] for field in fields]
    return core.dataclass_schema(cls, arguments, names, slots=True, frozen=True)


class _Batch(BaseModel):
    """The envelope of a batch; anything more in it, such as ``error``, is worth a closer look."""

    model_config = ConfigDict(extra="forbid")

    code: Literal["success"]
    message: Any = None
    data: list[Annotated[Annotated[Task, _Song()] | RelayObject, Field(union_mode="left_to_right")]]
