"""Ids typed by users may cause any relay error without delaying the notices of other users.

A real relay on loopback, the real client, poller and database; only time is virtual.
"""

import asyncio
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest

from bot.relay.circuit_breaker import BackoffLimits
from bot.relay.errors import ErrorKind, RelayError
from bot.storage.errors import TooManyLookups
from bot.storage.models import Caller, Destination, EndReason, WatchOutcome, WatchRequest
from bot.ui.custom_ids import CustomId, LyricsButtonId, StatusButtonId
from sandbox.relay import faults, song
from sandbox.relay.faults import Fault
from tests.integration.test_fair_share import INTERVAL, Load, open_load
from tests.support.builders import HERE
from tests.support.client_at_relay import client_at_relay
from tests.support.poller_harness import DEADLINE, PollerHarness, open_poller
from tests.support.virtual_time import run_in_virtual_time

ENDS_AFTER = 60.0
FAILING_ID = "..~.etc.passwd"
LONG = BackoffLimits(min_delay=60, max_delay=60, recheck_delay=300)


def fault_for_the_failing_id(fault: Fault) -> Fault:
    """Return a fault for every request that contains the failing id, alone or with others."""
    return Fault(fault.name, fault.status, fault.answer, FAILING_ID)


REFUSALS = [
    faults.forbidden(),
    faults.unauthorized(),
    faults.out_of_quota(),
    faults.server_error(500),
    faults.server_error(503, retry_after="3600"),
    faults.cut_before_headers(),
    faults.slow_headers(),
]


async def request_the_failing_id(load: Load) -> None:
    """Look up and watch the failing id every few seconds, each time as another user."""
    for member in range(100, 200):
        with suppress(RelayError, TooManyLookups):
            await load.task_reader.look_up([FAILING_ID], Caller(member, None))
        await load.watchlist.add(
            [FAILING_ID], WatchRequest(member, Destination(member, None, "en-US"))
        )
        await asyncio.sleep(3)


async def timings_beside(fault: Fault, folder: Path) -> tuple[float, list[float]]:
    """Return the delay of a song's notice, and the intervals between the polls of the song."""
    async with open_load(folder) as load:
        load.relay.add(song("song", takes=ENDS_AFTER))
        load.relay.faults.add(fault_for_the_failing_id(fault))
        ends = {"song": load.clock() + ENDS_AFTER}
        await load.watchlist.add(["song"], WatchRequest(1, HERE))
        running = [
            asyncio.create_task(load.poll()),
            asyncio.create_task(request_the_failing_id(load)),
        ]
        with suppress(TimeoutError):
            async with asyncio.timeout(5 * ENDS_AFTER):
                await load.deliver(ends)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        polls = [each.at for each in load.relay.requests if each.ids == ("song",)]
        gaps = [later - earlier for earlier, later in pairwise(polls)]
        return load.delays.get("song", 5 * ENDS_AFTER), gaps


@pytest.mark.parametrize("fault", REFUSALS, ids=lambda fault: fault.name)
def test_an_id_that_causes_errors_does_not_delay_notices(fault: Fault, tmp_path: Path) -> None:
    """The poller keeps its interval while users look up and watch an id that causes errors."""
    delay, gaps = run_in_virtual_time(timings_beside(fault, tmp_path))

    assert delay <= INTERVAL + 1
    assert len(gaps) >= ENDS_AFTER / INTERVAL - 2
    assert max(gaps) <= INTERVAL + 1


@pytest.mark.parametrize("fault", REFUSALS[:6], ids=lambda fault: fault.name)
async def test_failed_user_lookups_do_not_delay_polls(fault: Fault) -> None:
    """Every user gets the error, and the poller keeps its interval."""
    async with client_at_relay(backoff=LONG, reuse_ttl=0) as (relay, client):
        relay.add(song("song"))
        relay.faults.add(fault_for_the_failing_id(fault))
        for _ in range(5):
            with pytest.raises(RelayError):
                await client.look_up([FAILING_ID], interactive=True)
            assert client.circuit_status.open_until is None

        assert (await client.look_up(["song"])).tasks.keys() == {"song"}


async def test_failed_user_lookups_do_not_extend_the_pause_of_the_poller() -> None:
    """Failed look-ups by users after a pause do not lengthen the poller's pause."""
    backoff = BackoffLimits(
        min_delay=0.001, max_delay=0.001, interactive_delay=60, failure_threshold=1
    )
    async with client_at_relay(backoff=backoff, reuse_ttl=0) as (relay, client):
        relay.add(song("song"))
        relay.start_outage()
        with pytest.raises(RelayError):
            await client.look_up(["song"])
        relay.end_outage()
        relay.faults.add(fault_for_the_failing_id(faults.forbidden()))
        await asyncio.sleep(0.01)
        with pytest.raises(RelayError):
            await client.look_up([FAILING_ID], proven=False)

        assert (await client.look_up(["song"])).tasks.keys() == {"song"}


