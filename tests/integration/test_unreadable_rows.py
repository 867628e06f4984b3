"""A row that this program cannot read costs only itself."""

import logging
from pathlib import Path

import pytest

from bot.doctor.report import Area, State
from bot.relay.models import TaskStatus
from bot.storage.database import DatabaseThread
from bot.storage.history import History
from bot.storage.live_cards import LiveCards
from bot.storage.models import (
    Caller,
    Destination,
    EndReason,
    HistoryScope,
    ServerSettings,
    WatchRequest,
)
from bot.storage.outbox import Outbox
from bot.storage.server_settings import ServerSettingsStore
from bot.storage.task_facts import task_facts
from bot.storage.tasks import TaskStore
from sandbox.relay import song
from tests.support.builders import HERE, NOON, a_running_task, a_song, keys_of, watch_store_of
from tests.support.dispatcher_harness import DispatcherHarness, add_member
from tests.support.doctor_harness import DoctorHarness
from tests.support.poller_harness import PollerHarness

pytestmark = pytest.mark.both_engines

BROKEN = {
    "task_json": "{broken",
    "task_json of another shape": '{"id": 7}',
    "end_reason": "evaporated",
    "message_format": "interpretive dance",
}


async def corrupt(database: DatabaseThread, table: str, column: str, value: str) -> None:
    """Write an unreadable value into the row of the task ``bad``."""
    condition = "task_id = 'bad'"
    if table == "deliveries":
        condition = "id IN (SELECT delivery_id FROM delivery_tasks WHERE task_id = 'bad')"
    await database.write(f"UPDATE {table} SET {column} = ? WHERE {condition}", [value])  # noqa: S608 # names of ours


@pytest.mark.parametrize(("column", "value"), BROKEN.items(), ids=BROKEN)
async def test_an_unreadable_delivery_is_quarantined(
    dispatching: DispatcherHarness, caplog: pytest.LogCaptureFixture, column: str, value: str
) -> None:
    """It is logged once, and deliveries to its channel and to others are sent."""
    guild = dispatching.guild
    ada, other = add_member(dispatching), guild.add_channel("other")
    await dispatching.enqueue(a_song("bad"), ada.id)
    await dispatching.enqueue(a_song("second"), ada.id)
    await dispatching.enqueue(a_song("third"), ada.id, channel=other)
    name = column.partition(" ")[0]
    table = "delivery_tasks" if name in ("task_json", "end_reason") else "deliveries"
    await corrupt(dispatching.outbox._database, table, name, value)
    for _ in range(3):
        await dispatching.deliver(after=600)
    assert (len(dispatching.channel.messages), len(other.messages)) == (1, 1)
    assert await dispatching.states() == [
        ("quarantined", "unreadable"),
        ("sent", None),
        ("sent", None),
    ]
    (recorded,) = [each for each in caplog.records if each.levelno >= logging.ERROR]
    assert "delivery=1 task=bad" in recorded.getMessage()
    assert "broken" not in caplog.text


async def test_a_quarantined_delivery_is_in_the_inbox(
    dispatching: DispatcherHarness,
) -> None:
    """The inbox shows the id of the task, which is all that is readable."""
    ada = add_member(dispatching)
    await dispatching.enqueue(a_song("bad"), ada.id)
    await corrupt(dispatching.outbox._database, "delivery_tasks", "task_json", "{broken")
    await dispatching.deliver()
    (entry,) = await dispatching.outbox.undelivered_notices(ada.id, 0)
    assert (entry.task.id, entry.held) == ("bad", True)


async def test_a_delivery_that_became_readable_is_sent_after_a_restart(
    database: DatabaseThread,
) -> None:
    """An upgrade or a repair of the row may make it readable."""
    outbox = Outbox(database)
    store = TaskStore(database, outbox, "deerapi")
    await store.add_finished(a_song("bad"), WatchRequest(1, HERE), NOON)
    (row,) = await database.read("SELECT task_json FROM delivery_tasks", [])
    await corrupt(database, "delivery_tasks", "task_json", "{broken")
    await outbox.recover(NOON)
    assert await outbox.claim(NOON, 9) == []
    await corrupt(database, "delivery_tasks", "task_json", row["task_json"])
    await outbox.recover(NOON)
    assert await outbox.claim(NOON, 9) == []
    restarted = Outbox(database)
    await restarted.recover(NOON + 1)
    (delivery,) = await restarted.claim(NOON + 1, 9)
    assert delivery.task == a_song("bad")


async def test_the_doctor_warns_of_quarantined_deliveries(
    doctor: DoctorHarness, database_path: Path
) -> None:
    """It names their ids."""
    async with DatabaseThread(database_path) as database:
        outbox = Outbox(database)
        store = TaskStore(database, outbox, "custom")
        await store.add_finished(a_song("bad"), WatchRequest(1, HERE), NOON)
        await corrupt(database, "delivery_tasks", "end_reason", "evaporated")
        await outbox.claim(NOON, 9)
    result = (await doctor.run()).result(Area.DATABASE, "quarantined")
    assert result.state is State.WARNING
    assert "1 notice unreadable" in result.text
    assert result.text.endswith(": row 1")
    (facts,) = task_facts(database_path, "bad", 5.0)
    assert [each.state for each in facts.deliveries] == ["quarantined"]


