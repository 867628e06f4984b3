"""Tests that one id that a relay refuses does not keep the others from being looked up."""

from collections.abc import Sequence
from random import Random

import pytest

from bot.relay.batch_bisection import MAX_REQUESTS, bisect_batch
from bot.relay.circuit_breaker import BackoffLimits
from bot.relay.errors import ErrorKind, RelayError
from bot.relay.lookup_result import LookupResult
from bot.relay.transport import ResponseLimits
from sandbox.relay import LocalRelay, faults, song
from sandbox.relay.faults import Fault
from tests.support.client_at_relay import client_at_relay, wait_for_pause


def add_songs(relay: LocalRelay, count: int) -> list[str]:
    """Add so many songs to the relay, and return their ids."""
    ids = [f"song-{number}" for number in range(count)]
    relay.add(*map(song, ids))
    return ids


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (faults.refuses("song-1"), ErrorKind.BAD_REQUEST),
        (faults.refuses("song-1", garbage=True), ErrorKind.UNREADABLE),
        (faults.refuses("song-1", status=500), ErrorKind.UNAVAILABLE),
    ],
    ids=["400", "garbage", "500"],
)
@pytest.mark.parametrize("count", [2, 3, 5, 100])
async def test_only_the_refused_id_fails(count: int, fault: Fault, kind: ErrorKind) -> None:
    """The batch is bisected until only the refused id fails, with a bounded number of requests."""
    async with client_at_relay() as (relay, client):
        ids = add_songs(relay, count)
        relay.faults.add(fault)

        found = await client.look_up(ids)

        assert found.failed.keys() == {ids[1]}
        assert found.tasks.keys() == set(ids) - {ids[1]}
        assert found.missing == frozenset()
        assert found.failed[ids[1]].kind is kind
        assert len(relay.requests) <= 18


@pytest.mark.parametrize("bad", "abcde")
async def test_a_refused_id_is_found_if_it_is_sampled_first(bad: str) -> None:
    """The refused id may be one of the two that are requested alone first."""
    requested_ids: list[tuple[str, ...]] = []

    async def ask(part: Sequence[str]) -> None:
        requested_ids.append(tuple(part))
        if bad in part:
            raise RelayError(ErrorKind.BAD_REQUEST, "no")

    refusal = RelayError(ErrorKind.BAD_REQUEST, "no")
    draws = Random(1)  # noqa: S311 # draws ids, not secrets
    culprits, left = await bisect_batch("abcde", refusal, ask, draws)

    assert (set(culprits), left) == ({bad}, [])
    assert len(requested_ids) <= 7


async def test_two_refused_ids_are_both_found() -> None:
    """Two refused ids are found at any distance within the batch."""
    async with client_at_relay() as (relay, client):
        ids = add_songs(relay, 4)
        relay.faults.add(faults.refuses(ids[0]))
        relay.faults.add(faults.refuses(ids[3]))

        found = await client.look_up(ids)

        assert found.failed.keys() == {ids[0], ids[3]}
        assert found.tasks.keys() == {ids[1], ids[2]}


async def test_the_poller_does_not_retry_a_refused_id_at_once() -> None:
    """The next poll costs one request, and the refused id still carries its error."""
    async with client_at_relay() as (relay, client):
        ids = add_songs(relay, 10)
        relay.faults.add(faults.refuses(ids[4]))
        await client.look_up(ids)
        relay.requests.clear()

        found = await client.look_up(ids)

        assert [len(request.ids) for request in relay.requests] == [9]
        assert found.failed[ids[4]].kind is ErrorKind.BAD_REQUEST


async def test_a_user_may_look_up_a_refused_id_again() -> None:
    """It is requested alone, and rejoins the batches once it was answered."""
    async with client_at_relay() as (relay, client):
        ids = add_songs(relay, 10)
        relay.faults.add(faults.refuses(ids[4]))
        await client.look_up(ids)
        relay.faults.clear()
        relay.requests.clear()

        result = await client.look_up(ids, interactive=True)
        await client.look_up(ids)

        assert result.tasks.keys() == set(ids)
        assert [len(request.ids) for request in relay.requests] == [9, 1, 10]


