"""Draws what relays make: how each task ends, and when."""

from random import Random

from tests.simulation.relay_server import RelayServer
from tests.simulation.simulated_task import SimulatedTask, mark_of
from tests.simulation.simulation import Simulation
from tests.support.task_endings import TaskEnding

ENDINGS = {
    TaskEnding.SONG: 6,
    TaskEnding.HALF: 1,
    TaskEnding.LYRICS: 2,
    TaskEnding.FAILED: 2,
    TaskEnding.STUCK: 0.4,
    TaskEnding.NEVER: 0.5,
}
TITLES = ("Paper Boats", "City Windows", "纸船", "*Stars* & `code` @everyone", "Zzyzx Road")


def draw_task(
    simulation: Simulation, rng: Random, number: int, active: float, relay: RelayServer
) -> SimulatedTask:
    """Draw a task that somebody submits at a relay within ``active`` seconds."""
    ending = _draw_ending(rng)
    submitted_at = simulation.environment.clock.true_time() + rng.uniform(0, active * 0.8)
    takes = _draw_duration(rng)
    vanishes_at = None
    if rng.random() < 0.08:
        vanishes_at = submitted_at + rng.uniform(1, 2 * takes)
    task_id = f"task-{number}-{rng.getrandbits(40):010x}"
    title = _draw_title(rng, task_id, relay)
    return SimulatedTask(task_id, relay.name, ending, title, submitted_at, takes, vanishes_at)


def draw_twin(rng: Random, task: SimulatedTask, relay: RelayServer) -> SimulatedTask:
    """Draw a task of another relay with the same id, submitted at about the same time."""
    submitted_at = task.submitted_at - rng.uniform(0, 5)
    title = _draw_title(rng, task.id, relay)
    return SimulatedTask(
        task.id, relay.name, _draw_ending(rng), title, submitted_at, _draw_duration(rng)
    )


def _draw_ending(rng: Random) -> TaskEnding:
    (ending,) = rng.choices(list(ENDINGS), weights=list(ENDINGS.values()))
    return ending


def _draw_duration(rng: Random) -> float:
    return rng.choice([rng.uniform(3, 15), rng.uniform(60, 240), rng.uniform(60, 900)])


def _draw_title(rng: Random, task_id: str, relay: RelayServer) -> str:
    """Draw a title with the id, because replies name a task by its title, or none."""
    title = f"{task_id} {rng.choice(TITLES)}" if rng.random() < 0.8 else ""
    return title and f"{title}, {mark_of(relay.name)}"
