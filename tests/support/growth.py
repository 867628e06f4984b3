"""Measures how the cost of some work grows with its input; absolute times do not matter."""

import gc
import time
import tracemalloc
from collections.abc import Callable

GROWTH = 32
_LINEAR = 120
"""The factor by which the cost of linear work may grow: ``GROWTH``, and almost four times as much
for noise, because memory of a larger text may be slower. For quadratic work it is 1,024."""
_FLAT = 6
"""The factor by which the cost of constant work may seem to grow, because of noise."""
_TRIES = 3
"""Runs with the small input, of which the fastest counts."""
_ATTEMPTS = 12


def grows_linearly(work: Callable[[int], object], size: int) -> bool:
    """Whether ``GROWTH`` times the input costs about as many times as much, and not the square.

    The processor time of this thread is compared, so that other programs hardly matter. A high
    result is measured again, because only real growth repeats; the first low one is enough.
    """
    return any(_ratio(work, size) <= _LINEAR for _ in range(_ATTEMPTS))


def stays_flat(work: Callable[[int], object], size: int) -> bool:
    """Whether ``GROWTH`` times the input costs about the same: only a part of it is read."""
    return any(_ratio(work, size) <= _FLAT for _ in range(_ATTEMPTS))


def peak_memory(work: Callable[[], object]) -> int:
    """Return the peak of Python's memory during some work, in bytes, without its input."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _ratio(work: Callable[[int], object], size: int) -> float:
    return _cost(work, size * GROWTH, tries=1) / _cost(work, size, _TRIES)


def _cost(work: Callable[[int], object], size: int, tries: int) -> float:
    least = float("inf")
    gc.disable()  # how often it runs depends on the objects that other tests left
    try:
        for _ in range(tries):
            started = time.thread_time()
            work(size)
            least = min(least, time.thread_time() - started)
    finally:
        gc.enable()
    return max(least, 2e-5)
