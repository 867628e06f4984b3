import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import discord
import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

from bot.client import request_trace
from bot.delivery.discord_traffic import RequestMonitor
from bot.delivery.dispatcher import OutboxDispatcher
from bot.delivery.error_policy import RetryPolicy
from bot.metrics import Metrics
from bot.relay.models import Task
from bot.storage.database import DatabaseThread
from bot.storage.delivery_rows import SHOWN_STATE
from bot.storage.models import Destination
from bot.storage.outbox import Outbox
from bot.storage.tasks import TaskStore
from sandbox.discord import Channel, LocalDiscord, Message, Request, User, saying
from sandbox.discord.permissions import NONE, Overwrite, Permission
from tests.support.builders import a_clip, a_song
from tests.support.delivery import a_dispatcher

POST = "POST /channels/{id}/messages"
POLICY = RetryPolicy(first_delay=1, max_delay=300, held_retry_interval=600, hold_after=86400)


@dataclass
class Post:
    """A courier between an outbox and a Discord, whose time is that of all three."""

    local: LocalDiscord
    channel: Channel
    outbox: Outbox
    store: TaskStore
    dispatcher: OutboxDispatcher
    client: discord.Client
    request_monitor: RequestMonitor

    @property
    def now(self) -> float:
        """The time (Unix seconds); it stands still until ``deliver`` moves it."""
        return self.local.clock.now()

    async def owe(self, task: Task, *users: int, channel: Channel | None = None) -> None:
        """Owe the notice of a finished task to people in a channel."""
        destination = channel or self.channel
        where = Destination(destination.id, destination.guild.id if destination.guild else None)
        known = replace(task)
        for user in users or (self.local.state.owner.id,):
            await self.store.add_watch(
                known, known=True, user_id=user, destination=where, now=self.now, deadline=60
            )
        await self.store.add_finished(
            known, user_id=(users or (1,))[0], destination=where, now=self.now
        )

    async def deliver(self, after: float = 0.0) -> list[Message]:
        """Let time pass, send what is due until nothing is, return what is in the channel."""
        self.local.clock.advance(after)
        while True:
            self.outbox.changed.clear()
            next_at = await self.dispatcher.tick()
            await self.dispatcher.finish()
            due = await self.outbox.next_at()
            if due is None or due > self.now:
                return self.channel.messages
            assert next_at is None or next_at <= self.now or self.outbox.changed.is_set()

    async def states(self) -> list[tuple[str, str | None]]:
        """Return the state and reason of every delivery, as people are told them."""
        rows = await self.outbox._database.read(
            f"SELECT {SHOWN_STATE} AS state, coalesce(b.reason, d.reason) AS why FROM deliveries d"  # noqa: S608 # names of ours
            " LEFT JOIN blocked_channels b ON b.channel_id = d.channel_id ORDER BY d.id",
            [],
        )
        return [(row["state"], row["why"]) for row in rows]


def a_client(request_monitor: RequestMonitor) -> discord.Client:
    """Return a client that reports its requests, as the bot does."""
    return discord.Client(
        intents=discord.Intents(guilds=True),
        guild_ready_timeout=0.01,
        http_trace=request_trace(request_monitor, Metrics()),
    )


@asynccontextmanager
async def connected(client: discord.Client, token: str) -> AsyncIterator[None]:
    """Log a client in, and keep it connected."""
    async with client:
        await client.login(token)
        connection = asyncio.create_task(client.connect())
        await client.wait_until_ready()
        yield
    await connection


@pytest.fixture
async def post(tmp_path: Path) -> AsyncIterator[Post]:
    """Return a courier with a client that is connected."""
    async with AsyncExitStack() as stack:
        local = await stack.enter_async_context(LocalDiscord(rate_limited=False))
        local.gateway.identify_limits.seconds = 0
        local.clock.stop()
        guild = local.add_guild("Song Club")
        channel = guild.add_channel("songs")
        database = await stack.enter_async_context(DatabaseThread(tmp_path / "suno.db"))
        DiscordWebSocket.DEFAULT_GATEWAY = URL(local.gateway_url)
        Route.BASE = local.api_url
        request_monitor = RequestMonitor()
        client = a_client(request_monitor)
        await stack.enter_async_context(connected(client, local.token))
        outbox = Outbox(database)
        store = TaskStore(database, outbox, "local")
        dispatcher = a_dispatcher(
            client, outbox, POLICY, clock=local.clock.now, request_monitor=request_monitor
        )
        yield Post(local, channel, outbox, store, dispatcher, client, request_monitor)


