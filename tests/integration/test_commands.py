"""The slash commands in a sandbox: their replies, errors and acknowledgements."""

import logging
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.i18n.catalog import catalog_in
from sandbox.relay import failing, song
from sandbox.relay.faults import slow_headers
from tests.support.sandbox_session import SandboxSession, open_sandbox, running_bot

SONG = "song-1"


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[SandboxSession]:
    """Yield a sandbox with a running bot."""
    async with open_sandbox(tmp_path) as sandbox, running_bot(sandbox):
        yield sandbox


@pytest.mark.parametrize(
    "command",
    ["suno status", "suno watch", "suno unwatch", "suno lyrics", "suno list"],
)
async def test_commands_are_acknowledged_and_answered_ephemerally(
    sandbox: SandboxSession, command: str
) -> None:
    """Discord's timeout is three seconds; replies do not fill the channel."""
    sandbox.relay.add(song(SONG))
    interaction = await (
        sandbox.use_command(command)
        if command == "suno list"
        else sandbox.use_command(command, id=SONG)
    )
    assert interaction.acknowledged_after is not None
    assert interaction.acknowledged_after < 3
    assert all(message.ephemeral for message in interaction.messages)
    assert sandbox.notices(SONG) == []


async def test_a_slow_relay_does_not_delay_the_acknowledgement(sandbox: SandboxSession) -> None:
    """The command is acknowledged before the look-up."""
    sandbox.relay.add(song(SONG))
    sandbox.relay.faults.add(slow_headers())
    interaction = await sandbox.discord.command(sandbox.ada, sandbox.songs, "suno status", id=SONG)
    await interaction.wait_for_acknowledgement(timeout=3)
    assert interaction.answer is None


async def test_status_shows_a_running_song(sandbox: SandboxSession) -> None:
    """The card has title, id and a link that is labelled as a preview."""
    sandbox.relay.add(song(SONG, title="Paper Boats", takes=100))
    sandbox.relay.clock.advance(50)
    answer = await sandbox.command_answer("suno status", id=SONG)
    (card,) = answer.embeds
    assert "Paper Boats" in card["title"]
    assert "review" in card["description"]
    assert SONG in str(card)


async def test_status_of_several_ids_is_one_message(sandbox: SandboxSession) -> None:
    """A few are a card each in the order of the ids, and unknown ones a sentence above."""
    sandbox.relay.add(song("one-1", title="First", takes=1), failing("two-2", takes=1))
    sandbox.relay.clock.advance(10)
    interaction = await sandbox.use_command("suno status", id="one-1, nobody-3 two-2")
    (message,) = interaction.messages
    assert "First" in message.embeds[0]["title"]
    assert "two-2" in str(message.embeds[1])
    assert "nobody-3" in message.content
    assert message.ephemeral


async def test_several_statuses_are_opened_refreshed_and_watched(sandbox: SandboxSession) -> None:
    """The menu holds the ids, so that its buttons work after a restart too."""
    ids = [f"song-{number}" for number in range(5)]
    sandbox.relay.add(*(song(task_id, title="Boats", takes=100) for task_id in ids[1:]))
    sandbox.relay.add(song(ids[0], title="Ready", takes=1))
    sandbox.relay.clock.advance(20)
    message = await sandbox.command_answer("suno status", id=" ".join(ids))
    (embed,) = message.embeds
    assert embed["description"].count("\n") == 4
    menu, buttons = message.components
    assert [option["value"] for option in menu["components"][0]["options"]] == ids
    notify, refresh = (button["custom_id"] for button in buttons["components"])

    opened = await sandbox.discord.select(sandbox.ada, message, "status-open", [ids[0]])
    await opened.wait_for_answer()
    assert "Ready" in opened.messages[0].embeds[0]["title"]
    assert opened.messages[0].ephemeral

    await sandbox.discord.press(sandbox.ada, message, notify)
    (card,) = await sandbox.discord.wait_for(sandbox.cards, 120, "a card")
    total = catalog_in("en").text("live-group", ended=0, total=4)
    assert card.embeds[0]["title"] == total

    sandbox.relay.clock.advance(200)
    await sandbox.discord.wait_for(lambda: card.content.count("✅") == 4, 120, "a finished card")
    await sandbox.discord.press(sandbox.ada, message, refresh)
    await sandbox.discord.wait_for(lambda: message.embeds[0]["description"].count("✅") == 5)


