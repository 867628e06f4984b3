"""Limits the rate of requests to a relay, and decides which waiting request is sent next."""

import asyncio
import time
from collections import deque
from collections.abc import Callable

from bot.relay.errors import ErrorKind, NotSentError

MAX_CONSECUTIVE_BATCHES = 3
"""Batches that may overtake a waiting single look-up of the same queue."""


class RateLimiter:
    """Spaces requests evenly, ``per_second`` of them, and shares the rate between two queues.

    One queue is interactive, the other is the poller's. While both wait, they are served
    alternately: however much people ask, the poller gets half of the rate, and the other way round.
    A queue that is alone gets all of it.

    Within a queue batches go first, because one batch serves many; but every fourth request is a
    single look-up if one waits, so that none waits for ever.
    """

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        if not per_second > 0:
            raise ValueError("The requests per second must be more than 0.")
        self._spacing = 1 / per_second
        self._clock = clock
        self._free_at = clock()
        self._interactive = _Queue()
        self._poller = _Queue()
        self._last_was_interactive = False
        self._is_reserved = False
        self._dispatcher: asyncio.Task[None] | None = None
        self._is_closed = False

    async def reserve(self) -> None:
        """Wait as the poller until a request may be sent, and reserve the slot for its next one.

        The reservation lapses when another request could be sent and one waits.
        """
        if not self._is_reserved:
            await self.acquire(interactive=False)
            self._is_reserved = True

    async def acquire(self, *, interactive: bool, single: bool = False) -> None:
        """Wait until a request may be sent. Raises ``NotSentError`` once it is closed."""
        if self._is_closed:
            raise _closed()
        if self._is_reserved and not interactive:
            self._take_slot(interactive=False)
            return
        waiting = self._interactive or self._poller
        if not waiting and self._clock() >= self._free_at:  # then no dispatcher is needed
            self._take_slot(interactive=interactive)
            return
        waiter = asyncio.get_running_loop().create_future()
        (self._interactive if interactive else self._poller).add(waiter, single=single)
        if self._dispatcher is None or self._dispatcher.done():
            self._dispatcher = asyncio.create_task(self._dispatch())
        await waiter

    async def aclose(self) -> None:
        """Send nothing more; whoever still waits, or comes later, gets a ``NotSentError``."""
        self._is_closed = True
        if self._dispatcher is not None:
            self._dispatcher.cancel()
            await asyncio.wait([self._dispatcher])
        while queue := self._next_queue():
            waiter = queue.pop()
            if not waiter.done():
                waiter.set_exception(_closed())

    def _take_slot(self, *, interactive: bool) -> None:
        self._free_at = self._clock() + self._spacing
        self._last_was_interactive = interactive
        self._is_reserved = False

    async def _dispatch(self) -> None:
        # The queue is chosen only when a slot is free: others may have come meanwhile.
        while queue := self._next_queue():
            left = self._free_at - self._clock()
            if left > 0:
                await asyncio.sleep(left)
                continue
            waiter = queue.pop()
            if not waiter.done():  # a cancelled one is skipped
                self._take_slot(interactive=queue is self._interactive)
                waiter.set_result(None)

    def _next_queue(self) -> "_Queue | None":
        """Return the queue to serve next, the other one if it is empty, None if both are."""
        if self._last_was_interactive:
            return self._poller or self._interactive or None
        return self._interactive or self._poller or None


def _closed() -> NotSentError:
    return NotSentError(ErrorKind.UNAVAILABLE, "the bot is closing")


class _Queue:
    """The waiting requests of one queue, as futures, in the order in which they are sent."""

    def __init__(self) -> None:
        self._batches: deque[asyncio.Future[None]] = deque()
        self._singles: deque[asyncio.Future[None]] = deque()
        self._consecutive_batches = 0

    def __bool__(self) -> bool:
        return bool(self._batches or self._singles)

    def add(self, waiter: asyncio.Future[None], *, single: bool) -> None:
        (self._singles if single else self._batches).append(waiter)

    def pop(self) -> asyncio.Future[None]:
        is_single_next = not self._batches or self._consecutive_batches >= MAX_CONSECUTIVE_BATCHES
        if self._singles and is_single_next:
            self._consecutive_batches = 0
            return self._singles.popleft()
        self._consecutive_batches += 1
        return self._batches.popleft()
