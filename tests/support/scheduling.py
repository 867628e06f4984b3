"""The order in which several workers run the tests: the longest first, so that none is left over.

pytest-xdist gives each worker an equal part of the list, in its order; a worker that has finished
takes from the end of what another has left (``--dist worksteal``).
"""

from collections.abc import Sequence
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def spread(slow: Sequence[T], others: Sequence[T], workers: int) -> list[T]:
    """Return all items in an order in which each worker begins with its share of the slow ones."""
    total = len(slow) + len(others)
    rest = iter(others)
    order: list[T] = []
    for worker in range(workers):
        share = slow[worker::workers]
        size = (total - len(order)) // (workers - worker)
        order += [*share, *islice(rest, max(0, size - len(share)))]
    return [*order, *rest]
