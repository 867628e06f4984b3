"""Requests that several people make, and whose results are kept for a while."""

import asyncio
import gc

import pytest

from bot.creation.shared_results import SharedResults
from bot.relay.errors import ErrorKind, RelayError


class Source:
    """Counts the requests, and answers them when it is told to."""

    def __init__(self, *answers: str | Exception | None) -> None:
        self._answers = list(answers)
        self.requests = 0
        self.ready = asyncio.Event()
        self.ready.set()

    async def request(self) -> str | None:
        """Return or raise the next answer."""
        self.requests += 1
        answer = self._answers.pop(0)
        await self.ready.wait()
        if isinstance(answer, Exception):
            raise answer
        return answer


async def test_a_result_is_requested_once() -> None:
    """By its name: another one is another request. It may be empty."""
    source = Source("", "b")
    results = SharedResults[str]()
    for name, expected in (("one", ""), ("one", ""), ("two", "b"), ("one", "")):
        assert await results.get(name, source.request) == expected
    assert source.requests == 2


async def test_what_is_not_ready_is_requested_again_after_a_while() -> None:
    """And what is ready, when its links may have expired."""
    source = Source(None, None, "a", "b")
    patient = SharedResults[str]()
    assert [await patient.get("one", source.request) for _ in range(3)] == [None] * 3
    assert source.requests == 1
    eager = SharedResults[str](kept=0, waiting=0)
    assert [await eager.get("one", source.request) for _ in range(3)] == [None, "a", "b"]


async def test_an_error_that_is_about_who_asks_is_not_shared() -> None:
    """The next one who waits makes the request, and the others share that."""
    source = Source(KeyError("mine"), "a")
    source.ready.clear()
    results = SharedResults[str](own_errors=(KeyError,))
    asking = [asyncio.create_task(results.get("one", source.request)) for _ in range(3)]
    await asyncio.sleep(0)
    source.ready.set()
    first, *others = await asyncio.gather(*asking, return_exceptions=True)
    assert isinstance(first, KeyError)
    assert others == ["a", "a"]
    assert source.requests == 2


async def test_who_asks_meanwhile_shares_the_request_and_its_error() -> None:
    """Nobody is cancelled with another one; an error is not kept."""
    source = Source(ValueError("no"), "a")
    source.ready.clear()
    results = SharedResults[str]()
    asking = [asyncio.create_task(results.get("one", source.request)) for _ in range(3)]
    await asyncio.sleep(0)
    asking[0].cancel()
    source.ready.set()
    errors = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(each) for each in errors] == [asyncio.CancelledError, ValueError, ValueError]
    assert source.requests == 1
    assert await results.get("one", source.request) == "a"


async def test_an_error_that_nobody_waits_for_is_logged_at_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Once, and not by asyncio when the request is collected as garbage."""
    source = Source(RelayError(ErrorKind.UNAVAILABLE, "no answer"))
    source.ready.clear()
    asking = asyncio.create_task(SharedResults[str]().get("one", source.request))
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.wait([asking])
    (request,) = asyncio.all_tasks() - {asyncio.current_task()}
    source.ready.set()
    await asyncio.wait([request])
    del request
    gc.collect()
    assert caplog.messages == [
        "Request failed, nobody waits for it any more: request=one cause=unavailable: no answer"
    ]


async def test_an_error_that_somebody_waits_for_is_not_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whoever waits gets it."""
    source = Source(ValueError("no"))
    with pytest.raises(ValueError, match="no"):
        await SharedResults[str]().get("one", source.request)
    gc.collect()
    assert not caplog.messages


async def test_the_kept_results_are_bounded() -> None:
    """The oldest is dropped; that costs another request."""
    source = Source(*map(str, range(200)))
    results = SharedResults[str]()
    for number in range(101):
        await results.get(f"song {number}", source.request)
    await results.get("song 100", source.request)
    assert source.requests == 101
    await results.get("song 0", source.request)
    assert source.requests == 102
