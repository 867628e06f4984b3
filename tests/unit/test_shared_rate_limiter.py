"""The rate limit of requests to Discord that several processes share, in virtual time."""

import asyncio
import itertools
import random
from collections.abc import Callable

import pytest

from bot.delivery.shared_rate_limiter import FALLBACK_INTERVAL, MAX_BLOCK, SharedRateLimiter
from bot.storage.database_errors import DatabaseUnreachable
from bot.storage.reservations import Reservation
from bot.storage.terms import Term, current_term
from tests.support.virtual_time import run_in_virtual_time

LIMIT = 50
"""Requests per second."""
SPACING = 1 / (LIMIT - 1)
TOLERANCE = 1e-6
"""Seconds: what floating-point numbers lose."""


class Server:
    """Reserves times as the database does, after the delays of a network."""

    def __init__(self, delay: Callable[[], float] = lambda: 0.002) -> None:
        self.delay = delay
        self.next_at = 0.0
        self.clock_ahead = 1_800_000_000.0
        self.durations: list[float] = []
        self.terms: list[Term | None] = []
        self.failure: Exception | None = None
        self.answers = True

    async def reserve(self, duration: float, lead: float) -> Reservation:
        """Reserve time; fail or be silent if the test wants that."""
        self.terms.append(current_term.get())
        await asyncio.sleep(self.delay())
        if self.failure is not None:
            raise self.failure
        if not self.answers:
            await asyncio.Event().wait()
        now = asyncio.get_running_loop().time() + self.clock_ahead
        starts_at = max(now + lead, self.next_at)
        self.next_at = starts_at + duration
        if duration:
            self.durations.append(duration)
        await asyncio.sleep(self.delay())
        return Reservation(now, starts_at)


async def send(limiter: SharedRateLimiter, count: int, times: list[float]) -> None:
    """Let ``count`` requests wait at once; note when each is admitted."""

    async def take() -> None:
        await limiter.acquire()
        times.append(asyncio.get_running_loop().time())

    await asyncio.gather(*(take() for _ in range(count)))


def most_in_a_second(times: list[float]) -> int:
    """Return how many requests are admitted in the second that has the most."""
    return max(sum(1 for time in times if start <= time < start + 1 - TOLERANCE) for start in times)


@pytest.mark.parametrize("seed", range(5))
def test_no_second_has_more_requests_of_all_processes_than_the_limit(seed: int) -> None:
    """However long the server's answers take, if a few are quick: those tell its clock."""
    draw = random.Random(seed)  # noqa: S311 # delays of a test
    times = list[float]()

    def delay() -> float:
        return draw.choice([0.001, 0.002, 0.004, 0.008, draw.uniform(0.01, 0.4)])

    async def work(limiter: SharedRateLimiter) -> None:
        for _ in range(4):
            await send(limiter, draw.choice([1, 3, 40]), times)
            await asyncio.sleep(draw.choice([0, 0.3]))
        await send(limiter, 60, times)

    async def run() -> None:
        server = Server(delay)
        limiters = [SharedRateLimiter(server.reserve, LIMIT) for _ in range(3)]
        await asyncio.gather(*(work(limiter) for limiter in limiters))

    run_in_virtual_time(run())
    assert len(times) >= 3 * (4 + 60)
    assert most_in_a_second(times) <= LIMIT


def test_a_late_event_loop_does_not_exceed_the_limit() -> None:
    """What is missed while the loop is busy is not caught up: others may send by then."""
    times = list[float]()

    async def be_busy(loop: asyncio.AbstractEventLoop) -> None:
        for _ in range(20):
            await asyncio.sleep(0.1)
            loop._now += 0.07  # type: ignore[attr-defined] # the loop of virtual time

    async def run() -> None:
        server = Server()
        one, other = (SharedRateLimiter(server.reserve, LIMIT) for _ in range(2))
        busy = be_busy(asyncio.get_running_loop())
        await asyncio.gather(send(one, 80, times), send(other, 80, times), busy)

    run_in_virtual_time(run())
    assert len(times) == 160
    assert most_in_a_second(times) <= LIMIT


