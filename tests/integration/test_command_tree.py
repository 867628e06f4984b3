"""The command tree: errors while replying, and the registration of cogs."""

import asyncio
import gc
import json
import logging
import random
from collections.abc import Sequence

import aiohttp
import pytest

from bot.app import COGS, Timing, build_bot
from bot.app.relays import make_relay_client
from bot.delivery.attachments.audio_fetcher import AudioFetcher
from bot.settings import Settings
from bot.storage.database import DatabaseThread
from sandbox.bot_process import BotProcess
from sandbox.relay import faults, song
from tests.support.sandbox_session import SandboxSession, running_bot

SONG = "song-of-this-test"
ANSWER = "PATCH /webhooks/{app}/{token}/messages/@original"


async def test_an_interrupted_reply_is_logged_without_traceback(
    sandbox: SandboxSession, caplog: pytest.LogCaptureFixture
) -> None:
    """The watch of the command is kept."""
    sandbox.relay.add(song(SONG, takes=100))
    async with running_bot(sandbox):
        cut = sandbox.discord.faults.add(ANSWER, drop=True, times=None)
        await sandbox.discord.command(sandbox.ada, sandbox.songs, "suno watch", id=SONG)
        await sandbox.discord.wait_for(lambda: cut.hits > 1)
        sandbox.relay.clock.advance(200)
        await sandbox.wait_for_notice(SONG)
        await asyncio.sleep(0)
        gc.collect()
    assert "Error reply not sent: interaction=/suno watch" in caplog.text
    assert [one for one in caplog.records if one.levelno >= logging.ERROR] == []


@pytest.mark.parametrize("code", [10062, 10015])
async def test_an_expired_interaction_is_logged_without_traceback(
    sandbox: SandboxSession, caplog: pytest.LogCaptureFixture, code: int
) -> None:
    """The task is not watched, because the user was not informed."""
    sandbox.relay.add(song(SONG, takes=100))
    async with running_bot(sandbox):
        late = sandbox.discord.faults.add(
            "POST /interactions/{id}/{token}/callback", status=404, code=code
        )
        await sandbox.discord.command(sandbox.ada, sandbox.songs, "suno watch", id=SONG)
        await sandbox.discord.wait_for(lambda: late.hits)
        assert SONG not in (await sandbox.command_answer("suno list")).content
    assert "Interaction expired" in caplog.text
    assert [one for one in caplog.records if one.levelno >= logging.ERROR] == []


async def test_a_shutdown_during_a_command_is_logged_without_traceback(
    sandbox: SandboxSession,
) -> None:
    """The interaction cannot be answered any more."""
    async with BotProcess(sandbox.folder, sandbox.environment) as bot:
        await sandbox.discord.wait_until_ready(timeout=120)
        await sandbox.discord.wait_until_commands(timeout=120)
        sandbox.relay.faults.add(faults.slow_headers())
        interaction = await sandbox.discord.command(
            sandbox.ada, sandbox.songs, "suno status", id=SONG
        )
        await interaction.wait_for_acknowledgement()
        await sandbox.relay.wait_for_requests()
        assert await bot.stop() == 0
        assert "Traceback" not in bot.log
        assert "interaction not answered: interaction=/suno status" in bot.log


@pytest.mark.parametrize("seed", range(5))
async def test_cogs_can_be_loaded_in_any_order(sandbox: SandboxSession, seed: int) -> None:
    """Any order registers the same commands and component handlers."""
    shuffled = list(COGS)
    random.Random(seed).shuffle(shuffled)  # noqa: S311 # no secret
    assert await registered(sandbox, shuffled) == await registered(sandbox, COGS)


async def registered(sandbox: SandboxSession, cogs: Sequence[str]) -> tuple[set[str], set[str]]:
    """Return the commands and component templates that cogs register in this order."""
    values = {name.lower(): value for name, value in sandbox.environment.items()}
    settings = Settings.model_validate(values)
    async with aiohttp.ClientSession() as session:
        relay_client = make_relay_client(settings, session)
        database = DatabaseThread(settings.database_path)
        bot = build_bot(
            settings,
            database,
            relay_client,
            AudioFetcher(),
            cogs,
            Timing(),
            "",
            account_session=session,
        )
        async with bot.client as client:
            commands = {
                json.dumps(option, sort_keys=True)
                for payload in await client.load_cogs()
                for option in payload.get("options") or [payload]
            }
            items = client._connection._view_store._dynamic_items
            return commands, {pattern.pattern for pattern in items}
