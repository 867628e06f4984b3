"""The figure of how costs grow: small multiples, both axes logarithmic."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

COLUMNS = 3
_COLOURS = ("#1f6feb", "#bc4c00")
_QUIET = "#6e7781"


@dataclass(frozen=True, slots=True)
class Line:
    """What was measured at each size, every repetition of it."""

    name: str
    """Empty where a panel has one line only."""
    points: Mapping[int, Sequence[float]]


@dataclass(frozen=True, slots=True)
class Panel:
    """One small diagram."""

    title: str
    """With the unit."""
    across: str
    """What there is more and more of."""
    lines: Sequence[Line]


def draw(panels: Sequence[Panel], caption: str, to: Path) -> None:
    """Draw medians as lines, the middle half of the repetitions as bands; write the file ``to``."""
    rows = math.ceil(len(panels) / COLUMNS)
    with mpl.rc_context({"font.size": 9, "svg.hashsalt": "growth"}):  # the same file each time
        layout = ConstrainedLayoutEngine(h_pad=0.12, w_pad=0.12)
        figure = Figure(figsize=(3.3 * COLUMNS, 2.6 * rows), layout=layout)
        grid = figure.subplots(rows, COLUMNS, squeeze=False)
        for axes, panel in zip(grid.flat, panels, strict=False):
            _draw_panel(axes, panel)
        for axes in grid.flat[len(panels) :]:
            axes.set_axis_off()
        figure.supxlabel(caption, fontsize=8, color=_QUIET)
        metadata = {"Date": None} if to.suffix == ".svg" else None
        figure.savefig(to, facecolor="white", dpi=160, metadata=metadata)


def _draw_panel(axes: Axes, panel: Panel) -> None:
    axes.set(xscale="log", yscale="log", xlabel=panel.across)
    axes.set_title(panel.title, loc="left", fontsize=9.5, pad=10)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(color=_QUIET)
    values: list[float] = []
    for number, line in enumerate(panel.lines):
        values += _draw_line(axes, line, number)
    axes.set_ylim(*_decades(values, 1.5 if len(panel.lines) == 1 else 6))
    sizes = sorted({size for line in panel.lines for size in line.points})
    axes.set_xticks(sizes, [_short(size) for size in sizes])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_locator(LogLocator())
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.grid(axis="y", color="#d0d7de", linewidth=0.6)
    axes.margins(x=0.12)


def _draw_line(axes: Axes, line: Line, number: int) -> list[float]:
    """Draw a line with its numbers, those of a second one below it; return all heights of it."""
    colour = _COLOURS[number]
    sizes = sorted(line.points)
    lows, medians, highs = zip(*(_quartiles(line.points[size]) for size in sizes), strict=True)
    axes.fill_between(sizes, lows, highs, color=colour, alpha=0.15, linewidth=0)
    axes.plot(sizes, medians, color=colour, marker="o", markersize=4, linewidth=1.5)
    for size, median in zip(sizes, medians, strict=True):
        above = (0, -13 if number else 6)
        axes.annotate(
            _two_digits(median),
            (size, median),
            above,
            textcoords="offset points",
            ha="center",
            fontsize=8,
        )
    axes.text(0.04, 0.9 - 0.1 * number, line.name, transform=axes.transAxes, color=colour)
    return [*lows, *highs]


def _quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    if len(values) == 1:
        return (values[0],) * 3
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, median, high


def _decades(values: Sequence[float], room: float) -> tuple[float, float]:
    """Return whole powers of ten, two at least: below the values, and ``room`` times above them."""
    low = math.floor(math.log10(min(values) * 0.9))
    high = math.ceil(math.log10(max(values) * room))
    return 10.0 ** min(low, high - 2), 10.0**high


def _two_digits(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def _short(size: int) -> str:
    """Return a size as it has room under an axis, such as ``100k``."""
    for unit, name in ((1_000_000, "M"), (1_000, "k")):
        if size >= unit:
            return f"{size // unit}{name}"
    return str(size)