async def test_a_notice_mentions_exactly_those_who_watched(post: Post) -> None:
    """In one message, whatever the title says."""
    guild = post.channel.guild
    assert guild is not None
    people = [post.local.add_user(name) for name in ("Ada", "Bea", "Cleo")]
    for person in people:
        guild.add_member(person)
    title = f"@everyone {people[2].mention}"
    await post.owe(a_song(clips=(a_clip(title=title),)), people[0].id, people[1].id)
    (message,) = await post.deliver()
    assert message.pinged == {people[0].id, people[1].id}
    assert await post.states() == [("sent", None)]


async def test_a_song_comes_with_cover_links_and_lyrics(post: Post) -> None:
    """One embed a clip, each with its own cover and link, and the lyrics once."""
    second = a_clip(id="clip-2", audio_url="https://cdn1.suno.ai/clip-2.mp3")
    await post.owe(a_song(clips=(a_clip(), second)))
    (message,) = await post.deliver()
    assert {embed.get("url") for embed in message.embeds} >= {
        "https://cdn1.suno.ai/clip-1.mp3",
        "https://cdn1.suno.ai/clip-2.mp3",
    }
    assert message.embeds[0]["image"]["url"].endswith("image_clip-1.png")
    assert str(message.payload()).count("Paper boats on a rainy street") == 1
    urls = [button["url"] for row in message.components for button in row["components"]]
    assert "https://cdn1.suno.ai/clip-1.mp3" in urls


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 503},
        {"drop": True},
        {"status": 520, "html": True},
        {"retry_after": 0.01, "via": False},
        {"status": 403, "code": 20028},
        {"status": 403, "code": 20016},
        {"status": 400, "html": True},
        {"status": 403, "html": True},
        {"status": 404, "html": True},
        {"status": 405, "html": True},
        {"status": 413, "html": True},
        {"status": 401, "html": True},
        {"status": 404, "code": 0},
        {"status": 400, "code": 0},
        {"status": 400, "code": 130000},
    ],
    ids=str,
)
async def test_trouble_that_passes_delays_a_notice(post: Post, fault: dict[str, object]) -> None:
    """It is sent again with the same nonce, and arrives once."""
    post.local.faults.add(POST, times=1, **fault)  # type: ignore[arg-type]  # one row each
    await post.owe(a_song())
    await post.deliver()
    (message,) = await post.deliver(after=2)
    assert message.embeds[0]["image"]
    assert await post.states() == [("sent", None)]


async def test_a_message_that_was_taken_and_not_heard_of_is_not_repeated(post: Post) -> None:
    """The connection breaks after Discord posted it; the nonce settles it."""
    post.local.faults.add(POST, drop=True, when="after", times=1)
    await post.owe(a_song())
    assert len(await post.deliver()) == 1
    assert (await post.states())[0][0] == "due"
    assert len(await post.deliver(after=2)) == 1
    assert await post.states() == [("sent", None)]


async def test_a_message_that_was_deleted_before_its_repeat_counts_as_delivered(
    post: Post,
) -> None:
    """Discord answers 10008 to the nonce: people had it, and wanted it gone."""
    post.local.faults.add(POST, drop=True, when="after", times=1)
    await post.owe(a_song())
    (message,) = await post.deliver()
    post.local.delete_message(message)
    assert await post.deliver(after=2) == []
    assert await post.states() == [("sent", None)]


async def test_the_pause_between_tries_grows(post: Post) -> None:
    """And what cannot be delivered for a day is held, not tried every moment."""
    post.local.faults.add(POST, status=503, times=None)
    await post.owe(a_song())
    tries = []
    for _ in range(6):
        await post.deliver(after=max(0.0, (await post.outbox.next_at() or 0.0) - post.now))
        tries.append(post.now)
    pauses = [later - earlier for earlier, later in itertools.pairwise(tries)]
    assert pauses[-1] > pauses[0]
    await post.deliver(after=86400)
    assert (await post.states())[0][0] == "held"
    post.local.faults.clear()
    assert len(await post.deliver(after=600)) == 1


