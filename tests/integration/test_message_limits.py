"""How many messages people may ask for, and that what runs is told whatever they ask for."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing
from pathlib import Path

import pytest

from bot.storage.database import DatabaseThread
from bot.storage.erasure import Erasure
from bot.storage.errors import ChannelTooBusy, TooManyMessages
from bot.storage.limits import WatchLimits
from bot.storage.live_cards import LiveCards
from bot.storage.models import (
    Delivery,
    Destination,
    EndReason,
    MentionSetting,
    PollResult,
    WatchRequest,
)
from bot.storage.outbox import Outbox
from bot.storage.retention import Retention
from bot.storage.server_settings import ServerSettingsStore
from bot.storage.tasks import TaskStore
from sandbox.discord import User
from sandbox.relay import song
from tests.support.builders import HERE, NOON, a_running_task, a_song, keys_of, watch_store_of
from tests.support.databases import location
from tests.support.sandbox_session import SandboxSession, open_sandbox, running_bot

pytestmark = pytest.mark.both_engines


ADA, BEA = 123456789012345678, 2
THERE = Destination(channel_id=501, guild_id=50)
LIMITS = WatchLimits(watches_per_user=100, messages_per_user=4, messages_per_channel=3)


class LimitHarness:
    """A database, and users who request messages."""

    def __init__(self, database: DatabaseThread) -> None:
        self.database = database
        self.outbox = Outbox(database)
        self.store = TaskStore(database, self.outbox, "deerapi", LIMITS)
        self.cards = LiveCards(database, LIMITS)
        self.now = NOON

    async def request_notice(
        self, task_id: str, user_id: int = ADA, destination: Destination = HERE
    ) -> None:
        """Request the notice of a song that has ended."""
        await self.store.add_finished(
            a_song(task_id), WatchRequest(user_id, destination, mention=True), self.now
        )

    async def watch(
        self,
        task_id: str,
        user_id: int = ADA,
        destination: Destination = HERE,
        *,
        known: bool = True,
    ) -> None:
        """Watch a song, by default one that the relay reports as running."""
        await self.store.add_watch(
            a_running_task(task_id),
            WatchRequest(user_id, destination),
            self.now,
            known=known,
            deadline=3600,
        )

    async def request_card(
        self, task_id: str, user_id: int = ADA, destination: Destination = HERE
    ) -> None:
        """Request a live request_card for a song."""
        await self.cards.create(destination, keys_of(task_id), self.now, user_id=user_id)

    async def end(self, *task_ids: str) -> None:
        """End some songs."""
        ends = [
            PollResult(each, self.now, a_song(each), end_reason=EndReason.FINISHED)
            for each in task_ids
        ]
        await self.store.record(ends, self.now)

    async def enqueued(self) -> int:
        """Return the number of undelivered messages."""
        (row,) = await self.database.read("SELECT count(*) AS n FROM deliveries", [])
        return int(row["n"])

    async def charged(self) -> int:
        """Return the number of requests that are charged."""
        (row,) = await self.database.read("SELECT count(*) AS n FROM requested_messages", [])
        return int(row["n"])

    async def delivery(self, task_id: str, destination: Destination = HERE) -> Delivery:
        """Ask for the notice of a song, and take it to send it."""
        await self.store.add_finished(a_song(task_id), WatchRequest(1, destination), self.now)
        (delivery,) = await self.outbox.claim(self.now, 1)
        return delivery


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[LimitHarness]:
    """Return an empty database."""
    async with DatabaseThread(location(tmp_path / "suno.db")) as database:
        yield LimitHarness(database)


async def test_messages_per_person_and_hour_are_limited(harness: LimitHarness) -> None:
    """The limit covers all channels; the refusal tells when the next message is allowed."""
    for number in range(4):
        harness.now = NOON + 600 * number
        await harness.request_notice(f"song-{number}", destination=(HERE, THERE)[number % 2])
    with pytest.raises(TooManyMessages) as refused:
        await harness.request_notice("one more")
    assert refused.value.until.timestamp() == NOON + 3600
    assert await harness.enqueued() == 4
    await harness.request_notice("one more", BEA)
    harness.now = refused.value.until.timestamp()
    await harness.request_notice("one more", destination=THERE)


async def test_messages_per_channel_and_minute_are_limited(harness: LimitHarness) -> None:
    """The limit covers all people and leaves other channels alone."""
    for number in range(3):
        harness.now = NOON + number
        await harness.request_notice(f"song-{number}", user_id=number)
    with pytest.raises(ChannelTooBusy) as refused:
        await harness.request_notice("one more", user_id=9)
    assert refused.value.until.timestamp() == NOON + 60
    await harness.request_notice("one more", user_id=9, destination=THERE)
    harness.now = NOON + 60
    await harness.request_notice("one more", user_id=9)


async def test_live_cards_and_notices_share_the_limit(harness: LimitHarness) -> None:
    """A refused card leaves the watch alone, and an existing card is free."""
    await harness.watch("running")
    await harness.request_card("running")
    await harness.request_notice("a")
    await harness.request_notice("b")
    await harness.watch("another")
    with pytest.raises(ChannelTooBusy):
        await harness.request_card("another")
    await harness.watch("running", BEA)
    await harness.request_card("running", BEA)
    assert len(await watch_store_of(harness.store).watches_of(ADA)) == 2


async def test_a_refused_card_does_not_prevent_updates_of_others(harness: LimitHarness) -> None:
    """Of two tasks, the one on an existing card gets its new watcher shown."""
    await harness.watch("running")
    await harness.request_card("running")
    (before,) = await harness.cards.claim(NOON, 9)
    await harness.cards.acknowledge(before, 1, content_digest="as it was")
    for number in range(2):
        await harness.request_notice(f"song-{number}", BEA)
    await harness.watch("running", BEA)
    await harness.watch("another", BEA)
    with pytest.raises(ChannelTooBusy):
        await harness.cards.create(HERE, keys_of("running", "another"), NOON + 9, user_id=BEA)
    assert len(await harness.cards.due_for_update(NOON + 9, min_interval=5, limit=9)) == 1


async def test_notices_of_running_tasks_are_free(
    harness: LimitHarness,
) -> None:
    """All are enqueued, whatever the charges of the person and the channel are."""
    for number in range(3):
        await harness.request_notice(f"finished-{number}")
    songs = [f"song-{number}" for number in range(50)]
    for task_id in songs:
        await harness.watch(task_id)
    await harness.end(*songs)
    assert await harness.enqueued() == 3 + 50
    assert await harness.charged() == 3


async def test_concurrent_requests_do_not_exceed_the_limit(harness: LimitHarness) -> None:
    """Each request sees the charges of those before it."""
    tries = (harness.request_notice(f"song-{number}") for number in range(30))
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert results.count(None) == 3
    assert sum(isinstance(each, ChannelTooBusy) for each in results) == 27
    assert await harness.enqueued() == 3


async def test_a_restart_does_not_reset_the_limits(tmp_path: Path) -> None:
    """The charges are stored in the database."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(DatabaseThread(location(tmp_path / "suno.db")))
        for number in range(3):
            await LimitHarness(database).request_notice(f"song-{number}")
    async with DatabaseThread(location(tmp_path / "suno.db")) as database:
        with pytest.raises(ChannelTooBusy):
            await LimitHarness(database).request_notice("one more")


