"""``python -m benchmarks``: measure, and print the table."""

import multiprocessing
import os
import platform
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor

import click
from rich.console import Console
from rich.table import Table

from benchmarks.rows import ENGINES, Row, measured

TOPICS = (
    *("detection", "decode", "looking", "answering", "delivery"),
    *("restart", "storage", "memory", "accounts", ENGINES),
)
COLUMNS = ("", "measure", "ours", "against", "ratio", "spread", "bound", "size")
ENGINE_COLUMNS = ("", "measure", "SQLite", "PostgreSQL", "ratio", "spread", "size")


@click.command()
@click.argument("topics", nargs=-1, type=click.Choice(TOPICS))
@click.option("--quick", is_flag=True, help="Small sizes: shows that everything runs.")
@click.option("--markdown", is_flag=True, help="Print the table as it stands in the docs.")
def main(topics: Sequence[str], *, quick: bool, markdown: bool) -> None:
    """Measure TOPICS (all of them by default); print one table, and one of the two engines."""
    started = time.perf_counter()
    console, progress = Console(width=None if sys.stdout.isatty() else 200), Console(stderr=True)
    found: list[Row] = []
    for topic in topics or TOPICS:
        progress.print(f"Measuring {topic} …", style="dim")
        found += _in_a_process_of_its_own(topic, quick=quick)
    for columns, rows in _tables(found):
        if markdown:
            sys.stdout.write(as_markdown(columns, rows))
        else:
            console.print(_table(columns, rows))
    taken = time.perf_counter() - started
    progress.print(
        f"{taken:.0f} s on {os.cpu_count()} cores, Python {platform.python_version()}", style="dim"
    )


def _in_a_process_of_its_own(topic: str, *, quick: bool) -> list[Row]:
    """Measure a topic where nothing of another is left in memory."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as process:
        return process.submit(measured, topic, quick=quick).result()


def _tables(rows: Sequence[Row]) -> Iterator[tuple[Sequence[str], Sequence[Row]]]:
    """Yield the columns and the rows of each table that is not empty."""
    for columns, of_engines in ((COLUMNS, False), (ENGINE_COLUMNS, True)):
        if those := [row for row in rows if (row.topic == ENGINES) == of_engines]:
            yield columns, those


def _cells(row: Row) -> tuple[str, ...]:
    low, high = row.spread
    ratio, spread = f"{row.ratio:.3g} ×", f"{low:.3g}–{high:.3g}"
    if row.topic == ENGINES:
        return row.topic, row.measure, row.theirs, row.ours, ratio, spread, row.size
    mark = "" if not row.bound else "✓ " if row.kept else "✗ "
    return (
        row.topic,
        row.measure,
        row.ours,
        row.theirs,
        ratio,
        spread,
        f"{mark}{row.bound}" or "none",
        row.size,
    )


def _table(columns: Sequence[str], rows: Sequence[Row]) -> Table:
    table = Table(*columns)
    for row in rows:
        table.add_row(*_cells(row), style="" if row.kept else "bold red")
    return table


def as_markdown(columns: Sequence[str], rows: Sequence[Row]) -> str:
    """Return a table in Markdown."""
    lines = [columns, ("---",) * len(columns), *map(_cells, rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    main()
