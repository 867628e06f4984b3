"""A clock that is set back by hours (NTP, a virtual machine that resumes) does no harm.

The bot's clock runs ahead of the others by ``skew`` seconds, until it is set right.
"""

from dataclasses import dataclass

import pytest

from bot.metrics import Metrics
from bot.polling.adaptive.planner import Planner
from bot.polling.poller import Poller
from bot.polling.schedule import MISSING_AUDIO_TIMEOUT
from bot.relay.models import TaskKind, TaskStatus
from bot.storage.clock_rollback import CLOCK_TOLERANCE, Rollback, RollbackDetector
from bot.storage.outbox import Outbox
from bot.storage.tasks import TaskStore
from sandbox.relay import song
from sandbox.relay.lifecycles import RelayTask, TaskStage, clip, streaming, succeeded, waiting
from tests.support.builders import a_song
from tests.support.delivery import a_dispatcher
from tests.support.dispatcher_harness import POLICY, POST, DispatcherHarness, add_member
from tests.support.poller_harness import PollerHarness

HOURS = 5 * 3600.0
SOON = POLICY.held_retry_interval


@dataclass
class Skewed:
    """The parts around an outbox, and a clock of the bot's own."""

    dispatching: DispatcherHarness
    skew: float = HOURS

    @property
    def now(self) -> float:
        """The bot's time (Unix seconds)."""
        return self.dispatching.now + self.skew

    def start(self) -> None:
        """Start a bot on the database as it is."""
        dispatching = self.dispatching
        dispatching.outbox = Outbox(dispatching.outbox._database)
        dispatching.store = TaskStore(dispatching.outbox._database, dispatching.outbox, "local")
        dispatching.dispatcher = a_dispatcher(
            dispatching.client, dispatching.outbox, POLICY, clock=lambda: self.now
        )

    async def owe(self, task_id: str) -> None:
        """Owe somebody the notice of a song."""
        destination = self.dispatching.channel
        ada = add_member(self.dispatching)
        await self.dispatching.enqueue(a_song(task_id), ada.id, channel=destination)

    async def work(self, after: float = 0.0) -> None:
        """Let time pass, and let the bot do what is due."""
        self.dispatching.local.clock.advance(after)
        for _ in range(10):
            await self.dispatching.dispatcher.tick()
            await self.dispatching.dispatcher.finish()

    async def set_right(self, by: float = HOURS, *, restarted: bool = False) -> None:
        """Set the bot's clock back, while it runs or while it does not."""
        self.skew -= by
        if restarted:
            self.start()


@pytest.fixture
async def skewed(dispatching: DispatcherHarness) -> Skewed:
    """Return a bot whose clock is hours ahead."""
    skewed = Skewed(dispatching)
    skewed.start()
    return skewed


restarts = pytest.mark.parametrize("restarted", [False, True], ids=["running", "restarted"])


@restarts
async def test_a_postponed_notice_is_not_hours_late(skewed: Skewed, restarted: bool) -> None:
    """It was to be tried again in a second of the time that comes twice."""
    dispatching = skewed.dispatching
    dispatching.local.faults.add(POST, status=503, times=1)
    await skewed.owe("song")
    await skewed.work()
    assert dispatching.channel.messages == []
    await skewed.set_right(restarted=restarted)
    await skewed.work()
    await skewed.work(after=SOON)
    assert len(dispatching.channel.messages) == 1


@restarts
async def test_a_blocked_channel_is_tried_within_ten_minutes(
    skewed: Skewed, restarted: bool
) -> None:
    """Also what is held for itself, and direct messages that are to be opened."""
    dispatching = skewed.dispatching
    dispatching.channel.deny("send_messages")
    await skewed.owe("song")
    await skewed.work()
    await skewed.set_right(restarted=restarted)
    dispatching.channel.allow("send_messages")
    await skewed.work()
    await skewed.work(after=SOON)
    assert len(dispatching.channel.messages) == 1


