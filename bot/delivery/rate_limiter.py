"""Limits the rate of requests to Discord: evenly spread, and never too many in any second."""

import asyncio
from collections import deque

MAX_CATCH_UP = 0.1
"""Seconds: requests that start late by at most this, because the program was busy, are made up."""


class GlobalRateLimiter:
    """Admits requests in the order in which they ask: at most ``limit`` in any second.

    One less than that in a second are spread evenly, because the network may deliver requests
    closer together than they were sent. A leaky bucket of the same rate cannot do both: the burst
    that it admits after a pause has to be subtracted from its rate.
    """

    def __init__(self, limit: int) -> None:
        self._admitted_at = deque([float("-inf")] * limit, maxlen=limit)
        """When the last ``limit`` requests were admitted; the first must be a second ago."""
        self._spacing = 1 / (limit - 1)
        self._next_at = float("-inf")
        self._queue = asyncio.Lock()

    async def acquire(self) -> None:
        """Wait until the next request may be sent."""
        loop = asyncio.get_running_loop()
        asked = loop.time()
        async with self._queue:
            due = max(self._next_at, asked)
            await asyncio.sleep(max(due, self._admitted_at[0] + 1) - loop.time())
            now = loop.time()
            self._next_at = max(due, now - MAX_CATCH_UP) + self._spacing
            self._admitted_at.append(now)
