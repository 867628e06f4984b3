"""The processes of a chaos test: a local Discord, local relays and the bot, on common clocks."""

import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yarl import URL

from bot.storage.database import DatabaseThread
from bot.storage.models import CreationQuotas
from bot.storage.server_settings import ServerSettingsStore
from sandbox.bot_process import BotProcess, settings_for
from sandbox.discord import Channel, LocalDiscord, User
from sandbox.relay import LocalRelay
from tests.e2e.chaos.faults import FaultInjector
from tests.e2e.chaos.plan import CHANNEL_COUNT, RELAYS, USER_COUNT
from tests.e2e.chaos.user_actions import WATCHES_PER_USER
from tests.support.adjustable_clock import AdjustableClock

WATCH_DEADLINE = 900.0
"""Seconds after which the bot ends a watch."""

_MAX_START_ATTEMPTS = 40
_READY_TIMEOUT = 1.5
"""Real seconds for one attempt to become ready."""
_START_STEP = 5.0
"""Seconds by which the clocks advance after such an attempt: a connection may be delayed."""

QUOTAS = CreationQuotas(per_user=1000, per_server=1000)
"""Of a server in which everybody creates as much as they want."""

PENDING = """
    SELECT (SELECT count(*) FROM tasks WHERE state = 'running')
         + (SELECT count(*) FROM deliveries WHERE state IN ('due', 'sending', 'held'))
"""
"""Counts the tasks that run and the messages that are undelivered, together."""


@dataclass
class Environment:
    """A bot between a local Discord and local relays."""

    discord: LocalDiscord
    relays: dict[str, LocalRelay]
    """By their names in the plan."""
    clock: AdjustableClock
    bot: BotProcess
    folder: Path
    users: list[User]
    channels: list[Channel]
    faults: FaultInjector
    quotas: dict[int, CreationQuotas]
    """Of the servers, by their ids."""
    bot_starts: int = 0

    def advance_clocks(self, seconds: float) -> None:
        """Advance the clocks of the relays, Discord and the bot."""
        for relay in self.relays.values():
            relay.clock.advance(seconds)
        self.discord.clock.advance(seconds)
        self.clock.advance(seconds)

    @property
    def relay(self) -> LocalRelay:
        """The operator's relay."""
        return self.relays[RELAYS[0]]

    def channel_for(self, number: int, user: User) -> Channel:
        """Return a planned channel: one of the server, or the user's direct messages."""
        return self.channels[number] if number < CHANNEL_COUNT else self.discord.open_dm(user)

    async def ensure_running(self) -> None:
        """Wait until the bot is ready; start it if it is not running.

        The bot may exit by itself if Discord cannot be reached.
        """
        for _ in range(_MAX_START_ATTEMPTS):
            if self.bot.pid is None:
                self.bot_starts += 1
                await self.bot.start()
            with suppress(TimeoutError):
                await self.discord.wait_until_ready(timeout=_READY_TIMEOUT)
                return
            self.advance_clocks(_START_STEP)
        raise RuntimeError(f"The bot does not become ready:\n{self.bot.log[-3000:]}")

    async def read(self, statement: str) -> Sequence[Mapping[str, Any]]:
        """Return the rows of a statement."""
        path = self.folder / "suno.db"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(statement)]

    def count_pending(self) -> int:
        """Return how many tasks are running and how many messages are undelivered, together."""
        return count_pending(self.folder / "suno.db")


def count_pending(database: Path) -> int:
    """Return how many tasks in a database are running and messages undelivered, together."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        (count,) = connection.execute(PENDING).fetchone()
    return int(count)


@asynccontextmanager
async def open_environment(folder: Path) -> AsyncIterator[Environment]:
    """Start everything, with a bot that is ready; its database and its log are in ``folder``."""
    async with AsyncExitStack() as stack:
        discord = await stack.enter_async_context(LocalDiscord())
        relays = {name: await stack.enter_async_context(LocalRelay(speed=1.0)) for name in RELAYS}
        guild, other_guild = discord.add_guild("Song Club"), discord.add_guild("Lyrics Club")
        users = [discord.add_user(f"Person {number}") for number in range(USER_COUNT)]
        for user in users:
            for each in (guild, other_guild):
                each.add_member(user, permissions=("manage_guild",) if user is users[0] else ())
        channels = [guild.add_channel(name) for name in ("songs", "lyrics", "more")]
        channels += [other_guild.add_channel(name) for name in ("verses", "choruses")]
        channels.append(guild.add_thread(channels[2], "a thread"))
        quotas = dict.fromkeys((guild.id, other_guild.id), QUOTAS)
        async with DatabaseThread(folder / "suno.db") as database:
            await switch_creation_on(database, quotas)
        clock = AdjustableClock(folder / "clock")
        program = ("-m", "tests.support.adjustable_clock", str(folder / "clock"))
        bot = BotProcess(
            folder,
            _settings(discord, relays[RELAYS[0]], folder),
            (*program, *relay_options(relays)),
        )
        faults = FaultInjector(discord, relays, guild, channels)
        environment = Environment(
            discord, relays, clock, bot, folder, users, channels, faults, quotas
        )
        await environment.ensure_running()
        await discord.wait_until_commands(timeout=120)
        try:
            yield environment
        finally:
            await bot.kill()


async def switch_creation_on(
    database: DatabaseThread, quotas: Mapping[int, CreationQuotas]
) -> None:
    """Let everybody create in some servers, within the quotas of each."""
    for guild_id, each in quotas.items():
        await ServerSettingsStore(database).change(
            guild_id,
            creation=True,
            creations_per_user=each.per_user,
            creations_per_server=each.per_server,
        )


def host_of(relay: str) -> str:
    """Return the host at which people connect a relay."""
    return f"{relay}.example"


def relay_options(relays: Mapping[str, LocalRelay]) -> list[str]:
    """Return the options of ``sandbox.local_bot`` that lead those hosts to the relays."""
    return [
        option
        for name, relay in relays.items()
        for option in ("--relay", host_of(name), str(URL(relay.base_url).port))
    ]


def _settings(discord: LocalDiscord, relay: LocalRelay, folder: Path) -> dict[str, str]:
    return settings_for(discord, relay, folder) | {
        "SHARED_RELAY_CREATES": "true",
        "POLL_INTERVAL": "0.5",
        "POLL_REQUESTS_PER_SECOND": "50",
        "WATCH_DEADLINE": str(WATCH_DEADLINE),
        "WATCHES_PER_USER": str(WATCHES_PER_USER),
        "MESSAGES_PER_USER": "1000000",  # few users run many commands
        "MESSAGES_PER_CHANNEL": "1000000",
    }
