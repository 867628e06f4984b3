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
from bot.storage.models import Delivery, Destination, EndReason, MentionSetting, PollResult
from bot.storage.outbox import Outbox
from bot.storage.retention import Retention
from bot.storage.server_settings import ServerSettingsStore
from bot.storage.tasks import TaskStore
from sandbox.discord import User
from sandbox.relay import song
from tests.support.builders import HERE, NOON, a_running_task, a_song
from tests.support.sandbox_session import SandboxSession, open_sandbox, running_bot

ADA, BEA = 123456789012345678, 2
THERE = Destination(channel_id=501, guild_id=50)
LIMITS = WatchLimits(watches_per_user=100, messages_per_user=4, messages_per_channel=3)


class LimitHarness:
    """A database, and people who ask for messages."""

    def __init__(self, database: DatabaseThread) -> None:
        self.database = database
        self.outbox = Outbox(database)
        self.store = TaskStore(database, self.outbox, "deerapi", LIMITS)
        self.cards = LiveCards(database, "deerapi", LIMITS)
        self.now = NOON

    async def finished(
        self, task_id: str, user_id: int = ADA, destination: Destination = HERE
    ) -> None:
        """Ask for the notice of a song that has ended."""
        await self.store.add_finished(
            a_song(task_id), user_id=user_id, destination=destination, now=self.now, mention=True
        )

    async def watch(
        self,
        task_id: str,
        user_id: int = ADA,
        destination: Destination = HERE,
        *,
        known: bool = True,
    ) -> None:
        """Watch a song, by default one of which the relay says that it runs."""
        await self.store.add_watch(
            a_running_task(task_id),
            known=known,
            user_id=user_id,
            destination=destination,
            now=self.now,
            deadline=3600,
        )

    async def card(self, task_id: str, user_id: int = ADA, destination: Destination = HERE) -> None:
        """Open a card for a song."""
        await self.cards.create(destination, [task_id], self.now, user_id=user_id)

    async def end(self, *task_ids: str) -> None:
        """Let songs end."""
        ends = [
            PollResult(each, self.now, a_song(each), end_reason=EndReason.FINISHED)
            for each in task_ids
        ]
        await self.store.record(ends, self.now)

    async def owed(self) -> int:
        """Return how many messages are owed."""
        (row,) = await self.database.read("SELECT count(*) AS n FROM deliveries", [])
        return int(row["n"])

    async def counted(self) -> int:
        """Return how many messages count still."""
        (row,) = await self.database.read("SELECT count(*) AS n FROM requested_messages", [])
        return int(row["n"])

    async def delivery(self, task_id: str, destination: Destination = HERE) -> Delivery:
        """Ask for the notice of a song, and take it to send it."""
        await self.store.add_finished(
            a_song(task_id), user_id=1, destination=destination, now=self.now
        )
        (delivery,) = await self.outbox.claim(self.now, 1)
        return delivery


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[LimitHarness]:
    """Return an empty database."""
    async with DatabaseThread(tmp_path / "suno.db") as database:
        yield LimitHarness(database)


async def test_a_person_may_ask_for_so_many_messages_in_an_hour(harness: LimitHarness) -> None:
    """In all places together; the refusal says when there is room again, and there is."""
    for number in range(4):
        harness.now = NOON + 600 * number
        await harness.finished(f"song-{number}", destination=(HERE, THERE)[number % 2])
    with pytest.raises(TooManyMessages) as refused:
        await harness.finished("one more")
    assert refused.value.until.timestamp() == NOON + 3600
    assert await harness.owed() == 4
    await harness.finished("one more", BEA)
    harness.now = refused.value.until.timestamp()
    await harness.finished("one more", destination=THERE)


async def test_a_channel_takes_so_many_messages_in_a_minute(harness: LimitHarness) -> None:
    """From all people together; another channel has room."""
    for number in range(3):
        harness.now = NOON + number
        await harness.finished(f"song-{number}", user_id=number)
    with pytest.raises(ChannelTooBusy) as refused:
        await harness.finished("one more", user_id=9)
    assert refused.value.until.timestamp() == NOON + 60
    await harness.finished("one more", user_id=9, destination=THERE)
    harness.now = NOON + 60
    await harness.finished("one more", user_id=9)


async def test_cards_and_notices_are_counted_together(harness: LimitHarness) -> None:
    """A card that is refused leaves the watch as it is; a card that is there costs nothing."""
    await harness.watch("running")
    await harness.card("running")
    await harness.finished("a")
    await harness.finished("b")
    await harness.watch("another")
    with pytest.raises(ChannelTooBusy):
        await harness.card("another")
    await harness.watch("running", BEA)
    await harness.card("running", BEA)
    assert len(await harness.store.watches_of(ADA)) == 2


