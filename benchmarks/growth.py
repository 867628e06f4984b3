"""``make growth``: how the bot's costs grow with what is watched, measured and drawn.

Every number of the figure is from this run: databases of all sizes are created, and a bot process
runs on each of them between a local Discord and a local relay.
"""

import asyncio
import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import click
from rich.console import Console

from benchmarks.growth_figure import Line, Panel, draw
from benchmarks.memory import live, places_in, seed_for_polling
from benchmarks.seeding import DEADLINE, parsed_task, streaming_song
from benchmarks.storage import BATCH, find, folder_on_disk, store_in, timed
from bot.relay.models import Task
from bot.storage.database import DatabaseThread
from bot.storage.limits import WatchLimits
from bot.storage.models import Destination, EndReason, PollResult, WatchRequest
from bot.storage.outbox import Outbox
from bot.storage.tasks import TaskStore
from bot.storage.watch_store import WatchStore
from sandbox.discord import LocalDiscord
from sandbox.relay import song

PICTURE = Path(__file__).parents[1] / "docs" / "pictures" / "growth.svg"
SIZES, QUICK_SIZES = (10, 1_000, 100_000, 1_000_000), (10, 1_000)
WATCHERS = (1, 3, 10, 30, 100)
WATCHES = "running watches"
REPETITIONS = 40
LIVES = 3
POLLING = 6.0
"""Seconds for which a bot polls the relay before its memory is read."""
PEOPLE = 10**16
PLACE = Destination(channel_id=10**17 - 1, guild_id=10**16)
"""Ids that no seeded watch has."""


@dataclass(slots=True)
class Costs:
    """The costs with some number of watches, one value for each repetition."""

    find: list[float] = field(default_factory=list)
    """Seconds."""
    record: list[float] = field(default_factory=list)
    """Seconds."""
    confirm: list[float] = field(default_factory=list)
    """Seconds."""
    start: list[float] = field(default_factory=list)
    """Seconds."""
    resident: list[float] = field(default_factory=list)
    """MiB."""
    on_disk: list[float] = field(default_factory=list)
    """KiB for each watch."""


@click.command()
@click.option("--to", type=click.Path(path_type=Path), default=PICTURE, help="An .svg or .png.")
@click.option("--quick", is_flag=True, help="Small sizes: shows that everything runs.")
def main(to: Path, *, quick: bool) -> None:
    """Measure how costs grow, and draw them as one figure."""
    progress = Console(stderr=True)

    def report_progress(what: str) -> None:
        progress.print(f"{what} …", style="dim")

    with folder_on_disk() as folder:
        work = (
            measured(
                folder,
                QUICK_SIZES,
                polling=0.6,
                lives=1,
                repetitions=3,
                report_progress=report_progress,
            )
            if quick
            else measured(folder, report_progress=report_progress)
        )
        draw(asyncio.run(work), _caption(), to)
    progress.print(f"Drawn to {to}")


def _caption() -> str:
    return (
        "Medians of one run of `make growth`; shaded: the middle half of the repetitions."
        f" {os.cpu_count()} cores, Python {platform.python_version()}."
    )


async def measured(
    folder: Path,
    sizes: Sequence[int] = SIZES,
    *,
    polling: float = POLLING,
    lives: int = LIVES,
    repetitions: int = REPETITIONS,
    report_progress: Callable[[str], None] = lambda _: None,
) -> list[Panel]:
    """Measure everything with databases in ``folder``; return the panels to draw.

    Each size has ``lives`` bot processes, one after the other, that ask the relay for ``polling``
    seconds. Measurements alternate between the sizes, so that other load of the machine affects
    all of them alike; ``report_progress`` gets the name of each step.
    """
    costs: dict[int, Costs] = {}
    async with LocalDiscord(rate_limited=False) as discord:
        places = places_in(discord)
        for size in sizes:
            report_progress(f"Making {size:,} watches")
            await seed_for_polling(folder / str(size), size, places)
            costs[size] = Costs(on_disk=[_size_of(folder / str(size)) / size / 1024])
        report_progress("Measuring the database operations")
        await _in_the_databases(folder, costs, repetitions)
        for number in range(lives):
            report_progress(f"Starting a bot on each ({number + 1} of {lives})")
            for size, cost in costs.items():
                life = await live(folder / str(size), size, polling, discord)
                cost.start.append(life.started)
                cost.resident.append(life.resident)
    report_progress("Measuring the ends of tasks")
    return [*_panels(costs), _watchers_panel(await _ends(folder / "ends.db", repetitions))]


