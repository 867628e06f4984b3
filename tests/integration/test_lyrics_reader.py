from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.discord import ActionUnavailable, Interaction, Message
from sandbox.relay import failing, lyrics_task, song
from tests.support.sandbox_session import SandboxSession, open_sandbox, running_bot

WORDS = "words-of-a-song"
SECTIONS = [f"[Verse {number}]\n" + "a line that is sung\n" * 40 for number in range(1, 6)]
TEXT = "\n\n".join(SECTIONS)


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[SandboxSession]:
    """Yield a sandbox in which the bot runs, with lyrics of five long sections."""
    async with open_sandbox(tmp_path) as sandbox, running_bot(sandbox):
        sandbox.relay.add(lyrics_task(WORDS, title="Long Song", text=TEXT, takes=1))
        sandbox.relay.clock.advance(10)
        yield sandbox


def buttons(message: Message) -> dict[str, str]:
    """Return the custom ids of the buttons that can be pressed, by label."""
    rows = [row["components"] for row in message.components]
    every = [button for row in rows for button in row]
    return {b["label"]: b["custom_id"] for b in every if "custom_id" in b and not b.get("disabled")}


async def press(
    sandbox: SandboxSession, message: Message, label: str, user: str = "ada"
) -> Interaction:
    """Press a button, and wait until the bot has done what it says."""
    person = sandbox.ada if user == "ada" else sandbox.bea
    pressed = await sandbox.discord.press(person, message, buttons(message)[label])
    await pressed.wait_for_acknowledgement()
    return pressed


async def turned(sandbox: SandboxSession, message: Message, page: int) -> str:
    """Wait until a reader shows a page; return its text."""
    await sandbox.discord.wait_for(
        lambda: f"Page {page} of" in str(message.embeds), 5, f"page {page}: {message.embeds}"
    )
    return str(message.embeds[0]["description"])


async def test_a_reader_opens_at_the_first_section(sandbox: SandboxSession) -> None:
    """Only for the person who asked; there is no page before it."""
    message = await sandbox.command_answer("suno lyrics", id=WORDS)
    assert message.ephemeral
    assert "Verse 1" in message.embeds[0]["description"]
    assert "Verse 3" not in message.embeds[0]["description"]
    assert sorted(buttons(message)) == ["As a file", "Share in channel", "▶"]


async def test_pages_are_turned_to_the_last_section_and_back(sandbox: SandboxSession) -> None:
    """Nothing of the lyrics is missing on the way."""
    message = await sandbox.command_answer("suno lyrics", id=WORDS)
    seen = message.embeds[0]["description"]
    for page in range(2, 6):
        await press(sandbox, message, "▶")
        seen += await turned(sandbox, message, page)
    assert all(f"Verse {number}" in seen for number in range(1, 6))
    assert "▶" not in buttons(message)
    await press(sandbox, message, "◀")
    assert "Verse 4" in await turned(sandbox, message, 4)


async def test_pages_are_turned_after_a_restart(tmp_path: Path) -> None:
    """What a button is about stands in the button."""
    async with open_sandbox(tmp_path) as sandbox:
        sandbox.relay.add(lyrics_task(WORDS, text=TEXT, takes=1))
        sandbox.relay.clock.advance(10)
        async with running_bot(sandbox):
            message = await sandbox.command_answer("suno lyrics", id=WORDS)
        await sandbox.discord.wait_until_disconnected()
        async with running_bot(sandbox):
            await press(sandbox, message, "▶")
            assert "Verse 2" in await turned(sandbox, message, 2)


async def test_shared_lyrics_are_public_and_mention_nobody(sandbox: SandboxSession) -> None:
    """They say who shared them; that person alone turns their pages."""
    message = await sandbox.command_answer("suno lyrics", id=WORDS)
    await press(sandbox, message, "Share in channel")
    await sandbox.discord.wait_for(lambda: sandbox.songs.messages)
    (shared,) = sandbox.songs.messages
    assert not shared.ephemeral
    assert not shared.pinged
    assert sandbox.ada.mention in shared.content
    await press(sandbox, shared, "▶")
    await turned(sandbox, shared, 2)


