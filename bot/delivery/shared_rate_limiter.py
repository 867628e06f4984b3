"""Limits the requests of several processes to Discord, which counts them together."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from contextvars import Context
from math import inf

from bot.storage.database_errors import DATABASE_ERRORS
from bot.storage.reservations import Reservation

log = logging.getLogger(__name__)

MAX_BLOCK = 10
"""The most requests for which time is reserved at once: how long other processes wait for it."""
CLOCK_READINGS = 5
"""How often the server's clock is read before the first request: the quickest answer counts."""
FALLBACK_INTERVAL = 2.0
"""Seconds after which one request is sent that the database has not answered for."""

Reserve = Callable[[float, float], Awaitable[Reservation]]
"""``RequestBudget.reserve``."""


class SharedRateLimiter:
    """Admits requests first come, first served: at most ``limit`` in any second, in all processes.

    Each has a time of its own, reserved among all processes and as far from the next as with a
    ``GlobalRateLimiter``. It is sent then or up to half of that distance later; a time that is
    missed is not used. The other half is for the network, and for what is not known of the server's
    clock: that is how long its quickest answer took.
    """

    def __init__(self, reserve: Reserve, limit: int) -> None:
        self._reserve = reserve
        self._spacing = 1 / (limit - 1)
        self._times: deque[float] = deque()
        """When requests may be sent (event loop times): what is reserved and not used yet."""
        self._queue = asyncio.Lock()
        self._waiting = 0
        self._reservation: asyncio.Task[None] | None = None
        self._clock_offset = -inf
        """By how much the server's clock is ahead of the event loop's, at least."""
        self._lead = 0.0
        """Seconds after which the answer to the last reservation was here."""

    async def acquire(self) -> None:
        """Wait until the next request may be sent."""
        self._waiting += 1
        try:
            async with self._queue:
                while not await self._use_next_time():
                    pass
        finally:
            self._waiting -= 1

    async def _use_next_time(self) -> bool:
        """Wait for the next time that is reserved; return whether it was met."""
        reservation = self._begin_reservation()
        if not self._times:
            await asyncio.wait({reservation})
            reservation.result()
            return False
        loop = asyncio.get_running_loop()
        await asyncio.sleep(self._times[0] - loop.time())
        return loop.time() <= self._times.popleft() + self._spacing / 2

    def _begin_reservation(self) -> asyncio.Task[None]:
        """Return the last reservation, or a new one if more is needed soon."""
        if self._reservation is None or (
            self._reservation.done() and len(self._times) < min(self._waiting, MAX_BLOCK)
        ):
            # In no term of a leader: whoever waits first uses what another one has reserved.
            self._reservation = asyncio.create_task(self._reserve_times(), context=Context())
        return self._reservation

    async def _reserve_times(self) -> None:
        """Reserve times for those that wait, as many as one block holds."""
        loop = asyncio.get_running_loop()
        count = max(min(self._waiting - len(self._times), MAX_BLOCK), 1)
        asked_at = loop.time()
        try:
            async with asyncio.timeout(FALLBACK_INTERVAL):
                if self._clock_offset == -inf:
                    for _ in range(CLOCK_READINGS):
                        await self._ask(0.0)
                starts_at = await self._ask(count * self._spacing)
        except (TimeoutError, *DATABASE_ERRORS) as error:
            # Nobody leads without the database. What is left, such as connecting to the gateway
            # again, is little, so that a hundred processes stay below the limit.
            cause = str(error) or "no answer"
            log.warning("No time reserved for requests to Discord: cause=%s", cause)
            await asyncio.sleep(asked_at + FALLBACK_INTERVAL - loop.time())
            self._times.append(loop.time())
            return
        self._times.extend(starts_at + number * self._spacing for number in range(count))

    async def _ask(self, duration: float) -> float:
        """Reserve some seconds; return when they begin, as event loop time."""
        loop = asyncio.get_running_loop()
        asked_at = loop.time()
        reserved_at, starts_at = await self._reserve(duration, self._lead if duration else 0.0)
        answered_at = loop.time()
        # The server's clock was read between the question and the answer.
        offset = max(self._clock_offset, reserved_at - answered_at)
        self._clock_offset = min(offset, reserved_at - asked_at)
        self._lead = answered_at - (reserved_at - self._clock_offset)
        return starts_at - self._clock_offset
