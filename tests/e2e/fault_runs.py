"""Runs a journey without a fault, counts its writes to the database, and lets each of them fail.

A journey is a function: it runs with its database in a folder, perhaps with a fault, and audits
what is left. The command of a crash test injects a fault into every call, its test into a sample.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

import click

from tests.support.write_faults import (
    WriteFault,
    WriteFaultKind,
    possible_faults,
    unavailable_reason,
)


class FaultResult(Protocol):
    """What is known of a journey that has ended."""

    @property
    def fault(self) -> WriteFault | None:
        """The fault that was to happen in it."""

    @property
    def injected(self) -> bool:
        """Whether the fault happened."""

    @property
    def violations(self) -> tuple[str, ...]:
        """What the audit found."""

    @property
    def calls(self) -> dict[str, int]:
        """How often the process made each system call, see ``count_calls``."""


R = TypeVar("R", bound=FaultResult)
RunJourney = Callable[[Path, WriteFault | None], Coroutine[Any, Any, R]]
"""Runs a journey with its database in a folder, perhaps with a fault, and audits it."""


async def run_journeys(
    run: RunJourney[R],
    faults: Sequence[WriteFault],
    folder: Path,
    jobs: int,
    on_result: Callable[[R], None],
) -> None:
    """Run a journey with each fault, ``jobs`` at a time."""
    slots = asyncio.Semaphore(jobs)

    async def run_one(fault: WriteFault) -> None:
        async with slots:
            name = str(fault).replace(" ", "-")
            on_result(await run(Path(tempfile.mkdtemp(prefix=f"{name}-", dir=folder)), fault))

    await asyncio.gather(*map(run_one, faults))


async def run_sample(
    run: RunJourney[R], sample: Sequence[tuple[WriteFaultKind, str, float]], folder: Path
) -> list[R]:
    """Run a journey without a fault, and once for each fault of a sample.

    ``sample``: kinds of faults, calls, and which part of these calls precedes the fault. How often
    a journey makes a call depends on its timing, so what it does not reach is injected again, at
    half the number of calls, until it happens. Returns the journeys in which it did, and all with
    violations.
    """
    (folder / "no-fault").mkdir()
    results = [await run(folder / "no-fault", None)]
    calls = results[0].calls
    faults = [WriteFault(kind, call, round(part * calls[call])) for kind, call, part in sample]
    while faults:
        journeys: list[R] = []
        await run_journeys(run, faults, folder, 2, journeys.append)
        results += [each for each in journeys if each.injected or each.violations]
        missed = [each.fault for each in journeys if each.fault and not each.injected]
        faults = [replace(each, number=each.number // 2) for each in missed if each.number > 1]
    return results


def violations_by_fault(results: Sequence[FaultResult]) -> dict[str, tuple[str, ...]]:
    """Return the violations by the fault that caused them."""
    return {str(each.fault): each.violations for each in results if each.violations}


def fault_options(main: Callable[..., None]) -> Callable[..., None]:
    """Add the options of ``inject_faults`` to a command."""
    folder = click.Path(path_type=Path)
    for option in (
        click.option("--folder", type=folder, help="Keep databases and logs there."),
        click.option("--jobs", default=2, show_default=True, help="Journeys at a time."),
        click.option("--skip", default=0, show_default=True, help="The first, to run in parts."),
        click.option("--every", default=1, show_default=True, help="Only every n-th call."),
        click.option("--kinds", default="kill,eio,enospc", show_default=True, help="Also full."),
    ):
        main = option(main)
    return main


def command(run: RunJourney[R]) -> click.Command:
    """Return the command that injects a fault into every write of a journey to the database."""

    @click.command()
    @fault_options
    def main(**options: Any) -> None:
        """Inject a fault into every write to the database, and audit what is left."""
        inject_faults(run, **options)

    return main


def inject_faults(
    run: RunJourney[R], *, kinds: str, every: int, skip: int, jobs: int, folder: Path | None
) -> None:
    """Run a journey with each fault, report what was violated, and exit with 1 if anything was.

    ``kinds``: of faults, separated by commas. All but every ``every``-th fault are left out, and
    the first ``skip``.
    """
    started_at = time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        place = folder or Path(temporary)
        (place / "no-fault").mkdir(parents=True)
        if reason := unavailable_reason(place / "no-fault"):
            raise click.ClickException(reason)
        results = [asyncio.run(run(place / "no-fault", None))]
        fault_kinds = [WriteFaultKind(kind) for kind in kinds.split(",")]
        faults = list(possible_faults(results[0].calls, fault_kinds))
        on_result = _collector(results)
        asyncio.run(run_journeys(run, faults[skip::every], place, jobs, on_result))
    violating = [result for result in results if result.violations]
    click.echo(f"{len(results) - 1:>8} journeys with a fault, of {len(faults)} possible")
    click.echo(f"{sum(result.injected for result in results):>8} in which it happened")
    click.echo(f"{len(violating):>8} with violations")
    click.echo(f"{time.monotonic() - started_at:>8.0f} seconds")
    sys.exit(1 if violating else 0)


def _collector(results: list[R]) -> Callable[[R], None]:
    """Return what adds a result to the others, and prints at once what it violates."""

    def on_result(result: R) -> None:
        results.append(result)
        for violation in result.violations:
            click.echo(f"{result.fault}: {violation}", err=True)

    return on_result
