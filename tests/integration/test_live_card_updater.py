import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.delivery.live_card_updater import LIVE_CARD_TIMING, LiveCardTiming, LiveCardUpdater
from bot.storage.database import DatabaseThread
from bot.storage.live_cards import Cards
from bot.storage.models import Destination
from bot.storage.outbox import Outbox
from bot.storage.tasks import TaskStore
from bot.ui.songs import UNSURE
from sandbox.discord import Channel, Interaction, Message, User, saying
from sandbox.relay import failing, song
from tests.support.builders import NOON, a_running_task
from tests.support.sandbox_client import a_club
from tests.support.stage import Stage, a_bot, a_stage

SONG = "a-song-with-a-long-id"
OTHER = "another-song-with-a-long-id"


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Return a stage on which the bot works, with two songs being made."""
    async with a_stage(tmp_path) as stage, a_bot(stage):
        stage.relay.add(song(SONG, title="Paper Boats", takes=100))
        stage.relay.add(song(OTHER, title="Tram Lines", takes=300))
        yield stage


async def card_of(stage: Stage, channel: Channel | None = None) -> Message:
    """Wait for the card in a channel, by default that of songs."""
    (card,) = await stage.discord.wait_for(lambda: stage.cards(channel), 10, "a card")
    return card


async def shows(stage: Stage, card: Message, text: str) -> None:
    """Wait until a card shows a text."""
    await stage.discord.wait_for(
        lambda: text in f"{card.content}{card.embeds}", 15, f"{text!r} on the card {card.embeds}"
    )


async def press(stage: Stage, user: User, card: Message, label: str) -> Interaction:
    """Press a button of a card, and wait for the answer."""
    (row,) = [row for row in card.components if "custom_id" in row["components"][0]]
    custom_ids = {b["label"]: b.get("custom_id") for b in row["components"]}
    pressed = await stage.discord.press(user, card, custom_ids[label])
    await pressed.answered()
    return pressed


async def test_a_watch_opens_one_card_that_mentions_nobody_aloud(stage: Stage) -> None:
    """It names who watches; nobody's phone rings for it."""
    await stage.ask("suno watch", id=SONG)
    card = await card_of(stage)
    assert not card.pinged
    assert stage.ada.mention in card.embeds[0]["description"]
    assert SONG not in str(card.payload())


async def test_a_card_follows_the_song_and_points_to_its_notice(stage: Stage) -> None:
    """By editing itself; the notice is a new message, which does ring."""
    await stage.ask("suno watch", id=SONG)
    card = await card_of(stage)
    stage.relay.clock.advance(50)
    await shows(stage, card, "Paper Boats")
    stage.relay.clock.advance(100)
    notice = await stage.notice_of(SONG)
    await shows(stage, card, notice.link)
    assert notice.pinged == {stage.ada.id}
    assert card.components == []
    assert stage.cards() == [card]


async def test_me_too_adds_a_person(stage: Stage) -> None:
    """On the same card, and in the same notice."""
    await stage.ask("suno watch", id=SONG)
    card = await card_of(stage)
    pressed = await press(stage, stage.bea, card, "Me too")
    assert "Watching" in pressed.messages[0].content
    await shows(stage, card, stage.bea.mention)
    stage.relay.clock.advance(200)
    assert (await stage.notice_of(SONG)).pinged == {stage.ada.id, stage.bea.id}
    assert stage.cards() == [card]


async def test_the_last_one_to_leave_stops_it(stage: Stage) -> None:
    """The card says so and loses its buttons; no notice comes."""
    await stage.ask("suno watch", id=SONG)
    card = await card_of(stage)
    await press(stage, stage.bea, card, "Me too")
    await press(stage, stage.ada, card, "Stop")
    await shows(stage, card, stage.bea.mention)
    await press(stage, stage.bea, card, "Stop")
    await shows(stage, card, "Nobody was watching")
    assert card.components == []
    await stage.ask("suno watch", id=OTHER)
    stage.relay.clock.advance(400)
    await stage.notice_of(OTHER)
    assert stage.notices_of(SONG) == []


async def test_who_unwatches_by_command_is_off_the_card(stage: Stage) -> None:
    """As with its own button."""
    await stage.ask("suno watch", id=SONG)
    card = await card_of(stage)
    await press(stage, stage.bea, card, "Me too")
    await shows(stage, card, stage.bea.mention)
    await stage.ask("suno unwatch", stage.bea, id=SONG)
    await stage.discord.wait_for(lambda: stage.bea.mention not in str(card.embeds))


