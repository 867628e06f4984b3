"""The composition root: opens what the bot needs, in order, and closes it in reverse."""

import asyncio
import logging
import signal
from contextlib import AsyncExitStack, suppress

import aiohttp
import discord
from discord.errors import ConnectionClosed, GatewayNotFound

from bot.discord_bot import Addresses, Services, SunoBot
from bot.logs import set_up_logging
from bot.posting.attachments.fetching import Fetcher
from bot.posting.attachments.player import Player
from bot.posting.live_cards import CARD_PACE, CardPace
from bot.settings import Settings
from bot.suno.client import SunoClient
from bot.suno.relays import Relay, relay
from bot.watching.cards import Cards
from bot.watching.database import DatabaseThread
from bot.watching.errors import DatabaseInUse, DatabaseUnusable
from bot.watching.forgetting import Forgetting
from bot.watching.history import History
from bot.watching.notes import Notes
from bot.watching.outbox import Outbox
from bot.watching.poller import Poller
from bot.watching.schedule import Schedule
from bot.watching.server_settings import ServerSettingsBook
from bot.watching.store import Store
from bot.watching.watchlist import Watchlist

log = logging.getLogger(__name__)

COGS = tuple(
    f"cogs.{name}"
    for name in (
        "clock",
        "permissions",
        "buttons",
        "cards",
        "server_settings",
        "reader",
        "messages",
        "suno",
        "history",
        "privacy",
        "help",
    )
)

_REFUSALS = {
    4004: "Discord refuses DISCORD_TOKEN: make a new one (Bot > Reset Token) and put it into .env",
    4014: "Discord refuses the intents: that is a fault of this version of the bot",
}


class StartError(Exception):
    """The bot cannot start, or cannot go on; the text says why and what to do.

    ``lasting``: starting again would not help.
    """

    def __init__(self, message: str, *, lasting: bool) -> None:
        super().__init__(message)
        self.lasting = lasting


def run(settings: Settings) -> None:
    """Run the bot until it is told to stop (SIGINT, SIGTERM). Raises ``StartError``."""
    set_up_logging(settings.log_level, settings.log_format, settings.secrets)
    asyncio.run(_serve_until_stopped(settings))


async def _serve_until_stopped(settings: Settings) -> None:
    loop = asyncio.get_running_loop()
    work = asyncio.create_task(serve(settings))
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, work.cancel)
    with suppress(asyncio.CancelledError):
        await work
    log.info("Stopped")


async def serve(settings: Settings, card_pace: CardPace = CARD_PACE) -> None:
    """Run the bot until this is cancelled. Raises ``StartError``."""
    async with AsyncExitStack() as stack:
        try:
            bot = await _compose(settings, stack, card_pace)
            await _keep_connected(bot, settings.discord_token.get_secret_value())
        except (DatabaseUnusable, discord.DiscordException, OSError, aiohttp.ClientError) as error:
            raise _explained(error, settings) from error


async def _keep_connected(bot: SunoBot, token: str) -> None:
    """Let the bot work until it ends by itself or this is cancelled; it is closed then.

    A task of its own, for discord.py swallows a cancellation while it begins a new session: only a
    bot that is closed ends there.
    """
    connection = asyncio.create_task(bot.start(token))
    refusal = asyncio.create_task(bot.courier.token_refused.wait())
    try:
        await asyncio.wait({connection, refusal}, return_when=asyncio.FIRST_COMPLETED)
        if refusal.done():
            raise StartError(_REFUSALS[4004], lasting=True)
        await connection
    finally:
        refusal.cancel()
        await bot.close()
        connection.cancel()
        await asyncio.gather(connection, return_exceptions=True)


async def _compose(settings: Settings, stack: AsyncExitStack, card_pace: CardPace) -> SunoBot:
    """Build the bot out of its parts; ``stack`` closes them."""
    database = await stack.enter_async_context(DatabaseThread(settings.database_path))
    session = await stack.enter_async_context(aiohttp.ClientSession())
    source = _relay(settings)
    client = SunoClient(
        session,
        source,
        settings.suno_api_key,
        batch_size=settings.poll_batch_size,
        requests_per_second=settings.poll_requests_per_second,
    )
    stack.push_async_callback(client.aclose)
    outbox = Outbox(database)
    store = Store(database, outbox, source.name)
    schedule = Schedule(settings.poll_interval, settings.watch_deadline)
    services = Services(
        watchlist=Watchlist(client, store, deadline=settings.watch_deadline),
        poller=Poller(client, store, schedule, batch=settings.poll_batch_size),
        store=store,
        outbox=outbox,
        cards=Cards(database, source.name),
        history=History(database, source.name),
        forgetting=Forgetting(database),
        settings=ServerSettingsBook(database),
        notes=Notes(database),
        player=Player(await stack.enter_async_context(Fetcher())),
    )
    addresses = Addresses(settings.discord_api_url, settings.discord_gateway_url)
    return await stack.enter_async_context(SunoBot(services, addresses, COGS, card_pace))


def _relay(settings: Settings) -> Relay:
    try:
        return relay(
            settings.suno_relay, settings.suno_base_url or None, settings.suno_fetch_path or None
        )
    except ValueError as error:
        raise StartError(f"SUNO_BASE_URL or SUNO_FETCH_PATH: {error}", lasting=True) from error


def _explained(error: Exception, settings: Settings) -> StartError:
    """Say why Discord or the database would not have us, in words that help."""
    if isinstance(error, DatabaseInUse):
        return StartError(
            f"Another bot is running on the database {error.path}. Stop it first,"
            " or give this one a DATABASE_PATH of its own.",
            lasting=True,
        )
    if isinstance(error, DatabaseUnusable):
        return StartError(
            f"{error}. Check DATABASE_PATH, and that the file may be written.", lasting=True
        )
    if isinstance(error, discord.LoginFailure):
        return StartError(_REFUSALS[4004], lasting=True)
    code = error.code if isinstance(error, ConnectionClosed) else None
    if code in _REFUSALS or isinstance(error, discord.PrivilegedIntentsRequired):
        return StartError(_REFUSALS[code or 4014], lasting=True)
    if isinstance(error, OSError | aiohttp.ClientError | GatewayNotFound):
        return StartError(
            f"Cannot reach Discord at {settings.discord_api_url}: {error}."
            " Check the network and DISCORD_API_URL.",
            lasting=False,
        )
    return StartError(f"Discord ended the connection: {error}", lasting=False)
