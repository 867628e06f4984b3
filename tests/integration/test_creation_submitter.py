"""Requests are sent to relays once, and every one ends in a song or a truthful message."""

import asyncio
import logging
import math
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from bot.creation.submission_policy import SUBMISSION_POLICY
from bot.creation.submitter import CreationSubmitter
from bot.encryption import new_key
from bot.relay.creation import CreationKind
from bot.storage.account_rows import read_pause, write_pause
from bot.storage.creations import CreationStore
from bot.storage.database_errors import DatabaseUnreachable
from bot.storage.models import (
    CREATION_PREFIX,
    AccountOwner,
    Creation,
    CreationQuotas,
    CreationState,
    Destination,
    EndReason,
    QuotaUse,
    TaskKey,
)
from bot.storage.terms import Term, current_term, working_for
from sandbox.relay import LocalRelay, faults
from sandbox.relay.submissions import SubmissionFormat
from tests.support.account_harness import SERVER, until
from tests.support.creation_harness import (
    CHANNEL,
    LYRICS,
    OPERATOR,
    SONG,
    CreationHarness,
    blocked,
    open_creations,
)
from tests.support.databases import unwritable

MUSIC_PATH = "/suno/submit/music"
QUEUED, SUBMITTING = CreationState.QUEUED, CreationState.SUBMITTING
SUBMITTED, REJECTED = CreationState.SUBMITTED, CreationState.REJECTED
UNCONFIRMED, CANCELLED = CreationState.UNCONFIRMED, CreationState.CANCELLED

T = TypeVar("T")


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[CreationHarness]:
    """Yield requests of a bot that is not started, at a relay that answers."""
    async with LocalRelay() as relay, open_creations(tmp_path, relay) as harness:
        yield harness


def charges(harness: CreationHarness) -> int:
    """Return for how many requests the relay has charged."""
    return len(harness.relay.submissions.charges)


async def test_a_request_is_sent_and_its_task_is_watched(harness: CreationHarness) -> None:
    """The task that the relay names takes the place of the request."""
    creation = await harness.request()
    await harness.send(harness.submitter())
    (submission,) = harness.relay.submissions.recorded
    assert submission.body["gpt_description_prompt"] == SONG.description
    assert await harness.states() == [SUBMITTED]
    assert await harness.accounts.running_tasks() == [(OPERATOR, submission.task_ids[0])]
    stored = await harness.store.of_task(TaskKey(OPERATOR, submission.task_ids[0]))
    assert stored is not None
    assert (stored.id, stored.request) == (creation.id, SONG)


async def test_nothing_is_sent_twice(harness: CreationHarness) -> None:
    """However often the loop ticks, and with however many processes one after the other."""
    await harness.request()
    for _ in range(3):
        await harness.send(harness.submitter())
    assert charges(harness) == 1


@pytest.mark.parametrize(
    "answer",
    [each for each in SubmissionFormat if each is not SubmissionFormat.CLIPS],
    ids=lambda each: each.name,
)
async def test_every_form_of_answer_is_understood(
    harness: CreationHarness, answer: SubmissionFormat
) -> None:
    """A song that is named or finished at once is told like every other."""
    harness.relay.submissions.format = answer
    await harness.request()
    await harness.send(harness.submitter())
    assert await harness.states() == [SUBMITTED]
    told = await harness.accounts.messages()
    running = await harness.accounts.running_tasks()
    if answer is SubmissionFormat.FINISHED:
        assert [end for _, end in told[CHANNEL.channel_id]] == [EndReason.FINISHED]
        assert running == []
    else:
        assert told == {}
        assert len(running) == (2 if answer is SubmissionFormat.TWO_TASKS else 1)


@pytest.mark.parametrize("name", list(faults.REFUSALS))
async def test_what_the_relay_refuses_ends_in_one_message_or_waits(
    harness: CreationHarness, name: str
) -> None:
    """The relay has begun nothing; what may pass is sent again later."""
    harness.relay.faults.add(faults.refuses_submission(name), path=MUSIC_PATH)
    await harness.request()
    await harness.send(harness.submitter())
    assert charges(harness) == 0
    if name in ("429 upstream", "503 no channel"):
        assert await harness.states() == [QUEUED]
        return
    assert await harness.states() == [REJECTED]
    (told,) = (await harness.accounts.messages())[CHANNEL.channel_id]
    assert told[1] == EndReason.REJECTED


