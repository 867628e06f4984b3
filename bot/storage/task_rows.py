"""Reads and writes tasks as JSON, and inserts running ones: SQL within a transaction."""

import logging
from contextlib import suppress
from enum import Enum
from typing import NamedTuple, TypeVar

from pydantic import TypeAdapter, ValidationError

from bot.relay.models import Task, TaskStatus, bounded, submission_time
from bot.storage.engine import Connection

StoredEnum = TypeVar("StoredEnum", bound=Enum)

log = logging.getLogger(__name__)

_TASKS: TypeAdapter[Task] = TypeAdapter(Task)


class UnreadableRowError(ValueError):
    """A row holds something that this program does not understand; only that row is skipped."""


def dump_task(task: Task) -> str:
    """Return a task as it is stored."""
    return _TASKS.dump_json(task).decode()


def load_task(stored: str) -> Task:
    """Return a task as it was stored, within today's bounds. Raises ``UnreadableRowError``."""
    try:
        return bounded(_TASKS.validate_json(stored))
    except ValidationError as error:  # its text would quote what people and relays wrote
        raise UnreadableRowError(
            f"a stored task is unreadable ({error.error_count()} errors)"
        ) from None


def load_task_or_id(task_id: str, stored: str) -> Task:
    """Return a stored task; where it is unreadable, one of which only the id is known."""
    try:
        return load_task(stored)
    except UnreadableRowError as error:
        log.warning("Stored task is unreadable: task=%s cause=%s", task_id, error)
        return task_with_id_only(task_id)


def load_enum(kind: type[StoredEnum], stored: object) -> StoredEnum | None:
    """Return the member of an enumeration, ``None`` for an unknown value."""
    with suppress(ValueError):
        return kind(stored)
    return None


def task_with_id_only(task_id: str) -> Task:
    """Return a task of which nothing but the id is known."""
    return Task(id=task_id, status=TaskStatus.UNRECOGNIZED)


class TaskTimes(NamedTuple):
    """The times of a task that is added, Unix seconds."""

    added_at: float
    poll_at: float | None
    """``None``: it is not polled, because no relay has begun it yet."""
    deadline_at: float


_START_TASK = (
    "INSERT INTO tasks (account, task_id, state, kind, hint, status, task_json, known,"
    " fingerprint, submitted_at, added_at, next_poll_at, deadline_at)"
    " VALUES (:account, :id, 'running', :kind, :hint, :status, :answer, :known, :fingerprint,"
    " :began, :now, :look, :until)"
    # A running task that the relay never reported is reset once it is.
    " ON CONFLICT (account, task_id) DO UPDATE SET state = 'running', end_reason = NULL,"
    "  kind = excluded.kind, hint = excluded.hint, status = excluded.status,"
    "  task_json = excluded.task_json, submitted_at = excluded.submitted_at,"
    "  known = tasks.known OR excluded.known, misses = 0, missing_since = NULL,"
    "  fingerprint = coalesce(excluded.fingerprint, tasks.fingerprint),"
    "  terminal_since = NULL, added_at = excluded.added_at, polled_at = NULL,"
    "  next_poll_at = excluded.next_poll_at, deadline_at = excluded.deadline_at,"
    "  ended_at = NULL WHERE tasks.state = 'ended' OR excluded.known AND NOT tasks.known"
)


def start_task(
    db: Connection, account: str, fingerprint: str, task: Task, times: TaskTimes, *, known: bool
) -> None:
    """Insert a running task, or set an ended one to running again.

    ``known``: whether the relay has just reported it, so that it is not missing any more.
    ``fingerprint``: of the address and the API key under which it did.
    """
    db.execute(
        _START_TASK,
        {
            "account": account,
            "id": task.id,
            "kind": task.kind,
            "hint": task.kind or task.claimed_kind,
            "status": task.status,
            "answer": dump_task(task),
            "known": known,
            "fingerprint": fingerprint if known else None,
            "began": submission_time(task, times.added_at),
            "now": times.added_at,
            "look": times.poll_at,
            "until": times.deadline_at,
        },
    )
    if known:
        db.execute(
            "UPDATE tasks SET misses = 0, missing_since = NULL, fingerprint = ?3"
            " WHERE account = ?1 AND task_id = ?2 AND (misses > 0 OR fingerprint IS NOT ?3)",
            [account, task.id, fingerprint],
        )
