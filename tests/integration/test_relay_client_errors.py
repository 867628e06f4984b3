"""What the client does when a relay refuses, limits or fails."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from random import Random

import pytest

from bot.relay.circuit_breaker import BackoffLimits, CircuitBreaker
from bot.relay.client import RelayClient
from bot.relay.errors import ErrorKind, RelayError
from bot.relay.transport import ResponseLimits
from sandbox.relay import faults, song
from sandbox.relay.faults import Fault
from tests.support.client_at_relay import client_at_relay, wait_for_pause

LONG = BackoffLimits(min_delay=60, max_delay=600, recheck_delay=300, interactive_delay=60)


async def failure_of(client: RelayClient, *, interactive: bool = False) -> RelayError:
    """Look up a song, and give the error in which that ends."""
    with pytest.raises(RelayError) as failure:
        await client.look_up(["song"], interactive=interactive)
    return failure.value


def log_lines(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Give the lines that were logged: how urgent they are, and their words."""
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
async def test_each_failure_is_sorted_by_what_to_do_about_it(fault: Fault, kind: ErrorKind) -> None:
    """One request is spent on it, and it is never taken for a task's failure."""
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
async def test_an_answer_that_ends_too_early_is_reported_in_plain_words(
    fault: Fault, detail: str
) -> None:
    """The library's names of errors tell an operator nothing."""
    async with client_at_relay(backoff=LONG) as (relay, client):
        relay.faults.add(fault)
        assert (await failure_of(client)).detail == detail