LOST_ANSWERS = {
    "cut": faults.after_charging(faults.cut_before_headers()),
    "502": faults.after_charging(faults.answers(502, "<html>bad gateway</html>")),
    "no id": faults.after_charging(faults.answers(200, {"code": "success", "data": ""})),
    "no JSON": faults.after_charging(faults.answers(200, b"{")),
    "please look later": faults.after_charging(
        faults.answers(200, {"code": 0, "msg": "提交成功,请稍后查询", "data": {"job_id": "17"}})
    ),
    "not stored": faults.after_charging(
        faults.answers(
            500, {"code": "insert_task_failed", "message": "Error 1040: Too many connections"}
        )
    ),
    "429 timeout": faults.after_charging(
        faults.answers(429, {"code": "fail", "message": "upstream timed out, try again later"})
    ),
}


@pytest.mark.parametrize("name", list(LOST_ANSWERS))
async def test_a_lost_answer_is_told_and_never_repeated(
    harness: CreationHarness, name: str
) -> None:
    """Nobody knows whether it was charged: it was, and the message says that it may be."""
    harness.relay.faults.add(LOST_ANSWERS[name], path=MUSIC_PATH, times=1)
    creation = await harness.request()
    submitter = harness.submitter()
    await harness.send(submitter)
    harness.clock.now += 3600
    await harness.send(submitter)
    assert await harness.states() == [UNCONFIRMED]
    assert charges(harness) == 1
    assert await harness.accounts.messages() == {
        CHANNEL.channel_id: [(creation.pending_task_id, EndReason.UNCONFIRMED)]
    }


async def test_an_id_that_is_known_already_proves_nothing(harness: CreationHarness) -> None:
    """A relay that answers with the task of an earlier request may have begun nothing."""
    await harness.request()
    submitter = harness.submitter()
    await harness.send(submitter)
    (first,) = harness.relay.submissions.charges
    answer = faults.answers(200, {"code": "success", "data": first.task_ids[0]})
    harness.relay.faults.add(answer, path=MUSIC_PATH)
    await harness.request(user_id=8)
    await harness.send(submitter)
    assert await harness.states() == [SUBMITTED, UNCONFIRMED]


async def test_the_song_that_is_extended_is_no_new_one(harness: CreationHarness) -> None:
    """An answer may repeat what was sent; only the relay may still know that song."""
    task_id, clip_id = "task-of-last-year-1", "clip-of-last-year-1"
    extension = replace(
        SONG, kind=CreationKind.EXTENSION, extend_task_id=task_id, extend_clip_id=clip_id
    )
    for repeated in (task_id, clip_id, "task-of-today-1"):
        answer = faults.answers(200, {"code": "success", "data": {"task_id": repeated}})
        harness.relay.faults.add(answer, path=MUSIC_PATH, times=1)
        await harness.request(extension)
        await harness.send(harness.submitter())
    assert await harness.states() == [UNCONFIRMED, UNCONFIRMED, SUBMITTED]


async def test_a_pause_that_the_relay_asks_for_is_kept(harness: CreationHarness) -> None:
    """Retry-After decides when it is sent again; then it succeeds."""
    pause = faults.answers(429, {"message": "slow down"}, headers={"Retry-After": "45"})
    harness.relay.faults.add(pause, path=MUSIC_PATH, times=1)
    await harness.request()
    assert await harness.send(harness.submitter()) == harness.clock.now + 45
    assert await harness.states() == [QUEUED]
    assert await harness.waits() == [45]


async def test_a_pause_beyond_the_time_limit_is_told_at_once(harness: CreationHarness) -> None:
    """Nobody waits for an hour to learn that nothing was created."""
    pause = faults.answers(429, {"message": "slow down"}, headers={"Retry-After": "3600"})
    harness.relay.faults.add(pause, path=MUSIC_PATH)
    await harness.request()
    await harness.send(harness.submitter())
    assert await harness.states() == [REJECTED]


async def test_a_busy_relay_is_asked_again_for_ten_minutes(harness: CreationHarness) -> None:
    """Each time after a longer wait; then the person is told, once."""
    busy = faults.refuses_submission("503 no channel")
    harness.relay.faults.add(busy, path=MUSIC_PATH)
    await harness.request()
    submitter, begun, waits = harness.submitter(), harness.clock.now, []
    while QUEUED in await harness.states():
        await harness.send(submitter)
        waits += await harness.waits()
        harness.clock.now += waits[-1]
    assert waits[:5] == [5, 10, 20, 40, 60]
    assert set(waits[5:]) == {60, waits[-1]}
    assert 500 < harness.clock.now - begun - waits[-1] <= 600
    assert await harness.states() == [REJECTED]
    assert len((await harness.accounts.messages())[CHANNEL.channel_id]) == 1


