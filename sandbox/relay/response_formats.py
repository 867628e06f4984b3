"""The response formats of relays for the same tasks, to be chosen by a test."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

BATCH_PATHS = frozenset({"/suno/fetch", "/suno/submit/fetch"})
SINGLE_PATHS = frozenset({"/suno/fetch/{id}", "/suno/feed/{id}", "/suno/lyrics/{id}"})

Code = str | int | None


class SingleLookupFormat(StrEnum):
    """What a single look-up answers with."""

    TASK = "task"
    """The envelope around the task."""
    BARE_TASK = "bare task"
    DATA = "data"
    """The envelope around the clips or the lyrics alone, as Suno-API answers."""
    BARE_DATA = "bare data"
    """The clips or the lyrics alone: no code level."""
    NESTED = "nested"
    """The envelope around a task whose data is the task."""
    STATUS_AND_DATA = "status and data"
    """The envelope around the status and the data alone."""


class UnknownTaskFormat(StrEnum):
    """What a single look-up answers for a task that the relay does not know."""

    NOT_EXIST = "400 task_not_exist"
    INVALID = "400 invalid_request"
    NOT_FOUND = "404 task not found"
    PLAIN = "404 Not Found"
    """As web frameworks word it for tasks and for paths alike."""


class UnknownPathFormat(StrEnum):
    """What the relay answers on a path that it does not have."""

    INVALID_URL = "404 Invalid URL"
    """In OpenAI style, as new-api does."""
    HTML = "404 HTML"
    NOT_ALLOWED = "405"
    FRONT_PAGE = "200 HTML"
    """The pages of a relay's own site, which new-api serves on every path it does not know."""
    NO_PAGE = "404 page not found"
    """As plain text, as Suno-API does."""
    INVALID_ACTION = "400 invalid action"
    """As Suno-API takes a POST to ``/suno/submit/…``; any other request is answered NO_PAGE."""
    REPEATED = "404 that repeats the path"
    """In JSON, as many web frameworks do."""


@dataclass(frozen=True, slots=True)
class ResponseFormat:
    """How the local relay formats responses; the default is that of the five samples."""

    code: Code = "success"
    """The code of a good answer; ``None`` leaves the code level out of the envelope."""
    nothing: Any = ()
    """The batch's data where nothing matched: ``()`` for ``[]``, ``None`` for null."""
    double_envelope: bool = False
    """The batch's envelope lies in another one."""
    data_as_text: bool = False
    """The data of a task are JSON text instead of JSON."""
    account: bool = False
    """Tasks carry the account's fields, as new-api's do."""
    filters_by_action: bool = False
    """Tasks of the other kind than the request's action are left out."""
    reversed_order: bool = False
    """Tasks come in the reverse of the order in which they were asked for."""
    unrequested: tuple[Mapping[str, Any], ...] = ()
    """Task objects that were not requested, added to every batch."""
    rewrite: Callable[[dict[str, Any]], dict[str, Any]] = dict
    """Changes a task in whatever way has no name here, such as other words for its status."""
    fetch: SingleLookupFormat = SingleLookupFormat.TASK
    feed: SingleLookupFormat = SingleLookupFormat.TASK
    lyrics: SingleLookupFormat = SingleLookupFormat.BARE_DATA
    task_with_id_only: UnknownTaskFormat = UnknownTaskFormat.NOT_EXIST
    paths: frozenset[str] = BATCH_PATHS | SINGLE_PATHS
    """The paths that exist; one that ends in ``/{id}`` is a single look-up."""
    unknown_path: UnknownPathFormat = UnknownPathFormat.INVALID_URL

    def batch(self, tasks: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Wrap the tasks that matched a batch look-up."""
        ordered = [*reversed(tasks)] if self.reversed_order else [*tasks]
        found = [*map(self._task, ordered), *map(dict, self.unrequested)]
        nothing = None if self.nothing is None else list(self.nothing)
        answer = self._envelope(found or nothing)
        return self._envelope(answer) if self.double_envelope else answer

    def single(self, path: str, task: dict[str, Any]) -> Any:
        """Wrap the task of a single look-up on this path."""
        form = self.feed if "/feed/" in path else self.lyrics if "/lyrics/" in path else self.fetch
        inner = self._task(task)
        if form is SingleLookupFormat.BARE_TASK:
            return inner
        if form is SingleLookupFormat.BARE_DATA:
            return inner["data"]
        return self._envelope(
            {
                SingleLookupFormat.TASK: inner,
                SingleLookupFormat.DATA: inner["data"],
                SingleLookupFormat.NESTED: {**inner, "data": inner},
                SingleLookupFormat.STATUS_AND_DATA: {
                    "status": inner["status"],
                    "data": inner["data"],
                },
            }[form]
        )

    def _task(self, task: dict[str, Any]) -> dict[str, Any]:
        shaped = self.rewrite(task)
        if self.data_as_text:
            shaped["data"] = json.dumps(task["data"], ensure_ascii=False)
        if self.account:
            shaped |= {"user_id": 7, "username": "operator", "group": "default", "quota": 5000}
        return shaped

    def _envelope(self, data: Any) -> dict[str, Any]:
        level = {} if self.code is None else {"code": self.code, "message": ""}
        return {**level, "data": data}
