"""The composition root: opens what the bot needs, builds it, and closes everything in reverse."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import aiohttp

from bot import __version__
from bot.background import BackgroundLoops, Loop, RetentionJob
from bot.client import Addresses, Services, SunoBot, request_trace
from bot.delivery.attachments.attachment_policy import AttachmentPolicy, AudioAttachments
from bot.delivery.attachments.audio_fetcher import AudioFetcher
from bot.delivery.discord_requests import RequestMonitor
from bot.delivery.dispatcher import OutboxDispatcher
from bot.delivery.live_card_updater import LIVE_CARD_TIMING, LiveCardTiming, LiveCardUpdater
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
    EXPLAINED_ERRORS,
    LOGIN_REFUSED,
    LOGIN_REFUSED_ONCE,
    StartError,
    explain_start_error,
    is_token_refusal,
)
from bot.storage.database import DatabaseThread
from bot.storage.erasure import Erasure
from bot.storage.history import History
from bot.storage.key_value import KeyValueStore, RelayAccess, create_fingerprint
from bot.storage.limits import WatchLimits
from bot.storage.live_cards import LiveCards
from bot.storage.outbox import Outbox
from bot.storage.queue_statistics import QueueStatistics
from bot.storage.retention import DepartedServers, Retention
from bot.storage.server_settings import ServerSettingsStore
from bot.storage.tasks import TaskStore
from bot.storage.watches import NoticeStates
from bot.token_check import TokenCheck
from bot.watches.direct_message_watches import DirectMessageWatches
from bot.watches.lookup_limiter import LookupLimiter
from bot.watches.service import WatchService
from bot.watches.watchlist import Watchlist

log = logging.getLogger(__name__)

COGS = tuple(
    f"cogs.{name}"
    for name in (
        *("task_commands", "history_command", "forget_command", "help_command"),
        *("settings_commands", "message_menu", "task_buttons", "live_card_buttons"),
        *("lyrics_buttons", "permission_events", "server_events"),
    )
)


@dataclass(frozen=True, slots=True)
class Timing:
    """How fast the bot talks to Discord; tests make it faster."""

    live_cards: LiveCardTiming = LIVE_CARD_TIMING
    gateway: GatewayTiming = GATEWAY_TIMING


@dataclass(frozen=True, slots=True)
class Bot:
    """The built bot, and the parts of it that are used from outside the client."""

    client: SunoBot
    poller: Poller
    metrics: Metrics
    request_monitor: RequestMonitor


def run(settings: Settings) -> None:
    """Run the bot until a signal stops it (SIGINT, SIGTERM). Raises ``StartError``."""
    configure_logging(settings.log_level, settings.log_format, settings.secrets)
    lower_switch_interval()
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(run_until_signal(serve(settings, when_ready=freeze_gc)))


async def serve(
    settings: Settings,
    timing: Timing = Timing(),  # frozen
    when_ready: Callable[[], None] = lambda: None,
) -> None:
    """Run the bot until this is cancelled. Raises ``StartError``.

    ``when_ready`` is called once, when Discord has sent the servers of every shard.
    """
    check = TokenCheck(settings.discord_api_url, settings.discord_token)
    async with AsyncExitStack() as stack:
        try:
            bot = await _open(settings, stack, timing)
            readiness = asyncio.create_task(_call_when_ready(bot, when_ready))
            stack.callback(readiness.cancel)
            await _keep_connected(bot, check)
        except EXPLAINED_ERRORS as error:
            if is_token_refusal(error) and not await check.is_refused():
                raise StartError(LOGIN_REFUSED_ONCE, permanent=False) from error
            raise explain_start_error(error, settings) from error


async def _call_when_ready(client: SunoBot, callback: Callable[[], None]) -> None:
    await client.wait_until_ready()
    callback()


async def _keep_connected(client: SunoBot, check: TokenCheck) -> None:
    """Run the client until it ends by itself or this is cancelled; then close it.

    It runs in a task of its own: discord.py swallows a cancellation while it starts a new session.
    The task gets a moment to end, then only closing the client ends it.
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


