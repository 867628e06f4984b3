"""Ends requests to create, with the tasks that stand for them: SQL within a transaction."""

from dataclasses import replace

from bot.relay.models import bounded
from bot.storage.engine import Connection
from bot.storage.key_value import read_value, write_value
from bot.storage.models import (
    CREATION_PREFIX,
    Attempt,
    CreationState,
    EndReason,
    RejectionReason,
)
from bot.storage.poll_results import PollContext, end_task
from bot.storage.task_rows import dump_task, load_task_or_id

OF_ATTEMPT = "id = ? AND attempts = ? AND state = ?"
"""The row of a request in the state in which a process knows it; its values are an ``Attempt``."""
_END_REASONS = {
    CreationState.REJECTED: EndReason.REJECTED,
    CreationState.UNCONFIRMED: EndReason.UNCONFIRMED,
}
_SERVED_AT = "requests to create served at"  # the name of the value: Unix seconds


def settle(
    db: Connection,
    attempt: Attempt,
    state: CreationState,
    now: float,
    *,
    rejection: RejectionReason | None = None,
    detail: str = "",
) -> bool:
    """End a request and its task: the state of the attempt → ``state``.

    Returns whether the attempt has that end, also if it had it before: whoever does not know
    whether an end was stored stores it again. ``detail`` is what the relay said.
    """
    row = db.execute(
        f"UPDATE creations SET state = ?, rejection = ?, due_at = NULL WHERE {OF_ATTEMPT}"  # noqa: S608 # a condition of ours
        " RETURNING account",
        [state, rejection, *attempt],
    ).fetchone()
    if row is None:
        return _is_current(db, attempt._replace(state=state))
    end_pending_task(db, row[0], attempt.creation_id, _END_REASONS[state], now, detail)
    forget_unreferenced(db, attempt.creation_id)
    return True


def _is_current(db: Connection, attempt: Attempt) -> bool:
    """Whether an attempt is the current one of its request, and in its state."""
    found = db.execute(
        f"SELECT 1 FROM creations WHERE {OF_ATTEMPT}",  # noqa: S608 # a condition of ours
        attempt,
    )
    return found.fetchone() is not None


def reject_expired(db: Connection, now: float, max_wait: float) -> int:
    """Reject what was due for longer than ``max_wait`` without anybody serving the queue.

    Returns how many requests, and stores that the queue is served now. Who waits for a place, or
    for the time of another attempt, waits in a queue that is served.
    """
    served_at = float(read_value(db, _SERVED_AT) or 0.0)
    write_value(db, _SERVED_AT, str(now))
    if now - served_at <= max_wait:
        return 0
    rows = db.execute(
        "UPDATE creations SET state = 'rejected', rejection = ?, due_at = NULL"
        " WHERE state = 'queued' AND due_at < ? RETURNING id, account",
        [RejectionReason.EXPIRED, now - max_wait],
    ).fetchall()
    for creation_id, account in rows:
        end_pending_task(db, account, creation_id, EndReason.REJECTED, now)
    return len(rows)


def end_pending_task(
    db: Connection,
    account: str,
    creation_id: int,
    end_reason: EndReason,
    now: float,
    detail: str = "",
) -> None:
    """End the task of a request that no relay has begun; nothing if nobody waits for it.

    ``detail`` is what the relay said.
    """
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


def forget_unreferenced(db: Connection, creation_id: int) -> None:
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
