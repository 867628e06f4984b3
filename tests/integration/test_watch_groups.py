"""Tasks that are watched together end in one summary, and each watch in exactly one message."""

from pathlib import Path

import pytest

from bot.storage.database import DatabaseThread
from bot.storage.erasure import Erasure
from bot.storage.errors import TooManyMessages
from bot.storage.history import History
from bot.storage.limits import WatchLimits
from bot.storage.live_cards import LiveCards
from bot.storage.models import (
    Delivery,
    DeliveryPurpose,
    Destination,
    EndReason,
    HistoryScope,
    PollResult,
    UnwatchOutcome,
    WatchGroup,
    WatchRequest,
)
from bot.storage.outbox import Outbox
from bot.storage.retention import RETENTION_PERIOD, Retention
from bot.storage.task_facts import task_facts
from bot.storage.tasks import TaskStore
from bot.storage.watch_groups import MAX_TASKS, MAX_WAIT
from bot.storage.watches import JoinedNotice, NoticeProgress, NoticeStates
from tests.support.builders import HERE, NOON, a_running_task, a_song, keys_of, watch_store_of

pytestmark = pytest.mark.both_engines


ADA, BEA = 1, 2
GROUP, OTHER_GROUP = 901, 902
DIRECT = Destination(71, None, "en-US")


class Groups:
    """A task store and its outbox, without a poller or a dispatcher."""

    def __init__(self, database: DatabaseThread, limits: WatchLimits | None = None) -> None:
        self.database = database
        self.outbox = Outbox(database)
        self.store = TaskStore(database, self.outbox, "deerapi", limits or WatchLimits())

    async def watch(
        self,
        *task_ids: str,
        user_id: int = ADA,
        group_id: int | None = GROUP,
        destination: Destination = HERE,
        regroup: bool = False,
        known: bool = True,
    ) -> None:
        """Watch running tasks for a person."""
        request = WatchRequest(user_id, destination, group=WatchGroup(group_id, regroup=regroup))
        for task_id in task_ids:
            task = a_running_task(task_id)
            await self.store.add_watch(task, request, NOON, known=known, deadline=86_400)

    async def add_finished(
        self, task_id: str, *, user_id: int = ADA, group_id: int | None = GROUP, at: float = NOON
    ) -> JoinedNotice | None:
        """Watch a task that has ended already."""
        request = WatchRequest(user_id, HERE, group=WatchGroup(group_id))
        return await self.store.add_finished(a_song(task_id), request, at)

    async def close(self, *, user_id: int = ADA, at: float = NOON) -> set[str]:
        """End the request for the group."""
        waiting = await watch_store_of(self.store).close_group(
            GROUP, user_id=user_id, channel_id=HERE.channel_id, now=at
        )
        return {key.task_id for key in waiting}

    async def end(
        self, *task_ids: str, at: float = NOON + 60, reason: EndReason = EndReason.FINISHED
    ) -> None:
        """Let a poll end some tasks."""
        results = [
            PollResult(
                task_id,
                next_poll_at=at,
                task=a_song(task_id) if reason is EndReason.FINISHED else None,
                end_reason=reason,
            )
            for task_id in task_ids
        ]
        await self.store.record(results, at)

    async def unwatch(self, task_id: str, *, user_id: int = ADA) -> UnwatchOutcome:
        """Stop watching a task."""
        return await watch_store_of(self.store).remove(task_id, user_id=user_id, now=NOON + 90)

    async def claim(self, at: float = NOON + 100) -> list[Delivery]:
        """Return what is due."""
        return await self.outbox.claim(at, 10)

    async def told(self, at: float = NOON + 100) -> list[list[str]]:
        """Acknowledge what is due, one message after the other; return the tasks of each."""
        told = []
        while claimed := await self.claim(at):
            for delivery in claimed:
                await self.outbox.acknowledge(delivery, message_id=delivery.id, now=at)
                told.append(ids_of(delivery))
        return told

    async def told_directly(self, at: float = NOON + 101) -> dict[int | None, list[str]]:
        """Open the direct messages; return the tasks that each person is told of there."""
        redirection = self.outbox.redirection
        while message := await redirection.claim_unopened(at, lease=60):
            await redirection.record_opened(message, 1000 + message.user_id, at)
        return {each.user_id: ids_of(each) for each in await self.claim(at)}

    async def states(self) -> list[str]:
        """Return the state of every delivery."""
        rows = await self.database.read("SELECT state FROM deliveries ORDER BY id", [])
        return [row["state"] for row in rows]


