"""Starts the bot, keeps it running, and closes everything in reverse order."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack

import aiohttp

from bot import __version__
from bot.app import COGS, TIMING, Timing, build_bot, monitoring_server
from bot.app.relays import make_relay_client, profile_of
from bot.client import SunoBot
from bot.delivery.attachments.audio_fetcher import AudioFetcher
from bot.logs import configure_logging
from bot.public_connector import public_connector
from bot.redaction import redact_setting
from bot.runtime import disable_core_dumps, freeze_gc, lower_switch_interval, new_event_loop
from bot.settings import Settings
from bot.shutdown import run_until_signal
from bot.start_errors import (
    EXPLAINED_ERRORS,
    LOGIN_REFUSED,
    LOGIN_REFUSED_ONCE,
    StartError,
    explain_start_error,
    is_token_refusal,
)
from bot.storage.database import DatabaseThread, engine_at
from bot.storage.key_value import RelayAccess, create_fingerprint
from bot.storage.queue_statistics import QueueStatistics
from bot.token_check import TokenCheck

log = logging.getLogger(__name__)


OpenSession = Callable[[], aiohttp.ClientSession]


def public_session() -> aiohttp.ClientSession:
    """Open the session that asks the relays of connected accounts: at public addresses only."""
    return aiohttp.ClientSession(
        connector=public_connector(limit=0), cookie_jar=aiohttp.DummyCookieJar()
    )


def run(
    settings: Settings,
    fetcher: AudioFetcher | None = None,
    open_account_session: OpenSession = public_session,
) -> None:
    """Run the bot until a signal stops it (SIGINT, SIGTERM). Raises ``StartError``.

    ``fetcher`` fetches the audio files to attach, if not from where the relay says.
    ``open_account_session`` opens the session that asks the relays of connected accounts.
    """
    configure_logging(settings.log_level, settings.log_format, settings.secrets)
    lower_switch_interval()
    disable_core_dumps()
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        bot = serve(
            settings,
            when_ready=freeze_gc,
            fetcher=fetcher,
            open_account_session=open_account_session,
        )
        runner.run(run_until_signal(bot))


async def serve(
    settings: Settings,
    timing: Timing = TIMING,
    when_ready: Callable[[], None] = lambda: None,
    fetcher: AudioFetcher | None = None,
    open_account_session: OpenSession = public_session,
) -> None:
    """Run the bot until this is cancelled. Raises ``StartError``.

    ``when_ready`` is called once, when Discord has sent the servers of every shard. ``fetcher`` is
    opened and closed here, and so is what ``open_account_session`` returns.
    """
    check = TokenCheck(settings.discord_api_url, settings.discord_token)
    async with AsyncExitStack() as stack:
        try:
            fetcher = fetcher or AudioFetcher()
            client = await _open_client(settings, stack, timing, fetcher, open_account_session)
            readiness = asyncio.create_task(_call_when_ready(client, when_ready))
            stack.callback(readiness.cancel)
            await _run_client(client, check)
        except EXPLAINED_ERRORS as error:
            if is_token_refusal(error) and not await check.is_refused():
                raise StartError(LOGIN_REFUSED_ONCE, permanent=False) from error
            raise explain_start_error(error, settings) from error


async def _call_when_ready(client: SunoBot, callback: Callable[[], None]) -> None:
    await client.wait_until_ready()
    callback()


async def _run_client(client: SunoBot, check: TokenCheck) -> None:
    """Run the client until it ends by itself, the token is refused or this is cancelled; close it.

    It runs in a task of its own: discord.py swallows a cancellation while it starts a new session.
    A task that does not end within half a second of its cancellation is ended by ``close``.
    """
    connection = asyncio.create_task(client.start(check.token.get_secret_value()))
    refusal = asyncio.create_task(check.until_refused(client.services.dispatcher.token_refused))
    try:
        await asyncio.wait({connection, refusal}, return_when=asyncio.FIRST_COMPLETED)
        if refusal.done():
            raise StartError(LOGIN_REFUSED, permanent=True)
        await connection
    finally:
        refusal.cancel()
        connection.cancel()
        await asyncio.wait({connection}, timeout=0.5)
        await client.close()
        await asyncio.gather(connection, return_exceptions=True)


async def _open_client(
    settings: Settings,
    stack: AsyncExitStack,
    timing: Timing,
    fetcher: AudioFetcher,
    open_account_session: OpenSession,
) -> SunoBot:
    """Open database and connections, build the bot, start monitoring; ``stack`` closes them."""
    log.info("Suno Bot starting: version=%s", __version__)
    relay = profile_of(settings)
    if settings.operator_account:
        log.info("Relay: name=%s url=%s", relay.name, redact_setting(relay.base_url))
    else:
        log.info("Relay: only the accounts that servers and users connect")
    engine = engine_at(settings.database, settings.shards)
    database = await stack.enter_async_context(DatabaseThread(settings.database, engine=engine))
    queues = QueueStatistics(database, settings.operator_account)
    await _log_queues(queues, database, settings)
    session = await stack.enter_async_context(aiohttp.ClientSession())
    relay_client = None
    if settings.operator_account:
        relay_client = make_relay_client(settings, session, database.clock)
        stack.push_async_callback(relay_client.aclose)
    await stack.enter_async_context(fetcher)
    access = RelayAccess(relay.name, relay.base_url, settings.suno_api_key)
    fingerprint = await create_fingerprint(database, access)
    account_session = await stack.enter_async_context(open_account_session())
    bot = build_bot(
        settings,
        database,
        relay_client,
        fetcher,
        COGS,
        timing,
        fingerprint,
        account_session=account_session,
    )
    await stack.enter_async_context(bot.client)
    if bot.registry.operator is not None:
        await bot.registry.operator.poller.learn_from_history(bot.client.services.history)
    stack.push_async_callback(bot.registry.aclose)
    if settings.metrics_port:
        server = monitoring_server(settings, bot, relay_client, database, queues)
        await stack.enter_async_context(server)
        log.info("Metrics served: url=%s/metrics", server.address)
    if relay_client is not None:
        reachability = asyncio.create_task(relay_client.warn_if_unreachable())
        stack.callback(reachability.cancel)
    return bot.client


async def _log_queues(
    queues: QueueStatistics, database: DatabaseThread, settings: Settings
) -> None:
    """Log how many tasks and messages are queued, and the tasks of relays that are not in use."""
    counts = await queues.count()
    log.info(
        "Database opened: location=%s running_tasks=%d waiting_messages=%d",
        database.location,
        counts.running_tasks,
        counts.unposted,
    )
    if elsewhere := await queues.running_at_other_relays():
        log.warning(
            "Tasks of other relays are neither polled nor delivered while %s: %s."
            " Set it back until they have ended, see docs/relays.md",
            f"SUNO_RELAY is {settings.suno_relay}"
            if settings.operator_account
            else "SUNO_API_KEY is empty",
            " ".join(f"{name}={count}" for name, count in elsewhere.items()),
        )