async def test_a_relay_that_is_not_there_is_unavailable() -> None:
    """Nothing listens at the port any more."""
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
async def test_what_only_the_operator_can_mend_stops_the_poller(
    fault: Fault, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    """No more requests are made, and one line at level ERROR says why."""
    async with client_at_relay(backoff=LONG) as (relay, client):
        relay.faults.add(fault)

        first = await failure_of(client)
        second = await failure_of(client)

        assert second.kind is first.kind
        assert second.retry_after == pytest.approx(300, abs=2)
        assert len(relay.requests) == 1
        [(level, line)] = log_lines(caplog)
        assert level == "ERROR"
        assert words in line


async def test_a_refused_key_is_checked_again_slowly(caplog: pytest.LogCaptureFixture) -> None:
    """The error is logged once, and so is its end."""
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
        assert [level for level, _ in log_lines(caplog)] == ["ERROR", "INFO"]
        assert "answers again" in log_lines(caplog)[-1][1]


async def test_people_may_try_a_refused_key_every_few_seconds() -> None:
    """The operator has mended it and tries at once; the poller then goes on, too."""
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


async def test_a_rate_limit_pauses_everyone() -> None:
    """More questions, whoever asks them, would only prolong it."""
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
async def test_the_pause_that_a_relay_names_is_kept(
    fault: Callable[..., Fault], header: Callable[[], str], pause: float
) -> None:
    """In seconds or as a date, with any status, for everyone; but no longer than an hour."""
    async with client_at_relay() as (relay, client):
        relay.faults.add(fault(retry_after=header()))

        first = await failure_of(client)
        second = await failure_of(client, interactive=True)

        assert first.retry_after == pytest.approx(pause, abs=2)
        assert second.retry_after == pytest.approx(pause, abs=2)
        assert len(relay.requests) == 1


@pytest.mark.parametrize("header", ["0", "-5", "soon", "nan", "Fri, 01 Jan 2021 00:00:00 GMT"])
async def test_a_pause_that_makes_no_sense_becomes_one_of_ours(header: str) -> None:
    """A relay that limits the rate is never asked again at once."""
    async with client_at_relay(backoff=LONG) as (relay, client):
        relay.faults.add(faults.rate_limited(header))

        await failure_of(client)

        failure = await failure_of(client)
        assert failure.retry_after is not None
        assert failure.retry_after > 55


async def test_a_relay_that_fails_again_and_again_is_left_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Two failures are no reason; the third opens the circuit, and one line says so."""
    async with client_at_relay(backoff=LONG) as (relay, client):
        relay.start_outage()

        kinds = [(await failure_of(client)).kind for _ in range(5)]

        assert kinds == [ErrorKind.UNAVAILABLE] * 5
        assert len(relay.requests) == 3
        assert client.circuit_status.open_until is not None
        [(level, line)] = log_lines(caplog)
        assert level == "WARNING"
        assert "cannot be reached" in line


async def test_after_a_pause_one_request_tries_whether_the_relay_is_back() -> None:
    """The others wait for how it ends; when it ends well, everyone is let through."""
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
    """Only failures in a row count."""
    async with client_at_relay(backoff=LONG) as (relay, client):
        relay.add(song("song"))
        for _ in range(3):
            relay.faults.add(faults.server_error(), times=2)
            await failure_of(client)
            await failure_of(client)

            assert (await client.look_up(["song"])).tasks.keys() == {"song"}


async def test_an_answer_older_than_a_failure_does_not_end_its_pause() -> None:
    """What was sent before the relay began to limit says nothing of afterwards."""
    breaker = CircuitBreaker("relay", LONG, Random(1))  # noqa: S311 # draws pauses, not secrets
    before = asyncio.get_running_loop().time()

    breaker.record_failure(RelayError(ErrorKind.RATE_LIMIT, "429"))
    breaker.record_success(before)

    assert breaker.status.open_until is not None
    with pytest.raises(RelayError):
        breaker.raise_if_open(interactive=True)


async def test_pauses_grow_between_bounds_and_differ() -> None:
    """Many bots of one relay do not come back at the same moment, nor ever more often."""
    breaker = CircuitBreaker("relay", BackoffLimits(min_delay=10, max_delay=100), Random(7))  # noqa: S311 # as above
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
async def test_a_relay_that_answers_nonsense_to_all_opens_the_circuit_too(garbage: bool) -> None:
    """Three polls in which nothing could be read open the circuit."""
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
async def test_refused_ids_that_people_type_do_not_stop_the_poller(typed: list[str]) -> None:
    """Anyone could halt all watches otherwise."""
    async with client_at_relay(backoff=LONG, reuse_ttl=0) as (relay, client):
        relay.add(song("song"))
        for each in typed:
            relay.faults.add(faults.refuses(each))
        for _ in range(5):
            with pytest.raises(RelayError):
                await client.look_up(typed, interactive=True)

        assert (await client.look_up(["song"])).tasks.keys() == {"song"}


@pytest.mark.parametrize("fault", [faults.cut_before_headers(), faults.cut_in_body()])
async def test_a_cut_connection_is_tried_once_more_for_people(fault: Fault) -> None:
    """They wait for the answer, while the poller comes back anyway."""
    async with client_at_relay() as (relay, client):
        relay.add(song("song"))
        relay.faults.add(fault, times=1)
        with pytest.raises(RelayError):
            await client.look_up(["song"])
        relay.faults.add(fault, times=1)

        found = await client.look_up(["song"], interactive=True)

        assert found.tasks.keys() == {"song"}
        assert len(relay.requests) == 3


async def test_a_connection_that_stays_cut_is_tried_no_third_time() -> None:
    """Twice is the relay's fault."""
    async with client_at_relay() as (relay, client):
        relay.faults.add(faults.cut_before_headers())

        await failure_of(client, interactive=True)

        assert len(relay.requests) == 2


async def test_the_circuit_status_shows_the_last_success_and_the_delay() -> None:
    """Times are Unix seconds; what never happened is None."""
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


async def test_what_a_relay_says_cannot_forge_log_lines(caplog: pytest.LogCaptureFixture) -> None:
    """Control characters are escaped, and only the beginning is quoted."""
    async with client_at_relay() as (relay, client):
        relay.faults.add(
            faults.answers(401, faults.openai_error("\x1b[31mred\r\nERROR forged" + "x" * 900))
        )

        await failure_of(client)

        [(_, line)] = log_lines(caplog)
        assert line.isprintable()
        assert "\\x1b[31mred" in line
        assert len(line) < 400


async def test_a_slow_relay_is_given_up_after_the_limit() -> None:
    """Slow headers and a slow drip count alike: it is the whole answer that has to be there."""
    async with client_at_relay(limits=ResponseLimits(total=0.1)) as (relay, client):
        for fault in (faults.slow_headers(), faults.slow_drip()):
            relay.faults.add(fault, times=1)

            failure = await failure_of(client)

            assert failure.kind is ErrorKind.UNAVAILABLE
            assert failure.detail == "no whole answer within 0.1 s"
