from pathlib import Path

import pytest

from bot.relay.models import Task, TaskKind, TaskStatus
from bot.storage.database import DatabaseThread
from bot.storage.errors import TooManyWatchers, TooManyWatches
from bot.storage.limits import WatchLimits
from bot.storage.live_cards import LiveCards
from bot.storage.models import Destination, EndReason, PollResult, UnwatchOutcome, WatchRequest
from bot.storage.outbox import Outbox
from bot.storage.poll_results import _RESCHEDULE
from bot.storage.tasks import TaskStore
from bot.storage.watches import JoinedNotice, NoticeProgress
from tests.support.builders import HERE, NOON, a_running_task, a_song, keys_of, watch_store_of
from tests.support.databases import location

pytestmark = pytest.mark.both_engines


THERE = Destination(channel_id=600, guild_id=50)
DIRECT = Destination(channel_id=700)


LIMITS = WatchLimits(watches_per_user=3, watchers_per_destination=2, operator_account="deerapi")


@pytest.fixture
def store(database: DatabaseThread, outbox: Outbox) -> TaskStore:
    """Return the task store of a relay."""
    return TaskStore(database, outbox, "deerapi", LIMITS)


async def watch(
    store: TaskStore, task_id: str = "song", *, user_id: int = 1, destination: Destination = HERE
) -> bool:
    """Watch a running song."""
    task = a_running_task(task_id)
    return True is await store.add_watch(
        task, WatchRequest(user_id, destination), NOON, known=True, deadline=3600
    )


def ended(task: Task, end_reason: EndReason = EndReason.FINISHED) -> PollResult:
    """Return the poll result that ends a task."""
    return PollResult(task.id, next_poll_at=NOON + 5, task=task, end_reason=end_reason)


async def test_a_new_task_is_due_for_polling_at_once(store: TaskStore) -> None:
    """Its first poll is due when it is added."""
    await watch(store)
    (watched,) = await store.due_tasks(NOON, 10)
    assert (watched.task_id, watched.kind, watched.known) == ("song", TaskKind.MUSIC, True)
    assert watched.deadline_at == NOON + 3600
    assert store.changed.is_set()


async def test_watching_a_task_twice_is_one_watch(store: TaskStore, outbox: Outbox) -> None:
    """A user who repeats the command gets one message."""
    assert await watch(store)
    assert not await watch(store)
    await store.record([ended(a_song())], NOON)
    (delivery,) = await outbox.claim(NOON, 10)
    assert delivery.watchers == (1,)


async def test_watchers_in_one_channel_share_a_message(store: TaskStore, outbox: Outbox) -> None:
    """It mentions all of them, in the order of their watches."""
    for user_id in (3, 1):
        await watch(store, user_id=user_id)
    await store.record([ended(a_song())], NOON)
    (delivery,) = await outbox.claim(NOON, 10)
    assert delivery.watchers == (3, 1)


async def test_each_channel_gets_its_own_message(store: TaskStore, outbox: Outbox) -> None:
    """Each message mentions the watchers of its channel or direct message."""
    await watch(store, user_id=1, destination=HERE)
    await watch(store, user_id=2, destination=THERE)
    await watch(store, user_id=2, destination=DIRECT)
    await store.record([ended(a_song())], NOON)
    deliveries = await outbox.claim(NOON, 10)
    assert {(d.destination.channel_id, d.watchers) for d in deliveries} == {
        (500, (1,)),
        (600, (2,)),
        (700, (2,)),
    }
    assert {d.destination for d in deliveries} == {HERE, THERE, DIRECT}


async def test_a_task_ends_once(store: TaskStore, outbox: Outbox) -> None:
    """Two polls that both saw the end enqueue one message."""
    await watch(store)
    await store.record([ended(a_song())], NOON)
    await store.record([ended(a_song()), ended(a_song(), EndReason.GAVE_UP)], NOON + 1)
    assert len(await outbox.claim(NOON + 1, 10)) == 1
    assert await store.due_tasks(NOON + 999, 10) == []
    assert await store.next_poll_at() is None


async def test_the_notice_after_the_deadline_holds_the_last_stored_state(
    store: TaskStore, outbox: Outbox
) -> None:
    """The state of the poll that ends the task without news is not used."""
    await watch(store)
    seen = a_running_task(progress=80)
    await store.record([PollResult("song", next_poll_at=NOON, task=seen)], NOON)
    await store.record(
        [PollResult("song", next_poll_at=NOON, end_reason=EndReason.GAVE_UP)], NOON + 9
    )
    (delivery,) = await outbox.claim(NOON + 9, 10)
    assert (delivery.task, delivery.end_reason) == (seen, EndReason.GAVE_UP)


async def test_watching_a_finished_task_enqueues_its_notice_at_once(
    store: TaskStore, outbox: Outbox
) -> None:
    """The task is not polled any more."""
    await store.add_finished(a_song(), WatchRequest(1, HERE), NOON)
    (delivery,) = await outbox.claim(NOON, 10)
    assert delivery.task == a_song()
    assert await store.next_poll_at() is None
    assert outbox.changed.is_set()


