"""Tunes the Python runtime: commands are acknowledged at once under load, no crash dumps keys.

``python -m benchmarks answering`` measures the effect.
"""

import asyncio
import gc
import sys

SWITCH_INTERVAL = 0.001
"""Seconds for which the database thread may keep the interpreter while the event loop waits for it;
Python's default is 5 ms."""

_GC_THRESHOLDS = (10_000, 20, 20)
"""Python's default of 700 objects is reached several times in one poll of a hundred tasks."""


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Return uvloop's event loop, or asyncio's where uvloop is not available, as on Windows."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def lower_switch_interval() -> None:
    """Let the event loop get the interpreter sooner while other threads compute."""
    sys.setswitchinterval(SWITCH_INTERVAL)


def disable_core_dumps() -> None:
    """Let no crash write the memory of the process to a file: the keys of all accounts are in it.

    On Windows, where a process cannot ask for that, nothing is done.
    """
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def freeze_gc() -> None:
    """Collect garbage seldom, and never again among the objects that exist now.

    Called when everything is loaded: a full collection of all that would block the bot for a tenth
    of a second each time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)
