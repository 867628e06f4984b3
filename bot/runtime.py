"""How Python runs the bot, so that who types a command is answered at once while much goes on.

``python -m benchmarks answering`` measures what this is good for.
"""

import asyncio
import gc
import sys

TURN = 0.001
"""Seconds that the thread of the database may compute on while the event loop waits for its turn;
Python's own 5 ms would be felt."""

_THRESHOLDS = (10_000, 20, 20)
"""When garbage is looked for. A look at a hundred tasks makes a thousand objects, and they go
without that."""


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Return uvloop's event loop, or asyncio's own where uvloop is not to be had, as on Windows."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def lower_switch_interval() -> None:
    """Let the event loop have its turn soon, whatever other threads do."""
    sys.setswitchinterval(TURN)


def freeze_gc() -> None:
    """Look for garbage seldom, and never again among what is there now.

    To be called when everything is loaded: a search through all of that would stop the bot for a
    tenth of a second, again and again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
