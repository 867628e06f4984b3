"""The background loops: poll, deliver, update live cards, prune.

Of several processes on one database one leads, and runs them all; the others do in the meantime
only what every process does for itself.

discord.py's ``tasks.loop`` ends for good at the first unexpected exception. A loop of this module
logs the exception and goes on; only ``BackgroundLoops.stop`` ends it.
"""

import asyncio
import logging
import time
import traceback
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from contextlib import suppress
from contextvars import Context, copy_context
from dataclasses import dataclass, replace

from bot.leadership import Leadership
from bot.storage.failure_log import log_failure
from bot.storage.retention import DepartedServers, Retention
from bot.storage.terms import LeadershipLost

log = logging.getLogger(__name__)

Tick = Callable[[], Awaitable[float | None]]
"""Does what is due; returns when the next work is due (Unix seconds), ``None`` if none is known."""

MAX_SLEEP = 60.0
"""Seconds after which a loop ticks even if nothing is known to be due."""

DELAY_AFTER_FAILURE = 5.0
"""Seconds between a tick that failed unexpectedly and the next one."""

PRUNE_INTERVAL = 86400.0
"""Seconds between two removals of expired rows."""

ALWAYS_LEADING = Leadership(None)


@dataclass(frozen=True, slots=True)
class Loop:
    """One loop: its name in logs and metrics, its tick, and the event that wakes it early.

    ``follower_tick``: what it does while another process leads; ``None``: nothing.
    """

    name: str
    tick: Tick
    wake: asyncio.Event
    follower_tick: Tick | None = None


class BackgroundLoops:
    """Runs loops from ``start`` to ``stop``.

    ``finish``: called by ``stop`` after the loops have ended, all together, so that what they began
    can end. ``abandon``: called when another process may lead, so that nothing more is sent; the
    loops have ended then. ``lead``: called when this process begins to lead, before the loops
    start. ``on_failure``: called with a loop's name after each tick that failed.
    """

    def __init__(
        self,
        loops: Sequence[Loop],
        finish: Sequence[Callable[[], Awaitable[None]]],
        on_failure: Callable[[str], None],
        *,
        leadership: Leadership = ALWAYS_LEADING,
        lead: Sequence[Callable[[], None]] = (),
        abandon: Sequence[Callable[[], Awaitable[None]]] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.leadership = leadership
        self.last_tick_at: dict[str, float] = {}
        """When each loop last ticked without a failure (Unix seconds)."""
        self._loops = tuple(loops)
        self._finish = tuple(finish)
        self._on_failure = on_failure
        self._lead = tuple(lead)
        self._abandon = tuple(abandon)
        self._clock = clock
        self._tasks: list[asyncio.Task[None]] = []
        self._leading: asyncio.Task[None] | None = None
        self._is_stopped = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the loops."""
        return tuple(loop.name for loop in self._loops)

    @property
    def running(self) -> tuple[str, ...]:
        """The names of the loops that have something to do now."""
        leads = self.leadership.is_held
        return tuple(loop.name for loop in self._loops if leads or loop.follower_tick)

    def start(self) -> None:
        """Start the loops in the running event loop."""
        self._is_stopped = False
        if self.leadership.is_held:
            self._begin_to_lead(copy_context())
        self._leading = asyncio.create_task(self.leadership.run(self._gain, self._follow))

    async def stop(self) -> None:
        """Stop the loops, then wait for what they began. Safe to call again."""
        leading, self._leading = self._leading, None
        if leading is None:
            return
        self._is_stopped = True
        await self._cancel()
        await asyncio.gather(*(finish() for finish in self._finish))
        leading.cancel()
        await asyncio.gather(leading, return_exceptions=True)

    def _gain(self, context: Context) -> None:
        self.last_tick_at.update(dict.fromkeys(self.names, self._clock()))  # none is late yet
        self._begin_to_lead(context)

    def _begin_to_lead(self, context: Context) -> None:
        if self._is_stopped:
            return
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        for lead in self._lead:
            context.run(lead)
        for loop in self._loops:
            self._start(loop, loop.tick, context.copy())

    async def _follow(self) -> None:
        """Do only what every process does."""
        await self._cancel()
        await asyncio.gather(*(abandon() for abandon in self._abandon))
        if self._is_stopped:
            return
        for loop in self._loops:
            if loop.follower_tick is not None:
                self._start(loop, loop.follower_tick, None)

    def _start(self, loop: Loop, tick: Tick, context: Context | None) -> None:
        run = run_forever(
            replace(loop, tick=tick), self.last_tick_at, self._on_failure, clock=self._clock
        )
        self._tasks.append(asyncio.create_task(run, context=context))

    async def _cancel(self) -> None:
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class RetentionJob:
    """Deletes expired rows once a day, and the data of servers that removed the bot."""

    def __init__(
        self,
        retention: Retention,
        departed_servers: DepartedServers,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._retention = retention
        self._departed_servers = departed_servers
        self._clock = clock
        self._due_at = 0.0

    async def tick(self) -> float:
        """Purge departed servers; prune if the last time is a day ago. Return when that is next."""
        now = self._clock()
        await self._departed_servers.erase_overdue(now)
        if now >= self._due_at:
            await self._retention.prune(now)
            self._due_at = now + PRUNE_INTERVAL
        return self._due_at


async def run_forever(
    loop: Loop,
    last_tick_at: MutableMapping[str, float],
    on_failure: Callable[[str], None],
    delay_after_failure: float = DELAY_AFTER_FAILURE,
    clock: Callable[[], float] = time.time,
) -> None:
    """Tick until cancelled: at the time that the last tick returned, or when ``wake`` is set.

    A tick that raises is logged, and the next one follows ``delay_after_failure`` seconds later.
    """
    failures = FailureLog(loop.name)
    while True:
        loop.wake.clear()
        try:
            due_at = await loop.tick()
        except LeadershipLost as error:
            log.info("Tick ended: loop=%s cause=%s", loop.name, error)
            await asyncio.sleep(delay_after_failure)
            continue
        except Exception as error:  # noqa: BLE001 # the guard of the loop: logged with its cause
            failures.record_failure(error)
            on_failure(loop.name)
            await asyncio.sleep(delay_after_failure)
            continue
        failures.record_success()
        last_tick_at[loop.name] = clock()
        sleep = MAX_SLEEP if due_at is None else min(due_at - clock(), MAX_SLEEP)
        with suppress(TimeoutError):
            async with asyncio.timeout(max(sleep, 0)):
                await loop.wake.wait()


class FailureLog:
    """Logs failed ticks: each failure once, until a tick succeeds or fails differently."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._kind: tuple[type[Exception], str, int] | None = None
        self._count = 0

    def record_failure(self, error: Exception) -> None:
        """Log a failure, unless the tick before failed in the same way.

        With its traceback, unless all that can be said is that the database is not reached.
        """
        self._count += 1
        kind = (type(error), *_location(error))
        if kind != self._kind:
            self._kind = kind
            log_failure(log, f"Tick failed, the loop goes on: loop={self._name}", error)

    def record_success(self) -> None:
        """Log that ticks succeed again, if the last one failed."""
        if self._kind is not None:
            log.info("Ticks succeed again: loop=%s failures=%d", self._name, self._count)
        self._kind, self._count = None, 0


def _location(error: Exception) -> tuple[str, int]:
    """Return the file and the line in which an error was raised."""
    (*_, frame) = traceback.extract_tb(error.__traceback__)
    return frame.filename, frame.lineno or 0
