"""Components in messages of earlier versions: their custom ids as literals."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.discord import Message
from sandbox.relay import song
from tests.support.sandbox_session import SandboxSession, open_sandbox, running_bot

BUTTONS = (
    "keep-watching:999",
    "status:notify:song-1",
    "status:lyrics:song-1",
    "status:refresh:song-1",
    "lyrics:page:0:0:song-1",
    "lyrics:page:1:1:song-1",
    "lyrics:share:0:0:song-1",
    "lyrics:file:0:0:song-1",
    "card:join:999",
    "card:leave:999",
    "history:{user}:0:boats",
    "past:{user}:mine:0:boats",
    "past-post:here:1",
    "forget:keep:{user}",
    "forget:delete:{user}",
    "settings:uploads",
    "settings:language",
    "settings:limit",
    "settings:reset",
)
OPTIONS = {"type": 3, "options": [{"label": "One", "value": "1"}]}
MENUS: dict[str, dict[str, Any]] = {
    "watch-found": OPTIONS,
    "history-open:{user}": OPTIONS,
    "past-open:{user}:here": OPTIONS,
    "lyrics-menu:0:song-1": OPTIONS,
    "settings:mention": {"type": 3, "options": [{"label": "Nobody", "value": "nobody"}]},
    "settings:channel": {"type": 8},
    "settings:roles": {"type": 6},
    "settings:role": {"type": 6},
}


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[SandboxSession]:
    """Yield a sandbox with a running bot and a relay with one song."""
    async with open_sandbox(tmp_path) as sandbox, running_bot(sandbox):
        sandbox.relay.add(song("song-1", takes=1000))
        yield sandbox


async def message_with(sandbox: SandboxSession, component: dict[str, Any]) -> Message:
    """Return a message of the bot with a component."""
    message = await sandbox.command_answer("suno help")
    message.components[:] = [{"type": 1, "id": 1, "components": [component | {"id": 2}]}]
    return message


async def handled_requests(sandbox: SandboxSession) -> list[str]:
    """Wait until the bot has handled an interaction; return its requests."""
    await sandbox.discord.wait_for(
        lambda: any("/webhooks/" in request.path for request in sandbox.discord.requests), 10
    )
    return [request.path for request in sandbox.discord.requests]


@pytest.mark.parametrize("custom_id", BUTTONS)
async def test_a_button_of_an_old_message_is_answered(
    sandbox: SandboxSession, custom_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Each custom id format of a button has a handler that succeeds."""
    custom_id = custom_id.format(user=sandbox.ada.id)
    button = {"type": 2, "style": 2, "label": "Press", "custom_id": custom_id}
    message = await message_with(sandbox, button)
    sandbox.discord.requests.clear()
    await sandbox.discord.press(sandbox.ada, message, custom_id)
    assert await handled_requests(sandbox)
    assert [one for one in caplog.records if one.levelno >= logging.ERROR] == []


@pytest.mark.parametrize("custom_id", MENUS)
async def test_a_menu_of_an_old_message_is_answered(
    sandbox: SandboxSession, custom_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Each custom id format of a menu has a handler that succeeds."""
    select = MENUS[custom_id]
    custom_id = custom_id.format(user=sandbox.ada.id)
    message = await message_with(sandbox, select | {"custom_id": custom_id})
    values: list[Any] = [option["value"] for option in select.get("options", [])]
    if select["type"] == 8:
        values = [sandbox.lyrics]
    elif select["type"] == 6:
        values = [sandbox.guild.add_role("Singers")]
    sandbox.discord.requests.clear()
    await sandbox.discord.select(sandbox.ada, message, custom_id, values)
    assert await handled_requests(sandbox)
    assert [one for one in caplog.records if one.levelno >= logging.ERROR] == []
