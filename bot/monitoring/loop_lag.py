"""How late the event loop wakes who sleeps: what everything that it does has to bear."""

import asyncio

from prometheus_client import Histogram

EVERY = 0.5
"""Seconds from one measurement to the next."""


async def measure_lag(lag: Histogram, every: float = EVERY) -> None:
    """Sleep again and again, and note how much longer that took than it should."""
    loop = asyncio.get_running_loop()
    while True:
        wanted = loop.time() + every
        await asyncio.sleep(every)
        lag.observe(max(loop.time() - wanted, 0.0))
