"""An id that somebody typed may bring about any error; that holds back nobody's notices.

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
from bot.storage.models import Caller, Destination, EndReason, WatchOutcome
from bot.ui.custom_ids import CustomId, LyricsButtonId, StatusButtonId
from sandbox.relay import faults, song
from sandbox.relay.faults import Fault
from tests.integration.test_fair_share import INTERVAL, Load, a_load
from tests.support.builders import HERE
from tests.support.client_at_relay import client_at_relay
from tests.support.poller_harness import DEADLINE, PollerHarness, open_poller
from tests.support.virtual_time import run_in_virtual_time

ENDS_AFTER = 60.0
STRANGE = "..~.etc.passwd"
LONG = BackoffLimits(min_delay=60, max_delay=60, recheck_delay=300)


def about_the_strange_id(fault: Fault) -> Fault:
    """Return a fault that hits only who asks for the strange id, alone or with others."""
    return Fault(fault.name, fault.status, fault.answer, STRANGE)


REFUSALS = [
    faults.forbidden(),
    faults.unauthorized(),
    faults.out_of_quota(),
    faults.server_error(500),
    faults.server_error(503, retry_after="3600"),
    faults.cut_before_headers(),
    faults.slow_headers(),
]


async def ask_for_it(load: Load) -> None:
    """Look it up and watch it every few seconds, each time as somebody else."""
    for member in range(100, 200):
        with suppress(RelayError, TooManyLookups):
            await load.watchlist.look_up([STRANGE], Caller(member, None))
        await load.watchlist.add(
            [STRANGE], user_id=member, destination=Destination(member, None, "en-US")
        )
        await asyncio.sleep(3)


async def story_beside(fault: Fault, folder: Path) -> tuple[float, list[float]]:
    """Return how late the notice of a song is, and the seconds between the polls of it."""
    async with a_load(folder) as load:
        load.relay.add(song("song", takes=ENDS_AFTER))
        load.relay.faults.add(about_the_strange_id(fault))
        ends = {"song": load.clock() + ENDS_AFTER}
        await load.watchlist.add(["song"], user_id=1, destination=HERE)
        working = [asyncio.create_task(load.poll()), asyncio.create_task(ask_for_it(load))]
        with suppress(TimeoutError):
            async with asyncio.timeout(5 * ENDS_AFTER):
                await load.deliver(ends)
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)
        looks = [look.at for look in load.relay.requests if look.ids == ("song",)]
        gaps = [later - earlier for earlier, later in pairwise(looks)]
        return load.delays.get("song", 5 * ENDS_AFTER), gaps


@pytest.mark.parametrize("fault", REFUSALS, ids=lambda fault: fault.name)
def test_an_id_that_brings_about_an_error_keeps_no_notice_waiting(
    fault: Fault, tmp_path: Path
) -> None:
    """The poller keeps its interval, whoever looks up and watches such an id meanwhile."""
    delay, gaps = run_in_virtual_time(story_beside(fault, tmp_path))

    assert delay <= INTERVAL + 1
    assert len(gaps) >= ENDS_AFTER / INTERVAL - 2
    assert max(gaps) <= INTERVAL + 1


@pytest.mark.parametrize("fault", REFUSALS[:6], ids=lambda fault: fault.name)
async def test_what_people_ask_for_in_vain_holds_back_no_poll(fault: Fault) -> None:
    """However often they do, though each of them gets the error."""
    async with client_at_relay(backoff=LONG, reuse_ttl=0) as (relay, client):
        relay.add(song("song"))
        relay.faults.add(about_the_strange_id(fault))
        for _ in range(5):
            with pytest.raises(RelayError):
                await client.look_up([STRANGE], interactive=True)
            assert client.circuit_status.open_until is None

        assert (await client.look_up(["song"])).tasks.keys() == {"song"}


async def test_people_keep_no_poll_from_finding_that_a_relay_is_back() -> None:
    """What they ask for in vain after a pause does not make it longer."""
    backoff = BackoffLimits(
        min_delay=0.001, max_delay=0.001, interactive_delay=60, failure_threshold=1
    )
    async with client_at_relay(backoff=backoff, reuse_ttl=0) as (relay, client):
        relay.add(song("song"))
        relay.start_outage()
        with pytest.raises(RelayError):
            await client.look_up(["song"])
        relay.end_outage()
        relay.faults.add(about_the_strange_id(faults.forbidden()))
        await asyncio.sleep(0.01)
        with pytest.raises(RelayError):
            await client.look_up([STRANGE], proven=False)

        assert (await client.look_up(["song"])).tasks.keys() == {"song"}


async def test_a_rate_limit_that_a_person_meets_binds_the_poller_too() -> None:
    """It is the bot's as a whole, whatever was asked for."""
    async with client_at_relay(backoff=LONG) as (relay, client):
        relay.faults.add(about_the_strange_id(faults.rate_limited("30")))
        with pytest.raises(RelayError):
            await client.look_up([STRANGE], interactive=True)

        with pytest.raises(RelayError) as failure:
            await client.look_up(["song"])

    assert failure.value.kind is ErrorKind.RATE_LIMIT
    assert len(relay.requests) == 1


