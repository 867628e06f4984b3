"""Measures how late the end of a task is detected when the request budget is exceeded.

The real poller, planner and store watch 10,000 tasks with 5 requests a second of 100 ids, under a
clock that is handed in. One task in five makes lyrics and takes up to 12 s; songs take 30 to 240 s,
and one in twenty longer, with a heavy tail. The scheduler knows none of that. Whenever the end of
a task is detected, a new one is watched.

Round robin is the same poller with a planner that never plans: what was polled longest ago comes
first. The best schedule is computed, by dynamic programming, from the true durations of each kind,
for as many polls of a task as the poller made (`benchmarks.inspection`).
"""

import asyncio
import copy
import multiprocessing
import random
import shutil
import tempfile
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, median
from typing import Literal

from benchmarks.inspection import least_delay
from benchmarks.rows import Row, ratios, seconds
from bot.metrics import Metrics
from bot.polling.adaptive.planner import Planner
from bot.polling.poller import Poller
from bot.polling.schedule import Schedule
from bot.relay.lookup_result import LookupResult
from bot.relay.models import Lyrics, Outcome, Task, TaskKind, TaskStatus
from bot.storage.database import DatabaseThread
from bot.storage.models import Destination
from bot.storage.outbox import Outbox
from bot.storage.tasks import TaskStore

BATCH = 100
INTERVAL = 2.0
DEADLINE = 30 * 86_400.0
MINUTE = 60.0
BEGINNING = 1_700_000_000.0
MEMORY = Path("/dev/shm")  # noqa: S108 # a folder of its own is made in it
FOLDER = MEMORY if MEMORY.is_dir() else None
"""In memory if possible: the cost of the disk is measured elsewhere."""
SPEEDS = {"slow": 2.0, "fast": 0.5}
"""The factor on all durations when the relay becomes slower or faster."""

Policy = Literal["planned", "in turn"]


@dataclass(frozen=True, slots=True)
class Size:
    """How much is watched, for how long: seconds of the clock that is handed in."""

    tasks: int
    requests_per_second: float
    learning: float
    steady: float
    turned: float


FULL = Size(tasks=10_000, requests_per_second=5, learning=480, steady=360, turned=600)
QUICK = Size(tasks=400, requests_per_second=0.2, learning=60, steady=60, turned=60)