async def test_a_missing_permission_holds_a_notice_until_it_is_back(post: Post) -> None:
    """It is kept, asked about rarely, and then delivered by itself."""
    post.channel.deny("send_messages")
    await post.owe(a_song())
    await post.deliver()
    await post.deliver(after=10)  # the words about it go out
    assert (await post.states())[0][0] == "held"
    tries = len(post.local.requests)
    for _ in range(5):
        await post.deliver(after=100)
    assert len(post.local.requests) == tries
    post.channel.allow("send_messages")
    assert len(await post.deliver(after=100)) == 1


def a_member(post: Post, name: str = "Ada") -> User:
    """Return a member of the server."""
    guild = post.channel.guild
    assert guild is not None
    user = post.local.add_user(name)
    guild.add_member(user)
    return user


async def test_a_channel_that_is_gone_is_replaced_by_direct_messages(post: Post) -> None:
    """Each watcher gets the song alone, with a word why; the channel is not tried again."""
    ada, bea = a_member(post, "Ada"), a_member(post, "Bea")
    await post.owe(a_song(), ada.id, bea.id)
    post.channel.delete()
    await post.deliver()
    await post.deliver(after=99999)
    for person in (ada, bea):
        (message,) = post.local.open_dm(person).messages
        assert message.pinged == {person.id}
        assert post.channel.mention in message.content
        assert "https://cdn1.suno.ai/clip-1.mp3" in str(message.payload())
    assert [state for state, _ in await post.states()] == ["dropped", "sent", "sent"]
    posts = [r for r in post.local.requests if r.path.endswith(f"/{post.channel.id}/messages")]
    assert len(posts) == 1


async def test_a_person_who_takes_no_direct_messages_does_not_stop_the_others(post: Post) -> None:
    """Nor is that person tried again and again."""
    ada, bea = a_member(post, "Ada"), a_member(post, "Bea")
    ada.accepts_direct_messages = False
    await post.owe(a_song(), ada.id, bea.id)
    post.channel.delete()
    await post.deliver()
    await post.deliver(after=10)
    assert len(post.local.open_dm(bea).messages) == 1
    before = len(post.local.requests)
    await post.deliver(after=99999)
    assert len(post.local.requests) == before


@pytest.mark.parametrize(
    "fault",
    [{"status": 503}, {"status": 403, "html": True}, {"status": 403, "code": 40003}],
    ids=str,
)
async def test_trouble_while_a_direct_message_is_opened_loses_nothing(
    post: Post, fault: dict[str, object]
) -> None:
    """It is tried again later."""
    ada = a_member(post)
    await post.owe(a_song(), ada.id)
    post.channel.delete()
    post.local.faults.add("POST /users/@me/channels", times=1, **fault)  # type: ignore[arg-type]  # one row each
    await post.deliver()
    assert post.local.open_dm(ada).messages == []
    await post.deliver(after=60)
    assert len(post.local.open_dm(ada).messages) == 1


async def test_a_channel_that_the_bot_may_not_see_counts_as_gone(post: Post) -> None:
    """Discord calls that 50001: those who watched get their song directly."""
    ada = a_member(post)
    post.channel.deny("view_channel")
    await post.owe(a_song(), ada.id)
    await post.deliver()
    (message,) = post.local.open_dm(ada).messages
    assert "https://cdn1.suno.ai/clip-1.mp3" in str(message.payload())


async def test_who_waits_is_told_once_which_permission_is_missing(post: Post) -> None:
    """And in which channel, however many songs wait there; the songs come when it is back."""
    ada = a_member(post)
    post.channel.deny("send_messages")
    await post.owe(a_song("one"), ada.id)
    await post.owe(a_song("two"), ada.id)
    await post.deliver()
    await post.deliver(after=600)
    (word,) = post.local.open_dm(ada).messages
    assert "Send Messages" in word.content
    assert post.channel.mention in word.content
    post.channel.allow("send_messages")
    assert len(await post.deliver(after=600)) == 2
    assert len(post.local.open_dm(ada).messages) == 1


async def test_a_place_that_refuses_is_tried_once_in_ten_minutes(post: Post) -> None:
    """Not once for each message that is owed there."""
    post.channel.deny("send_messages")
    for number in range(5):
        await post.owe(a_song(f"song-{number}"))
    for _ in range(6):
        await post.deliver(after=100)
    tries = [r for r in post.local.requests if r.path.endswith(f"/{post.channel.id}/messages")]
    assert len(tries) <= 2


