"""Stores the tasks that a relay began for an accepted request: SQL within a transaction."""

import secrets
from dataclasses import replace

from bot.relay.creation import Submission
from bot.relay.models import Task, TaskStatus, bounded
from bot.storage.creation_ends import OF_ATTEMPT, forget_unreferenced, settle
from bot.storage.creation_rows import is_pending_id, new_ids, record_task_id, start_task_of
from bot.storage.engine import Connection
from bot.storage.live_card_rows import mark_live_cards_stale
from bot.storage.models import Creation, CreationState, EndReason, PollResult, TaskKey
from bot.storage.poll_results import PollContext, record
from bot.storage.task_rows import TaskTimes, load_task_or_id


def accept(
    db: Connection, creation: Creation, submission: Submission, now: float, fingerprint: str
) -> CreationState:
    """Store what a relay has begun: ``submitting`` → ``submitted``; return the state.

    An answer without a new id is no proof, unless it has a result without any id: →
    ``unconfirmed``. Who waits for the request waits for each of its tasks from now on.
    """
    ids = new_ids(db, creation, submission.task_ids)
    has_result = submission.task is not None and submission.task.terminal
    if not ids and (submission.task_ids or not has_result):
        settle(db, creation.attempt, CreationState.UNCONFIRMED, now)
        return _state(db, creation)
    row = db.execute(
        "UPDATE creations SET state = 'submitted', rejection = NULL"  # noqa: S608 # a condition of ours
        f" WHERE {OF_ATTEMPT} RETURNING deadline",
        creation.attempt,
    ).fetchone()
    if row is None:
        return _state(db, creation)
    is_about_first = ids[:1] == list(submission.task_ids[:1])
    ids = ids or [_own_id(creation)]
    _begin(db, creation, ids, TaskTimes(now, now, now + row[0]), fingerprint)
    if submission.task is not None and is_about_first:
        _record_answer(db, creation, replace(submission.task, id=ids[0]), now, fingerprint)
    forget_unreferenced(db, creation.id)
    return CreationState.SUBMITTED


def _state(db: Connection, creation: Creation) -> CreationState:
    (state,) = db.execute("SELECT state FROM creations WHERE id = ?", [creation.id]).fetchone()
    return CreationState(state)


def _own_id(creation: Creation) -> str:
    """Return the id of a result that the relay has given none.

    Unlike that of the request it cannot be guessed: as with a relay's id, whoever knows it may read
    the result.
    """
    return f"{creation.pending_task_id}-{secrets.token_hex(8)}"


def _begin(
    db: Connection, creation: Creation, ids: list[str], times: TaskTimes, fingerprint: str
) -> None:
    """Let the request's task be the first of some tasks, and let its watchers watch all."""
    pending = TaskKey(creation.account, creation.pending_task_id)
    db.execute("DELETE FROM creation_tasks WHERE account = ? AND task_id = ?", pending)
    for task_id in ids:
        record_task_id(db, creation, task_id)
    row = db.execute(
        "SELECT task_json FROM tasks WHERE account = ? AND task_id = ?", pending
    ).fetchone()
    if row is None:
        return  # nobody waits for it any more
    task = replace(load_task_or_id(pending.task_id, row[0]), status=TaskStatus.NOT_START)
    for task_id in ids:
        started = replace(task, id=task_id)
        start_task_of(db, creation, started, times, known=True, fingerprint=fingerprint)
        _copy_watches(db, pending, task_id)
    mark_live_cards_stale(db, *pending, times.added_at)
    for table in ("watches", "live_card_tasks", "tasks"):
        db.execute(f"DELETE FROM {table} WHERE account = ? AND task_id = ?", pending)  # noqa: S608 # names of ours


def _copy_watches(db: Connection, pending: TaskKey, task_id: str) -> None:
    """Let everybody who watches the request's task, and every card of it, have another one."""
    db.execute(
        "INSERT INTO watches (account, task_id, channel_id, user_id, guild_id, locale, created_at,"
        " mention, group_id) SELECT account, ?, channel_id, user_id, guild_id, locale, created_at,"
        " mention, group_id FROM watches WHERE account = ? AND task_id = ?"
        " AND delivery_id IS NULL ORDER BY id ON CONFLICT DO NOTHING",
        [task_id, *pending],
    )
    db.execute(
        "INSERT INTO live_card_tasks (card_id, account, task_id)"
        " SELECT card_id, account, ? FROM live_card_tasks WHERE account = ? AND task_id = ?"
        " ON CONFLICT DO NOTHING",
        [task_id, *pending],
    )


def _record_answer(
    db: Connection, creation: Creation, task: Task, now: float, fingerprint: str
) -> None:
    """Store how the relay describes a task in its answer; end the task if nothing is missing.

    A task without an id of the relay's cannot be looked up: it ends with what there is.
    """
    finished = task.settled or is_pending_id(task.id)
    result = PollResult(
        task.id,
        next_poll_at=now,
        task=bounded(task),
        found=True,
        terminal_since=now if task.terminal else None,
        end_reason=EndReason.FINISHED if finished else None,
    )
    record(db, PollContext(creation.account, fingerprint, now, now), [result])
