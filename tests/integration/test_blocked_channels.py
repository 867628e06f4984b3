"""Blocked channels in the outbox: one probe, and one held notice for each watcher."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.storage.database import DatabaseThread
from bot.storage.held_notices import RETRY_AFTER
from bot.storage.limits import WatchLimits
from bot.storage.models import Delivery, DeliveryPurpose, Destination, MessageFormat, WatchRequest
from bot.storage.outbox import Outbox
from bot.storage.tasks import TaskStore
from sandbox.discord import User
from tests.support.builders import HERE, NOON, a_song, open_direct_messages
from tests.support.databases import location, sqlite_of
from tests.support.dispatcher_harness import POST, DispatcherHarness, add_member

pytestmark = pytest.mark.both_engines


AGAIN = 600.0
DIRECTS = {1: Destination(1001), 2: Destination(1002)}


class OutboxHarness:
    """An outbox with deliveries of one channel."""

    def __init__(self, database: DatabaseThread) -> None:
        self.database = database
        self.outbox = Outbox(database)
        limits = WatchLimits(messages_per_user=1000, messages_per_channel=1000)
        self.store = TaskStore(database, self.outbox, "deerapi", limits)

    async def enqueue(self, *ids: str, user_id: int = 1, now: float = NOON) -> None:
        """Enqueue the notices of finished songs for a user."""
        for task_id in ids:
            await self.store.add_finished(a_song(task_id), WatchRequest(user_id, HERE), now)

    async def claim(self, now: float = NOON) -> Delivery:
        """Claim the only notice that is due."""
        claimed = await self.outbox.claim(now, 10)
        (delivery,) = [each for each in claimed if each.purpose is DeliveryPurpose.NOTICE]
        return delivery

    async def block(self, delivery: Delivery, now: float = NOON) -> None:
        """Record that Discord rejects everything in the channel."""
        await self.outbox.blocked_channels.block(
            delivery, until=now + AGAIN, reason="missing:", now=now
        )

    async def send_held_notices(self, now: float = NOON) -> list[Delivery]:
        """Open all direct messages, send what is due, and return it."""
        await open_direct_messages(self.outbox, DIRECTS, now)
        sent = []
        while claimed := await self.outbox.claim(now, 10):
            for delivery in claimed:
                await self.outbox.acknowledge(delivery, message_id=7, now=now)
            sent += claimed
        return sent


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[OutboxHarness]:
    """Return an empty outbox."""
    async with DatabaseThread(location(tmp_path / "suno.db")) as database:
        yield OutboxHarness(database)


async def test_a_blocked_channel_has_one_probe(harness: OutboxHarness) -> None:
    """Deliveries enqueued before and after the block wait for it."""
    await harness.enqueue("one", "two")
    await harness.block(await harness.claim())
    await harness.enqueue("three", now=NOON + 60)
    await harness.send_held_notices()
    assert await harness.outbox.claim(NOON + AGAIN - 1, 10) == []
    assert await harness.outbox.next_at() == NOON + AGAIN
    assert (await harness.claim(NOON + AGAIN)).task.id == "one"
    assert await harness.outbox.next_at() is None


async def test_an_unblocked_channel_gets_its_deliveries_in_order(
    harness: OutboxHarness,
) -> None:
    """They follow the first success, and a probe can be requested at once."""
    await harness.enqueue("one", "two", "three")
    await harness.block(await harness.claim())
    await harness.send_held_notices()
    await harness.outbox.blocked_channels.probe_now(HERE.channel_id, NOON + 60)
    assert [each.task.id for each in await harness.send_held_notices(NOON + 60)] == [
        "one",
        "two",
        "three",
    ]


async def test_the_next_delivery_is_the_probe_if_one_is_held(
    harness: OutboxHarness,
) -> None:
    """A delivery held for its own reason does not delay the others."""
    await harness.enqueue("refused", "two")
    await harness.block(await harness.claim())
    await harness.send_held_notices()
    refused = await harness.claim(NOON + AGAIN)
    await harness.outbox.hold(refused, until=NOON + 2 * AGAIN, reason="400/50035")
    assert (await harness.claim(NOON + AGAIN)).task.id == "two"


async def test_a_held_delivery_is_no_second_probe(harness: OutboxHarness) -> None:
    """It waits for the channel like the others."""
    await harness.enqueue("refused", "two")
    await harness.outbox.hold(await harness.claim(), until=NOON + AGAIN, reason="400/50035")
    await harness.block(await harness.claim(), NOON + 60)
    await harness.send_held_notices()
    assert await harness.outbox.claim(NOON + AGAIN, 10) == []
    assert (await harness.claim(NOON + AGAIN + 60)).task.id == "refused"


async def test_a_transient_error_keeps_the_channel_blocked(harness: OutboxHarness) -> None:
    """The same delivery stays the probe, so that the order is kept."""
    await harness.enqueue("one", "two")
    await harness.block(await harness.claim())
    await harness.send_held_notices()
    later = NOON + AGAIN
    probe = await harness.claim(later)
    await harness.outbox.postpone(
        probe, until=later + 30, reason="503/0", message_format=MessageFormat.FULL, unconfirmed=True
    )
    assert await harness.outbox.claim(later, 10) == []
    assert await harness.outbox.next_at() == later + 30
    assert (await harness.claim(later + 30)).task.id == "one"


async def test_each_watcher_of_a_blocked_channel_gets_one_held_notice(
    harness: OutboxHarness,
) -> None:
    """Further probes, songs and watchers add no second one."""
    await harness.enqueue("one", "two")
    await harness.block(await harness.claim())
    (held_notice,) = await harness.send_held_notices()
    assert (held_notice.purpose, held_notice.destination.channel_id, held_notice.user_id) == (
        DeliveryPurpose.HELD_NOTICE,
        1001,
        1,
    )
    assert (held_notice.redirected_from, held_notice.reason) == (HERE.channel_id, "missing:")
    later = NOON + AGAIN
    await harness.enqueue("three", now=later)
    await harness.enqueue("four", user_id=2, now=later)
    await harness.block(await harness.claim(later), later)
    assert [each.user_id for each in await harness.send_held_notices(later)] == [2]


async def test_a_new_block_sends_held_notices_again(harness: OutboxHarness) -> None:
    """The channel was open in between."""
    for now in (NOON, NOON + 2 * AGAIN):
        await harness.enqueue(f"song-{now}", now=now)
        await harness.block(await harness.claim(now), now)
        assert [each.purpose for each in await harness.send_held_notices(now)] == [
            DeliveryPurpose.HELD_NOTICE
        ]
        await harness.outbox.blocked_channels.probe_now(HERE.channel_id, now)
        assert [each.purpose for each in await harness.send_held_notices(now)] == [
            DeliveryPurpose.NOTICE
        ]


async def test_a_held_notice_is_not_sent_after_its_notice(harness: OutboxHarness) -> None:
    """The channel was unblocked before the direct message could be opened."""
    await harness.enqueue("song")
    await harness.block(await harness.claim())
    await harness.outbox.blocked_channels.probe_now(HERE.channel_id, NOON + 60)
    notice = await harness.claim(NOON + 60)
    await open_direct_messages(harness.outbox, DIRECTS, NOON + 60)
    assert await harness.outbox.claim(NOON + 60, 10) == []  # the notice may be there any moment
    await harness.outbox.acknowledge(notice, message_id=7, now=NOON + 61)
    assert await harness.send_held_notices(NOON + AGAIN) == []
    assert await harness.outbox.next_at() is None


async def test_a_held_notice_is_sent_after_another_rejection(harness: OutboxHarness) -> None:
    """A probe in between only delays it."""
    await harness.enqueue("song")
    await harness.block(await harness.claim())
    await harness.outbox.blocked_channels.probe_now(HERE.channel_id, NOON + 60)
    notice = await harness.claim(NOON + 60)
    await open_direct_messages(harness.outbox, DIRECTS, NOON + 60)
    assert await harness.outbox.claim(NOON + 60, 10) == []
    await harness.block(notice, NOON + 61)
    assert [each.purpose for each in await harness.send_held_notices(NOON + 120)] == [
        DeliveryPurpose.HELD_NOTICE
    ]


async def test_a_held_notice_waits_for_a_notice_that_is_due_soon(harness: OutboxHarness) -> None:
    """It may be there any moment, though somebody else's comes before it."""
    for task_id, user_id in (("first", 2), ("song", 1)):
        await harness.enqueue(task_id, user_id=user_id)
        notice = await harness.claim()
        await harness.outbox.hold(notice, until=NOON + 61, reason="x", notify_at=NOON + 60)
    assert await harness.send_held_notices(NOON + 60) == []
    for _ in range(2):
        notice = await harness.claim(NOON + 61)
        await harness.outbox.acknowledge(notice, message_id=7, now=NOON + 61)
    assert await harness.send_held_notices(NOON + AGAIN) == []
    assert await harness.outbox.next_at() is None