async def test_watchers_are_notified_of_a_finished_song(sandbox: SandboxSession) -> None:
    """The notice is a new public message."""
    sandbox.relay.add(song(SONG, title="Paper Boats", takes=100))
    await sandbox.command_answer("suno watch", id=SONG)
    await sandbox.command_answer("suno watch", sandbox.bea, id=SONG)
    sandbox.relay.clock.advance(200)
    notice = await sandbox.wait_for_notice(SONG)
    assert notice.pinged == {sandbox.ada.id, sandbox.bea.id}
    assert not notice.ephemeral


async def test_watching_a_watched_task_says_so(sandbox: SandboxSession) -> None:
    """Nothing changes."""
    sandbox.relay.add(song(SONG))
    first = await sandbox.command_answer("suno watch", id=SONG)
    second = await sandbox.command_answer("suno watch", id=SONG)
    assert first.content != second.content
    assert "already" in second.content


async def test_watching_a_finished_song_posts_its_notice(sandbox: SandboxSession) -> None:
    """The notice is posted at once."""
    sandbox.relay.add(song(SONG, takes=1))
    sandbox.relay.clock.advance(10)
    answer = await sandbox.command_answer("suno watch", id=SONG)
    assert answer.content.startswith("✅")
    await sandbox.wait_for_notice(SONG)


