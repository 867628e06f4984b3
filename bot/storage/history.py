"""History of ended tasks: listing, search, suggestions and statistics of durations.

There is one entry per task, however many servers and people watched it; two more tables assign
entries to histories. A server's history holds the tasks that were watched there and stores no
people; a person's history holds the tasks that the person watched anywhere. ``history_rows`` writes
the entries.
"""

import json
import logging
import statistics
from collections.abc import Sequence
from typing import Any

from bot.relay.models import Outcome, TaskKind
from bot.storage.database import DatabaseThread
from bot.storage.engine import Connection
from bot.storage.models import (
    ACCOUNT_PREFIX,
    DeliveryPurpose,
    DurationStats,
    EndReason,
    HistoryEntry,
    HistoryPage,
    HistoryScope,
    PostedNotice,
    RecentTask,
)
from bot.storage.search import (
    SCAN_LIMIT,
    find_entries,
    history_table,
    normalize_text,
    search_words,
)
from bot.storage.task_rows import load_enum, load_task

log = logging.getLogger(__name__)

DURATION_SAMPLE_SIZE = 200
"""How many of the last tasks of a kind the statistics of durations cover."""

MIN_SAMPLE_SIZE = 5
"""Fewer tasks than these allow no statement about durations."""

SUGGESTION_POOL_SIZE = 200
"""How many of a person's last watches are searched for suggestions."""

MAX_SUGGESTIONS = 25
"""How many suggestions are returned at once."""

_RECENT = """
    SELECT t.task_id, t.state, t.end_reason, t.ended_at, w.created_at AS watched_at,
        CASE WHEN json_valid(t.task_json)
            THEN json_extract(t.task_json, '$.outcome') END AS outcome,
        CASE WHEN json_valid(t.task_json) THEN coalesce(
            nullif(json_extract(t.task_json, '$.lyrics.title'), ''),
            (SELECT json_extract(clip.value, '$.title') FROM json_each(t.task_json, '$.clips') clip
                WHERE json_extract(clip.value, '$.title') != '' LIMIT 1),
            '') ELSE '' END AS title
    FROM (SELECT max(id) AS id FROM watches
        WHERE (account = ? OR substr(account, 1, {length}) = '{prefix}') AND user_id = ? {condition}
        GROUP BY account, task_id ORDER BY 1 DESC LIMIT ?) AS last
    JOIN watches w ON w.id = last.id
    JOIN tasks t ON t.account = w.account AND t.task_id = w.task_id
    WHERE t.end_reason IS NULL OR t.end_reason NOT IN ('rejected', 'unconfirmed')
    ORDER BY w.id DESC
"""


