"""Tests of how the client reacts when a relay refuses, rate-limits or fails."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from random import Random

import pytest
from aiohttp import web

from bot.relay.circuit_breaker import BackoffLimits, CircuitBreaker
from bot.relay.client import RelayClient
from bot.relay.errors import ErrorKind, RelayError
from bot.relay.transport import ResponseLimits
from sandbox.relay import faults, song
from sandbox.relay.faults import Fault
from tests.support.client_at_relay import client_at_relay, wait_for_pause

LONG = BackoffLimits(min_delay=60, max_delay=600, recheck_delay=300, interactive_delay=60)


async def failure_of(client: RelayClient, *, interactive: bool = False) -> RelayError:
    """Look up a song, and return the error that this raises."""
    with pytest.raises(RelayError) as failure:
        await client.look_up(["song"], interactive=interactive)
    return failure.value


def log_records(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Return the level and the message of every log record."""
    return [(record.levelname, record.getMessage()) for record in caplog.records]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (faults.unauthorized("openai"), ErrorKind.AUTH),
        (faults.unauthorized("suno"), ErrorKind.AUTH),
        (faults.unauthorized("text"), ErrorKind.AUTH),
        (faults.forbidden(), ErrorKind.AUTH),
        (faults.out_of_quota(403), ErrorKind.QUOTA),
        (faults.out_of_quota(429), ErrorKind.QUOTA),
        (faults.rate_limited(), ErrorKind.RATE_LIMIT),
        (faults.bad_request(), ErrorKind.BAD_REQUEST),
        *((faults.server_error(status), ErrorKind.UNAVAILABLE) for status in (500, 502, 503)),
        *((faults.server_error(status), ErrorKind.UNAVAILABLE) for status in (504, 520, 524)),
        (faults.json_cut_short(), ErrorKind.UNAVAILABLE),
        (faults.cut_before_headers(), ErrorKind.UNAVAILABLE),
        (faults.cut_in_body(), ErrorKind.UNAVAILABLE),
        (faults.refuses("song", garbage=True), ErrorKind.UNREADABLE),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
async def test_each_failure_raises_the_error_of_its_category(fault: Fault, kind: ErrorKind) -> None:
    """A failed request is not repeated and does not count as the failure of a task."""
    async with client_at_relay(backoff=LONG) as (relay, client):
        relay.add(song("song"))
        await client.look_up(["song"])
        relay.faults.add(fault)

        assert (await failure_of(client)).kind is kind
        assert len(relay.requests) == 2


