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

pytestmark = pytest.mark.both_engines

HOURS = 5 * 3600.0
SOON = POLICY.held_retry_interval


@dataclass
class SkewedBot:
    """An outbox with its collaborators and a clock that the test sets."""

    dispatching: DispatcherHarness
    skew: float = HOURS

    @property
    def now(self) -> float:
        """The bot's time (Unix seconds)."""
        return self.dispatching.now + self.skew

    def start(self) -> None:
        """Start a bot on the database."""
        dispatching = self.dispatching
        dispatching.outbox = Outbox(dispatching.outbox._database)
        dispatching.store = TaskStore(dispatching.outbox._database, dispatching.outbox, "local")
        dispatching.dispatcher = a_dispatcher(
            dispatching.client, dispatching.outbox, POLICY, clock=lambda: self.now
        )

    async def enqueue(self, task_id: str) -> None:
        """Enqueue the notice of a song for a person."""
        destination = self.dispatching.channel
        ada = add_member(self.dispatching)
        await self.dispatching.enqueue(a_song(task_id), ada.id, channel=destination)

    async def advance(self, after: float = 0.0) -> None:
        """Advance the clock, and let the bot send what is due."""
        self.dispatching.local.clock.advance(after)
        for _ in range(10):
            await self.dispatching.dispatcher.tick()
            await self.dispatching.dispatcher.finish()

    async def correct_clock(self, by: float = HOURS, *, restarted: bool = False) -> None:
        """Set the bot's clock back, while it runs or while it does not."""
        self.skew -= by
        if restarted:
            self.start()


@pytest.fixture
async def skewed_bot(dispatching: DispatcherHarness) -> SkewedBot:
    """Return a bot whose clock is hours ahead."""
    skewed_bot = SkewedBot(dispatching)
    skewed_bot.start()
    return skewed_bot


restarts = pytest.mark.parametrize("restarted", [False, True], ids=["running", "restarted"])


@restarts
async def test_a_postponed_notice_is_retried_soon_after_a_rollback(
    skewed_bot: SkewedBot, restarted: bool
) -> None:
    """Its stored retry time lies hours ahead by the corrected clock."""
    dispatching = skewed_bot.dispatching
    dispatching.local.faults.add(POST, status=503, times=1)
    await skewed_bot.enqueue("song")
    await skewed_bot.advance()
    assert dispatching.channel.messages == []
    await skewed_bot.correct_clock(restarted=restarted)
    await skewed_bot.advance()
    await skewed_bot.advance(after=SOON)
    assert len(dispatching.channel.messages) == 1


@restarts
async def test_a_blocked_channel_is_probed_soon_after_a_rollback(
    skewed_bot: SkewedBot, restarted: bool
) -> None:
    """Held notices and unopened direct messages are tried within ten minutes, too."""
    dispatching = skewed_bot.dispatching
    dispatching.channel.deny("send_messages")
    await skewed_bot.enqueue("song")
    await skewed_bot.advance()
    await skewed_bot.correct_clock(restarted=restarted)
    dispatching.channel.allow("send_messages")
    await skewed_bot.advance()
    await skewed_bot.advance(after=SOON)
    assert len(dispatching.channel.messages) == 1


@restarts
async def test_a_held_notice_is_retried_soon_after_a_rollback(
    skewed_bot: SkewedBot, restarted: bool
) -> None:
    """The clock was days ahead, so that the error seemed to have lasted for days."""
    dispatching, days = skewed_bot.dispatching, 3 * 86400.0
    dispatching.local.faults.add(POST, status=503, times=2)
    await skewed_bot.enqueue("song")
    await skewed_bot.advance()
    skewed_bot.skew += days
    await skewed_bot.advance()
    assert (await dispatching.states())[0][0] == "held"
    await skewed_bot.correct_clock(by=days, restarted=restarted)
    await skewed_bot.advance()
    await skewed_bot.advance(after=SOON)
    assert len(dispatching.channel.messages) == 1


async def lose_acknowledgement(skewed_bot: SkewedBot) -> None:
    """Let Discord take a notice, lose the response, and fail for half an hour.

    Discord does not recognize the nonce of the notice any more after that time.
    """
    dispatching = skewed_bot.dispatching
    dispatching.local.faults.add(POST, drop=True, when="after", times=1)
    dispatching.local.faults.add(POST, drop=True, times=None)
    await skewed_bot.enqueue("song")
    for _ in range(31):
        await skewed_bot.advance(after=60)
    dispatching.local.faults.clear()
    assert len(dispatching.channel.messages) == 1
    assert (await dispatching.states())[0][0] == "due"


@pytest.mark.parametrize(
    ("by", "restarted"),
    [(HOURS, False), (HOURS, True), (1790.0, False)],
    ids=["running", "restarted", "to when it was posted"],
)
async def test_an_unconfirmed_notice_is_found_after_a_rollback(
    skewed_bot: SkewedBot, by: float, restarted: bool
) -> None:
    """It is not posted again, however recent it seems by the corrected clock."""
    await lose_acknowledgement(skewed_bot)
    await skewed_bot.correct_clock(by, restarted=restarted)
    await skewed_bot.advance()
    await skewed_bot.advance(after=SOON)
    assert len(skewed_bot.dispatching.channel.messages) == 1
    assert (await skewed_bot.dispatching.states())[0][0] == "sent"


