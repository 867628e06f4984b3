"""Plays seeds: one in this process, or many in processes of their own."""

import argparse
import gc
import json
import logging
import os
import selectors
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from tests.simulation.injected_bugs import INJECTED_BUGS
from tests.simulation.oracle import find_violations
from tests.simulation.process_environment import environment
from tests.simulation.scenario import draw
from tests.simulation.simulation import WITH_CREATIONS, Result, Simulation

LAST_EVENTS = 60
PROGRESS_EVERY = 500
"""Seeds after which it is told how many have been played."""


def play(
    seed: int, relays: int | None = None, creations: float = WITH_CREATIONS
) -> tuple[Result, Simulation]:
    """Play the simulation of a seed to its end, and judge it.

    ``relays``: how many there are, if that is not left to the seed. ``creations``: in how many
    simulations people create songs and lyrics.
    Nothing is cleared away meanwhile: what killed processes left behind would run on a little.
    """
    gc.disable()
    simulation = Simulation(seed, relays, creations)
    begin = simulation.environment.clock.now
    draw(simulation)
    simulation.play()
    violations = (*simulation.failures, *find_violations(simulation))
    applied = {**simulation.discord_faults.applied, **simulation.relay_faults.applied}
    simulated = simulation.environment.clock.now - begin
    return Result(seed, simulation.trace.digest, simulated, violations, applied), simulation


def main() -> int:
    """Run as the command line says; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seeds", type=int, default=300, help="how many seeds to play")
    parser.add_argument("--first", type=int, default=1, help="the first of them")
    parser.add_argument("--jobs", type=int, default=1, help="in how many processes")
    parser.add_argument("--relays", type=int, help="how many relays, if not as the seed says")
    share = "in how many simulations people create something: 0 in none, 1 in all"
    parser.add_argument("--creations", type=float, default=WITH_CREATIONS, help=share)
    parser.add_argument("--seed", type=int, help="play one seed, and tell all that happens")
    parser.add_argument("--bug", choices=INJECTED_BUGS, help="inject a bug, which must be found")
    parser.add_argument("--step", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.bug:
        INJECTED_BUGS[options.bug]()
    if options.step is not None:
        seeds = range(options.first, options.first + options.seeds, options.step)
        _work(seeds, options.relays, options.creations)
    inherited = ["--creations", str(options.creations)]
    inherited += ["--bug", options.bug] if options.bug else []
    inherited += ["--relays", str(options.relays)] if options.relays else []
    if options.seed is None:
        return _many(options.first, options.seeds, options.jobs, inherited)
    if os.environ.get("PYTHONHASHSEED") != "0":
        return subprocess.call(_command("--seed", options.seed, *inherited), env=environment())
    return _replay(options.seed, options.relays, options.creations)


def _command(*options: object) -> list[str]:
    return [sys.executable, "-m", "tests.simulation", *map(str, options)]


def _replay(seed: int, relays: int | None, creations: float) -> NoReturn:
    """Play one seed, and tell all that happened."""
    result, simulation = play(seed, relays, creations)
    tell = sys.stdout.write
    for line in simulation.trace.lines:
        tell(f"{line}\n")
    for action in _actions_of_people(simulation):
        tell(f"action {action}\n")
    tell(f"seed {seed}: {result.simulated / 3600:.1f} h, trace {result.digest}\n")
    for violation in result.violations:
        tell(f"VIOLATED {violation}\n")
    sys.stdout.flush()
    os._exit(1 if result.violations else 0)  # nothing has to be cleared away


def _actions_of_people(simulation: Simulation) -> Iterator[object]:
    """Yield what people did, to be told as text."""
    yield from simulation.users.actions
    yield from simulation.accounts.changes
    yield from simulation.creations.attempts
    yield from simulation.file_presses.all


def _work(seeds: range, relays: int | None, creations: float) -> NoReturn:
    """Play seeds, and write a line of JSON for each."""
    gc.freeze()  # all that was imported stays
    for seed in seeds:
        result, simulation = play(seed, relays, creations)
        failed = bool(result.violations)
        last = list(simulation.trace.lines)[-LAST_EVENTS:] if failed else []
        line = {
            "seed": seed,
            "digest": result.digest,
            "simulated": result.simulated,
            "violations": result.violations,
            "struck": result.applied,
            "last": last,
        }
        sys.stdout.write(f"{json.dumps(line)}\n")
        sys.stdout.flush()
        del result, simulation
        _clear_away()
    os._exit(0)  # as above


def _clear_away() -> None:
    """Take away what killed processes left behind, which complains about that."""
    said, sys.unraisablehook = sys.unraisablehook, lambda _: None
    logging.disable()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()
    logging.disable(logging.NOTSET)
    sys.unraisablehook = said


def _many(first: int, seeds: int, jobs: int, inherited: Sequence[str]) -> int:
    """Play many seeds, in processes of their own; return 1 if any of them failed.

    ``inherited``: the options that the processes have too.
    """
    began, simulated, failed, played = time.perf_counter(), 0.0, 0, 0
    workers = [
        subprocess.Popen(
            _command("--first", first + job, "--seeds", seeds - job, "--step", jobs, *inherited),
            env=environment(),
            stdout=subprocess.PIPE,
            text=True,
        )
        for job in range(jobs)
    ]
    for line in _lines(workers):
        result = json.loads(line)
        played += 1
        simulated += result["simulated"]
        if result["violations"]:
            failed += 1
            _tell(result)
        if played % PROGRESS_EVERY == 0:
            sys.stdout.write(f"{played} seeds played, {failed} failed\n")
            sys.stdout.flush()
    crashed = any(worker.wait() for worker in workers)
    spent = time.perf_counter() - began
    sys.stdout.write(
        f"{played} seeds, {failed} failed; {simulated / 86400:.1f} simulated days in {spent:.0f} s"
        f" ({played / spent:.1f} seeds a second, {simulated / 1440 / spent:.0f} days a minute)\n"
    )
    return 1 if failed or crashed or played < seeds else 0


def _lines(workers: "list[subprocess.Popen[str]]") -> Iterator[str]:
    """Yield the lines of all workers as they come."""
    with selectors.DefaultSelector() as selector:
        for worker in workers:
            assert worker.stdout is not None
            selector.register(worker.stdout, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select():
                line = key.fileobj.readline()  # type: ignore[union-attr]  # a pipe
                if line:
                    yield line
                else:
                    selector.unregister(key.fileobj)


def _tell(result: dict[str, Any]) -> None:
    tell = sys.stdout.write
    for line in result["last"]:
        tell(f"    {line}\n")
    for violation in result["violations"]:
        tell(f"seed {result['seed']} VIOLATED {violation}\n")
    sys.stdout.flush()
