"""How fast the cost of some work grows with its input, without a word about absolute times."""

import gc
import time
import tracemalloc
from collections.abc import Callable

DOUBLINGS = 3
_LINEAR = 2.6
"""A doubling may cost so many times as much: twice, and room for noise; quadratic work costs four
times as much each time, which three doublings in a row tell from it surely."""
_FLAT = 3
_TRIES = 3
_ATTEMPTS = 4


def grows_linearly(work: Callable[[int], object], size: int) -> bool:
    """Whether eight times as much input costs no more than in proportion.

    The processor time of this thread is compared, the least of some tries, so that other programs
    hardly count. What still looks like more is measured again: what really costs more always does.
    """
    return any(_ratio(work, size) <= _LINEAR**DOUBLINGS for _ in range(_ATTEMPTS))


def stays_flat(work: Callable[[int], object], size: int) -> bool:
    """Whether eight times the input costs about the same, as where only a part of it is used."""
    return any(_ratio(work, size) <= _FLAT for _ in range(_ATTEMPTS))


def peak_memory(work: Callable[[], object]) -> int:
    """Return the most bytes of Python's memory that some work had at once, its input apart."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _ratio(work: Callable[[int], object], size: int) -> float:
    return _cost(work, size << DOUBLINGS) / _cost(work, size)


def _cost(work: Callable[[int], object], size: int) -> float:
    least = float("inf")
    gc.disable()  # how often it comes in between depends on what other tests left behind
    try:
        for _ in range(_TRIES):
            began = time.thread_time()
            work(size)
            least = min(least, time.thread_time() - began)
    finally:
        gc.enable()
    return max(least, 1e-4)
