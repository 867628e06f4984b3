"""Inserts, claims and settles requests to create: SQL within a transaction.

The task of a request is in ``tasks`` from the beginning, so that it is watched, unwatched, erased
and shown on a live card like every other. As long as no relay has begun it, its id is that of the
request, and it has no next poll. A task that is deleted because nobody waits for it cancels its
queued request: a trigger of the schema does that, and forgets requests to which nothing refers.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError
from sqlite_utils import Database

from bot.relay.creation import CreationRequest
from bot.relay.models import Clip, Task, TaskStatus, bounded
from bot.storage.creation_quotas import DAY, UNDER_WAY, guild_hash
from bot.storage.errors import BadTaskId
from bot.storage.limits import hash_id
from bot.storage.models import (
    CREATION_PREFIX,
    Creation,
    CreationState,
    EndReason,
    NewCreation,
    RejectionReason,
    TaskKey,
)
from bot.storage.poll_results import PollContext, end_task
from bot.storage.task_rows import (
    TaskTimes,
    UnreadableRowError,
    dump_task,
    load_task_or_id,
    start_task,
)

log = logging.getLogger(__name__)

_REQUESTS: TypeAdapter[CreationRequest] = TypeAdapter(CreationRequest)


def insert_creation(db: Database, new: NewCreation) -> Creation:
    """Store a request in the queue, with the task that stands for it until a relay begins one."""
    cursor = db.execute(
        "INSERT INTO creations (account, state, user_id, author_id, request, user_hash, guild_hash,"
        " deadline, created_at, due_at) VALUES (?, 'queued', ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            *(new.account, new.user_id, new.author_id, _REQUESTS.dump_json(new.request).decode()),
            *(hash_id(db, new.user_id), guild_hash(db, new.caller_guild_id)),
            *(new.deadline, new.now, new.now if new.due_at is None else new.due_at),
        ],
    )
    creation = Creation(
        cast("int", cursor.lastrowid),
        *(new.account, new.request, new.user_id, CreationState.QUEUED, new.now),
        author_id=new.author_id,
    )
    times = TaskTimes(new.now, None, new.now + new.deadline)
    start_task_of(db, creation, _pending_task(creation), times, known=False)
    record_task_id(db, creation, creation.pending_task_id)
    return creation


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
    db: Database,
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


def record_task_id(db: Database, creation: Creation, task_id: str) -> None:
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
        *(row["id"], row["account"], request, row["user_id"], CreationState(row["state"])),
        *(row["created_at"], row["attempts"], row["author_id"]),
    )


def is_pending_id(task_id: str) -> bool:
    """Whether an id is that of a request; no relay's task is accepted under such an id."""
    return task_id.startswith(CREATION_PREFIX)


def require_pending_on_card(db: Database, key: TaskKey, channel_id: int) -> None:
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


# Claims

_DUE = """
    SELECT id, account, user_hash FROM creations
    WHERE state = 'queued' AND due_at <= :now ORDER BY created_at, id
"""


def choose_due(
    db: Database,
    now: float,
    limit: int,
    max_concurrent: Mapping[str, int | None],
    max_submitting: int,
) -> list[int]:
    """Return which requests are sent next: up to ``limit``.

    Each is of the person with the fewest under way at the account, the oldest first.
    ``max_concurrent``: how many may be under way at an account, where there is a limit.
    ``max_submitting``: how many may be sent at once to any account.
    """
    waiting = db.execute(_DUE, {"now": now}).fetchall()
    if not waiting:
        return []
    of_account, of_person = _under_way(db)
    sending = dict(
        db.execute(
            "SELECT account, count(*) FROM creations WHERE state = 'submitting' GROUP BY account"
        ).fetchall()
    )
    chosen: list[int] = []
    while len(chosen) < limit:
        free = [
            (of_person.get((account, person), 0), position)
            for position, (_, account, person) in enumerate(waiting)
            if _has_room(max_concurrent.get(account), of_account.get(account, 0))
            and _has_room(max_submitting, sending.get(account, 0))
        ]
        if not free:
            break
        _, position = min(free)
        creation_id, account, person = waiting.pop(position)
        chosen.append(creation_id)
        of_account[account] = of_account.get(account, 0) + 1
        sending[account] = sending.get(account, 0) + 1
        of_person[account, person] = of_person.get((account, person), 0) + 1
    return chosen


def _has_room(limit: int | None, under_way: int) -> bool:
    return limit is None or under_way < limit


