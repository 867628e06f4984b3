"""Look-ups of people: joined, shared, and before the poller's."""

import asyncio
import time
from typing import Any

import pytest

from bot.relay.errors import ErrorKind, RelayError
from bot.relay.models import TaskKind
from sandbox.relay import LocalRelay, ResponseFormat, faults, song
from tests.support.client_at_relay import client_at_relay


async def test_people_who_ask_at_the_same_time_share_a_request() -> None:
    """Each gets an answer to what was asked, and to nothing else."""
    async with client_at_relay() as (relay, client):
        relay.add(song("one"), song("two"))

        one, two = await asyncio.gather(
            client.look_up(["one", "gone"], interactive=True),
            client.look_up(["two"], interactive=True),
        )

        assert one.tasks.keys() == {"one"}
        assert one.missing == {"gone"}
        assert two.tasks.keys() == {"two"}
        assert two.missing == frozenset()
        assert relay.requests[0].ids == ("one", "gone", "two")


async def test_what_one_of_them_knows_of_a_kind_helps_all() -> None:
    """Lyrics are asked for as lyrics, although another did not know that they are."""
    async with client_at_relay() as (relay, client):
        relay.add(song("words"))

        await asyncio.gather(
            client.look_up(["words"], interactive=True),
            client.look_up(["words"], kinds={"words": TaskKind.LYRICS}, interactive=True),
        )

        assert [look.action for look in relay.requests] == ["LYRICS"]


async def test_a_fresh_answer_is_shared() -> None:
    """Whoever presses a button twice costs one request."""
    async with client_at_relay() as (relay, client):
        relay.add(song("song"))

        first = await client.look_up(["song"], interactive=True)
        second = await client.look_up(["song"], interactive=True)

        assert first.tasks == second.tasks
        assert len(relay.requests) == 1


async def test_only_what_is_not_fresh_is_asked_for() -> None:
    """An id that was just answered does not travel again with one that was not."""
    async with client_at_relay() as (relay, client):
        relay.add(song("one"), song("two"))
        await client.look_up(["one"], interactive=True)

        found = await client.look_up(["one", "two"], interactive=True)

        assert found.tasks.keys() == {"one", "two"}
        assert [look.ids for look in relay.requests] == [("one",), ("two",)]


async def test_an_old_answer_is_not_shared() -> None:
    """Someone who asks again later learns what has changed."""
    async with client_at_relay(reuse_ttl=0.0) as (relay, client):
        relay.add(song("song"))
        await client.look_up(["song"], interactive=True)
        relay.clock.advance(300)

        found = await client.look_up(["song"], interactive=True)

        assert found.tasks["song"].terminal


async def test_an_error_is_not_shared_with_those_who_come_later() -> None:
    """They deserve a try of their own."""
    async with client_at_relay() as (relay, client):
        relay.add(song("song"))
        relay.faults.add(faults.server_error(), times=1)
        with pytest.raises(RelayError):
            await client.look_up(["song"], interactive=True)

        assert (await client.look_up(["song"], interactive=True)).tasks.keys() == {"song"}


async def test_an_error_reaches_everyone_who_waits() -> None:
    """Nobody is left without an answer; each is asked for alone, should it be one id's doing."""
    async with client_at_relay() as (relay, client):
        relay.faults.add(faults.server_error())

        outcomes = await asyncio.gather(
            *(client.look_up([each], interactive=True) for each in ("one", "two")),
            return_exceptions=True,
        )

        assert [len(look.ids) for look in relay.requests] == [2, 1, 1]
        assert [getattr(each, "kind", None) for each in outcomes] == [ErrorKind.UNAVAILABLE] * 2


async def test_a_refused_id_fails_only_for_who_asked_for_it() -> None:
    """The other one's answer was read."""
    async with client_at_relay() as (relay, client):
        relay.add(song("good"), song("bad"))
        relay.faults.add(faults.refuses("bad"))

        good, bad = await asyncio.gather(
            client.look_up(["good"], interactive=True),
            client.look_up(["bad"], interactive=True),
            return_exceptions=True,
        )

        assert not isinstance(good, BaseException)
        assert good.tasks.keys() == {"good"}
        assert isinstance(bad, RelayError)
        assert bad.kind is ErrorKind.BAD_REQUEST


