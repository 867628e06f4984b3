"""The full-text index of the history in SQLite: trigrams, found by FTS5."""

from collections.abc import Iterator, Sequence
from typing import Any

from bot.storage.engine import Connection

TRIGRAM = 3
"""Characters of a trigram, and so of the shortest word for which the index can be queried."""

LAST_CODE_POINT = "\U0010ffff"
"""A noncharacter that sorts after every character of an indexed text."""


def query_index(
    db: Connection,
    table: str,
    condition: str,
    values: Sequence[Any],
    words: Sequence[str],
    limit: int,
) -> Iterator[tuple[int, float]]:
    """Query the index, and yield the newest results that are in a history.

    That is the rows ``s`` of a table for which ``condition`` is true, with its values.
    """
    candidates, terms, rest = _candidates(words)
    having = "".join(" AND instr(h.words, ?)" for _ in rest)
    join = "CROSS JOIN history h ON h.id = c.id" if rest else ""
    # CROSS JOIN fixes the order of the join: otherwise SQLite queries the index for each entry.
    sql = (
        f"SELECT s.entry_id, max(s.ended_at) AS last FROM ({candidates}) c"  # noqa: S608 # names of ours
        f" CROSS JOIN {table} s ON s.entry_id = c.id {join}"
        f" WHERE {condition}{having} GROUP BY s.entry_id"
        " ORDER BY last DESC, s.entry_id DESC LIMIT ?"
    )
    return iter(db.execute(sql, [*terms, *values, *rest, limit]))


def _candidates(words: Sequence[str]) -> tuple[str, list[str], list[str]]:
    """Return the query of the index, its values, and the words that it does not cover.

    If all words are shorter than a trigram, the longest is found by the trigrams that start with
    it.
    """
    if indexed := [word for word in words if len(word) >= TRIGRAM]:
        match = " AND ".join('"' + word.replace('"', '""') + '"' for word in indexed)
        matching = "SELECT rowid AS id FROM history_index WHERE history_index MATCH ?"
        return matching, [match], [word for word in words if len(word) < TRIGRAM]
    longest = max(words, key=len)
    starting = "SELECT DISTINCT doc AS id FROM history_trigrams WHERE term >= ? AND term < ?"
    rest = [word for word in words if word != longest]
    return starting, [longest, longest + LAST_CODE_POINT], rest
