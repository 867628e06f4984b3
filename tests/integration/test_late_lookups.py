"""Looks that are overtaken while they are under way: by people, and by each other."""

import asyncio
from collections.abc import Collection, Mapping, Sequence

import pytest

from bot.metrics import Metrics
from bot.polling.poller import Poller
from bot.polling.schedule import MISSING_TASK_TIMEOUT
from bot.relay.client import NO_KINDS, RelayClient
from bot.relay.lookup_result import LookupResult
from bot.relay.models import Task, TaskKind, TaskStatus
from bot.storage.models import EndReason, PollResult, WatchOutcome
from sandbox.relay import song, stuck
from tests.support.builders import HERE, NOON, a_running_task, a_song
from tests.support.poller_harness import DEADLINE, PollerHarness


class SlowWire:
    """The way to a relay, on which answers stay until they are let through."""

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
        """Ask the relay at once, and keep back what it says."""
        found = await self._client.look_up(ids, kinds=kinds, singly=singly, proven=proven)
        return await self._keep_back(found)

    async def look_up_singly(
        self,
        ids: Sequence[str],
        *,
        kinds: Mapping[str, TaskKind] = NO_KINDS,
        proven: bool = True,
    ) -> LookupResult:
        """Ask the relay at once, and keep back what it says."""
        found = await self._client.look_up_singly(ids, kinds=kinds, proven=proven)
        return await self._keep_back(found)

    async def _keep_back(self, found: LookupResult) -> LookupResult:
        self._answered.set()
        await self._open.wait()
        return found

    async def relay_has_answered(self) -> None:
        """Wait until an answer is on the way."""
        await self._answered.wait()

    def let_through(self) -> None:
        """Let all answers arrive."""
        self._open.set()


class SlowLook:
    """One poll of what is due, whose response is held until the test lets it through."""

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
        """Ask the relay; a moment passes, and its answer is on the way."""
        await self._poller.tick()
        await self._wire.relay_has_answered()
        self._polling.clock.now += 0.5

    async def end(self) -> None:
        """Let the answer arrive and be recorded, after another moment."""
        self._polling.clock.now += 0.5
        self._wire.let_through()
        await self._poller.finish(None)


async def a_slow_look(polling: PollerHarness) -> SlowLook:
    """Begin a poll of what is due."""
    look = SlowLook(polling)
    await look.begin()
    return look


async def watch_unchecked(polling: PollerHarness, task_id: str) -> None:
    """Watch a task while the relay cannot be asked."""
    polling.relay.start_outage()
    assert await polling.watch(task_id) is WatchOutcome.UNCHECKED
    polling.relay.end_outage()


async def test_a_poll_does_not_end_a_watch_that_began_after_it(polling: PollerHarness) -> None:
    """The relay learned of the task meanwhile: who asked then was told so, and it counts."""
    await watch_unchecked(polling, "song")
    await polling.poll_after(60)
    await polling.poll_after(5)
    polling.clock.now += 5
    third = await a_slow_look(polling)
    polling.relay.add(song("song", takes=60))
    assert await polling.watch("song", user_id=2) is WatchOutcome.WATCHING
    await third.end()
    assert await polling.claim_due() == []
    await polling.poll_after(60)
    (delivery,) = await polling.claim_due()
    assert (delivery.end_reason, delivery.watchers) == (EndReason.FINISHED, (1, 2))


