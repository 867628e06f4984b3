"""Look-ups of people that come close together travel as one."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping

from bot.relay.errors import ErrorKind, RelayError
from bot.relay.lookup_result import Findings, LookupResult
from bot.relay.models import TaskKind

Ask = Callable[[Collection[str], Mapping[str, TaskKind]], Awaitable[LookupResult]]


class _SharedLookup:
    """One look-up for several people: ids come aboard until it departs."""

    def __init__(self, ask: Ask, window: float) -> None:
        self.kinds: dict[str, TaskKind] = {}
        self.ids: dict[str, None] = {}
        self.departed = False
        self.landed_at = 0.0
        self.task = asyncio.create_task(self._fly(ask, window))

    async def _fly(self, ask: Ask, window: float) -> LookupResult | RelayError:
        """Give the error as a result: nobody may be left to take it when it is raised."""
        await asyncio.sleep(window)
        self.departed = True
        try:
            return await ask(self.ids, self.kinds)
        except RelayError as error:
            return error
        finally:
            self.landed_at = time.monotonic()

    def result(self) -> LookupResult | RelayError:
        """Give how it ended."""
        if self.task.cancelled():
            return RelayError(ErrorKind.UNAVAILABLE, "the bot is closing")
        return self.task.result()

    def is_of_use(self, fresh: float) -> bool:
        """Whether it is still to land, or landed well and less than ``fresh`` seconds ago."""
        if not self.task.done():
            return True
        well = not self.task.cancelled() and self.task.exception() is None
        return (
            well
            and isinstance(self.task.result(), LookupResult)
            and time.monotonic() - self.landed_at < fresh
        )


class RequestCoalescer:
    """Joins look-ups that come within ``window`` seconds, and shares answers for ``fresh``."""

    def __init__(self, ask: Ask, *, window: float, fresh: float) -> None:
        self._ask = ask
        self._window = window
        self._fresh = fresh
        self._boarding: _SharedLookup | None = None
        self._flights: dict[str, _SharedLookup] = {}

    async def look_up(self, ids: Collection[str], kinds: Mapping[str, TaskKind]) -> LookupResult:
        """Ask for all of them together with other people's.

        Whoever is cancelled meanwhile cancels nobody else. Raise SunoError as ``ask`` does.
        """
        findings = Findings(ids)
        flights = {each: self._flight(each, kinds.get(each)) for each in findings.ids}
        if flights:
            # Unlike awaiting the tasks, this leaves them alone when the one who waits is cancelled.
            await asyncio.wait({flight.task for flight in flights.values()})
        for each, flight in flights.items():
            _take(each, flight.result(), findings)
        return findings.conclude()

    async def aclose(self) -> None:
        """End what is under way; who waits for it gets a SunoError."""
        tasks = {flight.task for flight in self._flights.values()}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _flight(self, task_id: str, kind: TaskKind | None) -> _SharedLookup:
        """Give the look-up that brings this id, a new one only if none does."""
        flight = self._flights.get(task_id)
        if flight is None or not flight.is_of_use(self._fresh):
            flight = self._flights[task_id] = self._boarding_flight()
            flight.ids[task_id] = None
        if kind is not None and not flight.departed:
            flight.kinds[task_id] = kind
        return flight

    def _boarding_flight(self) -> _SharedLookup:
        if self._boarding is None or self._boarding.departed:
            self._drop_old()
            self._boarding = _SharedLookup(self._ask, self._window)
        return self._boarding

    def _drop_old(self) -> None:
        self._flights = {
            task_id: flight
            for task_id, flight in self._flights.items()
            if flight.is_of_use(self._fresh)
        }


def _take(task_id: str, result: LookupResult | RelayError, findings: Findings) -> None:
    """Take what a shared look-up says of one id, if anything."""
    if isinstance(result, RelayError):
        findings.failed[task_id] = result
    elif task_id in result.tasks:
        findings.tasks[task_id] = result.tasks[task_id]
    elif task_id in result.missing:
        findings.missing.add(task_id)
    elif task_id in result.failed:
        findings.failed[task_id] = result.failed[task_id]