async def test_who_gives_up_takes_nothing_from_the_others() -> None:
    """The shared request goes on for those who still wait."""
    async with client_at_relay() as (relay, client):
        relay.add(song("song"))
        patient = asyncio.create_task(client.look_up(["song"], interactive=True))
        hasty = asyncio.create_task(client.look_up(["song"], interactive=True))
        await asyncio.sleep(0)
        hasty.cancel()

        assert (await patient).tasks.keys() == {"song"}
        assert hasty.cancelled()


def asked_singly(relay: LocalRelay) -> set[str]:
    """Return the ids that the relay was asked for on their own."""
    return {each for look in relay.requests if look.method == "GET" for each in look.ids}


async def test_a_person_asks_for_three_unknown_ids_on_their_own_at_most() -> None:
    """Of the others it is only said that no batch holds them: nothing is concluded of them."""
    async with client_at_relay() as (relay, client):
        ids = [f"gone-{number}" for number in range(10)]

        found = await client.look_up(ids, interactive=True)

        assert asked_singly(relay) == found.missing == set(ids[:3])
        assert found.unlisted == tuple(ids[3:])


async def test_each_of_those_who_share_a_request_may_ask_for_three() -> None:
    """Whoever invents ids takes nothing from who mistyped one."""
    async with client_at_relay() as (_, client):
        invented = [f"gone-{number}" for number in range(10)]

        _, typo = await asyncio.gather(
            client.look_up(invented, interactive=True), client.look_up(["typo"], interactive=True)
        )

        assert typo.missing == {"typo"}


async def test_tasks_that_only_single_lookups_show_are_not_limited() -> None:
    """What is asked for in vain is limited, not what is found."""
    async with client_at_relay() as (relay, client):
        relay.response_format = ResponseFormat(paths=frozenset({"/suno/fetch/{id}"}))
        songs = [f"song-{number}" for number in range(6)]
        relay.add(*map(song, songs))
        await client.look_up(songs[:1])
        gone = [f"gone-{number}" for number in range(5)]
        relay.requests.clear()

        found = await client.look_up([*songs, *gone], interactive=True)

        assert found.tasks.keys() == set(songs)
        assert found.missing == set(gone[:3])
        assert found.unlisted == tuple(gone[3:])
        assert asked_singly(relay) == {*songs, *gone[:3]}


async def test_an_id_that_was_missing_is_not_asked_for_again_by_people() -> None:
    """The same answer would come; with it, another id is asked for all the same."""
    async with client_at_relay(reuse_ttl=0) as (relay, client):
        relay.add(song("song"))
        await client.look_up(["gone"], interactive=True)
        relay.requests.clear()

        again = await client.look_up(["gone"], interactive=True)
        assert again.missing == {"gone"}
        assert relay.requests == []

        both = await client.look_up(["gone", "song"], interactive=True)
        assert both.tasks.keys() == {"song"}
        assert both.missing == {"gone"}
        assert [look.ids for look in relay.requests] == [("song",)]


async def test_an_id_that_was_missing_is_asked_for_again_after_a_while() -> None:
    """A relay may give an id away a moment before it shows the task."""
    async with client_at_relay(reuse_ttl=0, negative_ttl=0.05) as (relay, client):
        await client.look_up(["song"], interactive=True)
        relay.add(song("song"))
        await asyncio.sleep(0.06)

        assert (await client.look_up(["song"], interactive=True)).tasks.keys() == {"song"}


async def test_an_id_that_the_poller_has_found_is_no_longer_missing() -> None:
    """Whoever finds it first, everyone is shown it."""
    async with client_at_relay(reuse_ttl=0) as (relay, client):
        await client.look_up(["song"], interactive=True)
        relay.add(song("song"))
        await client.look_up(["song"])

        assert (await client.look_up(["song"], interactive=True)).tasks.keys() == {"song"}