async def test_the_log_says_seldom_that_people_ask_in_vain(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whoever sets up a bot learns of a wrong key; nobody can fill the log."""
    async with client_at_relay(backoff=LONG, reuse_ttl=0) as (relay, client):
        relay.add(song("song"))
        relay.faults.add(about_the_strange_id(faults.unauthorized()))
        for _ in range(5):
            with pytest.raises(RelayError):
                await client.look_up([STRANGE], interactive=True)
            await client.look_up(["song"])

    (record,) = caplog.records
    assert "SUNO_API_KEY" in record.getMessage()


@pytest.mark.parametrize("fault", REFUSALS[:6], ids=lambda fault: fault.name)
async def test_ids_that_were_never_checked_do_not_wait_for_one_that_is_refused(
    fault: Fault, tmp_path: Path
) -> None:
    """They were watched during an outage, and are asked for alone where together they fail."""
    async with open_poller(tmp_path / "suno.db") as polling:
        songs = [f"song-{number}" for number in range(5)]
        polling.relay.add(*(song(each, takes=60) for each in songs))
        polling.relay.start_outage()
        for each in (STRANGE, *songs):
            assert await polling.watch(each) is WatchOutcome.UNCHECKED
        polling.relay.end_outage()
        polling.relay.faults.add(about_the_strange_id(fault))
        for _ in range(10):
            await polling.poll_after(61)

        assert [watch.task.id for watch in await polling.watchlist.watches_of(1)] == [STRANGE]


@pytest.mark.parametrize(
    ("kind", "start"),
    [(StatusButtonId, "status:refresh:"), (LyricsButtonId, "lyrics:page:1:0:")],
)
def test_a_button_is_about_an_id_that_is_no_other_address(kind: type[CustomId], start: str) -> None:
    """Its custom id may hold a slash, for the relay has named the task under which it stands."""
    assert kind.decode(f"{start}任务/a.b-c~d:e_f")
    for odd in ("a?b", "a%2fb", "a b", "a#b", "a\\b", "a\u202eb", ""):
        assert not kind.decode(start + odd)


async def watch_it_unchecked(polling: PollerHarness) -> None:
    """Watch the strange id, which the relay refuses as if the key were wrong."""
    polling.relay.faults.add(about_the_strange_id(faults.forbidden()))
    assert await polling.watch(STRANGE) is WatchOutcome.UNCHECKED


async def test_a_refused_id_is_given_up_at_the_deadline_while_others_are_answered(
    tmp_path: Path,
) -> None:
    """It is no outage then: its watch ends, in a message."""
    async with open_poller(tmp_path / "suno.db") as polling:
        polling.relay.add(song("song", takes=2 * DEADLINE))
        await watch_it_unchecked(polling)
        recorded = []
        for _ in range(int(DEADLINE / 60) + 5):
            await polling.watch("song")
            await polling.poll_after(60)
            for each in await polling.claim_due():
                recorded.append((each.task.id, each.end_reason))
                await polling.outbox.acknowledge(each, message_id=1, now=polling.clock.now)

    assert (STRANGE, EndReason.GAVE_UP) in recorded


async def test_a_refused_id_is_not_given_up_where_nothing_is_answered(tmp_path: Path) -> None:
    """That may be an outage, which ends no watch."""
    async with open_poller(tmp_path / "suno.db") as polling:
        await watch_it_unchecked(polling)
        for _ in range(5):
            await polling.poll_after(DEADLINE)

        assert await polling.claim_due() == []
