"""A clock that a test moves for a bot in a process of its own, instead of waiting for minutes.

``python -m tests.support.adjustable_clock FILE`` runs the bot by a clock that is the real one plus
the seconds that stand in ``FILE``; ``AdjustableClock`` changes them.
"""

import mmap
import selectors
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path

_SECONDS = struct.Struct("d")

NOTICED_WITHIN = 0.05
"""Real seconds after which a bot that sleeps has noticed that its clock was moved."""


class AdjustableClock:
    """By how much the clock of a bot is ahead, in a file that the bot reads at every look at it."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(_SECONDS.pack(0.0))
        with path.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), _SECONDS.size)

    @property
    def ahead(self) -> float:
        """Seconds."""
        (seconds,) = _SECONDS.unpack_from(self._shared)
        return float(seconds)

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass at once."""
        _SECONDS.pack_into(self._shared, 0, self.ahead + seconds)


class _Wakeful(selectors.DefaultSelector):
    """A selector that never sleeps for so long that a moved clock goes unnoticed."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait as told, but not for long: an event loop looks at the clock and comes again."""
        bounded = NOTICED_WITHIN if timeout is None else min(timeout, NOTICED_WITHIN)
        events: list[tuple[selectors.SelectorKey, int]] = super().select(bounded)
        return events


def _moved(clock: Callable[[], float], by: AdjustableClock) -> Callable[[], float]:
    return lambda: clock() + by.ahead


def run(path: Path) -> None:
    """Run the bot by the moved clock; must come before anything of the bot is imported."""
    clock = AdjustableClock(path)
    time.time = _moved(time.time, clock)
    time.monotonic = _moved(time.monotonic, clock)
    selectors.DefaultSelector = _Wakeful  # type: ignore[misc]  # what asyncio takes
    sys.modules["uvloop"] = None  # type: ignore[assignment]  # its loop has a clock of its own
    from bot.__main__ import main

    sys.argv = ["suno-bot", "run"]
    main()


if __name__ == "__main__":
    run(Path(sys.argv[1]))
