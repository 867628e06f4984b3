"""How fast a relay is asked, and whose request goes next."""

import asyncio
import time
from collections import deque
from collections.abc import Callable

from bot.relay.errors import ErrorKind, RelayError

BATCHES_IN_A_ROW = 3
"""Batches that go before a single look-up of the same side which waits."""


class RateLimiter:
    """Spaces requests evenly, ``per_second`` of them, and shares them between two sides.

    The two sides are people (``interactive``) and the poller. While both wait, they are served
    alternately: however much people ask, the poller gets half of the budget, and the other way
    round. A side that is alone gets all of it.

    Within a side batches go first, for one batch serves many; but every fourth request is a single
    look-up where one waits, so that none waits for ever.
    """

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        if not per_second > 0:
            raise ValueError("The requests per second must be more than 0.")
        self._spacing = 1 / per_second
        self._clock = clock
        self._free_at = clock()
        self._people = _Side()
        self._poller = _Side()
        self._last_was_urgent = False
        self._reserved = False
        self._dispatcher: asyncio.Task[None] | None = None

    async def reserve(self) -> None:
        """Wait as the poller until a request may be sent, and keep that for its next request.

        It is kept until another request could be sent and somebody wants to.
        """
        if not self._reserved:
            await self.acquire(interactive=False)
            self._reserved = True

    async def acquire(self, *, interactive: bool, single: bool = False) -> None:
        """Wait until a request may be sent. Raise SunoError if the bot stops meanwhile."""
        if self._reserved and not interactive:
            self._admit(interactive=False)
            return
        waiting = self._people or self._poller
        if not waiting and self._clock() >= self._free_at:  # then no dispatcher is needed
            self._admit(interactive=interactive)
            return
        turn = asyncio.get_running_loop().create_future()
        (self._people if interactive else self._poller).add(turn, single=single)
        if self._dispatcher is None or self._dispatcher.done():
            self._dispatcher = asyncio.create_task(self._dispatch())
        await turn

    async def aclose(self) -> None:
        """Let nobody send any more; whoever still waits gets a SunoError."""
        if self._dispatcher is not None:
            self._dispatcher.cancel()
            await asyncio.wait([self._dispatcher])
        while side := self._next_side():
            turn = side.pop()
            if not turn.done():
                turn.set_exception(RelayError(ErrorKind.UNAVAILABLE, "the bot is closing"))

    def _admit(self, *, interactive: bool) -> None:
        self._free_at = self._clock() + self._spacing
        self._last_was_urgent = interactive
        self._reserved = False

    async def _dispatch(self) -> None:
        # Whose turn it is, is chosen only when there is room: others may have come meanwhile.
        while side := self._next_side():
            left = self._free_at - self._clock()
            if left > 0:
                await asyncio.sleep(left)
                continue
            turn = side.pop()
            if not turn.done():  # whoever gave up is passed over
                self._admit(interactive=side is self._people)
                turn.set_result(None)

    def _next_side(self) -> "_Side | None":
        """Return the side whose turn it is, the other where it does not wait, None if none does."""
        if self._last_was_urgent:
            return self._poller or self._people or None
        return self._people or self._poller or None


class _Side:
    """The requests of one side that wait, as futures, in the order in which they are sent."""

    def __init__(self) -> None:
        self._batches: deque[asyncio.Future[None]] = deque()
        self._singles: deque[asyncio.Future[None]] = deque()
        self._batches_in_a_row = 0

    def __bool__(self) -> bool:
        return bool(self._batches or self._singles)

    def add(self, turn: asyncio.Future[None], *, single: bool) -> None:
        (self._singles if single else self._batches).append(turn)

    def pop(self) -> asyncio.Future[None]:
        due = not self._batches or self._batches_in_a_row >= BATCHES_IN_A_ROW
        if self._singles and due:
            self._batches_in_a_row = 0
            return self._singles.popleft()
        self._batches_in_a_row += 1
        return self._batches.popleft()
