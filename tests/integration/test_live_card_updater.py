"""Live cards in a sandbox: buttons, updates, restarts and private watches."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.delivery.live_card_updater import LIVE_CARD_TIMING, LiveCardTiming
from bot.i18n.catalog import catalog_for, catalog_in
from bot.storage.database import DatabaseThread
from bot.storage.live_cards import LiveCards
from bot.storage.models import Destination, WatchRequest
from bot.storage.outbox import Outbox
from bot.storage.tasks import TaskStore
from sandbox.discord import Message, body_contains
from sandbox.relay import failing, song
from tests.support.builders import NOON, a_running_task, keys_of
from tests.support.databases import location
from tests.support.delivery import a_live_card_updater
from tests.support.live_cards import SONG, card_of, press
from tests.support.sandbox_client import logged_in_client
from tests.support.sandbox_session import SandboxSession, open_sandbox, running_bot

ENGLISH = catalog_for("en-US")

OTHER = "another-song-with-a-long-id"


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[SandboxSession]:
    """Yield a sandbox with a running bot and two running songs."""
    async with open_sandbox(tmp_path) as sandbox, running_bot(sandbox):
        sandbox.relay.add(song(SONG, title="Paper Boats", takes=100))
        sandbox.relay.add(song(OTHER, title="Tram Lines", takes=300))
        yield sandbox


def says(key: str, **values: str | int) -> str:
    """Return a text of the English catalogue."""
    return catalog_in("en").text(key, **values)


async def wait_for_text(sandbox: SandboxSession, card: Message, text: str) -> None:
    """Wait until a card shows a text."""
    await sandbox.discord.wait_for(
        lambda: text in f"{card.content}{card.embeds}", 120, f"{text!r} on the card {card.embeds}"
    )


async def test_a_watch_posts_one_card_without_pings(sandbox: SandboxSession) -> None:
    """It names the watchers without notifying them."""
    await sandbox.command_answer("suno watch", id=SONG)
    card = await card_of(sandbox)
    assert not card.pinged
    assert sandbox.ada.mention in card.embeds[0]["description"]
    assert SONG not in str(card.payload())


async def test_a_card_shows_progress_and_links_the_notice(sandbox: SandboxSession) -> None:
    """The card is edited; the notice is a new message with mentions."""
    await sandbox.command_answer("suno watch", id=SONG)
    card = await card_of(sandbox)
    sandbox.relay.clock.advance(50)
    await wait_for_text(sandbox, card, "Paper Boats")
    sandbox.relay.clock.advance(100)
    notice = await sandbox.wait_for_notice(SONG)
    await wait_for_text(sandbox, card, notice.link)
    assert notice.pinged == {sandbox.ada.id}
    assert card.components == []
    assert sandbox.cards() == [card]


async def test_me_too_adds_a_watcher(sandbox: SandboxSession) -> None:
    """The user is added to the same card and the same notice."""
    await sandbox.command_answer("suno watch", id=SONG)
    card = await card_of(sandbox)
    interaction = await press(sandbox, sandbox.bea, card, "Me too")
    assert "Watching" in interaction.messages[0].content
    await wait_for_text(sandbox, card, sandbox.bea.mention)
    sandbox.relay.clock.advance(200)
    assert (await sandbox.wait_for_notice(SONG)).pinged == {sandbox.ada.id, sandbox.bea.id}
    assert sandbox.cards() == [card]


async def test_the_last_watcher_to_leave_ends_the_card(sandbox: SandboxSession) -> None:
    """The card says so and loses its buttons; no notice is posted."""
    await sandbox.command_answer("suno watch", id=SONG)
    card = await card_of(sandbox)
    await press(sandbox, sandbox.bea, card, "Me too")
    await press(sandbox, sandbox.ada, card, "Stop")
    await wait_for_text(sandbox, card, sandbox.bea.mention)
    await press(sandbox, sandbox.bea, card, "Stop")
    await wait_for_text(sandbox, card, says("live-unwatched"))
    assert card.components == []
    await sandbox.command_answer("suno watch", id=OTHER)
    sandbox.relay.clock.advance(400)
    await sandbox.wait_for_notice(OTHER)
    assert sandbox.notices(SONG) == []


async def test_unwatching_by_command_updates_the_card(sandbox: SandboxSession) -> None:
    """It has the same effect as the button."""
    await sandbox.command_answer("suno watch", id=SONG)
    card = await card_of(sandbox)
    await press(sandbox, sandbox.bea, card, "Me too")
    await wait_for_text(sandbox, card, sandbox.bea.mention)
    await sandbox.command_answer("suno unwatch", sandbox.bea, id=SONG)
    await sandbox.discord.wait_for(lambda: sandbox.bea.mention not in str(card.embeds))


async def test_stop_without_a_watch_is_explained(sandbox: SandboxSession) -> None:
    """The watches of others are kept."""
    await sandbox.command_answer("suno watch", id=SONG)
    interaction = await press(sandbox, sandbox.bea, await card_of(sandbox), "Stop")
    assert interaction.messages[0].content == says("live-not-watching")
    sandbox.relay.clock.advance(200)
    assert (await sandbox.wait_for_notice(SONG)).pinged == {sandbox.ada.id}


async def test_several_ids_are_one_card_and_a_notice_each(sandbox: SandboxSession) -> None:
    """The card counts ended tasks and links every notice."""
    sandbox.relay.add(failing("a-song-that-fails-soon", takes=10))
    await sandbox.command_answer(
        "suno watch", id=f"{SONG} {OTHER} a-song-that-fails-soon", together="separate"
    )
    card = await card_of(sandbox)
    assert card.embeds[0]["title"] == says("live-group", ended=0, total=3)
    sandbox.relay.clock.advance(150)
    await wait_for_text(sandbox, card, says("live-group", ended=2, total=3))
    sandbox.relay.clock.advance(300)
    notices = [
        await sandbox.wait_for_notice(task) for task in (SONG, OTHER, "a-song-that-fails-soon")
    ]
    await sandbox.discord.wait_for(lambda: not card.embeds, 120, "a card without an embed")
    assert [line[0] for line in card.content.split("\n")] == ["✅", "✅", "❌"]
    assert all(notice.link in card.content for notice in notices)
    assert sandbox.cards() == [card]


async def test_a_card_says_that_a_message_waits_for_the_others(sandbox: SandboxSession) -> None:
    """Tasks that are watched together end in one message; each line links it then."""
    await sandbox.command_answer("suno watch", id=f"{SONG} {OTHER}")
    card = await card_of(sandbox)
    sandbox.relay.clock.advance(150)
    await wait_for_text(sandbox, card, says("live-collecting"))
    sandbox.relay.clock.advance(300)
    await sandbox.discord.wait_for(lambda: not card.embeds, 120, "a card without an embed")
    assert card.content.count(sandbox.songs.messages[-1].link) == 2


async def test_a_second_watch_of_the_same_song_opens_no_second_card(
    sandbox: SandboxSession,
) -> None:
    """The existing card shows the new watcher."""
    await sandbox.command_answer("suno watch", id=SONG)
    card = await card_of(sandbox)
    await sandbox.command_answer("suno watch", sandbox.bea, id=SONG)
    await wait_for_text(sandbox, card, sandbox.bea.mention)
    assert sandbox.cards() == [card]


async def test_a_card_is_updated_after_a_restart(tmp_path: Path) -> None:
    """Its buttons work until the song ends."""
    async with open_sandbox(tmp_path) as sandbox:
        sandbox.relay.add(song(SONG, title="Paper Boats", takes=100))
        async with running_bot(sandbox):
            await sandbox.command_answer("suno watch", id=SONG)
            card = await card_of(sandbox)
        await sandbox.discord.wait_until_disconnected()
        async with running_bot(sandbox):
            await press(sandbox, sandbox.bea, card, "Me too")
            await wait_for_text(sandbox, card, sandbox.bea.mention)
            sandbox.relay.clock.advance(200)
            notice = await sandbox.wait_for_notice(SONG)
            await wait_for_text(sandbox, card, notice.link)


async def test_deleting_a_card_keeps_the_watch(sandbox: SandboxSession) -> None:
    """The notice is posted, and no new card."""
    await sandbox.command_answer("suno watch", id=SONG)
    sandbox.discord.delete_message(await card_of(sandbox))
    sandbox.relay.clock.advance(200)
    await sandbox.wait_for_notice(SONG)
    assert sandbox.cards() == []


async def test_a_watch_can_name_another_channel(sandbox: SandboxSession) -> None:
    """Card and notice are posted there."""
    answer = await sandbox.use_command("suno watch", id=SONG, channel=sandbox.lyrics)
    assert sandbox.lyrics.mention in answer.messages[0].content
    sandbox.relay.clock.advance(200)
    await sandbox.wait_for_notice(SONG, sandbox.lyrics)
    assert sandbox.songs.messages == []


async def test_a_watch_respects_the_users_permissions(sandbox: SandboxSession) -> None:
    """A user cannot make the bot post where they cannot."""
    sandbox.lyrics.deny("send_messages", target=sandbox.ada)
    answer = await sandbox.use_command("suno watch", id=SONG, channel=sandbox.lyrics)
    assert answer.messages[0].content == ENGLISH.text(
        "watch-not-yours", channel=f"<#{sandbox.lyrics.id}>"
    )
    assert (await sandbox.command_answer("suno list")).embeds == []


async def test_missing_permissions_of_the_other_channel_are_named(sandbox: SandboxSession) -> None:
    """The permissions of this channel do not matter."""
    sandbox.lyrics.deny("send_messages")
    answer = await sandbox.use_command("suno watch", id=SONG, channel=sandbox.lyrics)
    assert "Send Messages" in answer.messages[0].content


async def test_a_private_watch_uses_only_direct_messages(sandbox: SandboxSession) -> None:
    """Nothing is posted in the channel."""
    await sandbox.use_command("suno watch", id=SONG, private=True)
    direct = sandbox.discord.open_dm(sandbox.ada)
    sandbox.relay.clock.advance(200)
    notice = await sandbox.wait_for_notice(SONG, direct)
    assert notice.pinged == {sandbox.ada.id}
    assert sandbox.songs.messages == []


@pytest.mark.parametrize("ended", [True, False], ids=["done", "running"])
async def test_a_private_watch_without_direct_messages_is_refused(
    sandbox: SandboxSession, *, ended: bool
) -> None:
    """The reply names the command that shows finished songs."""
    sandbox.ada.accepts_direct_messages = False
    if ended:
        sandbox.relay.clock.advance(200)
    answer = (await sandbox.use_command("suno watch", id=SONG, private=True)).messages[0].content
    assert ENGLISH.text("watch-no-direct-message") in answer
    assert ("✅" in answer) == ended
    assert (await sandbox.command_answer("suno list")).embeds == []


async def test_a_private_watch_of_a_finished_song_is_notified_there(
    sandbox: SandboxSession,
) -> None:
    """The reply announces the direct message."""
    sandbox.relay.clock.advance(200)
    answer = await sandbox.use_command("suno watch", id=SONG, private=True)
    assert ENGLISH.text("watch-details-private") in answer.messages[0].content
    assert len(sandbox.notices(SONG, sandbox.discord.open_dm(sandbox.ada))) == 1


async def test_a_watch_is_confirmed_before_its_card_is_posted(sandbox: SandboxSession) -> None:
    """A rate limit on the channel does not delay the reply."""
    held_back = sandbox.discord.faults.add("POST /channels/{id}/messages", retry_after=60)
    for user in (sandbox.ada, sandbox.bea):
        answer = await sandbox.command_answer("suno watch", user, id=SONG)
        assert "Watching" in answer.content
    await sandbox.discord.wait_for(lambda: held_back.hits)
    assert sandbox.cards() == []


async def test_many_watches_are_confirmed_before_their_cards(tmp_path: Path) -> None:
    """The cards follow as fast as Discord's rate limit allows."""
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


