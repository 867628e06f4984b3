"""Starts and stops everything that the page needs, in order."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from sandbox.bot_process import (
    BotProcess,
    creation_settings,
    local_program,
    relay_options,
    settings_for,
)
from sandbox.discord import LocalDiscord
from sandbox.page.bot_controls import BotControls
from sandbox.page.page_state import MEDIA_URL, PageState
from sandbox.page.relay_controls import RelayControls
from sandbox.page.server import PageServer
from sandbox.page.tour import READING_TIME, TourPlayer
from sandbox.relay import LocalRelay
from sandbox.users import DemoUsers, add_demo_users

SERVER_KEY = "sk-song-club-2026"
"""The key of the relay that the server can connect."""

WATCH_DEADLINE = 300
"""Seconds after which the bot gives up a stuck task: short enough to be seen in the demo."""


@dataclass(frozen=True, slots=True)
class PageEnvironment:
    """A Discord, two relays, the bot's process, and the page that shows them."""

    discord: LocalDiscord
    relay: LocalRelay
    server_relay: LocalRelay
    """The one that the server can connect."""
    bot: BotControls
    users: DemoUsers
    page: PageState
    server: PageServer
    tour: TourPlayer


@asynccontextmanager
async def page_environment(
    *, port: int = 0, speed: float = 1.0, reading_time: float = READING_TIME
) -> AsyncIterator[PageEnvironment]:
    """Start everything; the bot may still be starting.

    ``speed`` is that of the relays' clocks, ``reading_time`` that of a tour between two scenes.
    """
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="suno-bot-demo-")))
        discord = await stack.enter_async_context(LocalDiscord())
        discord.gateway.identify_limits.seconds = 0  # the bot may be restarted at once
        relay = await stack.enter_async_context(LocalRelay(speed=speed))
        server_relay = LocalRelay(key=SERVER_KEY, speed=speed)
        await stack.enter_async_context(server_relay)
        users = add_demo_users(discord)
        changes = {"WATCH_DEADLINE": str(WATCH_DEADLINE), "ATTACH_AUDIO": "true"}
        changes |= creation_settings(folder)
        process = BotProcess(folder, settings_for(discord, relay, folder) | changes)
        bot = BotControls(process, discord)
        controls = RelayControls(relay), RelayControls(server_relay)
        page = PageState(discord, controls[0], users.all, bot, controls[1])
        tour = page.tour = TourPlayer(discord, relay, users, page, reading_time=reading_time)
        stack.push_async_callback(tour.stop)
        server = await stack.enter_async_context(PageServer(page, port=port))
        media = ("--media", MEDIA_URL, server.address)
        process.program = local_program(page.guild.id, *media, *relay_options(server_relay))
        await stack.enter_async_context(bot)
        yield PageEnvironment(discord, relay, server_relay, bot, users, page, server, tour)