async def _open(settings: Settings, stack: AsyncExitStack, timing: Timing) -> SunoBot:
    """Open database and connections, build the bot, start monitoring; ``stack`` closes them."""
    log.info("Suno Bot starting: version=%s", __version__)
    source = _relay(settings)
    log.info("Relay: name=%s url=%s", source.name, redact_setting(source.base_url))
    database = await stack.enter_async_context(DatabaseThread(settings.database_path))
    queues = QueueStatistics(database, source.name)
    await _log_queues(queues, settings)
    session = await stack.enter_async_context(aiohttp.ClientSession())
    relay_client = make_relay_client(settings, session)
    stack.push_async_callback(relay_client.aclose)
    fetcher = await stack.enter_async_context(AudioFetcher())
    access = RelayAccess(source.name, source.base_url, settings.suno_api_key)
    fingerprint = await create_fingerprint(database, access)
    bot = build_bot(settings, database, relay_client, fetcher, COGS, timing, fingerprint)
    await stack.enter_async_context(bot.client)
    await bot.poller.learn_from_history(bot.client.services.history)
    if settings.metrics_port:
        server = _monitoring(settings, bot, relay_client, database, queues)
        await stack.enter_async_context(server)
        log.info("Metrics served: url=%s/metrics", server.address)
    reachability = asyncio.create_task(relay_client.warn_if_unreachable())
    stack.callback(reachability.cancel)
    return bot.client


async def _log_queues(queues: QueueStatistics, settings: Settings) -> None:
    """Log what runs and waits, and what stands still since ``SUNO_RELAY`` was changed."""
    counts = await queues.count()
    log.info(
        "Database opened: path=%s running_tasks=%d waiting_messages=%d",
        *(settings.database_path, counts.running_tasks, counts.unposted),
    )
    if elsewhere := await queues.running_at_other_relays():
        log.warning(
            "Tasks of other relays are neither polled nor delivered while SUNO_RELAY is %s: %s."
            " Set SUNO_RELAY back until they have ended, see docs/relays.md",
            settings.suno_relay,
            " ".join(f"{name}={count}" for name, count in elsewhere.items()),
        )


def health_probes(bot: Bot, database: DatabaseThread, queues: QueueStatistics) -> HealthProbes:
    """Return where the health of a bot that starts now is read from."""
    client = bot.client
    return HealthProbes(
        started_at=time.time(),
        loops=client.background.names,
        last_tick_at=client.background.last_tick_at,
        missing_connection=client.missing_connection,
        ping_database=database.check,
        requests=bot.request_monitor,
        due_since=queues.due_since,
    )


def _monitoring(
    settings: Settings,
    bot: Bot,
    relay_client: RelayClient,
    database: DatabaseThread,
    queues: QueueStatistics,
) -> MonitoringServer:
    """Build the HTTP server for probes and metrics."""
    return MonitoringServer(
        settings.metrics_host,
        settings.metrics_port,
        metrics=bot.metrics,
        probes=health_probes(bot, database, queues),
        staleness_limits=StalenessLimits.for_rate(settings.poll_requests_per_second),
        client=relay_client,
        queue_statistics=queues,
        version=__version__,
    )


def make_relay_client(settings: Settings, session: aiohttp.ClientSession) -> RelayClient:
    """Make the relay client. Raises ``StartError`` for an address that no relay can have."""
    return RelayClient(
        session,
        _relay(settings),
        settings.suno_api_key,
        batch_size=settings.poll_batch_size,
        requests_per_second=settings.poll_requests_per_second,
    )


