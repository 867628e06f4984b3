"""Writes the history entries of ended tasks: SQL within a transaction."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

from bot.relay.models import Outcome, Task
from bot.storage.engine import Connection
from bot.storage.models import Destination, EndReason
from bot.storage.search import normalize_for_index
from bot.storage.task_rows import load_task_or_id

MAX_DURATION = 86_400.0
"""Seconds; longer durations are errors of the relay's clock."""


def _is_worth_keeping(task: Task, end_reason: EndReason) -> bool:
    """Whether an ended task belongs into the history: it finished, or left audio or a text."""
    has_audio = any(clip.audio_url for clip in task.clips)
    return end_reason is EndReason.FINISHED or has_audio or bool(task.text)


def add_to_history(
    db: Connection, account: str, task: Task, end_reason: EndReason, now: float
) -> None:
    """Add a task to the histories, in the transaction that ends it and before its notices exist.

    It goes into the history of each server and person whose watch ends with it.
    """
    watches = list(
        db.query(
            "SELECT guild_id, channel_id, user_id FROM watches"
            " WHERE account = ? AND task_id = ? AND delivery_id IS NULL",
            [account, task.id],
        )
    )
    answer, first_seen, terminal_since = db.execute(
        "SELECT task_json, added_at, terminal_since FROM tasks WHERE account = ? AND task_id = ?",
        [account, task.id],
    ).fetchone()
    if not watches or not _is_worth_keeping(task, end_reason):
        return
    entry_id = _upsert_entry(
        db,
        task,
        {
            "account": account,
            "id": task.id,
            "kind": task.kind,
            "end_reason": end_reason,
            "duration": seconds_taken(task, first_seen, terminal_since or now),
            "now": now,
            "words": _searchable_text(task),
            "answer": answer,
        },
    )
    _assign_entry(db, entry_id, watches, now)


def add_user_to_history(
    db: Connection, task: Sequence[str], user_id: int, destination: Destination, now: float
) -> None:
    """Within a transaction: add a task to the history of one more person who gets its notice.

    ``task`` is its account and its id. Without an entry, nothing happens.
    """
    entry = db.execute("SELECT id FROM history WHERE account = ? AND task_id = ?", task).fetchone()
    if entry:
        watch = {
            "user_id": user_id,
            "guild_id": destination.guild_id,
            "channel_id": destination.channel_id,
        }
        _assign_entry(db, entry[0], [watch], now)


def delete_orphans(db: Connection, entry_ids: Iterable[int]) -> None:
    """Within a transaction: delete those of the given entries that are in no history."""
    for entry_id in entry_ids:
        db.execute(
            "DELETE FROM history WHERE id = :id"
            " AND NOT EXISTS (SELECT 1 FROM server_history WHERE entry_id = :id)"
            " AND NOT EXISTS (SELECT 1 FROM user_history WHERE entry_id = :id)",
            {"id": entry_id},
        )


def _upsert_entry(db: Connection, task: Task, values: dict[str, Any]) -> int:
    """Write the entry of a task, unless a better one exists; return its id."""
    existing = db.execute(
        "SELECT id, end_reason, task_json FROM history WHERE account = :account AND task_id = :id",
        values,
    ).fetchone()
    if existing is not None:
        entry_id, end_reason, stored = existing
        was_finished = end_reason == EndReason.FINISHED
        is_finished = values["end_reason"] is EndReason.FINISHED
        kept = load_task_or_id(task.id, stored)
        if was_finished > is_finished or kept.lasting_results > task.lasting_results:
            return cast("int", entry_id)
    row = db.execute(
        "INSERT INTO history (account, task_id, kind, end_reason, duration, ended_at, words,"
        " task_json)"
        " VALUES (:account, :id, :kind, :end_reason, :duration, :now, :words, :answer)"
        " ON CONFLICT (account, task_id) DO UPDATE SET kind = excluded.kind,"
        "  end_reason = excluded.end_reason,"
        "  duration = coalesce(excluded.duration, history.duration),"
        "  words = excluded.words, task_json = excluded.task_json"
        " RETURNING id",
        values,
    ).fetchone()
    return cast("int", row[0])


def _assign_entry(db: Connection, entry_id: int, watches: list[dict[str, Any]], now: float) -> None:
    """Add an entry to the histories of the people and servers of some watches."""
    for watch in watches:
        db.execute(
            "INSERT INTO user_history (user_id, entry_id, ended_at) VALUES (?, ?, ?)"
            " ON CONFLICT (user_id, entry_id) DO UPDATE SET ended_at = excluded.ended_at",
            [watch["user_id"], entry_id, now],
        )
        if watch["guild_id"] is not None:
            db.execute(
                "INSERT INTO server_history (guild_id, channel_id, entry_id, ended_at)"
                " VALUES (?, ?, ?, ?) ON CONFLICT (guild_id, entry_id, channel_id)"
                " DO UPDATE SET ended_at = excluded.ended_at",
                [watch["guild_id"], watch["channel_id"], entry_id, now],
            )


def _searchable_text(task: Task) -> str:
    """Return the text by which a task is found."""
    lyrics = [task.lyrics.title, task.lyrics.style, task.lyrics.text] if task.lyrics else []
    clips = [text for clip in task.clips for text in (clip.title, clip.style, clip.lyrics)]
    return normalize_for_index("\n".join(dict.fromkeys(lyrics + clips)))


def seconds_taken(task: Task, first_seen: float, ended_at: float) -> float | None:
    """Return how long a task took by the relay's times, else from ``first_seen`` to ``ended_at``.

    ``None`` for a task without a result, and for implausible times.
    """
    if task.outcome not in (Outcome.SUCCESS, Outcome.PARTIAL):
        return None
    started = task.started_at or task.submitted_at
    if started and task.finished_at and 0 < task.finished_at - started < MAX_DURATION:
        return task.finished_at - started
    return ended_at - first_seen if 0 < ended_at - first_seen < MAX_DURATION else None
