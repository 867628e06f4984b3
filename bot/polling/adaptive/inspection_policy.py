"""Computes the best ages to poll a task at a price for each poll. Pure; all spans in seconds.

The cost of a policy is the delay until the end of a task is detected plus the price of every poll
until then. Dynamic programming from the greatest age down finds the policy of least cost: the
optimal inspection policy of Barlow, Hunter and Proschan, for an estimated hazard.
"""

import math
from bisect import bisect_right
from collections.abc import Callable
from itertools import pairwise

from bot.polling.adaptive.hazards import MAX_AGE

MAX_WAIT = 300.0
"""Seconds between two polls of a task at most."""


def _ages() -> tuple[float, ...]:
    """Return a grid of ages: a second apart for young tasks, two per cent for old ones."""
    ages = [0.0]
    while ages[-1] < MAX_AGE:
        ages.append(ages[-1] + (1 if ages[-1] < 16 else max(2.0, ages[-1] * 0.02)))
    return tuple(ages)


_AGES = _ages()


class InspectionPolicy:
    """When to poll a task next that still ran at some age."""

    def __init__(self, hazard: Callable[[float], float], price: float) -> None:
        """Compute the waits. ``hazard``: ends per second at an age; ``price``: seconds of delay."""
        self._waits = _best_waits(*_survival(hazard), price)

    def wait(self, age: float) -> float:
        """Return how long to wait after a poll at this age."""
        before = min(bisect_right(_AGES, age) - 1, len(_AGES) - 2)
        younger, older = _AGES[before], _AGES[before + 1]
        share = min((age - younger) / (older - younger), 1.0)
        poll_at = (younger + self._waits[before]) * (1 - share)
        poll_at += (older + self._waits[before + 1]) * share
        wait = poll_at - age if age < older else self._waits[before + 1]
        return min(max(wait, 0.0), MAX_WAIT)


def _survival(hazard: Callable[[float], float]) -> tuple[list[float], list[float]]:
    """Return for each age the share of tasks still running then, and the integral of that share."""
    survivals, integrals = [1.0], [0.0]
    for younger, older in pairwise(_AGES):
        width = older - younger
        ends = hazard((younger + older) / 2) * width
        survival = survivals[-1] * math.exp(-ends)
        survivals.append(max(survival, 1e-200))
        integrals.append(integrals[-1] + width * (survivals[-2] - survival) / ends)
    return survivals, integrals


def _best_waits(survivals: list[float], integrals: list[float], price: float) -> list[float]:
    """Return the best wait at each age, computed from the greatest age down."""
    oldest = len(_AGES) - 1
    costs = [0.0] * (oldest + 1)  # the expected further cost of a task that runs at this age
    waits = [MAX_WAIT] * (oldest + 1)
    for this in range(oldest - 1, -1, -1):
        age, survival, integral = _AGES[this], survivals[this], integrals[this]
        least = math.inf
        for poll in range(this + 1, oldest + 1):
            wait = _AGES[poll] - age
            delay = wait - (integrals[poll] - integral) / survival
            if poll > this + 1 and (delay >= least or wait > MAX_WAIT):
                break  # a later poll only increases the delay
            cost = delay + costs[poll] * survivals[poll] / survival
            if cost < least:
                least, waits[this] = cost, wait
        costs[this] = least + price
    return waits