async def test_a_relay_that_cannot_be_reached_costs_nothing(tmp_path: Path) -> None:
    """The request waits in the queue, and is sent when the relay is there."""
    async with LocalRelay() as relay:
        port = int(relay.base_url.rpartition(":")[2])
    async with open_creations(tmp_path, relay) as harness:
        await harness.request()
        submitter = harness.submitter()
        await harness.send(submitter)
        assert await harness.states() == [QUEUED]
        async with LocalRelay(key=relay.key, port=port) as relay:
            harness.clock.now += 60
            await harness.send(submitter)
            assert await harness.states() == [SUBMITTED]
            assert len(relay.submissions.charges) == 1


async def test_an_open_circuit_postpones_without_asking(harness: CreationHarness) -> None:
    """The relay limits the rate: nobody asks it again before the pause is over."""
    pause = faults.answers(429, {"message": "slow down"}, headers={"Retry-After": "45"})
    harness.relay.faults.add(pause, path=MUSIC_PATH, times=1)
    await harness.request()
    submitter = harness.submitter()
    await harness.send(submitter)
    asked = len(harness.relay.submissions.recorded)
    await harness.request(user_id=8)
    await harness.send(submitter)
    assert await harness.states() == [QUEUED, QUEUED]
    assert len(harness.relay.submissions.recorded) == asked
    assert all(30 < wait <= 45 for wait in await harness.waits())


@pytest.mark.parametrize("seconds", [300, 3000])
async def test_a_pause_that_the_relay_asks_for_outlives_a_restart(
    tmp_path: Path, seconds: int
) -> None:
    """Also one that is too long to wait for; another key at the same relay does not wait."""
    pause = faults.answers(429, {"message": "slow"}, headers={"Retry-After": str(seconds)})
    async with LocalRelay() as relay:
        relay.faults.add(pause, path=MUSIC_PATH, times=1)
        async with open_creations(tmp_path, relay) as harness:
            await harness.request()
            await harness.send(harness.submitter())
        asked = len(relay.submissions.recorded)
        async with open_creations(tmp_path, relay) as harness:
            account = await harness.accounts.connect()
            await harness.request(user_id=8)
            await harness.request(account=account.id, user_id=9)
            await harness.send(harness.submitter())
            state = QUEUED if seconds < SUBMISSION_POLICY.max_wait else REJECTED
            assert await harness.states() == [state, state, SUBMITTED]
            assert len(relay.submissions.recorded) == asked + 1


async def test_a_pause_ends_with_its_time_its_key_and_its_account(
    harness: CreationHarness,
) -> None:
    """A clock that is set back does not make it longer than a relay may ask for."""
    account, database = (await harness.accounts.connect()).id, harness.accounts.database

    async def pause(account: str, key: str, until: float) -> None:
        await database.run(lambda db: write_pause(db, account, key, until))

    async def paused_until(key: str) -> float | None:
        return await database.view(lambda db: read_pause(db, account, key))

    await pause(account, "old key", 300.0)
    assert (await paused_until("old key"), await paused_until("new key")) == (300.0, None)
    await harness.accounts.accounts.disconnect(SERVER)
    assert await paused_until("old key") is None
    await pause(account, "old key", 300.0)
    assert await paused_until("old key") is None
    for end in (harness.clock.now - 1, harness.clock.now + 86_400):
        await pause(OPERATOR, "", end)
        await harness.request()
        await harness.send(harness.submitter())
    assert await harness.states() == [SUBMITTED, SUBMITTED]


async def test_a_slow_relay_delays_no_other_account(tmp_path: Path) -> None:
    """An answer that takes minutes occupies one request of one account."""
    async with LocalRelay() as slow, LocalRelay(key="sk-of-a-server") as quick:
        values = {"suno_base_url": slow.base_url, "suno_api_key": slow.key}
        async with open_creations(tmp_path, quick, values) as harness:
            account = await harness.accounts.connect()
            await harness.request(LYRICS)
            submitter = harness.submitter()
            async with blocked(slow):
                await submitter.tick()
                await until_recorded(slow)
                await harness.request(account=account.id)
                await submitter.tick()
                await harness.until_states(SUBMITTING, SUBMITTED)
            await asyncio.gather(*submitter.in_flight)


async def test_many_slow_accounts_delay_no_other(tmp_path: Path) -> None:
    """What they have to send fills all places, but an account of which nothing is sent has one."""
    policy = replace(SUBMISSION_POLICY, max_concurrent=4, max_per_account=2)
    async with LocalRelay() as slow, LocalRelay(key="sk-of-a-server") as quick:
        values = {"suno_base_url": quick.base_url, "suno_api_key": quick.key}
        async with open_creations(tmp_path, slow, values) as harness:
            submitter = harness.submitter(policy)
            for guild_id in range(100, 105):
                owner = AccountOwner(guild_id=guild_id)
                account = await harness.accounts.connect(owner, user_id=guild_id)
                for number in range(3):
                    await harness.request(account=account.id, user_id=guild_id + 10 * number)
            async with blocked(slow):
                await submitter.tick()
                assert len(submitter.in_flight) == 7  # one of each account, and two more
                await harness.request(user_id=7)
                await submitter.tick()

                async def is_sent() -> bool:
                    return (await harness.states())[-1] is SUBMITTED

                await until(is_sent)
            await asyncio.gather(*submitter.in_flight)