async def test_who_presses_shared_lyrics_of_another_gets_a_reader_of_their_own(
    sandbox: SandboxSession,
) -> None:
    """The page that all see stays as it is."""
    await press(sandbox, await sandbox.command_answer("suno lyrics", id=WORDS), "Share in channel")
    await sandbox.discord.wait_for(lambda: sandbox.songs.messages)
    (shared,) = sandbox.songs.messages
    pressed = await press(sandbox, shared, "▶", "bea")
    own = await pressed.wait_for_answer()
    assert own.ephemeral
    assert "Verse 2" in own.embeds[0]["description"]
    assert "Verse 1" in shared.embeds[0]["description"]


async def test_who_may_not_post_may_not_share(sandbox: SandboxSession) -> None:
    """The bot is no way around a channel's rules."""
    message = await sandbox.command_answer("suno lyrics", id=WORDS)
    sandbox.songs.deny("send_messages", target=sandbox.ada)
    pressed = await press(sandbox, message, "Share in channel")
    assert "may not post" in (await pressed.wait_for_answer()).content
    assert sandbox.songs.messages == []


async def test_where_the_bot_may_not_post_it_does_not_share(sandbox: SandboxSession) -> None:
    """And says so."""
    message = await sandbox.command_answer("suno lyrics", id=WORDS)
    sandbox.songs.deny("send_messages")
    pressed = await press(sandbox, message, "Share in channel")
    assert "I may not post" in (await pressed.wait_for_answer()).content
    assert sandbox.songs.messages == []


async def test_lyrics_come_as_a_file_whole(sandbox: SandboxSession) -> None:
    """A text file of its own name, for one person."""
    message = await sandbox.command_answer("suno lyrics", id=WORDS)
    pressed = await press(sandbox, message, "As a file")
    answer = await pressed.wait_for_answer()
    (file,) = answer.attachments
    assert answer.ephemeral
    assert file.filename == "Long-Song.txt"
    text = file.data.decode()
    assert all(f"[Verse {number}]" in text for number in range(1, 6))
    assert text.count("a line that is sung") == 200


@pytest.mark.parametrize("title", ["../../etc/passwd", "\u202egnp.exe", "", "喵" * 300, "a\x00b/c"])
async def test_the_name_of_a_file_is_harmless(sandbox: SandboxSession, title: str) -> None:
    """Whatever the title is."""
    sandbox.relay.add(lyrics_task("odd", title=title, text="[Verse]\nla", takes=1))
    sandbox.relay.clock.advance(10)
    pressed = await press(
        sandbox, await sandbox.command_answer("suno lyrics", id="odd"), "As a file"
    )
    (file,) = (await pressed.wait_for_answer()).attachments
    assert file.filename.endswith(".txt")
    assert not set(file.filename) & set('/\\:\u202e\x00"')
    assert len(file.filename) <= 64


async def test_short_lyrics_need_no_pages(sandbox: SandboxSession) -> None:
    """There is nothing to turn."""
    sandbox.relay.add(lyrics_task("short", text="[Verse]\nla", takes=1))
    sandbox.relay.clock.advance(10)
    message = await sandbox.command_answer("suno lyrics", id="short")
    assert sorted(buttons(message)) == ["As a file", "Share in channel"]


async def test_an_instrumental_song_says_so(sandbox: SandboxSession) -> None:
    """Not an empty page."""
    sandbox.relay.add(song("instrumental", lyrics="", takes=1))
    sandbox.relay.clock.advance(10)
    message = await sandbox.command_answer("suno lyrics", id="instrumental")
    assert "instrumental" in message.embeds[0]["description"]
    assert buttons(message) == {}


async def test_an_id_too_long_for_a_button_is_read_all_the_same(sandbox: SandboxSession) -> None:
    """In as many messages as it needs."""
    long_id = "x" * 150
    sandbox.relay.add(lyrics_task(long_id, text=TEXT, takes=1))
    sandbox.relay.clock.advance(10)
    interaction = await sandbox.use_command("suno lyrics", id=long_id)
    await sandbox.discord.wait_for(lambda: "Verse 5" in str(interaction.messages[-1].embeds))
    assert buttons(interaction.messages[0]) == {}


