"""Compares the two database engines: the same work on SQLite and on PostgreSQL, by turns.

The server is one of its own on the same machine and disk, on a Unix socket, with its default
options: both engines have every commit on disk before they confirm it. The bots are processes of
their own between local servers, as in ``delivery`` and ``answering``. Ratios are those of
PostgreSQL to SQLite.
"""

import asyncio
import gc
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from benchmarks import answering
from benchmarks.delivery import Moved, Run, notices
from benchmarks.postgres import ON_DISK, copy_of, is_installed, new_database, running_server
from benchmarks.rows import ENGINES, Row, ratios, seconds
from benchmarks.seeding import parsed_task, seed, streaming_song, task_id
from benchmarks.storage import AT_ONCE, BATCH, confirmation_rate, searches_by_turns, store_in
from bot.storage.database import DatabaseThread
from tests.support.postgres_server import PostgresServer

T = TypeVar("T")

PROCESSES = 3


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    watches: int
    repetitions: int
    many: int
    """Running tasks among which due ones are searched."""
    searches: int
    channels: int
    """Each of which is to get a notice."""
    busy: answering.Size
    runs: int
    """Runs of a bot on each engine."""
    at_once: bool
    """Whether the bots of both engines run at the same time: in half the time, but less exactly."""


FULL = Size(
    600,
    5,
    1_000_000,
    15,
    500,
    busy=answering.Size(blocks=4, length=6.0, looks=2000, warm_up=6.0, start=6.0),
    runs=1,
    at_once=False,
)
QUICK = Size(
    100,
    1,
    2_000,
    3,
    51,
    busy=answering.Size(blocks=1, length=0.6, looks=100, warm_up=0.2, start=2.0),
    runs=1,
    at_once=True,
)


def rows(quick: bool) -> list[Row]:
    """Measure both engines; nothing where PostgreSQL is not installed."""
    if not is_installed():
        sys.stderr.write("PostgreSQL is not installed: the engines are not compared.\n")
        return []
    gc.disable()  # a collection here would count as a wait for the bot
    with (
        running_server() as server,
        tempfile.TemporaryDirectory(prefix="benchmark-", dir=ON_DISK) as folder,
    ):
        return asyncio.run(_measure(QUICK if quick else FULL, server, Path(folder)))


async def _measure(size: Size, server: PostgresServer, folder: Path) -> list[Row]:
    return [
        await _confirming(size, server, folder),
        *await _finding(size, server, folder),
        *await _delivering(size, server),
        *await _answering(size, server),
    ]


def _row(
    measure: str,
    postgres: Sequence[float],
    sqlite: Sequence[float],
    shown: Callable[[float], str],
    size: str,
) -> Row:
    return Row(
        topic=ENGINES,
        measure=measure,
        ours=shown(statistics.median(postgres)),
        theirs=shown(statistics.median(sqlite)),
        ratios=ratios(postgres, sqlite),
        size=size,
    )


async def _confirming(size: Size, server: PostgresServer, folder: Path) -> Row:
    now = time.time()
    tasks = [parsed_task(streaming_song(task_id(n)), now) for n in range(size.watches)]
    sqlite, postgres = [], []
    for number in range(size.repetitions):
        sqlite.append(await confirmation_rate(folder / f"{number}.db", tasks, now))
        postgres.append(await confirmation_rate(new_database(server), tasks, now))
    return _row(
        f"watches confirmed a second, {AT_ONCE} at once",
        postgres,
        sqlite,
        "{:,.0f}".format,
        f"{size.watches:,}, {size.repetitions} ×",
    )


async def _finding(size: Size, server: PostgresServer, folder: Path) -> list[Row]:
    now, later = time.time(), 3600.0
    path = folder / "many.db"
    await seed(path, size.many, due=BATCH, later=later, now=now)
    url = await asyncio.to_thread(copy_of, server, path)
    async with AsyncExitStack() as stack:
        stores = [
            store_in(await stack.enter_async_context(DatabaseThread(location)))
            for location in (url, path)
        ]
        some = await searches_by_turns(stores, now, size.searches)
        every = await searches_by_turns(stores, now + later + 1, size.searches)
    repeated = f"and when the next poll is due; warm caches, best of 10, {size.searches} ×"
    return [
        _row(f"finding {BATCH} due tasks among {size.many:,}", *some, seconds, repeated),
        _row(f"finding {BATCH} tasks where all are due", *every, seconds, repeated),
    ]


def _moved_to(server: PostgresServer) -> Moved:
    async def moved(path: Path) -> dict[str, str]:
        return {"DATABASE_URL": await asyncio.to_thread(copy_of, server, path)}

    return moved


async def _delivering(size: Size, server: PostgresServer) -> list[Row]:
    """Deliver with SQLite, with PostgreSQL, and with several processes on PostgreSQL."""
    postgres = _moved_to(server)
    kinds = [
        lambda: notices(size.channels),
        lambda: notices(size.channels, postgres),
        lambda: notices(size.channels, postgres, PROCESSES),
    ]
    sqlite, one, several = await _runs(size, kinds)
    repeated = f"{size.channels:,} channels, one message each, {size.runs} ×"
    bound = f"Discord's limits allow {seconds(sqlite[0].bound)}"
    return [
        _row(f"notices, first to last; {bound}", *_taken(one, sqlite), seconds, repeated),
        _row(
            f"the same with {PROCESSES} processes on PostgreSQL, of which one leads",
            *_taken(several, sqlite),
            seconds,
            repeated,
        ),
    ]


def _taken(ours: Sequence[Run], theirs: Sequence[Run]) -> tuple[list[float], list[float]]:
    return [run.taken for run in ours], [run.taken for run in theirs]


async def _answering(size: Size, server: PostgresServer) -> list[Row]:
    kinds = [
        lambda: answering.measure_busy(size.busy, None),
        lambda: answering.measure_busy(size.busy, _moved_to(server)),
    ]
    sqlite, ours = (
        [block for blocks in found for block in blocks] for found in await _runs(size, kinds)
    )
    looks, told = (
        statistics.median(getattr(block, what) for block in ours) for what in ("looks", "notices")
    )
    repeated = f"{len(ours)} × {size.busy.length:g} s"
    busy = f"at {looks:,.0f} look-ups and {told:.0f} notices a second"
    p99 = [block.p99 for block in ours], [block.p99 for block in sqlite]
    memory = [block.resident for block in ours], [block.resident for block in sqlite]
    return [
        _row(f"p99 of acknowledging a command {busy}", *p99, seconds, repeated),
        _row("resident memory of the bot meanwhile", *memory, "{:.1f} MiB".format, repeated),
    ]


async def _runs(
    size: Size, kinds: Sequence[Callable[[], Coroutine[None, None, T]]]
) -> list[list[T]]:
    """Return the results of some kinds of runs, which were made by turns."""
    found: list[list[T]] = [[] for _ in kinds]
    for _ in range(size.runs):
        if size.at_once:
            results = await asyncio.gather(*(run() for run in kinds))
        else:
            results = [await run() for run in kinds]
        for one, result in zip(found, results, strict=True):
            one.append(result)
    return found