async def test_watching_a_finished_task_ends_the_watches_of_others(
    store: TaskStore, outbox: Outbox
) -> None:
    """A watch between the end and the next poll notifies all watchers."""
    await watch(store, user_id=1)
    await store.add_finished(a_song(), WatchRequest(2, HERE), NOON)
    (delivery,) = await outbox.claim(NOON, 10)
    assert (delivery.watchers, delivery.task) == ((1, 2), a_song())


async def test_a_task_that_ended_can_be_watched_again(store: TaskStore, outbox: Outbox) -> None:
    """A user may continue a watch that reached its deadline."""
    await watch(store)
    await store.record([PollResult("song", next_poll_at=NOON, end_reason=EndReason.GAVE_UP)], NOON)
    assert await watch(store)
    assert [watched.task_id for watched in await store.due_tasks(NOON, 10)] == ["song"]
    await store.record([ended(a_song())], NOON + 1)
    assert len(await outbox.claim(NOON + 1, 10)) == 1  # the first one, then the second
    await outbox.recover(NOON + 1)


async def test_a_removed_watch_causes_no_message(store: TaskStore, outbox: Outbox) -> None:
    """Its task is not polled any more."""
    await watch(store)
    assert await watch_store_of(store).remove("song", user_id=1, now=NOON) is UnwatchOutcome.STOPPED
    assert await store.due_tasks(NOON, 10) == []
    await store.record([ended(a_song())], NOON)
    assert await outbox.claim(NOON, 10) == []


async def test_removing_a_watch_keeps_those_of_others(store: TaskStore, outbox: Outbox) -> None:
    """A user removes their own watches only."""
    await watch(store, user_id=1)
    await watch(store, user_id=2)
    assert await watch_store_of(store).remove("song", user_id=1, now=NOON) is UnwatchOutcome.STOPPED
    await store.record([ended(a_song())], NOON)
    (delivery,) = await outbox.claim(NOON, 10)
    assert delivery.watchers == (2,)


async def test_removing_a_missing_watch_removes_nothing(store: TaskStore) -> None:
    """The watches of other users stay."""
    await watch(store, user_id=2)
    for task_id in ("song", "other"):
        removed = await watch_store_of(store).remove(task_id, user_id=1, now=NOON)
        assert removed is UnwatchOutcome.NOT_WATCHED


async def test_watches_per_user_are_limited(store: TaskStore) -> None:
    """The limit covers all channels, and a refused watch leaves no row behind."""
    for task_id in ("one", "two", "three"):
        await watch(store, task_id)
    with pytest.raises(TooManyWatches):
        await watch(store, "four")
    assert await watch(store, "four", user_id=2)
    assert len(await store.due_tasks(NOON, 10)) == 4


async def test_a_refused_watch_leaves_no_task_behind(store: TaskStore) -> None:
    """No task without a watch is polled."""
    for task_id in ("one", "two", "three"):
        await watch(store, task_id)
    with pytest.raises(TooManyWatches):
        await watch(store, "four")
    assert len(await store.due_tasks(NOON, 10)) == 3


async def test_watchers_per_channel_are_limited(store: TaskStore) -> None:
    """The limit is what one message can mention; another channel has its own."""
    for user_id in (1, 2):
        await watch(store, user_id=user_id)
    with pytest.raises(TooManyWatchers):
        await watch(store, user_id=3)
    assert await watch(store, user_id=3, destination=THERE)


async def test_ended_watches_do_not_count(store: TaskStore) -> None:
    """The limit covers running tasks only."""
    for task_id in ("one", "two", "three"):
        await watch(store, task_id)
    await store.record([ended(a_song("one"))], NOON)
    assert await watch(store, "four")


async def test_the_watch_list_is_sorted_by_age(store: TaskStore) -> None:
    """The oldest watch is first, each with the last state of its task."""
    await watch(store, "one")
    await watch(store, "two", destination=THERE)
    await watch(store, "three", user_id=2)
    seen = a_running_task("two", progress=70)
    await store.record([PollResult("two", next_poll_at=NOON, task=seen)], NOON + 3)
    first, second = await watch_store_of(store).watches_of(1)
    assert (first.task.id, first.channel_id, first.polled_at) == ("one", 500, None)
    assert (second.task, second.channel_id, second.polled_at) == (seen, 600, NOON + 3)


async def test_lists_and_cards_tell_whether_the_relay_ever_returned_a_task(
    store: TaskStore, database: DatabaseThread
) -> None:
    """Without an answer of the relay, a task must not be shown as running."""
    cards = LiveCards(database)
    unknown_task = Task("song", TaskStatus.UNRECOGNIZED)
    await store.add_watch(unknown_task, WatchRequest(1, HERE), NOON, known=False, deadline=60)
    opened = await cards.create(HERE, keys_of("song"), NOON, user_id=1, claimed=True)
    assert opened is not None
    await cards.acknowledge(opened, 9)
    (watched,) = await watch_store_of(store).watches_of(1)
    assert (watched.known, opened.tasks[0].known) == (False, False)
    await store.record([PollResult("song", NOON + 5, task=unknown_task)], NOON + 1)
    (card,) = await cards.due_for_update(NOON + 2, min_interval=0, limit=1)
    (watched,) = await watch_store_of(store).watches_of(1)
    assert (watched.known, card.tasks[0].known) == (True, True)


