"""What can go wrong: every error of both protocols, and of the machine.

A trouble begins at some time, is bound to a request, a task, a channel or a person, and ends by
itself, at the latest when the story heals.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.simulation.faults import Effect, Fault, FaultInjector, Request
from tests.simulation.simulation import Simulation

HTML = b"<!DOCTYPE html><html><body><h1>Bad gateway</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Scope:
    """Some of the requests, and a name for them."""

    name: str
    holds: Callable[[Request], bool]


@dataclass(frozen=True, slots=True)
class ActiveDisruption:
    """The moment at which a trouble begins, and for how long it lasts."""

    simulation: Simulation
    rng: Random
    seconds: float

    def later(self, end: Callable[[], object], at_most: float | None = None) -> None:
        """Call ``end`` when the trouble is over."""
        self.simulation.environment.after(min(self.seconds, at_most or self.seconds), end)

    def add(self, board: FaultInjector, fault: Fault, at_most: float | None = None) -> None:
        """Let a fault strike until the trouble is over."""
        board.add(fault)
        self.later(lambda: board.remove(fault), at_most)

    def strike(self, board: FaultInjector, scope: Scope, name: str, effect: Effect) -> None:
        """Let requests meet an effect: all of them, or some, or only the next."""
        chance = self.rng.choice([1.0, 1.0, 0.5, 0.2])
        times = self.rng.choice([None, None, 1, 2, 6])
        self.add(board, Fault(f"{name} {scope.name}", scope.holds, effect, chance, times))


Disruption = Callable[[ActiveDisruption], None]


def start_disruption(
    simulation: Simulation,
    disruption_kinds: tuple[Disruption, ...],
    rng: Random,
    at: float,
    longer: float = 0.0,
) -> None:
    """Draw a trouble, and let it begin at a monotonic time; it may last so much ``longer``."""
    disruption_kind = rng.choice(disruption_kinds)
    seconds = rng.choice([rng.uniform(5, 60), rng.uniform(60, 600), rng.uniform(600, 3000)])
    disruption = ActiveDisruption(simulation, Random(rng.getrandbits(64)), seconds + longer)

    def begin() -> None:
        if not simulation.faults_stopped:
            simulation.trace.note(
                f"trouble {disruption_kind.__name__} for {disruption.seconds:.0f} s"
            )
            disruption_kind(disruption)

    simulation.environment.at(at, begin)
