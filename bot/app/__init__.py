"""The composition root: builds the parts of the bot and connects them; starts nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

from bot import __version__
from bot.accounts.registry import AccountRegistry
from bot.app.loops import build_loops
from bot.app.relays import build_accounts
from bot.app.services import build_services
from bot.app.stores import Stores, build_stores
from bot.client import REQUESTS_PER_SECOND, Addresses, SunoBot, request_trace
from bot.creation.offers import CreationOffers
from bot.delivery.account_messages import AccountMessages
from bot.delivery.attachments.attachment_policy import AttachmentPolicy, AudioAttachments
from bot.delivery.attachments.audio_fetcher import AudioFetcher
from bot.delivery.creation_facts import CreationFacts
from bot.delivery.discord_requests import RequestMonitor
from bot.delivery.dispatcher import OutboxDispatcher
from bot.delivery.live_card_updater import LIVE_CARD_TIMING, LiveCardTiming, LiveCardUpdater
from bot.delivery.relay_facts import RelayFacts
from bot.delivery.shared_rate_limiter import SharedRateLimiter
from bot.gateway import GATEWAY_TIMING, GatewayTiming
from bot.metrics import Metrics
from bot.monitoring.collector import AccountRequests
from bot.monitoring.health import HealthProbes, StalenessLimits
from bot.monitoring.server import MonitoringServer
from bot.relay.client import RelayClient
from bot.settings import Settings
from bot.storage.database import DatabaseThread
from bot.storage.queue_statistics import QueueStatistics
from bot.storage.reservations import IdentifySchedule, RequestBudget

COGS = tuple(
    f"cogs.{name}"
    for name in (  # Discord lists the commands in this order
        "create_commands",
        "create_buttons",
        "task_commands",
        "history_command",
        "forget_command",
        "help_command",
        "language_command",
        "settings_commands",
        "creation_settings",
        "account_commands",
        "message_menu",
        "task_buttons",
        "live_card_buttons",
        "lyrics_buttons",
        "permission_events",
        "server_events",
    )
)


@dataclass(frozen=True, slots=True)
class Timing:
    """How fast the bot talks to Discord; tests make it faster."""

    live_cards: LiveCardTiming = LIVE_CARD_TIMING
    gateway: GatewayTiming = GATEWAY_TIMING


TIMING = Timing()


@dataclass(frozen=True, slots=True)
class BotParts:
    """What ``build_bot`` returns: the client, and what the composition root uses of the rest."""

    client: SunoBot
    registry: AccountRegistry
    account_requests: AccountRequests
    metrics: Metrics
    request_monitor: RequestMonitor


def health_probes(bot: BotParts, database: DatabaseThread, queues: QueueStatistics) -> HealthProbes:
    """Return the probes from which the health of a bot that starts now is read."""
    client = bot.client
    return HealthProbes(
        started_at=database.clock(),
        loops=lambda: client.background.running,
        leads=lambda: client.background.leadership.is_held,
        last_tick_at=client.background.last_tick_at,
        missing_connection=client.missing_connection,
        ping_database=database.check,
        requests=bot.request_monitor,
        due_since=queues.due_since,
    )


def monitoring_server(
    settings: Settings,
    bot: BotParts,
    relay_client: RelayClient | None,
    database: DatabaseThread,
    queues: QueueStatistics,
) -> MonitoringServer:
    """Build the HTTP server for probes and metrics."""
    return MonitoringServer(
        settings.metrics_host,
        settings.metrics_port,
        metrics=bot.metrics,
        probes=health_probes(bot, database, queues),
        staleness_limits=bot.client.staleness_limits,
        client=relay_client,
        account_requests=bot.account_requests,
        queue_statistics=queues,
        version=__version__,
        clock=database.clock,
    )


def build_bot(
    settings: Settings,
    database: DatabaseThread,
    relay_client: RelayClient | None,
    fetcher: AudioFetcher,
    cogs: Sequence[str],
    timing: Timing,
    fingerprint: str,
    account_session: aiohttp.ClientSession,
) -> BotParts:
    """Build every part of the bot; nothing is opened, and nothing starts.

    ``relay_client`` asks the relay with the operator's key, ``fingerprint`` is of its address and
    that key; ``None`` if the operator has no account.
    ``account_session`` asks the relays that servers and users connect, at public addresses only.
    """
    metrics, monitor = Metrics(), RequestMonitor(database.clock)
    stores = build_stores(settings, database)
    trace = request_trace(monitor, metrics, shared_limiter(settings, database))
    client = _build_client(settings, database, cogs, timing.gateway, trace)
    messages = AccountMessages(client)
    accounts = build_accounts(
        settings, stores, relay_client, fingerprint, account_session, messages, metrics
    )
    offers = CreationOffers(
        accounts.registry,
        stores.creations,
        operator_creates=settings.shared_relay_creates,
        clock=database.clock,
    )
    dispatcher = _build_dispatcher(
        client,
        stores,
        AudioAttachments(fetcher) if settings.attach_audio else None,
        metrics,
        monitor,
        CreationFacts(offers.makes_songs, stores.creations.is_stored),
    )
    updater = _build_updater(
        client, stores, dispatcher, accounts.registry, monitor, timing.live_cards
    )
    client.services = build_services(settings, stores, accounts, offers, dispatcher, updater)
    client.background = build_loops(
        settings, stores, accounts.registry, messages, dispatcher, updater, metrics
    )
    return BotParts(client, accounts.registry, accounts.requests, metrics, monitor)


def shared_limiter(settings: Settings, database: DatabaseThread) -> SharedRateLimiter | None:
    """Build what limits the requests of all processes; ``None``: a proxy does, or it is the one."""
    if not (database.is_shared and settings.asks_discord_itself):
        return None
    return SharedRateLimiter(RequestBudget(database).reserve, REQUESTS_PER_SECOND)


def _build_client(
    settings: Settings,
    database: DatabaseThread,
    cogs: Sequence[str],
    timing: GatewayTiming,
    trace: aiohttp.TraceConfig,
) -> SunoBot:
    addresses = Addresses(settings.discord_api_url, settings.discord_gateway_url)
    client = SunoBot(
        addresses,
        cogs,
        timing,
        trace,
        shard_ids=settings.shard_ids,
        shard_count=settings.shard_count,
        reserve_identify=IdentifySchedule(database).reserve if database.is_shared else None,
        clock=database.clock,
    )
    client.staleness_limits = StalenessLimits.for_rate(settings.poll_requests_per_second)
    return client


def _build_dispatcher(
    client: SunoBot,
    stores: Stores,
    audio: AudioAttachments | None,
    metrics: Metrics,
    monitor: RequestMonitor,
    creation_facts: CreationFacts,
) -> OutboxDispatcher:
    attachments = AttachmentPolicy(client, stores.server_settings, audio)
    client.add_listener(attachments.limits.record, "on_interaction")
    return OutboxDispatcher(
        client,
        stores.outbox,
        attachments=attachments,
        settings=stores.server_settings,
        metrics=metrics,
        request_monitor=monitor,
        creation_facts=creation_facts,
        clock=stores.database.clock,
    )


def _build_updater(
    client: SunoBot,
    stores: Stores,
    dispatcher: OutboxDispatcher,
    registry: AccountRegistry,
    monitor: RequestMonitor,
    timing: LiveCardTiming,
) -> LiveCardUpdater:
    return LiveCardUpdater(
        client,
        stores.live_cards,
        timing,
        dispatcher_busy=lambda: dispatcher.busy,
        request_monitor=monitor,
        relay_facts=RelayFacts(
            failing_since=registry.failing_since,
            duration_stats=stores.history.duration_stats,
            min_outage=timing.min_outage,
        ),
        clock=stores.database.clock,
    )


async def commands_to_register(settings: Settings) -> list[dict[str, Any]]:
    """Return the commands as the bot would register them, from a bot that is never started."""
    async with aiohttp.ClientSession() as session:
        database = DatabaseThread(settings.database_path)  # is not opened
        fetcher = AudioFetcher()
        bot = build_bot(settings, database, None, fetcher, COGS, TIMING, "", session)
        async with bot.client:
            return await bot.client.load_cogs()
