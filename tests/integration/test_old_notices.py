"""What was told long ago stays a while, and slows nothing: counted in steps of SQLite."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from sqlite_utils import Database

from bot.storage.database import DatabaseThread
from bot.storage.models import Delivery, WatchRequest
from bot.storage.outbox import Outbox
from bot.storage.retention import Retention
from bot.storage.tasks import TaskStore
from tests.support.builders import HERE, NOON, a_song
from tests.support.databases import sqlite_of

OLD = 2000
STEPS = 100
"""SQLite tells after so many."""

Work = Callable[[DatabaseThread, Delivery], Awaitable[object]]

WORK: dict[str, Work] = {
    "a start": lambda database, _: Outbox(database).recover(NOON),
    "a claim": lambda database, _: Outbox(database).claim(NOON, 10),
    "a look at what is next": lambda database, _: Outbox(database).next_at(),
    "a look at what is blocked": lambda database, _: Outbox(database).blocked_channels.in_server(
        50
    ),
    "a channel that is blocked": lambda database, delivery: Outbox(database).blocked_channels.block(
        delivery, until=NOON + 600, reason="missing:", now=NOON
    ),
    "a sweep": lambda database, _: Retention(database).prune(NOON),
}


@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
async def test_sent_notices_slow_nothing_down(tmp_path: Path, work: Work) -> None:
    """With thousands of sent notices, each operation takes as many steps as without them."""
    few = await steps_of(work, tmp_path / "few.db", old=0)
    many = await steps_of(work, tmp_path / "many.db", old=OLD)
    assert many <= few + 1


async def steps_of(work: Work, path: Path, *, old: int) -> int:
    """Return the steps (in hundreds) of some work with so many sent notices in the database."""
    async with DatabaseThread(path) as database:
        outbox = Outbox(database)
        store = TaskStore(database, outbox, "deerapi")
        await store.add_finished(a_song("sent"), WatchRequest(1, HERE), NOON)
        (sent,) = await outbox.claim(NOON, 10)
        await outbox.acknowledge(sent, message_id=7, now=NOON)
        await database.run(lambda db: add_copies(sqlite_of(db), old))
        await store.add_finished(a_song("due"), WatchRequest(1, HERE), NOON)
        (delivery,) = await outbox.claim(NOON, 10)
        finished: list[None] = []
        await database.run(
            lambda db: sqlite_of(db).conn.set_progress_handler(lambda: finished.append(None), STEPS)
        )
        await work(database, delivery)
        await database.run(lambda db: sqlite_of(db).conn.set_progress_handler(None, 0))
        return len(finished)


def add_copies(db: Database, count: int) -> None:
    """Copy the only task, its watch and its notice under other ids."""
    for table in ("tasks", "deliveries", "delivery_tasks", "watches"):
        names = [column.name for column in db[table].columns]
        copied = {"id": "NULL", "task_id": "task_id || value", "delivery_id": "delivery_id + value"}
        values = [copied.get(name, name) for name in names]
        db.execute(
            f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(values)}"  # noqa: S608 # names of ours
            f" FROM {table}, json_each(?)",
            [json.dumps(list(range(1, count + 1)))],
        )
