"""From the body of a relay's answer, whatever it looks like, to tasks or the error that it is.

The way of a body: bytes → JSON objects (`shapes`) → out of its envelope → the contents of each task
(`contents`) → how it ended (`outcomes`) → `Task`. What looks exactly as documented takes a short
cut (`documented`), and what says again what is known is left unread (`again`); what says no is an
error (`refusals`). Nothing here waits, logs or remembers.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from bot.suno.errors import ErrorKind, SunoError
from bot.suno.reading import links, refusals
from bot.suno.reading.again import Reading, read_pieces
from bot.suno.reading.contents import Contents, opened, read_contents
from bot.suno.reading.documented import read_documented
from bot.suno.reading.outcomes import conclude, has_failed
from bot.suno.reading.shapes import Content, CutShortError, RelayObject, parse
from bot.suno.reading.statuses import task_status
from bot.suno.reading.values import clean, identifier, percentage, unix_seconds
from bot.suno.tasks import Outcome, Task, TaskKind, TaskStatus


def read_batch(status: int, content_type: str | None, body: bytes) -> tuple[Task, ...]:
    """Return the tasks of an answer that names their ids, in its order.

    Tasks that the relay does not know are left out by it; tasks without an id are left out here.
    Raises `SunoError`, and nothing else, for an answer that is an error or that cannot be read.
    """
    return tuple(task for task in read_tasks(status, content_type, body) if task.id)


def read_batch_again(
    status: int, content_type: str | None, body: bytes, known: Mapping[int, str]
) -> Reading:
    """Read a batch but for the tasks that ``known`` names by their fingerprints.

    Together with what these were, the result is what `read_batch` returns; it raises the same.
    """
    pieces = read_pieces(body, known) if 200 <= status < 300 else None
    if pieces is not None:
        tasks, running = {}, {}
        for fingerprint, read in pieces.fresh:
            task = _as_task(read)
            tasks[task.id] = task
            if not task.terminal:
                running[task.id] = fingerprint
        # Of a task that comes twice the first word counts, which may have been an unchanged one.
        once = len(tasks) == len(pieces.fresh) and pieces.unchanged.isdisjoint(tasks)
        if once and "" not in tasks:
            return Reading(tuple(tasks.values()), pieces.unchanged, running)
    return Reading(read_batch(status, content_type, body))


def read_single(task_id: str, status: int, content_type: str | None, body: bytes) -> Task | None:
    """Return the task that was asked for, or None where the answer does not hold it.

    An answer that names no id, such as the bare clips of Suno-API, is taken for the one asked for.
    Raises `SunoError`, and nothing else, like `read_batch`; an id that the relay calls an
    ``invalid_request`` is ``NOT_FOUND``.
    """
    try:
        tasks = read_tasks(status, content_type, body)
    except SunoError as error:
        if error.kind is ErrorKind.BAD_REQUEST and "invalid_request" in error.detail:
            raise SunoError(ErrorKind.NOT_FOUND, error.detail) from error
        raise
    named = tasks_by_id(tasks, [task_id])
    nameless = (replace(task, id=task_id) for task in tasks if not task.id)
    return named.get(task_id) or next(nameless, None)


def tasks_by_id(
    tasks: Iterable[Task], wanted: Collection[str], found_before: Collection[str] = ()
) -> dict[str, Task]:
    """Return those of the tasks that are ``wanted``, by the id under which they are.

    Of several entries for one id the first that has ended counts, for what has ended does not run
    again; else the first. A relay may write an id in another case: that counts where it can mean
    only one wanted id, which was not ``found_before``, and only one id of the answer.
    """
    by_id: dict[str, Task] = {}
    for task in tasks:
        known = by_id.setdefault(task.id, task)
        if task.terminal and not known.terminal:
            by_id[task.id] = task
    found = {task_id: task for task_id, task in by_id.items() if task_id in wanted}
    if len(found) < len(by_id):
        strays = _by_folded(by_id.keys() - found.keys())
        for folded, meant in _by_folded(wanted).items():
            written = strays.get(folded, ())
            if len(meant) == len(written) == 1 and meant[0] not in {*found, *found_before}:
                found[meant[0]] = replace(by_id[written[0]], id=meant[0])
    return found


def _by_folded(ids: Iterable[str]) -> dict[str, list[str]]:
    folded: dict[str, list[str]] = {}
    for each in ids:
        folded.setdefault(each.casefold(), []).append(each)
    return folded


def is_empty_batch(body: bytes) -> bool:
    """Whether a body says as relays do that nothing matched: a success code, and no data.

    That is ``{"code": "success", "data": []}``, or null for the data; also in another envelope.
    """
    try:
        content = parse(body)
        while isinstance(content, RelayObject) and refusals.is_success(content):
            if "data" not in content.model_fields_set:
                return False
            content = content.data
            if content is None or content == []:
                return True
    except ValueError:
        pass
    return False


def read_tasks(status: int, content_type: str | None, body: bytes) -> tuple[Task, ...]:
    """Return the tasks of an answer of any shape; ``id`` is "" where the answer names none.

    Raises `SunoError`, and nothing else, like `read_batch`.
    """
    if not 200 <= status < 300:
        raise refusals.refusal_by_status(status, body)
    documented = read_documented(body)
    if documented is not None:
        return _tasks_in(documented)
    try:
        content = _unwrapped(parse(body))
    except CutShortError as error:
        raise refusals.cut_short(body) from error
    except ValueError as error:
        raise refusals.unreadable(content_type, body) from error
    return _tasks_in(content)


def _unwrapped(content: Content) -> Content:
    """Take the envelopes off: None where nothing is in them.

    Raises `SunoError` where there is an error in one, ``ValueError`` where no answer can be seen.
    """
    content = opened(content)
    if content is None:
        raise ValueError("no object")
    while isinstance(content, RelayObject):
        if refusals.is_refusal(content):
            raise refusals.refusal_within(content)
        if content.task_id or _is_nameless_task(content):
            return content
        if "data" not in content.model_fields_set:
            raise ValueError("neither a task nor an envelope")
        content = opened(content.data)
        if isinstance(content, RelayObject) and not content.model_fields_set:
            return None
    return content


def _is_nameless_task(raw: RelayObject) -> bool:
    """Whether it is a task, a clip or lyrics without the id of the task, and no envelope.

    An envelope may have a ``status`` of its own; it is one if there are tasks in its data, or if it
    tells of success and holds nothing.
    """
    data = opened(raw.data)
    items = data if isinstance(data, list) else [data]
    if any(isinstance(item, RelayObject) and item.is_task for item in items):
        return False
    if raw.has_result or raw.fail_reason is not None:
        return True
    word = raw.status or raw.state or "ok"
    return word.lower() != "ok" and (bool(data) or task_status(word) is not TaskStatus.SUCCESS)


def _tasks_in(content: Content | list[Task | RelayObject]) -> tuple[Task, ...]:
    if isinstance(content, RelayObject):
        return (_task(content),)
    if not isinstance(content, list):
        return ()
    tasks = [_as_task(item) for item in content if isinstance(item, Task) or item.is_task]
    if not tasks:
        song = _task(RelayObject(data=content))
        return (song,) if song.clips else ()
    return tuple(task for task in tasks if task.id or len(tasks) == 1)


def _as_task(item: Task | RelayObject) -> Task:
    return item if isinstance(item, Task) else _task(item)


def _task(raw: RelayObject) -> Task:
    raw = _flattened(raw)
    contents = read_contents(raw if raw.data is None else raw.data)
    status, outcome = conclude(raw.status or raw.state or "", contents)
    failed = outcome in (Outcome.PARTIAL, Outcome.FAILURE) and has_failed(status, contents)
    return Task(
        id=identifier(raw.task_id) or "",
        status=status,
        outcome=outcome,
        kind=contents.kind,
        claimed_kind=TaskKind.named(raw.action) if contents.kind is None else None,
        progress=percentage(raw.progress),
        reason=_reason(raw, contents) if failed else "",
        submitted_at=unix_seconds(raw.submit_time),
        started_at=unix_seconds(raw.start_time),
        finished_at=unix_seconds(raw.finish_time),
        clips=contents.clips,
        lyrics=contents.lyrics,
    )


def _flattened(raw: RelayObject) -> RelayObject:
    """Make one of a task inside a task: the outer one's fields count, the inner one fills in."""
    while (inner := _inner_task(raw)) is not None:
        outer = {name: value for name, value in raw if value not in (None, "") and name != "data"}
        raw = inner.model_copy(update=outer)
    return raw


def _inner_task(raw: RelayObject) -> RelayObject | None:
    inner = opened(raw.data)
    if isinstance(inner, list) and len(inner) == 1 and not inner[0].is_clip:
        inner = inner[0]
    return inner if isinstance(inner, RelayObject) and inner.is_task else None


def _reason(raw: RelayObject, contents: Contents) -> str:
    """Return why it failed; new-api writes the reason, or a link, to ``result_url``."""
    candidates = (raw.fail_reason, contents.reason, raw.result_url)
    words = (clean(candidate).strip() for candidate in candidates)
    return next((text for text in words if text and not links.usable(text)), "")
