"""Reads which tasks to poll, and stores the results of polls: SQL within a transaction.

Only this module ends tasks, together with adding the history entry and the deliveries.
"""

import json
import logging
from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from bot.relay.models import Task, TaskKind, TaskStatus, supersedes
from bot.storage.creation_rows import apply_request
from bot.storage.delivery_rows import enqueue_notice
from bot.storage.engine import Connection
from bot.storage.history_rows import add_to_history
from bot.storage.models import EndedTask, EndReason, PollResult, PollTarget
from bot.storage.task_rows import (
    UnreadableRowError,
    dump_task,
    load_task,
    load_task_or_id,
    task_with_id_only,
)
from bot.storage.watch_groups import collect, release_complete

log = logging.getLogger(__name__)


def read_due(
    db: Connection, account: str, fingerprint: str, now: float, limit: int, exclude: Collection[str]
) -> list[PollTarget]:
    """Return the running tasks whose next poll is due, the longest overdue first.

    ``fingerprint``: of the current address and API key.
    """
    values = [fingerprint, account, now, json.dumps(list(exclude)), limit]
    return list(map(_poll_target, db.execute(_DUE_TASKS, values).fetchall()))


class PollContext(NamedTuple):
    """The context of one poll: its results do not affect what people add after ``sent_at``."""

    account: str
    fingerprint: str
    """Of the address and the API key that the poll used."""
    sent_at: float
    """When the tasks to poll were read, before the request was sent (Unix seconds)."""
    now: float
    """When the results are stored (Unix seconds)."""
    open_group: int | None = None
    """A group to which a request still adds watches: its summary waits for them."""


def record(
    db: Connection, context: PollContext, results: Sequence[PollResult], *, outage: float = 0.0
) -> list[EndedTask]:
    """Store the results of a poll; return the tasks that it ended.

    Results of tasks that were added after the request was sent are ignored, and no watch that was
    added since is ended, unless the task itself has ended. ``outage`` is for how many seconds
    before ``context.now`` the relay could not be asked.
    """
    if outage:
        since = context.now - outage
        db.execute(_OUTAGE, {"account": context.account, "now": context.now, "since": since})
    results = [
        result if _is_current(db, context, result) else result._replace(task=None)
        for result in results
    ]
    _reschedule(db, context, [result for result in results if result.task is None])
    for result in results:
        if result.task is not None:
            _store_result(db, context, result, result.task)
    ended = (
        end_task(db, context, result.task_id, result.end_reason)
        for result in results
        if result.end_reason
    )
    return [task for task in ended if task]


def end_all(db: Connection, context: PollContext, end_reason: EndReason) -> list[EndedTask]:
    """End all running tasks of an account; return them."""
    rows = db.execute(
        "SELECT task_id FROM tasks WHERE account = ? AND state = 'running'", [context.account]
    ).fetchall()
    ended = (end_task(db, context, task_id, end_reason) for (task_id,) in rows)
    return [task for task in ended if task]


def _is_current(db: Connection, context: PollContext, result: PollResult) -> bool:
    """Whether the polled task does not set back what has been stored since the poll began.

    Once the relay has reported the end, an answer with fewer results takes none of them away.
    """
    if result.task is None:
        return False
    row = db.execute(
        "SELECT status, terminal_since IS NOT NULL,"
        " CASE WHEN terminal_since IS NOT NULL THEN task_json END FROM tasks"
        " WHERE account = ? AND task_id = ?",
        [context.account, result.task_id],
    ).fetchone()
    if row is None:
        return False
    status, has_ended, stored = row
    if not supersedes(result.task, _status(status), ended=bool(has_ended)):
        return False
    if not has_ended:
        return True
    kept = load_task_or_id(result.task_id, stored)
    return result.task.lasting_results >= kept.lasting_results


def _store_result(db: Connection, context: PollContext, result: PollResult, task: Task) -> None:
    """Store a running task as the relay described it."""
    values = {
        **context._asdict(),
        "id": result.task_id,
        "next": result.next_poll_at,
        "misses": result.misses,
        "missing": result.missing_since,
        "terminal": result.terminal_since,
        "kind": task.kind,
        "hint": task.kind or task.claimed_kind,
        "status": task.status,
        "task_json": dump_task(task),
    }
    db.execute(_STORE_RESULT, values)


def end_task(
    db: Connection, context: PollContext, task_id: str, end_reason: EndReason
) -> EndedTask | None:
    """End a running task: add it to the history, and enqueue what tells it in each destination."""
    account, now = context.account, context.now
    ended = db.execute(
        _END, {**context._asdict(), "id": task_id, "end_reason": end_reason}
    ).fetchone()
    if not ended:
        return None
    task = apply_request(db, account, _load_or_replace(db, account, task_id, ended[0]))
    add_to_history(db, account, task, end_reason, now)
    destinations = list(
        db.query(
            "SELECT w.channel_id, w.group_id, w.guild_id, w.locale, first.user_id"
            " FROM (SELECT min(id) AS id, min(user_id) AS user_id FROM watches"
            "  WHERE account = ? AND task_id = ? AND delivery_id IS NULL"
            "  GROUP BY channel_id, group_id) AS first JOIN watches w ON w.id = first.id"
            " ORDER BY w.id",
            [account, task_id],
        )
    )
    for destination in destinations:
        enqueue = enqueue_notice if destination["group_id"] is None else collect
        enqueue(db, account, task_id, destination, end_reason, now)
    groups = {each["group_id"] for each in destinations} - {None, context.open_group}
    release_complete(db, groups, now)
    return EndedTask(task_id, end_reason, task.outcome, deliveries=len(destinations))


