"""An event loop whose time jumps: minutes of waiting pass as fast as the work in them is done.

Sockets and threads are real. Time stands still while there is anything to do, and jumps to the next
timer when nothing has happened for a moment.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

A_MOMENT = 0.01
"""Real seconds that a thread or a socket has to come up with something before time jumps."""


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Its ``time`` is in seconds from 0."""

    def __init__(self) -> None:
        self._now = 0.0
        super().__init__(_JumpingSelector(self._jump))

    def time(self) -> float:
        """Return the virtual time."""
        return self._now

    def _jump(self, seconds: float) -> None:
        self._now += seconds


class _JumpingSelector(selectors.DefaultSelector):
    """Jumps over the time that it would have waited for nothing."""

    def __init__(self, jump: Callable[[float], None]) -> None:
        super().__init__()
        self._jump = jump

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        events = super().select(min(timeout, A_MOMENT))
        if not events:
            self._jump(timeout)
        return events


def run_in_virtual_time(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in a loop of its own."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)
