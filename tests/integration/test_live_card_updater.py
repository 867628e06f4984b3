import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.delivery.live_card_updater import LIVE_CARD_TIMING, LiveCardTiming
from bot.storage.database import DatabaseThread
from bot.storage.live_cards import LiveCards
from bot.storage.models import Destination
from bot.storage.outbox import Outbox
from bot.storage.tasks import TaskStore
from bot.ui.task_text import UNKNOWN_COLOUR
from sandbox.discord import Message, body_contains
from sandbox.relay import failing, song
from tests.support.builders import NOON, a_running_task
from tests.support.delivery import a_live_card_updater
from tests.support.live_cards import SONG, card_of, press
from tests.support.sandbox_client import logged_in_client
from tests.support.sandbox_session import SandboxSession, open_sandbox, running_bot

OTHER = "another-song-with-a-long-id"


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[SandboxSession]:
    """Yield a sandbox in which the bot runs, with two songs being made."""
    async with open_sandbox(tmp_path) as sandbox, running_bot(sandbox):
        sandbox.relay.add(song(SONG, title="Paper Boats", takes=100))
        sandbox.relay.add(song(OTHER, title="Tram Lines", takes=300))
        yield sandbox


async def shows(sandbox: SandboxSession, card: Message, text: str) -> None:
    """Wait until a card shows a text."""
    await sandbox.discord.wait_for(
        lambda: text in f"{card.content}{card.embeds}", 15, f"{text!r} on the card {card.embeds}"
    )


async def test_a_watch_opens_one_card_that_mentions_nobody_aloud(sandbox: SandboxSession) -> None:
    """It names who watches; nobody's phone rings for it."""
    await sandbox.command_answer("suno watch", id=SONG)
    card = await card_of(sandbox)
    assert not card.pinged
    assert sandbox.ada.mention in card.embeds[0]["description"]
    assert SONG not in str(card.payload())


async def test_a_card_follows_the_song_and_points_to_its_notice(sandbox: SandboxSession) -> None:
    """By editing itself; the notice is a new message, which does ring."""
    await sandbox.command_answer("suno watch", id=SONG)
    card = await card_of(sandbox)
    sandbox.relay.clock.advance(50)
    await shows(sandbox, card, "Paper Boats")
    sandbox.relay.clock.advance(100)
    notice = await sandbox.wait_for_notice(SONG)
    await shows(sandbox, card, notice.link)
    assert notice.pinged == {sandbox.ada.id}
    assert card.components == []
    assert sandbox.cards() == [card]


async def test_me_too_adds_a_person(sandbox: SandboxSession) -> None:
    """On the same card, and in the same notice."""
    await sandbox.command_answer("suno watch", id=SONG)
    card = await card_of(sandbox)
    pressed = await press(sandbox, sandbox.bea, card, "Me too")
    assert "Watching" in pressed.messages[0].content
    await shows(sandbox, card, sandbox.bea.mention)
    sandbox.relay.clock.advance(200)
    assert (await sandbox.wait_for_notice(SONG)).pinged == {sandbox.ada.id, sandbox.bea.id}
    assert sandbox.cards() == [card]


async def test_the_last_one_to_leave_stops_it(sandbox: SandboxSession) -> None:
    """The card says so and loses its buttons; no notice comes."""
    await sandbox.command_answer("suno watch", id=SONG)
    card = await card_of(sandbox)
    await press(sandbox, sandbox.bea, card, "Me too")
    await press(sandbox, sandbox.ada, card, "Stop")
    await shows(sandbox, card, sandbox.bea.mention)
    await press(sandbox, sandbox.bea, card, "Stop")
    await shows(sandbox, card, "Nobody was watching")
    assert card.components == []
    await sandbox.command_answer("suno watch", id=OTHER)
    sandbox.relay.clock.advance(400)
    await sandbox.wait_for_notice(OTHER)
    assert sandbox.notices(SONG) == []


async def test_who_unwatches_by_command_is_off_the_card(sandbox: SandboxSession) -> None:
    """As with its own button."""
    await sandbox.command_answer("suno watch", id=SONG)
    card = await card_of(sandbox)
    await press(sandbox, sandbox.bea, card, "Me too")
    await shows(sandbox, card, sandbox.bea.mention)
    await sandbox.command_answer("suno unwatch", sandbox.bea, id=SONG)
    await sandbox.discord.wait_for(lambda: sandbox.bea.mention not in str(card.embeds))


async def test_who_does_not_watch_has_nothing_to_stop(sandbox: SandboxSession) -> None:
    """And is told so; the others go on watching."""
    await sandbox.command_answer("suno watch", id=SONG)
    pressed = await press(sandbox, sandbox.bea, await card_of(sandbox), "Stop")
    assert "not watching" in pressed.messages[0].content
    sandbox.relay.clock.advance(200)
    assert (await sandbox.wait_for_notice(SONG)).pinged == {sandbox.ada.id}


