"""An event loop whose time jumps: minutes of waiting pass as fast as the work in them is done.

Sockets on loopback and threads are real. Time stands still while there is anything to do, and jumps
to the next timer when nothing happens. While a thread works, use ``virtual_time_paused``.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")

A_MOMENT = 0.001
"""Real seconds that something on loopback may take to arrive."""


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Its ``time`` is in seconds from 0."""

    def __init__(self) -> None:
        self._now = 0.0
        self._held = 0
        super().__init__(_JumpingSelector(self._pass))

    def time(self) -> float:
        """Return the virtual time."""
        return self._now

    def _pass(self, seconds: float) -> None:
        if not self._held:
            self._now += seconds

    @contextmanager
    def _standing_still(self) -> Iterator[None]:
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1


class _JumpingSelector(selectors.DefaultSelector):
    """Tells how much time passes instead of waiting."""

    def __init__(self, let_pass: Callable[[float], None]) -> None:
        super().__init__()
        self._let_pass = let_pass

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        events = super().select(min(timeout, A_MOMENT))
        if not events:
            self._let_pass(timeout)
        return events


def run_in_virtual_time(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in a loop of its own."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)


@contextmanager
def virtual_time_paused() -> Iterator[None]:
    """Let no virtual time pass while a thread works."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    with loop._standing_still():
        yield
