"""A database and a relay's clock for an event loop with virtual time."""

from collections.abc import Callable
from typing import TypeVar

from bot.storage.database import DatabaseThread
from bot.storage.engine import Connection
from sandbox.relay import Clock
from tests.support.virtual_time import virtual_time_paused

T = TypeVar("T")


class UntimedDatabase(DatabaseThread):
    """A database whose operations take no virtual time, however slow the disk is."""

    async def run(self, function: Callable[[Connection], T], *, erases: bool = False) -> T:
        """Run a function on the thread that writes."""
        with virtual_time_paused():
            return await super().run(function, erases=erases)

    async def view(self, function: Callable[[Connection], T]) -> T:
        """Run a function on the thread that reads."""
        with virtual_time_paused():
            return await super().view(function)


class VirtualClock(Clock):
    """The relay's clock, which shows the time of the event loop."""

    def __init__(self, now: Callable[[], float]) -> None:
        super().__init__()
        self.now = now  # type: ignore[method-assign]  # the same, from elsewhere
