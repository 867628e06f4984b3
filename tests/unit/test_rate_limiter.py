"""How the requests to a relay are spaced, and shared between people and the poller."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bot.relay.errors import RelayError
from bot.relay.rate_limiter import RateLimiter
from tests.support.virtual_time import run_in_virtual_time


class Line:
    """Two requests a second, and a record of whose they were and when each was sent."""

    def __init__(self) -> None:
        self.now = asyncio.get_running_loop().time
        self.limiter = RateLimiter(2.0, self.now)
        self.sent: list[tuple[str, float]] = []

    @property
    def senders(self) -> str:
        """Return whose the requests were: a letter for each."""
        return "".join(name for name, _ in self.sent)

    async def send(self, name: str, *, interactive: bool = False, single: bool = False) -> None:
        """Send a request when it is its turn."""
        await self.limiter.acquire(interactive=interactive, single=single)
        self.sent.append((name, self.now()))

    async def poll(self) -> None:
        """Look at something, over and over, as the poller does while anything is due."""
        while True:
            await self.limiter.reserve()
            await asyncio.sleep(0.01)  # which tasks are due?
            await self.send("p")

    def start(self, *requests: Awaitable[None]) -> None:
        """Let requests wait for their turn, or the poller look, until time is up."""
        self.tasks = [asyncio.ensure_future(request) for request in requests]


def sent_within(seconds: float, play: Callable[[Line], Awaitable[None]]) -> Line:
    """Return the line after so many seconds of what ``play`` starts."""

    async def main() -> Line:
        line = Line()
        await play(line)
        await asyncio.sleep(seconds)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        return line

    return run_in_virtual_time(main())


def test_the_poller_gets_half_of_the_budget_however_much_people_ask() -> None:
    """A hundred requests of people wait already when it wants its first turn."""

    async def play(line: Line) -> None:
        line.start(*(line.send("u", interactive=True) for _ in range(100)), line.poll())

    line = sent_within(20, play)

    assert line.senders.count("p") >= len(line.sent) // 2 >= 19


def test_people_get_half_of_the_budget_however_much_is_due() -> None:
    """They wait for one request of the poller at most."""

    async def play(line: Line) -> None:
        line.start(line.poll(), *(line.send("p") for _ in range(100)))
        await asyncio.sleep(3)
        line.start(*(line.send("u", interactive=True) for _ in range(5)))

    line = sent_within(10, play)

    asked_at = 6
    assert line.senders[asked_at:].startswith(("upupupupup", "pupupupupu"))


@pytest.mark.parametrize("interactive", [True, False])
def test_who_is_alone_gets_the_whole_budget_evenly_spaced(interactive: bool) -> None:
    """Nothing is kept free for a side that does not wait."""

    async def play(line: Line) -> None:
        line.start(*(line.send("x", interactive=interactive) for _ in range(100)))

    line = sent_within(9.9, play)

    assert [at for _, at in line.sent] == pytest.approx([each / 2 for each in range(20)])


def test_single_look_ups_wait_for_batches_but_not_for_ever() -> None:
    """Every fourth request is one of them while batches wait, and all are when none does."""

    async def play(line: Line) -> None:
        line.start(
            *(line.send("s", interactive=True, single=True) for _ in range(6)),
            *(line.send("b", interactive=True) for _ in range(9)),
        )

    assert sent_within(20, play).senders == "sbbbsbbbsbbbsss"


def test_a_turn_that_was_kept_is_used_at_once() -> None:
    """It was waited for before; the next request keeps its distance from when it was used."""

    async def play(line: Line) -> None:
        await line.limiter.reserve()
        await asyncio.sleep(10)
        line.start(line.send("p"), line.send("p"))

    line = sent_within(5, play)

    assert [at for _, at in line.sent] == pytest.approx([10, 10.5])


def test_a_turn_that_was_kept_for_nothing_holds_up_nobody() -> None:
    """Whoever comes instead is let through, and the poller waits for another turn then."""

    async def play(line: Line) -> None:
        await line.limiter.reserve()
        await asyncio.sleep(10)
        line.start(line.send("u", interactive=True), line.send("p"))

    line = sent_within(5, play)

    assert line.senders == "up"
    assert [at for _, at in line.sent] == pytest.approx([10, 10.5])


def test_who_gives_up_is_passed_over() -> None:
    """The turn goes to the next one, and none is lost."""

    async def play(line: Line) -> None:
        line.start(*(line.send(name) for name in "abc"))
        await asyncio.sleep(0.1)
        line.tasks[1].cancel()

    line = sent_within(5, play)

    assert [at for _, at in line.sent] == pytest.approx([0, 0.5])
    assert line.senders == "ac"


def test_closing_ends_every_wait_with_an_error() -> None:
    """Whoever waited can be told."""

    async def main() -> list[BaseException | None]:
        line = Line()
        waiting = [line.send("u", interactive=True) for _ in range(2)] + [line.send("p")]
        ending = asyncio.gather(*waiting, return_exceptions=True)
        await asyncio.sleep(0.1)
        await line.limiter.aclose()
        return await ending

    first, *others = run_in_virtual_time(main())

    assert first is None
    assert [type(each) for each in others] == [RelayError, RelayError]
