"""Moves the clock of a bot in another process, so that a test need not wait for minutes.

``python -m tests.support.adjustable_clock FILE`` runs the bot with the real clock plus the
seconds in ``FILE``; ``AdjustableClock`` changes them. What follows are options of
``sandbox.local_bot``, which is run in place of the command line if there are any.
"""

import mmap
import selectors
import struct
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

_SECONDS = struct.Struct("d")

MAX_SLEEP = 0.05
"""Real seconds after which a sleeping bot reads its clock again."""


class AdjustableClock:
    """The seconds by which the clock of a bot is ahead, in a file that the bot maps into memory."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(_SECONDS.pack(0.0))
        with path.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), _SECONDS.size)

    @property
    def ahead(self) -> float:
        """By how many seconds the clock of the bot is ahead."""
        (seconds,) = _SECONDS.unpack_from(self._shared)
        return float(seconds)

    def advance(self, seconds: float) -> None:
        """Move the clock of the bot forward by ``seconds``."""
        _SECONDS.pack_into(self._shared, 0, self.ahead + seconds)


class _BoundedSelector(selectors.DefaultSelector):
    """A selector that sleeps for ``MAX_SLEEP`` at most, so that a moved clock takes effect."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait for events until the timeout, at most ``MAX_SLEEP``; the loop calls it again."""
        bounded = MAX_SLEEP if timeout is None else min(timeout, MAX_SLEEP)
        events: list[tuple[selectors.SelectorKey, int]] = super().select(bounded)
        return events


def _shifted(clock: Callable[[], float], by: AdjustableClock) -> Callable[[], float]:
    return lambda: clock() + by.ahead


def run(path: Path, options: Sequence[str] = ()) -> None:
    """Run the bot with the moved clock. Call this before any module of the bot is imported.

    ``options``: of ``sandbox.local_bot``.
    """
    clock = AdjustableClock(path)
    time.time = _shifted(time.time, clock)
    time.monotonic = _shifted(time.monotonic, clock)
    selectors.DefaultSelector = _BoundedSelector  # type: ignore[misc]  # what asyncio takes
    sys.modules["uvloop"] = None  # type: ignore[assignment]  # its loop has a clock of its own
    if options:
        sys.argv = ["local_bot", *options]
        from sandbox.local_bot import main
    else:
        sys.argv = ["suno-bot", "run"]
        from bot.__main__ import main
    main()


if __name__ == "__main__":
    run(Path(sys.argv[1]), sys.argv[2:])
