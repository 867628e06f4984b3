"""The composition root: opens what the bot needs, in order, and closes it in reverse."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack

import aiohttp

from bot import __version__
from bot.client import Addresses, Services, SunoBot
from bot.delivery.attachments.fetching import AudioFetcher
from bot.delivery.attachments.uploads import AudioAttachments
from bot.delivery.live_card_updater import LIVE_CARD_TIMING, LiveCardTiming
from bot.gateway import GATEWAY_TIMING, GatewayTiming
from bot.logs import configure_logging
from bot.metrics import Metrics
from bot.monitoring.health import HealthProbes, StalenessLimits
from bot.monitoring.server import MonitoringServer
from bot.polling.adaptive.planner import Planner
from bot.polling.poller import Poller
from bot.polling.schedule import Schedule
from bot.redaction import redact_setting
from bot.relay.client import RelayClient
from bot.relay.providers import RelayProfile, relay_profile
from bot.runtime import freeze_gc, lower_switch_interval, new_event_loop
from bot.settings import Settings
from bot.shutdown import run_until_signal
from bot.start_errors import (
    EXPLAINED,
    LOGIN_REFUSED,
    LOGIN_REFUSED_ONCE,
    StartError,
    explained,
    is_about_token,
)
from bot.storage.database import DatabaseThread
from bot.storage.departed_servers import DepartedServers
from bot.storage.erasure import Erasure
from bot.storage.history import History
from bot.storage.joined_notices import JoinedNotices
from bot.storage.key_value import KeyValueStore
from bot.storage.limits import WatchLimits
from bot.storage.live_cards import LiveCards
from bot.storage.outbox import Outbox
from bot.storage.queue_statistics import QueueStatistics
from bot.storage.relay_fingerprints import RelayAccess, create_fingerprint
from bot.storage.retention import Retention
from bot.storage.server_settings import ServerSettingsStore
from bot.storage.tasks import TaskStore
from bot.token_check import TokenCheck
from bot.watches.lookup_limiter import LookupLimiter
from bot.watches.watchlist import Watchlist

log = logging.getLogger(__name__)

COGS = (
    "bot.background",
    *(
        f"cogs.{name}"
        for name in (
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
    ),
)

# The loops of the clock, by the names under which their good rounds are noted.
LOOPS = ("poll", "deliver", "show", "tidy")


def run(settings: Settings) -> None:
    """Run the bot until it is told to stop (SIGINT, SIGTERM). Raises ``StartError``."""
    configure_logging(settings.log_level, settings.log_format, settings.secrets)
    lower_switch_interval()
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(run_until_signal(serve(settings, when_ready=freeze_gc)))


async def serve(
    settings: Settings,
    live_card_timing: LiveCardTiming = LIVE_CARD_TIMING,
    when_ready: Callable[[], None] = lambda: None,
) -> None:
    """Run the bot until this is cancelled. Raises ``StartError``.

    ``when_ready`` is called once, when everything is loaded and Discord has told of the servers.
    """
    check = TokenCheck(settings.discord_api_url, settings.discord_token)
    async with AsyncExitStack() as stack:
        try:
            bot = await _compose(settings, stack, live_card_timing)
            readiness = asyncio.create_task(_once_ready(bot, when_ready))
            stack.callback(readiness.cancel)
            await _keep_connected(bot, check)
        except EXPLAINED as error:
            if is_about_token(error) and not await check.is_refused():
                raise StartError(LOGIN_REFUSED_ONCE, lasting=False) from error
            raise explained(error, settings) from error


async def _once_ready(bot: SunoBot, then: Callable[[], None]) -> None:
    await bot.wait_until_ready()
    then()


async def _keep_connected(bot: SunoBot, check: TokenCheck) -> None:
    """Let the bot work until it ends by itself or this is cancelled; it is closed then.

    A task of its own, for discord.py swallows a cancellation while it begins a new session: it has
    a moment to heed it, then only closing the bot ends it.
    """
    connection = asyncio.create_task(bot.start(check.token.get_secret_value()))
    refusal = asyncio.create_task(check.until_refused(bot.dispatcher.token_refused))
    try:
        await asyncio.wait({connection, refusal}, return_when=asyncio.FIRST_COMPLETED)
        if refusal.done():
            raise StartError(LOGIN_REFUSED, lasting=True)
        await connection
    finally:
        refusal.cancel()
        connection.cancel()
        await asyncio.wait({connection}, timeout=0.5)
        await bot.close()
        await asyncio.gather(connection, return_exceptions=True)


async def _compose(
    settings: Settings, stack: AsyncExitStack, live_card_timing: LiveCardTiming
) -> SunoBot:
    """Build the bot out of its parts; ``stack`` closes them."""
    log.info("Suno Bot %s", __version__)
    source = _relay(settings)
    log.info("Relay %s at %s", source.name, redact_setting(source.base_url))
    database = await stack.enter_async_context(DatabaseThread(settings.database_path))
    backlog = QueueStatistics(database, source.name)
    await _tell_of(backlog, settings)
    session = await stack.enter_async_context(aiohttp.ClientSession())
    client = make_client(settings, session)
    stack.push_async_callback(client.aclose)
    fetcher = await stack.enter_async_context(AudioFetcher())
    access = RelayAccess(source.name, source.base_url, settings.suno_api_key)
    fingerprint = await create_fingerprint(database, access)
    bot = await stack.enter_async_context(
        assemble(
            settings, database, client, fetcher, COGS, live_card_timing, fingerprint=fingerprint
        )
    )
    await bot.services.poller.learn_from_history(bot.services.history)
    if settings.metrics_port:
        server = _monitoring(settings, bot, client, database, backlog)
        await stack.enter_async_context(server)
        log.info("Figures at %s/metrics", server.address)
    greeting = asyncio.create_task(client.warn_if_unreachable())
    stack.callback(greeting.cancel)
    return bot


async def _tell_of(backlog: QueueStatistics, settings: Settings) -> None:
    """Log what runs and waits, and what waits in vain since ``SUNO_RELAY`` was changed."""
    counts = await backlog.count()
    running = _counted(counts.running_tasks, "running task")
    unposted = _counted(counts.unposted, "message")
    log.info("Database %s: %s, %s waiting", settings.database_path, running, unposted)
    if elsewhere := await backlog.running_at_other_relays():
        log.warning(
            "Neither looked at nor told while SUNO_RELAY is %s: %s. To have them told, set"
            " SUNO_RELAY back until they have ended, see docs/relays.md",
            settings.suno_relay,
            ", ".join(f"{_counted(n, 'task')} of {name}" for name, n in elsewhere.items()),
        )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"


def health_probes(bot: SunoBot, database: DatabaseThread, backlog: QueueStatistics) -> HealthProbes:
    """Return where the health of a bot that starts now is read from."""
    return HealthProbes(
        started_at=time.time(),
        loops=LOOPS,
        last_tick_at=bot.last_tick_at,
        missing_connection=bot.missing_connection,
        ping_database=database.check,
        requests=bot.request_monitor,
        due_since=backlog.due_since,
    )


def _monitoring(
    settings: Settings,
    bot: SunoBot,
    client: RelayClient,
    database: DatabaseThread,
    backlog: QueueStatistics,
) -> MonitoringServer:
    """Build what answers an operator's tools."""
    return MonitoringServer(
        settings.metrics_host,
        settings.metrics_port,
        metrics=bot.services.metrics,
        probes=health_probes(bot, database, backlog),
        staleness_limits=StalenessLimits.for_rate(settings.poll_requests_per_second),
        client=client,
        backlog=backlog,
        version=__version__,
    )


