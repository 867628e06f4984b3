"""One id that a relay refuses must not keep the others from being looked up."""

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


def songs(relay: LocalRelay, count: int) -> list[str]:
    """Add so many songs to the relay, and give their ids."""
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
    """The batch is halved until it stands alone, at a bounded cost."""
    async with client_at_relay() as (relay, client):
        ids = songs(relay, count)
        relay.faults.add(fault)

        found = await client.look_up(ids)

        assert found.failed.keys() == {ids[1]}
        assert found.tasks.keys() == set(ids) - {ids[1]}
        assert found.missing == frozenset()
        assert found.failed[ids[1]].kind is kind
        assert len(relay.requests) <= 18


@pytest.mark.parametrize("bad", "abcde")
async def test_a_refused_id_is_found_even_where_it_is_drawn_first(bad: str) -> None:
    """One of the two that are asked for alone may be the very one."""
    asked: list[tuple[str, ...]] = []

    async def ask(part: Sequence[str]) -> None:
        asked.append(tuple(part))
        if bad in part:
            raise RelayError(ErrorKind.BAD_REQUEST, "no")

    refusal = RelayError(ErrorKind.BAD_REQUEST, "no")
    draws = Random(1)  # noqa: S311 # draws ids, not secrets
    culprits, left = await bisect_batch("abcde", refusal, ask, draws)

    assert (set(culprits), left) == ({bad}, [])
    assert len(asked) <= 7


async def test_two_refused_ids_are_both_found() -> None:
    """However far apart they stand."""
    async with client_at_relay() as (relay, client):
        ids = songs(relay, 4)
        relay.faults.add(faults.refuses(ids[0]))
        relay.faults.add(faults.refuses(ids[3]))

        found = await client.look_up(ids)

        assert found.failed.keys() == {ids[0], ids[3]}
        assert found.tasks.keys() == {ids[1], ids[2]}


async def test_the_poller_does_not_ask_again_at_once_for_a_refused_id() -> None:
    """The next poll costs one request, and the id still carries its error."""
    async with client_at_relay() as (relay, client):
        ids = songs(relay, 10)
        relay.faults.add(faults.refuses(ids[4]))
        await client.look_up(ids)
        relay.requests.clear()

        found = await client.look_up(ids)

        assert [len(look.ids) for look in relay.requests] == [9]
        assert found.failed[ids[4]].kind is ErrorKind.BAD_REQUEST


async def test_people_may_ask_again_for_a_refused_id() -> None:
    """It is requested alone, and once it is answered it travels with the others again."""
    async with client_at_relay() as (relay, client):
        ids = songs(relay, 10)
        relay.faults.add(faults.refuses(ids[4]))
        await client.look_up(ids)
        relay.faults.clear()
        relay.requests.clear()

        asked = await client.look_up(ids, interactive=True)
        await client.look_up(ids)

        assert asked.tasks.keys() == set(ids)
        assert [len(look.ids) for look in relay.requests] == [9, 1, 10]


async def test_a_relay_that_refuses_every_id_is_not_halved() -> None:
    """Two ids alone show that it is the relay; the batch costs no more than those."""
    async with client_at_relay() as (relay, client):
        ids = songs(relay, 100)
        await client.look_up(ids)
        relay.requests.clear()
        relay.faults.add(faults.bad_request())

        with pytest.raises(RelayError) as failure:
            await client.look_up(ids)

        assert failure.value.kind is ErrorKind.BAD_REQUEST
        assert [len(look.ids) for look in relay.requests] == [100, 1, 1]


async def test_a_relay_that_stumbles_over_everything_is_left_alone() -> None:
    """HTTP 500 may be one id's doing; where it is not, the circuit opens all the same."""
    async with client_at_relay(backoff=BackoffLimits(min_delay=60)) as (relay, client):
        ids = songs(relay, 100)
        relay.faults.add(faults.server_error(500))

        for _ in range(5):
            with pytest.raises(RelayError):
                await client.look_up(ids)

        assert client.circuit_status.open_until is not None
        assert len(relay.requests) == 9


async def test_a_few_ids_that_are_all_refused_are_one_error() -> None:
    """There is nothing else to tell of them."""
    async with client_at_relay() as (relay, client):
        ids = songs(relay, 3)
        await client.look_up(ids)
        for each in ids:
            relay.faults.add(faults.refuses(each))

        with pytest.raises(RelayError) as failure:
            await client.look_up(ids)

        assert failure.value.kind is ErrorKind.BAD_REQUEST


async def test_halving_ends_when_the_relay_fails_in_another_way() -> None:
    """What was found until then is returned, and the rest carries that failure."""
    async with client_at_relay() as (relay, client):
        ids = songs(relay, 4)
        relay.faults.add(faults.refuses(ids[0]), times=1)
        relay.faults.add(faults.server_error(), after=1)

        found = await client.look_up(ids)

        assert found.tasks.keys() == set(ids[2:])
        assert {error.kind for error in found.failed.values()} == {ErrorKind.UNAVAILABLE}


async def test_an_odd_answer_now_and_then_costs_no_task() -> None:
    """What was garbage once is asked for again at once, in halves."""
    async with client_at_relay() as (relay, client):
        ids = songs(relay, 50)
        relay.faults.add(faults.answers(200, b"garbage"), times=1)

        found = await client.look_up(ids)

        assert found.tasks.keys() == set(ids)
        assert len(relay.requests) == 4


async def test_an_answer_that_is_too_long_is_asked_for_in_halves() -> None:
    """The limit is one answer's; all tasks still arrive."""
    async with client_at_relay(limits=ResponseLimits(body=20_000)) as (relay, client):
        ids = songs(relay, 24)
        relay.clock.advance(300)

        found = await client.look_up(ids)

        assert found.tasks.keys() == set(ids)


async def test_many_refused_ids_are_sorted_out_over_several_polls() -> None:
    """One look-up never costs more than was set, and the next ones go on from there."""
    async with client_at_relay() as (relay, client):
        ids = songs(relay, 100)
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
    """The first request tries whether the relay is back; its refusal shows that it is."""
    async with client_at_relay(backoff=BackoffLimits(0.001, 0.001, failure_threshold=1)) as (
        relay,
        client,
    ):
        ids = songs(relay, 5)
        await client.look_up(ids)
        relay.start_outage()
        with pytest.raises(RelayError):
            await client.look_up(ids)
        relay.end_outage()
        relay.faults.add(faults.refuses(ids[0]))
        await wait_for_pause(client)

        found = await client.look_up(ids)

        assert found.tasks.keys() == set(ids[1:])