async def test_the_longest_overdue_task_is_polled_first(store: TaskStore) -> None:
    """The order matters if more tasks are due than one poll can hold."""
    for number, task_id in enumerate(("one", "two", "three")):
        await watch(store, task_id)
        await store.record([PollResult(task_id, next_poll_at=NOON + 9 - number)], NOON)
    assert [w.task_id for w in await store.due_tasks(NOON + 9, 2)] == ["three", "two"]
    assert await store.next_poll_at() == NOON + 7


async def test_an_outage_extends_every_deadline(store: TaskStore) -> None:
    """Deadlines of tasks added during the outage move by the rest of it."""
    await watch(store, "old")
    await store.record([], NOON + 600, outage=300)
    await store.record([], NOON + 700, outage=900)
    (watched,) = await store.due_tasks(NOON, 10)
    assert watched.deadline_at == NOON + 3600 + 300 + 700


async def test_the_time_of_the_last_answer_survives_a_restart(tmp_path: Path) -> None:
    """The time in which the bot did not run counts as an outage."""
    before: float | None = None
    for moment in (NOON, NOON + 9):
        async with DatabaseThread(location(tmp_path / "suno.db")) as database:
            store = TaskStore(database, Outbox(database), "deerapi")
            before = await store.last_answer_at()
            await store.record([], moment)
            assert await TaskStore(database, Outbox(database), "other").last_answer_at() is None
    assert before == NOON


async def test_relays_have_separate_tasks(
    database: DatabaseThread, outbox: Outbox, store: TaskStore
) -> None:
    """The same id at another relay is another task."""
    other = TaskStore(database, outbox, "openai-hub")
    await watch(store)
    await watch(other)
    await store.record([ended(a_song())], NOON)
    assert len(await other.due_tasks(NOON, 10)) == 1
    assert len(await outbox.claim(NOON, 10)) == 1


async def test_a_repeated_watch_changes_whether_to_mention_the_user(
    store: TaskStore, outbox: Outbox
) -> None:
    """The last command counts."""
    for mention in (False, True):
        await store.add_watch(
            a_running_task("song"),
            WatchRequest(1, HERE, mention=mention),
            NOON,
            known=True,
            deadline=60,
        )
    await store.record([ended(a_song())], NOON)
    (delivery,) = await outbox.claim(NOON, 10)
    assert delivery.watchers == (1,)


async def test_a_recently_posted_notice_is_not_posted_again(
    store: TaskStore, outbox: Outbox
) -> None:
    """A new watch gets a link to the message; later, the notice is posted anew."""
    await store.add_finished(a_song(), WatchRequest(1, HERE), NOON)
    (delivery,) = await outbox.claim(NOON, 10)
    await outbox.acknowledge(delivery, message_id=7, now=NOON)
    again = await store.add_finished(a_song(), WatchRequest(2, HERE), NOON + 60)
    elsewhere = await store.add_finished(a_song(), WatchRequest(2, THERE), NOON + 60)
    later = await store.add_finished(a_song(), WatchRequest(2, HERE), NOON + 3600)
    assert again == JoinedNotice(NoticeProgress.POSTED, 7)
    assert (elsewhere, later) == (None, None)
    assert len(await outbox.claim(NOON + 3600, 10)) == 2


async def test_polls_without_news_are_recorded_for_any_ids(store: TaskStore) -> None:
    """Each is stored in the row of its task, and none for a task without watches."""
    ids = ['a"b', "\\", "$[0]", "null", "12", "ü😀", "歌"]
    for number, each in enumerate(ids):
        await watch(store, each, user_id=number)
    seen = [
        PollResult(each, NOON + number + 0.25, misses=number, missing_since=NOON + 0.5)
        for number, each in enumerate(ids)
    ]
    await store.record([*seen, PollResult("unheard of", NOON)], NOON + 3)
    kept = await store.due_tasks(NOON + 100, 100)
    assert [(each.task_id, each.next_poll_at, each.misses) for each in kept] == [
        (each.task_id, each.next_poll_at, each.misses) for each in seen
    ]
    assert {(each.polled_at, each.missing_since) for each in kept} == {(NOON + 3, NOON + 0.5)}
    assert {each.terminal_since for each in kept} == {None}


@pytest.mark.sqlite_only
async def test_poll_results_are_stored_by_an_index_search(tmp_path: Path) -> None:
    """A scan of all running tasks would take longer with each watch."""
    async with DatabaseThread(location(tmp_path / "suno.db")) as database:
        plan = await database.view(
            lambda db: db.execute(
                f"EXPLAIN QUERY PLAN {_RESCHEDULE}",
                {"fingerprint": "", "sent_at": NOON, "now": NOON, "results": "[]"},
            ).fetchall()
        )
    assert any("account=? AND task_id=?" in detail for *_, detail in plan)
