from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.doctor.task_summary import summarize
from bot.i18n.catalog import catalog_for
from bot.storage.database import DatabaseThread
from bot.storage.models import Destination, MessageFormat, UnwatchOutcome, WatchRequest
from bot.storage.outbox import Outbox
from bot.storage.task_facts import task_facts
from bot.storage.tasks import TaskStore
from sandbox.relay import song
from tests.support.builders import HERE, NOON, a_song, open_direct_messages, watch_store_of
from tests.support.databases import location
from tests.support.sandbox_session import SandboxSession, running_bot

pytestmark = pytest.mark.both_engines


POST = "POST /channels/{id}/messages"
THERE = Destination(channel_id=600, guild_id=50)
ADA, BEA = 1, 2


class EndedSong:
    """A song that has ended, whose notices are enqueued."""

    def __init__(self, database: DatabaseThread) -> None:
        self.path = Path(database.location)
        self.outbox = Outbox(database)
        self.store = TaskStore(database, self.outbox, "deerapi")

    async def enqueue(self, *people: int, destination: Destination = HERE) -> None:
        """Enqueue the notice of the song for some users in one channel."""
        for user_id in people[1:]:
            await self.store.add_watch(
                a_song(), WatchRequest(user_id, destination), NOON, known=True, deadline=60
            )
        await self.store.add_finished(a_song(), WatchRequest(people[0], destination), NOON)

    async def unwatch(self, user_id: int = ADA, channel_id: int | None = None) -> UnwatchOutcome:
        """Unwatch the song."""
        return await watch_store_of(self.store).remove(
            "song", user_id=user_id, channel_id=channel_id, now=NOON
        )


@pytest.fixture
async def ended_song(tmp_path: Path) -> AsyncIterator[EndedSong]:
    """Return an ended song in an empty database."""
    async with DatabaseThread(location(tmp_path / "suno.db")) as database:
        yield EndedSong(database)


@pytest.mark.sqlite_only
async def test_a_due_notice_without_watchers_is_dropped(ended_song: EndedSong) -> None:
    """The doctor tells the reason."""
    await ended_song.enqueue(ADA)
    assert await ended_song.unwatch() is UnwatchOutcome.STOPPED
    assert await ended_song.outbox.claim(NOON, 10) == []
    assert await ended_song.outbox.undelivered_notices(ADA, NOON) == []
    assert await ended_song.unwatch() is UnwatchOutcome.NOT_WATCHED
    (facts,) = task_facts(ended_song.path, "song", 5.0)
    summary = summarize(facts, now=NOON, in_use=True, relay=None)
    assert summary == "Nothing was posted: nobody watched the task any more."


async def test_the_notice_mentions_the_remaining_watchers_only(ended_song: EndedSong) -> None:
    """A user who unwatches the song does not affect the others."""
    await ended_song.enqueue(ADA, BEA)
    assert await ended_song.unwatch() is UnwatchOutcome.STOPPED
    (delivery,) = await ended_song.outbox.claim(NOON, 10)
    assert delivery.watchers == (BEA,)


async def test_a_held_notice_can_be_cancelled(ended_song: EndedSong) -> None:
    """The message or its channel may be blocked; the held notice about it is not sent."""
    await ended_song.enqueue(ADA)
    await ended_song.enqueue(ADA, destination=THERE)
    first, second = await ended_song.outbox.claim(NOON, 10)
    await ended_song.outbox.hold(first, until=NOON + 60, reason="503/0", notify_at=NOON)
    await ended_song.outbox.blocked_channels.block(
        second, until=NOON + 600, reason="missing:", now=NOON
    )
    assert await ended_song.unwatch() is UnwatchOutcome.STOPPED
    await open_direct_messages(ended_song.outbox, {ADA: Destination(700)})
    assert await ended_song.outbox.claim(NOON + 999, 10) == []


async def test_a_direct_message_can_be_cancelled(ended_song: EndedSong) -> None:
    """It can be before its channel is opened, and after."""
    await ended_song.enqueue(ADA, BEA)
    (gone,) = await ended_song.outbox.claim(NOON, 10)
    await ended_song.outbox.redirection.redirect(gone, reason="404/10003", now=NOON)
    assert await ended_song.unwatch(ADA) is UnwatchOutcome.STOPPED
    await open_direct_messages(ended_song.outbox, {BEA: Destination(800)})
    assert await ended_song.unwatch(BEA) is UnwatchOutcome.STOPPED
    assert await ended_song.outbox.claim(NOON, 10) == []
    assert await ended_song.outbox.next_at() is None


