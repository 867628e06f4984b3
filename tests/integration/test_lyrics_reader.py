from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.discord import Interaction, Message, NotOffered
from sandbox.relay import failing, lyrics_task, song
from tests.support.stage import Stage, a_bot, a_stage

WORDS = "words-of-a-song"
SECTIONS = [f"[Verse {number}]\n" + "a line that is sung\n" * 40 for number in range(1, 6)]
TEXT = "\n\n".join(SECTIONS)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Return a stage on which the bot works, with lyrics of five long sections."""
    async with a_stage(tmp_path) as stage, a_bot(stage):
        stage.relay.add(lyrics_task(WORDS, title="Long Song", text=TEXT, takes=1))
        stage.relay.clock.advance(10)
        yield stage


def buttons(message: Message) -> dict[str, str]:
    """Return the custom ids of the buttons that can be pressed, by label."""
    rows = [row["components"] for row in message.components]
    every = [button for row in rows for button in row]
    return {b["label"]: b["custom_id"] for b in every if "custom_id" in b and not b.get("disabled")}


async def press(stage: Stage, message: Message, label: str, user: str = "ada") -> Interaction:
    """Press a button, and wait until the bot has done what it says."""
    person = stage.ada if user == "ada" else stage.bea
    pressed = await stage.discord.press(person, message, buttons(message)[label])
    await pressed.until_acknowledged()
    return pressed


async def turned(stage: Stage, message: Message, page: int) -> str:
    """Wait until a reader shows a page; return its text."""
    await stage.discord.wait_for(
        lambda: f"Page {page} of" in str(message.embeds), 5, f"page {page}: {message.embeds}"
    )
    return str(message.embeds[0]["description"])


async def test_a_reader_opens_at_the_first_section(stage: Stage) -> None:
    """Only for the person who asked; there is no page before it."""
    message = await stage.ask("suno lyrics", id=WORDS)
    assert message.ephemeral
    assert "Verse 1" in message.embeds[0]["description"]
    assert "Verse 3" not in message.embeds[0]["description"]
    assert sorted(buttons(message)) == ["As a file", "Share in channel", "▶"]


async def test_pages_are_turned_to_the_last_section_and_back(stage: Stage) -> None:
    """Nothing of the lyrics is missing on the way."""
    message = await stage.ask("suno lyrics", id=WORDS)
    seen = message.embeds[0]["description"]
    for page in range(2, 6):
        await press(stage, message, "▶")
        seen += await turned(stage, message, page)
    assert all(f"Verse {number}" in seen for number in range(1, 6))
    assert "▶" not in buttons(message)
    await press(stage, message, "◀")
    assert "Verse 4" in await turned(stage, message, 4)


async def test_pages_are_turned_after_a_restart(tmp_path: Path) -> None:
    """What a button is about stands in the button."""
    async with a_stage(tmp_path) as stage:
        stage.relay.add(lyrics_task(WORDS, text=TEXT, takes=1))
        stage.relay.clock.advance(10)
        async with a_bot(stage):
            message = await stage.ask("suno lyrics", id=WORDS)
        await stage.discord.wait_until_gone()
        async with a_bot(stage):
            await press(stage, message, "▶")
            assert "Verse 2" in await turned(stage, message, 2)


async def test_shared_lyrics_are_public_and_mention_nobody(stage: Stage) -> None:
    """They say who shared them; that person alone turns their pages."""
    message = await stage.ask("suno lyrics", id=WORDS)
    await press(stage, message, "Share in channel")
    await stage.discord.wait_for(lambda: stage.songs.messages)
    (shared,) = stage.songs.messages
    assert not shared.ephemeral
    assert not shared.pinged
    assert stage.ada.mention in shared.content
    await press(stage, shared, "▶")
    await turned(stage, shared, 2)


async def test_who_presses_shared_lyrics_of_another_gets_a_reader_of_their_own(
    stage: Stage,
) -> None:
    """The page that all see stays as it is."""
    await press(stage, await stage.ask("suno lyrics", id=WORDS), "Share in channel")
    await stage.discord.wait_for(lambda: stage.songs.messages)
    (shared,) = stage.songs.messages
    pressed = await press(stage, shared, "▶", "bea")
    own = await pressed.answered()
    assert own.ephemeral
    assert "Verse 2" in own.embeds[0]["description"]
    assert "Verse 1" in shared.embeds[0]["description"]


async def test_who_may_not_post_may_not_share(stage: Stage) -> None:
    """The bot is no way around a channel's rules."""
    message = await stage.ask("suno lyrics", id=WORDS)
    stage.songs.deny("send_messages", target=stage.ada)
    pressed = await press(stage, message, "Share in channel")
    assert "may not post" in (await pressed.answered()).content
    assert stage.songs.messages == []


async def test_where_the_bot_may_not_post_it_does_not_share(stage: Stage) -> None:
    """And says so."""
    message = await stage.ask("suno lyrics", id=WORDS)
    stage.songs.deny("send_messages")
    pressed = await press(stage, message, "Share in channel")
    assert "I may not post" in (await pressed.answered()).content
    assert stage.songs.messages == []


async def test_lyrics_come_as_a_file_whole(stage: Stage) -> None:
    """A text file of its own name, for one person."""
    message = await stage.ask("suno lyrics", id=WORDS)
    pressed = await press(stage, message, "As a file")
    answer = await pressed.answered()
    (file,) = answer.attachments
    assert answer.ephemeral
    assert file.filename == "Long-Song.txt"
    text = file.data.decode()
    assert all(f"[Verse {number}]" in text for number in range(1, 6))
    assert text.count("a line that is sung") == 200


