"""The result of a benchmark: one row of the table."""

import operator
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module

ENGINES = "engines"
"""The topic whose rows compare PostgreSQL (``ours``) to SQLite (``theirs``)."""


@dataclass(frozen=True, slots=True)
class Row:
    """One measure, and what it was measured against, in the same run on the same machine."""

    topic: str
    """What it belongs to, one word."""
    measure: str
    ours: str
    """The median of ours with its unit, as text."""
    theirs: str
    """The median of the other side, as text; it says what the other side is."""
    ratios: tuple[float, ...]
    """Ours to theirs, one for each repetition."""
    size: str
    """How much there was of everything, and how many repetitions."""
    at_most: float | None = None
    """What the median may be; with neither bound the row is only shown."""
    at_least: float | None = None

    @property
    def ratio(self) -> float:
        """The median of the repetitions."""
        return statistics.median(self.ratios)

    @property
    def spread(self) -> tuple[float, float]:
        """The least and the greatest of the repetitions."""
        return min(self.ratios), max(self.ratios)

    @property
    def bound(self) -> str:
        """What the ratio must be, as text."""
        if self.at_most is not None:
            return f"≤ {self.at_most:g}"
        return "" if self.at_least is None else f"≥ {self.at_least:g}"

    @property
    def kept(self) -> bool:
        """Whether the bound is kept; a row that has none keeps it."""
        if self.at_most is not None:
            return self.ratio <= self.at_most
        return self.at_least is None or self.ratio >= self.at_least


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, ...]:
    """Return the ratios of what was measured in pairs."""
    return tuple(map(operator.truediv, ours, theirs))


def seconds(value: float) -> str:
    """Write a span as a person would."""
    if value >= 100:
        return f"{value:.0f} s"
    if value >= 1:
        return f"{value:.2f} s"
    return f"{value * 1000:.3g} ms" if value >= 0.001 else f"{value * 1e6:.3g} µs"


def measured(topic: str, *, quick: bool) -> list[Row]:
    """Measure a topic: call ``rows`` of the module of that name."""
    rows: list[Row] = import_module(f"benchmarks.{topic}").rows(quick)
    return rows
