"""The lyrics reader: pages, sharing, files and the buttons that open it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.i18n.catalog import catalog_for
from sandbox.discord import ActionUnavailable, Interaction, Message
from sandbox.relay import failing, lyrics_task, song
from tests.support.sandbox_session import SandboxSession, open_sandbox, running_bot

ENGLISH = catalog_for("en-US")

LYRICS_TASK = "words-of-a-song"
SECTIONS = [f"[Verse {number}]\n" + "a line that is sung\n" * 40 for number in range(1, 6)]
TEXT = "\n\n".join(SECTIONS)


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[SandboxSession]:
    """Yield a sandbox with a running bot and lyrics of five long sections."""
    async with open_sandbox(tmp_path) as sandbox, running_bot(sandbox):
        sandbox.relay.add(lyrics_task(LYRICS_TASK, title="Long Song", text=TEXT, takes=1))
        sandbox.relay.clock.advance(10)
        yield sandbox


def buttons(message: Message) -> dict[str, str]:
    """Return the custom ids of the enabled buttons, by label."""
    rows = [row["components"] for row in message.components]
    every = [button for row in rows for button in row]
    enabled = (b for b in every if "custom_id" in b and "label" in b and not b.get("disabled"))
    return {b["label"]: b["custom_id"] for b in enabled}


async def press(
    sandbox: SandboxSession, message: Message, label: str, user: str = "ada"
) -> Interaction:
    """Press a button and wait until the bot has handled it."""
    person = sandbox.ada if user == "ada" else sandbox.bea
    interaction = await sandbox.discord.press(person, message, buttons(message)[label])
    await interaction.wait_for_acknowledgement()
    return interaction


async def wait_for_page(sandbox: SandboxSession, message: Message, page: int) -> str:
    """Wait until a reader shows a page; return its text."""
    await sandbox.discord.wait_for(
        lambda: f"Page {page} of" in str(message.embeds), 120, f"page {page}: {message.embeds}"
    )
    return str(message.embeds[0]["description"])


async def test_a_reader_opens_at_the_first_section(sandbox: SandboxSession) -> None:
    """It is ephemeral, and there is no previous page."""
    message = await sandbox.command_answer("suno lyrics", id=LYRICS_TASK)
    assert message.ephemeral
    assert "Verse 1" in message.embeds[0]["description"]
    assert "Verse 3" not in message.embeds[0]["description"]
    assert sorted(buttons(message)) == ["As a file", "Share in channel", "▶"]


async def test_pages_are_turned_to_the_last_section_and_back(sandbox: SandboxSession) -> None:
    """The pages contain all lyrics."""
    message = await sandbox.command_answer("suno lyrics", id=LYRICS_TASK)
    seen = message.embeds[0]["description"]
    for page in range(2, 6):
        await press(sandbox, message, "▶")
        seen += await wait_for_page(sandbox, message, page)
    assert all(f"Verse {number}" in seen for number in range(1, 6))
    assert "▶" not in buttons(message)
    await press(sandbox, message, "◀")
    assert "Verse 4" in await wait_for_page(sandbox, message, 4)


def menu_of(message: Message) -> dict[str, Any]:
    """Return the menu of a reader."""
    (menu,) = message.components[-1]["components"]
    return menu  # type: ignore[no-any-return]  # as in the payload


async def test_a_section_is_chosen_in_a_menu(sandbox: SandboxSession) -> None:
    """The menu names the sections of each page, and shows where the reader is."""
    message = await sandbox.command_answer("suno lyrics", id=LYRICS_TASK)
    options = menu_of(message)["options"]
    assert [option["label"] for option in options] == [
        f"{number}. [Verse {number}]" for number in range(1, 6)
    ]
    custom_id = menu_of(message)["custom_id"]
    await sandbox.discord.select(sandbox.ada, message, custom_id, [options[3]["value"]])
    assert "Verse 4" in await wait_for_page(sandbox, message, 4)
    chosen = [option["value"] for option in menu_of(message)["options"] if option.get("default")]
    assert chosen == [options[3]["value"]]


async def test_others_get_a_reader_of_their_own_from_the_menu(sandbox: SandboxSession) -> None:
    """The shared one stays where its user is."""
    message = await sandbox.command_answer("suno lyrics", id=LYRICS_TASK)
    await press(sandbox, message, "Share in channel")
    await sandbox.discord.wait_for(lambda: sandbox.songs.messages)
    (shared,) = sandbox.songs.messages
    menu = menu_of(shared)
    chosen = await sandbox.discord.select(
        sandbox.bea, shared, menu["custom_id"], [menu["options"][2]["value"]]
    )
    reader = await chosen.wait_for_answer()
    assert reader.ephemeral
    assert "Verse 3" in reader.embeds[0]["description"]
    assert "Verse 1" in shared.embeds[0]["description"]


async def test_pages_are_turned_after_a_restart(tmp_path: Path) -> None:
    """The custom id contains everything that the handler needs."""
    async with open_sandbox(tmp_path) as sandbox:
        sandbox.relay.add(lyrics_task(LYRICS_TASK, text=TEXT, takes=1))
        sandbox.relay.clock.advance(10)
        async with running_bot(sandbox):
            message = await sandbox.command_answer("suno lyrics", id=LYRICS_TASK)
        await sandbox.discord.wait_until_disconnected()
        async with running_bot(sandbox):
            await press(sandbox, message, "▶")
            assert "Verse 2" in await wait_for_page(sandbox, message, 2)


async def test_shared_lyrics_are_public_and_mention_nobody(sandbox: SandboxSession) -> None:
    """The message names the user who shared them, and only that user turns pages."""
    message = await sandbox.command_answer("suno lyrics", id=LYRICS_TASK)
    await press(sandbox, message, "Share in channel")
    await sandbox.discord.wait_for(lambda: sandbox.songs.messages)
    (shared,) = sandbox.songs.messages
    assert not shared.ephemeral
    assert not shared.pinged
    assert sandbox.ada.mention in shared.content
    await press(sandbox, shared, "▶")
    await wait_for_page(sandbox, shared, 2)


async def test_other_users_of_a_shared_reader_get_their_own(
    sandbox: SandboxSession,
) -> None:
    """The public page does not change."""
    await press(
        sandbox, await sandbox.command_answer("suno lyrics", id=LYRICS_TASK), "Share in channel"
    )
    await sandbox.discord.wait_for(lambda: sandbox.songs.messages)
    (shared,) = sandbox.songs.messages
    interaction = await press(sandbox, shared, "▶", "bea")
    own = await interaction.wait_for_answer()
    assert own.ephemeral
    assert "Verse 2" in own.embeds[0]["description"]
    assert "Verse 1" in shared.embeds[0]["description"]


async def test_sharing_respects_the_users_permissions(sandbox: SandboxSession) -> None:
    """A user who cannot post cannot share."""
    message = await sandbox.command_answer("suno lyrics", id=LYRICS_TASK)
    sandbox.songs.deny("send_messages", target=sandbox.ada)
    interaction = await press(sandbox, message, "Share in channel")
    refusal = (await interaction.wait_for_answer()).content
    assert refusal == ENGLISH.text("reader-may-not-share")
    assert sandbox.songs.messages == []


async def test_sharing_respects_the_bots_permissions(sandbox: SandboxSession) -> None:
    """The reply says so."""
    message = await sandbox.command_answer("suno lyrics", id=LYRICS_TASK)
    sandbox.songs.deny("send_messages")
    interaction = await press(sandbox, message, "Share in channel")
    refusal = (await interaction.wait_for_answer()).content
    assert refusal == ENGLISH.text("reader-cannot-share")
    assert sandbox.songs.messages == []


async def test_lyrics_can_be_sent_as_a_file(sandbox: SandboxSession) -> None:
    """An ephemeral text file with all lyrics."""
    message = await sandbox.command_answer("suno lyrics", id=LYRICS_TASK)
    interaction = await press(sandbox, message, "As a file")
    answer = await interaction.wait_for_answer()
    (file,) = answer.attachments
    assert answer.ephemeral
    assert file.filename == "Long-Song.txt"
    text = file.data.decode()
    assert all(f"[Verse {number}]" in text for number in range(1, 6))
    assert text.count("a line that is sung") == 200


@pytest.mark.parametrize("title", ["../../etc/passwd", "\u202egnp.exe", "", "喵" * 300, "a\x00b/c"])
async def test_the_file_name_is_safe(sandbox: SandboxSession, title: str) -> None:
    """Any title gives a safe name."""
    sandbox.relay.add(lyrics_task("odd", title=title, text="[Verse]\nla", takes=1))
    sandbox.relay.clock.advance(10)
    interaction = await press(
        sandbox, await sandbox.command_answer("suno lyrics", id="odd"), "As a file"
    )
    (file,) = (await interaction.wait_for_answer()).attachments
    assert file.filename.endswith(".txt")
    assert not set(file.filename) & set('/\\:\u202e\x00"')
    assert len(file.filename) <= 64


async def test_short_lyrics_have_no_page_buttons(sandbox: SandboxSession) -> None:
    """There is one page."""
    sandbox.relay.add(lyrics_task("short", text="[Verse]\nla", takes=1))
    sandbox.relay.clock.advance(10)
    message = await sandbox.command_answer("suno lyrics", id="short")
    assert sorted(buttons(message)) == ["As a file", "Share in channel"]


async def test_an_instrumental_song_says_so(sandbox: SandboxSession) -> None:
    """The reply is not an empty page."""
    sandbox.relay.add(song("instrumental", lyrics="", takes=1))
    sandbox.relay.clock.advance(10)
    message = await sandbox.command_answer("suno lyrics", id="instrumental")
    assert "instrumental" in message.embeds[0]["description"]
    assert buttons(message) == {}


async def test_an_id_too_long_for_a_custom_id_has_no_reader(sandbox: SandboxSession) -> None:
    """The lyrics are sent in as many messages as needed."""
    long_id = "x" * 150
    sandbox.relay.add(lyrics_task(long_id, text=TEXT, takes=1))
    sandbox.relay.clock.advance(10)
    interaction = await sandbox.use_command("suno lyrics", id=long_id)
    await sandbox.discord.wait_for(lambda: "Verse 5" in str(interaction.messages[-1].embeds))
    assert buttons(interaction.messages[0]) == {}


async def test_a_relay_outage_while_turning_a_page_is_explained(tmp_path: Path) -> None:
    """The page stays and can be turned later."""
    async with open_sandbox(tmp_path) as sandbox:
        sandbox.relay.add(lyrics_task(LYRICS_TASK, text=TEXT, takes=1))
        sandbox.relay.clock.advance(10)
        async with running_bot(sandbox):
            message = await sandbox.command_answer("suno lyrics", id=LYRICS_TASK)
        sandbox.relay.start_outage()
        await sandbox.discord.wait_until_disconnected()
        async with running_bot(sandbox):
            interaction = await press(sandbox, message, "▶")
            await sandbox.discord.wait_for(lambda: interaction.follow_ups)
            text = interaction.follow_ups[0].content
            assert text == ENGLISH.text("relay-error-unavailable")
        assert "Verse 1" in message.embeds[0]["description"]


async def test_lyrics_of_a_watched_song_need_no_relay(sandbox: SandboxSession) -> None:
    """They are read from the database during an outage."""
    await sandbox.command_answer("suno watch", id=LYRICS_TASK)
    await sandbox.wait_for_notice(LYRICS_TASK)
    sandbox.relay.start_outage()
    assert (
        "Verse 1"
        in (await sandbox.command_answer("suno lyrics", id=LYRICS_TASK)).embeds[0]["description"]
    )


NOTIFY, STOP, LYRICS, REFRESH = (
    ENGLISH.text(f"status-button-{name}") for name in ("notify", "stop", "lyrics", "refresh")
)


async def press_and_read(sandbox: SandboxSession, card: Message, label: str) -> str:
    """Press a button of a status card that answers with a message of its own; return that."""
    interaction = await press(sandbox, card, label)
    await sandbox.discord.wait_for(lambda: interaction.follow_ups)
    (reply,) = interaction.follow_ups
    assert reply.ephemeral
    return reply.content


async def test_a_status_card_of_a_running_song_has_a_notify_button(sandbox: SandboxSession) -> None:
    """It watches the task as the command does, after a refresh too."""
    sandbox.relay.add(song("running", title="Paper Boats", takes=100))
    sandbox.relay.clock.advance(50)
    card = await sandbox.command_answer("suno status", id="running")
    assert list(buttons(card)) == [NOTIFY, LYRICS, REFRESH]
    told = ENGLISH.text("watch-told-here", count=1)
    watching = ENGLISH.text("watch-watching", tasks="**Paper Boats**", told=told)
    assert await press_and_read(sandbox, card, NOTIFY) == watching
    assert list(buttons(card)) == [STOP, LYRICS, REFRESH]
    sandbox.relay.clock.advance(100)
    assert (await sandbox.wait_for_notice("running")).pinged == {sandbox.ada.id}
    await press(sandbox, card, "Refresh")
    await sandbox.discord.wait_for(lambda: "Done" in card.embeds[0]["description"])
    assert list(buttons(card)) == ["Lyrics"]


async def test_a_status_card_shows_that_the_user_watches_the_task(sandbox: SandboxSession) -> None:
    """Its button stops that, wherever the watch began; other users are offered to watch."""
    sandbox.relay.add(song("running-1", title="Paper Boats", takes=100))
    await sandbox.command_answer("suno watch", id="running-1")
    card = await sandbox.command_answer("suno status", id="running-1")
    assert STOP in buttons(card)
    of_another = await sandbox.command_answer("suno status", sandbox.bea, id="running-1")
    assert NOTIFY in buttons(of_another)
    stopped = ENGLISH.text("unwatch-done", tasks="`running-1`")
    assert await press_and_read(sandbox, card, STOP) == stopped
    assert NOTIFY in buttons(card)
    assert (await sandbox.command_answer("suno list")).embeds == []


async def test_the_statuses_of_several_tasks_are_watched_together(sandbox: SandboxSession) -> None:
    """The button stops that once all of them are watched; the menu beside it stays."""
    sandbox.relay.add(song("task-1", takes=100), song("task-2", takes=100))
    card = await sandbox.command_answer("suno status", id="task-1 task-2")
    menu = card.components[0]
    await press_and_read(sandbox, card, NOTIFY)
    assert list(buttons(card)) == [STOP, REFRESH]
    assert card.components[0] == menu
    await press_and_read(sandbox, card, STOP)
    assert list(buttons(card)) == [NOTIFY, REFRESH]


async def test_a_status_card_opens_the_lyrics(sandbox: SandboxSession) -> None:
    """The reader is a new ephemeral message."""
    card = await sandbox.command_answer("suno status", id=LYRICS_TASK)
    interaction = await press(sandbox, card, "Lyrics")
    reader = await interaction.wait_for_answer()
    assert reader.ephemeral
    assert "Verse 1" in reader.embeds[0]["description"]


async def test_a_status_card_of_a_failed_song_has_no_buttons(sandbox: SandboxSession) -> None:
    """There is nothing to watch or read."""
    sandbox.relay.add(failing("bad", takes=1))
    sandbox.relay.clock.advance(10)
    assert buttons(await sandbox.command_answer("suno status", id="bad")) == {}


async def test_an_error_of_a_button_is_replied(
    sandbox: SandboxSession, caplog: pytest.LogCaptureFixture
) -> None:
    """The message stays unchanged, and the log has the cause."""
    message = await sandbox.command_answer("suno lyrics", id=LYRICS_TASK)
    sandbox.discord.faults.add("PATCH /webhooks/{app}/{token}/messages/@original", status=400)
    interaction = await press(sandbox, message, "▶")
    await sandbox.discord.wait_for(lambda: interaction.follow_ups)
    assert "went wrong" in interaction.follow_ups[0].content
    assert "Verse 1" in message.embeds[0]["description"]
    assert "Interaction failed" in caplog.text


async def test_a_private_reader_is_visible_only_to_its_owner(sandbox: SandboxSession) -> None:
    """Discord shows an ephemeral message to nobody else."""
    message = await sandbox.command_answer("suno lyrics", id=LYRICS_TASK)
    with pytest.raises(ActionUnavailable):
        await press(sandbox, message, "▶", "bea")
