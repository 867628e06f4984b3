"""A card is claimed, posted and noted like a notice; whatever happens meanwhile, it comes right."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

import discord
import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

from bot.delivery.discord_requests import RequestMonitor
from bot.delivery.error_policy import NONCE_WINDOW
from bot.delivery.live_card_updater import MAX_ATTEMPTS, LiveCardTiming, LiveCardUpdater
from bot.relay.models import Task
from bot.storage.database import DatabaseThread
from bot.storage.erasure import Erasure
from bot.storage.live_cards import LONGEST_PAUSE, LiveCards
from bot.storage.models import Destination, EndReason, PollResult
from bot.storage.outbox import Outbox
from bot.storage.tasks import TaskStore
from bot.storage.watches import NoticeStates
from bot.watches.direct_message_watches import DirectMessageWatches
from sandbox.discord import Channel, Guild, LocalDiscord, Message, body_contains
from tests.support.builders import a_clip, a_failure, a_running_task, a_song
from tests.support.delivery import a_live_card_updater
from tests.support.dispatcher_harness import POST, connected, traced_client
from tests.support.paths import SCHEMAS
from tests.support.released_schema import RELAY, SERVER, SONGS, build, move

PATCH = "PATCH /channels/{id}/messages/{message}"
ADA = 1
NOON = 1_700_000_000.0


@dataclass
class LiveCardHarness:
    """An updater of live cards, its database and its Discord, with one clock for all."""

    local: LocalDiscord
    guild: Guild
    songs: Channel
    client: discord.Client
    database: DatabaseThread
    request_monitor: RequestMonitor
    setback: float = 0.0
    """Seconds by which the bot's own clock was set back."""
    updaters: list[LiveCardUpdater] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.outbox = Outbox(self.database)
        self.store = TaskStore(self.database, self.outbox, "local")
        self.cards = LiveCards(self.database, "local")
        self.restart()

    @property
    def now(self) -> float:
        """The bot's time (Unix seconds); it stands still until ``pass_by`` moves it."""
        return self.local.clock.now() - self.setback

    def restart(self) -> None:
        """Let another process go on with the same database."""
        pace = LiveCardTiming(tick_interval=0)
        updater = a_live_card_updater(
            self.client,
            self.cards,
            pace,
            clock=lambda: self.now,
            request_monitor=self.request_monitor,
        )
        self.updaters.append(updater)

    async def watch(self, *tasks: Task, user: int = ADA, channel: Channel | None = None) -> None:
        """Watch tasks in a channel, by default that of songs, with a card."""
        destination = Destination((channel or self.songs).id, self.guild.id)
        for task in tasks:
            await self.store.add_watch(
                task,
                known=True,
                user_id=user,
                destination=destination,
                now=self.now,
                deadline=86400,
            )
        await self.cards.create(destination, [task.id for task in tasks], self.now, user_id=user)

    async def unwatch(self, *ids: str, user: int = ADA) -> None:
        """Stop watching."""
        for task_id in ids:
            await self.store.remove_watch(task_id, user_id=user, now=self.now)

    async def end(self, task: Task) -> None:
        """Let a task end; its notices are posted."""
        seen = PollResult(task.id, self.now, task=task, end_reason=EndReason.FINISHED)
        await self.store.record([seen], self.now)
        for delivery in await self.outbox.claim(self.now, 9):
            await self.outbox.acknowledge(delivery, message_id=99, now=self.now)

    async def work(self, after: float = 0.0) -> list[Message]:
        """Let time pass, then post and edit what is due; return what is in the channel of songs."""
        self.local.clock.advance(after)
        for _ in range(5):
            await self.updaters[-1].tick()
            await self.updaters[-1].finish()
        return self.songs.messages

    def requests(self, method: str) -> int:
        """Return how many requests of a kind there were."""
        return sum(request.method == method for request in self.local.requests)


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[LiveCardHarness]:
    """Return a board with a client that is connected."""
    async with AsyncExitStack() as stack:
        local = await stack.enter_async_context(LocalDiscord())
        local.clock.stop()
        local.rate_limits.enabled = False  # whose time would stand still too
        guild = local.add_guild("Song Club")
        songs = guild.add_channel("songs")
        database = await stack.enter_async_context(DatabaseThread(tmp_path / "suno.db"))
        DiscordWebSocket.DEFAULT_GATEWAY = URL(local.gateway_url)
        Route.BASE = local.api_url
        request_monitor = RequestMonitor()
        client = traced_client(request_monitor)
        await stack.enter_async_context(connected(client, local.token))
        yield LiveCardHarness(local, guild, songs, client, database, request_monitor)


