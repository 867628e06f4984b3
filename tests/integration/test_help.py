from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import discord
import pytest

from bot.ui.permissions import REQUIRED_PERMISSIONS, invite_link, posting_permissions
from tests.support.paths import ROOT
from tests.support.sandbox_session import open_sandbox, running_bot


async def test_help_is_short_and_names_what_one_types(tmp_path: Path) -> None:
    """One answer for one person, with a button that invites the bot elsewhere."""
    async with open_sandbox(tmp_path) as sandbox, running_bot(sandbox):
        answer = await sandbox.command_answer("suno help")
        application_id = sandbox.discord.application_id
    assert answer.ephemeral
    text = answer.embeds[0]["description"]
    for name in ("watch", "status", "lyrics", "list", "history", "forget"):
        assert f"/suno {name}" in text
    assert len(text) < 1000
    assert invite_link(application_id) in str(answer.components)


async def test_the_invite_link_is_logged_once_at_the_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever runs the bot finds it there; a reconnect does not repeat it."""
    caplog.set_level("INFO", logger="bot")
    async with open_sandbox(tmp_path) as sandbox, running_bot(sandbox):
        await sandbox.discord.invalidate_sessions()
        await sandbox.discord.wait_until_ready()
        await sandbox.command_answer("suno help")
        link = invite_link(sandbox.discord.application_id)
    assert caplog.text.count(link) == 1


def test_the_invite_link_asks_for_what_is_needed_and_for_commands() -> None:
    """And for nothing more."""
    query = parse_qs(urlsplit(invite_link(5)).query)
    assert query["client_id"] == ["5"]
    assert set(query["scope"][0].split()) == {"bot", "applications.commands"}
    assert discord.Permissions(int(query["permissions"][0])) == REQUIRED_PERMISSIONS
    assert not REQUIRED_PERMISSIONS.administrator


@pytest.mark.parametrize("in_thread", [False, True])
def test_what_a_notice_needs_is_asked_for(in_thread: bool) -> None:
    """A bot that was invited with the link can post."""
    assert all(posting_permissions(REQUIRED_PERMISSIONS, in_thread=in_thread).values())


def test_the_documentation_says_what_each_permission_is_for() -> None:
    """Whoever invites the bot may want to know what goes without one."""
    documented = (ROOT / "docs/commands.md").read_text(encoding="utf-8").lower()
    needed = [name.replace("_", " ") for name, wanted in REQUIRED_PERMISSIONS if wanted]
    names = [name.replace("read messages", "view channel") for name in needed]
    assert [name for name in names if name not in documented] == []