@restarts
async def test_an_unconfirmed_notice_without_history_is_marked_as_possible_duplicate(
    skewed_bot: SkewedBot, restarted: bool
) -> None:
    """The mark does not depend on when the notice is retried."""
    dispatching = skewed_bot.dispatching
    await lose_acknowledgement(skewed_bot)
    dispatching.channel.deny("read_message_history")
    await skewed_bot.correct_clock(restarted=restarted)
    dispatching.local.faults.add(POST, drop=True, times=2)
    for pause in (0, SOON, HOURS - 1800, SOON, SOON):
        await skewed_bot.advance(after=pause)
    first, second = dispatching.channel.messages
    assert "twice" not in first.content
    assert "twice" in second.content


async def test_an_earlier_notice_is_no_duplicate_after_a_rollback(
    skewed_bot: SkewedBot,
) -> None:
    """The notice of the same song from the day before is not taken for the unconfirmed one."""
    dispatching = skewed_bot.dispatching
    await skewed_bot.enqueue("song")
    await skewed_bot.advance()
    dispatching.local.clock.advance(86400)
    dispatching.local.faults.add(POST, drop=True, times=1)
    await skewed_bot.enqueue("song")
    await skewed_bot.advance()
    await skewed_bot.correct_clock()
    await skewed_bot.advance()
    await skewed_bot.advance(after=SOON)
    assert len(dispatching.channel.messages) == 2
    assert [state for state, _ in await dispatching.states()] == ["sent", "sent"]


@restarts
async def test_direct_messages_are_opened_soon_after_a_rollback(
    skewed_bot: SkewedBot, restarted: bool
) -> None:
    """A pause that Discord requested before the rollback ends soon after it."""
    dispatching = skewed_bot.dispatching
    dispatching.local.faults.add("POST /users/@me/channels", status=403, code=40003, times=1)
    await skewed_bot.enqueue("song")
    dispatching.channel.delete()
    await skewed_bot.advance()
    await skewed_bot.correct_clock(restarted=restarted)
    await skewed_bot.advance()
    for _ in range(3):
        await skewed_bot.advance(after=SOON)
    assert [state for state, _ in await dispatching.states()] == ["dropped", "sent"]


async def test_a_small_rollback_changes_nothing(skewed_bot: SkewedBot) -> None:
    """NTP sets clocks back by seconds; an unconfirmed notice keeps its age."""
    dispatching = skewed_bot.dispatching
    dispatching.local.faults.add(POST, drop=True, when="after", times=1)
    await skewed_bot.enqueue("song")
    await skewed_bot.advance()
    (before,) = await dispatching.outbox._database.read(
        "SELECT unconfirmed_since FROM deliveries", []
    )
    await skewed_bot.correct_clock(CLOCK_TOLERANCE / 2)
    await skewed_bot.advance()
    (after,) = await dispatching.outbox._database.read(
        "SELECT unconfirmed_since FROM deliveries", []
    )
    assert after == before
    await skewed_bot.advance(after=CLOCK_TOLERANCE)
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


async def poll(polling: PollerHarness, poller: Poller, after: float = 0.0) -> None:
    """Advance all clocks, then poll."""
    polling.clock.now += after
    polling.relay.clock.advance(after)
    await poller.tick()
    await poller.finish(None)


@restarts
async def test_running_tasks_are_polled_within_one_interval_after_a_rollback(
    polling: PollerHarness, restarted: bool
) -> None:
    """A stored poll time does not delay the poll for hours."""
    polling.relay.add(song("song", takes=60))
    await polling.watch("song")
    await polling.poll_after(5)
    polling.clock.now -= HOURS
    polling.relay.clock.advance(100)
    poller = restart(polling) if restarted else polling.poller
    await poll(polling, poller)
    await poll(polling, poller, after=polling.schedule.interval)
    (delivery,) = await polling.claim_due()
    assert delivery.task.status is TaskStatus.SUCCESS


@restarts
async def test_the_wait_for_a_late_link_ends_in_time_after_a_rollback(
    polling: PollerHarness, restarted: bool
) -> None:
    """The wait began at a time that lies hours ahead by the corrected clock."""
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
    await poll(polling, poller)
    for _ in range(7):
        await poll(polling, poller, after=MISSING_AUDIO_TIMEOUT / 6)
    assert len(await polling.claim_due()) == 1


async def test_the_deadline_holds_by_the_corrected_clock(
    polling: PollerHarness,
) -> None:
    """The clock was years ahead when the watch was added."""
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


def test_a_rollback_makes_the_planner_recompute_its_plan() -> None:
    """The plan of hours ago does not apply."""
    planner = Planner(5.0)
    planner.adjust_price([], HOURS, full=False)
    made = planner._policies_from
    planner.adjust_price([], 0.0, full=False)
    assert made == HOURS
    assert planner._policies_from == 0.0
