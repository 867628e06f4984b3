from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.storage.database import DatabaseThread
from bot.storage.limits import WatchLimits
from bot.storage.models import Delivery, DeliveryPurpose, Destination, MessageFormat
from bot.storage.outbox import Outbox
from bot.storage.tasks import TaskStore
from sandbox.discord import User
from tests.support.builders import HERE, NOON, a_song, open_directs
from tests.support.dispatcher_harness import POST, DispatcherHarness, add_member

AGAIN = 600.0
DIRECTS = {1: Destination(1001), 2: Destination(1002)}


class Owed:
    """An outbox with what is owed in one channel."""

    def __init__(self, database: DatabaseThread) -> None:
        self.database = database
        self.outbox = Outbox(database)
        limits = WatchLimits(messages_per_user=1000, messages_per_channel=1000)
        self.store = TaskStore(database, self.outbox, "deerapi", limits)

    async def owe(self, *ids: str, user_id: int = 1, now: float = NOON) -> None:
        """Owe the notices of some finished songs to a person."""
        for task_id in ids:
            await self.store.add_finished(
                a_song(task_id), user_id=user_id, destination=HERE, now=now
            )

    async def claim(self, now: float = NOON) -> Delivery:
        """Claim what must be the only notice that can be sent."""
        claimed = await self.outbox.claim(now, 10)
        (delivery,) = [each for each in claimed if each.purpose is DeliveryPurpose.NOTICE]
        return delivery

    async def block(self, delivery: Delivery, now: float = NOON) -> None:
        """Let Discord refuse everything in the channel."""
        await self.outbox.blocked_channels.block(
            delivery, until=now + AGAIN, reason="missing:", now=now
        )

    async def words(self, now: float = NOON) -> list[Delivery]:
        """Open all direct messages and send what is owed there; return what that was."""
        await open_directs(self.outbox, DIRECTS, now)
        sent = []
        while claimed := await self.outbox.claim(now, 10):
            for delivery in claimed:
                await self.outbox.acknowledge(delivery, message_id=7, now=now)
            sent += claimed
        return sent


@pytest.fixture
async def owed(tmp_path: Path) -> AsyncIterator[Owed]:
    """Return an empty outbox."""
    async with DatabaseThread(tmp_path / "suno.db") as database:
        yield Owed(database)


async def test_a_blocked_channel_is_tried_with_one_message_only(owed: Owed) -> None:
    """However many are owed there, and whenever they came."""
    await owed.owe("one", "two")
    await owed.block(await owed.claim())
    await owed.owe("three", now=NOON + 60)
    await owed.words()
    assert await owed.outbox.claim(NOON + AGAIN - 1, 10) == []
    assert await owed.outbox.next_at() == NOON + AGAIN
    assert (await owed.claim(NOON + AGAIN)).task.id == "one"
    assert await owed.outbox.next_at() is None


async def test_a_channel_that_is_open_again_gets_all_that_is_owed_there_in_order(
    owed: Owed,
) -> None:
    """As soon as the first has arrived, and at once where something seems to be mended."""
    await owed.owe("one", "two", "three")
    await owed.block(await owed.claim())
    await owed.words()
    await owed.outbox.blocked_channels.probe_now(HERE.channel_id, NOON + 60)
    assert [each.task.id for each in await owed.words(NOON + 60)] == ["one", "two", "three"]


async def test_a_delivery_refused_for_its_content_leaves_the_next_one_as_the_probe(
    owed: Owed,
) -> None:
    """At once: nobody waits for what is held for a reason of its own."""
    await owed.owe("refused", "two")
    await owed.block(await owed.claim())
    await owed.words()
    refused = await owed.claim(NOON + AGAIN)
    await owed.outbox.hold(refused, until=NOON + 2 * AGAIN, reason="400/50035")
    assert (await owed.claim(NOON + AGAIN)).task.id == "two"


async def test_what_is_held_for_itself_is_no_second_probe(owed: Owed) -> None:
    """It waits for the channel like everything else there."""
    await owed.owe("refused", "two")
    await owed.outbox.hold(await owed.claim(), until=NOON + AGAIN, reason="400/50035")
    await owed.block(await owed.claim(), NOON + 60)
    await owed.words()
    assert await owed.outbox.claim(NOON + AGAIN, 10) == []
    assert (await owed.claim(NOON + AGAIN + 60)).task.id == "refused"


