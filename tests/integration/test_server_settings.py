from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.discord import Interaction, Message, User
from sandbox.relay import song
from tests.support.sandbox_session import SandboxSession, open_sandbox, running_bot

SONG = "a-song-with-a-long-id"


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[SandboxSession]:
    """Yield a sandbox in which the bot runs; Ada manages the server, Bea does not."""
    async with open_sandbox(tmp_path) as sandbox:
        sandbox.guild.add_member(sandbox.ada, permissions=("manage_guild",))
        sandbox.relay.add(song(SONG, title="Paper Boats", takes=100))
        async with running_bot(sandbox):
            yield sandbox


async def choose(sandbox: SandboxSession, panel: Message, name: str, *values: Any) -> Message:
    """Choose values in a menu of the panel; return the panel when it shows them."""
    await _changed(
        sandbox, await sandbox.discord.select(sandbox.ada, panel, f"settings:{name}", list(values))
    )
    return panel


async def press(
    sandbox: SandboxSession, panel: Message, name: str, user: User | None = None
) -> Interaction:
    """Press a button of the panel."""
    pressed = await sandbox.discord.press(user or sandbox.ada, panel, f"settings:{name}")
    await _changed(sandbox, pressed)
    return pressed


async def _changed(sandbox: SandboxSession, interaction: Interaction) -> None:
    await sandbox.discord.wait_for(lambda: interaction.updated_source or interaction.follow_ups)


def field(panel: Message, name: str) -> str:
    """Return the value of a field of the panel."""
    fields = {each["name"]: each["value"] for each in panel.embeds[0]["fields"]}
    return str(fields[name])


async def test_the_panel_shows_what_is_set(sandbox: SandboxSession) -> None:
    """To one person, with everything as by default."""
    panel = await sandbox.command_answer("suno-settings panel")
    assert panel.ephemeral
    assert field(panel, "Notices are posted") == "where somebody asks for them"
    assert field(panel, "Who may watch") == "everybody who may use the bot"
    assert len(panel.components) == 5


async def test_notices_go_where_the_server_wants_them(sandbox: SandboxSession) -> None:
    """Unless a watch names another place; a restart changes nothing."""
    panel = await sandbox.command_answer("suno-settings panel")
    await choose(sandbox, panel, "channel", sandbox.lyrics)
    assert sandbox.lyrics.mention in field(panel, "Notices are posted")
    await sandbox.command_answer("suno watch", sandbox.bea, id=SONG)
    sandbox.relay.clock.advance(200)
    await sandbox.wait_for_notice(SONG, sandbox.lyrics)
    assert sandbox.songs.messages == []


async def test_me_too_watches_where_the_card_stands(sandbox: SandboxSession) -> None:
    """Whatever the server's own channel is."""
    await sandbox.command_answer("suno watch", id=SONG)
    await sandbox.discord.wait_for(sandbox.cards)
    card = sandbox.cards()[0]
    panel = await sandbox.command_answer("suno-settings panel")
    await choose(sandbox, panel, "channel", sandbox.lyrics)
    buttons = card.components[0]["components"]
    pressed = await sandbox.discord.press(sandbox.bea, card, buttons[0]["custom_id"])
    await pressed.wait_for_answer()
    sandbox.relay.clock.advance(200)
    assert (await sandbox.wait_for_notice(SONG)).pinged == {sandbox.ada.id, sandbox.bea.id}
    assert sandbox.lyrics.messages == []


async def test_only_members_with_a_role_may_watch(sandbox: SandboxSession) -> None:
    """The others are told which; those who manage the server always may."""
    role = sandbox.guild.add_role("Singers")
    panel = await sandbox.command_answer("suno-settings panel")
    await choose(sandbox, panel, "roles", role)
    refused = await sandbox.command_answer("suno watch", sandbox.bea, id=SONG)
    assert f"<@&{role.id}>" in refused.content
    assert not refused.pinged
    assert "Watching" in (await sandbox.command_answer("suno watch", id=SONG)).content
    sandbox.guild.add_member(sandbox.bea, roles=(role,))
    assert "Watching" in (await sandbox.command_answer("suno watch", sandbox.bea, id=SONG)).content


