from pathlib import Path
from typing import Any

from benchmarks.seeding import DEADLINE, PLACES, parsed_task, seed, streaming_song, task_id
from bot.relay.providers import CUSTOM
from bot.storage.database import DatabaseThread
from bot.storage.models import Destination, PollResult, WatchRequest
from bot.storage.outbox import Outbox
from bot.storage.tasks import TaskStore
from tests.support.builders import NOON


async def rows_of(database: DatabaseThread, table: str) -> list[dict[str, Any]]:
    """Return all that is in a table."""
    return await database.read(f"SELECT * FROM {table} ORDER BY task_id", [])  # noqa: S608 # names of ours


async def test_a_seeded_watch_is_as_the_store_writes_it(tmp_path: Path) -> None:
    """What is measured on a seeded database is true of one that people filled."""
    await seed(tmp_path / "seeded.db", 1, due=1, now=NOON, people=[7])
    async with DatabaseThread(tmp_path / "written.db") as database:
        store = TaskStore(database, Outbox(database), CUSTOM)
        task = parsed_task(streaming_song(task_id(0)), NOON)
        await store.add_watch(task, WatchRequest(7, PLACES[0]), NOON, known=True, deadline=DEADLINE)
        await store.record([PollResult(task.id, NOON, task=task)], NOON)
        written = [await rows_of(database, table) for table in ("tasks", "watches")]
    async with DatabaseThread(tmp_path / "seeded.db") as database:
        seeded = [await rows_of(database, table) for table in ("tasks", "watches")]
    for (subscription,) in (written[1], seeded[1]):
        del subscription["id"]
    assert seeded == written


async def test_seeded_tasks_are_due_as_asked_for(tmp_path: Path) -> None:
    """The first ones now, the others one after the other."""
    await seed(tmp_path / "suno.db", 10, due=4, later=60, now=NOON)
    async with DatabaseThread(tmp_path / "suno.db") as database:
        store = TaskStore(database, Outbox(database), CUSTOM)
        now = {watched.task_id for watched in await store.due_tasks(NOON, 100)}
        later = [watched.task_id for watched in await store.due_tasks(NOON + 60, 100)][4:]
    assert now == {task_id(number) for number in range(4)}
    assert later == [task_id(number) for number in range(4, 10)]


async def test_seeded_watches_go_round_the_places_and_the_people(tmp_path: Path) -> None:
    """Everybody has some."""
    places = [Destination(1, 10, "en-US"), Destination(2, None, "zh-CN")]
    await seed(tmp_path / "suno.db", 6, places=places, people=[7, 8, 9])
    async with DatabaseThread(tmp_path / "suno.db") as database:
        rows = await rows_of(database, "watches")
        indexes = await database.read("PRAGMA index_list (watches)", [])
        (check,) = await database.read("PRAGMA integrity_check", [])
    assert sorted((row["channel_id"], row["user_id"], row["locale"]) for row in rows) == [
        *((1, user, "en-US") for user in (7, 8, 9)),
        *((2, user, "zh-CN") for user in (7, 8, 9)),
    ]
    assert check == {"integrity_check": "ok"}
    assert "watches_open" in {index["name"] for index in indexes}
