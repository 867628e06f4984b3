import pytest

from bot.relay.models import Task
from bot.storage.database import DatabaseThread
from bot.storage.delivery_rows import NONCE_LENGTH
from bot.storage.models import Delivery, Destination, EndReason, MessageFormat, WatchRequest
from bot.storage.outbox import Outbox
from bot.storage.retention import RETENTION_PERIOD
from bot.storage.tasks import TaskStore
from tests.support.builders import HERE, NOON, a_song

pytestmark = pytest.mark.both_engines


THERE = Destination(channel_id=600, guild_id=50)


@pytest.fixture
def store(database: DatabaseThread, outbox: Outbox) -> TaskStore:
    """Return the task store that fills the outbox."""
    return TaskStore(database, outbox, "deerapi")


async def enqueue(store: TaskStore, *ids: str, destination: Destination = HERE) -> None:
    """Enqueue the notices of some finished songs for one person in one channel."""
    for task_id in ids:
        await store.add_finished(a_song(task_id), WatchRequest(1, destination), NOON)


async def claim_one(outbox: Outbox, now: float = NOON) -> Delivery:
    """Claim the only delivery that is due."""
    (delivery,) = await outbox.claim(now, 10)
    return delivery


async def test_a_delivery_holds_everything_that_its_message_needs(
    store: TaskStore, outbox: Outbox
) -> None:
    """It holds the ended task, the channel, the locale and the users to mention."""
    await enqueue(store, "song")
    delivery = await claim_one(outbox)
    assert isinstance(delivery.task, Task)
    assert delivery.task == a_song("song")
    assert (
        delivery.destination,
        delivery.watchers,
        delivery.end_reason,
        delivery.message_format,
    ) == (
        HERE,
        (1,),
        EndReason.FINISHED,
        MessageFormat.FULL,
    )
    assert (delivery.attempts, delivery.unconfirmed_since) == (1, None)


async def test_a_claimed_delivery_is_not_claimed_again(store: TaskStore, outbox: Outbox) -> None:
    """Two claims never return the same delivery."""
    await enqueue(store, "song")
    await claim_one(outbox)
    assert await outbox.claim(NOON, 10) == []


async def test_a_sent_delivery_is_never_sent_again(store: TaskStore, outbox: Outbox) -> None:
    """Neither a later claim nor a restart returns it."""
    await enqueue(store, "song")
    delivery = await claim_one(outbox)
    assert await outbox.acknowledge(delivery, message_id=7, now=NOON + 1)
    await outbox.recover(NOON + 2)
    assert await outbox.claim(NOON + 99999, 10) == []
    assert not await outbox.acknowledge(delivery, message_id=8, now=NOON + 3)


async def test_a_delivery_abandoned_in_sending_is_requeued(
    store: TaskStore, outbox: Outbox
) -> None:
    """It keeps its nonce, and is recorded as unconfirmed."""
    await enqueue(store, "song")
    before = await claim_one(outbox, NOON + 1)
    assert await outbox.recover(NOON + 60) == 1
    after = await claim_one(outbox, NOON + 60)
    assert (after.nonce, after.attempts, after.unconfirmed_since) == (before.nonce, 2, NOON + 1)


async def test_a_delivery_is_unconfirmed_since_the_first_attempt_without_response(
    store: TaskStore, outbox: Outbox
) -> None:
    """Neither later attempts nor a rejection change the time."""
    await enqueue(store, "song")
    first = await claim_one(outbox, NOON)
    await outbox.postpone(
        first, until=NOON + 9, reason="cut", message_format=MessageFormat.FULL, unconfirmed=True
    )
    second = await claim_one(outbox, NOON + 9)
    await outbox.hold(second, until=NOON + 20, reason="50013")
    third = await claim_one(outbox, NOON + 20)
    assert (second.unconfirmed_since, third.unconfirmed_since) == (NOON, NOON)


async def test_a_rejected_delivery_is_not_unconfirmed(store: TaskStore, outbox: Outbox) -> None:
    """Discord did not take the message, so that a retry is no duplicate."""
    await enqueue(store, "song")
    first = await claim_one(outbox)
    await outbox.postpone(
        first, until=NOON, reason="50035", message_format=MessageFormat.SIMPLE, unconfirmed=False
    )
    again = await claim_one(outbox)
    assert (again.unconfirmed_since, again.message_format) == (None, MessageFormat.SIMPLE)