@pytest.mark.parametrize("title", ["../../etc/passwd", "\u202egnp.exe", "", "喵" * 300, "a\x00b/c"])
async def test_the_name_of_a_file_is_harmless(stage: Stage, title: str) -> None:
    """Whatever the title is."""
    stage.relay.add(lyrics_task("odd", title=title, text="[Verse]\nla", takes=1))
    stage.relay.clock.advance(10)
    pressed = await press(stage, await stage.ask("suno lyrics", id="odd"), "As a file")
    (file,) = (await pressed.answered()).attachments
    assert file.filename.endswith(".txt")
    assert not set(file.filename) & set('/\\:\u202e\x00"')
    assert len(file.filename) <= 64


async def test_short_lyrics_need_no_pages(stage: Stage) -> None:
    """There is nothing to turn."""
    stage.relay.add(lyrics_task("short", text="[Verse]\nla", takes=1))
    stage.relay.clock.advance(10)
    message = await stage.ask("suno lyrics", id="short")
    assert sorted(buttons(message)) == ["As a file", "Share in channel"]


async def test_an_instrumental_song_says_so(stage: Stage) -> None:
    """Not an empty page."""
    stage.relay.add(song("instrumental", lyrics="", takes=1))
    stage.relay.clock.advance(10)
    message = await stage.ask("suno lyrics", id="instrumental")
    assert "instrumental" in message.embeds[0]["description"]
    assert buttons(message) == {}


async def test_an_id_too_long_for_a_button_is_read_all_the_same(stage: Stage) -> None:
    """In as many messages as it needs."""
    long_id = "x" * 150
    stage.relay.add(lyrics_task(long_id, text=TEXT, takes=1))
    stage.relay.clock.advance(10)
    interaction = await stage.act("suno lyrics", id=long_id)
    await stage.discord.wait_for(lambda: "Verse 5" in str(interaction.messages[-1].embeds))
    assert buttons(interaction.messages[0]) == {}


async def test_a_relay_that_is_down_when_a_page_is_turned_is_told(tmp_path: Path) -> None:
    """The page stays, and can be turned later."""
    async with a_stage(tmp_path) as stage:
        stage.relay.add(lyrics_task(WORDS, text=TEXT, takes=1))
        stage.relay.clock.advance(10)
        async with a_bot(stage):
            message = await stage.ask("suno lyrics", id=WORDS)
        stage.relay.go_down()
        await stage.discord.wait_until_gone()
        async with a_bot(stage):
            pressed = await press(stage, message, "▶")
            await stage.discord.wait_for(lambda: pressed.follow_ups)
            assert "cannot be reached" in pressed.follow_ups[0].content
        assert "Verse 1" in message.embeds[0]["description"]


async def test_lyrics_of_a_watched_song_need_no_relay(stage: Stage) -> None:
    """What was told is kept: it can be read while the relay is down."""
    await stage.ask("suno watch", id=WORDS)
    await stage.notice_of(WORDS)
    stage.relay.go_down()
    assert "Verse 1" in (await stage.ask("suno lyrics", id=WORDS)).embeds[0]["description"]


async def test_a_card_of_a_running_song_offers_to_tell_its_end(stage: Stage) -> None:
    """The button is as good as the command, also after a look again."""
    stage.relay.add(song("running", title="Paper Boats", takes=100))
    stage.relay.clock.advance(50)
    card = await stage.ask("suno status", id="running")
    assert list(buttons(card)) == ["Notify me", "Lyrics", "Refresh"]
    pressed = await press(stage, card, "Notify me")
    assert "Watching `running`" in (await pressed.answered()).content
    stage.relay.clock.advance(100)
    assert (await stage.notice_of("running")).pinged == {stage.ada.id}
    await press(stage, card, "Refresh")
    await stage.discord.wait_for(lambda: "Done" in card.embeds[0]["description"])
    assert list(buttons(card)) == ["Lyrics"]


async def test_a_card_opens_the_lyrics(stage: Stage) -> None:
    """In a message of their own, for that person."""
    card = await stage.ask("suno status", id=WORDS)
    pressed = await press(stage, card, "Lyrics")
    reader = await pressed.answered()
    assert reader.ephemeral
    assert "Verse 1" in reader.embeds[0]["description"]


async def test_a_card_of_a_failed_song_offers_nothing_to_press(stage: Stage) -> None:
    """There is nothing to wait for and nothing to read."""
    stage.relay.add(failing("bad", takes=1))
    stage.relay.clock.advance(10)
    assert buttons(await stage.ask("suno status", id="bad")) == {}


async def test_a_button_that_fails_is_answered(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody waits for ever; the message stays as it is, and the log gets the cause."""
    message = await stage.ask("suno lyrics", id=WORDS)
    stage.discord.faults.add("PATCH /webhooks/{app}/{token}/messages/@original", status=400)
    pressed = await press(stage, message, "▶")
    await stage.discord.wait_for(lambda: pressed.follow_ups)
    assert "went wrong" in pressed.follow_ups[0].content
    assert "Verse 1" in message.embeds[0]["description"]
    assert "failed" in caplog.text


async def test_a_private_reader_is_pressed_by_its_owner_alone(stage: Stage) -> None:
    """Discord shows it to nobody else."""
    message = await stage.ask("suno lyrics", id=WORDS)
    with pytest.raises(NotOffered):
        await press(stage, message, "▶", "bea")
