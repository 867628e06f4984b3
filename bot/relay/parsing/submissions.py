"""Reads the answer to a submission: the ids of the tasks that a relay has begun, or its error.

Pure. What is not certainly a rejection, and names no task that can be watched, is uncertain: then
it may be charged.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bot.relay.creation import NO_REQUEST, CreationRequest, Submission
from bot.relay.errors import ErrorKind
from bot.relay.models import MAX_CLIPS, Task
from bot.relay.parsing.errors import is_web_page
from bot.relay.parsing.payload import (
    RESULT_FIELDS,
    Bounds,
    Content,
    decode,
    decode_nested,
    is_clip,
    names_task,
)
from bot.relay.parsing.rejections import (
    UNCERTAIN_STATUSES,
    is_interrupted,
    is_relays_error,
    rejection,
    reports_error,
)
from bot.relay.parsing.scalars import JsonObject, first_present, identifier
from bot.relay.parsing.tasks import parse_task
from bot.relay.quotes import RequestQuotes
from bot.relay.submission_errors import SubmissionUncertain

MAX_TASKS = 8
"""Tasks of one submission; relays that name several begin two."""
_MAX_DEPTH = 6
"""Envelopes within envelopes."""
_BOUNDS = Bounds.for_ids(MAX_TASKS)
_NAME = re.compile(r"[A-Za-z_]{1,20}")
_MAX_NAMES = 8
_ID_FORM = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:~=,@|+-]*")
_SHORT, _LONG = 4, 24
"""Characters. No id is shorter than the first, because "1" and "200" are codes. One that is shorter
than the second has a digit, because a text without one is a word such as "queued"."""


def read_submission(status: int, body: bytes, request: CreationRequest = NO_REQUEST) -> Submission:
    """Return what the relay has begun.

    What an error quotes of the ``request`` does not decide why it is refused.

    Raises ``SubmissionRejected`` where the answer says that nothing was created, and
    ``SubmissionUncertain``, and nothing else, for every other answer.
    """
    content = _decoded(body)
    quotes = RequestQuotes(request, with_title=True)
    found = _Found(quotes)
    found.search(content)
    if not 200 <= status < 300:
        _raise_failure(status, content, body, found)
    if found.error is not None and not found.names_something and not is_interrupted(found.error):
        raise rejection(status, found.error, body, quotes)
    submission = None if found.error is not None else found.submission()
    if submission is None:
        raise _uncertain(status, content, body)
    return submission


def _raise_failure(status: int, content: Content, body: bytes, found: "_Found") -> None:
    """Raise the error of a status other than 2xx."""
    answer = content if isinstance(content, dict) else {}
    is_certain = 300 <= status < 500 and status not in UNCERTAIN_STATUSES
    is_certain |= 500 <= status < 600 and is_relays_error(answer)
    if not is_certain or is_interrupted(answer) or found.names_something:
        raise _uncertain(status, content, body)
    raise rejection(status, answer, body, found.quotes)


def _uncertain(status: int, content: Content, body: bytes) -> SubmissionUncertain:
    """Return the error of an answer; the log gets its form only, it may repeat people's texts."""
    if isinstance(content, dict):
        names = [name for name in [*content][:_MAX_NAMES] if _NAME.fullmatch(name)]
        what = f"JSON with {', '.join(names) or 'unusual fields'}"
    else:
        what = "a web page" if is_web_page(body) else "JSON" if content else "no JSON"
    return SubmissionUncertain(
        ErrorKind.UNREADABLE, f"HTTP {status} names no task: {what}, {len(body)} bytes"
    )