async def test_an_erasure_keeps_the_charges_without_ids(
    harness: LimitHarness, tmp_path: Path
) -> None:
    """The charges hold keyed hashes, and are deleted after an hour."""
    for number in range(4):
        harness.now = NOON + 60 * number
        await harness.request_notice(f"song-{number}")
    await Erasure(harness.database).erase_user(ADA, None, harness.now)
    with closing(sqlite3.connect(tmp_path / "suno.db")) as connection:
        assert str(ADA) not in "\n".join(connection.iterdump())
    with pytest.raises(TooManyMessages):
        await harness.request_notice("one more", destination=THERE)
    await Retention(harness.database).prune(harness.now + 3600)
    assert await harness.charged() == 0


async def test_the_erasure_of_a_server_deletes_its_charges(harness: LimitHarness) -> None:
    """They are deleted with all other data of the server."""
    await harness.request_notice("song")
    await Erasure(harness.database).erase_server(50, NOON)
    assert await harness.charged() == 0


async def test_messages_per_person_and_minute_are_limited(
    harness: LimitHarness,
) -> None:
    """The limit also covers several channels, and watches without a relay."""
    await harness.request_notice("a")
    await harness.request_notice("b", destination=THERE)
    await harness.watch("c", known=False)
    with pytest.raises(TooManyMessages) as refused:
        await harness.watch("d", destination=Destination(502, 50), known=False)
    assert refused.value.until.timestamp() == NOON + 60
    await harness.watch("d", BEA, known=False)


