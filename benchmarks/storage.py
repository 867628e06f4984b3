"""Measures the database: confirmed watches on disk, and the query for due tasks among many.

Both use real files, with every commit on disk before it is confirmed. Due tasks are queried as the
poller does, with warm caches, which a polling bot has.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

from benchmarks.rows import Row, ratios, seconds
from benchmarks.seeding import (
    DEADLINE,
    PLACES,
    WATCHES_OF_A_PERSON,
    parsed_task,
    seed,
    streaming_song,
    task_id,
)
from bot.relay.models import Task
from bot.relay.providers import CUSTOM
from bot.storage.database import MAX_BATCH, DatabaseThread
from bot.storage.limits import WatchLimits
from bot.storage.models import WatchRequest
from bot.storage.outbox import Outbox
from bot.storage.tasks import TaskStore

DATA = Path(__file__).parents[1] / "data"
"""A disk, where the system's folder for temporary files is often memory."""

AT_ONCE = 32
WATCHES, QUICK_WATCHES = 2400, 300
BATCH = 100
MANY, QUICK_MANY, FEW = 1_000_000, 20_000, 1_000
LATER = 3600.0
"""Seconds over which the looks at the tasks that are not due are spread."""


def rows(quick: bool) -> list[Row]:
    """Measure both, in turn with what they are measured against."""
    with folder_on_disk() as folder:
        return [
            asyncio.run(_confirming(folder, QUICK_WATCHES if quick else WATCHES)),
            *asyncio.run(_finding(folder, QUICK_MANY if quick else MANY, 5 if quick else 30)),
        ]


@contextmanager
def folder_on_disk() -> Iterator[Path]:
    """Make a folder beside the bot's own database, and delete it with all that is in it."""
    with tempfile.TemporaryDirectory(prefix="benchmark-", dir=DATA) as folder:
        yield Path(folder)


def store_in(database: DatabaseThread) -> TaskStore:
    """Return the store of the relay that databases are seeded for; in it nobody meets a limit."""
    limits = WatchLimits(watches_per_user=1_000_000, watches_per_server=1_000_000)
    return TaskStore(database, Outbox(database), CUSTOM, limits)


async def _confirming(folder: Path, watches: int, repetitions: int = 7) -> Row:
    """Add watches with a shared commit and with one for each, ``AT_ONCE`` waiting for both."""
    now = time.time()
    tasks = [parsed_task(streaming_song(task_id(n)), now) for n in range(watches)]
    ours: list[float] = []
    theirs: list[float] = []
    for number in range(repetitions):
        ours.append(
            await confirmation_rate(folder / f"together-{number}.db", tasks, now, MAX_BATCH)
        )
        theirs.append(
            await confirmation_rate(folder / f"alone-{number}.db", tasks[: watches // 3], now, 1)
        )
    return Row(
        topic="storage",
        measure=f"watches confirmed a second, {AT_ONCE} at once",
        ours=f"{statistics.median(ours):,.0f}",
        theirs=f"{statistics.median(theirs):,.0f}: a commit for each",
        ratios=ratios(ours, theirs),
        size=f"{watches:,} on {_file_system(folder)}, WAL, synchronous = FULL, {repetitions} ×",
        at_least=3,
    )


async def confirmation_rate(
    location: Path | str, tasks: list[Task], now: float, max_batch: int = MAX_BATCH
) -> float:
    """Add a watch of each task to a new database; return how many were confirmed a second."""
    async with DatabaseThread(location, max_batch=max_batch) as database:
        store = store_in(database)
        return len(tasks) / await timed(_add(store, tasks, now))


async def _add(store: TaskStore, tasks: list[Task], now: float) -> None:
    waiting = iter(enumerate(tasks))

    async def add() -> None:
        for number, task in waiting:
            await store.add_watch(
                task,
                WatchRequest(number // WATCHES_OF_A_PERSON, PLACES[number % len(PLACES)]),
                now,
                known=True,
                deadline=DEADLINE,
            )

    await asyncio.gather(*(add() for _ in range(AT_ONCE)))


async def _finding(folder: Path, many: int, repetitions: int) -> list[Row]:
    """Find what is due among many tasks and among few, by turns."""
    now = time.time()
    async with AsyncExitStack() as stack:
        stores = []
        for watches in (many, FEW):
            path = folder / f"{watches}.db"
            await seed(path, watches, due=BATCH, later=LATER, now=now)
            stores.append(store_in(await stack.enter_async_context(DatabaseThread(path))))
        some = await searches_by_turns(stores, now, repetitions)
        every = await searches_by_turns(stores, now + LATER + 1, repetitions)
    size = f"and when the next poll is due; warm caches, best of 10, {repetitions} ×"
    return [
        _found(f"finding {BATCH} due tasks among {many:,}", some, size, at_most=1.5),
        _found(f"finding {BATCH} tasks where all of {many:,} are due", every, size),
    ]


def _found(
    measure: str, spans: tuple[list[float], list[float]], size: str, at_most: float | None = None
) -> Row:
    ours, theirs = spans
    return Row(
        topic="storage",
        measure=measure,
        ours=seconds(statistics.median(ours)),
        theirs=f"{seconds(statistics.median(theirs))}: the same among {FEW:,}",
        ratios=ratios(ours, theirs),
        size=size,
        at_most=at_most,
    )


async def searches_by_turns(
    stores: list[TaskStore], now: float, repetitions: int
) -> tuple[list[float], list[float]]:
    """Return the time of one search in each of two stores, again and again."""
    spans: tuple[list[float], list[float]] = ([], [])
    for _ in range(repetitions + 1):
        for store, taken in zip(stores, spans, strict=True):
            taken.append(await _quickest(store, now))
    return spans[0][1:], spans[1][1:]  # the first round fills the caches


async def _quickest(store: TaskStore, now: float, times: int = 10) -> float:
    """Return the seconds of the best of some searches: other programs can only slow one down."""
    return min([await timed(find(store, now)) for _ in range(times)])


async def find(store: TaskStore, now: float) -> None:
    """Find a batch of due tasks, and when the next look is due."""
    await store.due_tasks(now, BATCH)
    await store.next_poll_at(now)


async def timed(work: Awaitable[object]) -> float:
    """Return the seconds that something takes."""
    started = time.perf_counter()
    await work
    return time.perf_counter() - started


def _file_system(folder: Path) -> str:
    """Return the kind of file system that a folder is on, as Linux calls it."""
    mounts = Path("/proc/mounts")
    if not mounts.exists():
        return "disk"
    kinds = dict(line.split()[1:3] for line in mounts.read_text().splitlines())
    return next(kinds[str(each)] for each in (folder, *folder.parents) if str(each) in kinds)