async def test_who_does_not_watch_has_nothing_to_stop(stage: Stage) -> None:
    """And is told so; the others go on watching."""
    await stage.ask("suno watch", id=SONG)
    pressed = await press(stage, stage.bea, await card_of(stage), "Stop")
    assert "not watching" in pressed.messages[0].content
    stage.relay.clock.advance(200)
    assert (await stage.notice_of(SONG)).pinged == {stage.ada.id}


async def test_several_ids_are_one_card_and_a_notice_each(stage: Stage) -> None:
    """The card counts, and in the end points to every notice: that is the summary."""
    stage.relay.add(failing("a-song-that-fails-soon", takes=10))
    await stage.ask("suno watch", id=f"{SONG} {OTHER} a-song-that-fails-soon")
    card = await card_of(stage)
    assert "0 of 3" in card.embeds[0]["title"]
    stage.relay.clock.advance(150)
    await shows(stage, card, "2 of 3")
    stage.relay.clock.advance(300)
    notices = [await stage.notice_of(task) for task in (SONG, OTHER, "a-song-that-fails-soon")]
    await shows(stage, card, "All have ended")
    assert all(notice.link in str(card.embeds) for notice in notices)
    assert stage.cards() == [card]


async def test_a_second_watch_of_the_same_song_opens_no_second_card(stage: Stage) -> None:
    """The one that is there shows the new watcher."""
    await stage.ask("suno watch", id=SONG)
    card = await card_of(stage)
    await stage.ask("suno watch", stage.bea, id=SONG)
    await shows(stage, card, stage.bea.mention)
    assert stage.cards() == [card]


async def test_a_card_goes_on_after_a_restart(tmp_path: Path) -> None:
    """Its buttons work and it follows the song to its end."""
    async with a_stage(tmp_path) as stage:
        stage.relay.add(song(SONG, title="Paper Boats", takes=100))
        async with a_bot(stage):
            await stage.ask("suno watch", id=SONG)
            card = await card_of(stage)
        await stage.discord.wait_until_gone()
        async with a_bot(stage):
            await press(stage, stage.bea, card, "Me too")
            await shows(stage, card, stage.bea.mention)
            stage.relay.clock.advance(200)
            notice = await stage.notice_of(SONG)
            await shows(stage, card, notice.link)


async def test_a_card_that_was_deleted_stops_nothing(stage: Stage) -> None:
    """The notice comes all the same, and no new card."""
    await stage.ask("suno watch", id=SONG)
    stage.discord.delete_message(await card_of(stage))
    stage.relay.clock.advance(200)
    await stage.notice_of(SONG)
    assert stage.cards() == []


async def test_a_notice_comes_where_it_is_wanted(stage: Stage) -> None:
    """In another channel, with its card."""
    answer = await stage.act("suno watch", id=SONG, channel=stage.lyrics)
    assert stage.lyrics.mention in answer.messages[0].content
    stage.relay.clock.advance(200)
    await stage.notice_of(SONG, stage.lyrics)
    assert stage.songs.messages == []


async def test_nobody_can_post_through_the_bot_where_they_may_not(stage: Stage) -> None:
    """A channel's rules hold for a watch too."""
    stage.lyrics.deny("send_messages", target=stage.ada)
    answer = await stage.act("suno watch", id=SONG, channel=stage.lyrics)
    assert "You may not post" in answer.messages[0].content
    assert "nothing" in (await stage.ask("suno list")).content.lower()


async def test_what_the_bot_lacks_in_the_other_channel_is_named(stage: Stage) -> None:
    """Not what it lacks, or has, here."""
    stage.lyrics.deny("send_messages")
    answer = await stage.act("suno watch", id=SONG, channel=stage.lyrics)
    assert "Send Messages" in answer.messages[0].content


async def test_a_private_watch_is_told_in_a_direct_message_alone(stage: Stage) -> None:
    """Card and notice both; nothing appears in the channel."""
    await stage.act("suno watch", id=SONG, private=True)
    direct = stage.discord.open_dm(stage.ada)
    stage.relay.clock.advance(200)
    notice = await stage.notice_of(SONG, direct)
    assert notice.pinged == {stage.ada.id}
    assert stage.songs.messages == []


