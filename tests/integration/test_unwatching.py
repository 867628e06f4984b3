from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.doctor.task_summary import summarize
from bot.i18n.catalog import catalog_for
from bot.storage.database import DatabaseThread
from bot.storage.models import Destination, MessageFormat, UnwatchOutcome
from bot.storage.outbox import Outbox
from bot.storage.task_facts import task_facts
from bot.storage.tasks import TaskStore
from sandbox.relay import song
from tests.support.builders import HERE, NOON, a_song, open_directs
from tests.support.sandbox_session import SandboxSession, running_bot

POST = "POST /channels/{id}/messages"
THERE = Destination(channel_id=600, guild_id=50)
ADA, BEA = 1, 2


class Ended:
    """A song that has ended, whose notices are owed."""

    def __init__(self, database: DatabaseThread) -> None:
        self.path = database.path
        self.outbox = Outbox(database)
        self.store = TaskStore(database, self.outbox, "deerapi")

    async def owe(self, *people: int, destination: Destination = HERE) -> None:
        """Owe some people the notice of the song in one place."""
        for user_id in people[1:]:
            await self.store.add_watch(
                a_song(),
                known=True,
                user_id=user_id,
                destination=destination,
                now=NOON,
                deadline=60,
            )
        await self.store.add_finished(
            a_song(), user_id=people[0], destination=destination, now=NOON
        )

    async def unwatch(self, user_id: int = ADA, channel_id: int | None = None) -> UnwatchOutcome:
        """Stop watching the song."""
        return await self.store.remove_watch(
            "song", user_id=user_id, channel_id=channel_id, now=NOON
        )


@pytest.fixture
async def ended(tmp_path: Path) -> AsyncIterator[Ended]:
    """Return an empty database."""
    async with DatabaseThread(tmp_path / "suno.db") as database:
        yield Ended(database)


async def test_a_notice_that_waits_is_not_posted_once_nobody_watches(ended: Ended) -> None:
    """And the doctor says why."""
    await ended.owe(ADA)
    assert await ended.unwatch() is UnwatchOutcome.STOPPED
    assert await ended.outbox.claim(NOON, 10) == []
    assert await ended.outbox.undelivered_notices(ADA, NOON) == []
    assert await ended.unwatch() is UnwatchOutcome.NOT_WATCHED
    (facts,) = task_facts(ended.path, "song", 5.0)
    said = summarize(facts, now=NOON, in_use=True, relay=None)
    assert said == "Nothing was posted: nobody watched the task any more."


async def test_others_are_told_without_whoever_stopped(ended: Ended) -> None:
    """Each person decides alone."""
    await ended.owe(ADA, BEA)
    assert await ended.unwatch() is UnwatchOutcome.STOPPED
    (delivery,) = await ended.outbox.claim(NOON, 10)
    assert delivery.watchers == (BEA,)


async def test_a_notice_that_is_held_can_be_stopped(ended: Ended) -> None:
    """Held for itself, or because its channel is blocked; the word about it is not sent then."""
    await ended.owe(ADA)
    await ended.owe(ADA, destination=THERE)
    first, second = await ended.outbox.claim(NOON, 10)
    await ended.outbox.hold(first, until=NOON + 60, reason="503/0", notify_at=NOON)
    await ended.outbox.blocked_channels.block(second, until=NOON + 600, reason="missing:", now=NOON)
    assert await ended.unwatch() is UnwatchOutcome.STOPPED
    await open_directs(ended.outbox, {ADA: Destination(700)})
    assert await ended.outbox.claim(NOON + 999, 10) == []


async def test_a_message_that_is_to_be_sent_directly_can_be_stopped(ended: Ended) -> None:
    """Before its direct message is opened, and after."""
    await ended.owe(ADA, BEA)
    (gone,) = await ended.outbox.claim(NOON, 10)
    await ended.outbox.redirection.redirect(gone, reason="404/10003", now=NOON)
    assert await ended.unwatch(ADA) is UnwatchOutcome.STOPPED
    await open_directs(ended.outbox, {BEA: Destination(800)})
    assert await ended.unwatch(BEA) is UnwatchOutcome.STOPPED
    assert await ended.outbox.claim(NOON, 10) == []
    assert await ended.outbox.next_at() is None