def ids_of(delivery: Delivery) -> list[str]:
    """Return the ids of the tasks that a message is about."""
    return [end.task.id for end in delivery.ends]


@pytest.fixture
async def groups(database: DatabaseThread) -> Groups:
    """Return an empty task store."""
    return Groups(database)


async def test_tasks_watched_together_are_told_together(groups: Groups) -> None:
    """Nothing is due before the last of them has ended; the order is that of the request."""
    await groups.watch("one", "two", "three")
    await groups.end("three")
    await groups.end("one")
    assert await groups.claim() == []
    await groups.end("two")
    (delivery,) = await groups.claim()
    assert ids_of(delivery) == ["one", "two", "three"]
    assert delivery.watchers == (ADA,)
    assert (delivery.is_summary, delivery.still_running) == (True, 0)


async def test_tasks_that_end_in_one_poll_are_told_together(groups: Groups) -> None:
    """The transaction that ends the last of them makes the summary due."""
    await groups.watch("one", "two")
    await groups.end("one", "two")
    assert await groups.told() == [["one", "two"]]
    assert await groups.states() == ["sent"]


@pytest.mark.parametrize("reason", [EndReason.GAVE_UP, EndReason.NOT_FOUND])
async def test_a_summary_tells_of_tasks_without_a_result(groups: Groups, reason: EndReason) -> None:
    """A task that timed out or is unknown ends the waiting like a finished one."""
    await groups.watch("one", "two")
    await groups.end("one")
    await groups.end("two", reason=reason)
    (delivery,) = await groups.claim()
    assert [end.end_reason for end in delivery.ends] == [EndReason.FINISHED, reason]


async def test_a_watch_without_a_group_gets_a_notice_of_its_own(groups: Groups) -> None:
    """Somebody else watches one of the tasks in the same channel: each gets one message."""
    await groups.watch("one", "two")
    await groups.watch("one", user_id=BEA, group_id=None)
    await groups.end("one")
    (notice,) = await groups.claim()
    assert (ids_of(notice), notice.watchers) == (["one"], (BEA,))
    await groups.outbox.acknowledge(notice, message_id=1, now=NOON + 100)
    await groups.end("two")
    (summary,) = await groups.claim()
    assert (ids_of(summary), summary.watchers) == (["one", "two"], (ADA,))


async def test_two_groups_in_a_channel_get_a_summary_each(groups: Groups) -> None:
    """They share a task, and neither waits for the other."""
    await groups.watch("one", "two")
    await groups.watch("two", "three", user_id=BEA, group_id=OTHER_GROUP)
    await groups.end("one", "two")
    assert await groups.told() == [["one", "two"]]
    await groups.end("three")
    assert await groups.told() == [["two", "three"]]


async def test_who_joins_a_group_shares_its_summary(groups: Groups) -> None:
    """One message mentions both, in the order in which they came."""
    await groups.watch("one", "two")
    await groups.end("one")
    assert (
        await watch_store_of(groups.store).largest_group(["one", "two"], HERE.channel_id) == GROUP
    )
    await groups.watch("two", user_id=BEA)
    await groups.end("two")
    (delivery,) = await groups.claim()
    assert (ids_of(delivery), delivery.watchers) == (["one", "two"], (ADA, BEA))


async def test_a_group_is_found_only_in_its_channel(groups: Groups) -> None:
    """And only while something in it is running."""
    await groups.watch("one", "two")
    assert await watch_store_of(groups.store).largest_group(["one"], 999) is None
    await groups.end("one", "two")
    assert await watch_store_of(groups.store).largest_group(["one", "two"], HERE.channel_id) is None