def said(message: Message) -> str:
    """Return what a card says, with its buttons."""
    return f"{message.content} {message.embeds} {message.components}"


async def test_an_open_card_is_posted_by_whatever_process_is_there(
    harness: LiveCardHarness,
) -> None:
    """The one that opened it may have died at once."""
    await harness.watch(a_running_task())
    harness.restart()
    (card,) = await harness.work()
    assert "Me too" in said(card)
    assert not card.pinged


async def test_a_process_that_died_while_posting_leaves_one_card(harness: LiveCardHarness) -> None:
    """The next one posts it with the same nonce, so that Discord gives it the first message."""
    await harness.watch(a_running_task())
    (claimed,) = await harness.cards.claim(harness.now, 9)
    await harness.client.get_partial_messageable(harness.songs.id).send(
        "A card", nonce=claimed.nonce
    )
    harness.restart()
    (card,) = await harness.work()
    await harness.unwatch("song")
    await harness.work(after=10)
    assert "Nobody was watching" in said(card)
    assert harness.songs.messages == [card]


async def test_an_answer_that_was_lost_leaves_one_card(harness: LiveCardHarness) -> None:
    """It is followed to the end all the same."""
    harness.local.faults.add(POST, drop=True, when="after")
    await harness.watch(a_running_task())
    assert await harness.work() != []
    (card,) = await harness.work(after=20)
    await harness.end(a_song())
    await harness.work(after=10)
    assert "the result" in said(card)
    assert harness.songs.messages == [card]


@pytest.mark.parametrize("still", [True, False], ids=["still watched", "watched no more"])
async def test_a_card_of_long_ago_is_found_again(harness: LiveCardHarness, *, still: bool) -> None:
    """By its buttons, when Discord no longer knows the nonce; it is made right."""
    harness.local.faults.add(POST, drop=True, when="after")
    await harness.watch(a_running_task())
    (card,) = await harness.work()
    harness.restart()
    if not still:
        await harness.unwatch("song")
    harness.local.nonce_window = 0
    assert await harness.work(after=NONCE_WINDOW + 10) == [card]
    await harness.unwatch("song")
    await harness.work(after=10)
    assert "Nobody was watching" in said(card)
    assert card.components == []


async def test_a_card_of_long_ago_that_is_not_there_is_posted(harness: LiveCardHarness) -> None:
    """Nothing was posted, as the channel shows."""
    await harness.watch(a_running_task())
    await harness.cards.claim(harness.now, 9)
    harness.restart()
    assert len(await harness.work(after=NONCE_WINDOW + 10)) == 1


async def test_a_card_of_which_nothing_can_be_known_suppresses_no_other(
    harness: LiveCardHarness,
) -> None:
    """It is given up; who watches the song next gets a card."""
    await harness.watch(a_running_task())
    await harness.cards.claim(harness.now, 9)
    harness.songs.deny("read_message_history")
    await harness.client.fetch_channel(harness.songs.id)
    harness.restart()
    assert await harness.work(after=NONCE_WINDOW + 10) == []
    await harness.watch(a_running_task(), user=2)
    (card,) = await harness.work()
    assert "<@1> <@2>" in said(card)


async def test_a_card_that_nobody_needs_any_more_is_not_posted(harness: LiveCardHarness) -> None:
    """Everybody has left, or the song is done, before its turn came."""
    await harness.watch(a_running_task())
    await harness.watch(a_running_task("other"))
    await harness.unwatch("song")
    await harness.end(a_song("other"))
    assert await harness.work() == []
    assert not await harness.cards.has_any()


