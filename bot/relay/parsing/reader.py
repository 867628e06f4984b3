"""The entry point of the parser: turns an HTTP response into tasks, or raises its error."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from bot.relay.errors import ErrorKind, RelayError
from bot.relay.models import Task
from bot.relay.parsing import errors
from bot.relay.parsing.cached_batch import read_cached_batch
from bot.relay.parsing.payload import (
    Bounds,
    Content,
    TooLargeError,
    TruncatedError,
    decode,
    decode_nested,
    is_task,
    unwrap,
)
from bot.relay.parsing.tasks import parse_task

DEFAULT_IDS = 1000
"""Ids that bound a response where the number of requested ids is unknown."""


def read_batch(
    status: int, content_type: str | None, body: bytes, *, ids: int = DEFAULT_IDS
) -> tuple[Task, ...]:
    """Return the tasks of a response that names their ids, in its order.

    ``ids`` is how many were requested. The relay leaves out tasks that it does not know; tasks
    without an id are left out here. Raises ``RelayError``, and nothing else, for a response that is
    an error, that cannot be read, or that holds more than any response to this request can.
    """
    return tuple([task for task in read_tasks(status, content_type, body, ids=ids) if task.id])


def read_single(task_id: str, status: int, content_type: str | None, body: bytes) -> Task | None:
    """Return the requested task, or None where the response does not hold it.

    A task without an id, such as the bare clips of Suno-API, is assumed to be the requested one.
    Raises ``RelayError``, and nothing else, like ``read_batch``; an id that the relay calls an
    ``invalid_request`` is ``NOT_FOUND``.
    """
    try:
        tasks = read_tasks(status, content_type, body, ids=1)
    except RelayError as error:
        if error.kind is ErrorKind.BAD_REQUEST and "invalid_request" in error.detail:
            raise RelayError(ErrorKind.NOT_FOUND, error.detail) from error
        raise
    named = tasks_by_id(tasks, [task_id])
    nameless = (replace(task, id=task_id) for task in tasks if not task.id)
    return named.get(task_id) or next(nameless, None)


def read_tasks(
    status: int, content_type: str | None, body: bytes, *, ids: int = DEFAULT_IDS
) -> tuple[Task, ...]:
    """Return the tasks of a response of any shape; ``id`` is "" where it names none.

    Raises ``RelayError``, and nothing else, like ``read_batch``.
    """
    bounds = Bounds.for_ids(ids)
    if not 200 <= status < 300:
        raise errors.error_by_status(status, _decoded(body), body)
    if (tasks := read_cached_batch(body, bounds)) is not None:
        return _without_nameless(tasks)
    try:
        return _tasks_in(unwrap(decode(body, bounds), bounds), bounds)
    except TruncatedError as error:
        raise errors.truncated_response(body) from error
    except TooLargeError as error:
        raise errors.too_large_response(body, str(error)) from error
    except ValueError as error:
        raise errors.unreadable_response(content_type, body) from error


def tasks_by_id(
    tasks: Iterable[Task], wanted: Collection[str], found_before: Collection[str] = ()
) -> dict[str, Task]:
    """Return those of the tasks that are ``wanted``, by the wanted id.

    Of several entries for one id the first that has ended counts, because what has ended does not
    run again; otherwise the first. A relay may write an id in another case: that counts where it
    can mean only one wanted id, which was not ``found_before``, and only one id of the response.
    """
    by_id: dict[str, Task] = {}
    for task in tasks:
        known = by_id.setdefault(task.id, task)
        if task.terminal and not known.terminal:
            by_id[task.id] = task
    found = {task_id: task for task_id, task in by_id.items() if task_id in wanted}
    if len(found) < len(by_id):
        other_case = _by_folded(by_id.keys() - found.keys())
        for folded, meant in _by_folded(wanted).items():
            written = other_case.get(folded, ())
            if len(meant) == len(written) == 1 and meant[0] not in {*found, *found_before}:
                found[meant[0]] = replace(by_id[written[0]], id=meant[0])
    return found


def _by_folded(ids: Iterable[str]) -> dict[str, list[str]]:
    folded: dict[str, list[str]] = {}
    for each in ids:
        folded.setdefault(each.casefold(), []).append(each)
    return folded


def is_empty_batch(body: bytes) -> bool:
    """Whether a body says, as only relays do, that nothing matched: a success code and no data.

    That is ``{"code": "success", "data": []}``, or null for the data; also in another envelope.
    """
    content = _decoded(body)
    while isinstance(content, dict) and errors.is_success(content):
        if "data" not in content:
            return False
        if content["data"] is None or content["data"] == []:
            return True
        content = decode_nested(content["data"], Bounds.for_ids(1))
    return False


def _decoded(body: bytes) -> Content:
    try:
        return decode(body, Bounds.for_ids(1))
    except ValueError:
        return None


def _tasks_in(content: Content, bounds: Bounds) -> tuple[Task, ...]:
    if content is None:
        return ()
    if isinstance(content, dict):
        return (parse_task(content, bounds),)
    items = [item for item in content if is_task(item)]
    if not items:
        if failure := next(filter(errors.is_bare_failure, content), None):
            raise errors.error_in_body(failure)
        song = parse_task({"data": content}, bounds)
        return (song,) if song.clips else ()
    return _without_nameless([parse_task(item, bounds) for item in items])


def _without_nameless(tasks: Sequence[Task]) -> tuple[Task, ...]:
    """Leave out tasks without an id, unless there is only one: it may be the requested one."""
    if len(tasks) == 1:
        return tuple(tasks)
    return tuple([task for task in tasks if task.id])
