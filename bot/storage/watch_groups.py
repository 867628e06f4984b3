"""Watch groups: tasks that are watched together, and whose end is told in one summary.

A group is the number of the interaction that asked for it, in ``watches.group_id``. It has no row
of its own, so that nothing has to be kept in step with its watches. Its summary is one delivery:

- When a task ends, its watches with a group do not get a notice. Its result is added to the
  group's delivery in state ``collecting``, which the first end creates, and the watches point to
  that delivery. So a watch that has ended looks the same with and without a group, and unwatching,
  erasure, redirection, the inbox and the live card treat both alike.
- When no watch of the group is running any more, the delivery becomes ``due``, in the transaction
  that ended or removed the last one. From then on it is a delivery like every other; one with a
  single task is a notice.
- A task that takes very long must not keep the others back. ``MAX_WAIT`` after the first end the
  outbox makes the delivery ``due`` as it is. The running watches stay in the group, and those that
  end later get another summary in the same way, or a notice if only one is left. So each watch
  belongs to exactly one message, however long one of them takes.
- When watches are removed, the tasks that nobody waits for leave the delivery, unless Discord may
  have its message already. When the last watch leaves a ``collecting`` delivery, it is dropped. If
  everything is unwatched before anything has ended, there is no delivery at all.
- Tasks of several relay accounts have a summary for each account.
- A task that has ended before the request is collected like the others. The request closes its
  group after the last task, or the first one would be told alone. If the process dies in between,
  the next start releases the delivery.
- Who joins by the button of a live card joins the group of those who wait there: one summary
  mentions all of them. Who watches a task of a group by a command gets a message of their own. A
  new command with several tasks decides anew for the watches that the person has already.

The functions run within a transaction of the caller.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

from bot.storage.delivery_rows import add_task, insert_collecting
from bot.storage.engine import Connection
from bot.storage.models import EndReason, TaskKey

MAX_WAIT = 1800.0
"""Seconds for which what has ended waits for the rest of its group.

Songs take minutes. Half an hour also covers ten of them that a relay makes one after the other, and
links and interest are still fresh then.
"""

MAX_TASKS = 10
"""Tasks of one summary, as many as one command takes: every one has a line and can be opened.

People who join a group by a card can make it larger. It gets several summaries then.
"""

_IS_RUNNING = """
    EXISTS (SELECT 1 FROM watches w
        WHERE w.group_id = deliveries.group_id AND w.delivery_id IS NULL)
"""

_RELEASE = """
    UPDATE deliveries SET state = 'due', due_at = :now, created_at = :now, group_id = NULL,
        still_running = (SELECT count(DISTINCT w.task_id) FROM watches w
            WHERE w.group_id = deliveries.group_id AND w.delivery_id IS NULL)
    WHERE state = 'collecting'
