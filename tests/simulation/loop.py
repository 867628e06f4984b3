"""The event loop of a simulated process: waiting for a timer moves the virtual clock there."""

import asyncio
from collections import deque
from typing import Any

from tests.simulation.environment import Environment
from tests.simulation.faults import Pause

TICK = 1e-6
"""Seconds that one turn of the loop takes: time always passes, so that nothing spins for ever."""

MOST_TURNS = 200_000
"""Turns of the loop within `LIVELOCK_SPAN` that no honest work needs."""
LIVELOCK_SPAN = 1.0


class Crash(BaseException):
    """The simulated process was killed at this moment."""


class Livelock(Exception):
    """The bot turns for ever without letting time pass."""


class _Ready(deque[Any]):
    """The queue of what is to run; the process may be killed before any of it."""

    def __init__(self) -> None:
        super().__init__()
        self.crash_after: int | None = None
        """How many more steps of coroutines this process has to live."""

    def popleft(self) -> Any:
        """Hand out the next step, unless the process dies before it."""
        if self.crash_after is not None:
            self.crash_after -= 1
            if self.crash_after < 0:
                raise Crash
        return super().popleft()


class _Selector:
    """Stands where asyncio waits for sockets: here time goes on in the environment."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._turns = 0
        self._turns_since = environment.clock.now
        self.pause: Pause | None = None

    def select(self, timeout: float | None) -> list[Any]:
        """Let time go on until the next event, at most for ``timeout`` seconds."""
        clock = self._environment.clock
        if timeout == 0:
            clock.now += TICK
            self._count_turn()
        else:
            self._environment.advance(None if timeout is None else clock.now + timeout)
        self._sleep()
        return []

    def _sleep(self) -> None:
        """Let time go on without the process while that is paused."""
        if (pause := self.pause) is None:
            return
        begin = self._environment.clock.now
        until = begin + pause.seconds
        while self._environment.clock.now < until and self.pause is not None:
            self._environment.advance(until)
        self.pause = None
        if pause.suspended:
            self._environment.clock.suspended_for += self._environment.clock.now - begin

    def _count_turn(self) -> None:
        self._turns += 1
        if self._turns >= MOST_TURNS:
            if self._environment.clock.now - self._turns_since < LIVELOCK_SPAN:
                raise Livelock
            self._turns, self._turns_since = 0, self._environment.clock.now


class VirtualLoop(asyncio.BaseEventLoop):
    """asyncio's own loop but for its clock and its selector."""

    def __init__(self, environment: Environment) -> None:
        super().__init__()
        self._environment = environment
        self._selector = _Selector(environment)
        self._ready: _Ready = _Ready()
        self._clock_resolution = TICK / 10

    def time(self) -> float:
        """Return virtual monotonic seconds."""
        return self._environment.clock.monotonic()

    def pause(self, pause: Pause) -> None:
        """Let the process not run from its next look at its sockets on."""
        self._selector.pause = pause

    def resume(self) -> None:
        """Let a paused process run again."""
        self._selector.pause = None

    def crash_after(self, steps: int) -> None:
        """Kill the process before the given number of further steps is over."""
        self._ready.crash_after = steps

    def cancel_crash(self) -> None:
        """Do not kill the process after all."""
        self._ready.crash_after = None

    def discard(self) -> None:
        """Say nothing of the tasks that the killed process left behind."""
        for task in asyncio.all_tasks(self):
            task._log_destroy_pending = False  # type: ignore[attr-defined]  # asyncio's own flag

    def _process_events(self, event_list: list[Any]) -> None:
        """There are no sockets."""

    def _write_to_self(self) -> None:
        """There are no threads that could wake it."""
