"""Measures how late the end of a task is detected when the request budget is exceeded.

The real poller, planner and store watch 10,000 tasks with 5 requests a second of 100 ids, under a
virtual clock. One task in five makes lyrics and takes up to 12 s; songs take 30 to 240 s, and one
in twenty longer, with a heavy tail. The scheduler knows none of that. Whenever the end of a task is
detected, a new one is watched.

Round robin is the same poller with a planner whose polls have no price: the task with the oldest
poll comes first. The best schedule is computed, by dynamic programming, from the true durations of
each kind, for as many polls of a task as the poller made (`benchmarks.inspection`).
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
from bot.storage.models import Destination, WatchRequest
from bot.storage.outbox import Outbox
from bot.storage.tasks import TaskStore

BATCH = 100
INTERVAL = 2.0
DEADLINE = 30 * 86_400.0
MINUTE = 60.0
START_TIME = 1_700_000_000.0
MEMORY = Path("/dev/shm")  # noqa: S108 # a folder of its own is made in it
FOLDER = MEMORY if MEMORY.is_dir() else None
"""In memory if possible, because other benchmarks measure the disk."""
SPEEDS = {"slow": 2.0, "fast": 0.5}
"""The factor on all durations when the relay becomes slower or faster."""

Policy = Literal["planned", "round robin"]


@dataclass(frozen=True, slots=True)
class Size:
    """How many tasks are watched and for how long, in seconds of the virtual clock."""

    tasks: int
    requests_per_second: float
    learning: float
    steady: float
    changed: float


FULL = Size(tasks=10_000, requests_per_second=5, learning=480, steady=360, changed=600)
QUICK = Size(tasks=400, requests_per_second=0.2, learning=60, steady=60, changed=60)


def rows(quick: bool) -> list[Row]:
    """Run both policies, each with a relay that becomes slow and with one that becomes fast."""
    size = QUICK if quick else FULL
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawn) as processes:
        planned, round_robin = processes.map(_run, ("planned", "round robin"), (size, size))
    text = f"{size.tasks:,} tasks, {size.requests_per_second:g} × {BATCH} look-ups a second"
    best = _best_delay(planned.polls / planned.ends)
    found = [
        Row(
            topic="detection",
            measure="from a task's end to its detection",
            ours=seconds(median(planned.steady)),
            theirs=f"{seconds(median(round_robin.steady))}: round robin",
            ratios=ratios(planned.steady, round_robin.steady),
            size=f"{text}, {size.steady / MINUTE:g} × 1 min",
            at_most=0.80,
        ),
        Row(
            topic="detection",
            measure=f"the same at {planned.polls / planned.ends:.2f} look-ups per task",
            ours=seconds(median(planned.steady)),
            theirs=f"{seconds(best)}: best schedule, durations known",
            ratios=tuple(delay / best for delay in planned.steady),
            size=f"{text}, {size.steady / MINUTE:g} × 1 min",
            at_most=1.10,
        ),
    ]
    for direction in SPEEDS:
        ours, theirs = planned.changed[direction], round_robin.changed[direction]
        found.append(
            Row(
                topic="detection",
                measure=f"after the relay became twice as {direction}",
                ours=seconds(median(ours)),
                theirs=f"{seconds(median(theirs))}: round robin",
                ratios=ratios(ours, theirs),
                size=f"{text}, the next {size.changed / MINUTE:g} × 1 min",
                at_most=1.05,
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a policy: the mean delay of every minute, in seconds."""

    steady: list[float]
    changed: dict[str, list[float]]
    polls: int
    """In the steady phase."""
    ends: int


def draw_task(rng: random.Random) -> tuple[TaskKind, float]:
    """Draw the kind of a task and its duration (seconds)."""
    part = rng.random()
    if part < 0.20:
        return TaskKind.LYRICS, rng.uniform(0, 12)
    if part < 0.95:
        return TaskKind.MUSIC, rng.uniform(30, 240)
    return TaskKind.MUSIC, min(240 * rng.paretovariate(1.2), 3600)


