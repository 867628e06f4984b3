"""Three bot processes on one PostgreSQL database, between a local Discord and a local relay."""

import asyncio
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from bot.encryption import Cipher, parse_keys
from bot.storage.database import DatabaseThread
from bot.storage.models import AccountOwner, CreationQuotas
from bot.storage.outbox import Outbox
from bot.storage.relay_accounts import RelayAccountStore
from sandbox.bot_process import ENCRYPTION_KEY, BotProcess, settings_for
from sandbox.discord import Channel, Guild, LocalDiscord, User
from sandbox.relay import LocalRelay
from tests.e2e.chaos.environment import (
    PENDING,
    QUOTAS,
    host_of,
    relay_options,
    switch_creation_on,
)
from tests.e2e.chaos.faults import FaultInjector
from tests.e2e.chaos.user_actions import WATCHES_PER_USER
from tests.e2e.cluster_chaos.leader import LeaderObserver, role_of
from tests.e2e.cluster_chaos.plan import (
    CHANNEL_COUNT,
    OWN_RELAY,
    OWNER_COUNT,
    RELAY,
    USER_COUNT,
)
from tests.support.builders import connect_account
from tests.support.postgres_server import PostgresServer, open_server

PROCESS_COUNT = 3
"""As many as shards: each process serves one."""
CHANNELS_PER_SERVER = CHANNEL_COUNT // PROCESS_COUNT

_READY_TIMEOUT = 180.0
"""Real seconds in which a process certainly becomes ready, also on a busy machine."""
TAKES = 5.0
"""Seconds that a relay needs for what it creates."""


@dataclass(eq=False)
class ClusterProcess:
    """One process of the cluster: ``bot`` serves the shard ``number``."""

    number: int
    bot: BotProcess
    in_fault: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while something is done to the process."""
    starts: int = 0
    _log_size: int = 0
    """Bytes of its log when it was started."""

    async def start(self) -> None:
        """Start it; returns at once."""
        self.starts += 1
        self._log_size = self._size_of_log()
        await self.bot.start()

    async def stop(self, grace_period: float) -> int:
        """Stop it; return its exit code, also 0 if the signal came before its first line."""
        has_begun = self._size_of_log() > self._log_size
        code = await self.bot.stop(grace_period)
        return 0 if code == -signal.SIGTERM and not has_begun else code

    def _size_of_log(self) -> int:
        path = self.bot.log_path
        return path.stat().st_size if path.exists() else 0


@dataclass(eq=False)
class Cluster:
    """The processes, their database, and what is around them."""

    server: PostgresServer
    database: str
    discord: LocalDiscord
    relays: dict[str, LocalRelay]
    """By their names in the plan."""
    processes: list[ClusterProcess]
    users: list[User]
    """Those who watch, then the owners of accounts."""
    channels: list[Channel]
    faults: FaultInjector
    leader: LeaderObserver
    quotas: dict[int, CreationQuotas]
    """Of the servers, by their ids."""
    unasked_exits: int = 0
    """How often a process ended without having been told to."""

    @property
    def relay(self) -> LocalRelay:
        """The operator's relay."""
        return self.relays[RELAY]

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
        (row,) = await asyncio.to_thread(self._read, PENDING)
        (count,) = row.values()
        return int(count)

    async def read(self, statement: str) -> Sequence[Mapping[str, Any]]:
        """Return the rows of a statement, none while the server does not answer."""
        with suppress(psycopg.OperationalError):
            return await asyncio.to_thread(self._read, statement)
        return []

    def _read(self, statement: str) -> Sequence[Mapping[str, Any]]:
        url = self.server.url(self.database)
        with psycopg.connect(url, autocommit=True, row_factory=dict_row) as connection:
            return connection.execute(statement.encode()).fetchall()


@asynccontextmanager
async def open_cluster(folder: Path, rounds: int) -> AsyncIterator[Cluster]:
    """Start everything; all processes are ready, and their logs are in ``folder``.

    The quotas of the last server are used up before the end of so many rounds.
    """
    async with AsyncExitStack() as stack:
        server = stack.enter_context(open_server())
        database = server.create_database()
        discord = await stack.enter_async_context(LocalDiscord(shards=PROCESS_COUNT))
        limits = discord.gateway.identify_limits
        limits.total, limits.max_concurrency = 1_000_000, PROCESS_COUNT
        relays = {
            name: await stack.enter_async_context(LocalRelay(speed=1.0))
            for name in (RELAY, OWN_RELAY)
        }
        for relay in relays.values():
            relay.submissions.song_takes = relay.submissions.lyrics_take = TAKES
        count = USER_COUNT + OWNER_COUNT
        users = [discord.add_user(f"Person {number}") for number in range(count)]
        guilds = _add_servers(discord, users)
        channels = [channel for guild in guilds for channel in _add_channels(guild)]
        quotas = {guild.id: QUOTAS for guild in guilds}
        quotas[guilds[-1].id] = CreationQuotas(max(1, rounds // 8), max(4, rounds))
        async with DatabaseThread(server.url(database)) as stored:
            await switch_creation_on(stored, quotas)
            await _connect_accounts(stored, users[USER_COUNT:], relays[OWN_RELAY])
        leader = LeaderObserver(server)
        processes = []
        for number in range(PROCESS_COUNT):
            server.run(f"CREATE ROLE {role_of(number)} LOGIN SUPERUSER")
            process_folder = folder / str(number)
            process_folder.mkdir()
            url = server.url(database).replace("owner", role_of(number))
            settings = _settings(discord, relays[RELAY], process_folder, url, number)
            program = ("-m", "sandbox.local_bot", *relay_options(relays))
            processes.append(ClusterProcess(number, BotProcess(process_folder, settings, program)))
        faults = FaultInjector(discord, relays, guilds[0], channels)
        cluster = Cluster(
            server, database, discord, relays, processes, users, channels, faults, leader, quotas
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
    return [guild.add_channel(f"songs-{number}") for number in range(CHANNELS_PER_SERVER)]


async def _connect_accounts(
    database: DatabaseThread, owners: list[User], relay: LocalRelay
) -> None:
    """Connect an account of each owner, before the bot runs."""
    store = RelayAccountStore(database, Outbox(database))
    cipher = Cipher(parse_keys(ENCRYPTION_KEY))
    for owner in owners:
        await connect_account(
            store,
            AccountOwner(user_id=owner.id),
            cipher,
            key=relay.key,
            relay="custom",
            base_url=f"https://{host_of(OWN_RELAY)}",
            connected_by=owner.id,
        )


def _settings(
    discord: LocalDiscord, relay: LocalRelay, folder: Path, url: str, number: int
) -> Mapping[str, str]:
    return settings_for(discord, relay, folder) | {
        "DATABASE_URL": url,
        "SHARED_RELAY_CREATES": "true",
        "SHARDS": f"{number}/{PROCESS_COUNT}",
        "POLL_REQUESTS_PER_SECOND": "50",
        "WATCHES_PER_USER": str(WATCHES_PER_USER),
        "MESSAGES_PER_USER": "1000000",  # few users run many commands
        "MESSAGES_PER_CHANNEL": "1000000",
    }