async def test_a_watch_of_a_task_in_unknown_state_is_charged(harness: LimitHarness) -> None:
    """Its notice may follow at once; the limit of the channel does not refuse it."""
    for number in range(4):
        harness.now = NOON + 60 * number
        await harness.watch(f"song-{number}", known=False)
    with pytest.raises(TooManyMessages) as refused:
        await harness.watch("one more", known=False)
    assert not isinstance(refused.value, ChannelTooBusy)
    await harness.watch("one more")
    assert len(await watch_store_of(harness.store).watches_of(ADA)) == 5


async def test_each_new_watch_of_an_ended_task_is_charged(harness: LimitHarness) -> None:
    """A relay may report the task as running each time."""
    for number in range(5):
        await harness.watch("song")
        await harness.end("song")
        (delivery,) = await harness.outbox.claim(harness.now, 1)
        await harness.outbox.acknowledge(delivery, message_id=number, now=harness.now)
        harness.now += 601  # until then, who asks is shown the message
    with pytest.raises(TooManyMessages):
        await harness.watch("song")


async def test_joining_a_watch_or_a_notice_is_free(harness: LimitHarness) -> None:
    """All watchers in a channel share one message."""
    for number in range(2):
        await harness.request_notice(f"song-{number}")
        await harness.request_notice(f"song-{number}", BEA)
    await harness.watch("unheard", known=False)
    await harness.watch("unheard", BEA, known=False)
    await harness.request_notice("unheard", 3)
    assert await harness.charged() == 3


async def test_charges_in_the_future_do_not_count(harness: LimitHarness) -> None:
    """A rollback of the clock locks out nobody."""
    for number in range(3):
        await harness.request_notice(f"song-{number}")
    harness.now = NOON - 7200
    await harness.request_notice("one more")
    assert await harness.charged() == 1


async def test_a_role_is_mentioned_once_a_minute_in_a_channel(harness: LimitHarness) -> None:
    """Further messages have no mention; another channel or minute has its own."""
    mentions = harness.outbox.role_mentions
    first = await harness.delivery("first")
    assert await mentions.claim(first, NOON)
    await harness.outbox.acknowledge(first, message_id=1, now=NOON)
    second = await harness.delivery("second")
    assert not await mentions.claim(second, NOON + 59)
    assert await mentions.claim(await harness.delivery("there", THERE), NOON + 59)
    assert await mentions.claim(second, NOON + 60)


@pytest.mark.parametrize("mentioned", [True, False])
async def test_a_retry_mentions_the_role_like_the_first_attempt(
    harness: LimitHarness, mentioned: bool
) -> None:
    """The duplicate check compares the text of both."""
    mentions = harness.outbox.role_mentions
    other = await harness.delivery("other")
    await mentions.claim(other, NOON if not mentioned else NOON - 60)
    await harness.outbox.acknowledge(other, message_id=1, now=NOON)
    first_try = await harness.delivery("song")
    assert await mentions.claim(first_try, NOON) is mentioned
    await harness.outbox.postpone(
        first_try, until=NOON, reason="?", message_format=first_try.message_format, unconfirmed=True
    )
    (second_try,) = await harness.outbox.claim(NOON + 600, 1)
    assert await mentions.claim(second_try, NOON + 600) is mentioned