async def until_recorded(relay: LocalRelay) -> None:
    """Wait until a relay has begun something."""

    async def has_begun() -> bool:
        return bool(relay.submissions.charges)

    await until(has_begun)


async def test_only_so_many_requests_are_sent_to_an_account_at_once(
    harness: CreationHarness,
) -> None:
    """The others stay in the queue, where they can be cancelled, until there is room."""
    policy = replace(SUBMISSION_POLICY, max_per_account=2)
    submitter = harness.submitter(policy)
    for user_id in range(5):
        await harness.request(user_id=user_id)
    async with blocked(harness.relay):
        due_at = await submitter.tick()
        await harness.until_states(SUBMITTING, SUBMITTING, QUEUED, QUEUED, QUEUED)
        assert due_at == harness.clock.now + policy.blocked_interval
    for _ in range(3):
        await harness.send(submitter)
    assert await harness.states() == [SUBMITTED] * 5


async def test_a_stop_waits_for_the_answer(harness: CreationHarness) -> None:
    """What was sent in time is stored before the process ends."""
    await harness.request()
    submitter = harness.submitter()
    await submitter.tick()
    await submitter.finish()
    assert await harness.states() == [SUBMITTED]


async def test_what_a_stop_cuts_off_may_have_been_charged(harness: CreationHarness) -> None:
    """The next start tells it, once, and sends nothing."""
    await harness.request()
    submitter = harness.submitter(replace(SUBMISSION_POLICY, shutdown_timeout=0.0))
    async with blocked(harness.relay):
        await submitter.tick()
        await until_recorded(harness.relay)
        await submitter.finish()
        assert await harness.states() == [SUBMITTING]
        for _ in range(2):
            await harness.send(harness.submitter())
    assert await harness.states() == [UNCONFIRMED]
    assert charges(harness) == 1
    assert len((await harness.accounts.messages())[CHANNEL.channel_id]) == 1


async def test_what_waits_for_its_turn_at_a_stop_is_sent_by_the_next_process(
    tmp_path: Path,
) -> None:
    """Nothing of it was sent, so nothing is charged, and nothing has to be told."""
    async with LocalRelay() as relay:
        async with open_creations(tmp_path, relay, {"poll_requests_per_second": "0.001"}) as slow:
            await slow.request()
            creation = await slow.request(user_id=8)
            submitter = slow.submitter(replace(SUBMISSION_POLICY, shutdown_timeout=0.0))
            await submitter.tick()
            await slow.until_states(SUBMITTED, QUEUED)
            await submitter.finish()
            assert await slow.states() == [SUBMITTED, QUEUED]
        async with open_creations(tmp_path, relay) as next_start:
            await next_start.send(next_start.submitter())
            assert await next_start.states() == [SUBMITTED, SUBMITTED]
            assert charges(next_start) == 2
            stored = await next_start.store.of_task(
                TaskKey(OPERATOR, relay.submissions.recorded[1].task_ids[0])
            )
            assert stored is not None
            assert (stored.id, stored.attempts) == (creation.id, 0)


async def test_the_first_tick_after_a_start_knows_how_much_a_relay_does_at_once(
    tmp_path: Path,
) -> None:
    """The connection of the account is not open yet."""
    profiles = tmp_path / "profiles.toml"
    profiles.write_text("[relays.custom]\nmax_concurrent = 1\n")
    values = {"relay_profiles": str(profiles)}
    async with LocalRelay() as relay:
        async with open_creations(tmp_path, relay, values) as harness:
            account = await harness.accounts.connect()
            for user_id in (7, 8):
                await harness.request(account=account.id, user_id=user_id)
        async with open_creations(tmp_path, relay, values) as harness:
            assert harness.accounts.open_accounts == []
            submitter = harness.submitter()
            for _ in range(2):
                await harness.send(submitter)
            assert await harness.states() == [SUBMITTED, QUEUED]
            assert charges(harness) == 1


