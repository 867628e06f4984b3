"""Three bot processes on one PostgreSQL database, between a local Discord and a local relay."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from sandbox.bot_process import BotProcess, settings_for
from sandbox.discord import Channel, Guild, LocalDiscord, User
from sandbox.relay import LocalRelay
from tests.e2e.chaos.environment import PENDING
from tests.e2e.chaos.faults import FaultInjector
from tests.e2e.chaos.user_actions import WATCHES_PER_USER
from tests.e2e.cluster_chaos.leader import LeaderObserver, role_of
from tests.e2e.cluster_chaos.plan import CHANNEL_COUNT, RELAY, USER_COUNT
from tests.support.postgres_server import PostgresServer, open_server

PROCESS_COUNT = 3
"""As many as shards: each process serves one."""

_READY_TIMEOUT = 180.0
"""Real seconds in which a process certainly becomes ready, also on a busy machine."""
_RESTART_INTERVAL = 1.0
"""Seconds between two looks at the processes."""


@dataclass(eq=False)
class ClusterProcess:
    """One process of the cluster: ``bot`` serves the shard ``number``."""

    number: int
    bot: BotProcess
    in_fault: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while something is done to the process."""
    starts: int = 0

    async def start(self) -> None:
        """Start it; returns at once."""
        self.starts += 1
        await self.bot.start()


@dataclass(eq=False)
class Cluster:
    """The processes, their database, and what is around them."""

    server: PostgresServer
    database: str
    discord: LocalDiscord
    relay: LocalRelay
    processes: list[ClusterProcess]
    users: list[User]
    channels: list[Channel]
    faults: FaultInjector
    leader: LeaderObserver
    unasked_exits: int = 0
    """How often a process ended without having been told to."""

    def channel_for(self, number: int, user: User) -> Channel:
        """Return a planned channel: one of a server, or the user's direct messages."""
        return self.channels[number] if number < CHANNEL_COUNT else self.discord.open_dm(user)

    def is_ready(self, process: ClusterProcess) -> bool:
        """Whether a process serves its shard."""
        return any(
            session.ready and session.shard == process.number
            for session in self.discord.gateway.connected
        )

    async def wait_until_ready(self, least: int = PROCESS_COUNT) -> None:
        """Wait until so many processes are ready, and one leads; start those that have ended.

        Raises ``RuntimeError`` if that takes too long.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(_READY_TIMEOUT):
                while True:
                    await self._start_ended()
                    ready = sum(map(self.is_ready, self.processes))
                    if ready >= least and self.leader.process is not None:
                        return
                    await asyncio.sleep(0.1)
        logs = "\n".join(process.bot.log[-3000:] for process in self.processes)
        raise RuntimeError(f"The processes do not become ready:\n{logs}")

    async def _start_ended(self) -> None:
        """Do what a supervisor does: start what has ended by itself."""
        for process in self.processes:
            if process.bot.pid is None and not process.in_fault.locked():
                self.unasked_exits += 1
                await process.start()

    async def count_pending(self) -> int:
        """Return how many tasks are running and how many messages are undelivered, together."""
        return await asyncio.to_thread(self._count_pending)

    def _count_pending(self) -> int:
        with psycopg.connect(self.server.url(self.database), autocommit=True) as connection:
            row = connection.execute(PENDING).fetchone()
        assert row is not None
        return int(row[0])


@asynccontextmanager
async def open_cluster(folder: Path) -> AsyncIterator[Cluster]:
    """Start everything; all processes are ready, and their logs are in ``folder``."""
    async with AsyncExitStack() as stack:
        server = stack.enter_context(open_server())
        database = server.create_database()
        discord = await stack.enter_async_context(LocalDiscord(shards=PROCESS_COUNT))
        limits = discord.gateway.identify_limits
        limits.total, limits.max_concurrency = 1_000_000, PROCESS_COUNT
        relay = await stack.enter_async_context(LocalRelay(speed=1.0))
        users = [discord.add_user(f"Person {number}") for number in range(USER_COUNT)]
        guilds = _add_servers(discord, users)
        channels = [channel for guild in guilds for channel in _add_channels(guild)]
        leader = LeaderObserver(server)
        processes = []
        for number in range(PROCESS_COUNT):
            server.run(f"CREATE ROLE {role_of(number)} LOGIN SUPERUSER")
            process_folder = folder / str(number)
            process_folder.mkdir()
            url = server.url(database).replace("owner", role_of(number))
            settings = _settings(discord, relay, process_folder, url, number)
            processes.append(ClusterProcess(number, BotProcess(process_folder, settings)))
        faults = FaultInjector(discord, {RELAY: relay}, guilds[0], channels)
        cluster = Cluster(
            *(server, database, discord, relay, processes, users, channels, faults, leader)
        )
        await stack.enter_async_context(leader)
        stack.push_async_callback(_kill, processes)
        for process in processes:
            await process.start()
        await cluster.wait_until_ready()
        await discord.wait_until_commands(timeout=_READY_TIMEOUT)
        yield cluster


async def _kill(processes: list[ClusterProcess]) -> None:
    for process in processes:
        if process.bot.pid is not None:
            await process.bot.kill()


def _add_servers(discord: LocalDiscord, users: list[User]) -> list[Guild]:
    """Add servers until there is one on each shard; return those, by their shards."""
    guilds: dict[int, Guild] = {}
    while len(guilds) < PROCESS_COUNT:
        guild = discord.add_guild("Song Club")
        for user in users:
            guild.add_member(user)
        guilds.setdefault((guild.id >> 22) % PROCESS_COUNT, guild)
    return [guilds[shard] for shard in range(PROCESS_COUNT)]


def _add_channels(guild: Guild) -> list[Channel]:
    return [
        guild.add_channel(f"songs-{number}") for number in range(CHANNEL_COUNT // PROCESS_COUNT)
    ]


def _settings(
    discord: LocalDiscord, relay: LocalRelay, folder: Path, url: str, number: int
) -> Mapping[str, str]:
    return settings_for(discord, relay, folder) | {
        "DATABASE_URL": url,
        "SHARDS": f"{number}/{PROCESS_COUNT}",
        "POLL_REQUESTS_PER_SECOND": "50",
        "WATCHES_PER_USER": str(WATCHES_PER_USER),
        "MESSAGES_PER_USER": "1000000",  # few users run many commands
        "MESSAGES_PER_CHANNEL": "1000000",
    }
