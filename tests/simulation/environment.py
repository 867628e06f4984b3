"""What surrounds the bot: its clock, the events to come, its random numbers and its trace."""

import heapq
import itertools
import random
from collections.abc import Callable

from tests.simulation.clock import VirtualClock
from tests.simulation.trace import Trace


class SimulationEnded(BaseException):
    """The simulation is over."""


class SimulationBroken(BaseException):
    """The simulation itself has a fault, whatever the bot does."""


class Environment:
    """Time and chance: everything outside the bot happens as an event of this queue."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.clock = VirtualClock()
        self.trace = Trace(self.clock)
        self._events: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = itertools.count()

    def rng(self, purpose: str) -> random.Random:
        """Return random numbers for one purpose only, so that one use does not shift another."""
        return random.Random(f"{self.seed}/{purpose}")

    def at(self, when: float, happen: Callable[[], object]) -> None:
        """Let something happen at a monotonic time."""
        heapq.heappush(self._events, (max(when, self.clock.now), next(self._numbers), happen))

    def after(self, seconds: float, happen: Callable[[], object]) -> None:
        """Let something happen after some seconds."""
        self.at(self.clock.now + seconds, happen)

    def advance(self, until: float | None) -> None:
        """Let time pass until the next event has happened, but not beyond ``until``."""
        if not self._events and until is None:
            raise SimulationEnded
        if until is not None and (not self._events or self._events[0][0] > until):
            self.clock.now = max(self.clock.now, until)
            return
        when, _, happen = heapq.heappop(self._events)
        self.clock.now = max(self.clock.now, when)
        try:
            happen()
        except Exception as error:
            raise SimulationBroken from error

    def sleep_until(self, until: float) -> None:
        """Let everything happen up to a time while no process runs."""
        while self.clock.now < until:
            self.advance(until)