class LosingStore(CreationStore):
    """A store at a server that commits, and is not reached any more before it says so."""

    lost: str
    """What the next method is called whose answer is lost, empty for none."""

    def __init__(self, harness: CreationHarness, lost: str) -> None:
        services = harness.accounts.services
        super().__init__(harness.accounts.database, services.outbox, services.live_cards)
        self.lost = lost

    async def claim(self, *values: Any) -> Creation | None:
        """Claim a request."""
        return self._answer("claim", await super().claim(*values))

    async def reject(self, *values: Any) -> bool:
        """End a request."""
        return self._answer("reject", await super().reject(*values))

    async def postpone(self, *values: Any) -> bool:
        """Put a request back."""
        return self._answer("postpone", await super().postpone(*values))

    def _answer(self, name: str, answer: T) -> T:
        if self.lost == name:
            self.lost = ""
            raise DatabaseUnreachable("the server", ConnectionError())
        return answer


IMPATIENT = replace(SUBMISSION_POLICY, store_interval=0.05)


async def test_a_claim_whose_answer_is_lost_ends_without_a_restart(
    harness: CreationHarness,
) -> None:
    """Nobody sends it, so who waits is told, and the account gets its places back."""
    losing = LosingStore(harness, "claim")
    await harness.request()
    submitter = replace(harness, store=losing).submitter()
    for _ in range(2):
        await harness.send(submitter)
        await harness.request()
    assert await harness.states() == [UNCONFIRMED, SUBMITTED, QUEUED]
    assert charges(harness) == 1


@pytest.mark.parametrize("others", [True, False], ids=["another process", "alone"])
async def test_a_request_that_went_back_unheard_is_taken_from_nobody(
    harness: CreationHarness, others: bool
) -> None:
    """The relay was busy. Who puts the request back again finds that it is being sent once more."""
    losing = LosingStore(harness, "postpone")
    first = replace(harness, store=losing).submitter(IMPATIENT)
    busy = faults.refuses_submission("503 no channel")
    harness.relay.faults.add(busy, path=MUSIC_PATH, times=1)
    await harness.request()
    await first.tick()

    async def is_lost() -> bool:
        return not losing.lost

    await until(is_lost)
    harness.clock.now += 60
    unheard = first.in_flight
    second = harness.submitter() if others else first
    async with blocked(harness.relay):
        await second.tick()
        await asyncio.gather(*unheard)
        await second.tick()
        await until_recorded(harness.relay)
        assert await harness.states() == [SUBMITTING]
        await first.tick()
        await second.tick()
    await asyncio.gather(*first.in_flight, *second.in_flight)
    assert await harness.states() == [SUBMITTED]
    assert charges(harness) == 1


async def test_missing_credit_is_told_also_if_the_rejection_is_stored_unheard(
    harness: CreationHarness,
) -> None:
    """The second attempt to store it finds that it is."""
    harness.relay.faults.add(faults.refuses_submission("403 quota_not_enough"), path=MUSIC_PATH)
    await harness.request()
    store = LosingStore(harness, "reject")
    await harness.send(replace(harness, store=store).submitter(IMPATIENT))
    assert await harness.states() == [REJECTED]
    assert await harness.accounts.services.credit.missing_since(OPERATOR) == harness.clock.now


async def test_what_a_relay_has_begun_for_nobody_is_in_the_log(
    harness: CreationHarness, caplog: pytest.LogCaptureFixture
) -> None:
    """Another process has told meanwhile that it may be charged: the operator finds the song."""
    await harness.request()
    submitter = harness.submitter()
    async with blocked(harness.relay):
        await submitter.tick()
        await until_recorded(harness.relay)
        await harness.submitter().tick()
    await asyncio.gather(*submitter.in_flight)
    assert await harness.states() == [UNCONFIRMED]
    (submission,) = harness.relay.submissions.recorded
    assert f"state=unconfirmed task={submission.task_ids[0]}" in caplog.text


async def test_a_claim_under_way_at_a_stop_is_not_lost(harness: CreationHarness) -> None:
    """The loop may be stopped while the claim is written: what is claimed is sent."""
    await harness.request()
    submitter = harness.submitter()
    await submitter.tick()
    await submitter.finish()
    assert await harness.states() == [SUBMITTED]


SLOW = {"poll_requests_per_second": "1"}


async def wait_for_turn(harness: CreationHarness, account: str = OPERATOR) -> CreationSubmitter:
    """Let a request be sent, and two others wait for the rate limit; return what sends them."""
    submitter = harness.submitter(IMPATIENT)
    for user_id in (7, 8, 9):
        await harness.request(account=account, user_id=user_id)
    await submitter.tick()
    await harness.until_states(SUBMITTED, QUEUED, QUEUED)
    return submitter