async def test_a_group_that_has_grown_gets_several_summaries(groups: Groups) -> None:
    """None has more tasks than its menu and its lines have room for."""
    ids = [f"song-{number:02}" for number in range(MAX_TASKS + 2)]
    await groups.watch(*ids)
    await groups.end(*ids)
    assert await groups.told() == [ids[:MAX_TASKS], ids[MAX_TASKS:]]


# Tasks that take very long


async def test_a_very_long_task_does_not_keep_the_others_back(groups: Groups) -> None:
    """After half an hour the summary says what has ended; the rest gets a message of its own."""
    await groups.watch("one", "two", "slow")
    await groups.end("one", at=NOON + 60)
    await groups.end("two", at=NOON + 600)
    due = NOON + 60 + MAX_WAIT
    assert await groups.outbox.next_at() == due
    assert await groups.claim(due - 1) == []
    (delivery,) = await groups.claim(due)
    assert (ids_of(delivery), delivery.still_running) == (["one", "two"], 1)
    await groups.outbox.acknowledge(delivery, message_id=1, now=due)
    await groups.end("slow", at=due + 9000)
    (late,) = await groups.claim(due + 9000)
    assert (ids_of(late), late.is_summary, late.still_running) == (["slow"], False, 0)


async def test_two_very_long_tasks_get_a_summary_of_their_own(groups: Groups) -> None:
    """They stay watched together."""
    await groups.watch("one", "slow", "slower")
    await groups.end("one")
    later = NOON + 60 + MAX_WAIT
    assert await groups.told(later) == [["one"]]
    await groups.end("slow", at=later + 9000)
    assert await groups.told(later + 9000) == []
    await groups.end("slower", at=later + 9100)
    assert await groups.told(later + 9100) == [["slow", "slower"]]


async def test_a_clock_that_is_set_back_delays_no_summary(groups: Groups) -> None:
    """It waits for the rest no longer than ever."""
    await groups.watch("one", "slow")
    await groups.end("one", at=NOON + 86_400)
    await groups.outbox.handle_clock_rollback(
        NOON, longest_wait=600, longest_hold=86_400, seen=True
    )
    assert await groups.outbox.next_at() == NOON + MAX_WAIT
    assert await groups.told(NOON + MAX_WAIT) == [["one"]]


# Tasks that have ended before the request


async def test_a_task_that_has_ended_already_is_in_the_summary(groups: Groups) -> None:
    """It waits for the others; the reply can say so."""
    assert await groups.add_finished("old") == JoinedNotice(NoticeProgress.COLLECTING)
    await groups.watch("new")
    assert await groups.close() == {"old"}
    assert await groups.claim() == []
    await groups.end("new")
    assert await groups.told() == [["old", "new"]]


async def test_tasks_that_have_all_ended_already_are_told_at_once(groups: Groups) -> None:
    """The end of the request makes their summary due, not the first of them."""
    await groups.add_finished("old")
    await groups.add_finished("older")
    assert await groups.claim() == []
    assert await groups.close() == set()
    assert await groups.told() == [["old", "older"]]


async def test_a_request_that_was_cut_short_is_closed_at_the_next_start(groups: Groups) -> None:
    """The process died between the first task and the end of the request."""
    await groups.add_finished("old")
    restarted = Outbox(groups.database)
    await restarted.recover(NOON + 5)
    (delivery,) = await restarted.claim(NOON + 5, 10)
    assert ids_of(delivery) == ["old"]


async def test_a_restart_does_not_release_a_group_that_is_running(groups: Groups) -> None:
    """What has ended waits for the rest, in whatever process."""
    await groups.watch("one", "two")
    await groups.end("one")
    restarted = Outbox(groups.database)
    await restarted.recover(NOON + 70)
    assert await restarted.claim(NOON + 70, 10) == []
    await groups.end("two")
    assert await groups.told() == [["one", "two"]]


