"""What the command line says when it cannot do what it is asked."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot import __version__
from bot.local.bot_process import ROOT, BotProcess
from bot.local.relay import song
from tests.stage import Stage, a_stage

NOBODY = "http://127.0.0.1:9"
"""Where nothing listens."""


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Return a stage without a bot."""
    async with a_stage(tmp_path) as stage:
        yield stage


async def run_bot(stage: Stage, **changes: str) -> tuple[int, str]:
    """Run the bot until it ends by itself; return its exit code and what it said."""
    environment = stage.environment | changes
    bot = BotProcess(stage.folder, {name: value for name, value in environment.items() if value})
    await bot.start()
    async with asyncio.timeout(30):
        code = await bot.ended()
    assert "Traceback" not in bot.log
    return code, bot.log


async def test_missing_settings_are_told_by_name_all_at_once(stage: Stage) -> None:
    """With exit code 2: starting again would not help."""
    code, said = await run_bot(stage, DISCORD_TOKEN="", SUNO_API_KEY="", POLL_INTERVAL="often")
    assert code == 2
    for name in ("DISCORD_TOKEN", "SUNO_API_KEY", "POLL_INTERVAL"):
        assert name in said


async def test_an_address_that_no_relay_can_have_is_told_by_name(stage: Stage) -> None:
    """What the settings let pass, the relay looks at more closely."""
    code, said = await run_bot(stage, SUNO_FETCH_PATH="/suno/{id}")
    assert code == 2
    assert "SUNO_FETCH_PATH" in said


async def test_a_refused_token_is_told_by_name(stage: Stage) -> None:
    """Without the token, and so that nothing starts it again and again."""
    code, said = await run_bot(stage, DISCORD_TOKEN="a-wrong-token")
    assert code == 2
    assert "DISCORD_TOKEN" in said
    assert "a-wrong-token" not in said


@pytest.mark.parametrize("close_code", [4004, 4014])
async def test_a_gateway_that_refuses_for_good_ends_the_bot(stage: Stage, close_code: int) -> None:
    """A token that was changed meanwhile, or intents: told, with exit code 2."""
    async with BotProcess(stage.folder, stage.environment) as bot:
        await stage.discord.wait_until_ready(timeout=30)
        await stage.discord.close_gateway(close_code)
        async with asyncio.timeout(30):
            assert await bot.ended() == 2
        assert "Discord refuses" in bot.log
        assert "Traceback" not in bot.log


async def test_a_token_that_is_taken_back_while_the_bot_runs_ends_it(stage: Stage) -> None:
    """A post that Discord answers with 401: told, with exit code 2; the notice stays owed."""
    stage.relay.add(song("a-song", takes=1))
    async with BotProcess(stage.folder, stage.environment) as bot:
        await stage.discord.wait_until_ready(timeout=30)
        await stage.discord.wait_until_commands(timeout=30)
        stage.discord.faults.add("POST /channels/{id}/messages", status=401, times=None)
        stage.relay.clock.advance(10)
        await stage.ask("suno watch", id="a-song")
        async with asyncio.timeout(30):
            assert await bot.ended() == 2
        assert "DISCORD_TOKEN" in bot.log
    stage.discord.faults.clear()
    async with BotProcess(stage.folder, stage.environment):
        await stage.notice_of("a-song")


async def test_a_discord_that_cannot_be_reached_is_told(stage: Stage) -> None:
    """With the address, and exit code 1: it may be there at the next start."""
    code, said = await run_bot(stage, DISCORD_API_URL=f"{NOBODY}/api/v10")
    assert code == 1
    assert NOBODY in said


async def test_a_database_that_cannot_be_used_is_told(stage: Stage) -> None:
    """With its path; it is left as it is."""
    path = stage.folder / "letter.db"
    path.write_bytes(b"not a database " * 100)
    code, said = await run_bot(stage, DATABASE_PATH=str(path))
    assert code == 2
    assert "letter.db" in said
    assert path.read_bytes().startswith(b"not a database")


async def call(*words: str) -> tuple[int, str]:
    """Call the command line; return its exit code and what it printed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", *words),
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "100"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, printed.decode()


async def test_the_version_is_that_of_the_package() -> None:
    """It stands in one place."""
    assert await call("--version") == (0, f"suno-bot, version {__version__}\n")


async def test_the_help_names_every_command() -> None:
    """With what each does."""
    code, said = await call("--help")
    assert code == 0
    for command in ("run", "demo", "explain"):
        assert f"\n  {command} " in said


async def test_an_unknown_command_is_told() -> None:
    """Click's own words, and no trace."""
    code, said = await call("sing")
    assert code == 2
    assert "No such command" in said