async def test_a_failed_song_is_not_called_done(
    sandbox: SandboxSession, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the first reply, nor a later one, nor the log says so."""
    caplog.set_level(logging.INFO)
    sandbox.relay.add(failing("bad", takes=1))
    sandbox.relay.clock.advance(10)
    assert (await sandbox.command_answer("suno watch", id="bad")).content.startswith("❌")
    notice = await sandbox.wait_for_notice("bad")
    again = (await sandbox.command_answer("suno watch", sandbox.bea, id="bad")).content
    assert again.startswith("❌")
    assert notice.link in again
    (first, _) = [message for message in caplog.messages if message.startswith("Watch requested")]
    assert "task=bad" in first
    assert first.endswith("outcome=finished task_failed=True")


async def test_an_unwatched_song_has_no_notice(sandbox: SandboxSession) -> None:
    """The list of watches is empty again."""
    sandbox.relay.add(song(SONG, takes=100), song("other-1", takes=100))
    await sandbox.command_answer("suno watch", id=f"{SONG} other-1")
    assert SONG in (await sandbox.command_answer("suno unwatch", id=SONG)).content
    shown = (await sandbox.command_answer("suno list")).embeds[0]["description"]
    assert SONG not in shown
    assert "other-1" in shown
    sandbox.relay.clock.advance(200)
    await sandbox.wait_for_notice("other-1")
    assert sandbox.notices(SONG) == []


async def test_unwatching_an_unwatched_id_says_so(sandbox: SandboxSession) -> None:
    """It may be a typing error."""
    assert "not watching" in (await sandbox.command_answer("suno unwatch", id="nobody")).content


async def test_a_long_list_is_truncated_with_a_count(sandbox: SandboxSession) -> None:
    """It is within the limits of a message."""
    names = [f"{number:02}-{'x' * 150}" for number in range(30)]
    sandbox.relay.add(*(song(name) for name in names))
    for begin in range(0, 30, 10):
        await sandbox.command_answer("suno watch", id=" ".join(names[begin : begin + 10]))
    answer = await sandbox.command_answer("suno list")
    assert "30" in answer.embeds[0]["title"]
    assert "5 more" in answer.embeds[0]["description"]


async def test_missing_lyrics_of_a_running_song_are_explained(sandbox: SandboxSession) -> None:
    """The reply is not an empty page."""
    sandbox.relay.add(song(SONG, takes=1000))
    assert "no lyrics yet" in (await sandbox.command_answer("suno lyrics", id=SONG)).content


@pytest.mark.parametrize("command", ["suno status", "suno watch", "suno lyrics"])
async def test_an_unknown_id_is_explained(sandbox: SandboxSession, command: str) -> None:
    """The reply names possible causes, and nothing is watched."""
    answer = await sandbox.command_answer(command, id="nobody-made-this")
    assert "`nobody-made-this`" in answer.content
    assert answer.content.startswith("❓")
    assert (await sandbox.command_answer("suno list")).embeds == []


ELEVEN_IDS = " ".join(map(str, range(11)))


@pytest.mark.parametrize("command", ["suno status", "suno watch", "suno unwatch", "suno lyrics"])
@pytest.mark.parametrize("typed", ["x" * 200, "``", ELEVEN_IDS, "@everyone" + "y" * 300])
async def test_an_invalid_id_is_rejected(sandbox: SandboxSession, command: str, typed: str) -> None:
    """The reply mentions nobody, and the relay gets no request."""
    before = len(sandbox.relay.requests)
    answer = await sandbox.command_answer(command, id=typed)
    assert "id" in answer.content
    assert not answer.pinged
    assert len(sandbox.relay.requests) == before


async def test_an_outage_of_the_relay_is_explained(sandbox: SandboxSession) -> None:
    """A watch is kept and continues after the outage."""
    sandbox.relay.add(song(SONG, takes=100))
    sandbox.relay.start_outage()
    assert (await sandbox.command_answer("suno status", id=SONG)).content.startswith("🔌")
    assert "Watching" in (await sandbox.command_answer("suno watch", id=SONG)).content
    assert SONG in (await sandbox.command_answer("suno list")).embeds[0]["description"]


async def test_a_rejected_api_key_is_explained_without_the_key(sandbox: SandboxSession) -> None:
    """The reply says who has to fix it."""
    sandbox.relay.key = "another"
    answer = await sandbox.command_answer("suno status", id=SONG)
    assert "key" in answer.content
    assert "sk-" not in answer.content


async def test_watching_without_permission_to_post_is_refused(
    sandbox: SandboxSession,
) -> None:
    """The reply names the missing permission, and nothing is watched."""
    sandbox.relay.add(song(SONG))
    sandbox.songs.deny("send_messages")
    answer = await sandbox.command_answer("suno watch", id=SONG)
    assert "Send Messages" in answer.content
    assert (await sandbox.command_answer("suno list")).embeds == []


async def test_an_unexpected_error_is_replied_without_traceback(
    sandbox: SandboxSession, caplog: pytest.LogCaptureFixture
) -> None:
    """The log has the cause."""
    sandbox.relay.add(song(SONG))
    sandbox.discord.faults.add(
        "PATCH /webhooks/{app}/{token}/messages/@original", status=400, times=1
    )
    answer = await sandbox.command_answer("suno status", id=SONG)
    assert "went wrong" in answer.content
    assert "Traceback" not in answer.content
    assert "Interaction failed: interaction=/suno status" in caplog.text


async def test_a_watch_in_a_direct_message_is_notified_there(sandbox: SandboxSession) -> None:
    """Nothing private is posted in a public channel."""
    sandbox.relay.add(song(SONG, takes=100))
    direct = sandbox.discord.open_dm(sandbox.ada)
    interaction = await sandbox.discord.command(sandbox.ada, direct, "suno watch", id=SONG)
    await interaction.wait_for_answer()
    sandbox.relay.clock.advance(200)
    await sandbox.wait_for_notice(SONG, direct)
    assert sandbox.songs.messages == []


async def test_commands_are_registered_only_if_they_changed(tmp_path: Path) -> None:
    """Discord limits registrations per day; after a restart, texts still mention the commands."""
    async with open_sandbox(tmp_path) as sandbox:
        for _ in range(2):
            async with running_bot(sandbox):
                answer = await sandbox.command_answer("suno list")
                assert re.search(r"</suno watch:\d+>", answer.content)
            await sandbox.discord.wait_until_disconnected()
        writes = [r for r in sandbox.discord.requests if r.method == "PUT"]
        assert len(writes) == 1
