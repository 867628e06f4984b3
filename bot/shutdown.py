"""An orderly stop: begun by the first signal, ended in time, whatever is under way.

Nothing depends on it, for the bot may be killed at any moment; but it saves a repeat or a doubt.
"""

import asyncio
import faulthandler
import logging
import signal
from collections.abc import Coroutine
from contextlib import suppress

log = logging.getLogger(__name__)

LONGEST_STOP = 9.0
"""Seconds after which a process that still stops is ended: those who stop containers and services
wait for 10 before they kill."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


async def run_until_signal(work: Coroutine[None, None, None]) -> None:
    """Let ``work`` go on until it ends or a signal cancels it; further ones are ignored.

    Whatever holds up the end, a name server that does not answer or a thread, is printed then, and
    the process ended with exit code 1; that needs neither the event loop nor a free interpreter.
    """
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(work)

    def stop() -> None:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_IGN)
        faulthandler.dump_traceback_later(LONGEST_STOP, exit=True)
        log.info("Stopping")
        task.cancel()

    for number in _SIGNALS:
        loop.add_signal_handler(number, stop)
    with suppress(asyncio.CancelledError):
        await task
    log.info("Stopped")