async def test_several_ids_are_one_card_and_a_notice_each(sandbox: SandboxSession) -> None:
    """The card counts, and in the end points to every notice: that is the summary."""
    sandbox.relay.add(failing("a-song-that-fails-soon", takes=10))
    await sandbox.command_answer("suno watch", id=f"{SONG} {OTHER} a-song-that-fails-soon")
    card = await card_of(sandbox)
    assert "0 of 3" in card.embeds[0]["title"]
    sandbox.relay.clock.advance(150)
    await shows(sandbox, card, "2 of 3")
    sandbox.relay.clock.advance(300)
    notices = [
        await sandbox.wait_for_notice(task) for task in (SONG, OTHER, "a-song-that-fails-soon")
    ]
    await shows(sandbox, card, "All have ended")
    assert all(notice.link in str(card.embeds) for notice in notices)
    assert sandbox.cards() == [card]


async def test_a_second_watch_of_the_same_song_opens_no_second_card(
    sandbox: SandboxSession,
) -> None:
    """The one that is there shows the new watcher."""
    await sandbox.command_answer("suno watch", id=SONG)
    card = await card_of(sandbox)
    await sandbox.command_answer("suno watch", sandbox.bea, id=SONG)
    await shows(sandbox, card, sandbox.bea.mention)
    assert sandbox.cards() == [card]


async def test_a_card_goes_on_after_a_restart(tmp_path: Path) -> None:
    """Its buttons work and it follows the song to its end."""
    async with open_sandbox(tmp_path) as sandbox:
        sandbox.relay.add(song(SONG, title="Paper Boats", takes=100))
        async with running_bot(sandbox):
            await sandbox.command_answer("suno watch", id=SONG)
            card = await card_of(sandbox)
        await sandbox.discord.wait_until_disconnected()
        async with running_bot(sandbox):
            await press(sandbox, sandbox.bea, card, "Me too")
            await shows(sandbox, card, sandbox.bea.mention)
            sandbox.relay.clock.advance(200)
            notice = await sandbox.wait_for_notice(SONG)
            await shows(sandbox, card, notice.link)


async def test_a_card_that_was_deleted_stops_nothing(sandbox: SandboxSession) -> None:
    """The notice comes all the same, and no new card."""
    await sandbox.command_answer("suno watch", id=SONG)
    sandbox.discord.delete_message(await card_of(sandbox))
    sandbox.relay.clock.advance(200)
    await sandbox.wait_for_notice(SONG)
    assert sandbox.cards() == []


async def test_a_notice_comes_where_it_is_wanted(sandbox: SandboxSession) -> None:
    """In another channel, with its card."""
    answer = await sandbox.use_command("suno watch", id=SONG, channel=sandbox.lyrics)
    assert sandbox.lyrics.mention in answer.messages[0].content
    sandbox.relay.clock.advance(200)
    await sandbox.wait_for_notice(SONG, sandbox.lyrics)
    assert sandbox.songs.messages == []


async def test_nobody_can_post_through_the_bot_where_they_may_not(sandbox: SandboxSession) -> None:
    """A channel's rules hold for a watch too."""
    sandbox.lyrics.deny("send_messages", target=sandbox.ada)
    answer = await sandbox.use_command("suno watch", id=SONG, channel=sandbox.lyrics)
    assert "You may not post" in answer.messages[0].content
    assert "nothing" in (await sandbox.command_answer("suno list")).content.lower()


async def test_what_the_bot_lacks_in_the_other_channel_is_named(sandbox: SandboxSession) -> None:
    """Not what it lacks, or has, here."""
    sandbox.lyrics.deny("send_messages")
    answer = await sandbox.use_command("suno watch", id=SONG, channel=sandbox.lyrics)
    assert "Send Messages" in answer.messages[0].content


async def test_a_private_watch_is_told_in_a_direct_message_alone(sandbox: SandboxSession) -> None:
    """Card and notice both; nothing appears in the channel."""
    await sandbox.use_command("suno watch", id=SONG, private=True)
    direct = sandbox.discord.open_dm(sandbox.ada)
    sandbox.relay.clock.advance(200)
    notice = await sandbox.wait_for_notice(SONG, direct)
    assert notice.pinged == {sandbox.ada.id}
    assert sandbox.songs.messages == []


@pytest.mark.parametrize("ended", [True, False], ids=["done", "running"])
async def test_a_private_watch_of_who_takes_no_direct_messages_is_refused_at_once(
    sandbox: SandboxSession, *, ended: bool
) -> None:
    """Nobody waits for a message that cannot come; what is done can be seen by another command."""
    sandbox.ada.accepts_direct_messages = False
    if ended:
        sandbox.relay.clock.advance(200)
    answer = (await sandbox.use_command("suno watch", id=SONG, private=True)).messages[0].content
    assert "cannot send you direct messages" in answer
    assert ("is done: `/suno status` shows it" in answer) == ended
    assert "nothing" in (await sandbox.command_answer("suno list")).content.lower()


