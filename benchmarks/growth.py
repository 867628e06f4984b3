"""``make growth``: how the bot's costs grow with what is watched, measured and drawn.

Every number of the figure is from this run: databases of all sizes are made, and a bot process
works on each of them between a local Discord and a local relay.
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
from benchmarks.seeding import DEADLINE, as_read, streaming_song
from benchmarks.storage import BATCH, find, folder_on_disk, store_in, timed
from bot.relay.models import Task
from bot.storage.database import DatabaseThread
from bot.storage.limits import WatchLimits
from bot.storage.models import Destination, EndReason, PollResult
from bot.storage.tasks import TaskStore
from sandbox.discord import LocalDiscord
from sandbox.relay import song

PICTURE = Path(__file__).parents[1] / "docs" / "pictures" / "growth.svg"
SIZES, QUICK_SIZES = (10, 1_000, 100_000, 1_000_000), (10, 1_000)
WATCHERS = (1, 3, 10, 30, 100)
WATCHES = "running watches"
REPETITIONS = 40
LIVES = 3
POLLING = 6.0
"""Seconds for which a bot asks the relay before its memory is read."""
PEOPLE = 10**16
PLACE = Destination(channel_id=10**17 - 1, guild_id=10**16)
"""Ids that no seeded watch has."""


@dataclass(slots=True)
class Costs:
    """What was measured with some number of watches: every repetition."""

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

    def tell(what: str) -> None:
        progress.print(f"{what} …", style="dim")

    with folder_on_disk() as folder:
        work = (
            measured(folder, QUICK_SIZES, polling=0.6, lives=1, repetitions=3, tell=tell)
            if quick
            else measured(folder, tell=tell)
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
    tell: Callable[[str], None] = lambda _: None,
) -> list[Panel]:
    """Measure everything with databases in ``folder``; return what there is to draw.

    Each size has ``lives`` bot processes, one after the other, that ask the relay for ``polling``
    seconds. All sizes are measured in turn, so that whatever else the machine does is spread over
    them; ``tell`` is told what is done now.
    """
    costs: dict[int, Costs] = {}
    async with LocalDiscord(rate_limited=False) as discord:
        places = places_in(discord)
        for size in sizes:
            tell(f"Making {size:,} watches")
            await seed_for_polling(folder / str(size), size, places)
            costs[size] = Costs(on_disk=[_size_of(folder / str(size)) / size / 1024])
        tell("Measuring what the database is asked for")
        await _in_the_databases(folder, costs, repetitions)
        for number in range(lives):
            tell(f"Starting a bot on each ({number + 1} of {lives})")
            for size, cost in costs.items():
                life = await live(folder / str(size), size, polling, discord)
                cost.start.append(life.started)
                cost.resident.append(life.resident)
    tell("Measuring the ends of tasks")
    return [*_panels(costs), _watchers_panel(await _ends(folder / "ends.db", repetitions))]


async def _in_the_databases(folder: Path, costs: Mapping[int, Costs], repetitions: int) -> None:
    """Measure in turn what each database is asked for."""
    now = time.time() + 1  # then all are due
    async with AsyncExitStack() as stack:
        stores = {}
        for size in costs:
            database = DatabaseThread(folder / str(size) / "suno.db")
            stores[size] = store_in(await stack.enter_async_context(database))
            await _measure(stores[size], Costs(), now)  # fills the caches
        for _ in range(repetitions):
            for size, cost in costs.items():
                await _measure(stores[size], cost, now)


async def _measure(store: TaskStore, cost: Costs, now: float) -> None:
    """Look at a batch of what is due, and watch one task more."""
    cost.find.append(await timed(find(store, now)))
    seen = [
        PollResult(one.task_id, next_poll_at=now, task=_streaming(one.task_id, now))
        for one in await store.due_tasks(now, BATCH)
    ]
    cost.record.append(await timed(store.record(seen, now)))
    cost.confirm.append(await timed(_watch(store, "new", [PLACE], now)))
    await store.remove_watch("new", user_id=PEOPLE, now=now)


def _size_of(folder: Path) -> int:
    return (folder / "suno.db").stat().st_size


async def _ends(path: Path, repetitions: int) -> dict[int, list[float]]:
    """Return how long it takes from a task's end until all of its notices are owed."""
    spans: dict[int, list[float]] = {}
    now = time.time()
    async with DatabaseThread(path) as database:
        store = store_in(database)
        for number in range(-1, repetitions):
            for watchers in WATCHERS:
                name = f"song-{watchers}-{number}"
                await _watch(store, name, _places_of(watchers), now)
                done = as_read(song(name, takes=30), now)
                end = PollResult(name, now, task=done, end_reason=EndReason.FINISHED)
                span = await timed(store.record([end], now))
                if number >= 0:  # the first round fills the caches
                    spans.setdefault(watchers, []).append(span)
    return spans


def _places_of(watchers: int) -> list[Destination]:
    """Return where each of so many people watches: in as few places as may be."""
    most = WatchLimits().watchers_per_destination
    return [Destination(PLACE.channel_id - n // most, PLACE.guild_id) for n in range(watchers)]


async def _watch(store: TaskStore, name: str, places: Sequence[Destination], now: float) -> None:
    """Let one person in each of the places watch a task."""
    for number, destination in enumerate(places):
        await store.add_watch(
            _streaming(name, now),
            known=True,
            user_id=PEOPLE + number,
            destination=destination,
            now=now,
            deadline=DEADLINE,
        )


def _streaming(name: str, now: float) -> Task:
    return as_read(streaming_song(name), now)


def _panels(costs: Mapping[int, Costs]) -> list[Panel]:
    def line(name: str, which: Callable[[Costs], list[float]], scale: float = 1.0) -> Line:
        return Line(name, {x: [each * scale for each in which(y)] for x, y in costs.items()})

    return [
        Panel(
            "One look, in the database (ms)",
            f"{WATCHES}; {BATCH} looked at",
            (
                line("record what was seen", lambda cost: cost.record, 1000),
                line("find what is due", lambda cost: cost.find, 1000),
            ),
        ),
        Panel(
            "Confirm one more watch, on disk (ms)",
            WATCHES,
            (line("", lambda cost: cost.confirm, 1000),),
        ),
        Panel("Memory of the bot (MiB)", WATCHES, (line("", lambda cost: cost.resident),)),
        Panel("Start to the first look (s)", WATCHES, (line("", lambda cost: cost.start),)),
        Panel("Size on disk for each watch (KiB)", WATCHES, (line("", lambda cost: cost.on_disk),)),
    ]


def _watchers_panel(ends: Mapping[int, list[float]]) -> Panel:
    spans = {watchers: [span * 1000 for span in taken] for watchers, taken in ends.items()}
    across = f"people who watch it, {WatchLimits().watchers_per_destination} in a place"
    return Panel("A song's end to all notices owed (ms)", across, (Line("", spans),))


if __name__ == "__main__":
    main()
