"""Tests of look-ups whose results arrive late, after user actions or after newer polls."""

import asyncio
from collections.abc import Collection, Mapping, Sequence

import pytest

from bot.metrics import Metrics
from bot.polling.poller import Poller
from bot.polling.schedule import MISSING_TASK_TIMEOUT
from bot.relay.client import NO_KINDS, RelayClient
from bot.relay.lookup_result import LookupResult
from bot.relay.models import Task, TaskKind, TaskStatus
from bot.storage.models import EndReason, PollResult, WatchOutcome, WatchRequest
from sandbox.relay import song, stuck
from tests.support.builders import HERE, NOON, a_running_task, a_song
from tests.support.poller_harness import DEADLINE, PollerHarness


class SlowWire:
    """A relay connection that holds its responses until the test releases them."""

    def __init__(self, client: RelayClient) -> None:
        self._client = client
        self._open = asyncio.Event()
        self._answered = asyncio.Event()

    async def wait_for_slot(self) -> None:
        """Wait as the client does."""
        await self._client.wait_for_slot()

    async def look_up(
        self,
        ids: Collection[str],
        *,
        kinds: Mapping[str, TaskKind] = NO_KINDS,
        singly: bool = True,
        proven: bool = True,
    ) -> LookupResult:
        """Request the tasks at once, and hold the response."""
        found = await self._client.look_up(ids, kinds=kinds, singly=singly, proven=proven)
        return await self._keep_back(found)

    async def look_up_singly(
        self,
        ids: Sequence[str],
        *,
        kinds: Mapping[str, TaskKind] = NO_KINDS,
        proven: bool = True,
    ) -> LookupResult:
        """Request the tasks at once, and hold the response."""
        found = await self._client.look_up_singly(ids, kinds=kinds, proven=proven)
        return await self._keep_back(found)

    async def _keep_back(self, found: LookupResult) -> LookupResult:
        self._answered.set()
        await self._open.wait()
        return found

    async def relay_has_answered(self) -> None:
        """Wait until a response is held."""
        await self._answered.wait()

    def release(self) -> None:
        """Deliver every response that is held."""
        self._open.set()


class SlowPoll:
    """One poll of the due tasks, whose response is held until the test releases it."""

    def __init__(self, polling: PollerHarness) -> None:
        self._wire = SlowWire(polling.client)
        self._polling = polling
        self._poller = Poller(
            self._wire,
            polling.store,
            polling.schedule,
            batch_size=100,
            clock=polling.clock,
            metrics=Metrics(),
        )

    async def begin(self) -> None:
        """Send the request to the relay, then advance the clock by a moment."""
        await self._poller.tick()
        await self._wire.relay_has_answered()
        self._polling.clock.now += 0.5

    async def end(self) -> None:
        """Advance the clock by a moment, then deliver the response and record it."""
        self._polling.clock.now += 0.5
        self._wire.release()
        await self._poller.finish(None)


async def begin_slow_poll(polling: PollerHarness) -> SlowPoll:
    """Begin a poll of the due tasks."""
    poll = SlowPoll(polling)
    await poll.begin()
    return poll


async def watch_unchecked(polling: PollerHarness, task_id: str) -> None:
    """Watch a task while the relay cannot be reached."""
    polling.relay.start_outage()
    assert await polling.watch(task_id) is WatchOutcome.UNCHECKED
    polling.relay.end_outage()


async def test_a_poll_does_not_end_a_watch_that_began_after_it(polling: PollerHarness) -> None:
    """A poll that missed the task does not end a watch that began after the poll."""
    await watch_unchecked(polling, "song")
    await polling.poll_after(60)
    await polling.poll_after(5)
    polling.clock.now += 5
    third = await begin_slow_poll(polling)
    polling.relay.add(song("song", takes=60))
    assert await polling.watch("song", user_id=2) is WatchOutcome.WATCHING
    await third.end()
    assert await polling.claim_due() == []
    await polling.poll_after(60)
    (delivery,) = await polling.claim_due()
    assert (delivery.end_reason, delivery.watchers) == (EndReason.FINISHED, (1, 2))