async def test_a_message_that_is_being_sent_cannot_be_stopped(ended: Ended) -> None:
    """Nor one of which Discord may have taken a try unheard."""
    await ended.owe(ADA)
    (delivery,) = await ended.outbox.claim(NOON, 10)
    assert await ended.unwatch() is UnwatchOutcome.ON_ITS_WAY
    await ended.outbox.postpone(
        delivery, until=NOON + 9, reason="cut", message_format=MessageFormat.FULL, unconfirmed=True
    )
    assert await ended.unwatch() is UnwatchOutcome.ON_ITS_WAY
    (again,) = await ended.outbox.claim(NOON + 9, 10)
    assert again.watchers == (ADA,)
    await ended.outbox.acknowledge(again, message_id=7, now=NOON + 9)
    assert await ended.unwatch() is UnwatchOutcome.NOT_WATCHED


async def test_to_stop_in_one_channel_stops_nothing_elsewhere(ended: Ended) -> None:
    """As the button under a card does."""
    await ended.owe(ADA)
    await ended.owe(ADA, destination=THERE)
    assert await ended.unwatch(channel_id=THERE.channel_id) is UnwatchOutcome.STOPPED
    (delivery,) = await ended.outbox.claim(NOON, 10)
    assert delivery.destination == HERE


async def test_what_waited_behind_a_notice_that_was_stopped_is_sent(ended: Ended) -> None:
    """The first one was put off for a while."""
    await ended.owe(ADA)
    await ended.store.add_finished(a_song("next"), user_id=BEA, destination=HERE, now=NOON)
    (first,) = await ended.outbox.claim(NOON, 10)
    await ended.outbox.postpone(
        first, until=NOON + 300, reason="429", message_format=MessageFormat.FULL, unconfirmed=False
    )
    ended.outbox.changed.clear()
    assert await ended.unwatch() is UnwatchOutcome.STOPPED
    assert ended.outbox.changed.is_set()
    (delivery,) = await ended.outbox.claim(NOON, 10)
    assert delivery.task.id == "next"


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
async def test_who_stops_between_the_end_and_the_notice_is_told_the_truth(
    sandbox: SandboxSession, locale: str
) -> None:
    """One notice cannot be posted yet, and never is; the other may be there any moment."""
    catalog = catalog_for(locale)
    sandbox.ada.locale = locale
    for task_id in ("early", "late"):
        sandbox.relay.add(song(task_id, takes=100))
    async with running_bot(sandbox):
        await sandbox.command_answer("suno watch", id="early late")
        sandbox.discord.faults.add(
            POST, status=503, times=None, where=lambda body: "♪" in str(body)
        )
        sandbox.relay.clock.advance(200)
        await sandbox.discord.wait_for(lambda: tried(sandbox))
        answer = await sandbox.command_answer("suno unwatch", id="late")
        assert answer.content == catalog.text("unwatch-done", id="`late`")
        answer = await sandbox.command_answer("suno unwatch", id="early")
        assert answer.content == catalog.text("unwatch-on-its-way", id="`early`")
        sandbox.discord.faults.clear()
        await sandbox.wait_for_notice("early")
        answer = await sandbox.command_answer("suno unwatch", id="early")
        assert answer.content == catalog.text("unwatch-none", id="`early`")
    assert sandbox.notices("late") == []


def tried(sandbox: SandboxSession) -> bool:
    """Whether a notice was handed to Discord, which may have taken it."""
    path = f"/channels/{sandbox.songs.id}/messages"
    return any((one.path, one.status) == (path, 503) for one in sandbox.discord.requests)