async def test_a_finished_task_of_a_running_group_is_told_to_others_at_once(
    groups: Groups,
) -> None:
    """Who asks for this task alone does not wait for tasks of other people."""
    await groups.watch("one", "two")
    await groups.end("one")
    assert await groups.add_finished("one", user_id=BEA, group_id=None) is None
    (notice,) = await groups.claim()
    assert (ids_of(notice), notice.watchers) == (["one"], (BEA,))


async def test_a_person_who_waits_for_the_summary_gets_no_second_message(groups: Groups) -> None:
    """Asking again for a task that has ended in the group changes nothing."""
    await groups.watch("one", "two")
    await groups.end("one")
    again = await groups.add_finished("one", group_id=None)
    assert again == JoinedNotice(NoticeProgress.COLLECTING)
    await groups.end("two")
    assert await groups.told() == [["one", "two"]]


async def test_a_posted_summary_is_linked_like_a_notice(groups: Groups) -> None:
    """Within ten minutes, who asks for one of its tasks is led there."""
    await groups.watch("one", "two")
    await groups.end("one", "two")
    (delivery,) = await groups.claim()
    await groups.outbox.acknowledge(delivery, message_id=77, now=NOON + 100)
    joined = await groups.add_finished("two", user_id=BEA, group_id=None, at=NOON + 120)
    assert joined == JoinedNotice(NoticeProgress.POSTED, 77)


async def test_a_due_summary_is_joined(groups: Groups) -> None:
    """It mentions the person too."""
    await groups.watch("one", "two")
    await groups.end("one", "two")
    joined = await groups.add_finished("two", user_id=BEA, group_id=None, at=NOON + 70)
    assert joined == JoinedNotice(NoticeProgress.DUE)
    (delivery,) = await groups.claim()
    assert delivery.watchers == (ADA, BEA)


async def test_who_joins_a_due_summary_waits_for_each_task_that_they_asked_for(
    groups: Groups,
) -> None:
    """If it cannot be posted, a direct message tells them of all of those, and of no others."""
    await groups.watch("one", "two", "three")
    await groups.end("one", "two", "three")
    for task_id in ("one", "two"):
        joined = await groups.add_finished(task_id, user_id=BEA, group_id=None, at=NOON + 70)
        assert joined == JoinedNotice(NoticeProgress.DUE)
    (delivery,) = await groups.claim()
    await groups.outbox.redirection.redirect(delivery, reason="404/10003", now=NOON + 100)
    assert (await groups.told_directly())[BEA] == ["one", "two"]


async def test_who_joins_a_due_summary_may_leave_one_task_of_it(groups: Groups) -> None:
    """The other one that they asked for stays in it, although nobody else waits any more."""
    await groups.watch("one", "two")
    await groups.end("one", "two")
    for task_id in ("one", "two"):
        await groups.add_finished(task_id, user_id=BEA, group_id=None, at=NOON + 70)
        await groups.unwatch(task_id)
    await groups.unwatch("one", user_id=BEA)
    assert await groups.told() == [["two"]]


async def test_a_person_who_waits_for_a_summary_takes_no_second_place_in_it(
    database: DatabaseThread,
) -> None:
    """The limit counts people, not the tasks for which each of them waits."""
    groups = Groups(database, WatchLimits(watchers_per_destination=2))
    await groups.watch("one", "two", "three")
    await groups.end("one", "two", "three")
    for task_id in ("one", "two", "three"):
        joined = await groups.add_finished(task_id, user_id=BEA, group_id=None, at=NOON + 70)
        assert joined == JoinedNotice(NoticeProgress.DUE)


# Unwatching


async def test_unwatching_the_last_running_task_makes_the_summary_due(groups: Groups) -> None:
    """Nothing is left to wait for."""
    await groups.watch("one", "two")
    await groups.end("one")
    assert await groups.unwatch("two") is UnwatchOutcome.STOPPED
    assert await groups.told() == [["one"]]
    await groups.end("two", at=NOON + 120)
    assert await groups.told(NOON + 130) == []


