"""Answers stay within what Discord takes, however much there is to say."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.i18n.catalog import catalog_in, languages
from bot.storage.models import UndeliveredNotice
from bot.ui.held_notice import inbox_embed
from bot.ui.limits import MAX_CONTENT, MAX_DESCRIPTION, whole_lines
from sandbox.relay import song
from tests.support.builders import NOON, a_clip, a_song
from tests.support.sandbox_session import SandboxSession, open_sandbox, running_bot

TEN_LONG_IDS = [f"{number:03}-{'x' * 149}" for number in range(10)]


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[SandboxSession]:
    """Yield a sandbox in which the bot runs."""
    async with open_sandbox(tmp_path) as sandbox, running_bot(sandbox):
        yield sandbox


@pytest.mark.parametrize("command", ["suno watch", "suno unwatch", "suno status", "suno lyrics"])
@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
async def test_ten_long_ids_are_all_answered(
    sandbox: SandboxSession, command: str, *, known: bool
) -> None:
    """In as many messages as that takes, none of them longer than Discord allows."""
    if known:
        sandbox.relay.add(*(song(task_id, takes=1000) for task_id in TEN_LONG_IDS))
    interaction = await sandbox.use_command(command, id=" ".join(TEN_LONG_IDS))

    def told() -> str:
        return "".join(f"{one.content}{one.embeds}" for one in interaction.messages)

    await sandbox.discord.wait_for(lambda: all(task_id in told() for task_id in TEN_LONG_IDS))
    assert "Something went wrong" not in told()
    assert all(len(message.content) <= MAX_CONTENT for message in interaction.messages)
    assert all(message.ephemeral for message in interaction.messages)


async def test_a_full_list_of_long_names_fits(sandbox: SandboxSession) -> None:
    """What does not fit is counted."""
    names = [f"{number:02}-{'x' * 150}" for number in range(30)]
    sandbox.relay.add(*(song(name, title="*" * 200, takes=1000) for name in names))
    for begin in range(0, 30, 10):
        await sandbox.command_answer("suno watch", id=" ".join(names[begin : begin + 10]))
    sandbox.relay.clock.advance(500)  # so that they have titles
    async with asyncio.timeout(30):
        text = await listed(sandbox)
        while text.count("\\*") < 28 * text.count(" in <#"):
            text = await listed(sandbox)
    assert len(text) <= MAX_DESCRIPTION
    shown = text.count(" in <#")
    assert f"… and {30 - shown} more." in text


async def listed(sandbox: SandboxSession) -> str:
    """Return what the list of watches says."""
    description = (await sandbox.command_answer("suno list")).embeds[0]["description"]
    assert isinstance(description, str)
    return description


@pytest.mark.parametrize("language", sorted(languages()))
@pytest.mark.parametrize("held", [True, False], ids=["held", "dropped"])
def test_a_full_inbox_of_long_names_fits(language: str, *, held: bool) -> None:
    """What does not fit is counted."""
    entries = [
        UndeliveredNotice(
            a_song("x" * 190, clips=(a_clip(title="*" * 200),)), 2**63, "404/10003", held, NOON
        )
        for _ in range(25)
    ]
    text = inbox_embed(entries, catalog_in(language)).description or ""
    assert len(text) <= MAX_DESCRIPTION
    lines = text.count("\n")
    assert lines < 25
    assert str(25 - lines) in text.split("\n")[-1]


@given(st.lists(st.text(alphabet="ab", max_size=30), max_size=12), st.integers(0, 60))
def test_only_whole_lines_are_shown(lines: list[str], room: int) -> None:
    """As many as fit, from the first on."""
    shown = whole_lines(lines, room)
    assert shown == lines[: len(shown)]
    assert len("\n".join(shown)) <= room
    if len(shown) < len(lines):
        assert len("\n".join(lines[: len(shown) + 1])) > room