def build_bot(
    settings: Settings,
    database: DatabaseThread,
    relay_client: RelayClient,
    fetcher: AudioFetcher,
    cogs: Sequence[str],
    timing: Timing,
    fingerprint: str,
) -> Bot:
    """Build every part of the bot; nothing is opened, and nothing starts.

    ``fingerprint``: of the address and the key with which the relay is asked.
    """
    relay_name = _relay(settings).name
    metrics, monitor = Metrics(), RequestMonitor()
    limits = WatchLimits(
        settings.watches_per_user,
        settings.watches_per_server,
        messages_per_user=settings.messages_per_user,
        messages_per_channel=settings.messages_per_channel,
    )
    outbox = Outbox(database)
    tasks = TaskStore(database, outbox, relay_name, limits, fingerprint=fingerprint)
    live_cards = LiveCards(database, relay_name, limits)
    server_settings = ServerSettingsStore(database)
    erasure, departed_servers = Erasure(database), DepartedServers(database)

    schedule = Schedule(Planner(settings.poll_interval), settings.watch_deadline)
    poller = Poller(
        relay_client, tasks, schedule, batch_size=settings.poll_batch_size, metrics=metrics
    )
    relay_client.on_success(poller.resume)

    addresses = Addresses(settings.discord_api_url, settings.discord_gateway_url)
    client = SunoBot(addresses, cogs, timing.gateway, request_trace(monitor, metrics))
    attachments = AttachmentPolicy(client, server_settings, AudioAttachments(fetcher))
    client.add_listener(attachments.limits.note, "on_interaction")
    dispatcher = OutboxDispatcher(
        client,
        outbox,
        attachments=attachments,
        settings=server_settings,
        metrics=metrics,
        request_monitor=monitor,
    )
    updater = LiveCardUpdater(
        client,
        live_cards,
        timing.live_cards,
        dispatcher_busy=lambda: dispatcher.busy,
        request_monitor=monitor,
    )

    limiter = LookupLimiter(settings.poll_requests_per_second)
    watchlist = Watchlist(
        relay_client,
        tasks,
        limiter,
        first_poll_at=schedule.first_poll_at,
        deadline=schedule.deadline,
    )
    direct = DirectMessageWatches(updater, NoticeStates(database, relay_name))
    client.services = Services(
        watch_service=WatchService(watchlist, live_cards, direct, server_settings),
        watchlist=watchlist,
        dispatcher=dispatcher,
        live_card_updater=updater,
        outbox=outbox,
        live_cards=live_cards,
        history=History(database, relay_name),
        erasure=erasure,
        departed_servers=departed_servers,
        server_settings=server_settings,
        limits=limits,
        key_values=KeyValueStore(database),
    )
    retention = RetentionJob(Retention(database), departed_servers)
    client.background = BackgroundLoops(
        (
            Loop("poll", poller.tick, tasks.changed),
            Loop("deliver", dispatcher.tick, outbox.changed),
            Loop("show", updater.tick, live_cards.changed),
            Loop("tidy", retention.tick, departed_servers.changed),
        ),
        finish=(poller.finish, dispatcher.finish, updater.finish),
        on_failure=lambda loop: metrics.failed_ticks.labels(loop).inc(),
    )
    for name in client.background.names:
        metrics.failed_ticks.labels(name)  # exported as 0 until the first failure
    return Bot(client, poller, metrics, monitor)


async def commands_to_register(settings: Settings) -> list[dict[str, Any]]:
    """Return the commands as the bot would register them, from a bot that is never started."""
    settings = settings.model_copy(update=_ANY_RELAY)  # no relay is called
    async with aiohttp.ClientSession() as session:
        relay_client = make_relay_client(settings, session)
        database = DatabaseThread(settings.database_path)  # is not opened
        fetcher = AudioFetcher()
        bot = build_bot(settings, database, relay_client, fetcher, COGS, Timing(), fingerprint="")
        async with bot.client:
            return await bot.client.load_cogs()


_ANY_RELAY = {"suno_relay": "deerapi", "suno_base_url": "", "suno_fetch_path": ""}


def _relay(settings: Settings) -> RelayProfile:
    try:
        return relay_profile(
            settings.suno_relay, settings.suno_base_url or None, settings.suno_fetch_path or None
        )
    except ValueError as error:
        raise StartError(f"SUNO_BASE_URL or SUNO_FETCH_PATH: {error}", permanent=True) from error
