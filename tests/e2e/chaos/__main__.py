"""The command line of the chaos test."""

import asyncio
import sys
import tempfile
from pathlib import Path

import click

from tests.e2e.chaos.runner import Report, run_chaos


@click.command()
@click.option("--rounds", default=200, show_default=True, help="How many rounds.")
@click.option("--seed", default=1, show_default=True, help="What happens in them.")
@click.option("--verbose", is_flag=True, help="Print every event as it happens.")
@click.option("--folder", type=click.Path(path_type=Path), help="Keep database and log there.")
def main(rounds: int, seed: int, verbose: bool, folder: Path | None) -> None:
    """Inject faults for some rounds, and check that each watch ends in exactly one true notice."""
    with tempfile.TemporaryDirectory() as temporary:
        working_folder = folder or Path(temporary)
        working_folder.mkdir(parents=True, exist_ok=True)
        on_event = click.echo if verbose else lambda _: None
        run = run_chaos(working_folder, seed=seed, rounds=rounds, on_event=on_event)
        report = asyncio.run(run)
    _print_report(report)
    if report.violations:
        click.echo(f"\nThe guarantee was violated with --seed {seed} --rounds {rounds}:", err=True)
        for violation in report.violations:
            click.echo(f"- {violation}", err=True)
        sys.exit(1)


def _print_report(report: Report) -> None:
    for name, value in report.metrics.items():
        click.echo(f"{value:>10} {name}")
    audit = report.audit
    for name, found in (
        ("lost", audit.lost),
        ("duplicated", audit.duplicated),
        ("wrong", audit.wrong),
    ):
        click.echo(f"{len(found):>10} {name}")


if __name__ == "__main__":
    main()
