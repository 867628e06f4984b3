"""The processes of a chaos test: a local Discord, a local relay and the bot, on common clocks."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from dataclasses import dataclass
from pathlib import Path

from sandbox.bot_process import BotProcess, settings_for
from sandbox.discord import Channel, LocalDiscord, User
from sandbox.relay import LocalRelay
from tests.e2e.chaos.faults import FaultInjector
from tests.e2e.chaos.plan import CHANNEL_COUNT, USER_COUNT
from tests.e2e.chaos.user_actions import WATCHES_PER_USER
from tests.support.adjustable_clock import AdjustableClock

WATCH_DEADLINE = 900.0
"""Seconds after which the bot ends a watch."""

_MAX_START_ATTEMPTS = 40
_READY_TIMEOUT = 1.5
"""Real seconds for one attempt to become ready."""
_START_STEP = 5.0
"""Seconds by which the clocks advance after such an attempt: a connection may be delayed."""

_PENDING = """
    SELECT (SELECT count(*) FROM tasks WHERE state = 'running')
         + (SELECT count(*) FROM deliveries WHERE state IN ('due', 'sending', 'held'))
"""


@dataclass
class Environment:
    """A bot between a local Discord and a local relay."""

    discord: LocalDiscord
    relay: LocalRelay
    clock: AdjustableClock
    bot: BotProcess
    folder: Path
    users: list[User]
    channels: list[Channel]
    faults: FaultInjector
    bot_starts: int = 0

    def advance_clocks(self, seconds: float) -> None:
        """Advance the clocks of the relay, Discord and the bot."""
        self.relay.clock.advance(seconds)
        self.discord.clock.advance(seconds)
        self.clock.advance(seconds)

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

    def count_pending(self) -> int:
        """Return how many tasks are running and how many messages are undelivered, together."""
        return count_pending(self.folder / "suno.db")


def count_pending(database: Path) -> int:
    """Return how many tasks in a database are running and messages undelivered, together."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        (count,) = connection.execute(_PENDING).fetchone()
    return int(count)


@asynccontextmanager
async def open_environment(folder: Path) -> AsyncIterator[Environment]:
    """Start everything, with a bot that is ready; its database and its log are in ``folder``."""
    async with AsyncExitStack() as stack:
        discord = await stack.enter_async_context(LocalDiscord())
        relay = await stack.enter_async_context(LocalRelay(speed=1.0))
        guild = discord.add_guild("Song Club")
        users = [discord.add_user(f"Person {number}") for number in range(USER_COUNT)]
        for user in users:
            guild.add_member(user)
        channels = [guild.add_channel(name) for name in ("songs", "lyrics", "more")]
        channels.append(guild.add_thread(channels[2], "a thread"))
        clock = AdjustableClock(folder / "clock")
        program = ("-m", "tests.support.adjustable_clock", str(folder / "clock"))
        bot = BotProcess(folder, _settings(discord, relay, folder), program)
        faults = FaultInjector(discord, relay, guild, channels)
        environment = Environment(discord, relay, clock, bot, folder, users, channels, faults)
        await environment.ensure_running()
        await discord.wait_until_commands(timeout=120)
        try:
            yield environment
        finally:
            await bot.kill()


def _settings(discord: LocalDiscord, relay: LocalRelay, folder: Path) -> dict[str, str]:
    return settings_for(discord, relay, folder) | {
        "POLL_INTERVAL": "0.5",
        "POLL_REQUESTS_PER_SECOND": "50",
        "WATCH_DEADLINE": str(WATCH_DEADLINE),
        "WATCHES_PER_USER": str(WATCHES_PER_USER),
        "MESSAGES_PER_USER": "1000000",  # few users run many commands
        "MESSAGES_PER_CHANNEL": "1000000",
    }