@pytest.mark.parametrize("ended", [True, False], ids=["done", "running"])
async def test_a_private_watch_of_who_takes_no_direct_messages_is_refused_at_once(
    stage: Stage, *, ended: bool
) -> None:
    """Nobody waits for a message that cannot come; what is done can be seen by another command."""
    stage.ada.accepts_direct_messages = False
    if ended:
        stage.relay.clock.advance(200)
    answer = (await stage.act("suno watch", id=SONG, private=True)).messages[0].content
    assert "cannot send you direct messages" in answer
    assert ("is done: `/suno status` shows it" in answer) == ended
    assert "nothing" in (await stage.ask("suno list")).content.lower()


async def test_a_private_watch_of_what_is_done_is_told_there(stage: Stage) -> None:
    """Where direct messages arrive, the answer says what comes."""
    stage.relay.clock.advance(200)
    answer = await stage.act("suno watch", id=SONG, private=True)
    assert "comes right away" in answer.messages[0].content
    assert len(stage.notices_of(SONG, stage.discord.open_dm(stage.ada))) == 1


async def test_a_watch_is_confirmed_before_its_card_is_posted(stage: Stage) -> None:
    """It is on disk: that Discord holds back messages to the channel keeps nobody waiting."""
    held_back = stage.discord.faults.add("POST /channels/{id}/messages", retry_after=60)
    for person in (stage.ada, stage.bea):
        answer = await stage.ask("suno watch", person, id=SONG)
        assert "Watching" in answer.content
    await stage.discord.wait_for(lambda: held_back.hits)
    assert stage.cards() == []


async def test_many_watches_in_one_channel_wait_for_no_card(tmp_path: Path) -> None:
    """Discord takes a few messages in a few seconds there; the cards come one after the other."""
    async with a_stage(tmp_path, pace=4) as stage, a_bot(stage, messages_per_channel=99):
        ids = [f"song-number-{number}" for number in range(20)]
        stage.relay.add(*(song(task_id, takes=1000) for task_id in ids))
        answers = await asyncio.gather(*(stage.ask("suno watch", id=task_id) for task_id in ids))
        posted = len(stage.cards())
        assert all("Watching" in answer.content for answer in answers)
        assert posted < len(ids)
        await stage.discord.wait_for(lambda: len(stage.cards()) >= len(ids), 60, "the cards")
        refused = [one for one in stage.discord.requests if one.status == 429]
        assert len(refused) < 5


async def test_a_card_whose_posting_was_not_heard_of_is_followed(stage: Stage) -> None:
    """The connection broke before Discord answered: there is one card, and it is kept right."""
    stage.discord.faults.add("POST /channels/{id}/messages", drop=True, when="after")
    await stage.ask("suno watch", id=SONG)
    card = await card_of(stage)
    stage.relay.clock.advance(200)
    notice = await stage.notice_of(SONG)
    await shows(stage, card, notice.link)
    assert stage.cards() == [card]


async def test_a_card_of_a_task_that_nobody_could_ask_about_says_so(stage: Stage) -> None:
    """It is not being made, as far as is known; the list says the same."""
    stage.relay.go_down()
    await stage.ask("suno watch", id=SONG)
    card = await card_of(stage)
    assert "Waiting for the relay" in card.embeds[0]["title"]
    assert "waiting for the relay" in (await stage.ask("suno list")).embeds[0]["description"]
    stage.relay.come_back()
    await shows(stage, card, "Something is being made")


async def test_a_card_that_everybody_left_is_not_done(stage: Stage) -> None:
    """Green means finished, and this song is not."""
    await stage.ask("suno watch", id=SONG)
    card = await card_of(stage)
    await stage.ask("suno unwatch", id=SONG)
    await shows(stage, card, "Nobody was watching")
    assert card.embeds[0]["title"] == "Not watched any more"
    assert card.embeds[0]["color"] == UNSURE.value


async def test_a_song_that_everybody_left_gets_a_new_card(stage: Stage) -> None:
    """Where somebody watches it again."""
    await stage.ask("suno watch", id=SONG)
    card = await card_of(stage)
    await stage.ask("suno unwatch", id=SONG)
    await shows(stage, card, "Nobody was watching")
    await stage.ask("suno watch", stage.bea, id=SONG)
    await stage.discord.wait_for(lambda: len(stage.cards()) == 2, 10, "a new card")


