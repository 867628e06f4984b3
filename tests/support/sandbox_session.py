"""A local Discord and relay with two users, and the bot between them."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import aiohttp

from bot.app import COGS, BotParts, Timing, build_bot
from bot.app.relays import make_relay_client
from bot.client import SunoBot
from bot.delivery.attachments.audio_fetcher import AudioFetcher
from bot.delivery.live_card_updater import LiveCardTiming
from bot.gateway import GatewayTiming
from bot.lifecycle import serve
from bot.settings import Settings
from bot.storage.database import DatabaseThread
from sandbox.bot_process import settings_for
from sandbox.discord import Channel, Guild, Interaction, LocalDiscord, Message, User
from sandbox.relay import LocalRelay
from sandbox.relay_hosts import session_for
from tests.support.databases import with_tables
from tests.support.seen_messages import MARKERS

FAST_GATEWAY = GatewayTiming(first_retry_delay=0.0, identify_interval=0.0)
NO_RELAYS: Mapping[str, int] = MappingProxyType({})
NO_CHANGES: Mapping[str, object] = MappingProxyType({})
FAST_LIVE_CARD = LiveCardTiming(edit_interval=0.05, tick_interval=0.05)


@dataclass(frozen=True)
class SandboxSession:
    """A Discord, a relay, and two users in a guild with two channels.

    The relay's clock stands still unless a test advances it.
    """

    discord: LocalDiscord
    relay: LocalRelay
    folder: Path
    guild: Guild
    ada: User
    bea: User
    songs: Channel
    lyrics: Channel

    @property
    def environment(self) -> dict[str, str]:
        """The settings of a bot in this sandbox, as environment variables.

        One user may have up to 100 watches.
        """
        quick = {"POLL_INTERVAL": "0.1", "WATCHES_PER_USER": "100"}
        return settings_for(self.discord, self.relay, self.folder) | quick

    async def use_command(
        self, command: str, user: User | None = None, **options: object
    ) -> Interaction:
        """Use a command in the songs channel, and wait for its answer."""
        interaction = await self.discord.command(user or self.ada, self.songs, command, **options)
        await interaction.wait_for_answer(timeout=120)
        return interaction

    async def command_answer(
        self, command: str, user: User | None = None, **options: str
    ) -> Message:
        """Use a command in the songs channel; return its answer."""
        return (await self.use_command(command, user, **options)).messages[0]

    async def wait_for_notice(self, task_id: str, channel: Channel | None = None) -> Message:
        """Wait for the notice of a task."""
        notices = await self.discord.wait_for(
            lambda: self.notices(task_id, channel), 120, f"the notice of {task_id}"
        )
        return notices[0]

    def notices(self, task_id: str, channel: Channel | None = None) -> list[Message]:
        """Return every notice of a task in a channel: the messages with its marker."""
        messages = (channel or self.songs).messages
        return [message for message in messages if f"♪ {task_id}" in str(message.payload())]

    def cards(self, channel: Channel | None = None) -> list[Message]:
        """Return the live cards and status cards in a channel: the messages without a marker."""
        messages = (channel or self.songs).messages
        return [message for message in messages if not MARKERS & set(str(message.payload()))]

    async def wait_for_summary(self, channel: Channel | None = None) -> Message:
        """Wait for the summary of tasks that are watched together."""
        summaries = await self.discord.wait_for(lambda: self.summaries(channel), 120, "the summary")
        return summaries[0]

    def summaries(self, channel: Channel | None = None) -> list[Message]:
        """Return the summaries in a channel."""
        messages = (channel or self.songs).messages
        return [message for message in messages if "♫ " in str(message.payload())]


@asynccontextmanager
async def open_sandbox(
    folder: Path, *, rate_limit_speed: float = 1.0, shards: int = 1, speed: float = 0.0
) -> AsyncIterator[SandboxSession]:
    """Start a Discord and a relay with two users; no bot yet.

    Rate limits are reset ``rate_limit_speed`` times faster; ``speed`` is that of the relay's clock.
    """
    async with AsyncExitStack() as stack:
        discord = await stack.enter_async_context(LocalDiscord(shards=shards))
        discord.rate_limits.speed = rate_limit_speed
        discord.gateway.identify_limits.seconds = 0  # a bot may be started anew at once
        relay = await stack.enter_async_context(LocalRelay(speed=speed))
        guild = discord.add_guild("Song Club")
        ada, bea = discord.add_user("Ada"), discord.add_user("Bea")
        guild.add_member(ada)
        guild.add_member(bea)
        songs, lyrics = guild.add_channel("songs"), guild.add_channel("lyrics")
        yield SandboxSession(discord, relay, folder, guild, ada, bea, songs, lyrics)


@asynccontextmanager
async def running_bot(
    sandbox: SandboxSession,
    live_card_timing: LiveCardTiming = FAST_LIVE_CARD,
    relay_hosts: Mapping[str, int] = NO_RELAYS,
    **changes: object,
) -> AsyncIterator[None]:
    """Run the bot in the sandbox, within this process.

    ``relay_hosts``: the hosts that stand for relays which people connect, and their ports.
    """
    values = {name.lower(): value for name, value in sandbox.environment.items()}
    settings = Settings.model_validate(values | changes)
    with_tables(settings.database_path)
    bot = asyncio.create_task(
        serve(
            settings,
            Timing(live_card_timing),
            open_account_session=lambda: session_for(relay_hosts),
        )
    )
    ready = asyncio.create_task(_ready(sandbox.discord))
    try:
        await asyncio.wait({bot, ready}, return_when=asyncio.FIRST_COMPLETED)
        if bot.done():
            bot.result()
        await ready
        yield
    finally:
        for task in (ready, bot):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


@asynccontextmanager
async def running_assembled_bot(
    sandbox: SandboxSession,
    fetcher: AudioFetcher | None = None,
    gateway_timing: GatewayTiming = FAST_GATEWAY,
) -> AsyncIterator[SunoBot]:
    """Run the bot within this process and yield its client.

    It attaches files if there is a ``fetcher``, which is opened and closed here.
    """
    async with running_built_bot(sandbox, fetcher, gateway_timing) as bot:
        yield bot.client


@asynccontextmanager
async def running_built_bot(
    sandbox: SandboxSession,
    fetcher: AudioFetcher | None = None,
    gateway_timing: GatewayTiming = FAST_GATEWAY,
    relay_hosts: Mapping[str, int] = NO_RELAYS,
    changes: Mapping[str, object] = NO_CHANGES,
) -> AsyncIterator[BotParts]:
    """Run the bot within this process and yield what ``build_bot`` returned.

    ``relay_hosts``: the hosts that stand for relays which people connect, and their ports.
    ``changes``: of the settings.
    """
    values = {name.lower(): value for name, value in sandbox.environment.items()}
    attaches = {"attach_audio": fetcher is not None}
    settings = Settings.model_validate({**values, **attaches, **changes})
    async with AsyncExitStack() as stack:
        path = with_tables(settings.database_path)
        database = await stack.enter_async_context(DatabaseThread(path))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        client = make_relay_client(settings, session)
        stack.push_async_callback(client.aclose)
        fetcher = await stack.enter_async_context(fetcher or AudioFetcher())
        timing = Timing(FAST_LIVE_CARD, gateway_timing)
        bot = build_bot(
            settings,
            database,
            client,
            fetcher,
            COGS,
            timing,
            fingerprint="",
            account_session=await stack.enter_async_context(session_for(relay_hosts)),
        )
        await stack.enter_async_context(bot.client)
        stack.push_async_callback(bot.registry.aclose)
        running = asyncio.create_task(bot.client.start(sandbox.discord.token))
        try:
            await _ready(sandbox.discord)
            yield bot
        finally:
            await bot.client.close()
            await running


async def _ready(discord: LocalDiscord) -> None:
    await discord.wait_until_ready(timeout=120)
    await discord.wait_until_commands(timeout=120)
