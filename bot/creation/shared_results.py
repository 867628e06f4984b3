"""Shares a request among those who ask for the same, and keeps its result for a while."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from bot.relay.ttl_cache import TTLCache

T = TypeVar("T")

KEPT = 3600.0
"""Seconds for which a result is kept; links to files may expire."""
WAITING = 60.0
"""Seconds until something that was not ready is asked for again."""
_MAX_RESULTS = 100
"""Timed lyrics may take a quarter of a megabyte."""


class SharedResults(Generic[T]):
    """The results of requests by their names. An error is shared, and not kept."""

    def __init__(self, kept: float = KEPT, waiting: float = WAITING) -> None:
        self._kept: TTLCache[T] = TTLCache(kept, _MAX_RESULTS)
        self._waiting: TTLCache[bool] = TTLCache(waiting)
        self._under_way: dict[str, asyncio.Task[T | None]] = {}

    async def get(self, name: str, request: Callable[[], Awaitable[T | None]]) -> T | None:
        """Return a result, of ``request`` where none is known; ``None`` while it is not ready.

        The cancellation of one caller cancels no other. Raises as ``request`` does.
        """
        if (result := self._kept.get(name)) is not None:
            return result
        if self._waiting.get(name):
            return None
        if name not in self._under_way:
            task = asyncio.create_task(self._request(name, request))
            self._under_way[name] = task
            task.add_done_callback(lambda _: self._under_way.pop(name))
        task = self._under_way[name]
        await asyncio.wait([task])
        return task.result()

    async def _request(self, name: str, request: Callable[[], Awaitable[T | None]]) -> T | None:
        result = await request()
        if result is None:
            self._waiting.set(name, True)
        else:
            self._kept.set(name, result)
        return result
