"""The settings of servers."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.i18n.catalog import catalog_for
from bot.ui.settings_panel import PAGES
from sandbox.discord import Role
from sandbox.discord.channel_kinds import FORUM
from sandbox.relay import song
from tests.support.sandbox_session import SandboxSession, open_sandbox, running_bot
from tests.support.settings_panel import (
    CATALOG,
    choose,
    components_of,
    now_line,
    open_page,
    open_panel,
    press,
    set_to,
    shown_text,
    value_line,
)

pytestmark = pytest.mark.both_engines


SONG = "a-song-with-a-long-id"


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[SandboxSession]:
    """Yield a sandbox with a running bot; Ada manages the server, Bea does not."""
    async with open_sandbox(tmp_path) as sandbox:
        sandbox.guild.add_member(sandbox.ada, permissions=("manage_guild",))
        sandbox.relay.add(song(SONG, title="Paper Boats", takes=100))
        async with running_bot(sandbox):
            yield sandbox


def a_role(sandbox: SandboxSession, *, mentionable: bool = True) -> Role:
    """Return a role that Bea has."""
    role = sandbox.guild.add_role("Listeners", mentionable=mentionable)
    sandbox.guild.add_member(sandbox.bea, roles=(role,))
    return role


async def test_the_panel_shows_every_setting_with_its_value(sandbox: SandboxSession) -> None:
    """It is ephemeral, and its menu names each setting with its value too."""
    panel = await open_panel(sandbox)
    assert panel.ephemeral
    assert value_line("channel", "settings-channel-here") in shown_text(panel)
    assert value_line("roles", "settings-roles-all") in shown_text(panel)
    assert value_line("notices", "settings-notices-compact") in shown_text(panel)
    options = components_of(panel)["settings-menu"]["options"]
    assert [option["value"] for option in options] == list(PAGES)
    assert options[0]["label"] == CATALOG.text("settings-label-channel")
    assert options[0]["description"] == CATALOG.text("settings-channel-here")


@pytest.mark.parametrize("name", PAGES)
async def test_the_page_of_a_setting_explains_it_and_leads_back(
    sandbox: SandboxSession, name: str
) -> None:
    """It has a control for the setting, and the current value."""
    panel = await open_page(sandbox, await open_panel(sandbox), name)
    assert CATALOG.text(f"settings-explain-{name}") in shown_text(panel)
    assert f"settings:{name}" in components_of(panel)
    await press(sandbox, panel, "settings-page:overview")
    assert CATALOG.text("settings-title") in shown_text(panel)


@pytest.mark.parametrize("name", ["mention", "language", "notices", "uploads", "limit"])
async def test_a_menu_has_the_current_value_selected(sandbox: SandboxSession, name: str) -> None:
    """Another value can be chosen directly, and is selected then."""
    panel = await open_page(sandbox, await open_panel(sandbox), name)
    options = components_of(panel)[f"settings:{name}"]["options"]
    assert sum(option.get("default", False) for option in options) == 1
    other = next(option["value"] for option in options if not option.get("default"))
    await choose(sandbox, panel, f"settings:{name}", other)
    assert CATALOG.text("settings-saved") in shown_text(panel)
    await open_page(sandbox, panel, name)
    options = components_of(panel)[f"settings:{name}"]["options"]
    assert [one["value"] for one in options if one.get("default")] == [other]


async def test_notices_are_posted_in_the_servers_channel(sandbox: SandboxSession) -> None:
    """A watch can name another channel; a restart keeps the setting."""
    panel = await set_to(sandbox, "channel", sandbox.lyrics)
    assert sandbox.lyrics.mention in shown_text(panel)
    assert f"#{sandbox.lyrics.name}" in str(components_of(panel)["settings-menu"]["options"])
    await sandbox.command_answer("suno watch", sandbox.bea, id=SONG)
    sandbox.relay.clock.advance(200)
    await sandbox.wait_for_notice(SONG, sandbox.lyrics)
    assert sandbox.songs.messages == []


async def test_a_channel_without_permission_is_reported_and_not_saved(
    sandbox: SandboxSession,
) -> None:
    """The page names the channel and what is missing there."""
    sandbox.lyrics.deny("send_messages")
    panel = await set_to(sandbox, "channel", sandbox.lyrics)
    missing = CATALOG.text("permission-send-messages")
    problem = CATALOG.text(
        "settings-problem-channel", channel=sandbox.lyrics.mention, permissions=missing
    )
    assert f"{problem}\n{CATALOG.text('settings-not-saved')}" in shown_text(panel)
    assert now_line("settings-channel-here") in shown_text(panel)
    assert value_line("channel", "settings-channel-here") in shown_text(await open_panel(sandbox))


async def test_a_chosen_channel_that_stops_working_is_reported(sandbox: SandboxSession) -> None:
    """The overview shows it; a button restores the default."""
    await set_to(sandbox, "channel", sandbox.lyrics)
    sandbox.lyrics.deny("send_messages")
    panel = await open_panel(sandbox)
    assert CATALOG.text("permission-send-messages") in shown_text(panel)
    await open_page(sandbox, panel, "channel")
    await press(sandbox, panel, "settings-default:channel")
    assert value_line("channel", "settings-channel-here") in shown_text(panel)
    assert CATALOG.text("permission-send-messages") not in shown_text(panel)


async def test_me_too_watches_in_the_channel_of_the_card(sandbox: SandboxSession) -> None:
    """The channel of the server's settings does not apply."""
    await sandbox.command_answer("suno watch", id=SONG)
    await sandbox.discord.wait_for(sandbox.cards)
    card = sandbox.cards()[0]
    await set_to(sandbox, "channel", sandbox.lyrics)
    buttons = card.components[0]["components"]
    interaction = await sandbox.discord.press(sandbox.bea, card, buttons[0]["custom_id"])
    await interaction.wait_for_answer()
    sandbox.relay.clock.advance(200)
    assert (await sandbox.wait_for_notice(SONG)).pinged == {sandbox.ada.id, sandbox.bea.id}
    assert sandbox.lyrics.messages == []