def rows(quick: bool) -> list[Row]:
    """Run both policies, each with a relay that becomes slow and with one that becomes fast."""
    size = QUICK if quick else FULL
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawn) as processes:
        planned, in_turn = processes.map(_run, ("planned", "in turn"), (size, size))
    text = f"{size.tasks:,} tasks, {size.requests_per_second:g} × {BATCH} look-ups a second"
    best = _best_delay(planned.looks / planned.ends)
    found = [
        Row(
            topic="detection",
            measure="from a task's end to its detection",
            ours=seconds(median(planned.steady)),
            theirs=f"{seconds(median(in_turn.steady))}: round robin",
            ratios=ratios(planned.steady, in_turn.steady),
            size=f"{text}, {size.steady / MINUTE:g} × 1 min",
            at_most=0.80,
        ),
        Row(
            topic="detection",
            measure=f"the same at {planned.looks / planned.ends:.2f} look-ups per task",
            ours=seconds(median(planned.steady)),
            theirs=f"{seconds(best)}: best schedule, durations known",
            ratios=tuple(delay / best for delay in planned.steady),
            size=f"{text}, {size.steady / MINUTE:g} × 1 min",
            at_most=1.10,
        ),
    ]
    for turn in SPEEDS:
        ours, theirs = planned.turned[turn], in_turn.turned[turn]
        found.append(
            Row(
                topic="detection",
                measure=f"after the relay became twice as {turn}",
                ours=seconds(median(ours)),
                theirs=f"{seconds(median(theirs))}: round robin",
                ratios=ratios(ours, theirs),
                size=f"{text}, the next {size.turned / MINUTE:g} × 1 min",
                at_most=1.05,
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The result of a policy: the mean delay of every minute, in seconds."""

    steady: list[float]
    turned: dict[str, list[float]]
    looks: int
    """Of the steady time."""
    ends: int


def drawn(chance: random.Random) -> tuple[TaskKind, float]:
    """Draw what a task makes and how long it takes (seconds)."""
    part = chance.random()
    if part < 0.20:
        return TaskKind.LYRICS, chance.uniform(0, 12)
    if part < 0.95:
        return TaskKind.MUSIC, chance.uniform(30, 240)
    return TaskKind.MUSIC, min(240 * chance.paretovariate(1.2), 3600)


@dataclass
class World:
    """A clock, and a relay whose tasks end by it."""

    chance: random.Random
    now: float = BEGINNING
    slowness: float = 1.0
    made: int = 0
    running: dict[str, tuple[TaskKind, float, float]] = field(default_factory=dict)
    """Of each task: its kind, when it was submitted and when it ends (Unix seconds)."""
    seen: list[tuple[float, float]] = field(default_factory=list)
    """When each end was seen, and how long after."""
    looks: int = 0

    def __call__(self) -> float:
        """Tell the time, as a clock (Unix seconds)."""
        return self.now

    def submit(self, *, lived: float = 0.0, takes: tuple[TaskKind, float] | None = None) -> Task:
        """Begin a task, or one that began ``lived`` seconds ago."""
        kind, duration = takes or drawn(self.chance)
        self.made += 1
        task_id = f"task-{self.made}"
        began_at = self.now - lived
        self.running[task_id] = (kind, began_at, began_at + duration * self.slowness)
        return self._running(task_id)

    def turn(self, slowness: float) -> None:
        """Change the pace: what is left of every running task, and all new ones."""
        self.slowness = slowness
        for task_id, (kind, began_at, ends_at) in self.running.items():
            left = max(ends_at - self.now, 0) * slowness
            self.running[task_id] = (kind, began_at, min(ends_at, self.now) + left)

    async def wait_for_slot(self) -> None:
        """Return at once: the benchmark limits the rate."""

    async def look_up(
        self,
        ids: Collection[str],
        *,
        kinds: Mapping[str, TaskKind] | None = None,  # noqa: ARG002 # this relay needs none
        singly: bool = True,  # noqa: ARG002 # its batches hold everything
        proven: bool = True,  # noqa: ARG002 # and no id is strange to it
    ) -> LookupResult:
        """Return the state of tasks; record how late the end of each is detected."""
        self.looks += len(ids)
        return LookupResult(tasks={task_id: self._told(task_id) for task_id in ids})

    async def look_up_singly(
        self,
        ids: Sequence[str],
        *,
        kinds: Mapping[str, TaskKind] | None = None,  # noqa: ARG002 # as above
        proven: bool = True,  # noqa: ARG002 # as above
    ) -> LookupResult:
        """Return the same."""
        return await self.look_up(ids)

    def _told(self, task_id: str) -> Task:
        ends_at = self.running[task_id][2]
        if self.now < ends_at:
            return self._running(task_id)
        kind, began_at, _ = self.running.pop(task_id)
        self.seen.append((self.now, self.now - ends_at))
        return Task(
            task_id,
            TaskStatus.SUCCESS,
            Outcome.SUCCESS,
            kind,
            submitted_at=began_at,
            finished_at=ends_at,
            lyrics=Lyrics("la"),
        )

    def _running(self, task_id: str) -> Task:
        kind, began_at, _ = self.running[task_id]
        return Task(task_id, TaskStatus.IN_PROGRESS, claimed_kind=kind, submitted_at=began_at)


class RoundRobin(Planner):
    """Never plans: polls have no price, so that all tasks wait equally long."""

    def adjust_price(self, *_args: object, **_options: object) -> None:
        """Keep the price at zero."""


def _run(policy: Policy, size: Size) -> Outcomes:
    return asyncio.run(_compare_turns(policy, size))


async def _compare_turns(policy: Policy, size: Size) -> Outcomes:
    world = World(random.Random(1))
    planner = Planner(INTERVAL) if policy == "planned" else RoundRobin(INTERVAL)
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        path = Path(folder) / "suno.db"
        async with _Watching(path, world, planner, size) as watching:
            await watching.fill(size.tasks)
            await watching.go_on(size.learning if policy == "planned" else MINUTE)
            looks, ends = world.looks, len(world.seen)
            steady = await watching.go_on(size.steady)
            looks, ends = world.looks - looks, len(world.seen) - ends
        turned = {}
        for turn, slowness in SPEEDS.items():
            after, known = copy.deepcopy((world, planner))
            after.turn(slowness)
            copied = Path(shutil.copy(path, Path(folder) / f"{turn}.db"))
            async with _Watching(copied, after, known, size) as watching:
                turned[turn] = await watching.go_on(size.turned)
    return Outcomes(steady, turned, looks, ends)


class _Watching:
    """The poller on a database, at the rate that the budget allows."""

    def __init__(self, path: Path, world: World, planner: Planner, size: Size) -> None:
        self._world = world
        self._pause = 1 / size.requests_per_second
        self._database = DatabaseThread(path)
        self._store = TaskStore(self._database, Outbox(self._database), "relay")
        self._schedule = Schedule(planner, DEADLINE)
        self._poller = Poller(
            world, self._store, self._schedule, batch_size=BATCH, clock=world, metrics=Metrics()
        )

    async def __aenter__(self) -> "_Watching":
        await self._database.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._database.__aexit__(None, None, None)

    async def fill(self, count: int) -> None:
        """Watch that many tasks of all ages, as in a steady state."""
        chance = self._world.chance
        tasks: list[Task] = []
        while len(tasks) < count:
            kind, duration = drawn(chance)
            if chance.uniform(0, 3600) < duration:  # who takes long is met more often
                lived = chance.uniform(0, duration)
                tasks.append(self._world.submit(lived=lived, takes=(kind, duration)))
        looks_at = [self._world.now + chance.uniform(0, count / BATCH * self._pause) for _ in tasks]
        await asyncio.gather(*map(self._watch, tasks, looks_at))

    async def go_on(self, for_seconds: float) -> list[float]:
        """Poll for so long; return the mean delay of the ends detected in each minute."""
        world, begun, delays = self._world, self._world.now, []
        for number in range(round(for_seconds / MINUTE)):
            noted = len(world.seen)
            while world.now < begun + (number + 1) * MINUTE:
                before = len(world.seen)
                await self._poller.tick()
                await self._poller.finish(None)
                tasks = [world.submit() for _ in range(len(world.seen) - before)]
                looks_at = [self._schedule.first_poll_at(task, world.now) for task in tasks]
                await asyncio.gather(*map(self._watch, tasks, looks_at))
                world.now += self._pause
            delays.append(fmean(delay for _, delay in world.seen[noted:]))
        return delays

    async def _watch(self, task: Task, poll_at: float) -> None:
        number = int(task.id.partition("-")[2])
        await self._store.add_watch(
            task,
            known=True,
            user_id=number,
            destination=Destination(number % 1000),
            now=self._world.now,
            deadline=DEADLINE,
            poll_at=poll_at,
        )


def _best_delay(looks_a_task: float) -> float:
    """Return the least mean delay (seconds) of a schedule with as many polls of a task."""
    chance = random.Random(2)
    lives: dict[TaskKind, list[float]] = {kind: [] for kind in TaskKind}
    for _ in range(200_000):
        kind, duration = drawn(chance)
        lives[kind].append(duration)
    return least_delay(list(lives.values()), looks_a_task)
