"""What looks at running tasks read and leave in the database: the SQL, within a transaction.

A task is ended here, and only here: together with its history entry and the deliveries it owes.
"""

import json
import logging
from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from sqlite_utils import Database

from bot.relay.models import Task, TaskKind, TaskStatus, supersedes
from bot.storage.delivery_rows import enqueue_notice
from bot.storage.history import add_to_history
from bot.storage.models import EndedTask, EndReason, PollResult, PollTarget
from bot.storage.task_rows import UnreadableRowError, dump_task, load_task, task_with_id_only

log = logging.getLogger(__name__)


def read_due(
    db: Database, relay: str, fingerprint: str, now: float, limit: int, exclude: Collection[str]
) -> list[PollTarget]:
    """Return the running tasks whose next look is due, the longest overdue first.

    ``fingerprint``: of the address and the key of today.
    """
    values = [fingerprint, relay, now, json.dumps(list(exclude)), limit]
    return list(map(_watched, db.execute(_DUE_TASKS, values).fetchall()))


class PollContext(NamedTuple):
    """When a look was: what people did meanwhile is newer than what it showed."""

    relay: str
    fingerprint: str
    """Of the address and the key under which it was asked."""
    asked_at: float
    """When it was read what to look at, before the relay was asked (Unix seconds)."""
    now: float
    """When what the relay said is recorded."""


def record(
    db: Database, look: PollContext, seen: Sequence[PollResult], *, outage: float = 0.0
) -> list[EndedTask]:
    """Keep what a look showed; return what has ended by it.

    What it says of a task that was added after the relay was asked is left aside, and it ends no
    watch that was added since, unless the task itself has ended. ``outage`` is how long nobody
    could ask until ``look.now`` (seconds).
    """
    if outage:
        since = look.now - outage
        db.execute(_OUTAGE, {"relay": look.relay, "now": look.now, "since": since})
    seen = [each if _is_news(db, look, each) else each._replace(answer=None) for each in seen]
    _reschedule(db, look, [each for each in seen if each.answer is None])
    for observation in seen:
        if observation.answer is not None:
            _observe(db, look, observation, observation.answer)
    ends = (_end(db, look, each.task_id, each.end_reason) for each in seen if each.end_reason)
    return [ended for ended in ends if ended]


def _is_news(db: Database, look: PollContext, seen: PollResult) -> bool:
    """Whether a look's answer is not behind what was recorded since the look began."""
    if seen.answer is None:
        return False
    row = db.execute(
        "SELECT status, terminal_since FROM tasks WHERE relay = ? AND task_id = ?",
        [look.relay, seen.task_id],
    ).fetchone()
    return row is not None and supersedes(seen.answer, _status(row[0]), ended=row[1] is not None)


def _observe(db: Database, look: PollContext, seen: PollResult, answer: Task) -> None:
    """Keep a relay's answer about a running task."""
    values = {
        **look._asdict(),
        "id": seen.task_id,
        "next": seen.next_poll_at,
        "misses": seen.misses,
        "missing": seen.missing_since,
        "terminal": seen.terminal_since,
        "kind": answer.kind,
        "hint": answer.kind or answer.claimed_kind,
        "status": answer.status,
        "answer": dump_task(answer),
    }
    db.execute(_OBSERVE, values)


def _end(db: Database, look: PollContext, task_id: str, end_reason: EndReason) -> EndedTask | None:
    """End a task, remember it and owe its notices, one to each place where it is watched."""
    relay, now = look.relay, look.now
    ended = db.execute(_END, {**look._asdict(), "id": task_id, "end_reason": end_reason}).fetchone()
    if not ended:
        return None
    task = _readable(db, relay, task_id, ended[0])
    add_to_history(db, relay, task, end_reason, now)
    places = list(
        db.query(
            "SELECT channel_id, guild_id, locale, min(id) AS first FROM watches"
            " WHERE relay = ? AND task_id = ? AND delivery_id IS NULL"
            " GROUP BY channel_id ORDER BY first",
            [relay, task_id],
        )
    )
    for destination in places:
        enqueue_notice(db, relay, task_id, destination, end_reason, now)
    return EndedTask(task_id, end_reason, task.outcome, deliveries=len(places))


def _readable(db: Database, relay: str, task_id: str, stored: str) -> Task:
    """Return a task as it is to be told; what is unreadable is stored anew, with its id alone."""
    try:
        return load_task(stored)
    except UnreadableRowError as error:
        log.error("Stored task is unreadable: relay=%s task=%s cause=%s", relay, task_id, error)
    task = task_with_id_only(task_id)
    db.execute(
        "UPDATE tasks SET task_json = ? WHERE relay = ? AND task_id = ?",
        [dump_task(task), relay, task_id],
    )
    return task