async def test_what_is_not_wanted_any_more_when_its_turn_comes_is_not_sent(tmp_path: Path) -> None:
    """Who stops watching a request while it waits for the rate limit pays nothing."""
    async with LocalRelay() as relay, open_creations(tmp_path, relay, SLOW) as harness:
        submitter = await wait_for_turn(harness)
        for number, user_id in ((2, 8), (3, 9)):
            task_id = f"{CREATION_PREFIX}{number}"
            await harness.accounts.services.watchlist.remove([task_id], user_id=user_id)
        await asyncio.gather(*submitter.in_flight)
        assert await harness.states() == [SUBMITTED, CANCELLED, CANCELLED]
        assert charges(harness) == 1


@pytest.mark.usefixtures("on_postgres")
@pytest.mark.parametrize("where", ["here", "elsewhere"])
async def test_an_account_that_is_disconnected_is_charged_no_more(
    tmp_path: Path, where: str
) -> None:
    """Also if another process disconnects it: what waits for its turn was certainly not sent."""
    async with (
        LocalRelay() as relay,
        open_creations(tmp_path, relay, SLOW) as harness,
        open_creations(tmp_path, relay, SLOW) as other,
    ):
        account = await harness.accounts.connect()
        submitter = await wait_for_turn(harness, account.id)
        process = harness if where == "here" else other
        await process.accounts.accounts.disconnect(SERVER)
        await asyncio.gather(*submitter.in_flight)
        assert await harness.states() == [SUBMITTED, REJECTED, REJECTED]
        assert charges(harness) == 1
        told = (await harness.accounts.messages())[CHANNEL.channel_id]
        ends = Counter(reason for _, reason in told)
        assert ends == {EndReason.DISCONNECTED: 1, EndReason.REJECTED: 2}


@pytest.mark.usefixtures("on_postgres")
@pytest.mark.parametrize("where", ["here", "elsewhere"])
async def test_a_key_that_is_replaced_is_charged_no_more(tmp_path: Path, where: str) -> None:
    """Also if another process replaces it: what waits for its turn is sent with the new one."""
    async with LocalRelay() as old, LocalRelay(key="sk-the-new-key") as new:
        hosts = {"new.example": new}
        async with (
            open_creations(tmp_path, old, SLOW, hosts) as harness,
            open_creations(tmp_path, old, SLOW, hosts) as other,
        ):
            account = await harness.accounts.connect()
            submitter = harness.submitter(IMPATIENT)
            for user_id in range(8):
                await harness.request(account=account.id, user_id=user_id)
            await submitter.tick()
            process = harness if where == "here" else other
            await process.accounts.connect(key=new.key, host="new.example")
            claimed = 8 - (await harness.states()).count(QUEUED)
            while await harness.states() != [SUBMITTED] * 8:
                await asyncio.gather(*submitter.in_flight)
                harness.clock.now += 60
                await submitter.tick()
            assert len(old.submissions.charges) <= claimed + 1  # the next may be claimed meanwhile
            assert len(old.submissions.charges) + len(new.submissions.charges) == 8


async def test_what_waits_for_its_turn_when_the_database_is_lost_is_sent_later(
    tmp_path: Path,
) -> None:
    """The process does not lead any more and cannot write, and leads again: nothing is told."""
    async with LocalRelay() as relay, open_creations(tmp_path, relay, SLOW) as harness:
        submitter = await wait_for_turn(harness)
        async with unwritable(harness.accounts.database):
            await submitter.abandon()
        await harness.send(submitter)
        assert await harness.states() == [SUBMITTED] * 3
        assert charges(harness) == 3


class EndingStore(LosingStore):
    """A store that claims a request in the last moment of a term."""

    async def claim(self, *values: Any) -> Creation | None:
        """Claim a request, and end the term."""
        claimed = await super().claim(*values)
        term = current_term.get()
        assert term is not None
        term.end()
        return claimed


async def test_what_is_claimed_when_the_term_ends_goes_back(harness: CreationHarness) -> None:
    """Nobody is told that it may be charged, however often the database has to be asked."""
    await harness.request()
    submitter = replace(harness, store=EndingStore(harness, "postpone")).submitter(IMPATIENT)
    with working_for(Term(0, math.inf)):
        await submitter.tick()
    await submitter.abandon()
    await submitter.tick()
    assert charges(harness) == 0
    await asyncio.gather(*submitter.in_flight)
    assert await harness.states() == [QUEUED]
    await harness.send(harness.submitter())
    assert await harness.states() == [SUBMITTED]


async def test_what_is_cancelled_in_the_queue_is_not_sent(harness: CreationHarness) -> None:
    """Who stops watching a request before it is sent pays nothing."""
    creation = await harness.request()
    await harness.accounts.services.watchlist.remove([creation.pending_task_id], user_id=7)
    await harness.send(harness.submitter())
    assert await harness.states() == [CreationState.CANCELLED]
    assert harness.relay.submissions.recorded == []


