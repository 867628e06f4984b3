"""Posting and updating live cards: nonces, crashes, rejections and clock changes."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.delivery.error_policy import NONCE_WINDOW
from bot.delivery.live_card_updater import LIVE_CARD_TIMING, MAX_ATTEMPTS
from bot.i18n.catalog import catalog_in
from bot.storage.database import DatabaseThread
from bot.storage.erasure import Erasure
from bot.storage.live_cards import LONGEST_PAUSE, LiveCards
from bot.storage.models import Destination, PollResult, WatchRequest
from bot.storage.watches import NoticeStates
from bot.watches.recipient_check import RecipientCheck
from sandbox.discord import Message, body_contains
from tests.support.builders import NOON, a_clip, a_failure, a_running_task, a_song, keys_of
from tests.support.databases import location
from tests.support.dispatcher_harness import POST
from tests.support.live_card_harness import ADA, LiveCardHarness, open_live_card_harness
from tests.support.paths import SCHEMAS
from tests.support.released_schema import SERVER, SONGS, build, replace_ids

pytestmark = pytest.mark.both_engines


PATCH = "PATCH /channels/{id}/messages/{message}"
NOTICE = "/99)"
"""The end of a link to the notice of an ended task."""


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[LiveCardHarness]:
    """Return a harness with a connected client."""
    async with open_live_card_harness(tmp_path) as harness:
        yield harness


def says(key: str, **values: str | int) -> str:
    """Return a text of the English catalogue."""
    return catalog_in("en").text(key, **values)


def card_text(message: Message) -> str:
    """Return the text of a card and its buttons."""
    return f"{message.content} {message.embeds} {message.components}"


async def test_a_card_is_posted_by_any_process(
    harness: LiveCardHarness,
) -> None:
    """The process that created it may have crashed."""
    await harness.watch(a_running_task())
    harness.restart()
    (card,) = await harness.work()
    assert "Me too" in card_text(card)
    assert not card.pinged


async def test_a_crash_while_posting_leaves_one_card(harness: LiveCardHarness) -> None:
    """The next process uses the same nonce, so Discord returns the first message."""
    await harness.watch(a_running_task())
    (claimed,) = await harness.cards.claim(harness.now, 9)
    await harness.client.get_partial_messageable(harness.songs.id).send(
        "A card", nonce=claimed.nonce
    )
    harness.restart()
    (card,) = await harness.work()
    await harness.unwatch("song")
    await harness.work(after=10)
    assert says("live-unwatched") in card_text(card)
    assert harness.songs.messages == [card]


async def test_a_lost_response_leaves_one_card(harness: LiveCardHarness) -> None:
    """The card is updated until the task ends."""
    harness.local.faults.add(POST, drop=True, when="after")
    await harness.watch(a_running_task())
    assert await harness.work() != []
    (card,) = await harness.work(after=20)
    await harness.end(a_song())
    await harness.work(after=10)
    assert NOTICE in card_text(card)
    assert harness.songs.messages == [card]


@pytest.mark.parametrize("still", [True, False], ids=["still watched", "watched no more"])
async def test_an_unconfirmed_card_is_found_after_its_nonce_expired(
    harness: LiveCardHarness, *, still: bool
) -> None:
    """It is found by its buttons and updated."""
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
    assert says("live-unwatched") in card_text(card)
    assert card.components == []


async def test_an_unconfirmed_card_missing_from_the_history_is_posted(
    harness: LiveCardHarness,
) -> None:
    """The history shows that it was never posted."""
    await harness.watch(a_running_task())
    await harness.cards.claim(harness.now, 9)
    harness.restart()
    assert len(await harness.work(after=NONCE_WINDOW + 10)) == 1


async def test_a_card_with_unreadable_history_is_discarded(
    harness: LiveCardHarness,
) -> None:
    """The next watcher of the song gets a new card."""
    await harness.watch(a_running_task())
    await harness.cards.claim(harness.now, 9)
    harness.songs.deny("read_message_history")
    await harness.client.fetch_channel(harness.songs.id)
    harness.restart()
    assert await harness.work(after=NONCE_WINDOW + 10) == []
    await harness.watch(a_running_task(), user=2)
    (card,) = await harness.work()
    assert "<@1> <@2>" in card_text(card)


async def test_an_obsolete_card_is_not_posted(harness: LiveCardHarness) -> None:
    """All watchers left, or the song ended, before it was posted."""
    await harness.watch(a_running_task())
    await harness.watch(a_running_task("other"))
    await harness.unwatch("song")
    await harness.end(a_song("other"))
    assert await harness.work() == []
    assert not await harness.cards.has_any()


@pytest.mark.sqlite_only
async def test_an_unposted_card_of_an_old_release_is_resolved(
    harness: LiveCardHarness, tmp_path: Path
) -> None:
    """It is searched for, then posted."""
    path = tmp_path / "old.db"
    build((SCHEMAS / "0.2.0.sql").read_text(encoding="utf-8"), path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE cards SET message_id = NULL, shown_at = NULL")
        connection.commit()
    replace_ids(path, "guild_id", {SERVER: harness.guild.id})
    replace_ids(path, "channel_id", {SONGS.channel_id: harness.songs.id})
    async with DatabaseThread(location(path)) as database:
        harness.cards = LiveCards(database)
        harness.restart()
        (card,) = await harness.work()
    assert says("live-group", ended=0, total=2) in card_text(card)


async def test_a_card_deleted_before_its_confirmation_is_discarded(
    harness: LiveCardHarness,
) -> None:
    """A moderator deleted it, so it is not posted again."""
    harness.local.faults.add(POST, drop=True, when="after")
    await harness.watch(a_running_task())
    (card,) = await harness.work()
    harness.local.delete_message(card)
    assert await harness.work(after=20) == []
    assert not await harness.cards.has_any()


async def test_a_rejected_card_is_tried_again_by_the_next_watch(
    harness: LiveCardHarness,
) -> None:
    """The permission may have been granted by then."""
    harness.songs.deny("send_messages")
    await harness.watch(a_running_task())
    assert await harness.work() == []
    harness.songs.allow("send_messages")
    await harness.watch(a_running_task(), user=2)
    assert len(await harness.work()) == 1


async def test_a_transient_error_delays_a_card(harness: LiveCardHarness) -> None:
    """It is retried with growing delays and the same nonce."""
    fault = harness.local.faults.add(POST, status=503, times=3)
    await harness.watch(a_running_task())
    for _ in range(4):
        await harness.work(after=60)
    assert fault.hits == 3
    assert len(harness.songs.messages) == 1


async def test_many_cards_in_one_channel_are_all_posted(harness: LiveCardHarness) -> None:
    """They are posted one by one without delaying other channels."""
    for number in range(8):
        await harness.watch(a_running_task(f"song-{number}"))
    other = harness.guild.add_channel("other")
    await harness.watch(a_running_task("elsewhere"), channel=other)
    await harness.work()
    assert len(other.messages) == 1
    await harness.work()
    assert len(harness.songs.messages) == 8


async def test_many_cards_in_one_channel_are_all_updated(harness: LiveCardHarness) -> None:
    """Slow edits run one by one, and none is skipped."""
    tasks = [a_running_task(f"song-{number}") for number in range(8)]
    for task in tasks:
        await harness.watch(task)
    await harness.work()
    await harness.work()
    for task in tasks:
        await harness.end(a_song(task.id))
    await harness.work(after=10)
    await harness.work(after=10)
    assert all(NOTICE in card_text(card) for card in harness.songs.messages)
    assert harness.requests("PATCH") == 8


async def test_a_card_with_a_rejected_edit_uses_own_text(harness: LiveCardHarness) -> None:
    """AutoMod blocks the title; the card shows the end without buttons."""
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
    assert "Me too" in card_text(card)
    await harness.end(a_song(clips=boats))
    await harness.work(after=10)
    assert fault.hits == 1
    assert NOTICE in card_text(card)
    assert "Boats" not in card_text(card)
    assert card.components == []


async def test_a_card_with_a_rejected_title_is_posted_without_it(
    harness: LiveCardHarness,
) -> None:
    """Its buttons work, and the rejected text is not tried again."""
    fault = harness.local.faults.add(
        POST, status=400, code=200000, times=None, where=body_contains("Boats")
    )
    await harness.watch(a_running_task(clips=(a_clip(),)))
    (card,) = await harness.work()
    assert fault.hits == 1
    assert says("live-name", kind="music") in card_text(card)
    assert says("live-button-join") in card_text(card)


@pytest.mark.parametrize("when", ["before it is posted", "later"])
async def test_a_card_without_embed_links_is_text(harness: LiveCardHarness, when: str) -> None:
    """Discord would drop the embed and reject an edit that leaves nothing."""
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
    assert NOTICE in card.content
    assert card.components == []


async def test_a_card_that_cannot_be_updated_is_deleted(harness: LiveCardHarness) -> None:
    """An outdated card would show a finished song as running."""
    await harness.watch(a_running_task())
    await harness.work()
    harness.local.faults.add(PATCH, status=400, code=200000, times=None)
    await harness.end(a_song())
    assert await harness.work(after=10) == []
    assert not await harness.cards.has_any()


async def test_a_card_survives_a_proxy_that_answers_for_discord(harness: LiveCardHarness) -> None:
    """Its JSON says nothing about the card, which is updated later, with the texts of the song."""
    await harness.watch(a_running_task())
    (card,) = await harness.work()
    harness.local.faults.add(PATCH, status=200, text="maintenance", times=2)
    await harness.end(a_song())
    await harness.work(after=10)
    for _ in range(2):
        await harness.work(after=LONGEST_PAUSE)
    assert not card.deleted
    assert NOTICE in card_text(card)
    assert "Paper Boats" in card_text(card)


async def test_a_card_in_a_blocked_channel_is_updated_later(
    harness: LiveCardHarness,
) -> None:
    """It is retried rarely meanwhile."""
    await harness.watch(a_running_task())
    (card,) = await harness.work()
    fault = harness.local.faults.add(PATCH, status=403, code=50013, times=None)
    await harness.end(a_song())
    await harness.work(after=10)
    await harness.work(after=10)
    assert fault.hits == 1
    harness.local.faults.clear()
    await harness.work(after=LONGEST_PAUSE)
    assert NOTICE in card_text(card)


async def test_a_card_in_a_blocked_channel_is_finally_deleted(
    harness: LiveCardHarness,
) -> None:
    """It is deleted from the database after the maximum of attempts, about a day."""
    await harness.watch(a_running_task())
    await harness.work()
    harness.local.faults.add(PATCH, status=403, code=50013, times=None)
    await harness.database.write("UPDATE live_cards SET attempts = ?", [MAX_ATTEMPTS])
    await harness.end(a_song())
    await harness.work(after=10)
    assert not await harness.cards.has_any()


async def test_a_clock_rollback_delays_no_card(harness: LiveCardHarness) -> None:
    """New cards are posted, and existing ones are updated."""
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
    assert "50%" in card_text(card)
    assert len(harness.songs.messages) == 2
    await harness.end(a_song())
    await harness.work(after=10)
    assert NOTICE in card_text(card)


async def test_an_unconfirmed_card_is_found_after_a_clock_rollback(
    harness: LiveCardHarness,
) -> None:
    """It is not posted twice."""
    harness.local.faults.add(POST, drop=True, when="after")
    await harness.watch(a_running_task())
    (card,) = await harness.work()
    harness.local.nonce_window = 0
    harness.setback = 1800
    assert await harness.work(after=60) == [card]


@pytest.mark.parametrize("restarted", [False, True])
async def test_an_unconfirmed_card_is_found_if_its_nonce_seems_valid(
    harness: LiveCardHarness, restarted: bool
) -> None:
    """The clock was set back by about the nonce window."""
    harness.local.faults.add(POST, drop=True, when="after")
    await harness.watch(a_running_task())
    (card,) = await harness.work()
    harness.setback = 90
    if restarted:
        harness.restart()
    assert await harness.work() == [card]
    harness.local.nonce_window = 0
    assert await harness.work(after=100) == [card]


async def test_a_card_is_kept_if_a_watcher_joins_during_its_last_edit(
    harness: LiveCardHarness,
) -> None:
    """The edit was based on a card without watchers."""
    await harness.watch(a_running_task())
    (card,) = await harness.work()
    await harness.unwatch("song")
    harness.local.clock.advance(10)
    (over,) = await harness.cards.due_for_update(harness.now, min_interval=0, limit=9)
    await harness.watch(a_running_task(), user=2)
    await harness.cards.record_update(over, "a look")
    await harness.work(after=10)
    assert "<@2>" in card_text(card)
    assert "Me too" in card_text(card)


async def test_a_card_is_posted_if_a_watcher_joins_again(harness: LiveCardHarness) -> None:
    """All watchers had left when the updater read it."""
    await harness.watch(a_running_task())
    await harness.unwatch("song")
    (unneeded,) = await harness.cards.claim(harness.now, 9)
    await harness.watch(a_running_task(), user=2)
    await harness.cards.discard(unneeded)
    (card,) = await harness.work()
    assert "<@2>" in card_text(card)


async def test_an_unconfirmed_card_in_a_blocked_channel_is_kept(
    harness: LiveCardHarness,
) -> None:
    """It is found and updated when the permission is granted."""
    harness.local.faults.add(POST, drop=True, when="after")
    await harness.watch(a_running_task())
    (card,) = await harness.work()
    harness.local.faults.add(POST, status=403, code=50013)
    await harness.work(after=20)
    await harness.end(a_song())
    await harness.work(after=LONGEST_PAUSE)
    await harness.work(after=10)
    assert NOTICE in card_text(card)


async def test_an_unchanged_card_is_not_edited(harness: LiveCardHarness) -> None:
    """The digest of the content is stored, so a restart causes no edit either."""
    await harness.watch(a_running_task())
    await harness.work()
    await harness.watch(a_running_task())
    await harness.work(after=10)
    harness.restart()
    await harness.watch(a_running_task())
    await harness.work(after=10)
    assert harness.requests("PATCH") == 0


async def test_state_of_deleted_cards_is_released(harness: LiveCardHarness) -> None:
    """This holds for cards of a removed server too."""
    for number in range(5):
        await harness.watch(a_running_task(f"song-{number}"))
    await harness.work()
    await harness.work()
    await harness.watch(*(a_running_task(f"song-{number}") for number in range(5)), user=2)
    await harness.work(after=10)
    await Erasure(harness.database).erase_server(harness.guild.id, NOON)
    await harness.work(after=10)
    (updater,) = harness.updaters
    kept = [value for value in vars(updater).values() if isinstance(value, dict | list | set)]
    assert kept
    assert not any(kept)


async def test_a_card_of_a_failure_is_not_green(harness: LiveCardHarness) -> None:
    """Green means that the task succeeded."""
    await harness.watch(a_running_task())
    (card,) = await harness.work()
    await harness.end(a_failure())
    await harness.work(after=10)
    assert card.embeds == []
    assert card.content.startswith("❌ ")


async def test_a_slow_check_of_direct_messages_is_no_refusal(harness: LiveCardHarness) -> None:
    """After a timeout the watch is accepted without the check."""
    harness.local.faults.add(POST, delay=30)
    direct = Destination(harness.local.open_dm(harness.local.state.owner).id)
    await harness.store.add_watch(
        a_running_task(), WatchRequest(ADA, direct), harness.now, known=True, deadline=60
    )
    card = await harness.cards.create(
        direct, keys_of("song", account="local"), harness.now, user_id=ADA, claimed=True
    )
    notices = NoticeStates(harness.database)
    messages = RecipientCheck(harness.updaters[-1], notices, timeout=0.1)
    assert await messages.refusal(direct, card, []) is None
    await harness.store.add_finished(a_song("done"), WatchRequest(ADA, direct), harness.now)
    assert await messages.refusal(direct, None, ["done"]) is None


async def test_a_card_that_arrives_after_its_user_was_forgotten_is_deleted(
    harness: LiveCardHarness,
) -> None:
    """It would stand there for ever: its record, by which it is kept up to date, is deleted."""
    messages = harness.local.open_dm(harness.local.state.owner)
    direct = Destination(messages.id)
    await harness.store.add_watch(
        a_running_task(), WatchRequest(ADA, direct), harness.now, known=True, deadline=60
    )
    card = await harness.cards.create(
        direct, keys_of("song", account="local"), harness.now, user_id=ADA, claimed=True
    )
    assert card is not None
    await Erasure(harness.database).erase_user(ADA, messages.id, harness.now)
    assert await harness.updaters[-1].post(card) is None
    assert (harness.requests("POST"), messages.messages) == (1, [])


async def test_a_card_that_is_posted_twice_stays(harness: LiveCardHarness) -> None:
    """The second request has the same nonce, so Discord returns the message of the first."""
    await harness.watch(a_running_task())
    (claimed,) = await harness.cards.claim(harness.now, 9)
    await harness.cards.recover()
    (card,) = await harness.work()
    assert await harness.updaters[-1].post(claimed) is None
    await harness.end(a_song())
    await harness.work(after=10)
    assert NOTICE in card_text(card)
    assert harness.songs.messages == [card]


async def test_a_card_of_another_process_that_died_is_posted(harness: LiveCardHarness) -> None:
    """It was to post the card for somebody who waited there; this process goes on meanwhile."""
    await harness.watch(a_running_task("one"))
    assert len(await harness.work()) == 1
    task, destination = a_running_task("two"), Destination(harness.songs.id, harness.guild.id)
    watch = WatchRequest(ADA, destination)
    await harness.store.add_watch(task, watch, harness.now, known=True, deadline=86400)
    keys = keys_of("two", account="local")
    await harness.cards.create(destination, keys, harness.now, user_id=ADA, claimed=True)
    assert len(await harness.work(after=LIVE_CARD_TIMING.claim_timeout - 1)) == 1
    assert len(await harness.work(after=1)) == 2


async def test_only_later_edits_of_a_card_wait(harness: LiveCardHarness) -> None:
    """What has changed since the card was posted is shown at once, and then every few seconds."""
    await harness.watch(a_running_task())
    (card,) = await harness.work()
    for user, seconds in ((2, 0.0), (3, LIVE_CARD_TIMING.edit_interval)):
        await harness.watch(a_running_task(), user=user)
        if seconds:
            await harness.work()
            assert f"<@{user}>" not in str(card.embeds)
        await harness.work(after=seconds)
        assert f"<@{user}>" in str(card.embeds)
