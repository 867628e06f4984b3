"""Reads one ``Task`` from one JSON object: its fields, its results, and how it ended."""

from functools import lru_cache
from typing import Any, NamedTuple

from bot.relay.models import MAX_REASON, ClipStatus, Outcome, Task, TaskStatus
from bot.relay.parsing import urls
from bot.relay.parsing.payload import RESULT_FIELDS, Bounds, decode_nested, is_clip, is_task
from bot.relay.parsing.results import NO_RESULTS, Results, parse_results
from bot.relay.parsing.scalars import (
    JsonObject,
    first_present,
    identifier,
    percentage,
    text,
    unix_seconds,
    word,
)
from bot.relay.parsing.statuses import task_kind, task_status
from bot.relay.parsing.unfrozen import unfrozen

_MAX_NESTED = 1000
"""Tasks inside tasks that are searched; with JSON texts in them they may be many."""
_INLINE_RESULT_FIELDS = RESULT_FIELDS | {"error_message", "error_type"}
_ENDED = (ClipStatus.COMPLETE, ClipStatus.ERROR)
_UnfrozenTask = unfrozen(Task)


def parse_task(raw: JsonObject, bounds: Bounds) -> Task:
    """Return the task that an object describes; ``id`` is "" where it names none."""
    data = raw.get("data")
    if data is not None and not (type(data) is list and len(data) > 1):  # those are clips
        raw, data = _flatten(raw, data, bounds)
    if data is not None:
        results = parse_results(data, bounds)
    elif _INLINE_RESULT_FIELDS.isdisjoint(raw):
        results = NO_RESULTS
    else:
        results = parse_results(raw, bounds)
    status_word = word(raw.get("status")) or word(raw.get("state"))
    if results is NO_RESULTS:
        status, outcome, has_failed = _conclude_without_results(status_word)
    else:
        status, outcome, has_failed = _conclude(status_word, results)
    task = _UnfrozenTask(
        identifier(raw["task_id"] if "task_id" in raw else raw.get("taskId")),
        status,
        outcome,
        results.kind,
        task_kind(raw.get("action")) if results.kind is None else None,
        percentage(raw.get("progress")),
        _reason(raw, results) if has_failed else "",
        unix_seconds(raw.get("submit_time") or raw.get("submitTime")),
        unix_seconds(raw.get("start_time") or raw.get("startTime")),
        unix_seconds(raw.get("finish_time") or raw.get("finishTime")),
        results.clips,
        results.lyrics,
    )
    task.__class__ = Task
    return task


def _flatten(raw: JsonObject, data: Any, bounds: Bounds) -> tuple[JsonObject, Any]:
    """Merge tasks inside tasks: fields of the outer one win, the inner one fills in.

    Return the merged fields and the data of the innermost task.
    """
    for _ in range(_MAX_NESTED):
        inner = _inner_task(data, bounds)
        if inner is None:
            return raw, data
        outer = {name: value for name, value in raw.items() if _is_given(value) and name != "data"}
        raw = {**inner, **outer}
        data = inner.get("data")
    return raw, None


def _is_given(value: Any) -> bool:
    return type(value) in (str, int, float) and value != ""


def _inner_task(data: Any, bounds: Bounds) -> JsonObject | None:
    inner = decode_nested(data, bounds)
    if isinstance(inner, list):
        inner = inner[0] if len(inner) == 1 and not is_clip(inner[0]) else None
    return inner if inner is not None and is_task(inner) else None


def _reason(raw: JsonObject, results: Results) -> str:
    """Return why a task failed; new-api writes the reason, or a link, to ``result_url``."""
    return (
        _as_reason(first_present(raw, "fail_reason", "failReason"))
        or _as_reason(results.reason)
        or _as_reason(first_present(raw, "result_url", "resultUrl"))
    )


def _as_reason(value: Any) -> str:
    """Return a text without spaces around it, "" for a link."""
    found = text(value, MAX_REASON).strip()
    return "" if "://" in found and urls.usable(found) else found


def _conclude(status_word: str, results: Results) -> "_Conclusion":
    """Return how a task ended, if it has.

    ``status_word`` is the relay's word, "" where it gave none: then the clips or the lyrics decide.
    """
    if status_word.strip():
        status = task_status(status_word)
        outcome = _outcome(status, results)
    else:
        status, outcome = _status_of_results(results)
    has_failed = outcome in (Outcome.PARTIAL, Outcome.FAILURE) and (
        status in (TaskStatus.FAILURE, TaskStatus.UNKNOWN)
        or results.lyrics_status is ClipStatus.ERROR
        or any(clip.status is ClipStatus.ERROR for clip in results.clips)
    )
    return _Conclusion(status, outcome, has_failed)


class _Conclusion(NamedTuple):
    """How a task ended."""

    status: TaskStatus
    outcome: Outcome | None
    """``None`` while it is not finished."""
    has_failed: bool
    """Whether it or a part of it failed, so that a text given as the reason is one."""


@lru_cache(256)
def _conclude_without_results(status_word: str) -> _Conclusion:
    """Conclude for most tasks of a look-up: those that run or failed."""
    return _conclude(status_word, NO_RESULTS)


def _outcome(status: TaskStatus, results: Results) -> Outcome | None:
    """Return the outcome of a task whose status the relay gives.

    The status of an unfinished task counts whatever its clips say, and so does an unknown one.
    """
    if status is TaskStatus.SUCCESS:
        return _outcome_of_success(results)
    if status is TaskStatus.FAILURE:
        return Outcome.PARTIAL if _has_usable_result(results) else Outcome.FAILURE
    if status is TaskStatus.UNKNOWN:
        has_audio = any(clip.audio_url for clip in results.clips)
        is_shown = has_audio or _has_usable_result(results)
        return _outcome_of_success(results) if is_shown else Outcome.FAILURE
    return None


def _status_of_results(results: Results) -> tuple[TaskStatus, Outcome | None]:
    """Return status and outcome from the data alone: a task has ended when each part of it has."""
    parts = [clip.status for clip in results.clips]
    if results.lyrics_status is not None:
        parts.append(results.lyrics_status)
    elif results.lyrics is not None:
        parts.append(ClipStatus.COMPLETE)
    if not parts:
        return TaskStatus.UNRECOGNIZED, None
    if not all(part in _ENDED for part in parts):
        return TaskStatus.IN_PROGRESS, None
    outcome = _outcome_of_success(results)
    failed = outcome is Outcome.FAILURE
    return TaskStatus.FAILURE if failed else TaskStatus.SUCCESS, outcome


def _outcome_of_success(results: Results) -> Outcome:
    """Return the outcome where the relay says success: it may be too early, or a clip failed."""
    clips = results.clips
    if results.lyrics is not None:
        is_failed = results.lyrics_status is ClipStatus.ERROR
        return Outcome.PARTIAL if is_failed else Outcome.SUCCESS
    if clips and all(clip.playable for clip in clips):
        return Outcome.SUCCESS
    if clips:
        all_failed = all(clip.status is ClipStatus.ERROR for clip in clips)
        return Outcome.FAILURE if all_failed else Outcome.PARTIAL
    return Outcome.FAILURE if results.lyrics_status is ClipStatus.ERROR else Outcome.PARTIAL


def _has_usable_result(results: Results) -> bool:
    return results.lyrics is not None or any(clip.playable for clip in results.clips)