async def test_what_waits_for_the_operators_account_is_cancelled_once_it_may_not_be_charged(
    harness: CreationHarness,
) -> None:
    """SHARED_RELAY_CREATES was turned off between two runs; what others pay for is sent."""
    account = await harness.accounts.connect()
    creation = await harness.request()
    await harness.request(account=account.id, user_id=8, destination=Destination(600, 60))
    await harness.send(harness.submitter(operator_creates=False))
    assert await harness.states() == [CreationState.CANCELLED, SUBMITTED]
    assert [each.key for each in harness.relay.submissions.recorded] == [harness.relay.key]
    assert (await harness.accounts.messages())[CHANNEL.channel_id] == [
        (creation.pending_task_id, EndReason.REJECTED)
    ]
    assert await harness.store.quota_use(7, 50, CreationQuotas(5), harness.clock.now) == QuotaUse(
        5, None
    )


async def test_what_waits_for_its_turn_when_creating_is_switched_off_is_not_sent(
    tmp_path: Path,
) -> None:
    """It costs nothing, and is told."""
    async with LocalRelay() as relay, open_creations(tmp_path, relay, SLOW) as harness:
        submitter = await wait_for_turn(harness)
        await harness.store.switch_off(50, harness.clock.now)
        await asyncio.gather(*submitter.in_flight)
        assert await harness.states() == [SUBMITTED, REJECTED, REJECTED]
        assert charges(harness) == 1
        told = (await harness.accounts.messages())[CHANNEL.channel_id]
        assert {reason for _, reason in told} == {EndReason.REJECTED}
        use = await harness.store.quota_use(8, 50, CreationQuotas(5), harness.clock.now)
        assert use == QuotaUse(5, None)


class SwitchingStore(CreationStore):
    """A store of a server whose manager switches creating off as soon as a request is sent."""

    async def claim(self, creation: Creation) -> Creation | None:
        """Claim a request, and switch creating off."""
        claimed = await super().claim(creation)
        await self.switch_off(50, creation.created_at)
        return claimed


@pytest.mark.parametrize("is_busy", [True, False])
async def test_what_is_sent_when_creating_is_switched_off_is_not_sent_again(
    harness: CreationHarness, is_busy: bool
) -> None:
    """A relay that was too busy is asked no more; what it has begun goes on."""
    if is_busy:
        busy = faults.refuses_submission("503 no channel")
        harness.relay.faults.add(busy, path=MUSIC_PATH, times=1)
    await harness.request()
    services = harness.accounts.services
    store = SwitchingStore(harness.accounts.database, services.outbox, services.live_cards)
    await harness.send(replace(harness, store=store).submitter())
    assert await harness.states() == [REJECTED if is_busy else SUBMITTED]
    assert charges(harness) == (0 if is_busy else 1)


async def test_what_has_waited_too_long_at_a_start_is_not_sent(harness: CreationHarness) -> None:
    """The bot was stopped for longer than that: it costs nothing, and is told."""
    creation = await harness.request()
    harness.clock.now += SUBMISSION_POLICY.max_wait + 1
    await harness.request(user_id=8, destination=Destination(600, 60))
    await harness.send(harness.submitter())
    assert await harness.states() == [REJECTED, SUBMITTED]
    assert charges(harness) == 1
    assert (await harness.accounts.messages())[CHANNEL.channel_id] == [
        (creation.pending_task_id, EndReason.REJECTED)
    ]
    use = await harness.store.quota_use(7, 50, CreationQuotas(5), harness.clock.now)
    assert use == QuotaUse(5, None)


async def test_what_has_waited_through_an_outage_is_not_sent(harness: CreationHarness) -> None:
    """The machine slept for half an hour, or the database was away: the same process goes on."""
    submitter = harness.submitter()
    await harness.request()
    await harness.send(submitter)
    await harness.request(user_id=8)
    harness.clock.now += 1800
    await harness.request(user_id=9)
    await harness.send(submitter)
    assert await harness.states() == [SUBMITTED, REJECTED, SUBMITTED]


@pytest.mark.both_engines
@pytest.mark.parametrize(
    ("away", "state"), [(10.0, QUEUED), (3600.0, REJECTED)], ids=["ten seconds", "an hour"]
)
async def test_who_has_queued_for_long_is_not_rejected_by_a_restart(
    tmp_path: Path, away: float, state: CreationState
) -> None:
    """The account makes one song at a time: only the time in which no bot ran counts."""
    profiles = tmp_path / "profiles.toml"
    profiles.write_text("[relays.custom]\nmax_concurrent = 1\n")
    changes = {"relay_profiles": str(profiles)}
    async with LocalRelay() as relay, open_creations(tmp_path, relay, changes) as harness:
        submitter = harness.submitter()
        for user_id in (7, 8):
            await harness.request(user_id=user_id)
        for _ in range(11):
            await harness.send(submitter)
            harness.clock.now += 60
        harness.clock.now += away
        await harness.send(harness.submitter())
        assert await harness.states() == [SUBMITTED, state]


