"""The queue of requests to create: which are sent next, claims, and what goes back."""

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush

from bot.storage.creation_ends import (
    OF_ATTEMPT,
    end_pending_task,
    forget_unreferenced,
    settle,
)
from bot.storage.creation_quotas import UNDER_WAY, UNWATCHED_TIME
from bot.storage.creation_rows import load_creation
from bot.storage.engine import Connection
from bot.storage.models import Attempt, Creation, CreationState, EndReason, RejectionReason
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
    held: Mapping[int, str],
) -> list[int]:
    """Return which requests are sent next.

    Each is of the person with the fewest under way at the account, the oldest first.
    ``max_sending``: how many may be sent at once in all; but an account to which nothing is sent
    waits for no other. ``max_concurrent``: how many may be under way at an account, where there is
    a limit. ``max_submitting``: how many may be sent at once to any account. ``held``: the ids of
    those that the process sends, or that wait for their turn in it, and their accounts.
    """
    due = db.execute(_DUE, {"now": now}).fetchall()
    waiting = [row for row in due if row[0] not in held]
    if not waiting:
        return []
    load = _load(db, now, held)
    for creation_id, account, person in due:
        if creation_id in held:
            load.add(account, person)
    chosen: list[int] = []
    queue = [(load.of_person[row[1:]], position) for position, row in enumerate(waiting)]
    heapify(queue)
    while queue:
        under_way, position = heappop(queue)
        creation_id, account, person = waiting[position]
        if under_way < load.of_person[account, person]:  # another of theirs was chosen meanwhile
            heappush(queue, (load.of_person[account, person], position))
        elif (
            _has_room(max_concurrent.get(account), load.of_account[account])
            and _has_room(max_submitting, load.sending[account])
            and (not load.sending[account] or load.sending.total() < max_sending)
        ):
            chosen.append(creation_id)
            load.add(account, person)
            load.sending[account] += 1
    return chosen


@dataclass(frozen=True, slots=True)
class _Load:
    """How many requests are under way."""

    of_account: Counter[str]
    of_person: Counter[tuple[str, str]]
    """By account and person."""
    sending: Counter[str]
    """How many are being sent or held, by account."""

    def add(self, account: str, person: str) -> None:
        """Count one more that is under way."""
        self.of_account[account] += 1
        self.of_person[account, person] += 1


def _load(db: Connection, now: float, held: Mapping[int, str]) -> _Load:
    """Count the requests that are being sent or running, and those that are sent or held."""
    rows = db.execute("SELECT id, account FROM creations WHERE state = 'submitting'").fetchall()
    load = _Load(Counter(), Counter(), Counter((dict(rows) | dict(held)).values()))
    rows = db.execute(
        "SELECT account, user_hash, count(*) FROM creations"  # noqa: S608 # a condition of ours
        f" WHERE state != 'queued' AND {UNDER_WAY} GROUP BY account, user_hash",
        {"now": now, "unwatched": UNWATCHED_TIME},
    ).fetchall()
    for account, person, count in rows:
        load.of_account[account] += count
        load.of_person[account, person] = count
    return load


def _has_room(limit: int | None, under_way: int) -> bool:
    return limit is None or under_way < limit


def load_queued(db: Connection, creation_id: int, now: float) -> Creation | None:
    """Return a request that was chosen; one that cannot be read is rejected."""
    (row,) = db.query("SELECT * FROM creations WHERE id = ?", [creation_id])
    try:
        return load_creation(row)
    except UnreadableRowError as error:
        log.error("Request to create is unreadable: creation=%d cause=%s", creation_id, error)
    attempt = Attempt(creation_id, row["attempts"], CreationState.QUEUED)
    settle(db, attempt, CreationState.REJECTED, now, rejection=RejectionReason.INVALID)
    return None


def claim(db: Connection, creation: Creation) -> Creation | None:
    """Take a request: ``queued`` → ``submitting``; ``None`` if it is not queued any more.

    An account that is disconnected cancels what is queued, so that the account of what is claimed
    exists.
    """
    claimed = db.execute(
        f"UPDATE creations SET state = 'submitting', due_at = NULL WHERE {OF_ATTEMPT}",  # noqa: S608 # a condition of ours
        creation.attempt,
    ).rowcount
    return replace(creation, state=CreationState.SUBMITTING) if claimed else None


_IS_WANTED = """
    rejection IS NULL AND request IS NOT NULL AND EXISTS (SELECT 1 FROM tasks
        WHERE account = creations.account AND task_id = :task AND state = 'running')
"""
_POSTPONE = f"""
    UPDATE creations SET
        state = CASE WHEN {_IS_WANTED} THEN 'queued'
            WHEN rejection IS NOT NULL THEN 'rejected' ELSE 'cancelled' END,
        due_at = CASE WHEN {_IS_WANTED} THEN :until END, attempts = attempts + 1
    WHERE id = :id AND attempts = :attempts AND state = :state RETURNING state
"""  # noqa: S608 # conditions of ours


def postpone(db: Connection, creation: Creation, until: float, now: float) -> bool:
    """Put a request back, so that another attempt begins: its state → ``queued``.

    Cancel it if nobody waits for it any more, or its text was deleted; reject it if creating was
    switched off meanwhile. Then who waits is told that nothing was created. Returns whether it is
    queued.
    """
    row = db.execute(
        _POSTPONE,
        {
            "id": creation.id,
            "attempts": creation.attempts,
            "state": creation.state,
            "task": creation.pending_task_id,
            "until": until,
        },
    ).fetchone()
    if row is not None and row[0] != CreationState.QUEUED:
        end_pending_task(db, creation.account, creation.id, EndReason.REJECTED, now)
        forget_unreferenced(db, creation.id)
    return row is not None and row[0] == CreationState.QUEUED
