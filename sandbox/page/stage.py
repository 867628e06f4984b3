"""Everything that the page needs, put up and taken down in order."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from sandbox.bot_process import BotProcess, settings_for
from sandbox.discord import LocalDiscord
from sandbox.page.bot_keeper import BotKeeper
from sandbox.page.relay_desk import RelayDesk
from sandbox.page.server import PageServer
from sandbox.relay import LocalRelay
from sandbox.users import Cast, cast_for

GIVES_UP_AFTER = 300
"""Seconds until the bot gives a stuck task up, so that this can be seen."""


@dataclass(frozen=True, slots=True)
class PageStage:
    """What is up: a Discord, a relay, the bot's process, and the page in front of them."""

    discord: LocalDiscord
    relay: LocalRelay
    bot: BotKeeper
    cast: Cast
    page: PageServer


@asynccontextmanager
async def page_stage(*, port: int = 0, speed: float = 1.0) -> AsyncIterator[PageStage]:
    """Put everything up; the bot is starting. ``speed`` is that of the relay's time."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="suno-bot-demo-")))
        discord = await stack.enter_async_context(LocalDiscord())
        discord.gateway.identify_limits.seconds = 0  # the bot is started anew at once
        relay = await stack.enter_async_context(LocalRelay(speed=speed))
        cast = cast_for(discord)
        settings = settings_for(discord, relay, folder) | {"WATCH_DEADLINE": str(GIVES_UP_AFTER)}
        bot = BotKeeper(BotProcess(folder, settings), discord)
        page = PageServer(discord, RelayDesk(relay), cast.people, bot, port=port)
        await stack.enter_async_context(page)
        await stack.enter_async_context(bot)
        yield PageStage(discord, relay, bot, cast, page)