async def test_a_notice_can_mention_nobody(sandbox: SandboxSession) -> None:
    """Where a server wants it quiet."""
    await choose(sandbox, await sandbox.command_answer("suno-settings panel"), "mention", "nobody")
    await sandbox.command_answer("suno watch", sandbox.bea, id=SONG)
    sandbox.relay.clock.advance(200)
    assert not (await sandbox.wait_for_notice(SONG)).pinged


async def test_a_notice_can_mention_a_role(sandbox: SandboxSession) -> None:
    """In place of those who watch."""
    role = sandbox.guild.add_role("Listeners", mentionable=True)
    sandbox.guild.add_member(sandbox.bea, roles=(role,))
    panel = await sandbox.command_answer("suno-settings panel")
    await choose(sandbox, panel, "role", role)
    assert f"<@&{role.id}>" in field(panel, "A notice mentions")
    await sandbox.command_answer("suno watch", id=SONG)
    sandbox.relay.clock.advance(200)
    notice = await sandbox.wait_for_notice(SONG)
    assert f"<@&{role.id}>" in notice.content
    assert notice.pinged == {sandbox.bea.id}


async def test_a_channel_speaks_the_language_that_is_set(sandbox: SandboxSession) -> None:
    """The button goes through the languages; a person is answered in their own."""
    panel = await sandbox.command_answer("suno-settings panel")
    for _ in range(2):
        await press(sandbox, panel, "language")
    assert "中文" in field(panel, "Language in channels")
    assert "Watching" in (await sandbox.command_answer("suno watch", id=SONG)).content
    sandbox.relay.clock.advance(200)
    assert "你" in (await sandbox.wait_for_notice(SONG)).content


async def test_a_member_may_watch_as_much_as_the_server_allows(sandbox: SandboxSession) -> None:
    """One id more is refused, with the number."""
    names = [f"song-number-{number}" for number in range(6)]
    sandbox.relay.add(*(song(name) for name in names))
    await press(sandbox, await sandbox.command_answer("suno-settings panel"), "limit")
    await sandbox.command_answer("suno watch", sandbox.bea, id=" ".join(names[:5]))
    assert (
        "5 tasks" in (await sandbox.command_answer("suno watch", sandbox.bea, id=names[5])).content
    )


async def test_reset_puts_everything_back(sandbox: SandboxSession) -> None:
    """From the panel and as a command."""
    panel = await sandbox.command_answer("suno-settings panel")
    await press(sandbox, panel, "uploads")
    assert field(panel, "Songs as attachments, with a player") == "on"
    await press(sandbox, panel, "reset")
    assert field(panel, "Songs as attachments, with a player") == "off"
    await press(sandbox, panel, "uploads")
    await sandbox.command_answer("suno-settings reset")
    panel = await sandbox.command_answer("suno-settings panel")
    assert field(panel, "Songs as attachments, with a player") == "off"


async def test_who_no_longer_manages_the_server_changes_nothing(sandbox: SandboxSession) -> None:
    """A panel that is still open is looked at anew with each press."""
    panel = await sandbox.command_answer("suno-settings panel")
    sandbox.guild.remove_member(sandbox.ada)
    sandbox.guild.add_member(sandbox.ada)
    pressed = await press(sandbox, panel, "uploads")
    assert "manage the server" in pressed.follow_ups[0].content
    assert field(panel, "Songs as attachments, with a player") == "off"


async def test_the_health_page_names_what_is_missing(sandbox: SandboxSession) -> None:
    """In the channels that are in use, beside when things last went well."""
    await sandbox.command_answer("suno watch", id=SONG)
    sandbox.songs.deny("embed_links")
    page = await sandbox.command_answer("suno-settings health")
    assert page.ephemeral
    text = str(page.embeds)
    assert f"{sandbox.songs.mention}: missing Embed Links" in text
    assert "answered <t:" in text
    assert "client_id=" in text


async def test_the_settings_are_for_those_who_manage_the_server(sandbox: SandboxSession) -> None:
    """Discord offers them to nobody else."""
    (group,) = [c for c in sandbox.discord.commands.listed(None) if c["name"] == "suno-settings"]
    assert int(group["default_member_permissions"]) == 1 << 5
