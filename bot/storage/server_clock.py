"""The clock by which several processes on one database store and compare times: its server's.

Their machines' clocks may differ by minutes, and then each takes the times that another one stored
for the past or the future. So each corrects its own clock by what it differs from the server's,
which the server tells at the beginning of every transaction.
"""

import logging
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

TOLERANCE = 1.0
"""Seconds by which the clocks may differ without a correction: those of synchronised machines do
not differ by as much."""


class ServerClock:
    """The server's time (Unix seconds), read from the clock of this machine and corrected."""

    def __init__(self, local: Callable[[], float] = time.time) -> None:
        """``local``: the clock of this machine."""
        self.local = local
        self._ahead = 0.0
        """Seconds by which the server's clock is ahead of it."""

    def __call__(self) -> float:
        """Return the time."""
        return self.local() + self._ahead

    def correct(self, asked_at: float, server_time: float, answered_at: float) -> None:
        """Compare the clocks: the server read its own between the question and the answer.

        The time of both is of the clock of this machine.
        """
        least, most = server_time - answered_at, server_time - asked_at
        if least - TOLERANCE <= self._ahead <= most + TOLERANCE or most < least:
            return
        self._ahead = max(least, min(self._ahead, most))
        log.warning(
            "The database server's clock is taken, this machine's differs: ahead=%.1fs."
            " Synchronise their clocks",
            -self._ahead,
        )
