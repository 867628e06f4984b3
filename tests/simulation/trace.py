"""What happened in a simulation, line by line, and the digest by which two runs are compared."""

import hashlib
import logging
from collections import deque

from tests.simulation.clock import VirtualClock
from tests.simulation.relay_server import KEY_PREFIX
from tests.simulation.relay_submissions import MARK

KEPT = 60_000
"""The latest lines that are kept for whoever has to find out why a seed failed."""


class Trace:
    """The log of a simulation."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._hash = hashlib.sha256()
        self.lines: deque[str] = deque(maxlen=KEPT)
        self.count = 0

    def note(self, line: str) -> None:
        """Keep what happened now."""
        line = f"{self._clock.now - 1000:12.6f} {line}"
        self.lines.append(line)
        self.count += 1
        self._hash.update(line.encode())

    @property
    def digest(self) -> str:
        """The fingerprint of everything noted so far."""
        return self._hash.hexdigest()


class TraceHandler(logging.Handler):
    """Writes what the bot logs into the trace, and collects what it logs as an error."""

    def __init__(self, trace: Trace) -> None:
        super().__init__(logging.DEBUG)
        self._trace = trace
        self.unexpected: list[str] = []
        """Errors that no fault of the simulation explains, and lines that tell a key or a text."""

    def emit(self, record: logging.LogRecord) -> None:
        """Note one record, unless it is for debugging."""
        line = self.format(record)
        if KEY_PREFIX in line:
            self.unexpected.append(f"KEY in the log: {record.getMessage()}")
        if MARK.search(line):
            self.unexpected.append(f"TEXT in the log: {record.getMessage()}")
        if record.levelno < logging.INFO:
            return
        self._trace.note(f"log {record.levelname} {record.name}: {record.getMessage()}")
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            self._trace.note(f"    {type(error).__name__}: {error}")
            if isinstance(error, _MISTAKES):
                self.unexpected.append(f"{record.getMessage()}: {type(error).__name__}: {error}")


_MISTAKES = (TypeError, AttributeError, LookupError, AssertionError, NameError, RecursionError)
"""What only a mistake in the program raises."""
