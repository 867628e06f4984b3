"""Shuts the bot down at the first signal, within a time limit.

Delivery does not depend on an orderly shutdown, because the bot may be killed at any moment; it
only avoids repeated or unconfirmed messages.
"""

import asyncio
import faulthandler
import logging
import signal
from collections.abc import Coroutine
from contextlib import suppress

log = logging.getLogger(__name__)

SHUTDOWN_TIMEOUT = 9.0
"""Seconds after which the process is ended if it has not stopped: container and service managers
wait for 10 before they kill it."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


async def run_until_signal(work: Coroutine[None, None, None]) -> None:
    """Run ``work`` until it ends or a signal cancels it; further signals are ignored.

    If stopping takes too long, because of a blocked thread or a name server that does not answer,
    the stacks are printed and the process ends with exit code 1. That needs neither the event loop
    nor the interpreter lock.
    """
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(work)

    def stop() -> None:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_IGN)
        faulthandler.dump_traceback_later(SHUTDOWN_TIMEOUT, exit=True)
        log.info("Stopping")
        task.cancel()

    for number in _SIGNALS:
        loop.add_signal_handler(number, stop)
    with suppress(asyncio.CancelledError):
        await task
    log.info("Stopped")
