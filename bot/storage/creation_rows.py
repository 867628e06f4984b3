"""Inserts and reads requests to create: SQL within a transaction.

The task of a request is in ``tasks`` from the beginning, so that it is watched, unwatched, erased
and shown on a live card like every other. As long as no relay has begun it, its id is that of the
request, and it has no next poll. A task that is deleted because nobody waits for it cancels its
queued request: a trigger of the schema does that, and forgets requests to which nothing refers.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bot.relay.creation import CreationRequest
from bot.relay.models import Clip, Task, TaskStatus, bounded
from bot.relay.quotes import RequestQuotes
from bot.storage.creation_quotas import guild_hash
from bot.storage.engine import Connection
from bot.storage.errors import BadTaskId, RequestForgotten
from bot.storage.limits import hash_id
from bot.storage.models import CREATION_PREFIX, Creation, CreationState, NewCreation, TaskKey
from bot.storage.task_rows import TaskTimes, UnreadableRowError, dump_task, start_task

_REQUESTS: TypeAdapter[CreationRequest] = TypeAdapter(CreationRequest)
_NUMBER = re.compile("[1-9][0-9]{0,17}")  # fits into the column


def insert_creation(db: Connection, new: NewCreation) -> Creation:
    """Store a request in the queue, with the task that stands for it until a relay begins one."""
    (creation_id,) = db.execute(
        "INSERT INTO creations (account, state, user_id, author_id, request, user_hash, guild_hash,"
        " deadline, created_at, due_at) VALUES (?, 'queued', ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        [
            new.account,
            new.user_id,
            new.author_id,
            _REQUESTS.dump_json(new.request).decode(),
            hash_id(db, new.user_id),
            guild_hash(db, new.caller_guild_id),
            new.deadline,
            new.now,
            new.now if new.due_at is None else new.due_at,
        ],
    ).fetchone()
    creation = Creation(
        creation_id,
        new.account,
        new.request,
        new.user_id,
        CreationState.QUEUED,
        new.now,
        author_id=new.author_id,
    )
    times = TaskTimes(new.now, None, new.now + new.deadline)
    start_task_of(db, creation, _pending_task(creation), times, known=False)
    record_task_id(db, creation, creation.pending_task_id)
    return creation


def require_repeated(db: Connection, new: NewCreation) -> None:
    """Raise ``RequestForgotten`` if a request repeats one that is not stored any more."""
    stored = "SELECT 1 FROM creations WHERE id = ? AND request IS NOT NULL"
    if new.repeats is not None and not db.execute(stored, [new.repeats]).fetchone():
        raise RequestForgotten


def _pending_task(creation: Creation) -> Task:
    """Return what is known of a task before a relay has begun it."""
    request = creation.request
    clips = (Clip(id="", title=request.title),) if request.title else ()
    return bounded(
        Task(
            creation.pending_task_id,
            TaskStatus.NOT_START,
            claimed_kind=request.task_kind,
            clips=clips,
        )
    )


def start_task_of(
    db: Connection,
    creation: Creation,
    task: Task,
    times: TaskTimes,
    *,
    known: bool,
    fingerprint: str = "",
) -> None:
    """Insert a running task of a request."""
    start_task(db, creation.account, fingerprint, task, times, known=known)
    db.execute(
        "UPDATE tasks SET creation_id = ? WHERE account = ? AND task_id = ?",
        [creation.id, creation.account, task.id],
    )


def record_task_id(db: Connection, creation: Creation, task_id: str) -> None:
    """Remember whose task an id is, also when the task is not watched any more."""
    db.execute(
        "INSERT INTO creation_tasks (account, task_id, creation_id) VALUES (?, ?, ?)",
        [creation.account, task_id, creation.id],
    )


def load_creation(row: Mapping[str, Any]) -> Creation:
    """Return the request in a row that was not forgotten. Raises ``UnreadableRowError``."""
    try:
        request = _REQUESTS.validate_json(row["request"])
    except ValidationError as error:  # its text would quote what the person wrote
        raise UnreadableRowError(
            f"a stored request is unreadable ({error.error_count()} errors)"
        ) from None
    return Creation(
        row["id"],
        row["account"],
        request,
        row["user_id"],
        CreationState(row["state"]),
        row["created_at"],
        row["attempts"],
        row["author_id"],
    )


def apply_request(db: Connection, account: str, task: Task) -> Task:
    """Return an ended task as the request that began it tells; store it so.

    Its kind is that of the request where no result shows it, and its reasons quote no long part of
    the request.
    """
    if task.kind and not any([task.reason, *(clip.reason for clip in task.clips)]):
        return task
    row = db.execute(
        "SELECT c.request FROM creation_tasks t JOIN creations c ON c.id = t.creation_id"
        " WHERE t.account = ? AND t.task_id = ? AND c.request IS NOT NULL",
        [account, task.id],
    ).fetchone()
    if row is None:
        return task
    request = _readable_request(row[0])
    if request is None:
        return task
    quotes = RequestQuotes(request)
    clips = (replace(clip, reason=quotes.hide(clip.reason)) for clip in task.clips)
    hidden = replace(task, reason=quotes.hide(task.reason), clips=tuple(clips))
    applied = with_kind_of_request(hidden, row[0])
    if applied != task:
        db.execute(
            "UPDATE tasks SET task_json = ? WHERE account = ? AND task_id = ?",
            [dump_task(applied), account, task.id],
        )
    return applied


def with_kind_of_request(task: Task, request_json: str | None) -> Task:
    """Return a task that a relay has begun for a request with its kind, until results show it."""
    if task.kind or is_pending_id(task.id) or request_json is None:
        return task
    request = _readable_request(request_json)
    return task if request is None else replace(task, kind=request.task_kind, claimed_kind=None)


def _readable_request(request_json: str) -> CreationRequest | None:
    try:
        return _REQUESTS.validate_json(request_json)
    except ValidationError:  # nobody can read it any more
        return None


def is_pending_id(task_id: str) -> bool:
    """Whether an id is the bot's own, for a request or a result that a relay has given none.

    No relay is asked about such an id, and no task of a relay is accepted under it.
    """
    return task_id.startswith(CREATION_PREFIX)


def is_guessable_id(task_id: str) -> bool:
    """Whether an id is the number of a request, which anybody can guess."""
    return is_pending_id(task_id) and task_id.removeprefix(CREATION_PREFIX).isdecimal()


def tasks_of_request(db: Connection, task_id: str) -> list[str]:
    """Return the tasks of a request, by the id that stands for it; none for any other id."""
    number = _request_number(task_id)
    if number is None:
        return []
    rows = db.execute("SELECT task_id FROM creation_tasks WHERE creation_id = ?", [number])
    return [begun for (begun,) in rows]


def has_queued_request(db: Connection, task_id: str, user_id: int) -> bool:
    """Whether an id stands for a request of this person that waits to be sent."""
    row = db.execute(
        "SELECT 1 FROM creations WHERE id = ? AND user_id = ? AND state = 'queued'",
        [_request_number(task_id), user_id],
    ).fetchone()
    return row is not None


def is_cancelled_request(db: Connection, task_id: str) -> bool:
    """Whether an id stands for a request that was cancelled before it was sent."""
    row = db.execute(
        "SELECT 1 FROM creations WHERE id = ? AND state = 'cancelled'", [_request_number(task_id)]
    ).fetchone()
    return row is not None


def _request_number(task_id: str) -> int | None:
    number = task_id.removeprefix(CREATION_PREFIX)
    return int(number) if is_pending_id(task_id) and _NUMBER.fullmatch(number) else None


def require_pending_on_card(db: Connection, key: TaskKey, channel_id: int) -> None:
    """Raise ``BadTaskId`` unless a task waits to be created, and a live card shows it there.

    Such ids can be guessed: without this rule, anybody could watch what others create in private.
    """
    row = db.execute(
        "SELECT 1 FROM tasks t JOIN live_card_tasks ct USING (account, task_id)"
        " JOIN live_cards c ON c.id = ct.card_id WHERE t.account = ? AND t.task_id = ?"
        " AND t.state = 'running' AND t.next_poll_at IS NULL AND c.channel_id = ?",
        [*key, channel_id],
    ).fetchone()
    if row is None:
        raise BadTaskId


def new_ids(db: Connection, creation: Creation, task_ids: Sequence[str]) -> list[str]:
    """Return those of some ids that no task of the account has, or ever had.

    An id that is known is no proof that a relay has begun another task; one that only people have
    named so far, who may have guessed it, is not known. That of a song which is extended may be
    known to the relay alone, and an answer may repeat it.
    """
    known = db.execute(
        "SELECT value FROM json_each(?1) WHERE"
        " EXISTS (SELECT 1 FROM tasks WHERE account = ?2 AND task_id = value AND known)"
        " OR EXISTS (SELECT 1 FROM history WHERE account = ?2 AND task_id = value)"
        " OR EXISTS (SELECT 1 FROM creation_tasks WHERE account = ?2 AND task_id = value)",
        [json.dumps(list(task_ids)), creation.account],
    ).fetchall()
    excluded = {task_id for (task_id,) in known} | {
        creation.request.extend_task_id,
        creation.request.extend_clip_id,
    }
    fresh = (each for each in dict.fromkeys(task_ids) if each and not is_pending_id(each))
    return [each for each in fresh if each not in excluded]
