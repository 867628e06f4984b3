"""What an earlier version stored without bounds is cut when its database is opened."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from bot.relay.models import MAX_CLIPS, MAX_LYRICS
from bot.storage.database import DatabaseThread
from bot.storage.task_rows import dump_task, load_task
from tests.support.builders import a_clip, a_lyrics_task, a_song
from tests.support.paths import SCHEMAS
from tests.support.released_schema import build

LONGEST_ROW = 1_000_000


def stored(path: Path) -> list[dict[str, Any]]:
    """Return what is stored of every task."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(
            "SELECT task_json FROM tasks UNION SELECT task_json FROM delivery_tasks"
        )
        return [json.loads(answer) for (answer,) in rows if len(answer) > 0]


async def test_oversized_rows_of_a_release_are_cut(tmp_path: Path) -> None:
    """A song of thousands of clips and lyrics of megabytes: both can be told in no time then."""
    path = tmp_path / "suno.db"
    build((SCHEMAS / "0.2.0.sql").read_text(encoding="utf-8"), path)
    clips = tuple(a_clip(id=f"clip-{each}", lyrics=f"{each} la") for each in range(6000))
    song = dump_task(a_song(clips=clips))
    text = dump_task(a_lyrics_task()).replace("Row, row", "Row, row " * 100_000)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE tasks SET answer = ?", [song])
        connection.execute("UPDATE deliveries SET answer = ?", [text])
        connection.execute("UPDATE history SET answer = ?, words = ?", [text, "row " * 500_000])
    async with DatabaseThread(path):
        pass
    answers = stored(path)
    assert answers
    assert all(len(json.dumps(answer)) < LONGEST_ROW for answer in answers)
    assert {len(answer["clips"]) for answer in answers} == {0, MAX_CLIPS}
    with closing(sqlite3.connect(path)) as connection:
        (longest,) = connection.execute("SELECT max(length(words)) FROM history").fetchone()
    assert longest <= MAX_LYRICS


def test_a_stored_task_is_bounded_when_it_is_read() -> None:
    """Whoever changed the row."""
    clips = tuple(a_clip(lyrics=f"{number} " + "la " * 40_000) for number in range(50))
    task = load_task(dump_task(a_song(clips=clips)))
    assert len(task.clips) == MAX_CLIPS
    assert max(len(clip.lyrics) for clip in task.clips) == MAX_LYRICS


def test_an_ordinary_task_is_read_as_it_was_stored() -> None:
    """Nothing is cut from it."""
    for task in (a_song(), a_lyrics_task()):
        assert load_task(dump_task(task)) == task