async def test_a_card_with_a_lost_response_is_updated(sandbox: SandboxSession) -> None:
    """There is one card, and it is kept up to date."""
    sandbox.discord.faults.add("POST /channels/{id}/messages", drop=True, when="after")
    await sandbox.command_answer("suno watch", id=SONG)
    card = await card_of(sandbox)
    sandbox.relay.clock.advance(200)
    notice = await sandbox.wait_for_notice(SONG)
    await wait_for_text(sandbox, card, notice.link)
    assert sandbox.cards() == [card]


async def test_a_card_of_an_unchecked_task_says_so(
    sandbox: SandboxSession,
) -> None:
    """Neither card nor list shows it as running."""
    sandbox.relay.start_outage()
    await sandbox.command_answer("suno watch", id=SONG)
    card = await card_of(sandbox)
    assert says("live-unknown") in card.embeds[0]["description"]
    assert (
        "waiting for the relay"
        in (await sandbox.command_answer("suno list")).embeds[0]["description"]
    )
    sandbox.relay.end_outage()
    await wait_for_text(sandbox, card, says("card-state-waiting"))


async def test_a_card_without_watchers_is_not_green(sandbox: SandboxSession) -> None:
    """The song has not ended."""
    await sandbox.command_answer("suno watch", id=SONG)
    card = await card_of(sandbox)
    await sandbox.command_answer("suno unwatch", id=SONG)
    await wait_for_text(sandbox, card, says("live-unwatched"))
    assert card.embeds == []
    assert "✅" not in card.content


