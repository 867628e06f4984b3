"""The command line of the chaos test of several processes."""

import asyncio
import sys
import tempfile
from math import inf
from pathlib import Path

import click

from tests.e2e.cluster_chaos.leader import describe
from tests.e2e.cluster_chaos.runner import Report, run_cluster_chaos
from tests.support.postgres_server import find_binaries


@click.command()
@click.option("--rounds", default=200, show_default=True, help="How many rounds.")
@click.option("--seed", default=1, show_default=True, help="What happens in them.")
@click.option("--minutes", default=inf, help="Begin no round after so many minutes.")
@click.option("--verbose", is_flag=True, help="Print every event as it happens.")
@click.option("--folder", type=click.Path(path_type=Path), help="Keep the logs there.")
def main(rounds: int, seed: int, minutes: float, verbose: bool, folder: Path | None) -> None:
    """Let processes and PostgreSQL fail, and check that all ends in one true notice each."""
    if find_binaries() is None:
        raise click.UsageError("PostgreSQL is not installed.")
    with tempfile.TemporaryDirectory() as temporary:
        working_folder = folder or Path(temporary)
        working_folder.mkdir(parents=True, exist_ok=True)
        on_event = click.echo if verbose else lambda _: None
        run = run_cluster_chaos(
            working_folder, seed=seed, rounds=rounds, minutes=minutes, on_event=on_event
        )
        report = asyncio.run(run)
    _print_report(report)
    if report.violations:
        click.echo(f"\nThe guarantee was violated with --seed {seed} --rounds {rounds}:", err=True)
        for violation in report.violations:
            click.echo(f"- {violation}", err=True)
        sys.exit(1)


def _print_report(report: Report) -> None:
    audit = report.audit
    found = {"lost": audit.lost, "duplicated": audit.duplicated, "wrong": audit.wrong}
    counts = {name: len(lines) for name, lines in found.items()}
    for name, value in (report.metrics | counts).items():
        click.echo(f"{value:>10} {name}")
    click.echo("\nUntil another session leads, after:")
    for line in describe(report.failovers):
        click.echo(f"- {line}")
    for line, count in report.tracebacks.most_common():
        click.echo(f"{count} tracebacks in the logs: {line}")


if __name__ == "__main__":
    main()