async def test_a_message_that_is_being_sent_cannot_be_cancelled(ended_song: EndedSong) -> None:
    """Nor can an unconfirmed one, which Discord may have accepted."""
    await ended_song.enqueue(ADA)
    (delivery,) = await ended_song.outbox.claim(NOON, 10)
    assert await ended_song.unwatch() is UnwatchOutcome.ON_ITS_WAY
    await ended_song.outbox.postpone(
        delivery, until=NOON + 9, reason="cut", message_format=MessageFormat.FULL, unconfirmed=True
    )
    assert await ended_song.unwatch() is UnwatchOutcome.ON_ITS_WAY
    (again,) = await ended_song.outbox.claim(NOON + 9, 10)
    assert again.watchers == (ADA,)
    await ended_song.outbox.acknowledge(again, message_id=7, now=NOON + 9)
    assert await ended_song.unwatch() is UnwatchOutcome.NOT_WATCHED


async def test_unwatching_in_one_channel_keeps_other_channels(ended_song: EndedSong) -> None:
    """The button under a live card unwatches in its channel only."""
    await ended_song.enqueue(ADA)
    await ended_song.enqueue(ADA, destination=THERE)
    assert await ended_song.unwatch(channel_id=THERE.channel_id) is UnwatchOutcome.STOPPED
    (delivery,) = await ended_song.outbox.claim(NOON, 10)
    assert delivery.destination == HERE


async def test_deliveries_behind_a_cancelled_notice_are_sent(ended_song: EndedSong) -> None:
    """The cancelled notice had been postponed."""
    await ended_song.enqueue(ADA)
    await ended_song.store.add_finished(a_song("next"), WatchRequest(BEA, HERE), NOON)
    (first,) = await ended_song.outbox.claim(NOON, 10)
    await ended_song.outbox.postpone(
        first, until=NOON + 300, reason="429", message_format=MessageFormat.FULL, unconfirmed=False
    )
    ended_song.outbox.changed.clear()
    assert await ended_song.unwatch() is UnwatchOutcome.STOPPED
    assert ended_song.outbox.changed.is_set()
    (delivery,) = await ended_song.outbox.claim(NOON, 10)
    assert delivery.task.id == "next"


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
async def test_the_reply_to_unwatching_tells_whether_a_notice_may_still_come(
    sandbox: SandboxSession, locale: str
) -> None:
    """One notice cannot be posted yet and is cancelled; the other is being sent."""
    catalog = catalog_for(locale)
    titled = catalog.text("task-name", title="City Windows")
    sandbox.ada.locale = locale
    sandbox.relay.add(song("early-1", takes=100), song("late-2", takes=300))
    async with running_bot(sandbox):
        await sandbox.command_answer("suno watch", id="early-1 late-2", together="separate")
        sandbox.discord.faults.add(
            POST, status=503, times=None, where=lambda body: "♪" in str(body)
        )
        sandbox.relay.clock.advance(200)
        await sandbox.discord.wait_for(lambda: is_being_sent(sandbox))
        sandbox.relay.clock.advance(200)
        answer = await sandbox.command_answer("suno unwatch", id="late-2")
        assert answer.content in [
            catalog.text("unwatch-done", tasks=name) for name in (titled, "`late-2`")
        ]
        answer = await sandbox.command_answer("suno unwatch", id="early-1")
        assert answer.content == catalog.text("unwatch-sending", tasks=titled)
        sandbox.discord.faults.clear()
        await sandbox.wait_for_notice("early-1")
        answer = await sandbox.command_answer("suno unwatch", id="early-1")
        assert answer.content == catalog.text("unwatch-none", tasks=titled)
    assert sandbox.notices("late-2") == []


def is_being_sent(sandbox: SandboxSession) -> bool:
    """Return whether a notice was sent to Discord, which may have accepted it."""
    path = f"/channels/{sandbox.songs.id}/messages"
    return any((one.path, one.status) == (path, 503) for one in sandbox.discord.requests)