def test_one_process_alone_has_nearly_the_whole_limit() -> None:
    """Time is reserved ahead, in blocks, so that nobody waits for an answer of the server."""
    times, server = list[float](), Server(lambda: 0.03)
    run_in_virtual_time(send(SharedRateLimiter(server.reserve, LIMIT), 500, times))
    assert times[-1] - times[0] < 500 * SPACING * 1.01
    assert len(server.durations) < 500 / MAX_BLOCK * 1.1


def test_a_request_after_a_pause_waits_for_one_answer_and_takes_one_time() -> None:
    """It reserves no more than it needs, so that it keeps others from nothing."""
    server = Server()

    async def run() -> list[float]:
        loop = asyncio.get_running_loop()
        limiter, waits = SharedRateLimiter(server.reserve, LIMIT), list[float]()
        for _ in range(4):
            await asyncio.sleep(60)
            asked_at = loop.time()
            await limiter.acquire()
            waits.append(loop.time() - asked_at)
        return waits

    _first, *waits = run_in_virtual_time(run())
    assert max(waits) < 0.004 + TOLERANCE
    assert server.durations == [SPACING] * 4


def test_answers_that_become_slow_only_delay_requests() -> None:
    """Time is reserved for after the answer, so that it is not over by then."""
    times, server = list[float](), Server()

    async def run() -> None:
        limiter = SharedRateLimiter(server.reserve, LIMIT)
        await send(limiter, 1, times)
        server.delay = lambda: 0.4
        async with asyncio.timeout(600):
            for _ in range(20):
                await send(limiter, 1, times)

    run_in_virtual_time(run())
    assert len(times) == 21
    assert len(server.durations) <= 22


@pytest.mark.parametrize("change", [-3600.0, 3600.0])
def test_a_server_whose_clock_is_set_stops_nobody(change: float) -> None:
    """What is known of its clock follows."""
    times, server = list[float](), Server()

    async def run() -> None:
        limiter = SharedRateLimiter(server.reserve, LIMIT)
        await send(limiter, 20, times)
        server.clock_ahead += change
        server.next_at = 0.0
        async with asyncio.timeout(60):
            await send(limiter, 20, times)
        now = asyncio.get_running_loop().time() + server.clock_ahead
        assert server.next_at < now + 1

    run_in_virtual_time(run())
    assert len(times) == 40


def test_a_cancelled_request_uses_no_capacity() -> None:
    """The next request in the queue is admitted in its place."""

    async def cancel_all_but_last() -> float:
        loop, limiter = asyncio.get_running_loop(), SharedRateLimiter(Server().reserve, LIMIT)
        await limiter.acquire()
        began_at = loop.time()
        waiting = [asyncio.create_task(limiter.acquire()) for _ in range(5 * LIMIT)]
        await asyncio.sleep(0)
        for task in waiting[:-1]:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        return loop.time() - began_at

    assert run_in_virtual_time(cancel_all_but_last()) < 2 * SPACING


@pytest.mark.parametrize("failure", [DatabaseUnreachable("here", OSError("no route")), None])
def test_without_the_database_a_process_sends_little(failure: Exception | None) -> None:
    """Without leadership little is left to send; that goes on, and so does all else afterwards."""
    times, server = list[float](), Server()

    async def run() -> None:
        limiter = SharedRateLimiter(server.reserve, LIMIT)
        server.failure, server.answers = failure, False
        async with asyncio.timeout(600):
            await send(limiter, 4, times)
        server.failure, server.answers = None, True
        await send(limiter, 100, times)

    run_in_virtual_time(run())
    without = [later - earlier for earlier, later in itertools.pairwise(times[:4])]
    assert min(without) > FALLBACK_INTERVAL - TOLERANCE
    assert times[-1] - times[4] < 100 * SPACING * 1.01


def test_what_a_leader_reserves_is_for_everybody() -> None:
    """A reservation does not end with the term in which the first of those that wait works."""
    server = Server()

    async def run() -> None:
        current_term.set(Term(0, 0.0))
        await SharedRateLimiter(server.reserve, LIMIT).acquire()

    run_in_virtual_time(run())
    assert set(server.terms) == {None}