async def test_a_permission_that_is_back_is_noticed_at_once(post: Post) -> None:
    """By the event, without waiting for the next slow look."""
    post.channel.deny("send_messages")
    await post.owe(a_song())
    await post.deliver()
    guild = post.channel.guild
    assert guild is not None
    await post.dispatcher.channel_blocker.retry_unblocked(guild.id)
    assert await post.deliver() == []
    heard = asyncio.create_task(post.client.wait_for("guild_channel_update", timeout=5))
    await asyncio.sleep(0)
    post.channel.allow("send_messages")
    await heard
    await post.dispatcher.channel_blocker.retry_unblocked(guild.id)
    assert len(await post.deliver()) == 1


@pytest.mark.parametrize(("locked", "word"), [(False, "archived"), (True, "locked")])
async def test_a_closed_thread_holds_a_notice_with_its_reason(
    post: Post, locked: bool, word: str
) -> None:
    """The one who waits is told what has to be done."""
    guild = post.channel.guild
    assert guild is not None
    ada = a_member(post)
    thread = guild.add_thread(post.channel, "new songs")
    post.local.faults.add(POST, status=403, code=160005 if locked else 50083, times=1)
    await post.owe(a_song(), ada.id, channel=thread)
    await post.deliver()
    assert word in post.local.open_dm(ada).messages[0].content
    await post.deliver(after=600)
    assert len(thread.messages) == 1


async def test_a_message_refused_for_its_content_is_sent_simpler(post: Post) -> None:
    """The song arrives all the same: first without pictures and buttons, then as plain text."""
    post.local.faults.add(POST, status=400, code=50035, times=1)
    await post.owe(a_song())
    (message,) = await post.deliver()
    assert message.embeds
    assert "image" not in message.embeds[0]
    post.local.faults.add(POST, status=400, code=50035, times=2)
    await post.owe(a_song("second"))
    message = (await post.deliver())[-1]
    assert message.embeds == []
    assert "https://cdn1.suno.ai/clip-1.mp3" in message.content


async def test_without_embed_links_the_song_comes_as_text(post: Post) -> None:
    """Discord drops the embeds in silence; the links and the lyrics must not go with them."""
    post.channel.deny("embed_links")
    await post.owe(a_song())
    (message,) = await post.deliver()
    assert message.embeds == []
    assert "https://cdn1.suno.ai/clip-1.mp3" in message.content
    assert "Paper boats" in message.content


async def test_a_notice_reaches_a_direct_message_that_no_cache_knows(post: Post) -> None:
    """After a restart nothing but the id of the channel is known."""
    ada = post.local.add_user("Ada")
    guild = post.channel.guild
    assert guild is not None
    guild.add_member(ada)
    direct = post.local.open_dm(ada)
    await post.owe(a_song(), ada.id, channel=direct)
    await post.deliver()
    (message,) = direct.messages
    assert message.pinged == {ada.id}


async def test_one_channel_that_refuses_holds_up_no_other(post: Post) -> None:
    """The one behind it is served in the same round."""
    guild = post.channel.guild
    assert guild is not None
    other = guild.add_channel("other")
    post.channel.deny("send_messages")
    await post.owe(a_song("one"))
    await post.owe(a_song("two"), channel=other)
    await post.deliver()
    assert len(other.messages) == 1


async def test_the_order_in_a_channel_is_kept_through_trouble(post: Post) -> None:
    """The second song waits for the first."""
    post.local.faults.add(POST, status=503, times=1)
    await post.owe(a_song("first-song"))
    await post.owe(a_song("second-song"))
    assert await post.deliver() == []
    messages = await post.deliver(after=2)
    assert ["first-song" in str(message.payload()) for message in messages] == [True, False]


async def test_what_was_under_way_at_a_kill_is_taken_up_again(post: Post) -> None:
    """A claimed delivery of a process that died is not forgotten."""
    await post.owe(a_song())
    assert len(await post.outbox.claim(post.now, 10)) == 1
    assert await post.states() == [("sending", None)]
    assert len(await post.deliver()) == 1