@pytest.mark.parametrize(
    ("column", "value"),
    [("status", "PONDERING"), ("kind", "opera"), ("hint", "opera"), ("task_json", "{broken")],
)
async def test_an_unreadable_task_stops_no_poll_and_is_repaired_by_it(
    polling: PollerHarness, column: str, value: str
) -> None:
    """All tasks are polled, and the relay's answer replaces the unreadable value."""
    for task_id in ("bad", "good"):
        polling.relay.add(song(task_id, takes=60))
        await polling.watch(task_id)
    await corrupt(polling.store._database, "tasks", column, value)
    polling.relay.clock.advance(100)
    polling.clock.now += 100
    await polling.poller.tick()
    await polling.poller.finish()
    recorded = {}
    while claimed := await polling.claim_due():
        for delivery in claimed:
            recorded[delivery.task.id] = delivery.task.status
            await polling.outbox.acknowledge(delivery, message_id=1, now=polling.clock.now)
    assert recorded == {"bad": TaskStatus.SUCCESS, "good": TaskStatus.SUCCESS}


async def test_the_notice_of_an_unreadable_task_shows_its_id(
    polling: PollerHarness,
) -> None:
    """The relay does not return the task any more; other tasks are polled as before."""
    for task_id in ("bad", "good"):
        polling.relay.add(song(task_id, takes=9_000_000))
        await polling.watch(task_id)
    await corrupt(polling.store._database, "tasks", "task_json", "{broken")
    polling.relay.remove("bad")
    for _ in range(25):
        await polling.poll_after(100)
    (delivery,) = await polling.claim_due()
    assert (delivery.task.id, delivery.end_reason) == ("bad", EndReason.NOT_FOUND)
    (good,) = await polling.store.due_tasks(polling.clock.now + 900, 9)
    assert good.polled_at == polling.clock.now


async def test_the_watch_list_shows_an_unreadable_task_by_its_id(database: DatabaseThread) -> None:
    """The other tasks are shown as usual."""
    store = TaskStore(database, Outbox(database), "deerapi")
    for task_id in ("bad", "good"):
        await store.add_watch(
            a_running_task(task_id), WatchRequest(1, HERE), NOON, known=True, deadline=60
        )
    await corrupt(database, "tasks", "task_json", "{broken")
    assert [watch.task.id for watch in await watch_store_of(store).watches_of(1)] == ["bad", "good"]
    assert await watch_store_of(store).ended_task("bad", Caller(1), ["deerapi"]) is None


@pytest.mark.parametrize(
    ("column", "value"), [("task_json", "{broken"), ("end_reason", "evaporated")]
)
async def test_the_history_leaves_out_unreadable_entries(
    database: DatabaseThread, column: str, value: str
) -> None:
    """Searches and suggestions leave them out, too."""
    store, history = TaskStore(database, Outbox(database), "deerapi"), History(database, "deerapi")
    for task_id in ("bad", "good"):
        await store.add_finished(a_song(task_id), WatchRequest(1, Destination(700)), NOON)
    await corrupt(database, "history", column, value)
    await corrupt(database, "tasks", "task_json", "{broken")
    for search in ("", "boats"):
        page = await history.page(HistoryScope(1), search)
        assert [entry.task.id for entry in page.entries] == ["good"]
    (bad,) = await database.read("SELECT id FROM history WHERE task_id = 'bad'", [])
    assert await history.entry(HistoryScope(1), bad["id"]) is None
    assert [task.id for task in await history.suggestions(1, "")] == ["good", "bad"]


@pytest.mark.parametrize(
    ("column", "value"), [("task_json", "{broken"), ("end_reason", "evaporated")]
)
async def test_a_live_card_of_an_unreadable_task_stops_no_other_card(
    database: DatabaseThread, column: str, value: str
) -> None:
    """Other cards are posted and updated."""
    store, cards = TaskStore(database, Outbox(database), "deerapi"), LiveCards(database)
    for number, task_id in enumerate(("bad", "good")):
        destination = Destination(500 + number, 50)
        await store.add_watch(
            a_running_task(task_id), WatchRequest(1, destination), NOON, known=True, deadline=60
        )
        await cards.create(destination, keys_of(task_id), NOON, user_id=1)
    await corrupt(database, "tasks", column, value)
    for card in await cards.claim(NOON, 9):
        await cards.acknowledge(card, 7000 + card.id)
    due = await cards.due_for_update(NOON + 60, min_interval=5, limit=9)
    assert [card.tasks[0].task.id for card in due] == ["bad", "good"]


async def test_unreadable_server_settings_are_the_defaults(
    database: DatabaseThread,
) -> None:
    """Notices in that server are posted, and the settings can be changed."""
    book = ServerSettingsStore(database)
    await database.write(
        'INSERT INTO server_settings (guild_id, settings) VALUES (50, \'{"mention": "all"}\')', []
    )
    assert await book.of(50) == ServerSettings()
    assert (await book.change(50, uploads=True)).uploads
    assert (await book.of(50)).uploads


async def test_an_unreadable_time_of_the_last_answer_is_ignored(database: DatabaseThread) -> None:
    """It counts as if the relay had never answered."""
    store = TaskStore(database, Outbox(database), "deerapi")
    await store.record([], NOON)
    assert await store.last_answer_at() == NOON
    await database.write("UPDATE key_values SET value = 'noon'", [])
    assert await store.last_answer_at() is None
