import asyncio
import itertools
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

import aiohttp

from bot.client import REQUESTS_PER_SECOND, request_trace
from bot.delivery.discord_requests import MAX_CATCH_UP, GlobalRateLimiter, RequestMonitor
from bot.metrics import Metrics
from sandbox.discord import LocalDiscord

T = TypeVar("T")

MOST = 50
JUST = 1e-6
"""Seconds: an event loop's clock is as fine as that."""


class Leap(selectors.DefaultSelector):
    """Lets time pass at once whenever a loop would wait."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait no longer; return what there is."""
        self.now += timeout or 0.0
        return super().select(0)


class LeapingLoop(asyncio.SelectorEventLoop):
    """A loop on which time is what it is told."""

    def __init__(self) -> None:
        self.clock = Leap()
        super().__init__(self.clock)

    def time(self) -> float:
        """Return the loop's own time, in seconds."""
        return self.clock.now


def in_no_time(work: Coroutine[Any, Any, T]) -> T:
    """Run what only waits, without waiting."""
    with asyncio.Runner(loop_factory=LeapingLoop) as runner:
        return runner.run(work)


async def turns_of(count: int, *, busy: float = 0.0) -> list[float]:
    """Return when so many turns came that were asked for at once; the program was busy midway."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, LeapingLoop)
    turns, times = GlobalRateLimiter(MOST), list[float]()

    async def take(number: int) -> None:
        await turns.acquire()
        times.append(loop.time())
        if number == count // 2:
            loop.clock.now += busy

    await asyncio.gather(*map(take, range(count)))
    return times


def test_no_second_has_more_turns_than_discord_takes() -> None:
    """However many wait; also when the program makes up for what it missed."""
    for busy in (0.0, 0.05, MAX_CATCH_UP, 0.7, 5.0):
        times = in_no_time(turns_of(5 * MOST, busy=busy))
        pairs = zip(times, times[MOST:], strict=False)
        assert all(later - earlier > 1 - JUST for earlier, later in pairs)


def test_turns_are_spread_evenly() -> None:
    """What leaves at a distance is not too much at once when it arrives."""
    times = in_no_time(turns_of(5 * MOST))
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert max(gaps) - min(gaps) < JUST


def test_turns_that_were_missed_are_made_up_for() -> None:
    """A program that was busy for a moment is as far in the end as one that was not."""
    usual, late = in_no_time(turns_of(8 * MOST)), in_no_time(turns_of(8 * MOST, busy=0.05))
    assert abs(late[-1] - usual[-1]) < JUST


def test_who_gives_up_takes_no_turn() -> None:
    """The next in line goes in its place."""

    async def give_up() -> float:
        turns = GlobalRateLimiter(MOST)
        waiting = [asyncio.create_task(turns.acquire()) for _ in range(5 * MOST)]
        await asyncio.sleep(0)
        for task in waiting[:-1]:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        return asyncio.get_running_loop().time()

    assert in_no_time(give_up()) < 1 / MOST


async def test_answers_to_people_never_wait_for_a_turn() -> None:
    """Discord does not count them, and wants them within three seconds."""
    async with (
        LocalDiscord() as local,
        aiohttp.ClientSession(
            trace_configs=[request_trace(RequestMonitor(), Metrics())]
        ) as session,
    ):

        async def ask(path: str) -> str:
            async with session.get(f"{local.api_url}{path}"):
                return path

        requests = [asyncio.create_task(ask("/gateway")) for _ in range(REQUESTS_PER_SECOND // 2)]
        answer = asyncio.create_task(ask("/webhooks/1/token"))
        first, *_ = [await done for done in asyncio.as_completed([answer, requests[-1]])]
        assert first == "/webhooks/1/token"
        await asyncio.gather(*requests)
