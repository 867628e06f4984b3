"""Computes the best possible schedule of polls where the durations are known.

The optimal inspection policy, by dynamic programming on a grid of ages: at a price for every look,
the cost of a schedule is the delay until an end is seen and the price of all looks until then. The
price is searched at which the best schedule makes a given number of looks.
"""

from bisect import bisect_right
from collections.abc import Sequence

STEP = 0.5
"""Seconds between the ages at which looks are considered."""
LONGEST_WAIT = 400.0
SEARCH = 12


def least_delay(kinds: Sequence[Sequence[float]], looks: float) -> float:
    """Return the least mean delay (seconds) for that many looks at a task.

    ``kinds`` holds the durations of many tasks, those of one kind together: the schedule knows the
    kind of a task. Between two prices the schedules are mixed.
    """
    total = sum(map(len, kinds))
    ended = [(len(lives) / total, _ended_by(lives)) for lives in kinds if lives]

    def best(price: float) -> tuple[float, float]:
        found = [(share, *_schedule(shares, price)) for share, shares in ended]
        return sum(s * delay for s, delay, _ in found), sum(s * count for s, _, count in found)

    low, high = 0.02, 20.0
    many, few = best(low), best(high)
    for _ in range(SEARCH):
        price = (low * high) ** 0.5
        found = best(price)
        if found[1] > looks:
            low, many = price, found
        else:
            high, few = price, found
    mixed = (looks - few[1]) / (many[1] - few[1])
    return few[0] + mixed * (many[0] - few[0])


def _ended_by(lives: Sequence[float]) -> list[float]:
    """Return the share of tasks that have ended by each age of the grid."""
    inorder = sorted(lives)
    count = int(inorder[-1] / STEP) + 2
    return [bisect_right(inorder, step * STEP) / len(inorder) for step in range(count)]


def _schedule(ended: Sequence[float], price: float) -> tuple[float, float]:
    """Return the mean delay and the mean number of looks of the best schedule at a price."""
    last = len(ended) - 1
    areas = [0.0]
    for step in range(last):
        areas.append(areas[-1] + (ended[step] + ended[step + 1]) / 2 * STEP)
    costs, looks = [0.0] * (last + 1), [last] * (last + 1)
    reach = int(LONGEST_WAIT / STEP)
    for this in range(last - 1, -1, -1):
        before, area, least = ended[this], areas[this], float("inf")
        for look in range(this + 1, min(this + reach, last) + 1):
            delay = areas[look] - area - before * (look - this) * STEP
            if delay >= least:
                break
            if delay + costs[look] < least:
                least, looks[this] = delay + costs[look], look
        costs[this] = least + price * (1 - before)
    delay, count, this = 0.0, 0.0, 0
    while this < last:
        look = looks[this]
        delay += areas[look] - areas[this] - ended[this] * (look - this) * STEP
        count += 1 - ended[this]
        this = look
    return delay, count
