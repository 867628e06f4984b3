import pytest

from bot.relay.models import Task
from bot.storage.database import DatabaseThread
from bot.storage.delivery_rows import NONCE_LENGTH
from bot.storage.models import Delivery, Destination, EndReason, MessageFormat
from bot.storage.outbox import Outbox
from bot.storage.retention import RETENTION_PERIOD
from bot.storage.tasks import TaskStore
from tests.support.builders import HERE, NOON, a_song

THERE = Destination(channel_id=600, guild_id=50)


@pytest.fixture
def store(database: DatabaseThread, outbox: Outbox) -> TaskStore:
    """Return the store that fills the outbox."""
    return TaskStore(database, outbox, "deerapi")


async def owe(store: TaskStore, *ids: str, destination: Destination = HERE) -> None:
    """Owe the notices of some finished songs to one person in one place."""
    for task_id in ids:
        await store.add_finished(a_song(task_id), user_id=1, destination=destination, now=NOON)


async def claim_one(outbox: Outbox, now: float = NOON) -> Delivery:
    """Claim what must be the only delivery that is due."""
    (delivery,) = await outbox.claim(now, 10)
    return delivery


async def test_a_delivery_is_all_that_its_message_needs(store: TaskStore, outbox: Outbox) -> None:
    """The task as it ended, the place and its language, whom to mention."""
    await owe(store, "song")
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


async def test_a_claimed_delivery_is_nobody_elses(store: TaskStore, outbox: Outbox) -> None:
    """Two claims never get the same one."""
    await owe(store, "song")
    await claim_one(outbox)
    assert await outbox.claim(NOON, 10) == []


async def test_a_sent_delivery_is_never_sent_again(store: TaskStore, outbox: Outbox) -> None:
    """Neither now nor after a restart."""
    await owe(store, "song")
    delivery = await claim_one(outbox)
    assert await outbox.acknowledge(delivery, message_id=7, now=NOON + 1)
    await outbox.recover(NOON + 2)
    assert await outbox.claim(NOON + 99999, 10) == []
    assert not await outbox.acknowledge(delivery, message_id=8, now=NOON + 3)


async def test_a_delivery_that_a_dead_process_was_sending_is_taken_up_again(
    store: TaskStore, outbox: Outbox
) -> None:
    """With the same nonce, so that Discord knows a repeat, and with the doubt on record."""
    await owe(store, "song")
    before = await claim_one(outbox, NOON + 1)
    assert await outbox.recover(NOON + 60) == 1
    after = await claim_one(outbox, NOON + 60)
    assert (after.nonce, after.attempts, after.unconfirmed_since) == (before.nonce, 2, NOON + 1)


async def test_a_doubt_begins_with_the_first_try_that_nobody_answered(
    store: TaskStore, outbox: Outbox
) -> None:
    """Later tries do not make it younger; a clear refusal does not end it."""
    await owe(store, "song")
    first = await claim_one(outbox, NOON)
    await outbox.postpone(
        first, until=NOON + 9, reason="cut", message_format=MessageFormat.FULL, unconfirmed=True
    )
    second = await claim_one(outbox, NOON + 9)
    await outbox.hold(second, until=NOON + 20, reason="50013")
    third = await claim_one(outbox, NOON + 20)
    assert (second.unconfirmed_since, third.unconfirmed_since) == (NOON, NOON)


async def test_a_refusal_leaves_no_doubt(store: TaskStore, outbox: Outbox) -> None:
    """Discord said that it did not take the message: a repeat is none."""
    await owe(store, "song")
    first = await claim_one(outbox)
    await outbox.postpone(
        first, until=NOON, reason="50035", message_format=MessageFormat.SIMPLE, unconfirmed=False
    )
    again = await claim_one(outbox)
    assert (again.unconfirmed_since, again.message_format) == (None, MessageFormat.SIMPLE)


async def test_a_postponed_delivery_waits_for_its_time(store: TaskStore, outbox: Outbox) -> None:
    """And the outbox says when that is."""
    await owe(store, "song")
    delivery = await claim_one(outbox)
    await outbox.postpone(
        delivery, until=NOON + 30, reason="503", message_format=MessageFormat.FULL, unconfirmed=True
    )
    assert await outbox.next_at() == NOON + 30
    assert await outbox.claim(NOON + 29, 10) == []
    assert (await claim_one(outbox, NOON + 30)).attempts == 2


async def test_a_dropped_delivery_is_never_sent(store: TaskStore, outbox: Outbox) -> None:
    """Its place is gone."""
    await owe(store, "song")
    await outbox.redirection.drop(await claim_one(outbox), reason="10003")
    assert await outbox.next_at() is None
    assert await outbox.claim(NOON + 99999, 10) == []


async def test_the_order_in_a_channel_is_kept(store: TaskStore, outbox: Outbox) -> None:
    """The second goes out when the first is done, also when the first has to wait."""
    await owe(store, "one", "two")
    first = await claim_one(outbox)
    assert (first.task.id, await outbox.next_at()) == ("one", None)
    await outbox.postpone(
        first, until=NOON + 30, reason="503", message_format=MessageFormat.FULL, unconfirmed=True
    )
    assert await outbox.claim(NOON, 10) == []
    first = await claim_one(outbox, NOON + 30)
    await outbox.acknowledge(first, message_id=7, now=NOON + 30)
    assert (await claim_one(outbox, NOON + 30)).task.id == "two"


async def test_a_message_that_is_refused_itself_does_not_hold_up_what_comes_after(
    store: TaskStore, outbox: Outbox
) -> None:
    """Nothing is wrong with its place."""
    await owe(store, "one", "two")
    await outbox.hold(await claim_one(outbox), until=NOON + 600, reason="50035")
    assert (await claim_one(outbox)).task.id == "two"


async def test_the_inbox_shows_what_could_not_be_posted(store: TaskStore, outbox: Outbox) -> None:
    """Held and dropped notices of that person, the newest first; not what was sent."""
    await owe(store, "sent", "dropped", "held")
    await outbox.acknowledge(await claim_one(outbox), message_id=7, now=NOON)
    await outbox.redirection.drop(await claim_one(outbox), reason="10003")
    await outbox.hold(await claim_one(outbox), until=NOON + 600, reason="400/50035")
    shown = [(entry.task.id, entry.held) for entry in await outbox.undelivered_notices(1, NOON)]
    assert shown == [("held", True), ("dropped", False)]
    assert await outbox.undelivered_notices(2, NOON) == []
    assert await outbox.undelivered_notices(1, NOON + RETENTION_PERIOD + 1) == []


async def test_one_channel_never_holds_up_another(store: TaskStore, outbox: Outbox) -> None:
    """A claim takes one of each."""
    await owe(store, "one", "two")
    await owe(store, "three", destination=THERE)
    assert {delivery.task.id for delivery in await outbox.claim(NOON, 10)} == {"one", "three"}


async def test_the_nonces_are_short_enough_and_all_different(
    store: TaskStore, outbox: Outbox
) -> None:
    """Also for the same song in two places, and for the same song twice in one."""
    await owe(store, "song")
    await owe(store, "song", destination=THERE)
    deliveries = await outbox.claim(NOON, 10)
    await outbox.acknowledge(deliveries[0], message_id=7, now=NOON)
    later = NOON + 3600
    await store.add_finished(
        a_song("song"), user_id=1, destination=deliveries[0].destination, now=later
    )
    deliveries += await outbox.claim(later, 10)
    assert len({delivery.nonce for delivery in deliveries}) == len(deliveries) == 3
    assert all(len(delivery.nonce) <= NONCE_LENGTH for delivery in deliveries)
