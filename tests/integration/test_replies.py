"""Replies stay within Discord's limits, however long their texts are."""

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
    """Yield a sandbox with a running bot."""
    async with open_sandbox(tmp_path) as sandbox, running_bot(sandbox):
        yield sandbox


@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
async def test_ten_long_ids_have_one_status_message(
    sandbox: SandboxSession, *, known: bool
) -> None:
    """Each is a line with the start of its id."""
    if known:
        sandbox.relay.add(*(song(task_id, takes=1000) for task_id in TEN_LONG_IDS))
    interaction = await sandbox.use_command("suno status", id=" ".join(TEN_LONG_IDS))
    (message,) = interaction.messages
    (embed,) = message.embeds
    assert all(task_id[:8] in embed["description"] for task_id in TEN_LONG_IDS)


@pytest.mark.parametrize("command", ["suno watch", "suno unwatch", "suno lyrics"])
@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
async def test_ten_long_ids_are_all_answered(
    sandbox: SandboxSession, command: str, *, known: bool
) -> None:
    """The reply is within Discord's limits: one message for what is watched or not any more."""
    if known:
        sandbox.relay.add(*(song(task_id, takes=1000) for task_id in TEN_LONG_IDS))
    interaction = await sandbox.use_command(command, id=" ".join(TEN_LONG_IDS))

    def replied_text() -> str:
        return "".join(f"{one.content}{one.embeds}" for one in interaction.messages)

    await sandbox.discord.wait_for(
        lambda: all(task_id[:8] in replied_text() for task_id in TEN_LONG_IDS)
    )
    if command in ("suno watch", "suno unwatch"):
        assert len(interaction.messages) == 1
    assert all(len(message.content) <= MAX_CONTENT for message in interaction.messages)
    assert all(message.ephemeral for message in interaction.messages)


async def test_a_long_list_of_long_titles_fits(sandbox: SandboxSession) -> None:
    """Watches that do not fit are counted."""
    names = [f"song-{number}" for number in range(60)]
    sandbox.relay.add(*(song(name, title="*" * 200, takes=1000) for name in names))
    for begin in range(0, 60, 10):
        await sandbox.command_answer("suno watch", id=" ".join(names[begin : begin + 10]))
    sandbox.relay.clock.advance(500)  # so that they have titles
    async with asyncio.timeout(120):
        text = await listed(sandbox)
        while text.count("\\*") < 28 * text.count("<#"):
            text = await listed(sandbox)
    assert len(text) <= MAX_DESCRIPTION
    count = text.count("<#")
    assert f"… and {60 - count} more." in text


async def listed(sandbox: SandboxSession) -> str:
    """Return the text of the list of watches."""
    description = (await sandbox.command_answer("suno list")).embeds[0]["description"]
    assert isinstance(description, str)
    return description


@pytest.mark.parametrize("language", sorted(languages()))
@pytest.mark.parametrize("held", [True, False], ids=["held", "dropped"])
def test_a_long_inbox_of_long_titles_fits(language: str, *, held: bool) -> None:
    """Notices that do not fit are counted."""
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
def test_whole_lines_returns_the_lines_that_fit(lines: list[str], limit: int) -> None:
    """The first lines that fit are returned."""
    fitting = whole_lines(lines, limit)
    assert fitting == lines[: len(fitting)]
    assert len("\n".join(fitting)) <= limit
    if len(fitting) < len(lines):
        assert len("\n".join(lines[: len(fitting) + 1])) > limit