async def _in_the_databases(folder: Path, costs: Mapping[int, Costs], repetitions: int) -> None:
    """Measure the operations of each database, alternating between them."""
    now = time.time() + 1  # then all are due
    async with AsyncExitStack() as stack:
        databases = {}
        for size in costs:
            database = DatabaseThread(folder / str(size) / "suno.db")
            databases[size] = await stack.enter_async_context(database)
            await _measure(database, Costs(), now)  # fills the caches
        for _ in range(repetitions):
            for size, cost in costs.items():
                await _measure(databases[size], cost, now)


async def _measure(database: DatabaseThread, cost: Costs, now: float) -> None:
    """Measure a poll of a batch of due tasks, and one more watch."""
    store = store_in(database)
    cost.find.append(await timed(find(store, now)))
    seen = [
        PollResult(one.task_id, next_poll_at=now, task=_streaming(one.task_id, now))
        for one in await store.due_tasks(now, BATCH)
    ]
    cost.record.append(await timed(store.record(seen, now)))
    cost.confirm.append(await timed(_watch(store, "new", [PLACE], now)))
    await WatchStore(database, Outbox(database)).remove("new", user_id=PEOPLE, now=now)


def _size_of(folder: Path) -> int:
    return (folder / "suno.db").stat().st_size


async def _ends(path: Path, repetitions: int) -> dict[int, list[float]]:
    """Return how long it takes from a task's end until all of its notices are queued (seconds)."""
    spans: dict[int, list[float]] = {}
    now = time.time()
    async with DatabaseThread(path) as database:
        store = store_in(database)
        for number in range(-1, repetitions):
            for watchers in WATCHERS:
                name = f"song-{watchers}-{number}"
                await _watch(store, name, _places_of(watchers), now)
                done = parsed_task(song(name, takes=30), now)
                end = PollResult(name, now, task=done, end_reason=EndReason.FINISHED)
                span = await timed(store.record([end], now))
                if number >= 0:  # the first round fills the caches
                    spans.setdefault(watchers, []).append(span)
    return spans


def _places_of(watchers: int) -> list[Destination]:
    """Return the destination of each of so many users, in as few channels as possible."""
    most = WatchLimits().watchers_per_destination
    return [Destination(PLACE.channel_id - n // most, PLACE.guild_id) for n in range(watchers)]


async def _watch(store: TaskStore, name: str, places: Sequence[Destination], now: float) -> None:
    """Add a watch of a task by one user at each destination."""
    for number, destination in enumerate(places):
        await store.add_watch(
            _streaming(name, now),
            WatchRequest(PEOPLE + number, destination),
            now,
            known=True,
            deadline=DEADLINE,
        )


def _streaming(name: str, now: float) -> Task:
    return parsed_task(streaming_song(name), now)


def _panels(costs: Mapping[int, Costs]) -> list[Panel]:
    def line(name: str, which: Callable[[Costs], list[float]], scale: float = 1.0) -> Line:
        return Line(name, {x: [each * scale for each in which(y)] for x, y in costs.items()})

    return [
        Panel(
            "Database work of one poll (ms)",
            f"{WATCHES}; {BATCH} tasks polled",
            (
                line("record poll results", lambda cost: cost.record, 1000),
                line("find due tasks", lambda cost: cost.find, 1000),
            ),
        ),
        Panel(
            "Commit one more watch (ms)",
            WATCHES,
            (line("", lambda cost: cost.confirm, 1000),),
        ),
        Panel("Memory of the bot (MiB)", WATCHES, (line("", lambda cost: cost.resident),)),
        Panel("Start to first poll (s)", WATCHES, (line("", lambda cost: cost.start),)),
        Panel("Size on disk per watch (KiB)", WATCHES, (line("", lambda cost: cost.on_disk),)),
    ]


def _watchers_panel(ends: Mapping[int, list[float]]) -> Panel:
    spans = {watchers: [span * 1000 for span in taken] for watchers, taken in ends.items()}
    across = f"users who watch it, {WatchLimits().watchers_per_destination} per channel"
    return Panel("Ended song to all notices queued (ms)", across, (Line("", spans),))


if __name__ == "__main__":
    main()
