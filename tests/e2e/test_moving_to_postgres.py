"""A bot moves from its file to two processes on PostgreSQL, is upgraded there, and moves back."""

import asyncio
import os
import sys
from contextlib import AsyncExitStack

from sandbox.bot_process import BotProcess
from sandbox.discord import Channel
from sandbox.relay import song
from tests.e2e.test_cluster import channel_of_shard, until_logged
from tests.support.databases import PostgresDatabases
from tests.support.paths import ROOT
from tests.support.sandbox_session import SandboxSession


class Operator:
    """Who runs the bot of a sandbox."""

    def __init__(self, sandbox: SandboxSession, url: str) -> None:
        self.sandbox = sandbox
        self.settings = sandbox.environment | {"DATABASE_PATH": str(sandbox.folder / "suno.db")}
        self.url = url
        self._places: dict[str, Channel] = {}

    async def start(self, stack: AsyncExitStack, name: str, **settings: str) -> BotProcess:
        """Start a process in a folder of its own."""
        folder = self.sandbox.folder / name
        folder.mkdir(exist_ok=True)
        bot = await stack.enter_async_context(BotProcess(folder, self.settings | settings))
        await until_logged(bot, "Gateway ready")
        return bot

    async def copy(self, target: str) -> str:
        """Copy the database; return what is printed."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            "copy-database",
            target,
            cwd=self.sandbox.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), **self.settings, "DATABASE_URL": self.url},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        assert process.returncode == 0, output.decode()
        return output.decode()

    async def watch(self, channel: Channel, *task_ids: str) -> None:
        """Let Ada watch new songs, one after the other."""
        for task_id in task_ids:
            self._places[task_id] = channel
            self.sandbox.relay.add(song(task_id, takes=30))
            command = await self.sandbox.discord.command(
                self.sandbox.ada, channel, "suno watch", id=task_id
            )
            await command.wait_for_answer(timeout=120)

    async def finish(self, *task_ids: str) -> None:
        """Let songs end, each of which is told once, where it was watched."""
        self.sandbox.relay.clock.advance(100)
        for task_id in task_ids:
            notice = await self.sandbox.wait_for_notice(task_id, self._places[task_id])
            assert self.sandbox.notices(task_id, self._places[task_id]) == [notice]


async def test_a_bot_moves_to_postgres_and_back_while_songs_run(
    sandbox: SandboxSession, postgres_databases: PostgresDatabases
) -> None:
    """What is watched before each step is told after it, once."""
    server = postgres_databases.server
    operator = Operator(sandbox, server.url(server.create_database()))
    channels = [channel_of_shard(sandbox, shard) for shard in (0, 1)]
    async with AsyncExitStack() as stack:
        alone = await operator.start(stack, "alone")
        await sandbox.discord.wait_until_commands(timeout=120)
        await operator.watch(channels[0], "song-0")
        await operator.finish("song-0")  # so that every table has rows before and after
        await operator.watch(channels[0], "song-1", "song-2")
        await operator.watch(channels[1], "song-3")
        await alone.stop()
        assert "watches: 4 rows" in await operator.copy("postgresql")

        both = [
            await operator.start(stack, shard[0], DATABASE_URL=operator.url, SHARDS=shard)
            for shard in ("0/2", "1/2")
        ]
        await operator.finish("song-1", "song-2", "song-3")

        await operator.watch(channels[1], "song-4")
        await both[0].kill()
        await operator.finish("song-4")
        await operator.start(stack, "0 again", DATABASE_URL=operator.url, SHARDS="0/2")

        await operator.watch(channels[0], "song-5")  # an upgrade: one process after the other
        await both[1].stop()
        await operator.start(stack, "1 again", DATABASE_URL=operator.url, SHARDS="1/2")
        await operator.watch(channels[1], "song-6")
        await operator.finish("song-5", "song-6")
        await operator.watch(channels[0], "song-7")

    (sandbox.folder / "suno.db").unlink()  # it was moved from
    assert "watches: 8 rows" in await operator.copy("sqlite")
    async with AsyncExitStack() as stack:
        await operator.start(stack, "alone again")
        await operator.finish("song-7")
