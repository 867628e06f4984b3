"""Two processes of the bot on one PostgreSQL database: one message each, whoever leads."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest

from sandbox.bot_process import BotProcess
from sandbox.discord import Channel, Message
from sandbox.relay import song
from tests.support.cluster import cut_leader
from tests.support.databases import PostgresDatabases
from tests.support.sandbox_session import SandboxSession

LEADS, FOLLOWS = "Leading:", "Not leading any more"
POST = "POST /channels/{id}/messages"


@dataclass(frozen=True)
class Cluster:
    """Two processes, each with one shard, and a channel in a server of each."""

    sandbox: SandboxSession
    databases: PostgresDatabases
    database: str
    leader: BotProcess
    follower: BotProcess
    leaders_channel: Channel
    followers_channel: Channel

    async def watch(self, channel: Channel, task_id: str) -> None:
        """Let Ada watch a task in a channel that is served by either process."""
        command = await self.sandbox.discord.command(
            self.sandbox.ada, channel, "suno watch", id=task_id
        )
        await command.wait_for_answer(timeout=120)

    async def notice(self, channel: Channel, task_id: str) -> Message:
        """Wait for the notice of a task, which is the only one."""
        notice = await self.sandbox.wait_for_notice(task_id, channel)
        assert self.sandbox.notices(task_id, channel) == [notice]
        return notice


@pytest.fixture
async def cluster(
    sandbox: SandboxSession, postgres_databases: PostgresDatabases
) -> AsyncIterator[Cluster]:
    """Run two processes, of which the first leads."""
    database = postgres_databases.server.create_database()
    url = postgres_databases.server.url(database)
    async with AsyncExitStack() as stack:
        bots: list[BotProcess] = []
        for shard in ("0/2", "1/2"):
            folder = sandbox.folder / shard.partition("/")[0]
            folder.mkdir()
            settings = sandbox.environment | {"DATABASE_URL": url, "SHARDS": shard}
            bot = await stack.enter_async_context(BotProcess(folder, settings))
            await until_logged(bot, "Gateway ready")
            bots.append(bot)
            await until_logged(bots[0], LEADS)
        await sandbox.discord.wait_until_ready(timeout=120)
        await sandbox.discord.wait_until_commands(timeout=120)
        leader, follower = bots
        yield Cluster(
            sandbox,
            postgres_databases,
            database,
            leader,
            follower,
            leaders_channel=channel_of_shard(sandbox, 0),
            followers_channel=channel_of_shard(sandbox, 1),
        )


async def until_logged(bot: BotProcess, text: str) -> None:
    """Wait until a process has logged a text."""
    async with asyncio.timeout(120):
        while text not in bot.log:  # noqa: ASYNC110 # a file
            await asyncio.sleep(0.05)


def channel_of_shard(sandbox: SandboxSession, shard: int) -> Channel:
    """Return a channel of a new server whose events go to one of two shards."""
    while True:
        guild = sandbox.discord.add_guild(f"Shard {shard}")
        if (guild.id >> 22) % 2 == shard:
            guild.add_member(sandbox.ada)
            return guild.add_channel("songs")
        sandbox.discord.add_user("Nobody")  # the next id belongs to the other shard


async def test_each_process_answers_its_servers_and_the_leader_delivers(cluster: Cluster) -> None:
    """What is watched where another process answers is told as what is watched at the leader."""
    cluster.sandbox.relay.add(song("song-1", takes=30), song("song-2", takes=30))
    await cluster.watch(cluster.leaders_channel, "song-1")
    await cluster.watch(cluster.followers_channel, "song-2")
    cluster.sandbox.relay.clock.advance(100)
    await cluster.notice(cluster.leaders_channel, "song-1")
    await cluster.notice(cluster.followers_channel, "song-2")
    assert "Delivery sent" not in cluster.follower.log


async def test_the_server_is_killed_and_comes_back(cluster: Cluster) -> None:
    """Commands are answered meanwhile, the log says what is wrong, and what was watched is told."""
    cluster.sandbox.relay.add(song("song-1", takes=30), song("song-2", takes=30))
    await cluster.watch(cluster.followers_channel, "song-1")
    server = cluster.databases.server
    server.stop(signal.SIGQUIT)
    try:
        command = await cluster.sandbox.discord.command(
            cluster.sandbox.ada, cluster.leaders_channel, "suno watch", id="song-2"
        )
        await command.wait_for_answer(timeout=120)
        assert "went wrong" in command.messages[0].content
        await until_logged(cluster.leader, FOLLOWS)
    finally:
        server.start()
    cluster.sandbox.relay.clock.advance(100)
    await cluster.notice(cluster.followers_channel, "song-1")
    assert "Interaction failed: interaction=/suno watch cause=" in cluster.leader.log
    assert "changes that were not kept" in cluster.leader.log


async def test_another_process_goes_on_when_the_leader_is_killed(cluster: Cluster) -> None:
    """It delivers also what was watched at the other one."""
    cluster.sandbox.relay.add(song("song-1", takes=30), song("song-2", takes=30))
    await cluster.watch(cluster.leaders_channel, "song-1")
    await cluster.watch(cluster.followers_channel, "song-2")
    await cluster.leader.kill()
    await until_logged(cluster.follower, LEADS)
    cluster.sandbox.relay.clock.advance(100)
    await cluster.notice(cluster.leaders_channel, "song-1")
    await cluster.notice(cluster.followers_channel, "song-2")


async def test_a_leader_that_was_paused_sends_nothing_that_the_next_one_sends(
    cluster: Cluster,
) -> None:
    """It is paused between two attempts to post, and goes on when another process leads."""
    discord, channel = cluster.sandbox.discord, cluster.followers_channel
    cluster.sandbox.relay.add(song("song-1", takes=30))
    await cluster.watch(channel, "song-1")
    discord.faults.add(POST, status=503, times=None, where=is_notice)
    cluster.sandbox.relay.clock.advance(100)
    await discord.wait_for(lambda: posts(cluster), 120, "an attempt")
    cluster.leader.send_signal(signal.SIGSTOP)
    await until_logged(cluster.follower, LEADS)
    discord.faults.clear()
    await cluster.notice(channel, "song-1")
    attempts = len(posts(cluster))
    cluster.leader.send_signal(signal.SIGCONT)
    await until_logged(cluster.leader, FOLLOWS)
    cluster.sandbox.relay.add(song("song-2", takes=30))
    await cluster.watch(cluster.leaders_channel, "song-2")
    cluster.sandbox.relay.clock.advance(100)
    await cluster.notice(cluster.leaders_channel, "song-2")
    await cluster.notice(channel, "song-1")
    assert len(posts(cluster)) == attempts
    assert "Delivery sent" not in cluster.leader.log


async def test_a_leader_whose_connection_is_cut_stops_until_it_leads_again(
    cluster: Cluster,
) -> None:
    """Whoever leads next tells what is due."""
    cluster.sandbox.relay.add(song("song-1", takes=30))
    await cluster.watch(cluster.followers_channel, "song-1")
    cut_leader(cluster.databases, cluster.database)
    await until_logged(cluster.leader, FOLLOWS)
    cluster.sandbox.relay.clock.advance(100)
    await cluster.notice(cluster.followers_channel, "song-1")
    terms = cluster.leader.log.count(LEADS) + cluster.follower.log.count(LEADS)
    assert terms >= 2


def is_notice(body: object) -> bool:
    """Whether a request posts the notice of a song."""
    return "♪" in str(body)


def posts(cluster: Cluster) -> list[str]:
    """Return the requests to post a message in the follower's channel."""
    path = f"/channels/{cluster.followers_channel.id}/messages"
    made = cluster.sandbox.discord.requests
    return [each.path for each in made if (each.method, each.path) == ("POST", path)]