@restarts
async def test_a_notice_that_is_held_for_a_time_that_comes_twice_is_tried_soon(
    skewed: Skewed, restarted: bool
) -> None:
    """The clock was days ahead meanwhile, so that trouble seemed to have lasted for days."""
    dispatching, days = skewed.dispatching, 3 * 86400.0
    dispatching.local.faults.add(POST, status=503, times=2)
    await skewed.owe("song")
    await skewed.work()
    skewed.skew += days
    await skewed.work()
    assert (await dispatching.states())[0][0] == "held"
    await skewed.set_right(by=days, restarted=restarted)
    await skewed.work()
    await skewed.work(after=SOON)
    assert len(dispatching.channel.messages) == 1


async def unheard(skewed: Skewed) -> None:
    """Let Discord take a notice whose acknowledgement is lost, and nothing more for half an hour.

    That is so long that the nonce of the notice is forgotten.
    """
    dispatching = skewed.dispatching
    dispatching.local.faults.add(POST, drop=True, when="after", times=1)
    dispatching.local.faults.add(POST, drop=True, times=None)
    await skewed.owe("song")
    for _ in range(31):
        await skewed.work(after=60)
    dispatching.local.faults.clear()
    assert len(dispatching.channel.messages) == 1
    assert (await dispatching.states())[0][0] == "due"


@pytest.mark.parametrize(
    ("by", "restarted"),
    [(HOURS, False), (HOURS, True), (1790.0, False)],
    ids=["running", "restarted", "to when it was posted"],
)
async def test_an_unconfirmed_notice_is_looked_for_and_not_posted_twice(
    skewed: Skewed, by: float, restarted: bool
) -> None:
    """However young it seems by the clock that was set right."""
    await unheard(skewed)
    await skewed.set_right(by, restarted=restarted)
    await skewed.work()
    await skewed.work(after=SOON)
    assert len(skewed.dispatching.channel.messages) == 1
    assert (await skewed.dispatching.states())[0][0] == "sent"


@restarts
async def test_an_unconfirmed_notice_that_cannot_be_looked_for_says_that_it_may_be_a_repeat(
    skewed: Skewed, restarted: bool
) -> None:
    """Whenever it is sent: also hours later, when its stored time is just past."""
    dispatching = skewed.dispatching
    await unheard(skewed)
    dispatching.channel.deny("read_message_history")
    await skewed.set_right(restarted=restarted)
    dispatching.local.faults.add(POST, drop=True, times=2)
    for pause in (0, SOON, HOURS - 1800, SOON, SOON):
        await skewed.work(after=pause)
    first, second = dispatching.channel.messages
    assert "twice" not in first.content
    assert "twice" in second.content


async def test_the_notice_of_an_earlier_watch_is_no_evidence_after_the_clock_was_set_back(
    skewed: Skewed,
) -> None:
    """The same song was posted a day before: the doubtful notice is not taken for that one."""
    dispatching = skewed.dispatching
    await skewed.owe("song")
    await skewed.work()
    dispatching.local.clock.advance(86400)
    dispatching.local.faults.add(POST, drop=True, times=1)
    await skewed.owe("song")
    await skewed.work()
    await skewed.set_right()
    await skewed.work()
    await skewed.work(after=SOON)
    assert len(dispatching.channel.messages) == 2
    assert [state for state, _ in await dispatching.states()] == ["sent", "sent"]


@restarts
async def test_direct_messages_are_opened_soon(skewed: Skewed, restarted: bool) -> None:
    """Discord wanted a pause before the clock was set back."""
    dispatching = skewed.dispatching
    dispatching.local.faults.add("POST /users/@me/channels", status=403, code=40003, times=1)
    await skewed.owe("song")
    dispatching.channel.delete()
    await skewed.work()
    await skewed.set_right(restarted=restarted)
    await skewed.work()
    for _ in range(3):
        await skewed.work(after=SOON)
    assert [state for state, _ in await dispatching.states()] == ["dropped", "sent"]


async def test_a_clock_that_is_set_back_a_little_changes_nothing(skewed: Skewed) -> None:
    """NTP does so all the time: what is in doubt stays as old as it is."""
    dispatching = skewed.dispatching
    dispatching.local.faults.add(POST, drop=True, when="after", times=1)
    await skewed.owe("song")
    await skewed.work()
    (before,) = await dispatching.outbox._database.read(
        "SELECT unconfirmed_since FROM deliveries", []
    )
    await skewed.set_right(CLOCK_TOLERANCE / 2)
    await skewed.work()
    (after,) = await dispatching.outbox._database.read(
        "SELECT unconfirmed_since FROM deliveries", []
    )
    assert after == before
    await skewed.work(after=CLOCK_TOLERANCE)
    assert len(dispatching.channel.messages) == 1


