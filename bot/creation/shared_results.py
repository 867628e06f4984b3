"""Shares a request among those who ask for the same, and keeps its result for a while."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from bot.relay.errors import RelayError
from bot.relay.ttl_cache import TTLCache
from bot.storage.errors import WatchError

log = logging.getLogger(__name__)

T = TypeVar("T")

KEPT = 3600.0
"""Seconds for which a result is kept; links to files may expire."""
WAITING = 60.0
"""Seconds until something that was not ready is asked for again."""
_MAX_RESULTS = 100
"""Timed lyrics may take a quarter of a megabyte."""


@dataclass(slots=True)
class _SharedRequest(Generic[T]):
    """A request that is under way, and how many callers wait for it."""

    task: asyncio.Task[T | None]
    callers: int = 0


class SharedResults(Generic[T]):
    """The results of requests by their names. An error is shared, and not kept."""

    def __init__(
        self,
        kept: float = KEPT,
        waiting: float = WAITING,
        own_errors: tuple[type[Exception], ...] = (),
    ) -> None:
        """``own_errors``: those that are about who asks, and so not shared."""
        self._kept: TTLCache[T] = TTLCache(kept, _MAX_RESULTS)
        self._waiting: TTLCache[bool] = TTLCache(waiting)
        self._own_errors = own_errors
        self._under_way: dict[str, _SharedRequest[T]] = {}

    async def get(self, name: str, request: Callable[[], Awaitable[T | None]]) -> T | None:
        """Return a result, of ``request`` where none is known; ``None`` while it is not ready.

        The cancellation of one caller cancels no other. Raises as ``request`` does.
        """
        if (result := self._kept.get(name)) is not None:
            return result
        if self._waiting.get(name):
            return None
        is_own = name not in self._under_way
        if is_own:
            task = asyncio.create_task(self._request(name, request))
            self._under_way[name] = _SharedRequest(task)
            task.add_done_callback(lambda _: self._ended(name))
        shared = self._under_way[name]
        shared.callers += 1
        try:
            await asyncio.wait([shared.task])
        finally:
            shared.callers -= 1
        if not is_own and isinstance(shared.task.exception(), self._own_errors):
            return await self.get(name, request)
        return shared.task.result()

    async def _request(self, name: str, request: Callable[[], Awaitable[T | None]]) -> T | None:
        result = await request()
        if result is None:
            self._waiting.set(name, True)
        else:
            self._kept.set(name, result)
        return result

    def _ended(self, name: str) -> None:
        """Forget a request that has ended; log its error if no caller is left to raise it."""
        shared = self._under_way.pop(name)
        if shared.callers or shared.task.cancelled() or not (error := shared.task.exception()):
            return
        is_expected = isinstance(error, RelayError | WatchError)
        log.warning(
            "Request failed, nobody waits for it any more: request=%s cause=%s",
            name,
            error,
            exc_info=None if is_expected else error,
        )