async def test_trouble_that_passes_leaves_the_channel_blocked(owed: Owed) -> None:
    """And the order kept: the same delivery is the probe again."""
    await owed.owe("one", "two")
    await owed.block(await owed.claim())
    await owed.words()
    later = NOON + AGAIN
    probe = await owed.claim(later)
    await owed.outbox.postpone(
        probe, until=later + 30, reason="503/0", message_format=MessageFormat.FULL, unconfirmed=True
    )
    assert await owed.outbox.claim(later, 10) == []
    assert await owed.outbox.next_at() == later + 30
    assert (await owed.claim(later + 30)).task.id == "one"


async def test_each_person_who_waits_in_a_blocked_channel_gets_one_word(owed: Owed) -> None:
    """However often it is tried, whatever is added, and whoever else comes to wait there."""
    await owed.owe("one", "two")
    await owed.block(await owed.claim())
    (word,) = await owed.words()
    assert (word.purpose, word.destination.channel_id, word.user_id) == (
        DeliveryPurpose.HELD_NOTICE,
        1001,
        1,
    )
    assert (word.redirected_from, word.reason) == (HERE.channel_id, "missing:")
    later = NOON + AGAIN
    await owed.owe("three", now=later)
    await owed.owe("four", user_id=2, now=later)
    await owed.block(await owed.claim(later), later)
    assert [each.user_id for each in await owed.words(later)] == [2]


async def test_who_was_told_is_told_again_when_the_channel_is_blocked_anew(owed: Owed) -> None:
    """It was open in between."""
    for now in (NOON, NOON + 2 * AGAIN):
        await owed.owe(f"song-{now}", now=now)
        await owed.block(await owed.claim(now), now)
        assert [each.purpose for each in await owed.words(now)] == [DeliveryPurpose.HELD_NOTICE]
        await owed.outbox.blocked_channels.probe_now(HERE.channel_id, now)
        assert [each.purpose for each in await owed.words(now)] == [DeliveryPurpose.NOTICE]


async def test_a_word_does_not_come_after_the_notice_that_it_is_about(owed: Owed) -> None:
    """The channel was opened before the direct message could be."""
    await owed.owe("song")
    await owed.block(await owed.claim())
    await owed.outbox.blocked_channels.probe_now(HERE.channel_id, NOON + 60)
    notice = await owed.claim(NOON + 60)
    await open_directs(owed.outbox, DIRECTS, NOON + 60)
    assert await owed.outbox.claim(NOON + 60, 10) == []  # the notice may be there any moment
    await owed.outbox.acknowledge(notice, message_id=7, now=NOON + 61)
    assert await owed.words(NOON + AGAIN) == []
    assert await owed.outbox.next_at() is None


async def test_a_word_is_sent_when_the_notice_was_refused_again(owed: Owed) -> None:
    """A try in between only delays it."""
    await owed.owe("song")
    await owed.block(await owed.claim())
    await owed.outbox.blocked_channels.probe_now(HERE.channel_id, NOON + 60)
    notice = await owed.claim(NOON + 60)
    await open_directs(owed.outbox, DIRECTS, NOON + 60)
    assert await owed.outbox.claim(NOON + 60, 10) == []
    await owed.block(notice, NOON + 61)
    assert [each.purpose for each in await owed.words(NOON + 120)] == [DeliveryPurpose.HELD_NOTICE]


async def test_a_channel_in_which_nothing_waits_is_not_blocked_at_the_next_start(
    owed: Owed,
) -> None:
    """What was owed there was deleted on request, say."""
    await owed.owe("song")
    await owed.block(await owed.claim())
    await owed.database.write("DELETE FROM watches", [])
    await owed.database.write("DELETE FROM deliveries", [])
    await owed.outbox.recover(NOON + 1)
    await owed.owe("next", now=NOON + 2)
    assert (await owed.claim(NOON + 2)).task.id == "next"


async def test_a_long_queue_in_a_blocked_channel_slows_no_other(owed: Owed) -> None:
    """A claim does not go through it row by row more than once."""
    await owed.owe(*(f"song-{number}" for number in range(300)))
    await owed.block(await owed.claim())
    await owed.words()
    steps: list[None] = []
    await owed.database.run(
        lambda db: db.conn.set_progress_handler(lambda: steps.append(None), 100)
    )
    assert await owed.outbox.claim(NOON + 1, 10) == []
    await owed.database.run(lambda db: db.conn.set_progress_handler(None, 0))
    assert len(steps) < 300


def ada_of(dispatching: DispatcherHarness) -> User:
    """Return a member who takes direct messages."""
    return add_member(dispatching)


async def test_songs_behind_one_that_is_refused_for_its_content_are_posted(
    dispatching: DispatcherHarness,
) -> None:
    """The channel was closed before, and is open now; it takes the first song in no form."""
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