async def test_a_postponed_delivery_is_due_at_its_time(store: TaskStore, outbox: Outbox) -> None:
    """The outbox returns when that is."""
    await enqueue(store, "song")
    delivery = await claim_one(outbox)
    await outbox.postpone(
        delivery, until=NOON + 30, reason="503", message_format=MessageFormat.FULL, unconfirmed=True
    )
    assert await outbox.next_at() == NOON + 30
    assert await outbox.claim(NOON + 29, 10) == []
    assert (await claim_one(outbox, NOON + 30)).attempts == 2


async def test_a_dropped_delivery_is_never_sent(store: TaskStore, outbox: Outbox) -> None:
    """No claim returns the delivery of a deleted channel."""
    await enqueue(store, "song")
    await outbox.redirection.drop(await claim_one(outbox), reason="10003")
    assert await outbox.next_at() is None
    assert await outbox.claim(NOON + 99999, 10) == []


async def test_the_order_in_a_channel_is_kept(store: TaskStore, outbox: Outbox) -> None:
    """The second delivery waits for the first, also if that is postponed."""
    await enqueue(store, "one", "two")
    first = await claim_one(outbox)
    assert (first.task.id, await outbox.next_at()) == ("one", None)
    await outbox.postpone(
        first, until=NOON + 30, reason="503", message_format=MessageFormat.FULL, unconfirmed=True
    )
    assert await outbox.claim(NOON, 10) == []
    first = await claim_one(outbox, NOON + 30)
    await outbox.acknowledge(first, message_id=7, now=NOON + 30)
    assert (await claim_one(outbox, NOON + 30)).task.id == "two"


async def test_a_held_delivery_does_not_delay_later_ones(store: TaskStore, outbox: Outbox) -> None:
    """Its content is rejected, and the channel works."""
    await enqueue(store, "one", "two")
    await outbox.hold(await claim_one(outbox), until=NOON + 600, reason="50035")
    assert (await claim_one(outbox)).task.id == "two"


async def test_the_inbox_shows_undelivered_notices(store: TaskStore, outbox: Outbox) -> None:
    """It shows held and dropped notices of the person, the newest first, and no sent ones."""
    await enqueue(store, "sent", "dropped", "held")
    await outbox.acknowledge(await claim_one(outbox), message_id=7, now=NOON)
    await outbox.redirection.drop(await claim_one(outbox), reason="10003")
    await outbox.hold(await claim_one(outbox), until=NOON + 600, reason="400/50035")
    shown = [(entry.task.id, entry.held) for entry in await outbox.undelivered_notices(1, NOON)]
    assert shown == [("held", True), ("dropped", False)]
    assert await outbox.undelivered_notices(2, NOON) == []
    assert await outbox.undelivered_notices(1, NOON + RETENTION_PERIOD + 1) == []


async def test_channels_do_not_wait_for_each_other(store: TaskStore, outbox: Outbox) -> None:
    """A claim returns one delivery of each channel."""
    await enqueue(store, "one", "two")
    await enqueue(store, "three", destination=THERE)
    assert {delivery.task.id for delivery in await outbox.claim(NOON, 10)} == {"one", "three"}


async def test_nonces_are_unique_and_short_enough(store: TaskStore, outbox: Outbox) -> None:
    """Also two notices of one song in one channel have different nonces."""
    await enqueue(store, "song")
    await enqueue(store, "song", destination=THERE)
    deliveries = await outbox.claim(NOON, 10)
    await outbox.acknowledge(deliveries[0], message_id=7, now=NOON)
    later = NOON + 3600
    await store.add_finished(a_song("song"), WatchRequest(1, deliveries[0].destination), later)
    deliveries += await outbox.claim(later, 10)
    assert len({delivery.nonce for delivery in deliveries}) == len(deliveries) == 3
    assert all(len(delivery.nonce) <= NONCE_LENGTH for delivery in deliveries)
