"""``python -m benchmarks``: measure, and print the table."""

import multiprocessing
import os
import platform
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

import click
from rich.console import Console
from rich.table import Table

from benchmarks.rows import Row, measured

TOPICS = (
    *("detection", "decode", "looking", "answering", "delivery"),
    *("restart", "storage", "memory", "accounts"),
)
COLUMNS = ("", "measure", "ours", "against", "ratio", "spread", "bound", "size")


@click.command()
@click.argument("topics", nargs=-1, type=click.Choice(TOPICS))
@click.option("--quick", is_flag=True, help="Small sizes: shows that everything runs.")
@click.option("--markdown", is_flag=True, help="Print the table as it stands in the docs.")
def main(topics: Sequence[str], *, quick: bool, markdown: bool) -> None:
    """Measure TOPICS (all of them by default) and print one table."""
    started = time.perf_counter()
    console, progress = Console(width=None if sys.stdout.isatty() else 200), Console(stderr=True)
    found: list[Row] = []
    for topic in topics or TOPICS:
        progress.print(f"Measuring {topic} …", style="dim")
        found += _in_a_process_of_its_own(topic, quick=quick)
    if markdown:
        sys.stdout.write(as_markdown(found))
    else:
        console.print(_table(found))
    taken = time.perf_counter() - started
    progress.print(
        f"{taken:.0f} s on {os.cpu_count()} cores, Python {platform.python_version()}", style="dim"
    )


def _in_a_process_of_its_own(topic: str, *, quick: bool) -> list[Row]:
    """Measure a topic where nothing of another is left in memory."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as process:
        return process.submit(measured, topic, quick=quick).result()


def _cells(row: Row) -> tuple[str, ...]:
    low, high = row.spread
    mark = "" if not row.bound else "✓ " if row.kept else "✗ "
    return (
        row.topic,
        row.measure,
        row.ours,
        row.theirs,
        f"{row.ratio:.3g} ×",
        f"{low:.3g}–{high:.3g}",
        f"{mark}{row.bound}" or "none",
        row.size,
    )


def _table(rows: Sequence[Row]) -> Table:
    table = Table(*COLUMNS)
    for row in rows:
        table.add_row(*_cells(row), style="" if row.kept else "bold red")
    return table


def as_markdown(rows: Sequence[Row]) -> str:
    """Return the table in Markdown."""
    lines = [COLUMNS, ("---",) * len(COLUMNS), *map(_cells, rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    main()