async def test_a_poll_counts_no_absence_of_a_task_that_was_found_since(
    polling: PollerHarness,
) -> None:
    """A task that was missing for half an hour is back: its absence has ended, late polls or not.

    Nor does one poll that misses it again take up where the absence before had stopped.
    """
    polling.relay.add(stuck("song"))
    await polling.watch("song")
    await polling.poll_after(5)
    polling.relay.remove("song")
    for _ in range(int(MISSING_TASK_TIMEOUT) // 100 - 1):
        await polling.poll_after(100)
    polling.clock.now += 150
    late = await a_slow_look(polling)
    polling.relay.add(stuck("song"))
    assert await polling.watch("song", user_id=2) is WatchOutcome.WATCHING
    await late.end()
    polling.relay.remove("song")
    await polling.poll_after(100)
    assert await polling.claim_due() == []
    (watched,) = await polling.store.due_tasks(polling.clock.now + 60, 10)
    assert watched.missing_since == polling.clock.now


async def test_the_deadline_of_an_old_watch_ends_no_new_one(polling: PollerHarness) -> None:
    """Who stopped and began again, while a poll was under way, has the whole time again."""
    polling.relay.add(stuck("song"))
    await polling.watch("song")
    for _ in range(int(DEADLINE) // 100):
        await polling.poll_after(99)
    polling.clock.now += 50
    late = await a_slow_look(polling)
    await polling.watchlist.remove(["song"], user_id=1)
    assert await polling.watch("song") is WatchOutcome.WATCHING
    await late.end()
    assert await polling.claim_due() == []
    (watched,) = await polling.store.due_tasks(polling.clock.now + 60, 10)
    assert watched.deadline_at > polling.clock.now + DEADLINE - 5


async def test_a_watch_that_began_anew_unchecked_is_not_called_polled(
    polling: PollerHarness,
) -> None:
    """What a poll under way finds for the watch before is not its state."""
    polling.relay.add(stuck("song"))
    await polling.watch("song")
    polling.clock.now += 5
    late = await a_slow_look(polling)
    await polling.watchlist.remove(["song"], user_id=1)
    await watch_unchecked(polling, "song")
    await late.end()
    (watch,) = await polling.watchlist.watches_of(1)
    assert (watch.known, watch.polled_at) == (False, None)


async def watch(polling: PollerHarness, user_id: int, now: float) -> None:
    """Watch a running task at a moment."""
    await polling.store.add_watch(
        a_running_task(), known=True, user_id=user_id, destination=HERE, now=now, deadline=DEADLINE
    )


def seen(status: TaskStatus) -> PollResult:
    """Return what a poll showed of a task that runs."""
    return PollResult("song", NOON + 60, task=a_running_task(status=status))


async def test_of_two_polls_the_one_that_is_behind_changes_no_status(
    polling: PollerHarness,
) -> None:
    """Also where it is the last to be recorded; both began from the same state."""
    queued = Task("song", TaskStatus.QUEUED, kind=TaskKind.MUSIC)
    await polling.store.add_watch(
        queued, known=True, user_id=1, destination=HERE, now=NOON, deadline=DEADLINE
    )
    await polling.store.record([seen(TaskStatus.IN_PROGRESS)], NOON + 3, sent_at=NOON + 1)
    await polling.store.record([seen(TaskStatus.SUBMITTED)], NOON + 4, sent_at=NOON + 2)
    (watched,) = await polling.store.due_tasks(NOON + 60, 10)
    assert watched.status is TaskStatus.IN_PROGRESS


async def test_of_two_polls_the_one_that_is_behind_takes_no_end_back(
    polling: PollerHarness,
) -> None:
    """A task that ended waits for its audio: a poll that saw it run is no news."""
    await watch(polling, 1, NOON)
    done = a_song()
    ended = PollResult("song", NOON + 60, task=done, terminal_since=NOON + 3)
    await polling.store.record([ended], NOON + 3, sent_at=NOON + 1)
    await polling.store.record([seen(TaskStatus.IN_PROGRESS)], NOON + 4, sent_at=NOON + 2)
    (watched,) = await polling.store.due_tasks(NOON + 60, 10)
    assert (watched.status, watched.terminal_since) == (TaskStatus.SUCCESS, NOON + 3)
    (watch_of_it,) = await polling.watchlist.watches_of(1)
    assert watch_of_it.task == done


async def test_the_end_of_a_task_ends_also_watches_that_began_after_the_poll(
    polling: PollerHarness,
) -> None:
    """It is over, whoever came meanwhile: all are notified in one message."""
    await watch(polling, 1, NOON)
    await watch(polling, 2, NOON + 2)
    ended = PollResult("song", NOON + 60, task=a_song(), end_reason=EndReason.FINISHED)
    (recorded,) = await polling.store.record([ended], NOON + 3, sent_at=NOON + 1)
    polling.clock.now += 3
    assert recorded.end_reason is EndReason.FINISHED
    (delivery,) = await polling.claim_due()
    assert delivery.watchers == (1, 2)


@pytest.mark.parametrize("end_reason", [EndReason.GAVE_UP, EndReason.NOT_FOUND])
async def test_a_clock_that_is_set_back_makes_no_watch_newer_than_every_poll(
    polling: PollerHarness, end_reason: EndReason
) -> None:
    """A watch of the hour that comes twice ends in time, not an hour late."""
    await watch(polling, 1, NOON)
    over = PollResult(
        "song", NOON - 3500, misses=3, missing_since=NOON - 3600, end_reason=end_reason
    )
    (recorded,) = await polling.store.record([over], NOON - 3590, sent_at=NOON - 3591)
    assert recorded.end_reason is end_reason


async def test_a_clock_that_is_set_back_during_a_poll_ends_nothing_by_it(
    polling: PollerHarness,
) -> None:
    """Nobody can tell then which watches are newer; the next poll ends what is over."""
    await watch(polling, 1, NOON)
    over = PollResult("song", NOON + 5, end_reason=EndReason.GAVE_UP)
    assert await polling.store.record([over], NOON - 3600, sent_at=NOON + 1) == []
    assert len(await polling.store.record([over], NOON - 3594, sent_at=NOON - 3595)) == 1


async def test_an_outage_stops_the_deadlines_in_every_poll_that_was_under_way(
    polling: PollerHarness,
) -> None:
    """Both were begun before it ended; the first to be recorded tells of it."""
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
    wire.let_through()
    await poller.finish(None)
    watches = await polling.store.watches_of(1)
    assert {watch.task.id for watch in watches} == {"one", "two"}
