"""Creates databases full of running watches within seconds.

The store writes one watch, and SQL copies its rows under other ids. So the rows are as the store
writes them, whatever columns the schema has.
"""

import json
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from bot.relay.models import Task, TaskKind
from bot.relay.parsing.reader import read_batch
from bot.relay.providers import CUSTOM
from bot.storage.database import DatabaseThread
from bot.storage.models import Destination, PollResult, WatchRequest
from bot.storage.outbox import Outbox
from bot.storage.tasks import TaskStore
from sandbox.relay.lifecycles import RelayTask, TaskStage, clip, clip_ids, running, streaming

PLACES = tuple(Destination(channel_id=10**17 + n, guild_id=10**16 + n // 10) for n in range(1000))
"""Channels of a hundred servers."""

WATCHES_OF_A_PERSON = 100
DEADLINE = 86400.0
_PATTERN = -1
"""The number of the watch that the store writes."""


def task_id(number: int) -> str:
    """Return the id of a seeded task; ids are unordered, like those of relays."""
    return f"{number * 2654435761 % 2**32:08x}-5eed-4000-8000-{number % 2**48:012x}"


_CLIPS = [streaming(clip(each)) for each in clip_ids(task_id(_PATTERN), 2)]
_STREAMING = (TaskStage(0, running(_CLIPS)),)


def streaming_song(task_id: str) -> RelayTask:
    """Return a song that streams for ever, as seeded tasks appear at a relay."""
    return RelayTask(task_id, TaskKind.MUSIC, _STREAMING)


def parsed_task(task: RelayTask, now: float) -> Task:
    """Return a task submitted a minute before ``now`` as the bot parses it."""
    body = {"code": "success", "data": [task.at(now, submitted_at=now - 60)]}
    (read,) = read_batch(200, None, json.dumps(body).encode())
    return read


async def seed(
    path: Path,
    watches: int,
    *,
    due: int = 0,
    later: float = 3600.0,
    now: float | None = None,
    relay: str = CUSTOM,
    places: Sequence[Destination] = PLACES,
    people: Sequence[int] = (),
) -> None:
    """Fill a new database with tasks ``task_id(0)``, … that run, each with one watch.

    ``due`` of them are due at ``now`` (Unix seconds, the present by default), the others at even
    distances over the ``later`` seconds after that. Watches go round ``places`` and ``people``
    (user ids; by default so many that nobody has more than a hundred watches).
    """
    now = time.time() if now is None else now
    people = people or range(10**15, 10**15 + 1 + watches // WATCHES_OF_A_PERSON)
    await _write_pattern(path, relay, now)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")  # a file that is not whole is thrown away
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -1000000")
        _insert_destinations_and_users(connection, places, people)
        values = {
            "pattern": task_id(_PATTERN),
            "watches": watches,
            "due": due,
            "now": now,
            "gap": later / max(watches - due, 1),
            "places": len(places),
            "people": len(people),
        }
        with _without_indexes(connection):
            for statement in (_SEEDS, _tasks(connection), _watches(connection)):
                connection.execute(statement, values)
            for table in ("tasks", "watches"):
                connection.execute(f"DELETE FROM {table} WHERE task_id = :pattern", values)  # noqa: S608 # names of ours
        connection.commit()
        connection.execute("PRAGMA journal_mode = WAL")
    _sync(path)


def _sync(path: Path) -> None:
    """Write the file to disk now, so that the first measured commit does not have to."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


async def _write_pattern(path: Path, relay: str, now: float) -> None:
    """Write one watch of a task that was polled once."""
    task = parsed_task(streaming_song(task_id(_PATTERN)), now)
    async with DatabaseThread(path) as database:
        store = TaskStore(database, Outbox(database), relay)
        await store.add_watch(task, WatchRequest(0, PLACES[0]), now, known=True, deadline=DEADLINE)
        await store.record([PollResult(task.id, next_poll_at=now, task=task)], now)


def _insert_destinations_and_users(
    connection: sqlite3.Connection, places: Sequence[Destination], people: Sequence[int]
) -> None:
    connection.execute(
        "CREATE TEMP TABLE places (place INTEGER PRIMARY KEY, channel_id, guild_id, locale)"
    )
    connection.executemany(
        "INSERT INTO places VALUES (?, ?, ?, ?)",
        ((n, one.channel_id, one.guild_id, one.locale) for n, one in enumerate(places)),
    )
    connection.execute("CREATE TEMP TABLE people (person INTEGER PRIMARY KEY, user_id)")
    connection.executemany("INSERT INTO people VALUES (?, ?)", enumerate(people))


_SEEDS = """
    CREATE TEMP TABLE seeds AS
    WITH RECURSIVE numbers (number) AS (
        SELECT 0 WHERE :watches > 0
        UNION ALL SELECT number + 1 FROM numbers WHERE number + 1 < :watches
    )
    SELECT number, printf('%08x-5eed-4000-8000-%012x',
        number * 2654435761 & 0xffffffff, number & 0xffffffffffff) AS id
    FROM numbers ORDER BY id
"""


def _tasks(connection: sqlite3.Connection) -> str:
    changes = {
        "task_id": "seeds.id",
        "task_json": "replace(pattern.task_json, :pattern, seeds.id)",
        "next_poll_at": ":now + max(number + 1 - :due, 0) * :gap",
    }
    return _copy_statement(connection, "tasks", changes, "seeds")


def _watches(connection: sqlite3.Connection) -> str:
    changes = {
        "id": "NULL",
        "task_id": "seeds.id",
        **{name: f"places.{name}" for name in ("channel_id", "guild_id", "locale")},
        "user_id": "people.user_id",
    }
    return _copy_statement(
        connection,
        "watches",
        changes,
        "seeds JOIN places ON place = number % :places JOIN people ON person = number % :people",
    )


def _copy_statement(
    connection: sqlite3.Connection, table: str, changes: dict[str, str], seeds: str
) -> str:
    """Return the SQL statement that copies the pattern's row once for each seed."""
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info ({table})")]
    values = [changes.get(column, f"pattern.{column}") for column in columns]
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)}"  # noqa: S608 # names of ours
        f" FROM {seeds} CROSS JOIN {table} AS pattern WHERE pattern.task_id = :pattern"
    )


@contextmanager
def _without_indexes(connection: sqlite3.Connection) -> Iterator[None]:
    """Drop the indexes and create them again at the end, which is faster than updating them."""
    indexes = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql NOT NULL"
        " AND tbl_name IN ('tasks', 'watches')"
    ).fetchall()
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}")
    yield
    for _, sql in indexes:
        connection.execute(sql)