async def test_a_held_notice_waits_for_a_probe_that_is_due_soon(harness: OutboxHarness) -> None:
    """The channel may be open any moment; somebody else's notice is the probe."""
    await harness.enqueue("first", user_id=2)
    await harness.enqueue("song", user_id=1)
    await harness.block(await harness.claim())
    await harness.outbox.blocked_channels.probe_now(HERE.channel_id, NOON + 61)
    assert await harness.send_held_notices(NOON + 60) == []
    notice = await harness.claim(NOON + 61)
    assert notice.task.id == "first"
    assert await harness.send_held_notices(NOON + 2 * RETRY_AFTER) == []
    await harness.outbox.acknowledge(notice, message_id=7, now=NOON + 61)
    notice = await harness.claim(NOON + 62)
    await harness.outbox.acknowledge(notice, message_id=7, now=NOON + 62)
    assert await harness.send_held_notices(NOON + AGAIN) == []
    assert await harness.outbox.next_at() is None


async def test_a_channel_without_deliveries_is_unblocked_at_start(
    harness: OutboxHarness,
) -> None:
    """Its deliveries may have been deleted on request."""
    await harness.enqueue("song")
    await harness.block(await harness.claim())
    await harness.database.write("DELETE FROM watches", [])
    await harness.database.write("DELETE FROM deliveries", [])
    await harness.outbox.recover(NOON + 1)
    await harness.enqueue("next", now=NOON + 2)
    assert (await harness.claim(NOON + 2)).task.id == "next"


