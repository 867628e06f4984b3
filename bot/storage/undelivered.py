"""What could not be told to a person so far: the SQL behind ``/suno inbox``."""

from sqlite_utils import Database

from bot.storage.models import Undelivered
from bot.storage.stored_tasks import load_task_or_id

INBOX = 25
"""How many undelivered notices a person is shown."""


def read_undelivered(db: Database, user_id: int, since: float) -> list[Undelivered]:
    """Return the notices that wait for something to change or were given up, the newest first."""
    rows = db.query(
        "SELECT d.*, b.reason AS blocked FROM subscriptions s"
        " JOIN deliveries d ON d.id = s.delivery_id"
        " LEFT JOIN blocked_channels b ON b.channel_id = d.channel_id"
        " WHERE s.user_id = ? AND d.created_at >= ? AND (d.state IN ('held', 'dropped',"
        "  'quarantined') OR d.state IN ('due', 'sending') AND b.channel_id IS NOT NULL)"
        " ORDER BY d.id DESC LIMIT ?",
        [user_id, since, INBOX],
    )
    return [
        Undelivered(
            task=load_task_or_id(row["task_id"], row["answer"]),
            channel_id=row["instead_of"] or row["channel_id"],
            reason=row["reason"] or row["blocked"] or "",
            held=row["state"] != "dropped",
            created_at=row["created_at"],
        )
        for row in rows
    ]
