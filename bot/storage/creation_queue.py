"""The queue of requests to create: which are sent next, claims, and what is put back."""

import logging
from collections import Counter
from collections.abc import Mapping
from heapq import heapify, heappop, heappush

from bot.storage.creation_ends import end_pending_task, forget_unreferenced, settle
from bot.storage.creation_quotas import UNDER_WAY, UNWATCHED_TIME
from bot.storage.creation_rows import load_creation
from bot.storage.engine import Connection
from bot.storage.models import (
    Creation,
    CreationState,
    EndReason,
    RejectionReason,
)
from bot.storage.task_rows import UnreadableRowError

log = logging.getLogger(__name__)

_DUE = """
    SELECT id, account, user_hash FROM creations
    WHERE state = 'queued' AND due_at <= :now ORDER BY created_at, id
"""


def choose_due(
    db: Connection,
    now: float,
    max_sending: int,
    max_concurrent: Mapping[str, int | None],
    max_submitting: int,
) -> list[int]:
    """Return which requests are sent next.

    Each is of the person with the fewest under way at the account, the oldest first.
    ``max_sending``: how many may be sent at once in all; but an account to which nothing is sent
    waits for no other. ``max_concurrent``: how many may be under way at an account, where there is
    a limit. ``max_submitting``: how many may be sent at once to any account.
    """
    waiting = db.execute(_DUE, {"now": now}).fetchall()
    if not waiting:
        return []
    of_account, of_person = _under_way(db, now)
    sending = _sending(db)
    total = sending.total()
    chosen: list[int] = []
    queue = [
        (of_person[account, person], position)
        for position, (_, account, person) in enumerate(waiting)
    ]
    heapify(queue)
    while queue:
        under_way, position = heappop(queue)
        creation_id, account, person = waiting[position]
        if under_way < of_person[account, person]:  # another one of theirs was chosen meanwhile
            heappush(queue, (of_person[account, person], position))
        elif (
            _has_room(max_concurrent.get(account), of_account[account])
            and _has_room(max_submitting, sending[account])
            and (not sending[account] or total < max_sending)
        ):
            chosen.append(creation_id)
            total += 1
            of_account[account] += 1
            sending[account] += 1
            of_person[account, person] += 1
    return chosen


def _has_room(limit: int | None, under_way: int) -> bool:
    return limit is None or under_way < limit


def _sending(db: Connection) -> Counter[str]:
    """Count the requests that are being sent, by account."""
    rows = db.execute(
        "SELECT account, count(*) FROM creations WHERE state = 'submitting' GROUP BY account"
    )
    return Counter(dict(rows.fetchall()))


def _under_way(db: Connection, now: float) -> tuple[Counter[str], Counter[tuple[str, str]]]:
    """Count the requests that are being sent or running, by account, and by person there."""
    of_account: Counter[str] = Counter()
    of_person: Counter[tuple[str, str]] = Counter()
    rows = db.execute(
        "SELECT account, user_hash, count(*) FROM creations"  # noqa: S608 # a condition of ours
        f" WHERE state != 'queued' AND {UNDER_WAY} GROUP BY account, user_hash",
        {"now": now, "unwatched": UNWATCHED_TIME},
    )
    for account, person, count in rows:
        of_account[account] += count
        of_person[account, person] = count
    return of_account, of_person


def claim(db: Connection, creation_id: int, now: float) -> Creation | None:
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


_IS_WANTED = """
    request IS NOT NULL AND EXISTS (SELECT 1 FROM tasks
        WHERE account = creations.account AND task_id = :task AND state = 'running')
"""
_POSTPONE = f"""
    UPDATE creations SET state = CASE WHEN {_IS_WANTED} THEN 'queued' ELSE 'cancelled' END,
        due_at = CASE WHEN {_IS_WANTED} THEN :until END, attempts = attempts + :attempts
    WHERE id = :id AND state = 'submitting' RETURNING state
"""  # noqa: S608 # conditions of ours


def postpone(
    db: Connection, creation: Creation, until: float, now: float, attempts: int = 1
) -> bool:
    """Put a request back: ``submitting`` → ``queued``.

    Cancel it if nobody waits for it any more, or its text was deleted: then who waits is told that
    nothing was created. ``attempts`` are added to those that it has had. Returns whether it is
    queued.
    """
    row = db.execute(
        _POSTPONE,
        {
            "id": creation.id,
            "task": creation.pending_task_id,
            "until": until,
            "attempts": attempts,
        },
    ).fetchone()
    if row is not None and row[0] == CreationState.CANCELLED:
        end_pending_task(db, creation.account, creation.id, EndReason.REJECTED, now)
        forget_unreferenced(db, creation.id)
    return row is not None and row[0] == CreationState.QUEUED
