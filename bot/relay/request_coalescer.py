"""Coalesces interactive look-ups: those that come close together share requests and results."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping

from bot.relay.errors import ErrorKind, RelayError
from bot.relay.lookup_result import LookupAccumulator, LookupResult
from bot.relay.models import TaskKind

Lookup = Callable[[Collection[str], Mapping[str, TaskKind]], Awaitable[LookupResult]]


class RequestCoalescer:
    """Joins look-ups that come within ``window`` seconds, and reuses results for ``ttl`` seconds.

    An id that is being looked up, or was a moment ago, is not requested again.
    """

    def __init__(self, lookup: Lookup, *, window: float, ttl: float) -> None:
        self._lookup = lookup
        self._window = window
        self._ttl = ttl
        self._open: _SharedLookup | None = None
        self._by_id: dict[str, _SharedLookup] = {}

    async def look_up(self, ids: Collection[str], kinds: Mapping[str, TaskKind]) -> LookupResult:
        """Look up the ids together with those of other callers.

        The cancellation of one caller cancels no other. Raises ``RelayError`` as ``lookup`` does.
        """
        found = LookupAccumulator(ids)
        shared = {each: self._join(each, kinds.get(each)) for each in found.ids}
        if shared:
            # Unlike awaiting the tasks, this does not cancel them when the caller is cancelled.
            await asyncio.wait({lookup.task for lookup in shared.values()})
        for each, lookup in shared.items():
            _add_result(each, lookup.result(), found)
        return found.result()

    async def aclose(self) -> None:
        """Cancel what is under way; whoever waits for it gets a ``RelayError``."""
        tasks = {lookup.task for lookup in self._by_id.values()}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _join(self, task_id: str, kind: TaskKind | None) -> "_SharedLookup":
        """Return the look-up that covers an id; the id is added to the open one if none does."""
        lookup = self._by_id.get(task_id)
        if lookup is None or not lookup.is_usable(self._ttl):
            lookup = self._by_id[task_id] = self._open_lookup()
            lookup.ids[task_id] = None
        if kind is not None and not lookup.is_sent:
            lookup.kinds[task_id] = kind
        return lookup

    def _open_lookup(self) -> "_SharedLookup":
        if self._open is None or self._open.is_sent:
            self._by_id = {
                task_id: lookup
                for task_id, lookup in self._by_id.items()
                if lookup.is_usable(self._ttl)
            }
            self._open = _SharedLookup(self._lookup, self._window)
        return self._open


class _SharedLookup:
    """One look-up for several callers, which may add ids until it is sent."""

    def __init__(self, lookup: Lookup, window: float) -> None:
        self.kinds: dict[str, TaskKind] = {}
        self.ids: dict[str, None] = {}
        self.is_sent = False
        self.task = asyncio.create_task(self._run(lookup, window))
        self._ended_at = 0.0

    async def _run(self, lookup: Lookup, window: float) -> LookupResult | RelayError:
        """Return an error instead of raising it: nobody may be left to retrieve it."""
        await asyncio.sleep(window)
        self.is_sent = True
        try:
            return await lookup(self.ids, self.kinds)
        except RelayError as error:
            return error
        finally:
            self._ended_at = time.monotonic()

    def result(self) -> LookupResult | RelayError:
        """Return the result once the look-up has ended."""
        if self.task.cancelled():
            return RelayError(ErrorKind.UNAVAILABLE, "the bot is closing")
        return self.task.result()

    def is_usable(self, ttl: float) -> bool:
        """Whether it is under way, or succeeded less than ``ttl`` seconds ago."""
        if not self.task.done():
            return True
        succeeded = not self.task.cancelled() and self.task.exception() is None
        return (
            succeeded
            and isinstance(self.task.result(), LookupResult)
            and time.monotonic() - self._ended_at < ttl
        )


def _add_result(task_id: str, result: LookupResult | RelayError, found: LookupAccumulator) -> None:
    """Take what a shared look-up has found about one id, if anything."""
    if isinstance(result, RelayError):
        found.failed[task_id] = result
    elif task_id in result.tasks:
        found.tasks[task_id] = result.tasks[task_id]
    elif task_id in result.missing:
        found.missing.add(task_id)
    elif task_id in result.failed:
        found.failed[task_id] = result.failed[task_id]