async def test_only_members_with_a_role_may_watch(sandbox: SandboxSession) -> None:
    """The reply to others names the role; managers of the server may always watch."""
    role = sandbox.guild.add_role("Singers")
    await set_to(sandbox, "roles", role)
    refused = await sandbox.command_answer("suno watch", sandbox.bea, id=SONG)
    assert f"<@&{role.id}>" in refused.content
    assert not refused.pinged
    assert SONG in (await sandbox.command_answer("suno watch", id=SONG)).content
    sandbox.guild.add_member(sandbox.bea, roles=(role,))
    assert SONG in (await sandbox.command_answer("suno watch", sandbox.bea, id=SONG)).content


@pytest.mark.parametrize(
    ("name", "page", "key"),
    [
        ("roles", "roles", "settings-problem-watch-everyone"),
        ("role", "mention", "settings-problem-mention-everyone"),
    ],
)
async def test_everyone_cannot_be_chosen_as_a_role(
    sandbox: SandboxSession, name: str, page: str, key: str
) -> None:
    """The page says why, and nothing is saved."""
    before = shown_text(await open_panel(sandbox))
    panel = await set_to(sandbox, name, sandbox.guild.everyone, page=page)
    assert CATALOG.text(key) in shown_text(panel)
    assert shown_text(await open_panel(sandbox)) == before


async def test_a_notice_can_mention_nobody(sandbox: SandboxSession) -> None:
    """The server's setting applies to all watchers."""
    await set_to(sandbox, "mention", "nobody")
    await sandbox.command_answer("suno watch", sandbox.bea, id=SONG)
    sandbox.relay.clock.advance(200)
    assert not (await sandbox.wait_for_notice(SONG)).pinged


async def test_a_notice_can_mention_a_role_besides_the_watchers(sandbox: SandboxSession) -> None:
    """Members of the role and the watcher are notified."""
    role = a_role(sandbox)
    panel = await set_to(sandbox, "role", role, page="mention")
    assert f"<@&{role.id}>" in shown_text(panel)
    await sandbox.command_answer("suno watch", id=SONG)
    sandbox.relay.clock.advance(200)
    notice = await sandbox.wait_for_notice(SONG)
    assert f"<@&{role.id}>" in notice.content
    assert notice.pinged == {sandbox.ada.id, sandbox.bea.id}


async def test_the_mention_of_a_role_can_be_turned_off(sandbox: SandboxSession) -> None:
    """The watchers are still mentioned."""
    panel = await set_to(sandbox, "role", a_role(sandbox), page="mention")
    await open_page(sandbox, panel, "mention")
    await press(sandbox, panel, "settings-default:role")
    assert value_line("mention", "settings-mention-watchers") in shown_text(panel)


async def test_a_role_that_cannot_be_mentioned_is_reported(sandbox: SandboxSession) -> None:
    """With the permission Mention Everyone it can be chosen."""
    role = a_role(sandbox, mentionable=False)
    permission = CATALOG.text("permission-mention-everyone")
    problem = CATALOG.text("settings-problem-role", role=f"<@&{role.id}>", permission=permission)
    panel = await set_to(sandbox, "role", role, page="mention")
    assert problem in shown_text(panel)
    assert now_line("settings-mention-watchers") in shown_text(panel)
    sandbox.guild.grant("mention_everyone")
    panel = await set_to(sandbox, "role", role, page="mention")
    assert CATALOG.text("settings-saved") in shown_text(panel)
    assert problem not in shown_text(panel)