async def test_a_private_watch_of_what_is_done_is_told_there(sandbox: SandboxSession) -> None:
    """Where direct messages arrive, the answer says what comes."""
    sandbox.relay.clock.advance(200)
    answer = await sandbox.use_command("suno watch", id=SONG, private=True)
    assert "comes right away" in answer.messages[0].content
    assert len(sandbox.notices(SONG, sandbox.discord.open_dm(sandbox.ada))) == 1


async def test_a_watch_is_confirmed_before_its_card_is_posted(sandbox: SandboxSession) -> None:
    """It is on disk: that Discord holds back messages to the channel keeps nobody waiting."""
    held_back = sandbox.discord.faults.add("POST /channels/{id}/messages", retry_after=60)
    for person in (sandbox.ada, sandbox.bea):
        answer = await sandbox.command_answer("suno watch", person, id=SONG)
        assert "Watching" in answer.content
    await sandbox.discord.wait_for(lambda: held_back.hits)
    assert sandbox.cards() == []


async def test_many_watches_in_one_channel_wait_for_no_card(tmp_path: Path) -> None:
    """Discord takes a few messages in a few seconds there; the cards come one after the other."""
    async with (
        open_sandbox(tmp_path, rate_limit_speed=4) as sandbox,
        running_bot(sandbox, messages_per_channel=99),
    ):
        ids = [f"song-number-{number}" for number in range(20)]
        sandbox.relay.add(*(song(task_id, takes=1000) for task_id in ids))
        answers = await asyncio.gather(
            *(sandbox.command_answer("suno watch", id=task_id) for task_id in ids)
        )
        posted = len(sandbox.cards())
        assert all("Watching" in answer.content for answer in answers)
        assert posted < len(ids)
        await sandbox.discord.wait_for(lambda: len(sandbox.cards()) >= len(ids), 60, "the cards")
        refused = [one for one in sandbox.discord.requests if one.status == 429]
        assert len(refused) < 5


async def test_a_card_whose_posting_was_not_heard_of_is_followed(sandbox: SandboxSession) -> None:
    """The connection broke before Discord answered: there is one card, and it is kept right."""
    sandbox.discord.faults.add("POST /channels/{id}/messages", drop=True, when="after")
    await sandbox.command_answer("suno watch", id=SONG)
    card = await card_of(sandbox)
    sandbox.relay.clock.advance(200)
    notice = await sandbox.wait_for_notice(SONG)
    await shows(sandbox, card, notice.link)
    assert sandbox.cards() == [card]


async def test_a_card_of_a_task_that_nobody_could_ask_about_says_so(
    sandbox: SandboxSession,
) -> None:
    """It is not being made, as far as is known; the list says the same."""
    sandbox.relay.start_outage()
    await sandbox.command_answer("suno watch", id=SONG)
    card = await card_of(sandbox)
    assert "Waiting for the relay" in card.embeds[0]["title"]
    assert (
        "waiting for the relay"
        in (await sandbox.command_answer("suno list")).embeds[0]["description"]
    )
    sandbox.relay.end_outage()
    await shows(sandbox, card, "Something is being made")


async def test_a_card_that_everybody_left_is_not_done(sandbox: SandboxSession) -> None:
    """Green means finished, and this song is not."""
    await sandbox.command_answer("suno watch", id=SONG)
    card = await card_of(sandbox)
    await sandbox.command_answer("suno unwatch", id=SONG)
    await shows(sandbox, card, "Nobody was watching")
    assert card.embeds[0]["title"] == "Not watched any more"
    assert card.embeds[0]["color"] == UNKNOWN_COLOUR.value


async def test_a_song_that_everybody_left_gets_a_new_card(sandbox: SandboxSession) -> None:
    """Where somebody watches it again."""
    await sandbox.command_answer("suno watch", id=SONG)
    card = await card_of(sandbox)
    await sandbox.command_answer("suno unwatch", id=SONG)
    await shows(sandbox, card, "Nobody was watching")
    await sandbox.command_answer("suno watch", sandbox.bea, id=SONG)
    await sandbox.discord.wait_for(lambda: len(sandbox.cards()) == 2, 10, "a new card")