@pytest.mark.parametrize(
    ("fault", "detail"),
    [
        (faults.cut_in_body(), "the answer broke off"),
        (
            faults.answers(200, b"no gzip", headers={"Content-Encoding": "gzip"}),
            "the answer cannot be decompressed",
        ),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
async def test_a_truncated_response_is_reported_in_plain_words(fault: Fault, detail: str) -> None:
    """The error does not contain the name of a library's exception."""
    async with client_at_relay(backoff=LONG) as (relay, client):
        relay.faults.add(fault)
        assert (await failure_of(client)).detail == detail


async def test_a_closed_port_is_unavailable() -> None:
    """A look-up at a port on which nothing listens raises RelayUnavailable."""
    async with client_at_relay() as (relay, client):
        await relay.__aexit__()

        failure = await failure_of(client)

        assert failure.kind is ErrorKind.UNAVAILABLE
        assert "no connection" in failure.detail


@pytest.mark.parametrize(
    ("fault", "words"),
    [(faults.unauthorized(), "the key is refused"), (faults.out_of_quota(), "no credit")],
    ids=["key", "credit"],
)
async def test_an_error_that_the_operator_must_fix_stops_the_poller(
    fault: Fault, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The poller sends no more requests, and one log line at level ERROR has the reason."""
    async with client_at_relay(backoff=LONG) as (relay, client):
        relay.faults.add(fault)

        first = await failure_of(client)
        second = await failure_of(client)

        assert second.kind is first.kind
        assert second.retry_after == pytest.approx(300, abs=2)
        assert len(relay.requests) == 1
        [(level, line)] = log_records(caplog)
        assert level == "ERROR"
        assert words in line


async def test_a_refused_key_is_rechecked_rarely(caplog: pytest.LogCaptureFixture) -> None:
    """The refusal is logged once, and so is its end."""
    async with client_at_relay() as (relay, client):
        relay.add(song("song"))
        relay.faults.add(faults.unauthorized())
        with caplog.at_level(logging.INFO, "bot.relay"):
            await failure_of(client)
            await wait_for_pause(client)
            await failure_of(client)
            relay.faults.clear()
            await wait_for_pause(client)
            await client.look_up(["song"])

        assert len(relay.requests) == 3
        assert [level for level, _ in log_records(caplog)] == ["ERROR", "INFO"]
        assert "answers again" in log_records(caplog)[-1][1]


async def test_a_user_may_retry_a_refused_key_every_few_seconds() -> None:
    """A successful retry after the operator's fix resumes the poller, too."""
    backoff = BackoffLimits(recheck_delay=300, interactive_delay=0.2)
    async with client_at_relay(backoff=backoff) as (relay, client):
        relay.add(song("song"))
        relay.faults.add(faults.unauthorized(), times=1)
        await failure_of(client)
        hasty = await failure_of(client, interactive=True)
        await asyncio.sleep(hasty.retry_after or 0)

        found = await client.look_up(["song"], interactive=True)

        assert found.tasks.keys() == {"song"}
        assert (await client.look_up(["song"])).tasks.keys() == {"song"}
        assert len(relay.requests) == 3


async def test_a_rate_limit_pauses_all_requests() -> None:
    """A rate limit pauses the requests of users and of the poller."""
    async with client_at_relay(backoff=LONG) as (relay, client):
        relay.faults.add(faults.rate_limited())

        await failure_of(client)
        for interactive in (False, True):
            failure = await failure_of(client, interactive=interactive)

            assert failure.kind is ErrorKind.RATE_LIMIT
            assert failure.retry_after is not None
            assert 55 < failure.retry_after <= 120
        assert len(relay.requests) == 1


@pytest.mark.parametrize(
    ("header", "pause"),
    [
        (lambda: "40", 40),
        (lambda: format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True), 40),
        (lambda: "86400", 3600),
    ],
    ids=["seconds", "date", "a day"],
)
@pytest.mark.parametrize("fault", [faults.rate_limited, faults.server_error])
async def test_retry_after_is_honoured(
    fault: Callable[..., Fault], header: Callable[[], str], pause: float
) -> None:
    """Seconds and dates are honoured with any status and for all requests, up to an hour."""
    async with client_at_relay() as (relay, client):
        relay.faults.add(fault(retry_after=header()))

        first = await failure_of(client)
        second = await failure_of(client, interactive=True)

        assert first.retry_after == pytest.approx(pause, abs=2)
        assert second.retry_after == pytest.approx(pause, abs=2)
        assert len(relay.requests) == 1


@pytest.mark.parametrize("header", ["0", "-5", "soon", "nan", "Fri, 01 Jan 2021 00:00:00 GMT"])
async def test_an_invalid_retry_after_is_replaced_by_the_default_delay(header: str) -> None:
    """After a rate limit, no request is sent at once."""
    async with client_at_relay(backoff=LONG) as (relay, client):
        relay.faults.add(faults.rate_limited(header))

        await failure_of(client)

        failure = await failure_of(client)
        assert failure.retry_after is not None
        assert failure.retry_after > 55


async def test_the_third_failure_in_a_row_opens_the_circuit(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Two failures keep the circuit closed; the third opens it, with one log line."""
    async with client_at_relay(backoff=LONG) as (relay, client):
        relay.start_outage()

        kinds = [(await failure_of(client)).kind for _ in range(5)]

        assert kinds == [ErrorKind.UNAVAILABLE] * 5
        assert len(relay.requests) == 3
        assert client.circuit_status.open_until is not None
        [(level, line)] = log_records(caplog)
        assert level == "WARNING"
        assert "cannot be reached" in line


async def test_a_half_open_circuit_lets_one_request_through() -> None:
    """The other requests wait for its result, and proceed if it succeeds."""
    backoff = BackoffLimits(min_delay=0.03, max_delay=0.1, interactive_delay=5)
    async with client_at_relay(limits=ResponseLimits(total=0.1), backoff=backoff) as (
        relay,
        client,
    ):
        relay.add(song("song"))
        relay.faults.add(faults.server_error(), times=3)
        relay.faults.add(faults.slow_headers(), times=1)
        for _ in range(3):
            await failure_of(client)
        await wait_for_pause(client)

        outcomes = await asyncio.gather(*(failure_of(client) for _ in range(3)))

        details = [outcome.detail.partition(":")[0] for outcome in outcomes]
        assert details == ["no whole answer within 0.1 s", *["not asked again yet"] * 2]
        assert len(relay.requests) == 4
        await wait_for_pause(client)
        assert (await client.look_up(["song"])).tasks.keys() == {"song"}
        assert (await client.look_up(["song"])).tasks.keys() == {"song"}


async def test_a_success_between_failures_keeps_the_circuit_closed() -> None:
    """Only consecutive failures open the circuit."""
    async with client_at_relay(backoff=LONG) as (relay, client):
        relay.add(song("song"))
        for _ in range(3):
            relay.faults.add(faults.server_error(), times=2)
            await failure_of(client)
            await failure_of(client)

            assert (await client.look_up(["song"])).tasks.keys() == {"song"}


async def test_a_response_to_an_older_request_does_not_end_a_pause() -> None:
    """A success of a request sent before the rate limit does not lift it."""
    breaker = CircuitBreaker("relay=custom", LONG, Random(1))  # noqa: S311 # draws pauses, not secrets
    before = asyncio.get_running_loop().time()

    breaker.record_failure(RelayError(ErrorKind.RATE_LIMIT, "429"))
    breaker.record_success(before)

    assert breaker.status.open_until is not None
    with pytest.raises(RelayError):
        breaker.raise_if_open(interactive=True)


async def test_pauses_grow_within_bounds_and_have_jitter() -> None:
    """Several bots do not retry at the same moment, and pauses have a minimum and a maximum."""
    breaker = CircuitBreaker("relay=custom", BackoffLimits(min_delay=10, max_delay=100), Random(7))  # noqa: S311 # as above
    backoff = []
    for _ in range(40):
        breaker.record_failure(RelayError(ErrorKind.RATE_LIMIT, "429"))
        with pytest.raises(RelayError) as refusal:
            breaker.raise_if_open(interactive=False)
        backoff.append(refusal.value.retry_after or 0)

    assert all(9.9 < pause <= 100 for pause in backoff)
    assert backoff[0] <= 20
    assert backoff[1] <= 40
    assert max(backoff) > 80
    assert all(one != other for one, other in pairwise(backoff))


@pytest.mark.parametrize("garbage", [True, False])
async def test_unreadable_responses_open_the_circuit(garbage: bool) -> None:
    """Three polls without a readable response open the circuit."""
    async with client_at_relay(backoff=LONG) as (relay, client):
        relay.add(song("one"))
        await client.look_up(["one"])
        answer = faults.answers(200, b"nonsense") if garbage else faults.bad_request()
        relay.faults.add(answer)
        for _ in range(4):
            with pytest.raises(RelayError):
                await client.look_up(["one", "two"])

        assert client.circuit_status.open_until is not None


@pytest.mark.parametrize("typed", [["odd"], ["odd", "odder"]])
async def test_refused_ids_from_users_do_not_stop_the_poller(typed: list[str]) -> None:
    """Errors about ids that a user typed do not open the circuit for the poller."""
    async with client_at_relay(backoff=LONG, reuse_ttl=0) as (relay, client):
        relay.add(song("song"))
        for each in typed:
            relay.faults.add(faults.refuses(each))
        for _ in range(5):
            with pytest.raises(RelayError):
                await client.look_up(typed, interactive=True)

        assert (await client.look_up(["song"])).tasks.keys() == {"song"}


@pytest.mark.parametrize("fault", [faults.cut_before_headers(), faults.cut_in_body()])
async def test_a_cut_connection_is_retried_once_for_users(fault: Fault) -> None:
    """A user's look-up is retried, because a user waits for it; a poll is not."""
    async with client_at_relay() as (relay, client):
        relay.add(song("song"))
        relay.faults.add(fault, times=1)
        with pytest.raises(RelayError):
            await client.look_up(["song"])
        relay.faults.add(fault, times=1)

        found = await client.look_up(["song"], interactive=True)

        assert found.tasks.keys() == {"song"}
        assert len(relay.requests) == 3


async def test_a_cut_connection_is_not_retried_twice() -> None:
    """A second cut connection counts as a failure of the relay."""
    async with client_at_relay() as (relay, client):
        relay.faults.add(faults.cut_before_headers())

        await failure_of(client, interactive=True)

        assert len(relay.requests) == 2


async def test_the_circuit_status_shows_the_last_success_and_the_delay() -> None:
    """Times are Unix seconds, and None stands for events that never happened."""
    async with client_at_relay(backoff=LONG) as (relay, client):
        relay.add(song("song"))
        fresh = client.circuit_status
        await client.look_up(["song"])
        well = client.circuit_status
        relay.faults.add(faults.rate_limited("30"))
        await failure_of(client)
        limited = client.circuit_status

    assert (fresh.last_success_at, fresh.open_until) == (None, None)
    assert well.last_success_at is not None
    assert well.open_until is None
    assert limited.last_success_at == well.last_success_at
    assert limited.open_until is not None
    assert limited.open_until - limited.last_success_at == pytest.approx(30, abs=5)


async def test_the_circuit_status_shows_since_when_the_relay_fails() -> None:
    """That is the first of the failures that opened the circuit, until a request succeeds."""
    async with client_at_relay(backoff=BackoffLimits(min_delay=0.001, max_delay=0.01)) as (
        relay,
        client,
    ):
        relay.add(song("song"))
        relay.start_outage()
        began = time.time()
        for _ in range(2):
            await failure_of(client)
        few = client.circuit_status
        for _ in range(2):
            await failure_of(client)
        failing = client.circuit_status
        relay.end_outage()
        await wait_for_pause(client)
        await client.look_up(["song"])
        well = client.circuit_status

    assert few.failing_since is None
    assert failing.failing_since == pytest.approx(began, abs=5)
    assert well.failing_since is None


async def test_relay_error_messages_cannot_forge_log_lines(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Control characters are escaped, and long messages are truncated."""
    async with client_at_relay() as (relay, client):
        relay.faults.add(
            faults.answers(401, faults.openai_error("\x1b[31mred\r\nERROR forged" + "x" * 900))
        )

        await failure_of(client)

        [(_, line)] = log_records(caplog)
        assert line.isprintable()
        assert "\\x1b[31mred" in line
        assert len(line) < 400


async def test_a_slow_response_times_out() -> None:
    """The time-out covers the whole response: slow headers as well as a slow body."""
    async with client_at_relay(limits=ResponseLimits(total=0.1)) as (relay, client):
        for fault in (faults.slow_headers(), faults.slow_drip()):
            relay.faults.add(fault, times=1)

            failure = await failure_of(client)

            assert failure.kind is ErrorKind.UNAVAILABLE
            assert failure.detail == "no whole answer within 0.1 s"


@pytest.mark.parametrize("status", [500, 502])
async def test_an_older_request_that_fails_does_not_end_a_pause(status: int) -> None:
    """The relay has asked to wait after it was sent."""
    async with client_at_relay(backoff=LONG) as (relay, client):
        late = faults.server_error(status)
        asked = asyncio.Event()

        async def answer(request: web.Request, closing: asyncio.Event) -> web.StreamResponse:
            await asked.wait()
            return await late.answer(request, closing)

        relay.faults.add(replace(late, answer=answer), times=1)
        older = asyncio.create_task(client.look_up(["song"]))
        await relay.wait_for_requests()
        relay.faults.add(faults.rate_limited("300"), times=1)
        assert (await failure_of(client)).kind is ErrorKind.RATE_LIMIT
        asked.set()
        with pytest.raises(RelayError):
            await older

        for interactive in (False, True):
            pause = (await failure_of(client, interactive=interactive)).retry_after
            assert pause is not None
            assert pause > 200
        assert len(relay.requests) == 2