async def test_a_relay_that_is_down_when_a_page_is_turned_is_told(tmp_path: Path) -> None:
    """The page stays, and can be turned later."""
    async with open_sandbox(tmp_path) as sandbox:
        sandbox.relay.add(lyrics_task(WORDS, text=TEXT, takes=1))
        sandbox.relay.clock.advance(10)
        async with running_bot(sandbox):
            message = await sandbox.command_answer("suno lyrics", id=WORDS)
        sandbox.relay.start_outage()
        await sandbox.discord.wait_until_disconnected()
        async with running_bot(sandbox):
            pressed = await press(sandbox, message, "▶")
            await sandbox.discord.wait_for(lambda: pressed.follow_ups)
            assert "cannot be reached" in pressed.follow_ups[0].content
        assert "Verse 1" in message.embeds[0]["description"]


async def test_lyrics_of_a_watched_song_need_no_relay(sandbox: SandboxSession) -> None:
    """What was told is kept: it can be read while the relay is down."""
    await sandbox.command_answer("suno watch", id=WORDS)
    await sandbox.wait_for_notice(WORDS)
    sandbox.relay.start_outage()
    assert (
        "Verse 1"
        in (await sandbox.command_answer("suno lyrics", id=WORDS)).embeds[0]["description"]
    )


async def test_a_card_of_a_running_song_offers_to_tell_its_end(sandbox: SandboxSession) -> None:
    """The button is as good as the command, also after a look again."""
    sandbox.relay.add(song("running", title="Paper Boats", takes=100))
    sandbox.relay.clock.advance(50)
    card = await sandbox.command_answer("suno status", id="running")
    assert list(buttons(card)) == ["Notify me", "Lyrics", "Refresh"]
    pressed = await press(sandbox, card, "Notify me")
    assert "Watching `running`" in (await pressed.wait_for_answer()).content
    sandbox.relay.clock.advance(100)
    assert (await sandbox.wait_for_notice("running")).pinged == {sandbox.ada.id}
    await press(sandbox, card, "Refresh")
    await sandbox.discord.wait_for(lambda: "Done" in card.embeds[0]["description"])
    assert list(buttons(card)) == ["Lyrics"]


async def test_a_card_opens_the_lyrics(sandbox: SandboxSession) -> None:
    """In a message of their own, for that person."""
    card = await sandbox.command_answer("suno status", id=WORDS)
    pressed = await press(sandbox, card, "Lyrics")
    reader = await pressed.wait_for_answer()
    assert reader.ephemeral
    assert "Verse 1" in reader.embeds[0]["description"]


async def test_a_card_of_a_failed_song_offers_nothing_to_press(sandbox: SandboxSession) -> None:
    """There is nothing to wait for and nothing to read."""
    sandbox.relay.add(failing("bad", takes=1))
    sandbox.relay.clock.advance(10)
    assert buttons(await sandbox.command_answer("suno status", id="bad")) == {}


async def test_a_button_that_fails_is_answered(
    sandbox: SandboxSession, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody waits for ever; the message stays as it is, and the log gets the cause."""
    message = await sandbox.command_answer("suno lyrics", id=WORDS)
    sandbox.discord.faults.add("PATCH /webhooks/{app}/{token}/messages/@original", status=400)
    pressed = await press(sandbox, message, "▶")
    await sandbox.discord.wait_for(lambda: pressed.follow_ups)
    assert "went wrong" in pressed.follow_ups[0].content
    assert "Verse 1" in message.embeds[0]["description"]
    assert "failed" in caplog.text


async def test_a_private_reader_is_pressed_by_its_owner_alone(sandbox: SandboxSession) -> None:
    """Discord shows it to nobody else."""
    message = await sandbox.command_answer("suno lyrics", id=WORDS)
    with pytest.raises(ActionUnavailable):
        await press(sandbox, message, "▶", "bea")