async def test_batches_are_not_bisected_if_every_id_is_refused() -> None:
    """Two single requests show that the relay refuses everything; no more are sent."""
    async with client_at_relay() as (relay, client):
        ids = add_songs(relay, 100)
        await client.look_up(ids)
        relay.requests.clear()
        relay.faults.add(faults.bad_request())

        with pytest.raises(RelayError) as failure:
            await client.look_up(ids)

        assert failure.value.kind is ErrorKind.BAD_REQUEST
        assert [len(request.ids) for request in relay.requests] == [100, 1, 1]


async def test_http_500_for_every_id_opens_the_circuit() -> None:
    """HTTP 500 may be caused by one id; if it is not, the circuit opens."""
    async with client_at_relay(backoff=BackoffLimits(min_delay=60)) as (relay, client):
        ids = add_songs(relay, 100)
        relay.faults.add(faults.server_error(500))

        for _ in range(5):
            with pytest.raises(RelayError):
                await client.look_up(ids)

        assert client.circuit_status.open_until is not None
        assert len(relay.requests) == 9


async def test_a_small_batch_of_refused_ids_raises_one_error() -> None:
    """If every id of a look-up is refused, the look-up raises the error."""
    async with client_at_relay() as (relay, client):
        ids = add_songs(relay, 3)
        await client.look_up(ids)
        for each in ids:
            relay.faults.add(faults.refuses(each))

        with pytest.raises(RelayError) as failure:
            await client.look_up(ids)

        assert failure.value.kind is ErrorKind.BAD_REQUEST


async def test_bisection_ends_at_a_different_failure() -> None:
    """The tasks found until then are returned, and the other ids carry the failure."""
    async with client_at_relay() as (relay, client):
        ids = add_songs(relay, 4)
        relay.faults.add(faults.refuses(ids[0]), times=1)
        relay.faults.add(faults.server_error(), after=1)

        found = await client.look_up(ids)

        assert found.tasks.keys() == set(ids[2:])
        assert {error.kind for error in found.failed.values()} == {ErrorKind.UNAVAILABLE}


async def test_an_occasional_unreadable_response_loses_no_task() -> None:
    """The batch of an unreadable response is requested again at once, in halves."""
    async with client_at_relay() as (relay, client):
        ids = add_songs(relay, 50)
        relay.faults.add(faults.answers(200, b"garbage"), times=1)

        found = await client.look_up(ids)

        assert found.tasks.keys() == set(ids)
        assert len(relay.requests) == 4


async def test_a_batch_with_too_long_a_response_is_bisected() -> None:
    """The size limit applies to each response, and all tasks are found."""
    async with client_at_relay(limits=ResponseLimits(body=20_000)) as (relay, client):
        ids = add_songs(relay, 24)
        relay.clock.advance(300)

        found = await client.look_up(ids)

        assert found.tasks.keys() == set(ids)


async def test_many_refused_ids_are_found_over_several_polls() -> None:
    """Each look-up has a limited number of requests, and later ones continue the search."""
    async with client_at_relay() as (relay, client):
        ids = add_songs(relay, 100)
        refused = set(ids[::4])
        await client.look_up(ids)
        for each in refused:
            relay.faults.add(faults.refuses(each))

        found = LookupResult()
        for _ in range(30):
            relay.requests.clear()
            try:
                found = await client.look_up(ids)
            except RelayError:
                continue
            finally:
                assert len(relay.requests) <= MAX_REQUESTS + 4
            if found.tasks.keys() == set(ids) - refused:
                break

        assert found.tasks.keys() == set(ids) - refused
        assert found.failed.keys() == refused


async def test_a_refused_id_is_found_right_after_an_outage() -> None:
    """The trial request of the circuit breaker may be the one that is refused."""
    async with client_at_relay(backoff=BackoffLimits(0.001, 0.001, failure_threshold=1)) as (
        relay,
        client,
    ):
        ids = add_songs(relay, 5)
        await client.look_up(ids)
        relay.start_outage()
        with pytest.raises(RelayError):
            await client.look_up(ids)
        relay.end_outage()
        relay.faults.add(faults.refuses(ids[0]))
        await wait_for_pause(client)

        found = await client.look_up(ids)

        assert found.tasks.keys() == set(ids[1:])