def restart(polling: PollerHarness) -> Poller:
    """Return the poller of a new process on the same database."""
    return Poller(
        polling.client,
        polling.store,
        polling.schedule,
        batch_size=100,
        clock=polling.clock,
        metrics=Metrics(),
    )


async def look(polling: PollerHarness, poller: Poller, after: float = 0.0) -> None:
    """Let time pass everywhere, then look."""
    polling.clock.now += after
    polling.relay.clock.advance(after)
    await poller.tick()
    await poller.finish(None)


@restarts
async def test_running_tasks_are_looked_at_within_one_interval(
    polling: PollerHarness, restarted: bool
) -> None:
    """Not after the longest wait that a plan may make."""
    polling.relay.add(song("song", takes=60))
    await polling.watch("song")
    await polling.poll_after(5)
    polling.clock.now -= HOURS
    polling.relay.clock.advance(100)
    poller = restart(polling) if restarted else polling.poller
    await look(polling, poller)
    await look(polling, poller, after=polling.schedule.interval)
    (delivery,) = await polling.claim_due()
    assert delivery.task.status is TaskStatus.SUCCESS


@restarts
async def test_a_song_that_waits_for_its_last_link_is_told_in_time(
    polling: PollerHarness, restarted: bool
) -> None:
    """The patience with a missing link began at a time that comes again only in hours."""
    made = [
        streaming(clip("clip", title="Boats", lyrics="", style="", media="https://cdn1.suno.ai"))
    ]
    stages = (TaskStage(0, waiting()), TaskStage(60, succeeded(made)))
    polling.relay.add(RelayTask("song", TaskKind.MUSIC, stages))
    await polling.watch("song")
    await polling.poll_after(100)
    assert await polling.claim_due() == []
    polling.clock.now -= HOURS
    poller = restart(polling) if restarted else polling.poller
    await look(polling, poller)
    for _ in range(7):
        await look(polling, poller, after=MISSING_AUDIO_TIMEOUT / 6)
    assert len(await polling.claim_due()) == 1


async def test_a_watch_ends_when_it_should_by_the_clock_that_was_set_right(
    polling: PollerHarness,
) -> None:
    """The clock was years ahead when it was added."""
    polling.clock.now += 1e8
    polling.relay.add(song("song", takes=1e9))
    await polling.watch("song")
    await polling.poll_after(5)
    polling.clock.now -= 1e8
    await polling.poll_after(0)
    for _ in range(40):
        await polling.poll_after(100)
    assert len(await polling.claim_due()) == 1


async def test_the_last_answer_is_not_in_the_future_after_the_clock_was_set_back(
    polling: PollerHarness,
) -> None:
    """An outage that begins then would be measured as hours shorter than it is."""
    polling.relay.add(song("song", takes=60))
    await polling.watch("song")
    await polling.poll_after(5)
    polling.clock.now -= HOURS
    await polling.store.handle_clock_rollback(polling.clock.now, longest_wait=5, deadline=60)
    assert await polling.store.last_answer_at() == polling.clock.now


def test_a_rollback_is_reported_until_it_is_handled() -> None:
    """The database may be unable to correct the stored times at first."""
    detector = RollbackDetector()
    detector.mark_handled(HOURS)
    assert [detector.check(0.0), detector.check(5.0)] == [Rollback.SEEN, Rollback.SEEN]
    detector.mark_handled(5.0)
    assert detector.check(10.0) is Rollback.NONE


def test_a_plan_is_made_anew_when_the_clock_was_set_back() -> None:
    """Waits are worked out for the price of the moment, not for that of hours ago."""
    planner = Planner(5.0)
    planner.adjust_price([], HOURS, full=False)
    made = planner._policies_from
    planner.adjust_price([], 0.0, full=False)
    assert made == HOURS
    assert planner._policies_from == 0.0
