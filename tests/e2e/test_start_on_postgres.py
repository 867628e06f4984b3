"""The start of the bot on a PostgreSQL database, and what keeps it from starting there."""

import asyncio

from sandbox.bot_process import BotProcess
from tests.support.databases import PostgresDatabases
from tests.support.sandbox_session import SandboxSession


async def output_of(bot: BotProcess, code: int) -> str:
    """Run the bot until it ends by itself with this exit code; return its output."""
    await bot.start()
    async with asyncio.timeout(120):
        assert await bot.ended() == code
    assert "Traceback" not in bot.log
    return bot.log


async def test_the_bot_starts_on_an_empty_database(
    sandbox: SandboxSession, postgres_databases: PostgresDatabases
) -> None:
    """It makes the tables; the log says where the database is."""
    url = postgres_databases.server.url(postgres_databases.server.create_database())
    bot = BotProcess(sandbox.folder, sandbox.environment | {"DATABASE_URL": url})
    async with bot:
        await sandbox.discord.wait_until_ready(timeout=120)
        assert await bot.stop() == 0
    assert "Database opened: location=postgresql://owner@/test_" in bot.log
    assert not (sandbox.folder / "suno.db").exists()


async def test_a_server_that_cannot_be_reached_gives_exit_code_1(sandbox: SandboxSession) -> None:
    """It may be reached later; the password is not told."""
    url = "postgresql://suno:secret@127.0.0.1:9/suno"
    bot = BotProcess(sandbox.folder, sandbox.environment | {"DATABASE_URL": url})
    output = await output_of(bot, 1)
    assert "Cannot use the database postgresql://suno@127.0.0.1:9/suno" in output
    assert "Check DATABASE_URL" in output
    assert "secret" not in output


async def test_a_missing_driver_gives_exit_code_2(sandbox: SandboxSession) -> None:
    """The output names the extra that has to be installed."""
    program = (
        "import sys; sys.modules['psycopg'] = None; sys.argv[1:] = ['run'];"
        " from bot.__main__ import main; main()"
    )
    environment = sandbox.environment | {"DATABASE_URL": "postgresql://suno:secret@host/suno"}
    bot = BotProcess(sandbox.folder, environment, ("-c", program))
    output = await output_of(bot, 2)
    assert "suno-bot[postgres]" in output
    assert "secret" not in output
