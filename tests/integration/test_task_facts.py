"""What the database tells of one task, read from outside."""

from pathlib import Path

import pytest

from bot.relay.models import TaskKind, TaskStatus
from bot.storage.database import DatabaseThread
from bot.storage.database_facts import ChannelInUse
from bot.storage.inspection import channels_in_use
from bot.storage.models import Destination, EndReason, WatchRequest
from bot.storage.outbox import Outbox
from bot.storage.retention import RETENTION_PERIOD, Retention
from bot.storage.task_facts import WatchedChannel, task_facts
from bot.storage.tasks import TaskStore
from tests.support.builders import HERE, NOON, a_running_task, a_song
from tests.support.databases import location

THERE = Destination(channel_id=600, guild_id=50)
ADA, BEA = 1, 2


pytestmark = pytest.mark.both_engines


@pytest.fixture
def source(tmp_path: Path) -> Path | str:
    """Return where the database of the test is."""
    return location(tmp_path / "suno.db")


@pytest.fixture
def store(database: DatabaseThread, outbox: Outbox) -> TaskStore:
    """Return the task store that fills the outbox."""
    return TaskStore(database, outbox, "deerapi")


async def watch(store: TaskStore, task_id: str, user_id: int, destination: Destination) -> None:
    """Let a user watch a running song."""
    await store.add_watch(
        a_running_task(task_id), WatchRequest(user_id, destination), NOON, known=True, deadline=60
    )


async def test_a_running_task_has_its_channels_and_their_numbers_of_watchers(
    store: TaskStore, source: Path | str
) -> None:
    """The channels are in the order of their first watches."""
    for user_id, destination in ((ADA, HERE), (ADA, THERE), (BEA, THERE)):
        await watch(store, "song", user_id, destination)
    (facts,) = task_facts(source, "song", 5.0)
    assert facts.running
    assert facts.places == (WatchedChannel(500, 50, 1), WatchedChannel(600, 50, 2))
    assert (facts.status, facts.kind, facts.known) == (TaskStatus.IN_PROGRESS, TaskKind.MUSIC, True)
    assert (facts.added_at, facts.deadline_at) == (NOON, NOON + 60)


async def test_a_task_of_two_relays_has_two_facts(
    store: TaskStore, outbox: Outbox, database: DatabaseThread, source: Path | str
) -> None:
    """The configured relay may have changed between the watches."""
    await watch(store, "song", ADA, HERE)
    await watch(TaskStore(database, outbox, "custom"), "song", ADA, HERE)
    assert [facts.account for facts in task_facts(source, "song", 5.0)] == [
        "deerapi",
        "custom",
    ]


async def test_a_delivery_behind_an_older_one_is_marked_as_waiting(
    store: TaskStore, outbox: Outbox, source: Path | str
) -> None:
    """Only deliveries to the same channel matter."""
    for task_id, destination in (("first", HERE), ("second", HERE), ("third", THERE)):
        await store.add_finished(a_song(task_id), WatchRequest(ADA, destination), NOON)
    await outbox.claim(NOON, 1)
    counts = {
        task_id: delivery
        for task_id in ("first", "second", "third")
        for facts in task_facts(source, task_id, 5.0)
        for delivery in facts.deliveries
    }
    assert {task_id: each.state for task_id, each in counts.items()} == {
        "first": "sending",
        "second": "due",
        "third": "due",
    }
    assert {task_id for task_id, each in counts.items() if each.waits} == {"second"}
    assert counts["first"].attempts == 1


async def test_a_pruned_task_has_the_facts_of_its_history_entry(
    store: TaskStore, outbox: Outbox, database: DatabaseThread, source: Path | str
) -> None:
    """They tell when and how it ended."""
    await store.add_finished(a_song("song"), WatchRequest(ADA, HERE), NOON)
    (delivery,) = await outbox.claim(NOON, 1)
    await outbox.acknowledge(delivery, message_id=7, now=NOON)
    await Retention(database).prune(NOON + RETENTION_PERIOD + 1)
    (facts,) = task_facts(source, "song", 5.0)
    assert (facts.status, facts.running, facts.deliveries) == (None, False, ())
    assert (facts.end_reason, facts.ended_at) == (EndReason.FINISHED, NOON)


async def test_an_unknown_task_has_no_facts(store: TaskStore, source: Path | str) -> None:
    """Ids are compared exactly."""
    await watch(store, "song", ADA, HERE)
    assert task_facts(source, "Song", 5.0) == []


async def test_channels_in_use_with_held_deliveries_come_first(
    store: TaskStore, outbox: Outbox, source: Path | str
) -> None:
    """Direct messages are left out: they have no permissions."""
    await watch(store, "song", ADA, HERE)
    await watch(store, "song", ADA, Destination(700))
    await store.add_finished(a_song("done"), WatchRequest(ADA, THERE), NOON)
    (delivery,) = await outbox.claim(NOON, 1)
    await outbox.hold(delivery, until=NOON + 600, reason="missing:")
    assert channels_in_use(source, 5.0) == [
        ChannelInUse(600, 50, watched=0, held=1),
        ChannelInUse(500, 50, watched=1, held=0),
    ]