async def test_what_fails_is_not_called_missing_later() -> None:
    """Only the relay's word that it does not know an id is kept."""
    async with client_at_relay(reuse_ttl=0) as (relay, client):
        relay.add(song("song"))
        relay.faults.add(faults.server_error(503), times=1)
        with pytest.raises(RelayError):
            await client.look_up(["song"], interactive=True)

        assert (await client.look_up(["song"], interactive=True)).tasks.keys() == {"song"}


async def test_only_one_background_lookup_asks_for_single_ids_at_a_time() -> None:
    """So whatever unproven ids are watched, they cost no other poll its slot."""
    async with client_at_relay() as (relay, client):
        await client.look_up(["first"], singly=False)
        relay.faults.add(faults.slow_headers(), path="/suno/fetch/one")
        slow = asyncio.create_task(client.look_up_singly(["one"]))
        await relay.wait_for_requests(len(relay.requests) + 1)

        other = await client.look_up_singly(["two"])

        assert other.failed.keys() == {"two"}
        slow.cancel()


async def test_requests_keep_their_distance() -> None:
    """Never more than the setting allows, not even at first."""
    async with client_at_relay(batch_size=1, requests_per_second=40) as (relay, client):
        ids = [f"song-{number}" for number in range(6)]
        relay.add(*map(song, ids))

        started = time.monotonic()
        await client.look_up(ids)

        assert len(relay.requests) == 6
        assert time.monotonic() - started >= 5 / 40 - 0.001


async def test_people_go_before_the_poller() -> None:
    """Whoever asks while the poller works through its batches is next."""
    async with client_at_relay(batch_size=1, requests_per_second=5) as (relay, client):
        ids = [f"song-{number}" for number in range(5)]
        relay.add(*map(song, ids), song("wanted"))
        polls = [asyncio.create_task(client.look_up(part)) for part in (ids[:3], ids[3:])]
        await relay.wait_for_requests()

        await client.look_up(["wanted"], interactive=True)

        assert ("wanted",) in [look.ids for look in relay.requests[:3]]
        for poll in polls:
            poll.cancel()


async def test_who_gives_up_in_the_line_is_passed_over() -> None:
    """The slot goes to the next one, and none is lost."""
    async with client_at_relay(batch_size=1, requests_per_second=5) as (relay, client):
        relay.add(song("one"), song("two"), song("three"))
        first = asyncio.create_task(client.look_up(["one"]))
        second = asyncio.create_task(client.look_up(["two"]))
        third = asyncio.create_task(client.look_up(["three"]))
        await first
        second.cancel()
        await third

        assert [look.ids for look in relay.requests] == [("one",), ("three",)]


async def test_closing_ends_what_people_wait_for() -> None:
    """They get an error that can be told, and the relay gets no more requests."""
    async with client_at_relay() as (relay, client):
        relay.faults.add(faults.slow_headers())
        waiting = asyncio.create_task(client.look_up(["song"], interactive=True))
        await relay.wait_for_requests()

        await client.aclose()

        with pytest.raises(RelayError) as failure:
            await waiting
        assert failure.value.detail == "the bot is closing"


async def test_closing_ends_what_waits_in_the_line() -> None:
    """Nothing is left waiting for a slot that never comes."""
    async with client_at_relay(batch_size=1, requests_per_second=1) as (relay, client):
        relay.add(song("one"), song("two"))
        poll = asyncio.create_task(client.look_up(["one", "two"]))
        await relay.wait_for_requests()
        await asyncio.sleep(0.05)

        await client.aclose()

        found = await poll
        assert found.tasks.keys() == {"one"}
        assert found.failed.keys() == {"two"}


@pytest.mark.parametrize("settings", [{"requests_per_second": 0}, {"batch_size": 0}])
async def test_a_pace_or_a_size_of_nothing_is_refused(settings: dict[str, Any]) -> None:
    """It would mean to wait for ever."""
    with pytest.raises(ValueError, match="must"):
        async with client_at_relay(**settings):
            pass
