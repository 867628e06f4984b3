"""How the requests to a relay are spaced, and shared between people and the poller."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bot.relay.errors import NotSentError
from bot.relay.rate_limiter import RateLimiter
from tests.support.virtual_time import run_in_virtual_time


class RequestRecorder:
    """A limiter of two requests a second, and a record of who sent each request and when."""

    def __init__(self) -> None:
        self.now = asyncio.get_running_loop().time
        self.limiter = RateLimiter(2.0, self.now)
        self.sent: list[tuple[str, float]] = []

    @property
    def senders(self) -> str:
        """Return whose the requests were: a letter for each."""
        return "".join(name for name, _ in self.sent)

    async def send(self, name: str, *, interactive: bool = False, single: bool = False) -> None:
        """Send a request as soon as the limiter allows."""
        await self.limiter.acquire(interactive=interactive, single=single)
        self.sent.append((name, self.now()))

    async def poll(self) -> None:
        """Poll something, over and over, as the poller does while anything is due."""
        while True:
            await self.limiter.reserve()
            await asyncio.sleep(0.01)  # which tasks are due?
            await self.send("p")

    def start(self, *requests: Awaitable[None]) -> None:
        """Let requests wait for a slot, or the poller poll, until time is up."""
        self.tasks = [asyncio.ensure_future(request) for request in requests]


def sent_within(
    seconds: float, play: Callable[[RequestRecorder], Awaitable[None]]
) -> RequestRecorder:
    """Return the recorder after so many seconds of what ``play`` starts."""

    async def main() -> RequestRecorder:
        recorder = RequestRecorder()
        await play(recorder)
        await asyncio.sleep(seconds)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        return recorder

    return run_in_virtual_time(main())


def test_the_poller_gets_half_of_the_budget_however_much_people_ask() -> None:
    """A hundred requests of people wait already when it wants its first slot."""

    async def play(recorder: RequestRecorder) -> None:
        recorder.start(*(recorder.send("u", interactive=True) for _ in range(100)), recorder.poll())

    recorder = sent_within(20, play)

    assert recorder.senders.count("p") >= len(recorder.sent) // 2 >= 19


def test_people_get_half_of_the_budget_however_much_is_due() -> None:
    """They wait for one request of the poller at most."""

    async def play(recorder: RequestRecorder) -> None:
        recorder.start(recorder.poll(), *(recorder.send("p") for _ in range(100)))
        await asyncio.sleep(3)
        recorder.start(*(recorder.send("u", interactive=True) for _ in range(5)))

    recorder = sent_within(10, play)

    asked_at = 6
    assert recorder.senders[asked_at:].startswith(("upupupupup", "pupupupupu"))


@pytest.mark.parametrize("interactive", [True, False])
def test_a_queue_that_is_alone_gets_the_whole_budget_evenly_spaced(interactive: bool) -> None:
    """Nothing is reserved for a queue that does not wait."""

    async def play(recorder: RequestRecorder) -> None:
        recorder.start(*(recorder.send("x", interactive=interactive) for _ in range(100)))

    recorder = sent_within(9.9, play)

    assert [at for _, at in recorder.sent] == pytest.approx([each / 2 for each in range(20)])


def test_single_lookups_wait_for_batches_but_not_for_ever() -> None:
    """Every fourth request is one of them while batches wait, and all are when none does."""

    async def play(recorder: RequestRecorder) -> None:
        recorder.start(
            *(recorder.send("s", interactive=True, single=True) for _ in range(6)),
            *(recorder.send("b", interactive=True) for _ in range(9)),
        )

    assert sent_within(20, play).senders == "sbbbsbbbsbbbsss"


def test_a_reserved_slot_is_used_at_once() -> None:
    """It was waited for before; the next request keeps its distance from when it was used."""

    async def play(recorder: RequestRecorder) -> None:
        await recorder.limiter.reserve()
        await asyncio.sleep(10)
        recorder.start(recorder.send("p"), recorder.send("p"))

    recorder = sent_within(5, play)

    assert [at for _, at in recorder.sent] == pytest.approx([10, 10.5])


def test_an_unused_reservation_delays_nobody() -> None:
    """Whoever comes instead is let through, and the poller waits for another slot then."""

    async def play(recorder: RequestRecorder) -> None:
        await recorder.limiter.reserve()
        await asyncio.sleep(10)
        recorder.start(recorder.send("u", interactive=True), recorder.send("p"))

    recorder = sent_within(5, play)

    assert recorder.senders == "up"
    assert [at for _, at in recorder.sent] == pytest.approx([10, 10.5])


def test_a_cancelled_request_is_skipped() -> None:
    """The slot goes to the next one, and none is lost."""

    async def play(recorder: RequestRecorder) -> None:
        recorder.start(*(recorder.send(name) for name in "abc"))
        await asyncio.sleep(0.1)
        recorder.tasks[1].cancel()

    recorder = sent_within(5, play)

    assert [at for _, at in recorder.sent] == pytest.approx([0, 0.5])
    assert recorder.senders == "ac"


def test_closing_ends_every_wait_with_an_error() -> None:
    """Whoever waits gets an error that can be shown."""

    async def main() -> list[BaseException | None]:
        recorder = RequestRecorder()
        waiting = [recorder.send("u", interactive=True) for _ in range(2)] + [recorder.send("p")]
        ending = asyncio.gather(*waiting, return_exceptions=True)
        await asyncio.sleep(0.1)
        await recorder.limiter.aclose()
        return await ending

    first, *others = run_in_virtual_time(main())

    assert first is None
    assert [type(each) for each in others] == [NotSentError, NotSentError]


def test_nothing_is_sent_after_closing() -> None:
    """A look-up of several requests that is under way sends no other one with a replaced key."""

    async def main() -> list[BaseException | None]:
        recorder = RequestRecorder()
        await recorder.limiter.aclose()
        later = [recorder.send("u", interactive=True), recorder.send("p")]
        return await asyncio.gather(*later, return_exceptions=True)

    assert [type(each) for each in run_in_virtual_time(main())] == [NotSentError, NotSentError]
