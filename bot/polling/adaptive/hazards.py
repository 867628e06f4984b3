"""Estimates how likely a task of some age is to end, from every poll. Pure; all spans in seconds.

The estimate is a life table: for each span of ages, how many tasks ended in it, and for how long
tasks were observed to run in it. Tasks that still run count as much as those that ended, so that a
relay that becomes slow is noticed before anything has ended.
"""

from bisect import bisect_right
from itertools import pairwise

MAX_AGE = 86_400.0
"""Ages beyond are not distinguished."""

_ENOUGH = 100.0
"""Ends after which the counts of a span are halved, so that recent observations weigh more."""

_GROWTH = 1.08
"""The ratio of two consecutive edges, except that spans are at least a second wide."""
_YOUNG = 10.0
"""Ages below count as this in the prior: no task is expected to end at once."""


def _edges() -> tuple[float, ...]:
    edges = [0.0, 1.0]
    while edges[-1] < MAX_AGE:
        edges.append(max(edges[-1] * _GROWTH, edges[-1] + 1))
    return tuple(edges)


_EDGES = _edges()
_WIDTHS = [older - younger for younger, older in pairwise(_EDGES)]
_MEAN_AGES = [max((younger + older) / 2, _YOUNG) for younger, older in pairwise(_EDGES)]
_LAST = len(_WIDTHS) - 1


class HazardEstimator:
    """The hazard (ends per second) at every age of the tasks of one kind."""

    def __init__(self) -> None:
        self._ends = [0.0] * len(_WIDTHS)
        self._running_seconds = [0.0] * len(_WIDTHS)

    def record_running(self, since: float, until: float) -> None:
        """Record that a task ran between two ages."""
        since = max(since, 0.0)
        span = _span(since)
        while since < until:
            upto = min(until, _EDGES[span + 1]) if span < _LAST else until
            self._running_seconds[span] += upto - since
            if self._running_seconds[span] > _ENOUGH * _MEAN_AGES[span]:
                self._halve(span)
            since, span = upto, span + 1

    def record_end(self, age: float) -> None:
        """Record that a task ended at an age."""
        span = _span(max(age, 0.0))
        self._ends[span] += 1
        if self._ends[span] > _ENOUGH:
            self._halve(span)

    def at(self, age: float) -> float:
        """Return the probability that a task of this age ends within a second."""
        span = _span(age)
        # The prior is one task that ran through every age with a hazard of one over its age: until
        # something is known, an older task is expected to take longer.
        width = _WIDTHS[span]
        return (self._ends[span] + width / _MEAN_AGES[span]) / (self._running_seconds[span] + width)

    def _halve(self, span: int) -> None:
        self._ends[span] /= 2
        self._running_seconds[span] /= 2


def _span(age: float) -> int:
    return min(bisect_right(_EDGES, age) - 1, _LAST)
