"""The clock of the local relay: stopped, advanced by tests, or faster than real time."""

import time


class Clock:
    """A clock in Unix seconds that starts at the real time.

    With ``speed`` 0, the default, it stands still until ``advance``; with 20 it runs twenty times
    as fast as real time.
    """

    def __init__(self, *, speed: float = 0.0, start: float | None = None) -> None:
        if speed < 0:
            raise ValueError("A relay's clock cannot run backwards.")
        self._speed = speed
        self._base = time.time() if start is None else start
        self._began = time.monotonic()

    def now(self) -> float:
        """Return the relay's time in Unix seconds."""
        return self._base + self._speed * (time.monotonic() - self._began)

    def advance(self, seconds: float) -> None:
        """Move the relay's time on by ``seconds``; raise ValueError if they are negative."""
        if seconds < 0:
            raise ValueError("A relay's clock cannot be turned back.")
        self._base += seconds