async def taken_but_unheard(post: Post) -> Message:
    """Let Discord take a message whose acknowledgement is lost, and its nonce window pass."""
    post.local.faults.add(POST, drop=True, when="after", times=1)
    await post.owe(a_song())
    (message,) = await post.deliver()
    post.local.clock.advance(3600)
    return message


async def test_a_doubt_older_than_the_nonce_is_settled_by_reading_the_channel(post: Post) -> None:
    """The message is there: it is found by its marker, and not repeated."""
    message = await taken_but_unheard(post)
    assert await post.deliver() == [message]
    assert await post.states() == [("sent", None)]


async def test_a_nonce_is_relied_on_for_less_than_a_minute(post: Post) -> None:
    """Discord may forget it after that; until then, a try may still begin requests."""
    post.local.nonce_window = 60
    post.local.faults.add(POST, drop=True, when="after", times=1)
    await post.owe(a_song())
    (message,) = await post.deliver()
    assert await post.deliver(after=61) == [message]
    assert POLICY.nonce_window + POLICY.attempt_timeout < 60


async def test_a_doubt_is_settled_although_our_clock_is_ahead_of_discords(post: Post) -> None:
    """The channel is read from the doubtful moment on, as Discord's clock has it."""
    ahead = a_dispatcher(
        post.client,
        post.outbox,
        POLICY,
        clock=lambda: post.local.clock.now() + 7200,
        request_monitor=post.request_monitor,
    )
    post.local.faults.add(POST, drop=True, when="after", times=1)
    await post.owe(a_song())
    await ahead.tick()
    await ahead.finish()
    (message,) = post.channel.messages
    post.local.clock.advance(3600)
    await ahead.tick()
    await ahead.finish()
    assert post.channel.messages == [message]
    assert await post.states() == [("sent", None)]


async def test_a_message_that_the_channel_does_not_hold_is_sent(post: Post) -> None:
    """The doubt was unfounded; what is sent does not speak of a repeat."""
    post.local.faults.add(POST, drop=True, times=1)
    await post.owe(a_song())
    assert await post.deliver() == []
    (message,) = await post.deliver(after=3600)
    assert "twice" not in message.content


@pytest.mark.parametrize(
    ("refusal", "waits"),
    [
        ({"status": 403, "code": 50013}, 600),
        ({"status": 400, "code": 50035}, 0),
        ({"status": 401}, 300),
    ],
    ids=str,
)
async def test_an_error_settles_nothing_about_an_earlier_request_of_the_same_try(
    post: Post, refusal: dict[str, Any], waits: float
) -> None:
    """discord.py repeats a 500 by itself: Discord took that one, and refused only the repeat."""
    post.local.faults.add(POST, status=500, when="after", times=1)
    post.local.faults.add(POST, times=1, **refusal)
    await post.owe(a_song())
    (message,) = await post.deliver()
    assert await post.deliver(after=waits) == [message]
    post.local.clock.advance(3600)
    assert await post.deliver() == [message]
    assert (await post.states())[0] == ("sent", None)


@pytest.mark.parametrize(
    ("refusal", "times"),
    [
        ({"retry_after": 0.01}, 5),  # discord.py tries so often by itself
        ({"retry_after": 0.01, "via": False}, 1),
        ({"status": 401}, 1),
    ],
    ids=str,
)
async def test_what_was_refused_for_sure_leaves_no_doubt(
    post: Post, refusal: dict[str, Any], times: int
) -> None:
    """However long the wait was after it: the next try does not speak of a repeat."""
    post.channel.deny("read_message_history")
    post.local.faults.add(POST, times=times, **refusal)
    await post.owe(a_song())
    assert await post.deliver() == []
    (message,) = await post.deliver(after=3600)
    assert "twice" not in message.content


async def test_where_the_channel_may_not_be_read_a_repeat_is_better_than_a_loss(
    post: Post,
) -> None:
    """And it says that it may be one."""
    first = await taken_but_unheard(post)
    post.channel.deny("read_message_history")
    messages = await post.deliver()
    assert messages[0] is first
    assert "twice" in messages[1].content
    assert await post.states() == [("sent", None)]