def _reschedule(db: Database, look: PollContext, seen: Iterable[PollResult]) -> None:
    """Keep of looks that told nothing new when they were, and when the next ones are."""
    times = [
        (
            *(look.relay, o.task_id, o.next_poll_at, o.misses, o.missing_since),
            *(o.terminal_since, o.named),
        )
        for o in seen
    ]
    if times:
        seen_as_json = json.dumps(times, allow_nan=False)
        db.execute(_RESCHEDULE, {**look._asdict(), "seen": seen_as_json})


# Times later than now are of before the clock was set back: those were added before the look.
_TASK_IS_OLDER = "NOT (tasks.added_at > :asked_at AND tasks.added_at <= :now)"
_WATCHES_ARE_OLDER = """
    NOT EXISTS (
        SELECT 1 FROM watches s
        WHERE s.relay = tasks.relay AND s.task_id = tasks.task_id AND s.delivery_id IS NULL
            AND s.created_at > :asked_at AND s.created_at <= :now
    )
"""

# One statement for all: from one to the next, Python's other threads would have to wait. The relay
# comes with each row, or SQLite would go through all tasks of the relay for each.
_RESCHEDULE = f"""
    UPDATE tasks SET polled_at = :now, next_poll_at = seen.next, misses = seen.misses,
        missing_since = seen.missing, terminal_since = coalesce(terminal_since, seen.terminal),
        fingerprint = CASE WHEN seen.named THEN :fingerprint ELSE fingerprint END
    FROM (
        SELECT json_extract(value, '$[0]') AS relay, json_extract(value, '$[1]') AS id,
            json_extract(value, '$[2]') AS next, json_extract(value, '$[3]') AS misses,
            json_extract(value, '$[4]') AS missing, json_extract(value, '$[5]') AS terminal,
            json_extract(value, '$[6]') AS named
        FROM json_each(:seen)
    ) AS seen
    WHERE tasks.relay = seen.relay AND task_id = seen.id AND state = 'running'
        AND {_TASK_IS_OLDER} AND (seen.misses = 0 OR {_WATCHES_ARE_OLDER})
"""  # noqa: S608 # conditions of ours
_OBSERVE = f"""
    UPDATE tasks SET polled_at = :now, next_poll_at = :next, misses = :misses,
        missing_since = :missing, terminal_since = coalesce(terminal_since, :terminal),
        kind = coalesce(:kind, kind), hint = coalesce(:hint, hint), status = :status,
        task_json = :answer, known = 1, fingerprint = :fingerprint,
        changed_at = CASE WHEN task_json IS NOT :answer OR NOT known THEN :now ELSE changed_at END
    WHERE relay = :relay AND task_id = :id AND state = 'running' AND {_TASK_IS_OLDER}
"""  # noqa: S608 # conditions of ours
_END = f"""
    UPDATE tasks SET state = 'ended', end_reason = :end_reason, ended_at = :now, next_poll_at = NULL
    WHERE relay = :relay AND task_id = :id AND state = 'running' AND {_TASK_IS_OLDER}
        AND (:end_reason = 'finished' OR (:asked_at <= :now AND {_WATCHES_ARE_OLDER}))
    RETURNING task_json
"""  # noqa: S608 # conditions of ours

_OUTAGE = """
    UPDATE tasks SET deadline_at = deadline_at + (:now - max(:since, added_at)),
        missing_since = missing_since + (:now - max(:since, missing_since)),
        terminal_since = terminal_since + (:now - max(:since, terminal_since))
    WHERE relay = :relay AND state = 'running'
"""

_DUE_TASKS = """
    SELECT task_id, kind, coalesce(hint, kind), status, known, known AND fingerprint IS ?,
        misses, missing_since, terminal_since, coalesce(submitted_at, added_at), added_at,
            polled_at,
        next_poll_at, deadline_at
    FROM tasks
    WHERE relay = ? AND state = 'running' AND next_poll_at <= ?
        AND task_id NOT IN (SELECT value FROM json_each(?))
    ORDER BY next_poll_at LIMIT ?
"""


_KINDS: dict[str | None, TaskKind | None] = {None: None} | {kind.value: kind for kind in TaskKind}
_STATUSES = {status.value: status for status in TaskStatus}


def _status(stored: str) -> TaskStatus:
    """Return a stored status; one that is unreadable says nothing, and the next look mends it."""
    return _STATUSES.get(stored, TaskStatus.UNRECOGNIZED)


def _watched(row: Sequence[Any]) -> PollTarget:
    """Make a value of a row of ``_DUE_TASKS``, whose columns are its fields, in their order."""
    task_id, kind, hint, status, known, known_with_current_key, *times = row
    return PollTarget(
        task_id,
        _KINDS.get(kind),
        _KINDS.get(hint),
        _status(status),
        bool(known),
        bool(known_with_current_key),
        *times,
    )
