"""Disruptions: every error of both protocols and of the machine.

A disruption begins at some time, affects a request, a task, a channel or a user, and ends by
itself, at the latest when the scenario stops all faults.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.simulation.faults import Effect, Fault, FaultInjector, Request
from tests.simulation.simulation import Simulation

HTML = b"<!DOCTYPE html><html><body><h1>Bad gateway</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Scope:
    """A named subset of the requests."""

    name: str
    holds: Callable[[Request], bool]


@dataclass(frozen=True, slots=True)
class ActiveDisruption:
    """One disruption with its random numbers and its duration (seconds)."""

    simulation: Simulation
    rng: Random
    seconds: float

    def at_end(self, end: Callable[[], object], at_most: float | None = None) -> None:
        """Call ``end`` when the disruption is over, after ``at_most`` seconds at the latest."""
        self.simulation.environment.after(min(self.seconds, at_most or self.seconds), end)

    def add(self, injector: FaultInjector, fault: Fault, at_most: float | None = None) -> None:
        """Keep a fault active until the disruption is over."""
        injector.add(fault)
        self.at_end(lambda: injector.remove(fault), at_most)

    def apply_effect(
        self, injector: FaultInjector, scope: Scope, name: str, effect: Effect
    ) -> None:
        """Apply an effect to all requests of a scope, to some, or only to the next."""
        chance = self.rng.choice([1.0, 1.0, 0.5, 0.2])
        times = self.rng.choice([None, None, 1, 2, 6])
        self.add(injector, Fault(f"{name} {scope.name}", scope.holds, effect, chance, times))


Disruption = Callable[[ActiveDisruption], None]


def start_disruption(
    simulation: Simulation,
    disruption_kinds: tuple[Disruption, ...],
    rng: Random,
    at: float,
    longer: float = 0.0,
) -> None:
    """Draw a disruption and schedule it at a monotonic time.

    ``longer`` is added to its duration (seconds).
    """
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