async def test_a_refused_card_lets_the_others_show_the_new_watcher(harness: LimitHarness) -> None:
    """Of two tasks, one is on a card already: that one is shown anew."""
    await harness.watch("running")
    await harness.card("running")
    (before,) = await harness.cards.claim(NOON, 9)
    await harness.cards.acknowledge(before, 1, content_digest="as it was")
    for number in range(2):
        await harness.finished(f"song-{number}", BEA)
    await harness.watch("running", BEA)
    await harness.watch("another", BEA)
    with pytest.raises(ChannelTooBusy):
        await harness.cards.create(HERE, ["running", "another"], NOON + 9, user_id=BEA)
    assert len(await harness.cards.due_for_update(NOON + 9, min_interval=5, limit=9)) == 1


async def test_the_notices_of_what_runs_are_owed_however_many_end_at_once(
    harness: LimitHarness,
) -> None:
    """They count for nothing, and neither a person nor a channel that is full keeps them back."""
    for number in range(3):
        await harness.finished(f"finished-{number}")
    songs = [f"song-{number}" for number in range(50)]
    for task_id in songs:
        await harness.watch(task_id)
    await harness.end(*songs)
    assert await harness.owed() == 3 + 50
    assert await harness.counted() == 3


async def test_messages_that_are_asked_for_at_once_exceed_no_limit(harness: LimitHarness) -> None:
    """One after the other finds what those before it have left."""
    tries = (harness.finished(f"song-{number}") for number in range(30))
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert results.count(None) == 3
    assert sum(isinstance(each, ChannelTooBusy) for each in results) == 27
    assert await harness.owed() == 3


