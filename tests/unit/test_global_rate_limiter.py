"""The global rate limit of requests to Discord, on an event loop with a virtual clock."""

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

LIMIT = 50
"""Requests per second."""
TOLERANCE = 1e-6
"""Seconds: the resolution of an event loop's clock."""


class VirtualSelector(selectors.DefaultSelector):
    """Advances a virtual clock by the timeout instead of waiting."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return the ready events without waiting."""
        self.now += timeout or 0.0
        return super().select(0)


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop with a virtual clock."""

    def __init__(self) -> None:
        self.clock = VirtualSelector()
        super().__init__(self.clock)

    def time(self) -> float:
        """Return the loop's own time, in seconds."""
        return self.clock.now


def run_virtually(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on a loop with a virtual clock."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(work)


async def admission_times(count: int, *, busy: float = 0.0) -> list[float]:
    """Return when ``count`` concurrent requests are admitted; the loop is blocked midway."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    limiter, times = GlobalRateLimiter(LIMIT), list[float]()

    async def take(number: int) -> None:
        await limiter.acquire()
        times.append(loop.time())
        if number == count // 2:
            loop.clock.now += busy

    await asyncio.gather(*map(take, range(count)))
    return times


def test_no_second_has_more_requests_than_the_limit() -> None:
    """The limit also holds while delays of the event loop are caught up."""
    for busy in (0.0, 0.05, MAX_CATCH_UP, 0.7, 5.0):
        times = run_virtually(admission_times(5 * LIMIT, busy=busy))
        pairs = zip(times, times[LIMIT:], strict=False)
        assert all(later - earlier > 1 - TOLERANCE for earlier, later in pairs)


def test_requests_are_spaced_evenly() -> None:
    """The intervals between requests are equal."""
    times = run_virtually(admission_times(5 * LIMIT))
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert max(gaps) - min(gaps) < TOLERANCE


def test_short_delays_are_caught_up() -> None:
    """A short block of the event loop does not change the time of the last request."""
    usual, late = (
        run_virtually(admission_times(8 * LIMIT)),
        run_virtually(admission_times(8 * LIMIT, busy=0.05)),
    )
    assert abs(late[-1] - usual[-1]) < TOLERANCE


def test_a_cancelled_request_uses_no_capacity() -> None:
    """The next request in the queue is admitted in its place."""

    async def cancel_all_but_last() -> float:
        limiter = GlobalRateLimiter(LIMIT)
        waiting = [asyncio.create_task(limiter.acquire()) for _ in range(5 * LIMIT)]
        await asyncio.sleep(0)
        for task in waiting[:-1]:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        return asyncio.get_running_loop().time()

    assert run_virtually(cancel_all_but_last()) < 1 / LIMIT


async def test_interaction_responses_are_not_limited() -> None:
    """Discord does not count them, and expects them within three seconds."""
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