async def test_a_card_that_a_release_left_unposted_suppresses_no_other(
    harness: LiveCardHarness, tmp_path: Path
) -> None:
    """A card of a process that died stayed unknown for ever; now it is looked for, then posted."""
    path = tmp_path / "old.db"
    build((SCHEMAS / "0.2.0.sql").read_text(encoding="utf-8"), path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE cards SET message_id = NULL, shown_at = NULL")
        connection.commit()
    move(path, "guild_id", {SERVER: harness.guild.id})
    move(path, "channel_id", {SONGS.channel_id: harness.songs.id})
    async with DatabaseThread(path) as database:
        harness.cards = LiveCards(database, RELAY)
        harness.restart()
        (card,) = await harness.work()
    assert "0 of 2 have ended" in said(card)


async def test_a_card_that_was_deleted_before_it_was_noted_is_let_go(
    harness: LiveCardHarness,
) -> None:
    """A moderator does not want it: it does not come again."""
    harness.local.faults.add(POST, drop=True, when="after")
    await harness.watch(a_running_task())
    (card,) = await harness.work()
    harness.local.delete_message(card)
    assert await harness.work(after=20) == []
    assert not await harness.cards.has_any()


async def test_a_refused_place_gets_no_card_and_the_next_watch_tries_again(
    harness: LiveCardHarness,
) -> None:
    """The permission may be there by then."""
    harness.songs.deny("send_messages")
    await harness.watch(a_running_task())
    assert await harness.work() == []
    harness.songs.allow("send_messages")
    await harness.watch(a_running_task(), user=2)
    assert len(await harness.work()) == 1


async def test_trouble_delays_a_card(harness: LiveCardHarness) -> None:
    """It is tried again, more and more rarely, with the same nonce."""
    fault = harness.local.faults.add(POST, status=503, times=3)
    await harness.watch(a_running_task())
    for _ in range(4):
        await harness.work(after=60)
    assert fault.hits == 3
    assert len(harness.songs.messages) == 1


async def test_many_cards_in_one_channel_all_come(harness: LiveCardHarness) -> None:
    """One after the other; a channel elsewhere does not wait for them."""
    for number in range(8):
        await harness.watch(a_running_task(f"song-{number}"))
    other = harness.guild.add_channel("other")
    await harness.watch(a_running_task("elsewhere"), channel=other)
    await harness.work()
    assert len(other.messages) == 1
    await harness.work()
    assert len(harness.songs.messages) == 8


async def test_many_cards_in_one_channel_all_follow(harness: LiveCardHarness) -> None:
    """One slow edit after the other; none is left out."""
    tasks = [a_running_task(f"song-{number}") for number in range(8)]
    for task in tasks:
        await harness.watch(task)
    await harness.work()
    await harness.work()
    for task in tasks:
        await harness.end(a_song(task.id))
    await harness.work(after=10)
    await harness.work(after=10)
    assert all("the result" in said(card) for card in harness.songs.messages)
    assert harness.requests("PATCH") == 8


async def test_a_card_whose_words_are_refused_says_the_bots_own(harness: LiveCardHarness) -> None:
    """With AutoMod against the title, the card shows the end all the same, without buttons."""
    await harness.watch(a_running_task())
    (card,) = await harness.work()
    fault = harness.local.faults.add(
        PATCH, status=400, code=200000, times=None, where=body_contains("Boats", "folk")
    )
    boats = (a_clip(),)
    await harness.store.record(
        [PollResult("song", harness.now, task=a_running_task(clips=boats))], harness.now
    )
    await harness.work(after=10)
    assert fault.hits == 1
    assert "Me too" in said(card)
    await harness.end(a_song(clips=boats))
    await harness.work(after=10)
    assert fault.hits == 1
    assert "the result" in said(card)
    assert "Boats" not in said(card)
    assert card.components == []


async def test_a_card_that_is_refused_with_its_title_is_posted_without(
    harness: LiveCardHarness,
) -> None:
    """Its buttons work, and it is not tried again with what was refused."""
    fault = harness.local.faults.add(
        POST, status=400, code=200000, times=None, where=body_contains("Boats")
    )
    await harness.watch(a_running_task(clips=(a_clip(),)))
    (card,) = await harness.work()
    assert fault.hits == 1
    assert "Something is being made" in said(card)
    assert "Me too" in said(card)


@pytest.mark.parametrize("when", ["before it is posted", "later"])
async def test_a_card_where_the_bot_may_not_embed_is_a_text(
    harness: LiveCardHarness, when: str
) -> None:
    """Discord would leave out the embed in silence, and refuse an edit that leaves nothing."""
    if when == "before it is posted":
        harness.songs.deny("embed_links")
    await harness.watch(a_running_task())
    (card,) = await harness.work()
    harness.songs.deny("embed_links")
    await harness.work(after=10)
    await harness.end(a_song())
    await harness.work(after=10)
    await harness.work(after=10)
    assert harness.songs.messages == [card]
    assert "the result" in card.content
    assert card.components == []


async def test_a_card_that_may_say_nothing_true_is_taken_away(harness: LiveCardHarness) -> None:
    """Better no card than one that says for ever that a finished song is being made."""
    await harness.watch(a_running_task())
    await harness.work()
    harness.local.faults.add(PATCH, status=400, code=200000, times=None)
    await harness.end(a_song())
    assert await harness.work(after=10) == []
    assert not await harness.cards.has_any()


async def test_a_card_in_a_closed_place_is_made_right_when_that_opens(
    harness: LiveCardHarness,
) -> None:
    """It is not tried again all the time meanwhile."""
    await harness.watch(a_running_task())
    (card,) = await harness.work()
    fault = harness.local.faults.add(PATCH, status=403, code=50013, times=None)
    await harness.end(a_song())
    await harness.work(after=10)
    await harness.work(after=10)
    assert fault.hits == 1
    harness.local.faults.clear()
    await harness.work(after=LONGEST_PAUSE)
    assert "the result" in said(card)


async def test_a_place_that_stays_closed_is_left_alone_in_the_end(harness: LiveCardHarness) -> None:
    """After about a day."""
    await harness.watch(a_running_task())
    await harness.work()
    harness.local.faults.add(PATCH, status=403, code=50013, times=None)
    await harness.database.write("UPDATE live_cards SET attempts = ?", [MAX_ATTEMPTS])
    await harness.end(a_song())
    await harness.work(after=10)
    assert not await harness.cards.has_any()


async def test_a_clock_that_is_set_back_holds_up_no_card(harness: LiveCardHarness) -> None:
    """A new card is posted, and those that are there go on."""
    await harness.watch(a_running_task())
    (card,) = await harness.work()
    harness.local.faults.add(PATCH, status=503)
    await harness.store.record(
        [PollResult("song", harness.now, task=a_running_task(progress=50))], harness.now
    )
    await harness.work(after=10)
    harness.setback = 7200
    await harness.watch(a_running_task("other"))
    await harness.work(after=1)
    assert "50%" in said(card)
    assert len(harness.songs.messages) == 2
    await harness.end(a_song())
    await harness.work(after=10)
    assert "the result" in said(card)


async def test_an_unheard_card_is_found_after_the_clock_was_set_back(
    harness: LiveCardHarness,
) -> None:
    """Not posted a second time."""
    harness.local.faults.add(POST, drop=True, when="after")
    await harness.watch(a_running_task())
    (card,) = await harness.work()
    harness.local.nonce_window = 0
    harness.setback = 1800
    assert await harness.work(after=60) == [card]


@pytest.mark.parametrize("restarted", [False, True])
async def test_an_unheard_card_is_found_where_it_seems_to_be_younger_than_it_is(
    harness: LiveCardHarness, restarted: bool
) -> None:
    """The clock was set back by about as long as Discord knows a nonce."""
    harness.local.faults.add(POST, drop=True, when="after")
    await harness.watch(a_running_task())
    (card,) = await harness.work()
    harness.setback = 90
    if restarted:
        harness.restart()
    assert await harness.work() == [card]
    harness.local.nonce_window = 0
    assert await harness.work(after=100) == [card]


async def test_a_card_is_not_let_go_of_while_somebody_comes_back(harness: LiveCardHarness) -> None:
    """Between what was read and the edit that says that nobody watches: it goes on for them."""
    await harness.watch(a_running_task())
    (card,) = await harness.work()
    await harness.unwatch("song")
    harness.local.clock.advance(10)
    (over,) = await harness.cards.due_for_update(harness.now, min_interval=0, limit=9)
    await harness.watch(a_running_task(), user=2)
    await harness.cards.record_update(over, "a look")
    await harness.work(after=10)
    assert "<@2>" in said(card)
    assert "Me too" in said(card)


async def test_a_card_is_posted_for_who_comes_back(harness: LiveCardHarness) -> None:
    """Everybody had left before its turn came, as far as was known then."""
    await harness.watch(a_running_task())
    await harness.unwatch("song")
    (unneeded,) = await harness.cards.claim(harness.now, 9)
    await harness.watch(a_running_task(), user=2)
    await harness.cards.discard(unneeded)
    (card,) = await harness.work()
    assert "<@2>" in said(card)


async def test_a_card_that_may_stand_in_a_closed_place_is_not_forgotten(
    harness: LiveCardHarness,
) -> None:
    """Its answer was lost, then a permission: it is made right when that is there again."""
    harness.local.faults.add(POST, drop=True, when="after")
    await harness.watch(a_running_task())
    (card,) = await harness.work()
    harness.local.faults.add(POST, status=403, code=50013)
    await harness.work(after=20)
    await harness.end(a_song())
    await harness.work(after=LONGEST_PAUSE)
    await harness.work(after=10)
    assert "the result" in said(card)


async def test_what_has_not_changed_is_not_edited(harness: LiveCardHarness) -> None:
    """Neither by the next process; what a card shows is kept with the card."""
    await harness.watch(a_running_task())
    await harness.work()
    await harness.watch(a_running_task())
    await harness.work(after=10)
    harness.restart()
    await harness.watch(a_running_task())
    await harness.work(after=10)
    assert harness.requests("PATCH") == 0


async def test_nothing_is_kept_in_memory_of_cards_that_are_gone(harness: LiveCardHarness) -> None:
    """Not even of a server that left."""
    for number in range(5):
        await harness.watch(a_running_task(f"song-{number}"))
    await harness.work()
    await harness.work()
    await harness.watch(*(a_running_task(f"song-{number}") for number in range(5)), user=2)
    await harness.work(after=10)
    await Erasure(harness.database).erase_server(harness.guild.id)
    await harness.work(after=10)
    (updater,) = harness.updaters
    kept = [value for value in vars(updater).values() if isinstance(value, dict | list | set)]
    assert kept
    assert not any(kept)


async def test_a_card_of_a_failure_is_not_green(harness: LiveCardHarness) -> None:
    """Green is what has been made."""
    await harness.watch(a_running_task())
    (card,) = await harness.work()
    await harness.end(a_failure())
    await harness.work(after=10)
    assert card.embeds[0]["color"] == 0xDA373C
    assert "failed" in said(card)


async def test_a_slow_discord_is_no_refusal(harness: LiveCardHarness) -> None:
    """Whether a person takes direct messages is not known in time: the answer waits no longer."""
    harness.local.faults.add(POST, delay=30)
    direct = Destination(harness.local.open_dm(harness.local.state.owner).id)
    await harness.store.add_watch(
        a_running_task(), known=True, user_id=ADA, destination=direct, now=harness.now, deadline=60
    )
    card = await harness.cards.create(direct, ["song"], harness.now, user_id=ADA, claimed=True)
    notices = NoticeStates(harness.database, "local")
    messages = DirectMessageWatches(harness.updaters[-1], notices, timeout=0.1)
    assert await messages.refusal(direct, card, []) is None
    await harness.store.add_finished(
        a_song("done"), user_id=ADA, destination=direct, now=harness.now
    )
    assert await messages.refusal(direct, None, ["done"]) is None