async def test_a_card_that_is_lost_says_so_when_somebody_presses(stage: Stage) -> None:
    """Nobody keeps it up to date: it must not seem to run for ever."""
    await stage.ask("suno watch", id=SONG)
    card = await card_of(stage)
    with closing(sqlite3.connect(stage.folder / "suno.db")) as database:
        database.execute("PRAGMA foreign_keys = ON")
        database.execute("DELETE FROM cards")
        database.commit()
    pressed = await press(stage, stage.bea, card, "Me too")
    assert "This card is over" in pressed.messages[0].content
    await shows(stage, card, "This card has stopped")
    assert card.components == []
    await stage.ask("suno watch", stage.bea, id=SONG)
    await stage.discord.wait_for(lambda: len(stage.cards()) == 2, 10, "a new card")


async def test_automod_against_a_title_leaves_no_card_that_lies(stage: Stage) -> None:
    """The song is done, and so says its card, without buttons."""
    await stage.ask("suno watch", id=SONG)
    card = await card_of(stage)
    edit = "PATCH /channels/{id}/messages/{message}"
    refused = saying("Paper Boats")
    stage.discord.faults.add(edit, status=400, code=200000, times=None, where=refused)
    stage.relay.clock.advance(200)
    notice = await stage.notice_of(SONG)
    await shows(stage, card, notice.link)
    assert card.components == []


async def test_a_notice_without_a_mention_mentions_nobody(stage: Stage) -> None:
    """For who wants it quiet; others who watch are mentioned all the same."""
    await stage.act("suno watch", id=SONG, mention=False)
    stage.relay.clock.advance(200)
    assert not (await stage.notice_of(SONG)).pinged


async def test_a_card_is_edited_rarely(tmp_path: Path) -> None:
    """At most every five seconds, and not at all where nothing changed."""
    async with a_stage(tmp_path) as stage, a_bot(stage, LIVE_CARD_TIMING):
        stage.relay.add(song(SONG, title="Paper Boats", takes=100))
        await stage.ask("suno watch", id=SONG)
        card = await card_of(stage)
        for _ in range(10):
            stage.relay.clock.advance(8)
            await stage.ask("suno list")
        requests = [r for r in stage.discord.requests if r.method == "PATCH"]
        assert len([r for r in requests if str(card.id) in r.path]) <= 1


async def test_a_channel_that_is_slow_holds_up_no_other_card(tmp_path: Path) -> None:
    """An edit that discord.py holds back is given up for now; the card elsewhere goes on."""
    pace = LiveCardTiming(between_edits=0.05, between_rounds=0.05, longest_call=0.2)
    async with a_stage(tmp_path) as stage, a_bot(stage, pace):
        stage.relay.add(song(SONG, title="Paper Boats", takes=100))
        stage.relay.add(song(OTHER, title="Tram Lines", takes=100))
        await stage.ask("suno watch", id=SONG)
        await stage.act("suno watch", id=OTHER, channel=stage.lyrics)
        card, other = await card_of(stage), await card_of(stage, stage.lyrics)
        edit = "PATCH /channels/{id}/messages/{message}"
        stage.discord.faults.add(edit, retry_after=60, channel=stage.songs)
        stage.relay.clock.advance(50)
        await shows(stage, other, "Tram Lines")
        assert "Paper Boats" not in str(card.embeds)


async def test_a_card_gets_the_link_that_comes_later(stage: Stage) -> None:
    """Its buttons follow the song too, not only its words."""
    await stage.ask("suno watch", id=SONG)
    card = await card_of(stage)
    stage.relay.clock.advance(50)
    await stage.discord.wait_for(lambda: "Preview" in str(card.components))


async def test_a_card_waits_while_notices_do(tmp_path: Path) -> None:
    """A notice is the promise; a card may be late."""
    async with a_club() as club, DatabaseThread(tmp_path / "suno.db") as database:
        place = Destination(club.songs.id, club.guild.id)
        store = TaskStore(database, Outbox(database), "deerapi")
        await store.add_watch(
            a_running_task(), known=True, user_id=1, place=place, now=NOON, deadline=60
        )
        cards = Cards(database, "deerapi")
        card = await cards.open(place, ["song"], NOON, user_id=1, claimed=True)
        assert card is not None
        await cards.posted(card, (await club.post(content="A card"))["id"])
        waiting = True
        keeper = LiveCardUpdater(
            club.bot, cards, clock=lambda: NOON + 60, notices_wait=lambda: waiting
        )
        (message,) = club.songs.messages
        assert await keeper.round() == NOON + 60 + LIVE_CARD_TIMING.between_rounds
        assert not message.embeds
        waiting = False
        await keeper.round()
        await keeper.finish()
        assert message.embeds