async def test_a_late_poll_does_not_extend_an_absence_that_has_ended(
    polling: PollerHarness,
) -> None:
    """A task found after half an hour of absence stays found when an older poll arrives.

    A later poll that misses it again starts a new absence.
    """
    polling.relay.add(stuck("song"))
    await polling.watch("song")
    await polling.poll_after(5)
    polling.relay.remove("song")
    for _ in range(int(MISSING_TASK_TIMEOUT) // 100 - 1):
        await polling.poll_after(100)
    polling.clock.now += 150
    late = await begin_slow_poll(polling)
    polling.relay.add(stuck("song"))
    assert await polling.watch("song", user_id=2) is WatchOutcome.WATCHING
    await late.end()
    polling.relay.remove("song")
    await polling.poll_after(100)
    assert await polling.claim_due() == []
    (watched,) = await polling.store.due_tasks(polling.clock.now + 60, 10)
    assert watched.missing_since == polling.clock.now


async def test_the_deadline_of_an_old_watch_does_not_end_a_new_one(polling: PollerHarness) -> None:
    """A watch that is stopped and begun again during a poll gets a full deadline."""
    polling.relay.add(stuck("song"))
    await polling.watch("song")
    for _ in range(int(DEADLINE) // 100):
        await polling.poll_after(99)
    polling.clock.now += 50
    late = await begin_slow_poll(polling)
    await polling.watchlist.remove(["song"], user_id=1)
    assert await polling.watch("song") is WatchOutcome.WATCHING
    await late.end()
    assert await polling.claim_due() == []
    (watched,) = await polling.store.due_tasks(polling.clock.now + 60, 10)
    assert watched.deadline_at > polling.clock.now + DEADLINE - 5


async def test_a_late_poll_does_not_mark_a_new_watch_as_checked(
    polling: PollerHarness,
) -> None:
    """The result of a poll for the earlier watch is not recorded for the new one."""
    polling.relay.add(stuck("song"))
    await polling.watch("song")
    polling.clock.now += 5
    late = await begin_slow_poll(polling)
    await polling.watchlist.remove(["song"], user_id=1)
    await watch_unchecked(polling, "song")
    await late.end()
    (watch,) = await polling.watchlist.watches_of(1)
    assert (watch.known, watch.polled_at) == (False, None)


async def watch(polling: PollerHarness, user_id: int, now: float) -> None:
    """Watch a running task from the given time."""
    await polling.store.add_watch(
        a_running_task(), WatchRequest(user_id, HERE), now, known=True, deadline=DEADLINE
    )


def poll_result(status: TaskStatus) -> PollResult:
    """Return the result of a poll that found a running task."""
    return PollResult("song", NOON + 60, task=a_running_task(status=status))


async def test_an_older_poll_result_does_not_replace_a_newer_status(
    polling: PollerHarness,
) -> None:
    """The older of two polls that began from the same state is ignored if recorded last."""
    queued = Task("song", TaskStatus.QUEUED, kind=TaskKind.MUSIC)
    await polling.store.add_watch(
        queued, WatchRequest(1, HERE), NOON, known=True, deadline=DEADLINE
    )
    await polling.store.record([poll_result(TaskStatus.IN_PROGRESS)], NOON + 3, sent_at=NOON + 1)
    await polling.store.record([poll_result(TaskStatus.SUBMITTED)], NOON + 4, sent_at=NOON + 2)
    (watched,) = await polling.store.due_tasks(NOON + 60, 10)
    assert watched.status is TaskStatus.IN_PROGRESS


async def test_an_older_poll_result_does_not_undo_the_end_of_a_task(
    polling: PollerHarness,
) -> None:
    """A task that ended and waits for its audio is not set to running by an older poll."""
    await watch(polling, 1, NOON)
    done = a_song()
    ended = PollResult("song", NOON + 60, task=done, terminal_since=NOON + 3)
    await polling.store.record([ended], NOON + 3, sent_at=NOON + 1)
    await polling.store.record([poll_result(TaskStatus.IN_PROGRESS)], NOON + 4, sent_at=NOON + 2)
    (watched,) = await polling.store.due_tasks(NOON + 60, 10)
    assert (watched.status, watched.terminal_since) == (TaskStatus.SUCCESS, NOON + 3)
    (watch_of_it,) = await polling.watchlist.watches_of(1)
    assert watch_of_it.task == done


async def test_the_end_of_a_task_ends_also_watches_that_began_after_the_poll(
    polling: PollerHarness,
) -> None:
    """An end that an older poll found notifies the new watchers in the same message."""
    await watch(polling, 1, NOON)
    await watch(polling, 2, NOON + 2)
    ended = PollResult("song", NOON + 60, task=a_song(), end_reason=EndReason.FINISHED)
    (recorded,) = await polling.store.record([ended], NOON + 3, sent_at=NOON + 1)
    polling.clock.now += 3
    assert recorded.end_reason is EndReason.FINISHED
    (delivery,) = await polling.claim_due()
    assert delivery.watchers == (1, 2)


@pytest.mark.parametrize("end_reason", [EndReason.GAVE_UP, EndReason.NOT_FOUND])
async def test_a_clock_rollback_does_not_make_watches_newer_than_every_poll(
    polling: PollerHarness, end_reason: EndReason
) -> None:
    """A watch from before a clock rollback ends on time, not an hour late."""
    await watch(polling, 1, NOON)
    over = PollResult(
        "song", NOON - 3500, misses=3, missing_since=NOON - 3600, end_reason=end_reason
    )
    (recorded,) = await polling.store.record([over], NOON - 3590, sent_at=NOON - 3591)
    assert recorded.end_reason is end_reason


async def test_a_poll_during_a_clock_rollback_ends_no_watch(
    polling: PollerHarness,
) -> None:
    """After a rollback the order is uncertain, so the next poll ends what has ended."""
    await watch(polling, 1, NOON)
    over = PollResult("song", NOON + 5, end_reason=EndReason.GAVE_UP)
    assert await polling.store.record([over], NOON - 3600, sent_at=NOON + 1) == []
    assert len(await polling.store.record([over], NOON - 3594, sent_at=NOON - 3595)) == 1


async def test_an_outage_pauses_deadlines_in_all_concurrent_polls(
    polling: PollerHarness,
) -> None:
    """Two polls that began during an outage both honour it, though only one reports it."""
    polling.relay.add(stuck("one"), stuck("two"))
    for task_id in ("one", "two"):
        await polling.watch(task_id)
    await polling.poll_after(60)
    wire = SlowWire(polling.client)
    poller = Poller(
        wire, polling.store, polling.schedule, batch_size=1, clock=polling.clock, metrics=Metrics()
    )
    polling.clock.now += 60
    for _ in range(2):
        await poller.tick()
        await wire.relay_has_answered()
    polling.clock.now += 3 * DEADLINE
    wire.release()
    await poller.finish(None)
    watches = await polling.watchlist.watches_of(1)
    assert {watch.task.id for watch in watches} == {"one", "two"}
