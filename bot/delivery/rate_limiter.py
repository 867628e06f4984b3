"""Turns for requests: evenly spread, and never more of them in a second than Discord takes."""

import asyncio
from collections import deque

MAX_CATCH_UP = 0.1
"""Seconds: turns that came late by so much, for the program was busy, are made up for."""


class GlobalRateLimiter:
    """Hands out turns in the order in which they are asked for: at most ``most`` in any second.

    One less than that a second are spread evenly, for the network may push together what left at a
    distance. A bucket that leaks would do only one of two things: what it lets through at once
    after a pause has to be taken off its pace.
    """

    def __init__(self, most: int) -> None:
        self._latest = deque([float("-inf")] * most, maxlen=most)
        """When the last turns were; the first of them must be a second ago for the next."""
        self._spacing = 1 / (most - 1)
        self._due_at = float("-inf")
        self._line = asyncio.Lock()

    async def take(self) -> None:
        """Wait for a turn."""
        loop = asyncio.get_running_loop()
        asked = loop.time()
        async with self._line:
            due = max(self._due_at, asked)
            await asyncio.sleep(max(due, self._latest[0] + 1) - loop.time())
            now = loop.time()
            self._due_at = max(due, now - MAX_CATCH_UP) + self._spacing
            self._latest.append(now)
