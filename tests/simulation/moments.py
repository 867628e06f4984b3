"""Draws the moments at which something happens, and lets the process die at some of them."""

from functools import partial
from random import Random

from tests.simulation.clock import EPOCH
from tests.simulation.simulation import Simulation


def draw_moment(simulation: Simulation, rng: Random, begin: float, active: float) -> float:
    """Return a monotonic time, mostly one at which there is something to do."""
    if rng.random() < 0.3:
        return begin + rng.uniform(0, active)
    task = rng.choice(simulation.tasks)
    ends_at = task.submitted_at + task.takes * rng.choice([0, 1, 1, 1])
    return max(ends_at - EPOCH + rng.uniform(-20, 10), begin)


def draw_deaths(simulation: Simulation, rng: Random, begin: float, active: float) -> None:
    """Let the process be killed at any step, or told to stop, some times."""
    for _ in range(rng.choice([0, 0, 1, 2, 4])):
        draw_death(simulation, rng, draw_moment(simulation, rng, begin, active))


def draw_death(simulation: Simulation, rng: Random, at: float) -> None:
    """Let the process die soon after a monotonic time."""
    steps = rng.choice([rng.randint(0, 40), rng.randint(0, 400)])
    restart_delay = rng.choice([2.0, 5.0, rng.uniform(5, 900)])
    orderly = rng.random() < 0.25
    simulation.environment.at(at, partial(_die, simulation, steps, restart_delay, orderly=orderly))


def _die(simulation: Simulation, steps: int, restart_delay: float, *, orderly: bool) -> None:
    if simulation.process is None or simulation.faults_stopped:
        return
    simulation.supervisor.min_restart_delay = restart_delay
    if orderly:
        simulation.trace.note("told to stop")
        simulation.process.stop()
    else:
        simulation.process.loop.crash_after(steps)