class History:
    """Reads the histories of servers and people."""

    def __init__(
        self, database: DatabaseThread, operator_account: str, scan_limit: int = SCAN_LIMIT
    ) -> None:
        """``scan_limit`` is that of ``find_entries``."""
        self._database = database
        self._operator_account = operator_account
        self._scan_limit = scan_limit

    async def page(self, scope: HistoryScope, search: str = "", number: int = 0) -> HistoryPage:
        """Return a page of the entries with all words of ``search`` in titles, styles or lyrics.

        A word also matches as part of a longer word, in any script and case; any text is safe. An
        empty search finds everything, and a page beyond the last is the last.
        """
        words = search_words(search)

        def page(db: Connection) -> HistoryPage:
            limit = (number + 1) * HistoryPage.SIZE + 1
            matches = find_entries(db, scope, words, limit, self._scan_limit)
            shown = min(number, max(0, (len(matches) - 1) // HistoryPage.SIZE))
            first = shown * HistoryPage.SIZE
            entries = [_entry(db, *each) for each in matches[first : first + HistoryPage.SIZE]]
            return HistoryPage(
                shown, tuple(filter(None, entries)), len(matches) > first + HistoryPage.SIZE
            )

        return await self._database.view(page)

    async def entry(self, scope: HistoryScope, entry_id: int) -> HistoryEntry | None:
        """Return one entry, ``None`` if it is not in that history (any more)."""

        def entry(db: Connection) -> HistoryEntry | None:
            table, condition, values = history_table(scope)
            sql = f"SELECT max(ended_at) FROM {table} s WHERE {condition} AND entry_id = ?"  # noqa: S608 # names of ours
            (ended_at,) = db.execute(sql, [*values, entry_id]).fetchone()
            return None if ended_at is None else _entry(db, entry_id, ended_at)

        return await self._database.view(entry)

    async def posted_notices(
        self, scope: HistoryScope, ids: Sequence[str]
    ) -> dict[str, PostedNotice]:
        """Return the last message about each of the tasks, where it is known and may be named.

        In a server's history those in channels that the person can see, in a person's own those
        for which that person waited.
        """
        allowed, values = _allowed_notices(scope)
        rows = await self._database.read(
            "SELECT task_id, guild_id, coalesce(thread_id, channel_id) AS channel_id, message_id,"  # noqa: S608 # names of ours
            " id FROM task_deliveries d WHERE purpose != ?"
            " AND message_id IS NOT NULL"
            f" AND task_id IN (SELECT value FROM json_each(?)) AND {allowed} ORDER BY id",
            [DeliveryPurpose.HELD_NOTICE, json.dumps(list(ids)), *values],
        )
        return {
            row["task_id"]: PostedNotice(row["guild_id"], row["channel_id"], row["message_id"])
            for row in rows
        }

    async def duration_stats(self, account: str, kind: TaskKind) -> DurationStats | None:
        """Return how long the last tasks of a kind took at an account, ``None`` for too few."""
        return duration_stats(await self.recent_durations(account, kind))

    async def recent_durations(self, account: str, kind: TaskKind) -> list[float]:
        """Return how long the last tasks of a kind took at an account (seconds)."""
        rows = await self._database.read(
            "SELECT duration FROM history WHERE account = ? AND kind = ? AND duration IS NOT NULL"
            " ORDER BY ended_at DESC LIMIT ?",
            [account, kind, DURATION_SAMPLE_SIZE],
        )
        return [row["duration"] for row in rows]

    async def suggestions(
        self, user_id: int, text: str, *, watched: bool = False
    ) -> list[RecentTask]:
        """Return a person's last tasks with ``text`` in their title or id: at most 25.

        Running and ended ones, the newest first, but none of an earlier relay of the operator, and
        no request that ended without a task: no command can show anything of it.
        ``watched``: only those that the person watches.
        """
        query = _RECENT.format(
            prefix=ACCOUNT_PREFIX,
            length=len(ACCOUNT_PREFIX),
            condition="AND delivery_id IS NULL" if watched else "",
        )
        rows = await self._database.read(
            query, [self._operator_account, user_id, SUGGESTION_POOL_SIZE]
        )
        wanted = normalize_text(text)
        fitting = [
            _recent_task(row)
            for row in rows
            if wanted in normalize_text(str(row["title"]))
            or wanted in normalize_text(str(row["task_id"]))
        ]
        return fitting[:MAX_SUGGESTIONS]


def _recent_task(row: dict[str, Any]) -> RecentTask:
    ended_at = row["ended_at"] if row["state"] == "ended" else None
    return RecentTask(
        id=str(row["task_id"]),
        title=str(row["title"]),
        end_reason=None if ended_at is None else load_enum(EndReason, row["end_reason"]),
        outcome=load_enum(Outcome, row["outcome"]),
        since=row["watched_at"] if ended_at is None else ended_at,
    )


def _allowed_notices(scope: HistoryScope) -> tuple[str, list[Any]]:
    """Return the condition for the deliveries that a person may be told of, and its values."""
    if scope.guild_id is None:
        waited = "SELECT 1 FROM watches s WHERE s.delivery_id = d.id AND s.task_id = d.task_id"
        return f"EXISTS ({waited} AND s.user_id = ?)", [scope.user_id]
    visible = "guild_id = ? AND channel_id IN (SELECT CAST(value AS BIGINT) FROM json_each(?))"
    return visible, [scope.guild_id, json.dumps(list(scope.visible))]


def _entry(db: Connection, entry_id: int, ended_at: float) -> HistoryEntry | None:
    """Return an entry, ``None`` for one that is unreadable."""
    answer, end_reason = db.execute(
        "SELECT task_json, end_reason FROM history WHERE id = ?", [entry_id]
    ).fetchone()
    try:
        return HistoryEntry(entry_id, load_task(answer), EndReason(end_reason), ended_at)
    except ValueError as error:
        log.warning("History entry is unreadable: entry=%d cause=%s", entry_id, error)
        return None


def duration_stats(seconds: Sequence[float]) -> DurationStats | None:
    """Return the statistics of a sample, ``None`` for one that is too small."""
    if len(seconds) < MIN_SAMPLE_SIZE:
        return None
    deciles = statistics.quantiles(seconds, n=10, method="inclusive")
    return DurationStats(median=statistics.median(seconds), slow=deciles[-1])