async def test_unwatching_everything_before_anything_ended_leaves_nothing(groups: Groups) -> None:
    """There is no summary of nothing."""
    await groups.watch("one", "two")
    for task_id in ("one", "two"):
        assert await groups.unwatch(task_id) is UnwatchOutcome.STOPPED
    assert await groups.states() == []


async def test_an_ended_task_can_still_be_unwatched(groups: Groups) -> None:
    """It leaves the summary, which waits for the rest."""
    await groups.watch("one", "two", "three")
    await groups.end("one", "two")
    assert await groups.unwatch("one") is UnwatchOutcome.STOPPED
    await groups.end("three")
    assert await groups.told() == [["two", "three"]]


async def test_unwatching_all_that_has_ended_drops_the_summary(groups: Groups) -> None:
    """The running rest gets another one later."""
    await groups.watch("one", "two")
    await groups.end("one")
    assert await groups.unwatch("one") is UnwatchOutcome.STOPPED
    assert await groups.states() == ["dropped"]
    await groups.end("two")
    assert await groups.told() == [["two"]]


async def test_a_task_leaves_a_summary_that_is_due(groups: Groups) -> None:
    """It was not sent yet."""
    await groups.watch("one", "two")
    await groups.end("one", "two")
    assert await groups.unwatch("two") is UnwatchOutcome.STOPPED
    assert await groups.told() == [["one"]]


async def test_a_task_stays_in_a_summary_that_discord_may_have(groups: Groups) -> None:
    """A repeat has to be the same message."""
    await groups.watch("one", "two")
    await groups.end("one", "two")
    (delivery,) = await groups.claim()
    assert await groups.unwatch("two") is UnwatchOutcome.ON_ITS_WAY
    await groups.outbox.recover(NOON + 110)
    (again,) = await groups.claim(NOON + 110)
    assert (ids_of(again), again.nonce) == (ids_of(delivery), delivery.nonce)


async def test_a_task_stays_while_others_wait_for_it(groups: Groups) -> None:
    """The summary mentions only those who still watch."""
    await groups.watch("one", "two")
    await groups.watch("one", "two", user_id=BEA)
    await groups.end("one")
    await groups.unwatch("one")
    await groups.unwatch("two")
    await groups.end("two")
    (delivery,) = await groups.claim()
    assert (ids_of(delivery), delivery.watchers) == (["one", "two"], (BEA,))


# A second request for the same tasks


async def test_a_new_request_moves_the_watches_of_a_person(groups: Groups) -> None:
    """The summary that they leave is due if nothing in it is running any more."""
    await groups.watch("one", "two")
    await groups.end("one")
    await groups.watch("two", "three", group_id=OTHER_GROUP, regroup=True)
    assert await groups.told() == [["one"]]
    await groups.end("two", "three")
    assert await groups.told() == [["two", "three"]]


async def test_separate_notices_can_be_chosen_later(groups: Groups) -> None:
    """Each of the tasks gets a message of its own then."""
    await groups.watch("one", "two")
    await groups.watch("one", "two", group_id=None, regroup=True)
    await groups.end("one", "two")
    assert await groups.told() == [["one"], ["two"]]


async def test_a_request_for_one_task_leaves_its_group_alone(groups: Groups) -> None:
    """It is watched already."""
    await groups.watch("one", "two")
    await groups.watch("one", group_id=None)
    await groups.end("one", "two")
    assert await groups.told() == [["one", "two"]]


# Limits


async def test_a_group_of_finished_tasks_counts_as_one_message(database: DatabaseThread) -> None:
    """A person who may request one message may watch several finished tasks together."""
    groups = Groups(database, WatchLimits(messages_per_user=1, messages_per_channel=1))
    for task_id in ("one", "two", "three"):
        await groups.add_finished(task_id)
    await groups.close()
    assert await groups.told() == [["one", "two", "three"]]
    with pytest.raises(TooManyMessages):
        await groups.add_finished("four", group_id=OTHER_GROUP)