async def test_two_servers_do_not_share_what_is_told(harness: CreationHarness) -> None:
    """Each request is told where it was made."""
    await harness.request()
    await harness.request(user_id=8, destination=Destination(600, 60))
    harness.relay.faults.add(faults.refuses_submission("400 moderation"), path=MUSIC_PATH)
    await harness.send(harness.submitter())
    told = await harness.accounts.messages()
    assert {channel: len(ends) for channel, ends in told.items()} == {500: 1, 600: 1}


@pytest.mark.parametrize(
    ("status", "why", "logged"),
    [
        (400, "contains sensitive words", "reason=moderation cause=HTTP 400"),
        (500, "broke the generator", "reason=failed cause=HTTP 500"),
        (400, "needs a model that is not supported", "reason=unsupported"),
        (503, "has no available channel", "Creation postponed"),
        (429, "comes too fast", "Circuit open"),
        (402, "needs more credit", "reason=credit cause=HTTP 402"),
    ],
)
async def test_what_a_person_wrote_is_not_logged(
    harness: CreationHarness, caplog: pytest.LogCaptureFixture, status: int, why: str, logged: str
) -> None:
    """Relays explain a refusal with words of the request."""
    said = f"{SONG.description} {why}"
    refusal = faults.answers(status, faults.suno_error("fail_to_fetch_task", said))
    harness.relay.faults.add(refusal, path=MUSIC_PATH)
    caplog.set_level(logging.DEBUG)
    await harness.request()
    await harness.send(harness.submitter())
    assert logged in caplog.text
    assert SONG.description not in caplog.text


async def test_an_account_whose_key_cannot_be_read_is_told_as_unreachable(
    tmp_path: Path,
) -> None:
    """The operator has ten minutes to set the right ENCRYPTION_KEY."""
    async with LocalRelay() as relay:
        async with open_creations(tmp_path, relay) as harness:
            account = await harness.accounts.connect()
            await harness.request(account=account.id)
        async with open_creations(tmp_path, relay, {"encryption_key": new_key()}) as harness:
            submitter = harness.submitter()
            await harness.send(submitter)
            assert await harness.states() == [QUEUED]
            while QUEUED in await harness.states():
                harness.clock.now += 60
                await harness.send(submitter)
            assert await harness.states() == [REJECTED]
            assert relay.submissions.recorded == []


async def test_missing_credit_is_told_once_and_shown_until_it_is_back(tmp_path: Path) -> None:
    """Who connected the account hears of it; of the operator's, log and health page tell."""
    async with LocalRelay() as relay, open_creations(tmp_path, relay) as harness:
        account = await harness.accounts.connect()
        facts = harness.accounts.services.credit
        relay.faults.add(faults.refuses_submission("403 quota_not_enough"), path=MUSIC_PATH)
        for _ in range(2):
            await harness.request(account=account.id)
            await harness.request()
            await harness.send(harness.submitter())
            await harness.credit.tick()
        assert harness.told == [account.id]
        assert await facts.missing_since(account.id) == harness.clock.now
        assert await facts.missing_since(OPERATOR) == harness.clock.now
        relay.faults.clear()
        await harness.request(account=account.id)
        await harness.request()
        await harness.send(harness.submitter())
        assert await facts.missing_since(account.id) is None
        assert await facts.missing_since(OPERATOR) is None
        await harness.credit.tick()
        assert harness.told == [account.id]


async def test_credit_that_comes_and_goes_is_told_once_a_day(tmp_path: Path) -> None:
    """A new key begins anew, and a deleted account is told to nobody."""
    async with LocalRelay() as relay, open_creations(tmp_path, relay) as harness:
        account = await harness.accounts.connect()

        async def lose(hours: float) -> None:
            harness.clock.now += hours * 3600
            await harness.credit.record(account.id, has_credit=True)
            await harness.credit.record(account.id, has_credit=False)
            await harness.credit.tick()

        for hours in (0, 1, 10):
            await lose(hours)
        assert harness.told == [account.id]
        await lose(24)
        assert harness.told == [account.id] * 2
        await harness.accounts.connect()
        await lose(0)
        assert harness.told == [account.id] * 3
        await harness.accounts.accounts.disconnect(SERVER)
        await lose(48)
        assert harness.told == [account.id] * 3