def _under_way(db: Database) -> tuple[dict[str, int], dict[tuple[str, str], int]]:
    """Count the requests that are being sent or running, by account, and by person there."""
    of_account: dict[str, int] = {}
    of_person: dict[tuple[str, str], int] = {}
    rows = db.execute(
        "SELECT account, user_hash, count(*) FROM creations"  # noqa: S608 # a condition of ours
        f" WHERE state != 'queued' AND {UNDER_WAY} GROUP BY account, user_hash"
    )
    for account, person, count in rows:
        of_account[account] = of_account.get(account, 0) + count
        of_person[account, person] = count
    return of_account, of_person


def claim(db: Database, creation_id: int, now: float) -> Creation | None:
    """Take a request: ``queued`` → ``submitting``; ``None`` if it is not queued any more.

    One that cannot be read is rejected.
    """
    rows = list(
        db.query(
            "UPDATE creations SET state = 'submitting', due_at = NULL"
            " WHERE id = ? AND state = 'queued' RETURNING *",
            [creation_id],
        )
    )
    if not rows:
        return None
    try:
        return load_creation(rows[0])
    except UnreadableRowError as error:
        log.error("Request to create is unreadable: creation=%d cause=%s", creation_id, error)
    settle(db, creation_id, CreationState.REJECTED, now, rejection=RejectionReason.INVALID)
    return None


# Ends

_END_REASONS = {
    CreationState.REJECTED: EndReason.REJECTED,
    CreationState.UNCONFIRMED: EndReason.UNCONFIRMED,
}


def settle(
    db: Database,
    creation_id: int,
    state: CreationState,
    now: float,
    *,
    rejection: RejectionReason | None = None,
    detail: str = "",
) -> bool:
    """End a request that is being sent, and its task: ``submitting`` → ``state``.

    Returns whether it was in that state. ``detail`` is what the relay said.
    """
    row = db.execute(
        "UPDATE creations SET state = ?, rejection = ? WHERE id = ? AND state = 'submitting'"
        " RETURNING account",
        [state, rejection, creation_id],
    ).fetchone()
    if row is None:
        return False
    _end_pending(db, row[0], creation_id, _END_REASONS[state], now, detail)
    forget_unreferenced(db, creation_id)
    return True


def _end_pending(
    db: Database, account: str, creation_id: int, end_reason: EndReason, now: float, detail: str
) -> None:
    """End the task of a request that no relay has begun; nothing if nobody waits for it."""
    task_id = f"{CREATION_PREFIX}{creation_id}"
    key = [account, task_id]
    row = db.execute(
        "SELECT task_json FROM tasks WHERE account = ? AND task_id = ?", key
    ).fetchone()
    if row is None:
        return
    if detail:
        task = bounded(replace(load_task_or_id(task_id, row[0]), reason=detail))
        db.execute(
            "UPDATE tasks SET task_json = ? WHERE account = ? AND task_id = ?",
            [dump_task(task), *key],
        )
    end_task(db, PollContext(account, "", now, now), task_id, end_reason)


def forget_unreferenced(db: Database, creation_id: int) -> None:
    """Delete the person and the text of a request that nothing refers to."""
    db.execute(
        "UPDATE creations SET user_id = NULL, author_id = NULL, request = NULL"
        " WHERE id = ? AND NOT EXISTS ("
        " SELECT 1 FROM creation_tasks c WHERE c.creation_id = creations.id AND ("
        "  EXISTS (SELECT 1 FROM tasks t WHERE t.account = c.account AND t.task_id = c.task_id)"
        "  OR EXISTS (SELECT 1 FROM history h"
        "   WHERE h.account = c.account AND h.task_id = c.task_id)))",
        [creation_id],
    )


_IS_WANTED = """
    EXISTS (SELECT 1 FROM tasks
        WHERE account = creations.account AND task_id = :task AND state = 'running')
"""
_POSTPONE = f"""
    UPDATE creations SET state = CASE WHEN {_IS_WANTED} THEN 'queued' ELSE 'cancelled' END,
        due_at = CASE WHEN {_IS_WANTED} THEN :until END, attempts = attempts + :attempts
    WHERE id = :id AND state = 'submitting' RETURNING state
"""  # noqa: S608 # conditions of ours