def _load_or_replace(db: Connection, account: str, task_id: str, stored: str) -> Task:
    """Return a stored task; replace an unreadable one by a task with its id alone."""
    try:
        return load_task(stored)
    except UnreadableRowError as error:
        log.error("Stored task is unreadable: account=%s task=%s cause=%s", account, task_id, error)
    task = task_with_id_only(task_id)
    db.execute(
        "UPDATE tasks SET task_json = ? WHERE account = ? AND task_id = ?",
        [dump_task(task), account, task_id],
    )
    return task


def _reschedule(db: Connection, context: PollContext, results: Iterable[PollResult]) -> None:
    """Store the poll times of tasks about which the relay said nothing new."""
    times = [
        (
            context.account,
            result.task_id,
            result.next_poll_at,
            result.misses,
            result.missing_since,
            result.terminal_since,
            result.found,
        )
        for result in results
    ]
    if times:
        results_json = json.dumps(times, allow_nan=False)
        db.execute(_RESCHEDULE, {**context._asdict(), "results": results_json})


# Times later than now were stored before the clock was set back, so before the poll, too.
_TASK_IS_OLDER = "NOT (tasks.added_at > :sent_at AND tasks.added_at <= :now)"
_WATCHES_ARE_OLDER = """
    NOT EXISTS (
        SELECT 1 FROM watches s
        WHERE s.account = tasks.account AND s.task_id = tasks.task_id AND s.delivery_id IS NULL
            AND s.created_at > :sent_at AND s.created_at <= :now
    )
"""

# One statement for all rows: several would make Python's other threads wait in between. The relay
# is part of each row, or SQLite would go through all tasks of the relay for each of them.
_RESCHEDULE = f"""
    UPDATE tasks SET polled_at = :now, next_poll_at = result.next, misses = result.misses,
        missing_since = result.missing, terminal_since = coalesce(terminal_since, result.terminal),
        fingerprint = CASE WHEN result.found THEN :fingerprint ELSE fingerprint END
    FROM (
        SELECT json_extract(value, '$[0]') AS account, json_extract(value, '$[1]') AS id,
            CAST(json_extract(value, '$[2]') AS DOUBLE PRECISION) AS next,
            CAST(json_extract(value, '$[3]') AS BIGINT) AS misses,
            CAST(json_extract(value, '$[4]') AS DOUBLE PRECISION) AS missing,
            CAST(json_extract(value, '$[5]') AS DOUBLE PRECISION) AS terminal,
            CAST(json_extract(value, '$[6]') AS BOOLEAN) AS found
        FROM json_each(:results)
    ) AS result
    WHERE tasks.account = result.account AND task_id = result.id AND state = 'running'
        AND {_TASK_IS_OLDER} AND (result.misses = 0 OR {_WATCHES_ARE_OLDER})
"""  # noqa: S608 # conditions of ours
_STORE_RESULT = f"""
    UPDATE tasks SET polled_at = :now, next_poll_at = :next, misses = :misses,
        missing_since = :missing, terminal_since = coalesce(terminal_since, :terminal),
        kind = coalesce(:kind, kind), hint = coalesce(:hint, hint), status = :status,
        task_json = :task_json, known = TRUE, fingerprint = :fingerprint,
        changed_at =
            CASE WHEN task_json IS NOT :task_json OR NOT known THEN :now ELSE changed_at END
    WHERE account = :account AND task_id = :id AND state = 'running' AND {_TASK_IS_OLDER}
"""  # noqa: S608 # conditions of ours
_END = f"""
    UPDATE tasks SET state = 'ended', end_reason = :end_reason, ended_at = :now, next_poll_at = NULL
    WHERE account = :account AND task_id = :id AND state = 'running' AND {_TASK_IS_OLDER}
        AND (:end_reason IN ('finished', 'disconnected', 'rejected', 'unconfirmed')
            OR (:sent_at <= :now AND {_WATCHES_ARE_OLDER}))
    RETURNING task_json
"""  # noqa: S608 # conditions of ours

_OUTAGE = """
    UPDATE tasks SET deadline_at = deadline_at + (:now - max(:since, added_at)),
        missing_since = missing_since + (:now - max(:since, missing_since)),
        terminal_since = terminal_since + (:now - max(:since, terminal_since))
    WHERE account = :account AND state = 'running' AND next_poll_at IS NOT NULL
"""
"""A task that no relay has begun yet has no next poll: its deadline begins with the first."""

_DUE_TASKS = """
    SELECT task_id, kind, coalesce(hint, kind), status, known, known AND fingerprint IS ?,
        misses, missing_since, terminal_since, coalesce(submitted_at, added_at), added_at,
            polled_at,
        next_poll_at, deadline_at
    FROM tasks
    WHERE account = ? AND state = 'running' AND next_poll_at <= ?
        AND task_id NOT IN (SELECT value FROM json_each(?))
    ORDER BY next_poll_at LIMIT ?
"""


_KINDS: dict[str | None, TaskKind | None] = {None: None} | {kind.value: kind for kind in TaskKind}
_STATUSES = {status.value: status for status in TaskStatus}


def _status(stored: str) -> TaskStatus:
    """Return a stored status; an unreadable one counts as unrecognized until the next poll."""
    return _STATUSES.get(stored, TaskStatus.UNRECOGNIZED)


def _poll_target(row: Sequence[Any]) -> PollTarget:
    """Convert a row of ``_DUE_TASKS``, whose columns are the fields of ``PollTarget`` in order."""
    task_id, kind, expected_kind, status, known, known_with_current_key, *times = row
    return PollTarget(
        task_id,
        _KINDS.get(kind),
        _KINDS.get(expected_kind),
        _status(status),
        bool(known),
        bool(known_with_current_key),
        *times,
    )
