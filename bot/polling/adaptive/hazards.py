"""How likely a task of some age is to end: learned from every look. Pure; all spans are seconds.

A life table: for each span of age, how many tasks ended in it, and for how long tasks were seen to
live through it. Tasks that still run teach as much as those that ended, so that a relay that turns
slow is noticed before anything has ended.
"""

from bisect import bisect_right
from itertools import pairwise

MAX_AGE = 86_400.0
"""Ages beyond are told apart no more."""

_ENOUGH = 100.0
"""Ends after which a span forgets half of what it knows: old evidence makes room for new."""

_GROWTH = 1.08
_YOUNG = 10.0


def _edges() -> tuple[float, ...]:
    edges = [0.0, 1.0]
    while edges[-1] < MAX_AGE:
        edges.append(max(edges[-1] * _GROWTH, edges[-1] + 1))
    return tuple(edges)


_EDGES = _edges()
_WIDTHS = [older - younger for younger, older in pairwise(_EDGES)]
_TYPICAL = [max((younger + older) / 2, _YOUNG) for younger, older in pairwise(_EDGES)]
_LAST = len(_WIDTHS) - 1


class HazardEstimator:
    """The hazard (ends a second) at every age of the tasks of one kind."""

    def __init__(self) -> None:
        self._ends = [0.0] * len(_WIDTHS)
        self._lived = [0.0] * len(_WIDTHS)

    def lived(self, since: float, until: float) -> None:
        """Note that a task ran on between two ages."""
        since = max(since, 0.0)
        span = _span(since)
        while since < until:
            upto = min(until, _EDGES[span + 1]) if span < _LAST else until
            self._lived[span] += upto - since
            if self._lived[span] > _ENOUGH * _TYPICAL[span]:
                self._forget_half(span)
            since, span = upto, span + 1

    def ended(self, age: float) -> None:
        """Note that a task ended at an age."""
        span = _span(max(age, 0.0))
        self._ends[span] += 1
        if self._ends[span] > _ENOUGH:
            self._forget_half(span)

    def at(self, age: float) -> float:
        """Return how likely a task of this age is to end within a second."""
        span = _span(age)
        # As if, besides, one task had lived through every age, ending by one over its age: until
        # something is known, what is older is expected to take longer.
        width = _WIDTHS[span]
        return (self._ends[span] + width / _TYPICAL[span]) / (self._lived[span] + width)

    def _forget_half(self, span: int) -> None:
        self._ends[span] /= 2
        self._lived[span] /= 2


def _span(age: float) -> int:
    return min(bisect_right(_EDGES, age) - 1, _LAST)