async def test_an_empty_history_settles_nothing_where_the_bot_may_not_read_it_any_more(
    post: Post,
) -> None:
    """Also while the gateway has not told yet that the permission was taken away."""
    first = await taken_but_unheard(post)
    overwrite = post.channel.overwrites.setdefault(post.channel.shared.bot.id, Overwrite())
    overwrite.change(allow=NONE, deny=Permission.READ_MESSAGE_HISTORY)
    messages = await post.deliver()
    assert messages[0] is first
    assert "twice" in messages[1].content
    assert await post.states() == [("sent", None)]


async def test_a_doubt_in_a_direct_message_is_settled_by_reading_it(post: Post) -> None:
    """A direct message can always be read."""
    ada = post.local.add_user("Ada")
    guild = post.channel.guild
    assert guild is not None
    guild.add_member(ada)
    direct = post.local.open_dm(ada)
    post.local.faults.add(POST, drop=True, when="after", times=1)
    await post.owe(a_song(), ada.id, channel=direct)
    await post.deliver()
    await post.deliver(after=3600)
    assert len(direct.messages) == 1
    assert await post.states() == [("sent", None)]


async def test_the_notice_of_an_earlier_watch_is_no_evidence_for_a_later_one(post: Post) -> None:
    """The same song, watched twice in one channel, is owed two messages."""
    await post.owe(a_song())
    (first,) = await post.deliver()
    post.local.clock.advance(900)
    post.local.faults.add(POST, drop=True, times=1)
    await post.owe(a_song())
    await post.deliver()
    messages = await post.deliver(after=3600)
    assert messages[0] is first
    assert len(messages) == 2


async def test_the_notice_of_a_song_of_the_same_title_is_no_evidence(post: Post) -> None:
    """Not even when a moderator has taken its embeds away, so that only its sentence is left."""
    await post.owe(a_song("first-song"))
    (first,) = await post.deliver()
    first.embeds = []
    post.local.faults.add(POST, drop=True, times=1)
    await post.owe(a_song("second-song"))
    await post.deliver()
    messages = await post.deliver(after=3600)
    assert messages[0] is first
    assert "second-song" in str(messages[1].payload())


@pytest.mark.parametrize(("status", "code"), [(403, 50013), (400, 50083), (404, 10003)])
async def test_an_edit_that_is_refused_does_not_make_a_second_message(
    post: Post, status: int, code: int
) -> None:
    """The message is posted; that its embeds cannot be written out changes nothing about that."""
    post.channel.deny("embed_links")
    post.local.faults.add("PATCH /channels/{id}/messages/{message}", status=status, code=code)
    await post.owe(a_song())
    await post.deliver()
    assert len(await post.deliver(after=99999)) == 1
    assert await post.states() == [("sent", None)]


async def test_a_song_whose_texts_may_not_be_written_out_can_be_asked_for(post: Post) -> None:
    """The embeds were dropped, and AutoMod refuses their words: the message names the id."""
    post.channel.deny("embed_links")
    edit, moderated = "PATCH /channels/{id}/messages/{message}", saying("clip-1.mp3")
    post.local.faults.add(edit, status=400, code=200000, where=moderated, times=None)
    await post.owe(a_song())
    (message,) = await post.deliver()
    assert "♪ song" in message.content
    assert "/suno status" in message.content
    assert await post.deliver(after=99999) == [message]
    assert await post.states() == [("sent", None)]


async def test_a_person_who_quotes_the_marker_does_not_stop_a_notice(post: Post) -> None:
    """Only the bot's own messages count."""
    guild = post.channel.guild
    assert guild is not None
    ada = post.local.add_user("Ada")
    guild.add_member(ada)
    post.local.faults.add(POST, drop=True, times=1)
    await post.owe(a_song())
    await post.deliver()
    post.local.say(ada, post.channel, "-# `♪ song · clip-1`")
    assert len(await post.deliver(after=3600)) == 2


