"""The full-text index of the history in PostgreSQL: trigrams, of the extension ``pg_trgm``.

The index serves ``LIKE``. Words shorter than a trigram are not in it: for these alone, the
server reads the entries of the one history that is searched.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from bot.storage.engine import Connection


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
    has_all = "".join(" AND h.words LIKE ?" for _ in words)
    sql = (
        f"SELECT s.entry_id, max(s.ended_at) AS last FROM {table} s"  # noqa: S608 # names of ours
        f" JOIN history h ON h.id = s.entry_id WHERE {condition}{has_all} GROUP BY s.entry_id"
        " ORDER BY last DESC, s.entry_id DESC LIMIT ?"
    )
    return iter(db.execute(sql, [*values, *map(pattern, words), limit]))


def pattern(word: str) -> str:
    """Return the pattern of the texts that contain a word."""
    return "%" + re.sub(r"([\\%_])", r"\\\1", word) + "%"
