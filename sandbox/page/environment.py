"""Everything that the page needs, put up and taken down in order."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from sandbox.bot_process import BotProcess, settings_for
from sandbox.discord import LocalDiscord
from sandbox.page.bot_controls import BotControls
from sandbox.page.relay_controls import RelayControls
from sandbox.page.server import PageServer
from sandbox.relay import LocalRelay
from sandbox.users import DemoUsers, add_demo_users

GIVES_UP_AFTER = 300
"""Seconds until the bot gives a stuck task up, so that this can be seen."""


@dataclass(frozen=True, slots=True)
class PageEnvironment:
    """What is up: a Discord, a relay, the bot's process, and the page in front of them."""

    discord: LocalDiscord
    relay: LocalRelay
    bot: BotControls
    cast: DemoUsers
    page: PageServer


@asynccontextmanager
async def page_environment(*, port: int = 0, speed: float = 1.0) -> AsyncIterator[PageEnvironment]:
    """Put everything up; the bot is starting. ``speed`` is that of the relay's time."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="suno-bot-demo-")))
        discord = await stack.enter_async_context(LocalDiscord())
        discord.gateway.identify_limits.seconds = 0  # the bot is started anew at once
        relay = await stack.enter_async_context(LocalRelay(speed=speed))
        cast = add_demo_users(discord)
        settings = settings_for(discord, relay, folder) | {"WATCH_DEADLINE": str(GIVES_UP_AFTER)}
        bot = BotControls(BotProcess(folder, settings), discord)
        page = PageServer(discord, RelayControls(relay), cast.people, bot, port=port)
        await stack.enter_async_context(page)
        await stack.enter_async_context(bot)
        yield PageEnvironment(discord, relay, bot, cast, page)