async def test_a_new_watch_after_all_left_has_a_new_card(sandbox: SandboxSession) -> None:
    """The channel has two cards then."""
    await sandbox.command_answer("suno watch", id=SONG)
    card = await card_of(sandbox)
    await sandbox.command_answer("suno unwatch", id=SONG)
    await wait_for_text(sandbox, card, says("live-unwatched"))
    await sandbox.command_answer("suno watch", sandbox.bea, id=SONG)
    await sandbox.discord.wait_for(lambda: len(sandbox.cards()) == 2, 120, "a new card")


async def test_an_orphaned_card_is_retired_when_its_button_is_pressed(
    sandbox: SandboxSession,
) -> None:
    """Nothing updates it any more."""
    await sandbox.command_answer("suno watch", id=SONG)
    card = await card_of(sandbox)
    with closing(sqlite3.connect(sandbox.folder / "suno.db")) as database:
        database.execute("PRAGMA foreign_keys = ON")
        recorded = "DELETE FROM live_cards WHERE state = 'posted'"  # before, it would be deleted
        async with asyncio.timeout(120):
            while not database.execute(recorded).rowcount:
                database.rollback()
                await asyncio.sleep(0.05)
        database.commit()
    interaction = await press(sandbox, sandbox.bea, card, "Me too")
    assert interaction.messages[0].content == says("live-ended")
    await wait_for_text(sandbox, card, says("live-orphaned"))
    assert card.components == []
    await sandbox.command_answer("suno watch", sandbox.bea, id=SONG)
    await sandbox.discord.wait_for(lambda: len(sandbox.cards()) == 2, 120, "a new card")