@dataclass
class SimulatedRelay:
    """A relay whose tasks end by its virtual clock."""

    rng: random.Random
    now: float = START_TIME
    slowness: float = 1.0
    submitted: int = 0
    running: dict[str, tuple[TaskKind, float, float]] = field(default_factory=dict)
    """Of each task: its kind, when it was submitted and when it ends (Unix seconds)."""
    detected: list[tuple[float, float]] = field(default_factory=list)
    """When each end was detected, and its delay (seconds)."""
    polls: int = 0

    def __call__(self) -> float:
        """Return the virtual time (Unix seconds)."""
        return self.now

    def submit(self, *, age: float = 0.0, takes: tuple[TaskKind, float] | None = None) -> Task:
        """Start a task, with an age of ``age`` seconds."""
        kind, duration = takes or draw_task(self.rng)
        self.submitted += 1
        task_id = f"task-{self.submitted}"
        began_at = self.now - age
        self.running[task_id] = (kind, began_at, began_at + duration * self.slowness)
        return self._running(task_id)

    def change_speed(self, slowness: float) -> None:
        """Scale the rest of every running task, and the durations of all new ones."""
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
        proven: bool = True,  # noqa: ARG002 # and it knows every id
    ) -> LookupResult:
        """Return the state of tasks; record how late the end of each is detected."""
        self.polls += len(ids)
        return LookupResult(tasks={task_id: self._task(task_id) for task_id in ids})

    async def look_up_singly(
        self,
        ids: Sequence[str],
        *,
        kinds: Mapping[str, TaskKind] | None = None,  # noqa: ARG002 # as above
        proven: bool = True,  # noqa: ARG002 # as above
    ) -> LookupResult:
        """Return the state of tasks, as a batch does."""
        return await self.look_up(ids)

    def _task(self, task_id: str) -> Task:
        ends_at = self.running[task_id][2]
        if self.now < ends_at:
            return self._running(task_id)
        kind, began_at, _ = self.running.pop(task_id)
        self.detected.append((self.now, self.now - ends_at))
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
    """A planner whose polls have no price, so that all tasks wait equally long."""

    def adjust_price(self, *_args: object, **_options: object) -> None:
        """Keep the price at zero."""


def _run(policy: Policy, size: Size) -> Result:
    return asyncio.run(_compare_speeds(policy, size))


async def _compare_speeds(policy: Policy, size: Size) -> Result:
    relay = SimulatedRelay(random.Random(1))
    planner = Planner(INTERVAL) if policy == "planned" else RoundRobin(INTERVAL)
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        path = Path(folder) / "suno.db"
        async with _PollerRun(path, relay, planner, size) as watching:
            await watching.fill(size.tasks)
            await watching.run(size.learning if policy == "planned" else MINUTE)
            polls, ends = relay.polls, len(relay.detected)
            steady = await watching.run(size.steady)
            polls, ends = relay.polls - polls, len(relay.detected) - ends
        changed = {}
        for direction, slowness in SPEEDS.items():
            after, copied_planner = copy.deepcopy((relay, planner))
            after.change_speed(slowness)
            copied = Path(shutil.copy(path, Path(folder) / f"{direction}.db"))
            async with _PollerRun(copied, after, copied_planner, size) as watching:
                changed[direction] = await watching.run(size.changed)
    return Result(steady, changed, polls, ends)


class _PollerRun:
    """The poller on a database, at the rate that the budget allows."""

    def __init__(self, path: Path, relay: SimulatedRelay, planner: Planner, size: Size) -> None:
        self._relay = relay
        self._pause = 1 / size.requests_per_second
        self._database = DatabaseThread(path)
        self._store = TaskStore(self._database, Outbox(self._database), "relay")
        self._schedule = Schedule(planner, DEADLINE)
        self._poller = Poller(
            relay, self._store, self._schedule, batch_size=BATCH, clock=relay, metrics=Metrics()
        )

    async def __aenter__(self) -> "_PollerRun":
        await self._database.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._database.__aexit__(None, None, None)

    async def fill(self, count: int) -> None:
        """Watch that many tasks of all ages, as in a steady state."""
        rng = self._relay.rng
        tasks: list[Task] = []
        while len(tasks) < count:
            kind, duration = draw_task(rng)
            if rng.uniform(0, 3600) < duration:  # long tasks are more frequent among running ones
                age = rng.uniform(0, duration)
                tasks.append(self._relay.submit(age=age, takes=(kind, duration)))
        poll_times = [self._relay.now + rng.uniform(0, count / BATCH * self._pause) for _ in tasks]
        await asyncio.gather(*map(self._watch, tasks, poll_times))

    async def run(self, for_seconds: float) -> list[float]:
        """Poll for so long; return the mean delay of the ends detected in each minute."""
        relay, started_at, delays = self._relay, self._relay.now, []
        for number in range(round(for_seconds / MINUTE)):
            first = len(relay.detected)
            while relay.now < started_at + (number + 1) * MINUTE:
                before = len(relay.detected)
                await self._poller.tick()
                await self._poller.finish(None)
                tasks = [relay.submit() for _ in range(len(relay.detected) - before)]
                poll_times = [self._schedule.first_poll_at(task, relay.now) for task in tasks]
                await asyncio.gather(*map(self._watch, tasks, poll_times))
                relay.now += self._pause
            delays.append(fmean(delay for _, delay in relay.detected[first:]))
        return delays

    async def _watch(self, task: Task, poll_at: float) -> None:
        number = int(task.id.partition("-")[2])
        await self._store.add_watch(
            task,
            WatchRequest(number, Destination(number % 1000)),
            self._relay.now,
            known=True,
            deadline=DEADLINE,
            poll_at=poll_at,
        )


def _best_delay(polls_per_task: float) -> float:
    """Return the least mean delay (seconds) of a schedule with as many polls of a task."""
    rng = random.Random(2)
    durations: dict[TaskKind, list[float]] = {kind: [] for kind in TaskKind}
    for _ in range(200_000):
        kind, duration = draw_task(rng)
        durations[kind].append(duration)
    return least_delay(list(durations.values()), polls_per_task)