async def test_a_card_that_is_lost_says_so_when_somebody_presses(sandbox: SandboxSession) -> None:
    """Nobody keeps it up to date: it must not seem to run for ever."""
    await sandbox.command_answer("suno watch", id=SONG)
    card = await card_of(sandbox)
    with closing(sqlite3.connect(sandbox.folder / "suno.db")) as database:
        database.execute("PRAGMA foreign_keys = ON")
        database.execute("DELETE FROM live_cards")
        database.commit()
    pressed = await press(sandbox, sandbox.bea, card, "Me too")
    assert "This card is over" in pressed.messages[0].content
    await shows(sandbox, card, "This card has stopped")
    assert card.components == []
    await sandbox.command_answer("suno watch", sandbox.bea, id=SONG)
    await sandbox.discord.wait_for(lambda: len(sandbox.cards()) == 2, 10, "a new card")


async def test_automod_against_a_title_leaves_no_card_that_lies(sandbox: SandboxSession) -> None:
    """The song is done, and so says its card, without buttons."""
    await sandbox.command_answer("suno watch", id=SONG)
    card = await card_of(sandbox)
    edit = "PATCH /channels/{id}/messages/{message}"
    refused = body_contains("Paper Boats")
    sandbox.discord.faults.add(edit, status=400, code=200000, times=None, where=refused)
    sandbox.relay.clock.advance(200)
    notice = await sandbox.wait_for_notice(SONG)
    await shows(sandbox, card, notice.link)
    assert card.components == []


async def test_a_notice_without_a_mention_mentions_nobody(sandbox: SandboxSession) -> None:
    """For who wants it quiet; others who watch are mentioned all the same."""
    await sandbox.use_command("suno watch", id=SONG, mention=False)
    sandbox.relay.clock.advance(200)
    assert not (await sandbox.wait_for_notice(SONG)).pinged


async def test_a_card_is_edited_rarely(tmp_path: Path) -> None:
    """At most every five seconds, and not at all where nothing changed."""
    async with open_sandbox(tmp_path) as sandbox, running_bot(sandbox, LIVE_CARD_TIMING):
        sandbox.relay.add(song(SONG, title="Paper Boats", takes=100))
        await sandbox.command_answer("suno watch", id=SONG)
        card = await card_of(sandbox)
        for _ in range(10):
            sandbox.relay.clock.advance(8)
            await sandbox.command_answer("suno list")
        requests = [r for r in sandbox.discord.requests if r.method == "PATCH"]
        assert len([r for r in requests if str(card.id) in r.path]) <= 1


async def test_a_channel_that_is_slow_holds_up_no_other_card(tmp_path: Path) -> None:
    """An edit that discord.py holds back is given up for now; the card elsewhere goes on."""
    pace = LiveCardTiming(edit_interval=0.05, tick_interval=0.05, call_timeout=0.2)
    async with open_sandbox(tmp_path) as sandbox, running_bot(sandbox, pace):
        sandbox.relay.add(song(SONG, title="Paper Boats", takes=100))
        sandbox.relay.add(song(OTHER, title="Tram Lines", takes=100))
        await sandbox.command_answer("suno watch", id=SONG)
        await sandbox.use_command("suno watch", id=OTHER, channel=sandbox.lyrics)
        card, other = await card_of(sandbox), await card_of(sandbox, sandbox.lyrics)
        edit = "PATCH /channels/{id}/messages/{message}"
        sandbox.discord.faults.add(edit, retry_after=60, channel=sandbox.songs)
        sandbox.relay.clock.advance(50)
        await shows(sandbox, other, "Tram Lines")
        assert "Paper Boats" not in str(card.embeds)


async def test_a_card_gets_the_link_that_comes_later(sandbox: SandboxSession) -> None:
    """Its buttons follow the song too, not only its words."""
    await sandbox.command_answer("suno watch", id=SONG)
    card = await card_of(sandbox)
    sandbox.relay.clock.advance(50)
    await sandbox.discord.wait_for(lambda: "Preview" in str(card.components))


async def test_a_card_waits_while_notices_do(tmp_path: Path) -> None:
    """A notice is the promise; a card may be late."""
    async with logged_in_client() as harness, DatabaseThread(tmp_path / "suno.db") as database:
        destination = Destination(harness.songs.id, harness.guild.id)
        store = TaskStore(database, Outbox(database), "deerapi")
        await store.add_watch(
            a_running_task(), known=True, user_id=1, destination=destination, now=NOON, deadline=60
        )
        cards = LiveCards(database, "deerapi")
        card = await cards.create(destination, ["song"], NOON, user_id=1, claimed=True)
        assert card is not None
        await cards.acknowledge(card, (await harness.post(content="A card"))["id"])
        waiting = True
        updater = a_live_card_updater(
            harness.bot, cards, clock=lambda: NOON + 60, dispatcher_busy=lambda: waiting
        )
        (message,) = harness.songs.messages
        assert await updater.tick() == NOON + 60 + LIVE_CARD_TIMING.tick_interval
        assert not message.embeds
        waiting = False
        await updater.tick()
        await updater.finish()
        assert message.embeds