def make_client(settings: Settings, session: aiohttp.ClientSession) -> RelayClient:
    """Make the client of the relay. Raises ``StartError`` for an address that no relay can have."""
    return RelayClient(
        session,
        _relay(settings),
        settings.suno_api_key,
        batch_size=settings.poll_batch_size,
        requests_per_second=settings.poll_requests_per_second,
    )


def assemble(
    settings: Settings,
    database: DatabaseThread,
    client: RelayClient,
    fetcher: AudioFetcher,
    cogs: Sequence[str],
    live_card_timing: LiveCardTiming = LIVE_CARD_TIMING,
    gateway_timing: GatewayTiming = GATEWAY_TIMING,
    *,
    fingerprint: str = "",
) -> SunoBot:
    """Put the bot together; nothing is opened, and nothing begins.

    ``fingerprint``: of the address and the key under which the relay is asked.
    """
    source = _relay(settings)
    outbox = Outbox(database)
    limits = WatchLimits(
        settings.watches_per_user,
        settings.watches_per_server,
        messages_per_user=settings.messages_per_user,
        messages_per_channel=settings.messages_per_channel,
    )
    store = TaskStore(database, outbox, source.name, limits, fingerprint=fingerprint)
    metrics = Metrics()
    schedule = Schedule(Planner(settings.poll_interval), settings.watch_deadline)
    poller = Poller(client, store, schedule, batch_size=settings.poll_batch_size, metrics=metrics)
    client.on_success(poller.resume)
    limiter = LookupLimiter(settings.poll_requests_per_second)
    services = Services(
        watchlist=Watchlist(
            client,
            store,
            limiter,
            first_poll_at=schedule.first_poll_at,
            deadline=schedule.deadline,
        ),
        poller=poller,
        store=store,
        outbox=outbox,
        cards=LiveCards(database, source.name, limits),
        notices=JoinedNotices(database, source.name),
        history=History(database, source.name),
        forgetting=Erasure(database),
        retention=Retention(database),
        departures=DepartedServers(database),
        settings=ServerSettingsStore(database),
        limits=limits,
        notes=KeyValueStore(database),
        audio_attachments=AudioAttachments(fetcher),
        metrics=metrics,
    )
    addresses = Addresses(settings.discord_api_url, settings.discord_gateway_url)
    return SunoBot(services, addresses, cogs, live_card_timing, gateway_timing)


def _relay(settings: Settings) -> RelayProfile:
    try:
        return relay_profile(
            settings.suno_relay, settings.suno_base_url or None, settings.suno_fetch_path or None
        )
    except ValueError as error:
        raise StartError(f"SUNO_BASE_URL or SUNO_FETCH_PATH: {error}", lasting=True) from error
