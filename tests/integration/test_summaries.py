"""`/suno watch` with several ids: one summary, one mention, and all tasks reachable from it."""

from collections.abc import AsyncIterator

import pytest

from bot.i18n.catalog import catalog_for
from sandbox.discord import Message, User
from sandbox.relay import failing, lyrics_task, song
from tests.support.live_cards import card_of, press
from tests.support.replies import says
from tests.support.sandbox_session import SandboxSession, running_bot

CATALOG = catalog_for("en-US")
POST = "POST /channels/{channel_id}/messages"


@pytest.fixture
async def running(sandbox: SandboxSession) -> AsyncIterator[SandboxSession]:
    """Run the bot; the relay has two songs, lyrics and a failure."""
    sandbox.relay.add(
        song("song-1", title="song-1", takes=100),
        song("song-2", title="song-2", takes=100),
        lyrics_task("words-3", title="words-3", takes=50),
        failing("song-4", takes=50),
    )
    async with running_bot(sandbox):
        yield sandbox


def pinged(message: Message) -> list[int]:
    """Return who is mentioned."""
    return [int(user["id"]) for user in message.payload()["mentions"]]


def menu_of(message: Message) -> dict[str, object]:
    """Return the menu below a message."""
    (row,) = message.components
    (menu,) = row["components"]
    return dict(menu)


async def choose(sandbox: SandboxSession, user: User, message: Message, task_id: str) -> Message:
    """Choose a task in the menu of a summary; return the private answer."""
    custom_id = str(menu_of(message)["custom_id"])
    chosen = await sandbox.discord.select(user, message, custom_id, [task_id])
    await chosen.wait_for_answer()
    return chosen.messages[0]


async def test_several_ids_end_in_one_summary(running: SandboxSession) -> None:
    """It mentions the person once and names every task; there are no notices besides."""
    answer = await running.command_answer("suno watch", id="song-1 song-2 song-4")
    assert CATALOG.text("summary-told-here", count=3) in answer.content
    running.relay.clock.advance(60)
    await running.discord.wait_for(
        lambda: any("1 of 3" in str(card.embeds) for card in running.cards()), 10
    )
    assert running.summaries() == []
    running.relay.clock.advance(100)
    summary = await running.wait_for_summary()
    said = CATALOG.text("summary-some-ready", kind="music", ready=2, total=3)
    assert said in summary.content
    assert pinged(summary) == [running.ada.id]
    assert len(summary.embeds[0]["description"].split("\n")) == 3
    assert [running.notices(task_id) for task_id in ("song-1", "song-2", "song-4")] == [[], [], []]


async def test_separate_notices_can_be_chosen(running: SandboxSession) -> None:
    """Each task gets a message of its own."""
    await running.command_answer("suno watch", id="song-1 words-3", together="separate")
    running.relay.clock.advance(150)
    for task_id in ("song-1", "words-3"):
        await running.wait_for_notice(task_id)
    assert running.summaries() == []


async def test_a_single_id_ends_in_a_notice(running: SandboxSession) -> None:
    """Whatever is chosen."""
    await running.command_answer("suno watch", id="song-1", together="summary")
    running.relay.clock.advance(150)
    await running.wait_for_notice("song-1")
    assert running.summaries() == []


async def test_a_task_that_has_ended_already_waits_for_the_others(running: SandboxSession) -> None:
    """The answer says so, and an unknown id is no part of it."""
    running.relay.clock.advance(60)
    answer = await running.command_answer("suno watch", id="words-3 song-1 no-such-task-5")
    assert any(says(line, "watch-in-summary", "words-3") for line in answer.content.split("\n"))
    running.relay.clock.advance(100)
    summary = await running.wait_for_summary()
    said = CATALOG.text("summary-all-ready", kind="task", ready=2, total=2)
    assert said in summary.content


async def test_tasks_that_have_all_ended_are_told_at_once(running: SandboxSession) -> None:
    """In one message."""
    running.relay.clock.advance(200)
    answer = await running.command_answer("suno watch", id="song-1 song-2 words-3")
    assert all(says(answer.content, "watch-finished", each) for each in ("song-1", "words-3"))
    summary = await running.wait_for_summary()
    assert CATALOG.text("summary-all-ready", kind="task", ready=3, total=3) in summary.content