def postpone(db: Database, creation_id: int, until: float, attempts: int = 1) -> bool:
    """Put a request back: ``submitting`` → ``queued``; cancel it if nobody waits for it any more.

    ``attempts`` are added to those that it has had. Returns whether it is queued.
    """
    row = db.execute(
        _POSTPONE,
        {
            "id": creation_id,
            "task": f"{CREATION_PREFIX}{creation_id}",
            "until": until,
            "attempts": attempts,
        },
    ).fetchone()
    if row is not None and row[0] == CreationState.CANCELLED:
        forget_unreferenced(db, creation_id)
    return row is not None and row[0] == CreationState.QUEUED


def settle_with_account(db: Database, account: str, now: float) -> None:
    """Before an account is deleted: end its requests.

    What is queued is cancelled; the task then ends like the others of the account. What is being
    sent may be charged, which its message says: the answer finds nobody to tell.
    """
    db.execute(
        "UPDATE creations SET state = 'cancelled', due_at = NULL"
        " WHERE account = ? AND state = 'queued'",
        [account],
    )
    sending = db.execute(
        "SELECT id FROM creations WHERE account = ? AND state = 'submitting'", [account]
    ).fetchall()
    for (creation_id,) in sending:
        settle(db, creation_id, CreationState.UNCONFIRMED, now)


def cancel_queued(db: Database, account: str, now: float) -> int:
    """Cancel the queued requests of an account, and end their tasks; return how many."""
    rows = db.execute(
        "UPDATE creations SET state = 'cancelled', due_at = NULL"
        " WHERE account = ? AND state = 'queued' RETURNING id",
        [account],
    ).fetchall()
    for (creation_id,) in rows:
        _end_pending(db, account, creation_id, EndReason.REJECTED, now, "")
    return len(rows)


def withdraw_unwatched(db: Database, user_id: int, now: float) -> None:
    """Cancel the queued requests of a person who does not wait for them any more.

    Others may wait for the same task: they are told that nothing was created.
    """
    rows = db.execute(
        "UPDATE creations SET state = 'cancelled', due_at = NULL"
        " WHERE user_id = ?1 AND state = 'queued' AND NOT EXISTS (SELECT 1 FROM watches w"
        "  WHERE w.account = creations.account AND w.task_id = ?2 || creations.id"
        "  AND w.user_id = ?1 AND w.delivery_id IS NULL) RETURNING id, account",
        [user_id, CREATION_PREFIX],
    ).fetchall()
    for creation_id, account in rows:
        _end_pending(db, account, creation_id, EndReason.REJECTED, now, "")


def forget_requests(db: Database, user_id: int, now: float) -> None:
    """Delete what a person wrote, and the person's id; what counts for quotas stays.

    Others may be about to repeat what the person wrote: they are told that nothing was created.
    """
    queued = db.execute(
        "UPDATE creations SET state = 'cancelled', due_at = NULL"
        " WHERE author_id = ? AND state = 'queued' RETURNING id, account",
        [user_id],
    ).fetchall()
    for creation_id, account in queued:
        _end_pending(db, account, creation_id, EndReason.REJECTED, now, "")
    db.execute(
        "UPDATE creations SET user_id = NULL, author_id = NULL, request = NULL"
        " WHERE user_id = ?1 OR author_id = ?1",
        [user_id],
    )


def delete_expired_creations(db: Database, now: float) -> None:
    """Delete the rows that nothing refers to, and that count for no quota any more."""
    db.execute(
        "DELETE FROM creations WHERE request IS NULL AND created_at <= ?"
        " AND state NOT IN ('queued', 'submitting') AND NOT EXISTS ("
        "  SELECT 1 FROM creation_tasks c JOIN tasks t USING (account, task_id)"
        "  WHERE c.creation_id = creations.id)",
        [now - DAY],
    )


def new_ids(db: Database, account: str, task_ids: Sequence[str]) -> list[str]:
    """Return those of some ids that no task of an account has, or ever had.

    An id that is known is no proof that a relay has begun another task.
    """
    known = db.execute(
        "SELECT value FROM json_each(?1) WHERE"
        " EXISTS (SELECT 1 FROM tasks WHERE account = ?2 AND task_id = value)"
        " OR EXISTS (SELECT 1 FROM history WHERE account = ?2 AND task_id = value)"
        " OR EXISTS (SELECT 1 FROM creation_tasks WHERE account = ?2 AND task_id = value)",
        [json.dumps(list(task_ids)), account],
    ).fetchall()
    excluded = {task_id for (task_id,) in known}
    fresh = (each for each in dict.fromkeys(task_ids) if each and not is_pending_id(each))
    return [each for each in fresh if each not in excluded]
