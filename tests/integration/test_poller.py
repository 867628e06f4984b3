import asyncio
import logging
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.polling.adaptive.inspection_policy import MAX_WAIT
from bot.polling.schedule import MISSING_TASK_TIMEOUT
from bot.relay.models import Outcome, TaskKind
from bot.storage.errors import BadTaskId
from bot.storage.limits import WatchLimits
from bot.storage.models import Caller, EndReason, UnwatchOutcome, WatchOutcome, WatchRequest
from sandbox.relay import (
    LocalRelay,
    RelayTask,
    ResponseFormat,
    TaskStage,
    UnknownPathFormat,
    failing,
    faults,
    lyrics_task,
    song,
    stuck,
)
from sandbox.relay.lifecycles import clip, failed, running, streaming, succeeded
from sandbox.relay.response_formats import BATCH_PATHS, SINGLE_PATHS
from tests.support.builders import HERE, NOON, a_poll_target
from tests.support.poller_harness import DEADLINE, ManualClock, PollerHarness, open_poller


async def test_a_song_is_watched_to_its_end(polling: PollerHarness) -> None:
    """From the first poll to the message that is owed, with all that it needs."""
    polling.relay.add(song("song", title="Paper Boats", takes=60))
    assert await polling.watch("song") is WatchOutcome.WATCHING
    assert await polling.poll_after(5) == polling.clock.now + 5
    await polling.poll_after(30)
    assert await polling.claim_due() == []
    assert await polling.poll_after(30) is None
    (delivery,) = await polling.claim_due()
    assert (delivery.task.id, delivery.task.title) == ("song", "Paper Boats")
    assert (delivery.end_reason, delivery.task.outcome) == (EndReason.FINISHED, Outcome.SUCCESS)
    assert delivery.watchers == (1,)


async def test_lyrics_and_failures_are_watched_to_their_end(polling: PollerHarness) -> None:
    """Without being asked which they are; each ends with what it brought."""
    polling.relay.add(lyrics_task("words", text="[Verse]\nHello"), failing("bad", reason="No."))
    await polling.watch("words")
    await polling.watch("bad")
    await polling.poll_after(120)
    first = {delivery.task.id: delivery for delivery in await polling.claim_due()}
    for delivery in first.values():
        await polling.outbox.acknowledge(delivery, message_id=1, now=NOON)
    deliveries = first | {delivery.task.id: delivery for delivery in await polling.claim_due()}
    assert deliveries["words"].task.text == "[Verse]\nHello"
    bad = deliveries["bad"].task
    assert (bad.outcome, bad.reason) == (Outcome.FAILURE, "No.")