async def test_notices_use_the_servers_language_setting(sandbox: SandboxSession) -> None:
    """The answer to a member uses the language of the member."""
    panel = await set_to(sandbox, "language", "zh-CN")
    assert catalog_for("zh-CN").text("language-name") in shown_text(panel)
    answer = await sandbox.command_answer("suno watch", id=SONG)
    told = CATALOG.text("watch-told-here", count=1)
    assert answer.content == CATALOG.text("watch-watching", tasks=f"`{SONG}`", told=told)
    sandbox.relay.clock.advance(200)
    assert re.search("[\u4e00-\u9fff]", (await sandbox.wait_for_notice(SONG)).content)


async def test_the_watch_limit_of_the_server_applies(sandbox: SandboxSession) -> None:
    """Another id is refused, and the reply contains the limit."""
    names = [f"song-number-{number}" for number in range(6)]
    sandbox.relay.add(*(song(name) for name in names))
    await set_to(sandbox, "limit", "5")
    await sandbox.command_answer("suno watch", sandbox.bea, id=" ".join(names[:5]))
    answer = await sandbox.command_answer("suno watch", sandbox.bea, id=names[5])
    assert CATALOG.text("watch-error-too-many-here", limit=5) in answer.content


@pytest.mark.parametrize("way", ["button", "command"])
async def test_a_reset_asks_first(sandbox: SandboxSession, way: str) -> None:
    """Only the confirmation resets the settings; the other button leads back."""
    panel = await set_to(sandbox, "notices", "full")
    for answer in ("settings-page:overview", "settings-default:all"):
        if way == "command":
            panel = await sandbox.command_answer("suno-settings reset")
        else:
            await press(sandbox, panel, "settings-page:reset")
        assert CATALOG.text("settings-reset-question") in shown_text(panel)
        await press(sandbox, panel, answer)
        kept = answer == "settings-page:overview"
        style = "settings-notices-full" if kept else "settings-notices-compact"
        assert value_line("notices", style) in shown_text(panel)
    assert CATALOG.text("settings-reset-done") in shown_text(panel)


@pytest.mark.parametrize("name", ["uploads", "language", "limit", "reset"])
async def test_a_button_of_an_old_panel_opens_a_page(sandbox: SandboxSession, name: str) -> None:
    """The buttons of earlier versions changed the value at once."""
    before = shown_text(await open_panel(sandbox))
    panel = await open_panel(sandbox)
    button = {"type": 2, "style": 2, "label": "Old", "custom_id": f"settings:{name}", "id": 2}
    panel.components[:] = [{"type": 1, "id": 1, "components": [button]}]
    await press(sandbox, panel, f"settings:{name}")
    key = "settings-reset-question" if name == "reset" else f"settings-explain-{name}"
    assert CATALOG.text(key) in shown_text(panel)
    assert shown_text(await open_panel(sandbox)) == before


@pytest.mark.parametrize(
    "custom_id",
    ["settings-menu", "settings-page:reset", "settings:uploads", "settings-default:all"],
)
async def test_the_panel_checks_permissions_on_each_press(
    sandbox: SandboxSession, custom_id: str
) -> None:
    """A panel may be older than the user's current permissions."""
    panel = await set_to(sandbox, "notices", "full")
    component = {"type": 2, "style": 2, "label": "Press", "custom_id": custom_id, "id": 2}
    panel.components[:] = [{"type": 1, "id": 1, "components": [component]}]
    sandbox.guild.remove_member(sandbox.ada)
    sandbox.guild.add_member(sandbox.ada)
    interaction = await press(sandbox, panel, custom_id)
    assert interaction.follow_ups[0].content == CATALOG.text("settings-not-yours")
    assert value_line("notices", "settings-notices-full") in shown_text(panel)


async def test_the_settings_name_a_forum_without_a_usable_tag(sandbox: SandboxSession) -> None:
    """The panel refuses such a forum; the health page shows one that is in use."""
    forum = sandbox.guild.add_channel("hits", FORUM)
    await sandbox.use_command("suno watch", id=SONG, channel=forum)
    forum.add_tag("Official", moderated=True)
    forum.require_tag()
    problem = CATALOG.text("settings-problem-tag", channel=forum.mention)
    assert problem in shown_text(await set_to(sandbox, "channel", forum))
    assert problem in str((await sandbox.command_answer("suno-settings health")).embeds)


async def test_the_settings_commands_require_manage_server(sandbox: SandboxSession) -> None:
    """Discord shows them to nobody else."""
    (group,) = [c for c in sandbox.discord.commands.listed(None) if c["name"] == "suno-settings"]
    assert int(group["default_member_permissions"]) == 1 << 5
