"""Who asks for a finished song whose notice is on its way joins that: nobody is told twice."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.i18n.catalog import catalog_for
from bot.storage.database import DatabaseThread
from bot.storage.errors import TooManyWatchers
from bot.storage.history import History
from bot.storage.limits import WatchLimits
from bot.storage.models import (
    Destination,
    EndReason,
    HistoryScope,
    MessageFormat,
    PollResult,
    WatchRequest,
)
from bot.storage.outbox import Outbox
from bot.storage.tasks import TaskStore
from bot.storage.watches import JoinedNotice, NoticeProgress
from sandbox.discord import Message
from sandbox.relay import song
from tests.support.builders import HERE, NOON, a_running_task, a_song
from tests.support.live_cards import SONG, card_of, press
from tests.support.sandbox_session import SandboxSession, open_sandbox, running_bot

pytestmark = pytest.mark.both_engines


ADA, BEA, CLEO = 1, 2, 3


@pytest.fixture
async def store(database: DatabaseThread, outbox: Outbox) -> TaskStore:
    """Return the task store, with the notice of a song enqueued for Ada."""
    store = TaskStore(database, outbox, "deerapi", WatchLimits(watchers_per_destination=2))
    await store.add_finished(a_song(), WatchRequest(ADA, HERE), NOON)
    return store


async def watch_again(
    store: TaskStore, user_id: int = BEA, *, destination: Destination = HERE, mention: bool = True
) -> JoinedNotice | None:
    """Watch the finished song; return the notice that the person joined."""
    return await store.add_finished(
        a_song(), WatchRequest(user_id, destination, mention=mention), NOON + 1
    )


async def deliveries(database: DatabaseThread) -> int:
    """Return the number of deliveries in any state."""
    (row,) = await database.read("SELECT count(*) AS number FROM deliveries", [])
    return int(row["number"])


async def test_a_due_notice_mentions_the_person_who_joins(store: TaskStore, outbox: Outbox) -> None:
    """Both people get one message."""
    assert await watch_again(store) == JoinedNotice(NoticeProgress.DUE)
    (delivery,) = await outbox.claim(NOON + 1, 10)
    assert delivery.watchers == (ADA, BEA)


async def test_a_person_who_joins_without_mention_is_not_mentioned(
    store: TaskStore, outbox: Outbox
) -> None:
    """The notice respects the option of the watch."""
    await watch_again(store, mention=False)
    (delivery,) = await outbox.claim(NOON + 1, 10)
    assert delivery.watchers == (ADA,)


async def test_a_notice_that_is_being_sent_is_joined(
    store: TaskStore, outbox: Outbox, database: DatabaseThread
) -> None:
    """The reply says so; a retry of the notice mentions the person."""
    (delivery,) = await outbox.claim(NOON, 10)
    assert await watch_again(store) == JoinedNotice(NoticeProgress.SENDING)
    await outbox.postpone(
        delivery,
        until=NOON + 2,
        reason="503/0",
        message_format=MessageFormat.FULL,
        unconfirmed=True,
    )
    assert await watch_again(store) == JoinedNotice(NoticeProgress.SENDING)
    (again,) = await outbox.claim(NOON + 2, 10)
    assert again.watchers == (ADA, BEA)
    assert await deliveries(database) == 1


async def test_a_held_notice_is_joined(
    store: TaskStore, outbox: Outbox, database: DatabaseThread
) -> None:
    """The person finds it in the inbox, whether the message or its channel is blocked."""
    (delivery,) = await outbox.claim(NOON, 10)
    await outbox.hold(delivery, until=NOON + 600, reason="400/50035")
    assert await watch_again(store) == JoinedNotice(NoticeProgress.HELD)
    (held,) = await outbox.undelivered_notices(BEA, NOON)
    assert held.task.id == "song"
    assert await deliveries(database) == 1


async def test_a_notice_in_a_blocked_channel_is_held(store: TaskStore, outbox: Outbox) -> None:
    """The reply says that it waits for the channel."""
    (delivery,) = await outbox.claim(NOON, 10)
    await outbox.blocked_channels.block(delivery, until=NOON + 600, reason="403/50013", now=NOON)
    assert await watch_again(store) == JoinedNotice(NoticeProgress.HELD)


async def test_a_dropped_notice_is_not_joined(store: TaskStore, outbox: Outbox) -> None:
    """Another notice is enqueued."""
    (delivery,) = await outbox.claim(NOON, 10)
    await outbox.acknowledge(delivery, message_id=None, now=NOON)
    assert await watch_again(store) is None
    assert await watch_again(store, destination=Destination(600)) is None


@pytest.mark.parametrize("end_reason", [EndReason.GAVE_UP, EndReason.NOT_FOUND])
async def test_an_end_without_a_result_is_not_joined(
    store: TaskStore, end_reason: EndReason
) -> None:
    """The next watch may find a finished song after all."""
    running = a_running_task("other")
    await store.add_watch(running, WatchRequest(ADA, HERE), NOON, known=True, deadline=60)
    await store.record([PollResult("other", NOON, task=running, end_reason=end_reason)], NOON)
    done = a_song("other")
    assert await store.add_finished(done, WatchRequest(BEA, HERE), NOON + 1) is None


async def test_the_people_who_join_are_limited_to_those_a_message_can_mention(
    store: TaskStore, outbox: Outbox
) -> None:
    """The limit refuses nobody who waits for the notice already."""
    await watch_again(store)
    assert await watch_again(store) == JoinedNotice(NoticeProgress.DUE)
    with pytest.raises(TooManyWatchers):
        await watch_again(store, CLEO)
    (delivery,) = await outbox.claim(NOON + 1, 10)
    assert delivery.watchers == (ADA, BEA)


async def test_a_watch_of_an_ended_task_that_looks_running_joins(
    store: TaskStore, database: DatabaseThread
) -> None:
    """The task stays ended if the relay is unreachable or reports an older state."""
    for task, known in ((a_running_task(), True), (a_running_task(kind=None), False)):
        joined = await store.add_watch(
            task, WatchRequest(BEA, HERE), NOON + 1, known=known, deadline=60
        )
        assert joined == JoinedNotice(NoticeProgress.DUE)
    assert await store.due_tasks(NOON + 100, 9) == []
    assert await deliveries(database) == 1


async def test_joining_adds_the_task_to_the_history_of_the_person(
    store: TaskStore, database: DatabaseThread
) -> None:
    """The entry is the same as after a watch from the beginning."""
    history = History(database, "deerapi")
    assert not (await history.page(HistoryScope(BEA), "")).entries
    await watch_again(store)
    (entry,) = (await history.page(HistoryScope(BEA), "")).entries
    assert entry.task.id == "song"


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[SandboxSession]:
    """Yield a sandbox in which the bot runs, with a running song."""
    async with open_sandbox(tmp_path) as sandbox, running_bot(sandbox):
        sandbox.relay.add(song(SONG, title="Paper Boats", takes=100))
        yield sandbox


def being_sent() -> str:
    """Return the reply that the notice of the song is being sent."""
    return catalog_for("en-US").text("watch-sending", tasks="**Paper Boats**")


async def card_while_sending(sandbox: SandboxSession) -> Message:
    """Return the live card of a finished song whose notice is being sent."""
    await sandbox.command_answer("suno watch", id=SONG)
    card = await card_of(sandbox)
    sandbox.discord.faults.add("PATCH /channels/{id}/messages/{message}", status=503, times=None)
    sending = sandbox.discord.faults.add("POST /channels/{id}/messages", delay=2)
    sandbox.relay.clock.advance(200)
    await sandbox.discord.wait_for(lambda: sending.hits, 120, "the notice")
    return card


async def test_me_too_while_the_notice_is_being_sent_enqueues_no_second_one(
    sandbox: SandboxSession,
) -> None:
    """The reply says that the notice is being sent; later, it links to the message."""
    pressed = await press(sandbox, sandbox.bea, await card_while_sending(sandbox), "Me too")
    assert pressed.messages[0].content == being_sent()
    asked = await sandbox.command_answer("suno watch", sandbox.bea, id=SONG)
    assert asked.content == being_sent()
    notice = await sandbox.wait_for_notice(SONG)
    again = await sandbox.command_answer("suno watch", sandbox.bea, id=SONG)
    assert notice.link in again.content
    assert sandbox.notices(SONG) == [notice]


async def test_me_too_for_a_song_that_the_relay_deleted_joins_its_notice(
    sandbox: SandboxSession,
) -> None:
    """The reply does not say that the id is unknown."""
    card = await card_while_sending(sandbox)
    sandbox.relay.remove(SONG)
    pressed = await press(sandbox, sandbox.bea, card, "Me too")
    assert pressed.messages[0].content == being_sent()