FIVE = [[f"song-{command}-{number}" for number in range(5)] for command in range(30)]


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[SandboxSession]:
    """Yield a sandbox with 150 songs that have ended."""
    async with open_sandbox(tmp_path, rate_limit_speed=100) as sandbox:
        sandbox.relay.add(*(song(each, takes=1) for ids in FIVE for each in ids))
        sandbox.relay.clock.advance(10)
        yield sandbox


async def burst(sandbox: SandboxSession, user: User) -> list[str]:
    """Run thirty concurrent commands that watch five songs each; return the replies."""
    answers = await asyncio.gather(
        *(sandbox.command_answer("suno watch", user, id=" ".join(ids)) for ids in FIVE)
    )
    return [answer.content for answer in answers]


@pytest.mark.parametrize(("locale", "says"), [("en-US", "Try again <t:"), ("zh-CN", "请<t:")])
async def test_a_burst_of_commands_stays_within_the_channel_limit(
    sandbox: SandboxSession, locale: str, says: str
) -> None:
    """Thirty commands with five songs each cause twenty messages, and friendly replies."""
    member = sandbox.discord.add_user("Cleo", locale=locale)
    sandbox.guild.add_member(member)
    async with running_bot(sandbox, poll_requests_per_second=50):
        replies = await burst(sandbox, member)
        assert sum(says in text for text in replies) >= 25

        def posted() -> int:
            return sum(bool(sandbox.notices(each)) for ids in FIVE for each in ids)

        await sandbox.discord.wait_for(posted, 120, "the first notice")
        await sandbox.command_answer("suno status", id=FIVE[0][0])
        assert posted() <= 20


async def test_repeated_watching_and_unwatching_posts_few_cards(tmp_path: Path) -> None:
    """The watches are accepted, and the replies say that there is no card."""
    async with (
        open_sandbox(tmp_path, rate_limit_speed=100) as sandbox,
        running_bot(sandbox, poll_requests_per_second=999),
    ):
        sandbox.relay.add(song("running", takes=1000))
        replies = []
        for _ in range(30):
            replies.append((await sandbox.command_answer("suno watch", id="running")).content)
            await sandbox.discord.wait_for(
                lambda: "⏳" in replies[-1] or "Stop" in str(sandbox.cards()[-1:]),
                10,
                "the card",
            )
            await sandbox.command_answer("suno unwatch", id="running")
            await sandbox.discord.wait_for(
                lambda: "Stop" not in str([one.components for one in sandbox.cards()]),
                10,
                "its end",
            )
        assert all("Watching" in text for text in replies)
        assert "⏳" in replies[-1]
        assert len(sandbox.cards()) == 20


async def test_notices_of_songs_that_end_together_are_all_posted(tmp_path: Path) -> None:
    """The limit of the channel does not apply to them."""
    songs = [f"song-number-{number}" for number in range(30)]
    async with open_sandbox(tmp_path, rate_limit_speed=100) as sandbox:
        sandbox.relay.add(*(song(each, takes=100) for each in songs))
        async with running_bot(
            sandbox, messages_per_user=1, messages_per_channel=1, poll_requests_per_second=50
        ):
            for first in range(0, 30, 10):
                ten = " ".join(songs[first : first + 10])
                await sandbox.command_answer("suno watch", id=ten, together="separate")
            sandbox.relay.clock.advance(200)
            for task_id in songs:
                await sandbox.wait_for_notice(task_id)


async def test_a_burst_mentions_the_role_of_a_server_once(
    sandbox: SandboxSession, tmp_path: Path
) -> None:
    """A restart in between allows no second mention."""
    role = sandbox.guild.add_role("Listeners", mentionable=True)
    async with DatabaseThread(location(tmp_path / "suno.db")) as database:
        await ServerSettingsStore(database).change(
            sandbox.guild.id, mention=MentionSetting.ROLE, mention_role_id=role.id
        )
    for ids in FIVE[:2]:
        async with running_bot(sandbox):
            await sandbox.command_answer("suno watch", id=" ".join(ids), together="separate")
            for task_id in ids:
                await sandbox.wait_for_notice(task_id)
        await sandbox.discord.wait_until_disconnected()
    mentions = [one for one in sandbox.songs.messages if f"<@&{role.id}>" in one.content]
    assert len(mentions) == 1