async def test_a_rate_limit_on_a_user_lookup_pauses_the_poller_too() -> None:
    """A rate limit applies to the bot as a whole, whichever request met it."""
    async with client_at_relay(backoff=LONG) as (relay, client):
        relay.faults.add(fault_for_the_failing_id(faults.rate_limited("30")))
        with pytest.raises(RelayError):
            await client.look_up([FAILING_ID], interactive=True)

        with pytest.raises(RelayError) as failure:
            await client.look_up(["song"])

    assert failure.value.kind is ErrorKind.RATE_LIMIT
    assert len(relay.requests) == 1


async def test_failed_user_lookups_are_logged_at_a_limited_rate(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The operator learns of a wrong key, and users cannot fill the log."""
    async with client_at_relay(backoff=LONG, reuse_ttl=0) as (relay, client):
        relay.add(song("song"))
        relay.faults.add(fault_for_the_failing_id(faults.unauthorized()))
        for _ in range(5):
            with pytest.raises(RelayError):
                await client.look_up([FAILING_ID], interactive=True)
            await client.look_up(["song"])

    (record,) = caplog.records
    assert "SUNO_API_KEY" in record.getMessage()


@pytest.mark.parametrize("fault", REFUSALS[:6], ids=lambda fault: fault.name)
async def test_unchecked_ids_do_not_wait_for_a_refused_one(fault: Fault, tmp_path: Path) -> None:
    """Ids watched during an outage are requested alone when their batch fails."""
    async with open_poller(tmp_path / "suno.db") as polling:
        songs = [f"song-{number}" for number in range(5)]
        polling.relay.add(*(song(each, takes=60) for each in songs))
        polling.relay.start_outage()
        for each in (FAILING_ID, *songs):
            assert await polling.watch(each) is WatchOutcome.UNCHECKED
        polling.relay.end_outage()
        polling.relay.faults.add(fault_for_the_failing_id(fault))
        for _ in range(10):
            await polling.poll_after(61)

        assert [watch.task.id for watch in await polling.watchlist.watches_of(1)] == [FAILING_ID]


@pytest.mark.parametrize(
    ("kind", "start"),
    [(StatusButtonId, "status:refresh:"), (LyricsButtonId, "lyrics:page:1:0:")],
)
def test_a_custom_id_accepts_a_slash_in_a_task_id(kind: type[CustomId], start: str) -> None:
    """A custom id may hold a slash, because the relay has named a task of that id."""
    assert kind.decode(f"{start}任务/a.b-c~d:e_f")
    for odd in ("a?b", "a%2fb", "a b", "a#b", "a\\b", "a\u202eb", ""):
        assert not kind.decode(start + odd)


async def watch_the_failing_id_unchecked(polling: PollerHarness) -> None:
    """Watch the failing id, which the relay refuses as if the key were wrong."""
    polling.relay.faults.add(fault_for_the_failing_id(faults.forbidden()))
    assert await polling.watch(FAILING_ID) is WatchOutcome.UNCHECKED


async def test_a_refused_id_is_given_up_at_the_deadline_while_others_are_answered(
    tmp_path: Path,
) -> None:
    """While the relay answers for other ids, a refused id is given up at its deadline."""
    async with open_poller(tmp_path / "suno.db") as polling:
        polling.relay.add(song("song", takes=2 * DEADLINE))
        await watch_the_failing_id_unchecked(polling)
        recorded = []
        for _ in range(int(DEADLINE / 60) + 5):
            await polling.watch("song")
            await polling.poll_after(60)
            for each in await polling.claim_due():
                recorded.append((each.task.id, each.end_reason))
                await polling.outbox.acknowledge(each, message_id=1, now=polling.clock.now)

    assert (FAILING_ID, EndReason.GAVE_UP) in recorded


async def test_a_refused_id_is_not_given_up_while_the_relay_answers_nothing(tmp_path: Path) -> None:
    """While the relay answers nothing, it may be an outage, and no watch ends."""
    async with open_poller(tmp_path / "suno.db") as polling:
        await watch_the_failing_id_unchecked(polling)
        for _ in range(5):
            await polling.poll_after(DEADLINE)

        assert await polling.claim_due() == []
