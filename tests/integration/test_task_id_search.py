"""The message command that finds task ids, and the menu of what it finds."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.i18n.catalog import catalog_for
from sandbox.discord import Interaction
from sandbox.relay import song
from tests.support.replies import names
from tests.support.sandbox_session import SandboxSession, open_sandbox, running_bot

ENGLISH = catalog_for("en-US")
UUID = "346c5d10-a4a1-4f49-a851-66a7dae6cfaf"
HEX = "bee8f32e1994417ba8d7485d1aaf3b26"


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[SandboxSession]:
    """Yield a sandbox in which the bot runs."""
    async with open_sandbox(tmp_path) as sandbox, running_bot(sandbox):
        yield sandbox


async def search_message(sandbox: SandboxSession, text: str) -> Interaction:
    """Let Ada post a text, and Bea run the command in its menu."""
    message = sandbox.discord.send_message(sandbox.ada, sandbox.songs, text)
    interaction = await sandbox.discord.use_message_command(
        sandbox.bea, "Watch Suno tasks", message
    )
    await interaction.wait_for_answer()
    return interaction


async def test_the_tasks_of_a_message_are_offered_and_watched(sandbox: SandboxSession) -> None:
    """Only tasks that the relay knows are offered, and the user who chose one is notified."""
    sandbox.relay.add(song(UUID, title="@everyone [x](y)", takes=50), song(HEX, takes=50))
    found = await search_message(sandbox, f"done soon: {UUID}, {HEX} and {'0' * 32}")
    (menu,) = found.messages[0].components[0]["components"]
    assert [option["value"] for option in menu["options"]] == [UUID, HEX]
    chosen = await sandbox.discord.select(
        sandbox.bea, found.messages[0], menu["custom_id"], [UUID, HEX]
    )
    watching = (await chosen.wait_for_answer()).content
    assert names(watching, UUID)
    assert names(watching, HEX)
    sandbox.relay.clock.advance(100)
    summary = await sandbox.discord.wait_for(
        lambda: [each for each in sandbox.songs.messages if each.pinged], 120, "the summary"
    )
    assert summary[0].pinged == {sandbox.bea.id}


async def test_a_message_without_ids_is_explained(sandbox: SandboxSession) -> None:
    """The reply says what an id is, and the relay is not asked."""
    before = len(sandbox.relay.requests)
    found = await search_message(sandbox, "what a lovely song")
    assert found.messages[0].content == ENGLISH.text("found-nothing")
    assert len(sandbox.relay.requests) == before


async def test_ids_that_the_relay_does_not_know_are_reported(sandbox: SandboxSession) -> None:
    """Clip ids look like task ids; only tasks that can be watched are offered."""
    found = await search_message(sandbox, f"{UUID} {HEX}")
    assert found.messages[0].content == ENGLISH.text("found-unknown", number=2)
    assert found.messages[0].components == []