async def test_the_log_says_of_a_failed_task_that_it_failed(
    polling: PollerHarness, caplog: pytest.LogCaptureFixture
) -> None:
    """That its watch is finished tells an operator nothing about the task."""
    caplog.set_level(logging.INFO)
    polling.relay.add(failing("bad", reason="No."), song("good", takes=60), stuck("stuck"))
    for name in ("bad", "good", "stuck"):
        await polling.watch(name)
    await polling.poll_after(120)
    for _ in range(int(DEADLINE) // 100):
        await polling.poll_after(100)
    lines = [message for message in caplog.messages if message.startswith("Task ended")]
    assert lines == [
        "Task ended: task_id=bad ending=finished outcome=failure account=local",
        "Task ended: task_id=good ending=finished outcome=success account=local",
        "Task ended: task_id=stuck ending=gave_up outcome=unknown account=local",
    ]


async def test_all_due_tasks_travel_in_one_request(polling: PollerHarness) -> None:
    """A hundred watches are one look-up."""
    names = [f"song-{number}" for number in range(10)]
    polling.relay.add(*(song(name) for name in names))
    await polling.watchlist.add(names, WatchRequest(1, HERE))
    before = len(polling.relay.requests)
    await polling.poll_after(5)
    (look,) = polling.relay.requests[before:]
    assert sorted(look.ids) == sorted(names)


async def test_a_task_that_is_done_already_is_reported_at_once(polling: PollerHarness) -> None:
    """There is nothing to wait for."""
    polling.relay.add(song("song", takes=0.1))
    polling.relay.clock.advance(1)
    assert await polling.watch("song") is WatchOutcome.FINISHED
    assert len(await polling.claim_due()) == 1


async def test_an_id_that_the_relay_does_not_know_is_not_watched(polling: PollerHarness) -> None:
    """The person is informed at once, and nothing is polled for nothing."""
    assert await polling.watch("nobody-made-this") is WatchOutcome.UNKNOWN
    assert await polling.store.next_poll_at() is None


async def test_a_watch_during_an_outage_is_kept(polling: PollerHarness) -> None:
    """It is polled as soon as the relay answers again."""
    polling.relay.add(song("song", takes=60))
    polling.relay.start_outage()
    assert await polling.watch("song") is WatchOutcome.UNCHECKED
    polling.relay.end_outage()
    await polling.poll_after(100)
    await polling.poll_after(100)
    assert [delivery.task.id for delivery in await polling.claim_due()] == ["song"]


async def test_an_id_that_was_watched_unchecked_and_is_not_known_is_reported(
    polling: PollerHarness,
) -> None:
    """After three polls, in one message."""
    polling.relay.start_outage()
    await polling.watch("nobody-made-this")
    polling.relay.end_outage()
    for _ in range(4):
        await polling.poll_after(100)
    (delivery,) = await polling.claim_due()
    assert delivery.end_reason is EndReason.NOT_FOUND


async def test_an_outage_ends_no_watch(polling: PollerHarness) -> None:
    """However many polls fail, and however long it lasts: relay trouble is no task's failure."""
    polling.relay.add(song("song", takes=60))
    await polling.watch("song")
    await polling.poll_after(1)
    polling.relay.start_outage()
    for _ in range(10):
        assert await polling.poll_after(DEADLINE) is not None
    assert await polling.claim_due() == []
    polling.relay.end_outage()
    await polling.poll_after(60)
    (delivery,) = await polling.claim_due()
    assert (delivery.end_reason, delivery.task.outcome) == (EndReason.FINISHED, Outcome.SUCCESS)


async def test_an_outage_stops_the_deadline(polling: PollerHarness) -> None:
    """A task that never ends is given up after the time in which the relay could be asked."""
    polling.relay.add(stuck("stuck"))
    await polling.watch("stuck")
    await polling.poll_after(1)
    polling.relay.start_outage()
    await polling.poll_after(2 * DEADLINE)
    polling.relay.end_outage()
    await polling.poll_after(1)
    assert await polling.claim_due() == []
    for _ in range(int(DEADLINE) // 50 + 1):
        await polling.poll_after(50)
    (delivery,) = await polling.claim_due()
    assert delivery.end_reason is EndReason.GAVE_UP


async def test_a_new_watch_that_is_answered_first_hides_no_outage(polling: PollerHarness) -> None:
    """The deadlines of the others stood still, too."""
    polling.relay.add(stuck("old"), stuck("new"))
    await polling.watch("old")
    await polling.poll_after(1)
    polling.relay.start_outage()
    await polling.poll_after(2 * DEADLINE)
    assert await polling.watch("new") is WatchOutcome.UNCHECKED
    polling.relay.end_outage()
    polling.relay.faults.add(replace(faults.server_error(503), about="old"), times=1)
    await polling.poll_after(100)
    await polling.poll_after(100)
    assert await polling.claim_due() == []


async def test_an_id_that_the_relay_refuses_is_given_up_at_the_deadline(
    polling: PollerHarness,
) -> None:
    """Also when it is the only one: such a watch, too, ends in a message."""
    polling.relay.faults.add(faults.refuses("strange"))
    assert await polling.watch("strange") is WatchOutcome.MISCONFIGURED
    for _ in range(int(DEADLINE) // 66 + 2):
        await polling.poll_after(66)
    (delivery,) = await polling.claim_due()
    assert delivery.end_reason is EndReason.GAVE_UP


@pytest.mark.parametrize(
    "answer",
    [
        {"status": "failed"},
        {"status": "error", "data": None},
        {"code": 200, "status": "fail", "message": "rate limit"},
        {"status": "fail", "data": {"message": "try later"}},
        {"title": "Bad Gateway", "status": "error", "type": "about:blank"},
        {"status": "unknown", "message": "no upstream"},
        {"status": "maintenance", "message": "back soon"},
        [{"status": "error", "message": "busy"}],
        {"data": [{"status": "FAILURE"}]},
    ],
    ids=str,
)
@pytest.mark.parametrize("ids", [["song"], ["song", "other"]], ids=["one", "two"])
async def test_a_failure_of_the_relay_with_status_200_fails_no_song(
    polling: PollerHarness, answer: Any, ids: list[str]
) -> None:
    """What a gateway says in place of every answer is an outage, also longer than the deadline."""
    for each in ids:
        polling.relay.add(song(each, takes=60))
        await polling.watch(each)
    await polling.poll_after(1)
    polling.relay.faults.add(faults.answers(200, answer))
    for _ in range(int(DEADLINE) // 66 + 2):
        await polling.poll_after(66)
    assert await polling.claim_due() == []
    polling.relay.faults.clear()
    for _ in range(3):
        await polling.poll_after(66)
    assert {each.task.outcome for each in await polling.claim_due()} == {Outcome.SUCCESS}


@pytest.mark.parametrize("elsewhere", list(UnknownPathFormat))
async def test_an_address_that_is_wrong_is_an_outage(
    polling: PollerHarness, elsewhere: UnknownPathFormat
) -> None:
    """A denial at a wrong address ends no watch, because the operator can correct the address."""
    polling.relay.response_format = ResponseFormat(paths=frozenset(), unknown_path=elsewhere)
    polling.relay.add(song("song", takes=60))
    assert await polling.watch("song") is WatchOutcome.MISCONFIGURED
    for _ in range(5):
        await polling.poll_after(DEADLINE)
    assert await polling.claim_due() == []
    polling.relay.response_format = ResponseFormat()
    await polling.poll_after(DEADLINE)
    (delivery,) = await polling.claim_due()
    assert delivery.end_reason is EndReason.FINISHED


@pytest.mark.parametrize("is_proven", [True, False], ids=["proven id", "unproven id"])
@pytest.mark.parametrize("paths", [BATCH_PATHS | SINGLE_PATHS, SINGLE_PATHS], ids=["all", "single"])
@pytest.mark.parametrize("status", [200, 500])
async def test_an_outage_that_lasts_from_before_a_restart_ends_no_watch(
    tmp_path: Path, status: int, paths: frozenset[str], is_proven: bool
) -> None:
    """The new process knows of no path that it works; empty answers deny no task."""
    path, clock = tmp_path / "suno.db", ManualClock()
    async with LocalRelay() as relay:
        relay.response_format = ResponseFormat(paths=paths)
        relay.add(song("song", takes=60))
        if is_proven:
            async with open_poller(path, relay=relay, clock=clock) as before:
                await before.watch("song")
                await before.poll_after(1)
        relay.faults.add(faults.answers(status, b""))
        async with open_poller(path, relay=relay, clock=clock) as polling:
            await polling.watch("song")
            for _ in range(int(DEADLINE) // 66 + 2):
                await polling.poll_after(66)
            assert await polling.claim_due() == []
            relay.faults.clear()
            for _ in range(3):
                await polling.poll_after(66)
            (delivery,) = await polling.claim_due()
            assert delivery.end_reason is EndReason.FINISHED


@pytest.mark.parametrize("status", [200, 400, 404])
async def test_an_id_is_given_up_at_the_deadline_if_no_path_ever_showed_a_task(
    polling: PollerHarness, status: int
) -> None:
    """Whether the id or the path is wrong cannot be told then; such a watch ends all the same."""
    polling.relay.faults.add(faults.answers(status, faults.suno_error("no", "task not found")))
    assert await polling.watch("song") is WatchOutcome.MISCONFIGURED
    for _ in range(int(DEADLINE) // 66 + 2):
        await polling.poll_after(66)
    (delivery,) = await polling.claim_due()
    assert delivery.end_reason is EndReason.GAVE_UP


async def test_an_unproven_id_delays_no_other(polling: PollerHarness) -> None:
    """A song's end is kept while an id that no batch holds is still asked for on its own."""
    polling.relay.add(song("song", takes=60))
    await polling.watch("song")
    polling.relay.start_outage()
    await polling.watch("stranger")
    polling.relay.end_outage()
    polling.relay.faults.add(faults.slow_headers(), path="/suno/fetch/stranger")
    polling.clock.now += 60
    polling.relay.clock.advance(60)
    await polling.poller.tick()
    async with asyncio.timeout(120):
        await polling.outbox.changed.wait()
    assert await polling.ended_task("song")
    await polling.poller.finish(0)


async def test_a_task_that_no_batch_holds_is_watched_to_its_end(polling: PollerHarness) -> None:
    """It is asked for on its own, at every poll."""
    polling.relay.faults.add(
        faults.answers(200, {"code": "success", "data": []}), path="/suno/fetch"
    )
    polling.relay.add(song("song", takes=20))
    assert await polling.watch("song") is WatchOutcome.WATCHING
    await polling.poll_after(10)
    assert await polling.claim_due() == []
    await polling.poll_after(10)
    (delivery,) = await polling.claim_due()
    assert delivery.end_reason is EndReason.FINISHED


async def test_a_slow_pace_is_no_outage(tmp_path: Path) -> None:
    """A poller that polls every ten minutes gives up in time all the same."""
    async with open_poller(tmp_path / "suno.db", interval=600) as polling:
        polling.relay.add(stuck("stuck"))
        await polling.watch("stuck")
        for _ in range(int(DEADLINE) // 600 + 2):
            await polling.poll_after(600)
        (delivery,) = await polling.claim_due()
        assert delivery.end_reason is EndReason.GAVE_UP


async def test_polls_that_are_rare_because_of_their_price_are_no_outage(
    polling: PollerHarness,
) -> None:
    """A task that never ends is given up in time, also where the budget is short."""
    polling.relay.add(stuck("stuck"))
    await polling.watch("stuck")
    planner, waits = polling.schedule.planner, []
    due_at = await polling.poll_after(1)
    while due_at is not None and polling.clock.now < NOON + 1.5 * DEADLINE:
        waits.append(due_at - polling.clock.now)
        for second in range(100):  # others are polled, and late
            late = a_poll_target(polled_at=due_at - 300, next_poll_at=due_at - 300)
            planner.adjust_price([late], due_at + second / 5, full=True)
        due_at = await polling.poll_after(due_at - polling.clock.now)
    assert max(waits) > polling.schedule.max_response_gap
    (delivery,) = await polling.claim_due()
    assert delivery.end_reason is EndReason.GAVE_UP


async def test_the_log_speaks_of_an_outage_only_where_there_was_one(
    polling: PollerHarness, caplog: pytest.LogCaptureFixture
) -> None:
    """A relay that nobody had to ask for an hour was not away."""
    caplog.set_level(logging.INFO)
    polling.relay.add(song("first", takes=5), song("second", takes=7200))
    await polling.watch("first")
    await polling.poll_after(10)
    await polling.watch("second")
    await polling.poll_after(3600)
    assert "answers again" not in caplog.text
    polling.relay.start_outage()
    await polling.poll_after(100)
    polling.relay.end_outage()
    await polling.poll_after(100)
    assert "answers again" in caplog.text


async def test_the_pause_grows_while_the_relay_cannot_be_asked(polling: PollerHarness) -> None:
    """And is bounded."""
    polling.relay.add(song("song"))
    await polling.watch("song")
    polling.relay.start_outage()
    backoff = []
    for _ in range(8):
        at = await polling.poll_after(100)
        assert at is not None
        backoff.append(at - polling.clock.now)
    assert backoff[0] <= 5
    assert backoff[-1] == pytest.approx(60)


@pytest.mark.parametrize(
    "fault",
    [faults.unauthorized(), faults.out_of_quota(), faults.server_error(503)],
    ids=lambda fault: fault.name,
)
async def test_a_lookup_of_a_person_that_succeeds_ends_the_pause_of_the_poller(
    polling: PollerHarness, fault: faults.Fault
) -> None:
    """Whoever learns first that the relay answers again: the notice does not wait for a pause."""
    polling.relay.add(song("song", takes=60))
    await polling.watch("song")
    polling.relay.faults.add(fault)
    open_until: float | None = 0.0
    while not open_until or open_until < polling.clock.now + 30:  # the pause grows
        open_until = await polling.poll_after(61)
    polling.relay.faults.clear()
    polling.store.changed.clear()

    await polling.task_reader.look_up(["song"], Caller(1))

    assert polling.store.changed.is_set()
    await polling.poll_after(1)
    assert [delivery.task.id for delivery in await polling.claim_due()] == ["song"]


async def test_a_refused_watch_is_reported_and_the_others_are_kept(tmp_path: Path) -> None:
    """One id too many does not take back those before it."""
    async with open_poller(
        tmp_path / "suno.db", WatchLimits(watches_per_user=2, operator_account="local")
    ) as polling:
        polling.relay.add(*(song(name) for name in "abc"))
        results = await polling.watchlist.add(list("abc"), WatchRequest(1, HERE))
        assert [r.outcome for r in results] == [
            WatchOutcome.WATCHING,
            WatchOutcome.WATCHING,
            WatchOutcome.REFUSED,
        ]
        assert results[2].error is not None
        assert [watch.task.id for watch in await polling.watchlist.watches_of(1)] == ["a", "b"]


async def test_removing_says_for_each_id_whether_it_was_watched(polling: PollerHarness) -> None:
    """A typing error is not taken for success."""
    polling.relay.add(song("song"))
    await polling.watch("song")
    removed = await polling.watchlist.remove(["song", "other"], user_id=1)
    assert removed == {"song": UnwatchOutcome.STOPPED, "other": UnwatchOutcome.NOT_WATCHED}
    assert await polling.watchlist.watches_of(1) == []


async def test_an_id_with_a_slash_may_be_typed_where_the_database_holds_it(
    polling: PollerHarness,
) -> None:
    """Relays may name such a task: who watches it can stop that, and nobody can invent another."""
    polling.relay.add(song("odd/id"))
    await polling.watch("odd/id")

    assert await polling.task_reader.ids_in("odd/id other-1", 1) == ["odd/id", "other-1"]
    with pytest.raises(BadTaskId):
        await polling.task_reader.ids_in("odd/other", 1)


async def test_a_relay_that_answers_slowly_delays_no_other_poll(polling: PollerHarness) -> None:
    """A poll that waits for its answer does not keep the next one back."""
    polling.relay.add(song("first"), song("second"))
    await polling.watch("first")
    polling.clock.now += 3
    await polling.watch("second")
    polling.relay.faults.add(faults.slow_headers(), times=1)
    polling.clock.now += 2
    await polling.poller.tick()
    await polling.relay.wait_for_requests(3)  # the two watches, and the poll of the first song
    polling.clock.now += 3
    await polling.poller.tick()
    await polling.relay.wait_for_requests(4)
    polled_at = polling.relay.requests[-1].ids
    await polling.poller.finish(0)
    assert tuple(polled_at) == ("second",)


async def test_a_task_is_not_polled_twice_at_once(polling: PollerHarness) -> None:
    """However long its poll takes, and whatever is due meanwhile."""
    polling.relay.add(song("song"))
    await polling.watch("song")
    polling.relay.faults.add(faults.slow_headers(), times=1)
    polling.clock.now += 5
    for _ in range(3):
        await polling.poller.tick()
        polling.clock.now += 60
    await polling.poller.finish(0)
    assert len(polling.relay.requests) == 2


async def test_a_poll_that_was_cancelled_is_repeated(polling: PollerHarness) -> None:
    """What a stop did not wait for is seen by the next poll."""
    polling.relay.add(song("song", takes=1))
    await polling.watch("song")
    polling.relay.faults.add(faults.slow_headers(), times=1)
    polling.clock.now += 5
    polling.relay.clock.advance(5)
    await polling.poller.tick()
    await polling.poller.finish(0)
    assert await polling.claim_due() == []
    await polling.poll_after(0)
    assert len(await polling.claim_due()) == 1


async def test_an_unexpected_error_of_a_poll_is_raised_in_the_next_tick(
    polling: PollerHarness, tmp_path: Path
) -> None:
    """So that the background loop logs it, and pauses; then the polls go on."""
    polling.relay.add(song("song", takes=1))
    await polling.watch("song")
    polling.relay.clock.advance(5)
    polling.clock.now += 5
    with closing(sqlite3.connect(tmp_path / "suno.db")) as another:
        another.execute(
            "CREATE TRIGGER fault BEFORE UPDATE ON tasks BEGIN SELECT raise(ABORT, 'a fault'); END"
        )
        await polling.poller.tick()
        await polling.poller.finish(None)
        another.execute("DROP TRIGGER fault")
    with pytest.raises(sqlite3.IntegrityError, match="a fault"):
        await polling.poller.tick()
    await polling.poll_after(0)
    assert len(await polling.claim_due()) == 1


async def test_a_task_that_a_person_has_just_looked_up_is_not_polled_at_once(
    polling: PollerHarness,
) -> None:
    """But one for which the relay could not be asked is."""
    polling.relay.add(song("song"))
    await polling.watch("song")
    assert await polling.store.next_poll_at() == polling.clock.now + 5
    polling.relay.start_outage()
    await polling.watch("unchecked")
    assert await polling.store.next_poll_at() == polling.clock.now


async def test_what_a_relay_says_again_hides_no_end(polling: PollerHarness) -> None:
    """Looks that bring nothing new change nothing; the one that brings the end does."""
    polling.relay.add(song("song", takes=60))
    await polling.watch("song")
    for _ in range(4):
        polling.clock.now += 5
        await polling.poll_after(0)
        (watched,) = await polling.store.due_tasks(polling.clock.now + 5, 10)
        assert (watched.polled_at, watched.misses) == (polling.clock.now, 0)
    assert len(polling.relay.requests) == 5
    await polling.poll_after(60)
    (delivery,) = await polling.claim_due()
    assert delivery.task.outcome is Outcome.SUCCESS


async def test_what_could_not_be_kept_is_read_anew(polling: PollerHarness, tmp_path: Path) -> None:
    """Although the relay says the same again."""
    polling.relay.add(song("song", takes=600))
    await polling.watch("song")
    polling.relay.clock.advance(300)  # another status, and clips
    polling.clock.now += 5
    with closing(sqlite3.connect(tmp_path / "suno.db")) as another:
        another.execute(
            "CREATE TRIGGER fault BEFORE UPDATE ON tasks BEGIN SELECT raise(ABORT, 'a fault'); END"
        )
        await polling.poller.tick()
        await polling.poller.finish(None)
        another.execute("DROP TRIGGER fault")
    with pytest.raises(sqlite3.IntegrityError, match="a fault"):
        await polling.poller.tick()
    await polling.poll_after(0)
    (watch,) = await polling.watchlist.watches_of(1)
    assert watch.task.clips


async def test_a_relay_that_takes_its_word_back_ends_a_song_all_the_same(
    polling: PollerHarness,
) -> None:
    """Done without a link that lasts, then running again, and the same again and again."""
    made = clip("clip")
    done = succeeded([streaming(made)])
    stages = (TaskStage(0, running(None)), TaskStage(10, done), TaskStage(15, running(None)))
    polling.relay.add(RelayTask("song", TaskKind.MUSIC, stages))
    await polling.watch("song")
    for _ in range(62):
        await polling.poll_after(5)
    (delivery,) = await polling.claim_due()
    assert (delivery.end_reason, delivery.task.outcome is None) == (EndReason.FINISHED, False)


@pytest.mark.parametrize(
    "later",
    [succeeded([]), failed(None, "upstream lost"), {"status": "UNKNOWN", "data": None}],
    ids=["success", "failure", "unknown"],
)
async def test_an_end_that_is_told_again_with_less_takes_no_song_away(
    polling: PollerHarness, later: dict[str, Any]
) -> None:
    """What could be played for good after the end is in the notice, whatever follows."""
    done = succeeded([clip("first"), streaming(clip("second"))])
    stages = (TaskStage(0, running(None)), TaskStage(10, done), TaskStage(30, later))
    polling.relay.add(RelayTask("song", TaskKind.MUSIC, stages))
    await polling.watch("song")
    for _ in range(70):
        await polling.poll_after(5)
    (delivery,) = await polling.claim_due()
    assert delivery.task.outcome is Outcome.PARTIAL
    assert [each.id for each in delivery.task.clips if each.playable] == ["first"]


@pytest.mark.parametrize("later", [succeeded([]), failed(None, "expired")], ids=["empty", "failed"])
async def test_a_song_that_its_relay_has_lost_is_told_as_it_was_stored(
    polling: PollerHarness, later: dict[str, Any]
) -> None:
    """Who watches it later gets the song, and the message about it keeps its lyrics."""
    stages = (TaskStage(0, succeeded([clip("first")])), TaskStage(3600, later))
    polling.relay.add(RelayTask("song", TaskKind.MUSIC, stages))
    assert await polling.watch("song") is WatchOutcome.FINISHED
    for delivery in await polling.claim_due():
        await polling.outbox.acknowledge(delivery, message_id=1, now=polling.clock.now)
    await polling.poll_after(7200)
    assert await polling.watch("song", user_id=2) is WatchOutcome.FINISHED
    (delivery,) = await polling.claim_due()
    assert [each.id for each in delivery.task.clips] == ["first"]
    task = await polling.ended_task("song")
    assert task is not None
    assert task.text


async def test_a_task_that_is_watched_anew_is_read_anew(polling: PollerHarness) -> None:
    """Although its relay says of it what it said during the watch before."""
    polling.relay.add(stuck("song"))
    await polling.watch("song")
    await polling.poll_after(5)
    await polling.watchlist.remove(["song"], user_id=1)
    polling.relay.start_outage()
    assert await polling.watch("song") is WatchOutcome.UNCHECKED
    polling.relay.end_outage()
    await polling.poll_after(60)
    (watched,) = await polling.store.due_tasks(polling.clock.now + 60, 10)
    assert watched.known


async def test_an_outage_is_no_absence_of_a_task(polling: PollerHarness) -> None:
    """A relay that misses a task just before it falls over, and just after, is asked again."""
    polling.relay.add(song("song", takes=9999))
    await polling.watch("song")
    await polling.poll_after(5)
    polling.relay.remove("song")
    await polling.poll_after(5)
    await polling.poll_after(5)
    polling.relay.start_outage()
    await polling.poll_after(5)
    polling.relay.end_outage()
    await polling.poll_after(MISSING_TASK_TIMEOUT + 60)
    assert await polling.claim_due() == []
    for _ in range(int(MISSING_TASK_TIMEOUT) // 100 + 1):
        await polling.poll_after(100)
    (delivery,) = await polling.claim_due()
    assert delivery.end_reason is EndReason.NOT_FOUND


async def test_one_task_that_cannot_be_kept_delays_no_other(
    polling: PollerHarness, tmp_path: Path
) -> None:
    """All others of the same poll are kept, and the error is reported."""
    polling.relay.add(*(song(name, takes=1) for name in ("good", "bad", "better")))
    for name in ("good", "bad", "better"):
        await polling.watch(name)
    polling.relay.clock.advance(5)
    polling.clock.now += 5
    with closing(sqlite3.connect(tmp_path / "suno.db")) as another:
        another.execute(
            "CREATE TRIGGER fault BEFORE UPDATE ON tasks WHEN new.task_id = 'bad'"
            " BEGIN SELECT raise(ABORT, 'a fault'); END"
        )
    await polling.poller.tick()
    await polling.poller.finish(None)
    assert await polling.ended_task("good")
    assert await polling.ended_task("better")
    with pytest.raises(sqlite3.IntegrityError, match="a fault"):
        await polling.poller.tick()


async def test_a_clock_that_is_set_forward_ends_no_watch(polling: PollerHarness) -> None:
    """Not even the first one, before the relay has answered a poll."""
    polling.relay.add(stuck("stuck"))
    await polling.watch("stuck")
    polling.clock.now += 72 * DEADLINE
    await polling.poll_after(5)
    assert await polling.claim_due() == []
    for _ in range(int(DEADLINE) // 60 + 1):
        await polling.poll_after(60)
    (delivery,) = await polling.claim_due()
    assert delivery.end_reason is EndReason.GAVE_UP


async def test_a_clock_that_is_set_back_stops_no_poll(polling: PollerHarness) -> None:
    """What was due in a while does not wait for the hour that comes twice."""
    polling.relay.add(song("song", takes=60))
    await polling.watch("song")
    await polling.poll_after(5)
    looks = len(polling.relay.requests)
    polling.clock.now -= 3600
    polling.relay.clock.advance(400)
    await polling.poll_after(1)
    await polling.poll_after(MAX_WAIT)
    assert len(polling.relay.requests) == looks + 1
    assert len(await polling.claim_due()) == 1