@dataclass(slots=True)
class _Found:
    """What an answer holds, once ``search`` has been through it."""

    quotes: RequestQuotes
    """Of the request to which it is the answer."""
    ids: list[str] = field(default_factory=list)
    task: Task | None = None
    """The first task whose results are in the answer."""
    error: JsonObject | None = None
    """The first object that says that the submission failed."""
    has_bad_id: bool = False
    """Whether something that no task can have stands where an id is expected."""

    @property
    def names_something(self) -> bool:
        """Whether something was begun, whatever else the answer says."""
        return bool(self.ids) or (self.task is not None and self.task.terminal)

    def submission(self) -> Submission | None:
        """Return what was begun; ``None`` where nothing can be watched or shown."""
        ids = tuple(dict.fromkeys(self.ids))
        task = self.task if self.task is not None and self.task.terminal else None
        if len(ids) > MAX_TASKS or not (ids or (task and not self.has_bad_id)):
            return None
        if task is not None and task.id in ids:
            ids = (task.id, *(each for each in ids if each != task.id))
        return Submission(ids, task and replace(task, id=ids[0] if ids else ""))

    def search(self, value: Any, depth: int = 0) -> None:
        """Search one level of an answer, and the levels within it."""
        if depth > _MAX_DEPTH:
            return
        if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
            value = decode_nested(value, _BOUNDS)
        if isinstance(value, dict):
            self._search_object(value, depth)
        elif isinstance(value, list):
            self._search_list(value, depth)
        else:
            self._add_id(value)

    def _search_object(self, raw: JsonObject, depth: int) -> None:
        is_task = names_task(raw) and bool(raw.get("status"))
        if self.error is None and not is_task and reports_error(raw, self.quotes):
            self.error = raw
        self._add_id(first_present(raw, "task_id", "taskId"))
        self._add_ids(first_present(raw, "task_ids", "taskIds", "ids"))
        if names_task(raw) or not RESULT_FIELDS.isdisjoint(raw):
            self._add_result(raw)
            return
        envelope = [raw[name] for name in ("data", "result") if name in raw]
        for value in envelope:
            if not self.ids:
                self.search(value, depth + 1)
        if not (envelope or self.ids or self.error):  # beside data, it is of the request
            self._add_id(raw.get("id"))

    def _search_list(self, items: list[Any], depth: int) -> None:
        objects = [item for item in items if isinstance(item, dict)]
        if objects and all(is_clip(item) and "data" not in item for item in objects):
            self._add_clips(objects[:MAX_CLIPS])
            return
        for item in items[: MAX_TASKS + 1]:
            self.search(item, depth + 1)

    def _add_result(self, raw: JsonObject) -> None:
        """Read a task with its results; one that is named by its clips or lyrics only is, too."""
        task = parse_task(raw, _BOUNDS)
        if self.task is None:
            self.task = task
        if not self.ids and not self.has_bad_id:
            self._add_id(raw.get("id") or _name_of_clips(task))

    def _add_clips(self, items: Sequence[JsonObject]) -> None:
        for item in items:
            self._add_id(first_present(item, "task_id", "taskId"))
        self._add_result({"data": [*items]})

    def _add_ids(self, values: Any) -> None:
        if isinstance(values, list):
            for value in values[: MAX_TASKS + 1]:
                self._add_id(value)

    def _add_id(self, value: Any) -> None:
        if found := plausible_id(value):
            self.ids.append(found)
        elif value and type(value) in (str, int):
            self.has_bad_id = True


def plausible_id(value: Any) -> str:
    """Return the id of a task from a text or a whole number, "" where it cannot be one.

    Relays give ids of every form, but none is a sentence, a link or a word such as "queued".
    """
    if type(value) is int:
        value = str(value) if 0 < value < 10**64 else ""
    found = identifier(value) if type(value) is str and "\0" not in value else ""
    has_form = _ID_FORM.fullmatch(found) is not None
    is_word = len(found) < _LONG and not any(map(str.isdigit, found))
    return found if has_form and not is_word and len(found) >= _SHORT else ""


def _name_of_clips(task: Task) -> str:
    """Return the name of a task of which only clips are known.

    The relays that answer with clips look them up by their ids, separated by commas.
    """
    return ",".join(clip.id for clip in task.clips if clip.id)


def _decoded(body: bytes) -> Content:
    try:
        return decode(body, _BOUNDS)
    except ValueError:
        return None