@pytest.mark.sqlite_only
async def test_a_long_queue_in_a_blocked_channel_slows_no_other(harness: OutboxHarness) -> None:
    """A claim reads the queue of a blocked channel at most once."""
    await harness.enqueue(*(f"song-{number}" for number in range(300)))
    await harness.block(await harness.claim())
    await harness.send_held_notices()
    steps: list[None] = []
    await harness.database.run(
        lambda db: sqlite_of(db).conn.set_progress_handler(lambda: steps.append(None), 100)
    )
    assert await harness.outbox.claim(NOON + 1, 10) == []
    await harness.database.run(lambda db: sqlite_of(db).conn.set_progress_handler(None, 0))
    assert len(steps) < 300


def ada_of(dispatching: DispatcherHarness) -> User:
    """Return a member who accepts direct messages."""
    return add_member(dispatching)


async def test_songs_behind_rejected_content_are_posted(
    dispatching: DispatcherHarness,
) -> None:
    """The unblocked channel rejects the first song in every format."""
    ada = ada_of(dispatching)
    dispatching.channel.deny("send_messages")
    for task_id in ("forbidden", "second", "third"):
        await dispatching.enqueue(a_song(task_id), ada.id)
    await dispatching.deliver()
    await dispatching.deliver(after=10)
    dispatching.channel.allow("send_messages")
    refused = dispatching.local.faults.add(POST, status=400, code=200000, times=len(MessageFormat))
    messages = await dispatching.deliver(after=600)
    assert refused.hits == len(MessageFormat)
    assert ["♪ second" in str(one.payload()) for one in messages] == [True, False]
    assert ["♪ third" in str(one.payload()) for one in messages] == [False, True]
    assert (await dispatching.states())[0] == ("dropped", "400/200000")
