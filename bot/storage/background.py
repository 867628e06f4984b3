"""Threads that work while people are answered."""

import os
import sys
from contextlib import suppress

NICENESS = 10
"""A tenth of the share of other threads, where a processor is wanted by both."""


def lower_thread_priority() -> None:
    """Let the event loop's thread go before this one; on Linux, where each has its own niceness.

    Else the kernel may let this one end its turn of some milliseconds while a command waits.
    """
    if sys.platform == "linux":
        with suppress(OSError):  # a sandbox may forbid it; it is needed for nothing
            os.nice(NICENESS)
