"""The command ``/suno help`` and the invite link."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import discord
import pytest

from bot.ui.permissions import REQUIRED_PERMISSIONS, invite_link, posting_permissions
from tests.support.paths import ROOT
from tests.support.sandbox_session import open_sandbox, running_bot


async def test_help_lists_the_commands(tmp_path: Path) -> None:
    """One ephemeral message with a button that invites the bot."""
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
    """A reconnect does not repeat it."""
    caplog.set_level("INFO", logger="bot")
    async with open_sandbox(tmp_path) as sandbox, running_bot(sandbox):
        await sandbox.discord.invalidate_sessions()
        await sandbox.discord.wait_until_ready()
        await sandbox.command_answer("suno help")
        link = invite_link(sandbox.discord.application_id)
    assert caplog.text.count(link) == 1


def test_the_invite_link_requests_the_required_permissions() -> None:
    """It has the scopes for the bot and its commands, and nothing more."""
    query = parse_qs(urlsplit(invite_link(5)).query)
    assert query["client_id"] == ["5"]
    assert set(query["scope"][0].split()) == {"bot", "applications.commands"}
    assert discord.Permissions(int(query["permissions"][0])) == REQUIRED_PERMISSIONS
    assert not REQUIRED_PERMISSIONS.administrator


@pytest.mark.parametrize(
    "channel_type",
    [discord.ChannelType.text, discord.ChannelType.public_thread, discord.ChannelType.forum],
    ids=str,
)
def test_the_required_permissions_include_those_for_posting(
    channel_type: discord.ChannelType,
) -> None:
    """A bot invited with the link can post notices."""
    assert all(posting_permissions(REQUIRED_PERMISSIONS, channel_type).values())


def test_the_documentation_explains_each_permission() -> None:
    """Each permission has a row in the documentation."""
    documented = (ROOT / "docs/commands.md").read_text(encoding="utf-8").lower()
    needed = [name.replace("_", " ") for name, wanted in REQUIRED_PERMISSIONS if wanted]
    names = [name.replace("read messages", "view channel") for name in needed]
    assert [name for name in names if name not in documented] == []
