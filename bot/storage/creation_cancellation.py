"""Cancels requests to create that are still queued, and forgets what people wrote."""

from bot.storage.creation_ends import end_pending_task, settle
from bot.storage.creation_quotas import DAY, guild_hash
from bot.storage.engine import Connection
from bot.storage.models import (
    CREATION_PREFIX,
    Attempt,
    Creation,
    CreationState,
    EndReason,
    RejectionReason,
)


def settle_with_account(db: Connection, account: str, now: float) -> None:
    """Before an account is deleted: end its requests.

    What is queued is rejected. What is being sent may be charged, which its message says: the
    answer finds nobody to tell.
    """
    _end_queued(db, "account = ?", account, now, RejectionReason.DISCONNECTED)
    sending = db.execute(
        "SELECT id, attempts FROM creations WHERE account = ? AND state = 'submitting'", [account]
    ).fetchall()
    for creation_id, number in sending:
        attempt = Attempt(creation_id, number, CreationState.SUBMITTING)
        settle(db, attempt, CreationState.UNCONFIRMED, now)


def cancel_queued(db: Connection, account: str, now: float) -> int:
    """Cancel the queued requests of an account, and end their tasks; return how many."""
    return _end_queued(db, "account = ?", account, now)


def reject_of_server(db: Connection, guild_id: int, now: float) -> int:
    """Reject the queued requests of a server that has switched creating off; return how many.

    What is being sent is marked: if the relay creates nothing, it is not sent again.
    """
    of_server = guild_hash(db, guild_id)
    db.execute(
        "UPDATE creations SET rejection = ? WHERE guild_hash = ? AND state = 'submitting'",
        [RejectionReason.OFF, of_server],
    )
    return _end_queued(db, "guild_hash = ?", of_server, now, RejectionReason.OFF)


def _end_queued(
    db: Connection,
    condition: str,
    value: str | int,
    now: float,
    rejection: RejectionReason | None = None,
) -> int:
    """Reject some queued requests, or cancel them without a reason; return how many.

    Who waits for them is told.
    """
    state = CreationState.REJECTED if rejection else CreationState.CANCELLED
    rows = db.execute(
        "UPDATE creations SET state = ?, rejection = ?, due_at = NULL"  # noqa: S608 # conditions of ours
        f" WHERE {condition} AND state = 'queued' RETURNING id, account",
        [state, rejection, value],
    ).fetchall()
    for creation_id, account in rows:
        end_pending_task(db, account, creation_id, EndReason.REJECTED, now)
    return len(rows)


def withdraw(db: Connection, creation: Creation) -> bool:
    """Cancel a request that only its person waits for, if it is queued; return whether it was."""
    withdrawn = db.execute(
        "UPDATE creations SET state = 'cancelled', due_at = NULL WHERE id = ? AND state = 'queued'",
        [creation.id],
    ).rowcount
    if withdrawn:
        for table in ("watches", "tasks"):
            db.execute(
                f"DELETE FROM {table} WHERE account = ? AND task_id = ?",  # noqa: S608 # names of ours
                [creation.account, creation.pending_task_id],
            )
    return bool(withdrawn)


def withdraw_unwatched(db: Connection, user_id: int, now: float) -> None:
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
        end_pending_task(db, account, creation_id, EndReason.REJECTED, now)


def forget_requests(db: Connection, user_id: int, now: float) -> None:
    """Delete what a person wrote, and the person's id; what counts for quotas stays.

    Others may be about to repeat what the person wrote: they are told that nothing was created.
    """
    _end_queued(db, "author_id = ?", user_id, now)
    db.execute(
        "UPDATE creations SET user_id = NULL, author_id = NULL, request = NULL"
        " WHERE user_id = ?1 OR author_id = ?1",
        [user_id],
    )


def delete_expired_creations(db: Connection, now: float) -> None:
    """Delete the rows that nothing refers to, and that count for no quota any more."""
    db.execute(
        "DELETE FROM creations WHERE request IS NULL AND created_at <= ?"
        " AND state NOT IN ('queued', 'submitting') AND NOT EXISTS ("
        "  SELECT 1 FROM creation_tasks c JOIN tasks t USING (account, task_id)"
        "  WHERE c.creation_id = creations.id)",
        [now - DAY],
    )