async def test_a_finished_task_is_charged_beside_running_ones(database: DatabaseThread) -> None:
    """A running watch that moves from group to group buys no free messages."""
    groups = Groups(database, WatchLimits(messages_per_user=1, messages_per_channel=1))
    await groups.watch("running")
    await groups.add_finished("one")
    await groups.watch("running", group_id=OTHER_GROUP, regroup=True)
    with pytest.raises(TooManyMessages):
        await groups.add_finished("two", group_id=OTHER_GROUP)


# What else touches deliveries


async def test_a_summary_for_a_deleted_channel_is_redirected_to_each_watcher(
    groups: Groups,
) -> None:
    """Everybody is told directly of those tasks that they watched."""
    await groups.watch("one", "two")
    await groups.watch("two", user_id=BEA)
    await groups.end("one", "two")
    (delivery,) = await groups.claim()
    await groups.outbox.redirection.redirect(delivery, reason="404/10003", now=NOON + 100)
    assert await groups.told_directly() == {ADA: ["one", "two"], BEA: ["two"]}


async def test_a_direct_message_counts_only_the_running_tasks_of_its_reader(
    groups: Groups,
) -> None:
    """What others of the group still wait for is nothing that this person will be told of."""
    await groups.watch("one", "slow", "slower")
    await groups.watch("one", "slow", user_id=BEA)
    await groups.end("one")
    due = NOON + 60 + MAX_WAIT
    (delivery,) = await groups.claim(due)
    assert delivery.still_running == 2
    await groups.unwatch("slow", user_id=BEA)
    await groups.outbox.redirection.redirect(delivery, reason="404/10003", now=due)
    await groups.told_directly(due + 1)
    rows = await groups.database.read(
        "SELECT user_id, still_running FROM deliveries WHERE user_id IS NOT NULL", []
    )
    assert {row["user_id"]: row["still_running"] for row in rows} == {ADA: 2, BEA: 0}


async def test_a_blocked_channel_causes_one_held_notice_for_a_summary(groups: Groups) -> None:
    """The inbox lists every task of it."""
    await groups.watch("one", "two")
    await groups.end("one", "two")
    (delivery,) = await groups.claim()
    await groups.outbox.blocked_channels.block(
        delivery, until=NOON + 700, reason="missing:", now=NOON + 100
    )
    rows = await groups.database.read(
        "SELECT id FROM deliveries WHERE purpose = ?", [DeliveryPurpose.HELD_NOTICE]
    )
    assert len(rows) == 1
    entries = await groups.outbox.undelivered_notices(ADA, NOON + 100)
    assert sorted(entry.task.id for entry in entries) == ["one", "two"]
    assert all(entry.held for entry in entries)


async def test_a_summary_held_for_its_content_causes_one_held_notice(groups: Groups) -> None:
    """However often it is held."""
    await groups.watch("one", "two")
    await groups.end("one", "two")
    for at in (NOON + 100, NOON + 800):
        delivery = next(each for each in await groups.claim(at) if each.is_summary)
        await groups.outbox.hold(delivery, until=at + 600, reason="400/200000", notify_at=at)
    rows = await groups.database.read(
        "SELECT id FROM deliveries WHERE purpose = ?", [DeliveryPurpose.HELD_NOTICE]
    )
    assert len(rows) == 1


async def test_an_erasure_of_the_only_watcher_deletes_what_was_collected(groups: Groups) -> None:
    """Nothing about the person stays, whatever has ended."""
    await groups.watch("one", "two")
    await groups.end("one")
    await Erasure(groups.database).erase_user(ADA, None, NOON + 70)
    for table in ("watches", "deliveries", "delivery_tasks", "tasks"):
        assert await groups.database.read(f"SELECT * FROM {table}", []) == []  # noqa: S608 # names of ours


async def test_an_erasure_releases_the_summary_for_others(groups: Groups) -> None:
    """They do not wait for tasks that only the erased person watched."""
    await groups.watch("one", "two", "hers")
    await groups.watch("one", user_id=BEA)
    await groups.end("one", "two")
    await Erasure(groups.database).erase_user(ADA, None, NOON + 70)
    (delivery,) = await groups.claim()
    assert (ids_of(delivery), delivery.watchers) == (["one"], (BEA,))


