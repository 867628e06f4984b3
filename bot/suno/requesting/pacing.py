"""How fast a relay is asked, and who goes first."""

import asyncio
import time
from heapq import heappop, heappush
from itertools import count


class Pace:
    """Spaces requests evenly, ``per_second`` of them, and lets people's go before the poller's."""

    def __init__(self, per_second: float) -> None:
        if not per_second > 0:
            raise ValueError("The requests per second must be more than 0.")
        self._spacing = 1 / per_second
        self._free_at = 0.0
        self._kept = False
        self._line: list[tuple[bool, int, asyncio.Future[None]]] = []
        self._arrivals = count()
        self._usher: asyncio.Task[None] | None = None

    async def keep_turn(self) -> None:
        """Wait for a turn as one who is not urgent, and keep it for whoever asks for one next."""
        if not self._kept:
            await self.turn(urgent=False)
            self._kept = True

    async def turn(self, *, urgent: bool) -> None:
        """Wait until a request may be sent; who is urgent goes before all who are not."""
        if self._kept:
            self._kept = False
            self._free_at = time.monotonic() + self._spacing
            return
        if not self._line and time.monotonic() >= self._free_at:  # nobody waits: no usher is needed
            self._free_at = time.monotonic() + self._spacing
            return
        turn = asyncio.get_running_loop().create_future()
        heappush(self._line, (not urgent, next(self._arrivals), turn))
        if self._usher is None or self._usher.done():
            self._usher = asyncio.create_task(self._let_in())
        await turn

    async def aclose(self) -> None:
        """Stop letting anyone in; who still waits is cancelled."""
        if self._usher is not None:
            self._usher.cancel()
            await asyncio.wait([self._usher])
        for _, _, turn in self._line:
            turn.cancel()
        self._line.clear()

    async def _let_in(self) -> None:
        while self._line:
            while (left := self._free_at - time.monotonic()) > 0:  # noqa: ASYNC110 # time alone ends it
                await asyncio.sleep(left)  # and look again: a turn that was kept moves the time
            # Chosen only now that there is room: someone urgent may have come in the meantime.
            while self._line:
                _, _, turn = heappop(self._line)
                if not turn.done():
                    self._free_at = time.monotonic() + self._spacing
                    turn.set_result(None)
                    break
