"""Tests of the faults that can be added to the local relay."""

import asyncio
from random import Random

import aiohttp
import pytest

from sandbox.relay import faults, song
from tests.support.relay_caller import RelayCaller, called_relay


async def statuses(caller: RelayCaller, count: int, path: str = "/suno/fetch") -> list[int]:
    """Send so many requests, and return the statuses of the responses."""
    return [(await caller.ask("POST", path, json={"ids": ["one"]}))[0] for _ in range(count)]


async def test_a_fault_applies_until_it_is_cleared() -> None:
    """Without a number of times, a fault stays until it is cleared."""
    async with called_relay() as (relay, caller):
        relay.faults.add(faults.server_error(503))
        assert await statuses(caller, 3) == [503, 503, 503]
        relay.faults.clear()

        assert await statuses(caller, 1) == [200]


async def test_a_fault_applies_the_given_number_of_times() -> None:
    """Afterwards the next fault in the list applies."""
    async with called_relay() as (relay, caller):
        relay.faults.add(faults.server_error(500), times=1)
        relay.faults.add(faults.server_error(503), after=1, times=1)

        assert await statuses(caller, 4) == [500, 200, 503, 200]


async def test_one_fault_may_be_switched_off() -> None:
    """The others stay."""
    async with called_relay() as (relay, caller):
        switch_off = relay.faults.add(faults.server_error(500))
        relay.faults.add(faults.server_error(503))
        switch_off()

        assert await statuses(caller, 1) == [503]


async def test_a_fault_may_be_random() -> None:
    """The same seed gives the same sequence."""
    days = []
    for _ in range(2):
        async with called_relay(random=Random(3)) as (relay, caller):  # noqa: S311 # no secrets
            relay.faults.add(faults.server_error(500), probability=0.5)
            days.append(await statuses(caller, 20))

    assert days[0] == days[1]
    assert set(days[0]) == {200, 500}


async def test_a_fault_may_be_limited_to_one_path() -> None:
    """Requests to other paths succeed."""
    async with called_relay() as (relay, caller):
        relay.faults.add(faults.server_error(500), path="/suno/fetch")

        assert await statuses(caller, 1) == [500]
        assert await statuses(caller, 1, "/suno/submit/fetch") == [200]


@pytest.mark.parametrize(("garbage", "status"), [(False, 400), (True, 200)])
async def test_an_id_may_be_refused_wherever_it_appears(garbage: bool, status: int) -> None:
    """It is refused in a batch and alone; batches without it succeed."""
    async with called_relay() as (relay, caller):
        relay.add(song("good"), song("bad"))
        relay.faults.add(faults.refuses("bad", garbage=garbage))

        assert len((await caller.batch("good"))["data"]) == 1
        with pytest.raises((ValueError, KeyError, TypeError)):
            len((await caller.batch("good", "bad"))["data"])
        with pytest.raises((ValueError, TypeError)):
            len((await caller.ask("GET", "/suno/fetch/bad"))[1]["data"])
        assert [request.status for request in relay.requests] == [200, status, status]


async def test_refusals_are_worded_as_relays_word_them() -> None:
    """A refused key has three styles; credit and permission have their own."""
    async with called_relay() as (relay, caller):
        answers = []
        for fault in (
            faults.unauthorized("openai"),
            faults.unauthorized("suno"),
            faults.unauthorized("text"),
            faults.forbidden(),
            faults.out_of_quota(429),
            faults.bad_request(),
        ):
            relay.faults.add(fault, times=1)
            answers.append(await caller.ask("POST", "/suno/fetch", json={"ids": []}))

        assert [status for status, _ in answers] == [401, 401, 401, 403, 429, 400]
        assert answers[0][1]["error"]["code"] == "invalid_api_key"
        assert answers[1][1]["data"] is None
        assert answers[2][1] == {"error": "Invalid token"}
        assert answers[4][1]["error"]["code"] == "insufficient_user_quota"


async def test_a_rate_limit_has_no_body_and_an_optional_retry_after() -> None:
    """Most relays send no Retry-After."""
    async with called_relay() as (relay, caller):
        relay.faults.add(faults.rate_limited(), times=1)
        relay.faults.add(faults.rate_limited("7"), times=1)
        headers = []
        for _ in range(2):
            async with caller.session.post(relay.base_url + "/suno/fetch") as response:
                headers.append(response.headers.get("Retry-After"))
                assert (response.status, await response.read()) == (429, b"")

        assert headers == [None, "7"]


async def test_a_fault_may_be_an_html_page() -> None:
    """A proxy in front of the relay responds in its place."""
    async with called_relay() as (relay, caller):
        relay.faults.add(faults.server_error(524, retry_after="9"))

        async with caller.session.post(relay.base_url + "/suno/fetch") as response:
            assert (response.status, response.content_type) == (524, "text/html")
            assert response.headers["Retry-After"] == "9"
            assert "Error 524" in await response.text()


async def test_json_may_be_truncated() -> None:
    """The HTTP response itself is complete."""
    async with called_relay() as (relay, caller):
        relay.faults.add(faults.json_cut_short())

        with pytest.raises(ValueError, match="Unterminated string"):
            await caller.batch("one")


@pytest.mark.parametrize(
    ("fault", "error", "seconds"),
    [
        (faults.cut_before_headers(), aiohttp.ServerDisconnectedError, 60),
        (faults.cut_in_body(), aiohttp.ClientPayloadError, 60),
        (faults.slow_headers(), TimeoutError, 0.1),
        (faults.slow_drip(0.001), TimeoutError, 0.1),
        (faults.endless_body(1), TimeoutError, 0.1),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
async def test_a_connection_may_break_or_never_end(
    fault: faults.Fault, error: type[Exception], seconds: float
) -> None:
    """The client sees the same as with a real relay, and the relay can still be closed."""
    async with called_relay() as (relay, caller):
        relay.faults.add(fault)

        with pytest.raises(error):
            async with asyncio.timeout(seconds):
                await caller.batch("one")

        assert [request.status for request in relay.requests] == [fault.status]


async def test_a_redirect_has_its_target() -> None:
    """The target is within the relay or on another host."""
    async with called_relay() as (relay, caller):
        relay.faults.add(faults.redirects("http://other.example/", 307))

        async with caller.session.post(
            relay.base_url + "/suno/fetch", allow_redirects=False
        ) as response:
            assert response.status == 307
            assert response.headers["Location"] == "http://other.example/"