async def test_an_erasure_of_the_server_deletes_what_was_collected(groups: Groups) -> None:
    """Collected tasks are the server's like everything else."""
    await groups.watch("one", "two")
    await groups.end("one")
    assert HERE.guild_id is not None
    await Erasure(groups.database).erase_server(HERE.guild_id, NOON)
    for table in ("watches", "deliveries", "delivery_tasks", "tasks"):
        assert await groups.database.read(f"SELECT * FROM {table}", []) == []  # noqa: S608 # names of ours


async def test_expired_summaries_are_pruned_with_their_tasks(groups: Groups) -> None:
    """Thirty days after they were sent."""
    await groups.watch("one", "two")
    await groups.end("one", "two")
    await groups.told()
    await Retention(groups.database).prune(NOON + 101 + RETENTION_PERIOD)
    for table in ("watches", "deliveries", "delivery_tasks", "tasks"):
        assert await groups.database.read(f"SELECT * FROM {table}", []) == []  # noqa: S608 # names of ours


async def test_each_task_of_a_group_is_in_the_history_when_it_ends(groups: Groups) -> None:
    """The history does not wait for the summary."""
    await groups.watch("one", "two")
    await groups.end("one")
    history = History(groups.database, "deerapi")
    entries = (await history.page(HistoryScope(ADA))).entries
    assert [entry.task.id for entry in entries] == ["one"]


async def test_a_live_card_waits_for_the_summary_and_links_it(groups: Groups) -> None:
    """Its message is the notice of every task of the group."""
    cards = LiveCards(groups.database)
    await groups.watch("one", "two")
    created = await cards.create(HERE, keys_of("one", "two"), NOON, user_id=ADA)
    assert created is not None
    await groups.end("one")
    card = await cards.get(created.id, NOON + 61)
    assert card is not None
    assert [each.notice_pending for each in card.tasks] == [True, False]
    assert not card.finished
    await groups.end("two")
    (delivery,) = await groups.claim()
    await groups.outbox.acknowledge(delivery, message_id=77, now=NOON + 100)
    card = await cards.get(created.id, NOON + 101)
    assert card is not None
    assert [each.message_id for each in card.tasks] == [77, 77]
    assert card.finished


async def test_the_state_of_a_summary_is_that_of_each_of_its_tasks(groups: Groups) -> None:
    """A private watch learns from it whether direct messages arrive."""
    await groups.watch("one", "two", destination=DIRECT)
    await groups.end("one", "two")
    states = await NoticeStates(groups.database).latest(DIRECT, ["one", "two"])
    assert [each.state for each in states] == ["due", "due"]


async def test_a_private_summary_knows_its_recipient(groups: Groups) -> None:
    """The direct message can be opened again if its channel is gone."""
    await groups.watch("one", "two", destination=DIRECT)
    await groups.end("one", "two")
    (delivery,) = await groups.claim()
    assert delivery.user_id == ADA


@pytest.mark.sqlite_only
async def test_the_doctor_knows_that_a_task_waits_for_its_group(
    groups: Groups, tmp_path: Path
) -> None:
    """The delivery is in the state ``collecting``."""
    await groups.watch("one", "two")
    await groups.end("one")
    (facts,) = task_facts(tmp_path / "suno.db", "one", 5.0)
    assert [(each.state, each.people) for each in facts.deliveries] == [("collecting", 1)]


async def test_another_relay_does_not_end_a_group(groups: Groups) -> None:
    """Tasks of a relay that is no longer asked hold the summary back for half an hour at most."""
    await groups.watch("one", "two")
    await groups.end("one")
    other = TaskStore(groups.database, groups.outbox, "openai-hub")
    await other.record(
        [PollResult("two", NOON, a_song("two"), end_reason=EndReason.FINISHED)], NOON
    )
    assert await groups.claim() == []
    assert await groups.told(NOON + 60 + MAX_WAIT) == [["one"]]