"""


def collect(
    db: Connection,
    account: str,
    task_id: str,
    group: Mapping[str, Any],
    end_reason: EndReason,
    now: float,
) -> None:
    """Add a task that ends in this transaction to the summary of a group that watches it.

    ``group`` has the ``group_id`` and the destination.
    """
    delivery_id = _collecting(db, account, group["group_id"], now)
    if delivery_id is None:
        delivery_id = insert_collecting(db, account, group, now=now, due_at=now + MAX_WAIT)
    add_task(db, delivery_id, account, task_id, end_reason)
    db.execute(
        "UPDATE watches SET delivery_id = ? WHERE account = ? AND task_id = ? AND group_id = ?"
        " AND delivery_id IS NULL",
        [delivery_id, account, task_id, group["group_id"]],
    )


def _collecting(db: Connection, account: str, group_id: int, now: float) -> int | None:
    """Return the delivery that takes one more task of a group; a full one becomes due."""
    row = db.execute(
        "SELECT d.id, count(*) FROM deliveries d JOIN delivery_tasks t ON t.delivery_id = d.id"
        " WHERE d.state = 'collecting' AND d.group_id = ? AND d.account = ? GROUP BY d.id",
        [group_id, account],
    ).fetchone()
    if row is None:
        return None
    delivery_id, tasks = row
    if tasks < MAX_TASKS:
        return int(delivery_id)
    db.execute(f"{_RELEASE} AND id = :id", {"now": now, "id": delivery_id})
    return None


def release_complete(db: Connection, group_ids: Collection[int], now: float) -> None:
    """Make the summaries of those of the groups due in which nothing is running any more."""
    for group_id in group_ids:
        db.execute(
            f"{_RELEASE} AND group_id = :group AND NOT {_IS_RUNNING}",
            {"now": now, "group": group_id},
        )


def release_all_complete(db: Connection, now: float) -> None:
    """Make the summaries due that a request left open: its process died before the end."""
    db.execute(f"{_RELEASE} AND NOT {_IS_RUNNING}", {"now": now})


def release_overdue(db: Connection, now: float) -> None:
    """Make the summaries due that have waited for the rest of their groups for long enough."""
    db.execute(f"{_RELEASE} AND due_at <= :now", {"now": now})


def next_overdue_at(db: Connection) -> float | None:
    """Return when the next summary has waited for long enough, ``None`` if none waits."""
    (at,) = db.execute("SELECT min(due_at) FROM deliveries WHERE state = 'collecting'").fetchone()
    return cast("float | None", at)


def is_collecting(db: Connection, account: str, group_id: int) -> bool:
    """Whether tasks of a group at an account have ended and wait for the others."""
    row = db.execute(
        "SELECT 1 FROM deliveries WHERE state = 'collecting' AND group_id = ? AND account = ?",
        [group_id, account],
    ).fetchone()
    return row is not None


def collected_tasks(db: Connection, user_id: int, channel_id: int) -> set[TaskKey]:
    """Return the ended tasks of a person in a channel that wait for others of their group."""
    rows = db.execute(
        "SELECT s.account, s.task_id FROM deliveries d"
        " CROSS JOIN watches s"
        " WHERE s.delivery_id = d.id AND d.state = 'collecting'"
        " AND +s.user_id = ? AND s.channel_id = ?",
        [user_id, channel_id],  # CROSS JOIN and plus: SQLite begins with the few deliveries
    )
    return {TaskKey(*row) for row in rows.fetchall()}


def groups_of(db: Connection, condition: str, values: Sequence[Any]) -> list[int]:
    """Return the groups of those running watches for which ``condition`` is true."""
    rows = db.execute(
        "SELECT DISTINCT group_id FROM watches"  # noqa: S608 # conditions of ours
        f" WHERE {condition} AND delivery_id IS NULL AND group_id IS NOT NULL",
        values,
    )
    return [int(group_id) for (group_id,) in rows.fetchall()]


def largest_group(db: Connection, task_ids_json: str, channel_id: int) -> int | None:
    """Return the group in which most of some tasks are watched in a channel, if any."""
    row = db.execute(
        "SELECT group_id FROM watches WHERE channel_id = ? AND delivery_id IS NULL"
        " AND group_id IS NOT NULL AND task_id IN (SELECT value FROM json_each(?))"
        " GROUP BY group_id ORDER BY count(DISTINCT task_id) DESC, group_id LIMIT 1",
        [channel_id, task_ids_json],
    ).fetchone()
    return row[0] if row else None


def delete_unwatched_tasks(db: Connection, delivery_id: int) -> None:
    """Remove the tasks that nobody waits for from a delivery that Discord cannot have yet."""
    db.execute(
        "DELETE FROM delivery_tasks WHERE delivery_id = :id AND task_id NOT IN"
        " (SELECT task_id FROM watches WHERE delivery_id = :id)"
        " AND EXISTS (SELECT 1 FROM deliveries WHERE id = :id"
        "  AND state IN ('collecting', 'due', 'held') AND unconfirmed_since IS NULL)",
        {"id": delivery_id},
    )
