"""An event loop with virtual time: while all tasks wait, its clock jumps to the next timer.

Sockets on loopback and threads are real. The clock stops while there is work to do. While a thread
works, use ``virtual_time_paused``.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")

MAX_IO_WAIT = 0.001
"""Real seconds that data on loopback may take to arrive."""


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose ``time`` starts at 0 seconds and jumps."""

    def __init__(self) -> None:
        self._now = 0.0
        self._pauses = 0
        super().__init__(_JumpingSelector(self._advance))

    def time(self) -> float:
        """Return the virtual time."""
        return self._now

    def _advance(self, seconds: float) -> None:
        if not self._pauses:
            self._now += seconds

    @contextmanager
    def _paused(self) -> Iterator[None]:
        self._pauses += 1
        try:
            yield
        finally:
            self._pauses -= 1


class _JumpingSelector(selectors.DefaultSelector):
    """Reports the time that passes instead of waiting for it."""

    def __init__(self, advance: Callable[[float], None]) -> None:
        super().__init__()
        self._advance = advance

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        events = super().select(min(timeout, MAX_IO_WAIT))
        if not events:
            self._advance(timeout)
        return events


def run_in_virtual_time(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a new loop with virtual time; return its result."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)


@contextmanager
def virtual_time_paused() -> Iterator[None]:
    """Stop the virtual clock while a thread works."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    with loop._paused():
        yield
