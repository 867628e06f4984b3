"""The best ages to look at a task, at a price for each look. Pure; all spans are seconds.

The cost of a timetable is the delay until the end of a task is seen, and the price of every look
until then. Dynamic programming from the greatest age down finds the timetable that costs least:
the optimal inspection policy of Barlow, Hunter and Proschan, for a hazard that was learned.
"""

import math
from bisect import bisect_right
from collections.abc import Callable
from itertools import pairwise

from bot.polling.adaptive.hazards import MAX_AGE

MAX_WAIT = 300.0


def _ages() -> tuple[float, ...]:
    """Return ages a second apart for the young, two per cent for the old: finer helps nobody."""
    ages = [0.0]
    while ages[-1] < MAX_AGE:
        ages.append(ages[-1] + (1 if ages[-1] < 16 else max(2.0, ages[-1] * 0.02)))
    return tuple(ages)


_AGES = _ages()


class InspectionPolicy:
    """When to look next at a task that still ran at some age."""

    def __init__(self, hazard: Callable[[float], float], price: float) -> None:
        """Find the waits. ``hazard``: ends a second at an age; ``price``: seconds of delay."""
        self._waits = _best_waits(*_survival(hazard), price)

    def wait(self, age: float) -> float:
        """Return how long to wait after a look at this age."""
        before = min(bisect_right(_AGES, age) - 1, len(_AGES) - 2)
        younger, older = _AGES[before], _AGES[before + 1]
        share = min((age - younger) / (older - younger), 1.0)
        look_at = (younger + self._waits[before]) * (1 - share)
        look_at += (older + self._waits[before + 1]) * share
        wait = look_at - age if age < older else self._waits[before + 1]
        return min(max(wait, 0.0), MAX_WAIT)


def _survival(hazard: Callable[[float], float]) -> tuple[list[float], list[float]]:
    """Return for each age the share of tasks that live to it, and the integral of that share."""
    shares, lives = [1.0], [0.0]
    for younger, older in pairwise(_AGES):
        width = older - younger
        ends = hazard((younger + older) / 2) * width
        share = shares[-1] * math.exp(-ends)
        shares.append(max(share, 1e-200))
        lives.append(lives[-1] + width * (shares[-2] - share) / ends)
    return shares, lives


def _best_waits(shares: list[float], lives: list[float], price: float) -> list[float]:
    """Return the best wait at each age, from the last one down."""
    oldest = len(_AGES) - 1
    costs = [0.0] * (oldest + 1)  # to come for a task that runs at this age
    waits = [MAX_WAIT] * (oldest + 1)
    for this in range(oldest - 1, -1, -1):
        age, share, life = _AGES[this], shares[this], lives[this]
        least = math.inf
        for look in range(this + 1, oldest + 1):
            wait = _AGES[look] - age
            delay = wait - (lives[look] - life) / share
            if look > this + 1 and (delay >= least or wait > MAX_WAIT):
                break  # a later look only makes the delay longer
            cost = delay + costs[look] * shares[look] / share
            if cost < least:
                least, waits[this] = cost, wait
        costs[this] = least + price
    return waits