async def test_a_restart_gets_round_no_limit(tmp_path: Path) -> None:
    """What counts is in the database."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(DatabaseThread(tmp_path / "suno.db"))
        for number in range(3):
            await LimitHarness(database).finished(f"song-{number}")
    async with DatabaseThread(tmp_path / "suno.db") as database:
        with pytest.raises(ChannelTooBusy):
            await LimitHarness(database).finished("one more")


async def test_being_forgotten_gets_round_no_limit_and_leaves_no_id(
    harness: LimitHarness, tmp_path: Path
) -> None:
    """What is counted stands for the person in this database, and is gone after an hour."""
    for number in range(4):
        harness.now = NOON + 60 * number
        await harness.finished(f"song-{number}")
    await Erasure(harness.database).erase_user(ADA, None, harness.now)
    with closing(sqlite3.connect(tmp_path / "suno.db")) as connection:
        assert str(ADA) not in "\n".join(connection.iterdump())
    with pytest.raises(TooManyMessages):
        await harness.finished("one more", destination=THERE)
    await Retention(harness.database).prune(harness.now + 3600)
    assert await harness.counted() == 0


async def test_nothing_is_counted_of_a_server_that_is_gone(harness: LimitHarness) -> None:
    """It is deleted with all that belongs to the server."""
    await harness.finished("song")
    await Erasure(harness.database).erase_server(50)
    assert await harness.counted() == 0


async def test_a_person_may_ask_for_no_more_in_a_minute_than_a_channel_takes(
    harness: LimitHarness,
) -> None:
    """Also in several channels, and where the relay could not be asked."""
    await harness.finished("a")
    await harness.finished("b", destination=THERE)
    await harness.watch("c", known=False)
    with pytest.raises(TooManyMessages) as refused:
        await harness.watch("d", destination=Destination(502, 50), known=False)
    assert refused.value.until.timestamp() == NOON + 60
    await harness.watch("d", BEA, known=False)


async def test_a_watch_of_what_may_have_ended_counts_as_a_message(harness: LimitHarness) -> None:
    """Where the relay could not be asked, its notice may come at once; no channel refuses it."""
    for number in range(4):
        harness.now = NOON + 60 * number
        await harness.watch(f"song-{number}", known=False)
    with pytest.raises(TooManyMessages) as refused:
        await harness.watch("one more", known=False)
    assert not isinstance(refused.value, ChannelTooBusy)
    await harness.watch("one more")
    assert len(await harness.store.watches_of(ADA)) == 5


async def test_a_task_that_ends_again_and_again_counts_each_time(harness: LimitHarness) -> None:
    """A relay may say of a task that it runs, each time that somebody asks."""
    for number in range(5):
        await harness.watch("song")
        await harness.end("song")
        (delivery,) = await harness.outbox.claim(harness.now, 1)
        await harness.outbox.acknowledge(delivery, message_id=number, now=harness.now)
        harness.now += 601  # until then, who asks is shown the message
    with pytest.raises(TooManyMessages):
        await harness.watch("song")


async def test_who_waits_with_others_asks_for_no_message(harness: LimitHarness) -> None:
    """One message tells them all: joining a watch, or a notice that is owed, is free."""
    for number in range(2):
        await harness.finished(f"song-{number}")
        await harness.finished(f"song-{number}", BEA)
    await harness.watch("unheard", known=False)
    await harness.watch("unheard", BEA, known=False)
    await harness.finished("unheard", 3)
    assert await harness.counted() == 3


async def test_a_clock_that_is_set_back_locks_nobody_out(harness: LimitHarness) -> None:
    """What was counted in an hour that comes again counts no more."""
    for number in range(3):
        await harness.finished(f"song-{number}")
    harness.now = NOON - 7200
    await harness.finished("one more")
    assert await harness.counted() == 1


async def test_a_role_is_mentioned_once_a_minute_in_a_channel(harness: LimitHarness) -> None:
    """The next message comes without; another channel, and the next minute, have one each."""
    mentions = harness.outbox.role_mentions
    first = await harness.delivery("first")
    assert await mentions.claim(first, NOON)
    await harness.outbox.acknowledge(first, message_id=1, now=NOON)
    second = await harness.delivery("second")
    assert not await mentions.claim(second, NOON + 59)
    assert await mentions.claim(await harness.delivery("there", THERE), NOON + 59)
    assert await mentions.claim(second, NOON + 60)


@pytest.mark.parametrize("mentioned", [True, False])
async def test_a_repeat_mentions_the_role_as_the_first_try_did(
    harness: LimitHarness, mentioned: bool
) -> None:
    """Discord may have taken that: it has to be found by its text."""
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
    """Watch five songs with each of thirty commands, all at once; return the answers."""
    answers = await asyncio.gather(
        *(sandbox.command_answer("suno watch", user, id=" ".join(ids)) for ids in FIVE)
    )
    return [answer.content for answer in answers]


@pytest.mark.parametrize(
    ("locale", "says"), [("en-US", "Please try again <t:"), ("zh-CN", "请<t:")]
)
async def test_a_burst_of_commands_fills_no_channel(
    sandbox: SandboxSession, locale: str, says: str
) -> None:
    """Thirty commands with five songs each bring twenty messages, and friendly answers."""
    member = sandbox.discord.add_user("Cleo", locale=locale)
    sandbox.guild.add_member(member)
    async with running_bot(sandbox, poll_requests_per_second=50):
        said = await burst(sandbox, member)
        assert sum(says in text for text in said) >= 25

        def posted() -> int:
            return sum(bool(sandbox.notices(each)) for ids in FIVE for each in ids)

        await sandbox.discord.wait_for(posted, 20, "the first notice")
        await sandbox.command_answer("suno status", id=FIVE[0][0])
        assert posted() <= 20


async def test_to_watch_and_to_stop_again_and_again_brings_few_cards(tmp_path: Path) -> None:
    """The watch is taken all the same, and the answer says that there is no card."""
    async with (
        open_sandbox(tmp_path, rate_limit_speed=100) as sandbox,
        running_bot(sandbox, poll_requests_per_second=999),
    ):
        sandbox.relay.add(song("running", takes=1000))
        said = []
        for _ in range(30):
            said.append((await sandbox.command_answer("suno watch", id="running")).content)
            await sandbox.discord.wait_for(
                lambda: "no card" in said[-1] or "Stop" in str(sandbox.cards()[-1:]), 10, "the card"
            )
            await sandbox.command_answer("suno unwatch", id="running")
            await sandbox.discord.wait_for(
                lambda: "Stop" not in str([one.components for one in sandbox.cards()]),
                10,
                "its end",
            )
        assert all("Watching" in text for text in said)
        assert "I post no card this time; the next one can come <t:" in said[-1]
        assert len(sandbox.cards()) == 20


async def test_songs_that_end_in_the_same_minute_are_all_told(tmp_path: Path) -> None:
    """However little may be asked for in a channel."""
    songs = [f"song-number-{number}" for number in range(30)]
    async with open_sandbox(tmp_path, rate_limit_speed=100) as sandbox:
        sandbox.relay.add(*(song(each, takes=100) for each in songs))
        async with running_bot(
            sandbox, messages_per_user=1, messages_per_channel=1, poll_requests_per_second=50
        ):
            for first in range(0, 30, 10):
                await sandbox.command_answer("suno watch", id=" ".join(songs[first : first + 10]))
            sandbox.relay.clock.advance(200)
            for task_id in songs:
                await sandbox.wait_for_notice(task_id)


async def test_a_burst_mentions_the_role_of_a_server_once(
    sandbox: SandboxSession, tmp_path: Path
) -> None:
    """Also with a new start in between."""
    role = sandbox.guild.add_role("Listeners", mentionable=True)
    async with DatabaseThread(tmp_path / "suno.db") as database:
        await ServerSettingsStore(database).change(
            sandbox.guild.id, mention=MentionSetting.ROLE, mention_role_id=role.id
        )
    for ids in FIVE[:2]:
        async with running_bot(sandbox):
            await sandbox.command_answer("suno watch", id=" ".join(ids))
            for task_id in ids:
                await sandbox.wait_for_notice(task_id)
        await sandbox.discord.wait_until_disconnected()
    mentions = [one for one in sandbox.songs.messages if f"<@&{role.id}>" in one.content]
    assert len(mentions) == 1
