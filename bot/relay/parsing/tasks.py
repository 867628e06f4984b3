"""One JSON object to one ``Task``: its fields, its results, and how it ended."""

from typing import Any

from bot.relay.models import MAX_REASON, Outcome, Task, TaskKind
from bot.relay.parsing import urls
from bot.relay.parsing.outcomes import conclude, has_failed
from bot.relay.parsing.payload import Bounds, has_result, is_clip, is_task, opened
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

_MAX_NESTED = 1000
"""Tasks inside tasks that are looked through; with JSON texts in them they may be many."""


def parse_task(raw: JsonObject, bounds: Bounds) -> Task:
    """Return the task that an object describes; ``id`` is "" where it names none."""
    data = raw.get("data")
    if data is not None and not (type(data) is list and len(data) > 1):  # those are clips
        raw, data = _flattened(raw, data, bounds)
    if data is not None:
        results = parse_results(data, bounds)
    else:
        results = parse_results(raw, bounds) if _tells_result(raw) else NO_RESULTS
    status, outcome = conclude(word(raw.get("status")) or word(raw.get("state")), results)
    failed = outcome in (Outcome.PARTIAL, Outcome.FAILURE) and has_failed(status, results)
    return Task(
        identifier(raw["task_id"] if "task_id" in raw else raw.get("taskId")),
        status,
        outcome,
        results.kind,
        TaskKind.from_action(word(raw.get("action"))) if results.kind is None else None,
        percentage(raw.get("progress")),
        _reason(raw, results) if failed else "",
        unix_seconds(first_present(raw, "submit_time", "submitTime")),
        unix_seconds(first_present(raw, "start_time", "startTime")),
        unix_seconds(first_present(raw, "finish_time", "finishTime")),
        results.clips,
        results.lyrics,
    )


def _tells_result(raw: JsonObject) -> bool:
    return has_result(raw) or "error_message" in raw or "error_type" in raw


def _flattened(raw: JsonObject, data: Any, bounds: Bounds) -> tuple[JsonObject, Any]:
    """Make one of a task inside a task: the outer one's fields count, the inner one fills in.

    Return its fields and its data.
    """
    for _ in range(_MAX_NESTED):
        inner = _inner_task(data, bounds)
        if inner is None:
            return raw, data
        outer = {name: value for name, value in raw.items() if _is_told(value) and name != "data"}
        raw = {**inner, **outer}
        data = inner.get("data")
    return raw, None


def _is_told(value: Any) -> bool:
    return type(value) in (str, int, float) and value != ""


def _inner_task(data: Any, bounds: Bounds) -> JsonObject | None:
    inner = opened(data, bounds)
    if isinstance(inner, list):
        inner = inner[0] if len(inner) == 1 and not is_clip(inner[0]) else None
    return inner if inner is not None and is_task(inner) else None


def _reason(raw: JsonObject, results: Results) -> str:
    """Return why it failed; new-api writes the reason, or a link, to ``result_url``."""
    for candidate in (
        first_present(raw, "fail_reason", "failReason"),
        results.reason,
        first_present(raw, "result_url", "resultUrl"),
    ):
        found = text(candidate, MAX_REASON).strip()
        if found and not ("://" in found and urls.usable(found)):
            return found
    return ""
