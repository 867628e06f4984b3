"""Live cards while the relay fails: they say so, and are edited as slowly as ever."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.delivery.live_card_updater import LiveCardTiming
from bot.i18n.catalog import catalog_in
from bot.ui.task_text import UNKNOWN_COLOUR
from sandbox.discord import Message
from sandbox.relay import song
from tests.support.builders import a_running_task, a_song
from tests.support.live_card_harness import LiveCardHarness, open_live_card_harness
from tests.support.live_cards import SONG, card_of
from tests.support.sandbox_session import open_sandbox, running_bot

GREY = UNKNOWN_COLOUR.value


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[LiveCardHarness]:
    """Return a harness with a connected client."""
    async with open_live_card_harness(tmp_path) as harness:
        yield harness


def outage(since: float) -> str:
    """Return what a card says of an outage."""
    return catalog_in("en").text("live-relay-down", time=f"<t:{since:.0f}:R>")


def says_outage(card: Message, since: float) -> bool:
    """Whether a card says since when the relay fails."""
    return outage(since) in card.embeds[0]["description"]


async def test_a_card_says_when_an_outage_began_and_that_it_is_over(
    harness: LiveCardHarness,
) -> None:
    """It is edited once for the beginning and once for the end."""
    await harness.watch(a_running_task())
    (card,) = await harness.work()
    began = harness.relay_failing_since = harness.now
    await harness.work(after=90)
    assert says_outage(card, began)
    await harness.work(after=90)
    assert harness.requests("PATCH") == 1
    harness.relay_failing_since = None
    await harness.work(after=10)
    assert not says_outage(card, began)
    assert harness.requests("PATCH") == 2


async def test_an_outage_of_a_real_relay_reaches_the_card(tmp_path: Path) -> None:
    """The poller's failures open the circuit, and the first success closes it."""
    timing = LiveCardTiming(edit_interval=0.05, tick_interval=0.05, min_outage=0.1)
    async with open_sandbox(tmp_path) as sandbox, running_bot(sandbox, timing):
        sandbox.relay.add(song(SONG, title="Paper Boats", takes=100))
        sandbox.relay.clock.advance(50)
        await sandbox.command_answer("suno watch", id=SONG)
        card = await card_of(sandbox)
        sandbox.relay.start_outage()
        await sandbox.discord.wait_for(lambda: card.embeds[0]["color"] == GREY, 120, "an outage")
        sandbox.relay.end_outage()
        await sandbox.discord.wait_for(lambda: card.embeds[0]["color"] != GREY, 120, "its end")
        sandbox.relay.clock.advance(200)
        notice = await sandbox.wait_for_notice(SONG)
        await sandbox.discord.wait_for(lambda: notice.link in card.content, 120, "a finished card")


async def test_a_short_failure_edits_no_card(harness: LiveCardHarness) -> None:
    """Relays fail for some seconds now and then."""
    await harness.watch(a_running_task())
    await harness.work()
    harness.relay_failing_since = harness.now
    await harness.work(after=30)
    harness.relay_failing_since = None
    await harness.work(after=30)
    assert harness.requests("PATCH") == 0


async def test_a_card_that_is_posted_in_an_outage_says_so(harness: LiveCardHarness) -> None:
    """It needs no further edit."""
    harness.relay_failing_since = harness.now - 300
    await harness.watch(a_running_task())
    (card,) = await harness.work()
    assert says_outage(card, harness.now - 300)
    await harness.work(after=30)
    assert harness.requests("PATCH") == 0


async def test_an_outage_of_another_account_edits_no_card(harness: LiveCardHarness) -> None:
    """Its relay does not know the tasks on the card."""
    harness.failing_account = "another"
    await harness.watch(a_running_task())
    (card,) = await harness.work()
    began = harness.relay_failing_since = harness.now
    await harness.work(after=90)
    assert not says_outage(card, began)
    assert harness.requests("PATCH") == 0


async def test_an_outage_does_not_keep_a_finished_card(harness: LiveCardHarness) -> None:
    """Its task had ended before, or nobody waits for it any more."""
    await harness.watch(a_running_task("done"))
    await harness.watch(a_running_task("left"))
    await harness.work()
    await harness.work(after=10)
    harness.relay_failing_since = harness.now - 300
    await harness.end(a_song("done"))
    await harness.unwatch("left")
    await harness.work(after=10)
    assert all(card.embeds == [] for card in harness.songs.messages)
    assert not await harness.cards.has_any()


async def test_a_restart_after_an_outage_leaves_no_false_card(harness: LiveCardHarness) -> None:
    """What a card shows of the relay is stored with it."""
    await harness.watch(a_running_task())
    (card,) = await harness.work()
    began = harness.relay_failing_since = harness.now
    await harness.work(after=90)
    assert says_outage(card, began)
    harness.relay_failing_since = None
    harness.restart()
    await harness.work(after=10)
    assert not says_outage(card, began)


async def test_an_outage_edits_many_cards_a_few_at_a_time(harness: LiveCardHarness) -> None:
    """No tick reads more cards than usual, however many say something new."""
    for number in range(25):
        channel = harness.guild.add_channel(f"room-{number}")
        await harness.watch(a_running_task(f"song-{number}"), user=number + 1, channel=channel)
    await harness.work()
    due: dict[str, Any] = {"min_interval": 5.0, "limit": 10}
    later, down_since = harness.now + 90, harness.now
    assert await harness.cards.due_for_update(later, **due) == []
    found = await harness.cards.due_for_update(later, outages={"local": down_since}, **due)
    assert len(found) == 10
