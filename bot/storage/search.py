"""Searches histories: normalizes texts and finds entries by the words in them.

The newest entries are scanned one by one, which finds common words soonest. Where they do not
suffice, the full-text index is queried: an index of trigrams, which finds parts of words in scripts
with and without spaces.
"""

import json
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlite_utils import Database

from bot.storage.engine import Connection
from bot.storage.models import HistoryScope
from bot.storage.sqlite import search as sqlite_search
from bot.storage.sqlite.search import LAST_CODE_POINT, TRIGRAM

MAX_WORDS = 10
"""How many words of a search are used; the others are ignored."""

SCAN_LIMIT = 500
"""How many of the newest entries are scanned before the index is queried.

Ten times as many if all words are shorter than a trigram: the index is slow for them.
"""

MAX_INDEXED_LENGTH = 65_536
"""How many code points of an entry are indexed."""

_INVISIBLE = {"Cc", "Cf", "Cs"}
"""Unicode categories: controls, formats, surrogates."""


def normalize_text(text: str) -> str:
    """Return ``text`` in one line, one case and one width, so that equal looks compare equal.

    Invisible characters (controls, formats, lone surrogates) are removed.
    """
    line = " ".join(text.split())
    if line.isascii() and line.isprintable():
        return line.lower()
    visible = "".join(
        c for c in line if unicodedata.category(c) not in _INVISIBLE and c != LAST_CODE_POINT
    )
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", visible).casefold())
    return " ".join(folded.split())


def search_words(search: str) -> list[str]:
    """Return the distinct words of a search in their order: at most ten."""
    return list(dict.fromkeys(normalize_text(search).split()))[:MAX_WORDS]


def normalize_for_index(text: str) -> str:
    """Return ``text`` normalized, with blanks after it so that each character begins a trigram.

    Both the text and the result are cut to ``MAX_INDEXED_LENGTH`` code points: normalization can
    turn one character into eighteen (U+FDFA).
    """
    return normalize_text(text[:MAX_INDEXED_LENGTH])[:MAX_INDEXED_LENGTH] + " " * (TRIGRAM - 1)


def history_table(scope: HistoryScope) -> tuple[str, str, list[Any]]:
    """Return the table of a history, and the condition with its values that selects its rows."""
    if scope.guild_id is None:
        return "user_history", "s.user_id = ?", [scope.user_id]
    # The plus keeps SQLite from looking into an index once for each channel.
    visible = "s.guild_id = ? AND +s.channel_id IN (SELECT CAST(value AS BIGINT) FROM json_each(?))"
    return "server_history", visible, [scope.guild_id, json.dumps(list(scope.visible))]


def find_entries(
    db: Connection, scope: HistoryScope, words: list[str], limit: int, scan_limit: int = SCAN_LIMIT
) -> list[tuple[int, float]]:
    """Return ids and ends of up to ``limit`` entries with all ``words``, the newest first.

    ``scan_limit`` replaces ``SCAN_LIMIT``; 0 queries the index alone.
    """
    if not words:
        return _first_distinct(_scan(db, scope), limit)
    scan_limit = scan_limit if _indexable(words) else scan_limit * 10
    matches: dict[int, float] = {}
    remaining = scan_limit
    for entry_id, ended_at, matching in _scan(db, scope, scan_limit, words):
        remaining -= 1
        if matching:
            matches.setdefault(entry_id, ended_at)
        if len(matches) == limit:
            return list(matches.items())
    if remaining:  # all entries were scanned
        return list(matches.items())
    return _first_distinct(_query_index(db, scope, words, limit), limit)


def _first_distinct(rows: Iterable[tuple[Any, ...]], limit: int) -> list[tuple[int, float]]:
    """Return the first distinct entries: one may have been watched in several channels."""
    first: dict[int, float] = {}
    for entry_id, ended_at, *_ in rows:
        first.setdefault(entry_id, ended_at)
        if len(first) == limit:
            break
    return list(first.items())


def _scan(
    db: Connection, scope: HistoryScope, limit: int | None = None, words: Sequence[str] = ()
) -> Iterator[tuple[Any, ...]]:
    """Yield id and end of the newest entries of a history, and whether each has all ``words``.

    At most ``limit`` entries; all of them without one.
    """
    table, condition, values = history_table(scope)
    has_all = " AND ".join("instr(words, ?) > 0" for _ in words)
    matching = f"(SELECT {has_all} FROM history WHERE id = s.entry_id)" if words else "1"  # noqa: S608 # names of ours
    sql = (
        f"SELECT s.entry_id, s.ended_at, {matching} FROM {table} s WHERE {condition}"  # noqa: S608 # names of ours
        " ORDER BY s.ended_at DESC, s.entry_id DESC"
    )
    if limit is None:
        return iter(db.execute(sql, [*words, *values]))
    return iter(db.execute(f"{sql} LIMIT ?", [*words, *values, limit]))


def _query_index(
    db: Connection, scope: HistoryScope, words: list[str], limit: int
) -> Iterator[tuple[int, float]]:
    """Query the index of the engine, and yield the newest results that are in the history."""
    if isinstance(db, Database):
        return sqlite_search.query_index(db, *history_table(scope), words, limit)
    from bot.storage.postgres import search as postgres_search  # its driver is an extra

    return postgres_search.query_index(db, *history_table(scope), words, limit)


def _indexable(words: list[str]) -> list[str]:
    """Return the words for which the index can be queried: not shorter than a trigram."""
    return [word for word in words if len(word) >= TRIGRAM]
