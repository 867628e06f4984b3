"""Search in the history: texts made comparable, and the SQL that finds them.

The index is made of trigrams: it finds parts of words, and needs no spaces between them.
"""

import json
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlite_utils import Database

from bot.storage.models import HistoryScope

MOST_WORDS = 10
"""Words of a search that count."""

NEWEST = 500
"""How many of the newest entries are searched one by one: what is common is found among them.

Ten times as many where all words are short, for which the index is slow.
"""

LONGEST_INDEXED = 65_536
"""Code points of an entry that can be found."""

_INDEXED = 3
"""The fewest characters of a word that the index knows as such: it is made of trigrams."""

_UNSEEN = {"Cc", "Cf", "Cs"}
_BEYOND = "\U0010ffff"
"""No character at all, so that it comes after every character of a text that is indexed."""


def normalize_text(text: str) -> str:
    """Return ``text`` so that what reads the same is the same: one line, one case, one width.

    What cannot be seen is gone: controls, formats, halves of characters.
    """
    line = " ".join(text.split())
    if line.isascii() and line.isprintable():
        return line.lower()
    seen = "".join(c for c in line if unicodedata.category(c) not in _UNSEEN and c != _BEYOND)
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", seen).casefold())
    return " ".join(folded.split())


def search_words(search: str) -> list[str]:
    """Return the words of a search, each once, in their order: at most ten."""
    return list(dict.fromkeys(normalize_text(search).split()))[:MOST_WORDS]


def normalize_for_index(text: str) -> str:
    """Return ``text`` searchable, with blanks after it: each of its characters begins a trigram.

    At most ``LONGEST_INDEXED`` code points: one character can become eighteen (U+FDFA).
    """
    return normalize_text(text[:LONGEST_INDEXED])[:LONGEST_INDEXED] + " " * (_INDEXED - 1)


def history_table(scope: HistoryScope) -> tuple[str, str, list[Any]]:
    """Return where a history is kept, and the condition, with its values, that selects it."""
    if scope.guild_id is None:
        return "user_history", "s.user_id = ?", [scope.user_id]
    # The plus keeps SQLite from looking into an index once for each channel.
    visible = "s.guild_id = ? AND +s.channel_id IN (SELECT value FROM json_each(?))"
    return "server_history", visible, [scope.guild_id, json.dumps(list(scope.visible))]


def find_entries(
    db: Database, scope: HistoryScope, words: list[str], enough: int
) -> list[tuple[int, float]]:
    """Return ids and ends of up to ``enough`` entries with all ``words``, the newest first."""
    if not words:
        return _first(_newest(db, scope, -1), enough)
    most = NEWEST if _known_whole(words) else NEWEST * 10
    hits: dict[int, float] = {}
    left = most
    for entry_id, ended_at, hit in _newest(db, scope, most, words):
        left -= 1
        if hit:
            hits.setdefault(entry_id, ended_at)
        if len(hits) == enough:
            return list(hits.items())
    return list(hits.items()) if left else _first(_indexed(db, scope, words, enough), enough)


def _first(rows: Iterable[tuple[Any, ...]], enough: int) -> list[tuple[int, float]]:
    """Return the first entries, each once: one may have been watched in several channels."""
    first: dict[int, float] = {}
    for entry_id, ended_at, *_ in rows:
        first.setdefault(entry_id, ended_at)
        if len(first) == enough:
            break
    return list(first.items())


def _newest(
    db: Database, scope: HistoryScope, most: int, words: Sequence[str] = ()
) -> Iterator[tuple[Any, ...]]:
    """Yield id, end and whether it has all ``words`` of the newest entries of a history.

    At most so many; all of them for -1.
    """
    table, condition, values = history_table(scope)
    has_all = " AND ".join("instr(words, ?)" for _ in words)
    matching = f"(SELECT {has_all} FROM history WHERE id = s.entry_id)" if words else "1"  # noqa: S608 # names of ours
    sql = (
        f"SELECT s.entry_id, s.ended_at, {matching} FROM {table} s WHERE {condition}"  # noqa: S608 # names of ours
        " ORDER BY s.ended_at DESC, s.entry_id DESC LIMIT ?"
    )
    return iter(db.execute(sql, [*words, *values, most]))


def _indexed(
    db: Database, scope: HistoryScope, words: list[str], enough: int
) -> Iterator[tuple[int, float]]:
    """Ask the index, then see which of what it found is in the history."""
    table, condition, values = history_table(scope)
    candidates, asked, rest = _candidates(words)
    having = "".join(" AND instr(h.words, ?)" for _ in rest)
    join = "CROSS JOIN history h ON h.id = c.id" if rest else ""
    # CROSS JOIN keeps the order: left to itself, SQLite asks the index about each entry.
    sql = (
        f"SELECT s.entry_id, max(s.ended_at) AS last FROM ({candidates}) c"  # noqa: S608 # names of ours
        f" CROSS JOIN {table} s ON s.entry_id = c.id {join}"
        f" WHERE {condition}{having} GROUP BY s.entry_id"
        " ORDER BY last DESC, s.entry_id DESC LIMIT ?"
    )
    return iter(db.execute(sql, [*asked, *values, *rest, enough]))


def _candidates(words: list[str]) -> tuple[str, list[str], list[str]]:
    """Return the question to the index, its values, and the words that it leaves open.

    A word that is shorter than a trigram is found by the trigrams that begin with it.
    """
    if indexed := _known_whole(words):
        asked = " AND ".join('"' + word.replace('"', '""') + '"' for word in indexed)
        matching = "SELECT rowid AS id FROM history_index WHERE history_index MATCH ?"
        return matching, [asked], [word for word in words if len(word) < _INDEXED]
    longest = max(words, key=len)
    beginning = "SELECT DISTINCT doc AS id FROM history_trigrams WHERE term >= ? AND term < ?"
    rest = [word for word in words if word != longest]
    return beginning, [longest, longest + _BEYOND], rest


def _known_whole(words: list[str]) -> list[str]:
    """Return the words that are long enough for the index to know them as such."""
    return [word for word in words if len(word) >= _INDEXED]