async def test_the_button_of_the_card_joins_the_summary(running: SandboxSession) -> None:
    """Both people are mentioned in the same message, and the card links it for every task."""
    await running.command_answer("suno watch", id="song-1 song-2")
    card = await card_of(running)
    await press(running, running.bea, card, CATALOG.text("live-button-join"))
    running.relay.clock.advance(150)
    summary = await running.wait_for_summary()
    assert sorted(pinged(summary)) == sorted([running.ada.id, running.bea.id])
    await running.discord.wait_for(lambda: str(card.payload()).count(summary.link) == 2, 120)
    assert running.summaries() == [summary]


async def test_every_task_can_be_opened_privately(running: SandboxSession) -> None:
    """A song shows its card, lyrics open the reader, for whoever chooses."""
    await running.command_answer("suno watch", id="song-1 words-3 song-4")
    running.relay.clock.advance(150)
    summary = await running.wait_for_summary()
    shown = await choose(running, running.bea, summary, "song-1")
    assert "cdn" in str(shown.payload())
    assert shown.ephemeral
    read = await choose(running, running.ada, summary, "words-3")
    assert "lyrics:" in str(read.components)
    failed = await choose(running, running.ada, summary, "song-4")
    assert failed.embeds


async def test_the_menu_works_after_a_restart(sandbox: SandboxSession) -> None:
    """Its custom id and values hold all that is needed."""
    sandbox.relay.add(song("song-1", takes=10), song("song-2", takes=10))
    async with running_bot(sandbox):
        await sandbox.command_answer("suno watch", id="song-1 song-2")
        sandbox.relay.clock.advance(60)
        summary = await sandbox.wait_for_summary()
    await sandbox.discord.wait_until_disconnected()
    async with running_bot(sandbox):
        shown = await choose(sandbox, sandbox.ada, summary, "song-2")
        assert "cdn" in str(shown.payload())


async def test_a_private_summary_arrives_as_a_direct_message(running: SandboxSession) -> None:
    """Like a private notice."""
    await running.use_command("suno watch", id="song-1 song-2", private=True)
    running.relay.clock.advance(150)
    await running.wait_for_summary(running.discord.open_dm(running.ada))
    assert running.summaries() == []


async def test_a_summary_survives_rejected_content(running: SandboxSession) -> None:
    """It is sent simpler until Discord takes it, and in the end names nothing but the counts."""
    running.discord.faults.add(
        POST, status=400, code=50035, times=None, where=lambda body: "♫" in str(body)
    )
    await running.command_answer("suno watch", id="song-1 song-2")
    running.relay.clock.advance(150)
    said = CATALOG.text("summary-all-ready", kind="music", ready=2, total=2)
    (message,) = await running.discord.wait_for(
        lambda: [each for each in running.songs.messages if said in each.content], 15
    )
    assert message.embeds == []
    assert pinged(message) == [running.ada.id]


async def test_a_summary_whose_response_was_lost_is_not_posted_twice(
    running: SandboxSession,
) -> None:
    """Discord recognizes its nonce."""
    running.discord.faults.add(
        POST, drop=True, when="after", times=1, where=lambda body: "♫" in str(body)
    )
    await running.command_answer("suno watch", id="song-1 song-2")
    running.relay.clock.advance(150)
    await running.wait_for_summary()
    await running.command_answer("suno list")
    assert len(running.summaries()) == 1


async def test_a_summary_without_embeds_is_completed_with_text(sandbox: SandboxSession) -> None:
    """Without Embed Links, its lines and its marker are in the content."""
    sandbox.relay.add(song("song-1", takes=10), song("song-2", takes=10))
    sandbox.songs.deny("embed_links")
    async with running_bot(sandbox):
        await sandbox.command_answer("suno watch", id="song-1 song-2")
        sandbox.relay.clock.advance(60)
        summary = await sandbox.wait_for_summary()
    assert summary.embeds == []
    assert summary.content.count("City Windows") == 2
    assert "-# `♫ " in summary.content