async def test_a_doubt_waits_until_it_is_known_what_may_be_read(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new session knows nothing of a server at first: that is no reason to call it closed."""
    guild = post.channel.guild
    assert guild is not None
    monkeypatch.setattr(post.client, "before_identify_hook", at_once)
    post.local.faults.add(POST, drop=True, times=1)
    await post.owe(a_song())
    guild.go_down()
    async with hearing(post, "ready"):
        await post.local.invalidate_sessions()
    await post.deliver()
    assert await post.deliver(after=3600) == []
    async with hearing(post, "guild_available"):
        guild.come_back()
    (message,) = await post.deliver(after=600)
    assert "twice" not in message.content


async def test_a_try_ends_before_discord_forgets_its_nonce(post: Post) -> None:
    """What discord.py does again by itself, later than that, would be a second message."""
    post.dispatcher = a_dispatcher(
        post.client, post.outbox, replace(POLICY, attempt_timeout=0.3), clock=post.local.clock.now
    )
    fault = post.local.faults.add(POST, status=500, when="after", times=1)
    await post.owe(a_song())
    await post.dispatcher.tick()
    await post.local.wait_for(lambda: fault.hits)
    post.local.clock.advance(3600)
    await post.dispatcher.finish()
    assert len(await post.deliver(after=2)) == 1
    assert await post.states() == [("sent", None)]


async def test_a_message_that_lost_its_embeds_unheard_is_found_and_written_out(post: Post) -> None:
    """It bears no marker then; it is known by what it says, and gets its links all the same."""
    post.channel.deny("embed_links")
    message = await taken_but_unheard(post)
    assert "clip-1.mp3" not in message.content
    assert await post.deliver() == [message]
    assert "https://cdn1.suno.ai/clip-1.mp3" in message.content
    assert await post.states() == [("sent", None)]


async def test_a_direct_message_for_what_may_have_been_posted_says_so(post: Post) -> None:
    """The channel took the message, unheard, and is gone now: nobody can look there any more."""
    ada = a_member(post)
    post.local.faults.add(POST, drop=True, when="after", times=1)
    await post.owe(a_song(), ada.id)
    await post.deliver()
    post.channel.deny("view_channel")
    await post.deliver(after=2)
    (direct,) = post.local.open_dm(ada).messages
    assert "twice" in direct.content


async def test_who_wanted_no_mention_is_told_directly_all_the_same(post: Post) -> None:
    """The place is gone: without a direct message, the person would never hear of it."""
    ada = a_member(post)
    guild = post.channel.guild
    assert guild is not None
    destination = Destination(post.channel.id, guild.id)
    await post.store.add_finished(
        a_song(), user_id=ada.id, destination=destination, now=post.now, mention=False
    )
    post.channel.delete()
    await post.deliver()
    assert len(post.local.open_dm(ada).messages) == 1


async def test_a_direct_message_for_what_was_surely_not_posted_claims_no_repeat(post: Post) -> None:
    """The channel was gone at the first try."""
    ada = a_member(post)
    await post.owe(a_song(), ada.id)
    post.channel.delete()
    await post.deliver()
    (direct,) = post.local.open_dm(ada).messages
    assert "twice" not in direct.content


async def at_once(*_: object, **__: object) -> None:
    """Begin a new session without the five seconds that discord.py waits before it."""


@asynccontextmanager
async def hearing(post: Post, event: str) -> AsyncIterator[None]:
    """Do something of which the gateway tells, and wait until the bot has heard it."""
    heard = asyncio.create_task(post.client.wait_for(event, timeout=5))
    await asyncio.sleep(0)
    yield
    await heard


async def refused(post: Post, status: int, code: int) -> User:
    """Let Discord refuse the first post of a song that somebody waits for; return who waits."""
    ada = a_member(post)
    post.local.faults.add(POST, status=status, code=code, times=1)
    await post.owe(a_song(), ada.id)
    await post.deliver()
    return ada


@pytest.mark.parametrize(
    ("status", "code"),
    [
        *((404, code) for code in (10003, 10004, 10013, 10015)),
        *((403, code) for code in (50001, 50007, 50278)),
    ],
)
async def test_a_code_for_a_place_that_is_gone_turns_to_the_person(
    post: Post, status: int, code: int
) -> None:
    """And the place is not tried again."""
    ada = await refused(post, status, code)
    await post.deliver(after=99999)
    assert len(post.local.open_dm(ada).messages) == 1
    assert post.channel.messages == []
    assert await post.states() == [("dropped", f"{status}/{code}"), ("sent", None)]


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [(403, 50013, "cannot post"), (400, 160005, "locked"), (400, 50083, "archived")],
)
async def test_a_code_for_what_people_can_mend_parks_the_message(
    post: Post, status: int, code: int, told: str
) -> None:
    """Whoever waits is told what is missing; it goes on by itself when that has changed."""
    ada = await refused(post, status, code)
    assert [state for state, _ in await post.states()] == ["held", "sent"]
    assert told in post.local.open_dm(ada).messages[0].content
    assert len(await post.deliver(after=600)) == 1


@pytest.mark.parametrize(
    ("status", "code"), [(400, 50035), (400, 50006), (413, 40005), (400, 200000), (400, 240000)]
)
async def test_a_code_for_the_content_sends_it_simpler_at_once(
    post: Post, status: int, code: int
) -> None:
    """Nobody has to wait for it, and the link is there."""
    await refused(post, status, code)
    (message,) = post.channel.messages
    assert "https://cdn1.suno.ai/clip-1.mp3" in message.content
    assert message.components == []


@pytest.mark.parametrize(("status", "code"), [(400, 40060), (404, 10008)])
async def test_a_code_for_what_was_done_before_ends_it(post: Post, status: int, code: int) -> None:
    """It counts as posted; nothing is tried again."""
    await refused(post, status, code)
    await post.deliver(after=99999)
    assert await post.states() == [("sent", None)]
    assert post.channel.messages == []


async def test_a_401_keeps_the_message_and_asks_for_a_check_of_the_token(post: Post) -> None:
    """It is tried again like after any trouble: the check tells whether that is in vain."""
    post.local.faults.add(POST, status=401, times=1)
    await post.owe(a_song())
    assert await post.deliver() == []
    assert post.dispatcher.token_refused.is_set()
    assert len(await post.deliver(after=2)) == 1


@pytest.mark.parametrize(
    "trouble",
    [
        {"retry_after": 1.5, "via": False},
        {"status": 503},
        {"status": 503, "code": 130000},
        {"retry_after": 1.5, "code": 20028, "via": False},
        {"retry_after": 1.5, "code": 20029, "via": False},
        {"drop": True},
        {"drop": True, "when": "after"},
        {"status": 503, "when": "after"},
    ],
    ids=lambda trouble: " ".join(map(str, trouble.values())),
)
async def test_trouble_that_passes_is_met_with_the_same_message_again(
    post: Post, trouble: dict[str, Any]
) -> None:
    """The nonce is the same, so that one that was taken unheard is not posted twice."""
    post.local.faults.add(POST, times=1, **trouble)
    await post.owe(a_song())
    await post.deliver()
    (before, *_) = await post.states()
    assert before[0] == "due"
    (message,) = await post.deliver(after=2)
    assert "twice" not in message.content
    assert await post.states() == [("sent", None)]
    assert len(posts(post)) == 2


def posts(post: Post) -> list[Request]:
    """Return what was sent to the channel."""
    path = f"/channels/{post.channel.id}/messages"
    return [one for one in post.local.requests if (one.method, one.path) == ("POST", path)]


async def test_a_doubt_in_an_archived_thread_is_settled_by_reading_it(post: Post) -> None:
    """The gateway does not speak of such threads: the parent tells whether it can be read."""
    guild = post.channel.guild
    assert guild is not None
    thread = guild.add_thread(post.channel, "new songs")
    thread.archive()
    gone = asyncio.create_task(post.client.wait_for("raw_thread_update", timeout=5))
    await asyncio.wait({gone}, timeout=1)
    post.local.faults.add(POST, drop=True, times=1)
    await post.owe(a_song(), channel=thread)
    await post.deliver()
    post.local.clock.advance(3600)
    await post.deliver()
    (message,) = thread.messages
    assert "twice" not in message.content


async def test_a_crowd_of_notices_is_told_from_a_few(post: Post) -> None:
    """What can wait does then: whoever posts something else asks before."""
    guild = post.channel.guild
    assert guild is not None
    post.local.faults.add(POST, delay=60.0, times=None)
    impatient = replace(POLICY, shutdown_timeout=0.0)
    dispatcher = a_dispatcher(post.client, post.outbox, impatient, clock=post.local.clock.now)
    for number in range(POLICY.max_concurrent // 4):
        await post.owe(a_song(f"song-{number}"), channel=guild.add_channel(f"songs-{number}"))
    await dispatcher.tick()
    few = dispatcher.busy
    await post.owe(a_song("one-more"))
    await dispatcher.tick()
    crowd = dispatcher.busy
    await dispatcher.finish()
    assert (few, crowd, dispatcher.busy) == (False, True, False)