async def test_a_card_with_a_blocked_title_still_shows_the_end(sandbox: SandboxSession) -> None:
    """It has no buttons then."""
    await sandbox.command_answer("suno watch", id=SONG)
    card = await card_of(sandbox)
    edit = "PATCH /channels/{id}/messages/{message}"
    refused = body_contains("Paper Boats")
    sandbox.discord.faults.add(edit, status=400, code=200000, times=None, where=refused)
    sandbox.relay.clock.advance(200)
    notice = await sandbox.wait_for_notice(SONG)
    await wait_for_text(sandbox, card, notice.link)
    assert card.components == []


async def test_a_watch_without_mention_is_not_mentioned(sandbox: SandboxSession) -> None:
    """The notice of a watch without mention notifies nobody."""
    await sandbox.use_command("suno watch", id=SONG, mention=False)
    sandbox.relay.clock.advance(200)
    assert not (await sandbox.wait_for_notice(SONG)).pinged


async def test_a_card_is_edited_rarely(tmp_path: Path) -> None:
    """At most one edit in five seconds, and none without a change."""
    async with open_sandbox(tmp_path) as sandbox, running_bot(sandbox, LIVE_CARD_TIMING):
        sandbox.relay.add(song(SONG, title="Paper Boats", takes=100))
        await sandbox.command_answer("suno watch", id=SONG)
        card = await card_of(sandbox)
        for _ in range(10):
            sandbox.relay.clock.advance(8)
            await sandbox.command_answer("suno list")
        requests = [r for r in sandbox.discord.requests if r.method == "PATCH"]
        assert len([r for r in requests if str(card.id) in r.path]) <= 1


async def test_a_slow_channel_delays_no_other_card(tmp_path: Path) -> None:
    """A delayed edit does not block cards in other channels."""
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
        await wait_for_text(sandbox, other, "Tram Lines")
        assert "Paper Boats" not in str(card.embeds)


async def test_a_card_adds_links_when_they_appear(sandbox: SandboxSession) -> None:
    """Its buttons are updated, not only its text."""
    await sandbox.command_answer("suno watch", id=SONG)
    card = await card_of(sandbox)
    sandbox.relay.clock.advance(50)
    await sandbox.discord.wait_for(lambda: "Preview" in str(card.components))


async def test_cards_wait_while_notices_are_due(tmp_path: Path) -> None:
    """Notices have priority."""
    async with (
        logged_in_client() as harness,
        DatabaseThread(location(tmp_path / "suno.db")) as database,
    ):
        destination = Destination(harness.songs.id, harness.guild.id)
        store = TaskStore(database, Outbox(database), "deerapi")
        await store.add_watch(
            a_running_task(), WatchRequest(1, destination), NOON, known=True, deadline=60
        )
        cards = LiveCards(database)
        card = await cards.create(destination, keys_of("song"), NOON, user_id=1, claimed=True)
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
