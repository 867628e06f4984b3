"""The settings of servers and the health page."""

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
    """Yield a sandbox with a running bot; Ada manages the server, Bea does not."""
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
    interaction = await sandbox.discord.press(user or sandbox.ada, panel, f"settings:{name}")
    await _changed(sandbox, interaction)
    return interaction


async def _changed(sandbox: SandboxSession, interaction: Interaction) -> None:
    await sandbox.discord.wait_for(lambda: interaction.updated_source or interaction.follow_ups)


def field(panel: Message, name: str) -> str:
    """Return the value of a field of the panel."""
    fields = {each["name"]: each["value"] for each in panel.embeds[0]["fields"]}
    return str(fields[name])


async def test_the_panel_shows_the_settings(sandbox: SandboxSession) -> None:
    """It is ephemeral and shows the defaults."""
    panel = await sandbox.command_answer("suno-settings panel")
    assert panel.ephemeral
    assert field(panel, "Notices are posted") == "where somebody asks for them"
    assert field(panel, "Who may watch") == "everybody who may use the bot"
    assert len(panel.components) == 5


async def test_notices_are_posted_in_the_servers_channel(sandbox: SandboxSession) -> None:
    """A watch can name another channel; a restart keeps the setting."""
    panel = await sandbox.command_answer("suno-settings panel")
    await choose(sandbox, panel, "channel", sandbox.lyrics)
    assert sandbox.lyrics.mention in field(panel, "Notices are posted")
    await sandbox.command_answer("suno watch", sandbox.bea, id=SONG)
    sandbox.relay.clock.advance(200)
    await sandbox.wait_for_notice(SONG, sandbox.lyrics)
    assert sandbox.songs.messages == []


async def test_me_too_watches_in_the_channel_of_the_card(sandbox: SandboxSession) -> None:
    """The channel of the server's settings does not apply."""
    await sandbox.command_answer("suno watch", id=SONG)
    await sandbox.discord.wait_for(sandbox.cards)
    card = sandbox.cards()[0]
    panel = await sandbox.command_answer("suno-settings panel")
    await choose(sandbox, panel, "channel", sandbox.lyrics)
    buttons = card.components[0]["components"]
    interaction = await sandbox.discord.press(sandbox.bea, card, buttons[0]["custom_id"])
    await interaction.wait_for_answer()
    sandbox.relay.clock.advance(200)
    assert (await sandbox.wait_for_notice(SONG)).pinged == {sandbox.ada.id, sandbox.bea.id}
    assert sandbox.lyrics.messages == []


async def test_only_members_with_a_role_may_watch(sandbox: SandboxSession) -> None:
    """The reply to others names the role; managers of the server may always watch."""
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
    """The server's setting applies to all watchers."""
    await choose(sandbox, await sandbox.command_answer("suno-settings panel"), "mention", "nobody")
    await sandbox.command_answer("suno watch", sandbox.bea, id=SONG)
    sandbox.relay.clock.advance(200)
    assert not (await sandbox.wait_for_notice(SONG)).pinged


async def test_a_notice_can_mention_a_role(sandbox: SandboxSession) -> None:
    """The role replaces the watchers."""
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


async def test_notices_use_the_servers_language_setting(sandbox: SandboxSession) -> None:
    """The button cycles through the languages; replies use the user's language."""
    panel = await sandbox.command_answer("suno-settings panel")
    for _ in range(2):
        await press(sandbox, panel, "language")
    assert "中文" in field(panel, "Language in channels")
    assert "Watching" in (await sandbox.command_answer("suno watch", id=SONG)).content
    sandbox.relay.clock.advance(200)
    assert "你" in (await sandbox.wait_for_notice(SONG)).content


async def test_the_watch_limit_of_the_server_applies(sandbox: SandboxSession) -> None:
    """Another id is refused, and the reply contains the limit."""
    names = [f"song-number-{number}" for number in range(6)]
    sandbox.relay.add(*(song(name) for name in names))
    await press(sandbox, await sandbox.command_answer("suno-settings panel"), "limit")
    await sandbox.command_answer("suno watch", sandbox.bea, id=" ".join(names[:5]))
    assert (
        "5 tasks" in (await sandbox.command_answer("suno watch", sandbox.bea, id=names[5])).content
    )


async def test_reset_restores_the_defaults(sandbox: SandboxSession) -> None:
    """The button and the command do the same."""
    panel = await sandbox.command_answer("suno-settings panel")
    await press(sandbox, panel, "uploads")
    assert field(panel, "Songs as attachments, with a player") == "off"
    await press(sandbox, panel, "reset")
    assert field(panel, "Songs as attachments, with a player") == "on"
    await press(sandbox, panel, "uploads")
    await sandbox.command_answer("suno-settings reset")
    panel = await sandbox.command_answer("suno-settings panel")
    assert field(panel, "Songs as attachments, with a player") == "on"


async def test_the_panel_checks_permissions_on_each_press(sandbox: SandboxSession) -> None:
    """A panel may be older than the user's current permissions."""
    panel = await sandbox.command_answer("suno-settings panel")
    sandbox.guild.remove_member(sandbox.ada)
    sandbox.guild.add_member(sandbox.ada)
    interaction = await press(sandbox, panel, "uploads")
    assert "manage the server" in interaction.follow_ups[0].content
    assert field(panel, "Songs as attachments, with a player") == "on"


async def test_the_health_page_names_missing_permissions(sandbox: SandboxSession) -> None:
    """It lists the channels in use and the times of the last successes."""
    await sandbox.command_answer("suno watch", id=SONG)
    sandbox.songs.deny("embed_links")
    page = await sandbox.command_answer("suno-settings health")
    assert page.ephemeral
    text = str(page.embeds)
    assert f"{sandbox.songs.mention}: missing Embed Links" in text
    assert "answered <t:" in text
    assert "client_id=" in text


async def test_the_settings_commands_require_manage_server(sandbox: SandboxSession) -> None:
    """Discord shows them to nobody else."""
    (group,) = [c for c in sandbox.discord.commands.listed(None) if c["name"] == "suno-settings"]
    assert int(group["default_member_permissions"]) == 1 << 5
