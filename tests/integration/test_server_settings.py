from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.discord import Interaction, Message, User
from sandbox.relay import song
from tests.support.stage import Stage, a_bot, a_stage

SONG = "a-song-with-a-long-id"


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Return a stage on which the bot works; Ada manages the server, Bea does not."""
    async with a_stage(tmp_path) as stage:
        stage.guild.add_member(stage.ada, permissions=("manage_guild",))
        stage.relay.add(song(SONG, title="Paper Boats", takes=100))
        async with a_bot(stage):
            yield stage


async def choose(stage: Stage, panel: Message, name: str, *values: Any) -> Message:
    """Choose values in a menu of the panel; return the panel when it shows them."""
    await _changed(
        stage, await stage.discord.select(stage.ada, panel, f"settings:{name}", list(values))
    )
    return panel


async def press(stage: Stage, panel: Message, name: str, user: User | None = None) -> Interaction:
    """Press a button of the panel."""
    pressed = await stage.discord.press(user or stage.ada, panel, f"settings:{name}")
    await _changed(stage, pressed)
    return pressed


async def _changed(stage: Stage, interaction: Interaction) -> None:
    await stage.discord.wait_for(lambda: interaction.updated_source or interaction.follow_ups)


def field(panel: Message, name: str) -> str:
    """Return the value of a field of the panel."""
    fields = {each["name"]: each["value"] for each in panel.embeds[0]["fields"]}
    return str(fields[name])


async def test_the_panel_shows_what_is_set(stage: Stage) -> None:
    """To one person, with everything as by default."""
    panel = await stage.ask("suno-settings panel")
    assert panel.ephemeral
    assert field(panel, "Notices are posted") == "where somebody asks for them"
    assert field(panel, "Who may watch") == "everybody who may use the bot"
    assert len(panel.components) == 5


async def test_notices_go_where_the_server_wants_them(stage: Stage) -> None:
    """Unless a watch names another place; a restart changes nothing."""
    panel = await stage.ask("suno-settings panel")
    await choose(stage, panel, "channel", stage.lyrics)
    assert stage.lyrics.mention in field(panel, "Notices are posted")
    await stage.ask("suno watch", stage.bea, id=SONG)
    stage.relay.clock.advance(200)
    await stage.notice_of(SONG, stage.lyrics)
    assert stage.songs.messages == []


async def test_me_too_watches_where_the_card_stands(stage: Stage) -> None:
    """Whatever the server's own channel is."""
    await stage.ask("suno watch", id=SONG)
    await stage.discord.wait_for(stage.cards)
    card = stage.cards()[0]
    panel = await stage.ask("suno-settings panel")
    await choose(stage, panel, "channel", stage.lyrics)
    buttons = card.components[0]["components"]
    pressed = await stage.discord.press(stage.bea, card, buttons[0]["custom_id"])
    await pressed.answered()
    stage.relay.clock.advance(200)
    assert (await stage.notice_of(SONG)).pinged == {stage.ada.id, stage.bea.id}
    assert stage.lyrics.messages == []


async def test_only_members_with_a_role_may_watch(stage: Stage) -> None:
    """The others are told which; those who manage the server always may."""
    role = stage.guild.add_role("Singers")
    panel = await stage.ask("suno-settings panel")
    await choose(stage, panel, "roles", role)
    refused = await stage.ask("suno watch", stage.bea, id=SONG)
    assert f"<@&{role.id}>" in refused.content
    assert not refused.pinged
    assert "Watching" in (await stage.ask("suno watch", id=SONG)).content
    stage.guild.add_member(stage.bea, roles=(role,))
    assert "Watching" in (await stage.ask("suno watch", stage.bea, id=SONG)).content


async def test_a_notice_can_mention_nobody(stage: Stage) -> None:
    """Where a server wants it quiet."""
    await choose(stage, await stage.ask("suno-settings panel"), "mention", "nobody")
    await stage.ask("suno watch", stage.bea, id=SONG)
    stage.relay.clock.advance(200)
    assert not (await stage.notice_of(SONG)).pinged


async def test_a_notice_can_mention_a_role(stage: Stage) -> None:
    """In place of those who watch."""
    role = stage.guild.add_role("Listeners", mentionable=True)
    stage.guild.add_member(stage.bea, roles=(role,))
    panel = await stage.ask("suno-settings panel")
    await choose(stage, panel, "role", role)
    assert f"<@&{role.id}>" in field(panel, "A notice mentions")
    await stage.ask("suno watch", id=SONG)
    stage.relay.clock.advance(200)
    notice = await stage.notice_of(SONG)
    assert f"<@&{role.id}>" in notice.content
    assert notice.pinged == {stage.bea.id}


async def test_a_channel_speaks_the_language_that_is_set(stage: Stage) -> None:
    """The button goes through the languages; a person is answered in their own."""
    panel = await stage.ask("suno-settings panel")
    for _ in range(2):
        await press(stage, panel, "language")
    assert "中文" in field(panel, "Language in channels")
    assert "Watching" in (await stage.ask("suno watch", id=SONG)).content
    stage.relay.clock.advance(200)
    assert "你" in (await stage.notice_of(SONG)).content


async def test_a_member_may_watch_as_much_as_the_server_allows(stage: Stage) -> None:
    """One id more is refused, with the number."""
    names = [f"song-number-{number}" for number in range(6)]
    stage.relay.add(*(song(name) for name in names))
    await press(stage, await stage.ask("suno-settings panel"), "limit")
    await stage.ask("suno watch", stage.bea, id=" ".join(names[:5]))
    assert "5 tasks" in (await stage.ask("suno watch", stage.bea, id=names[5])).content


async def test_reset_puts_everything_back(stage: Stage) -> None:
    """From the panel and as a command."""
    panel = await stage.ask("suno-settings panel")
    await press(stage, panel, "uploads")
    assert field(panel, "Songs as attachments, with a player") == "on"
    await press(stage, panel, "reset")
    assert field(panel, "Songs as attachments, with a player") == "off"
    await press(stage, panel, "uploads")
    await stage.ask("suno-settings reset")
    panel = await stage.ask("suno-settings panel")
    assert field(panel, "Songs as attachments, with a player") == "off"


async def test_who_no_longer_manages_the_server_changes_nothing(stage: Stage) -> None:
    """A panel that is still open is looked at anew with each press."""
    panel = await stage.ask("suno-settings panel")
    stage.guild.remove_member(stage.ada)
    stage.guild.add_member(stage.ada)
    pressed = await press(stage, panel, "uploads")
    assert "manage the server" in pressed.follow_ups[0].content
    assert field(panel, "Songs as attachments, with a player") == "off"


async def test_the_health_page_names_what_is_missing(stage: Stage) -> None:
    """In the channels that are in use, beside when things last went well."""
    await stage.ask("suno watch", id=SONG)
    stage.songs.deny("embed_links")
    page = await stage.ask("suno-settings health")
    assert page.ephemeral
    text = str(page.embeds)
    assert f"{stage.songs.mention}: missing Embed Links" in text
    assert "answered <t:" in text
    assert "client_id=" in text


async def test_the_settings_are_for_those_who_manage_the_server(stage: Stage) -> None:
    """Discord offers them to nobody else."""
    (group,) = [c for c in stage.discord.commands.listed(None) if c["name"] == "suno-settings"]
    assert int(group["default_member_permissions"]) == 1 << 5
