"""The composition root: builds the parts of the bot and connects them; starts nothing."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import aiohttp

from bot import __version__
from bot.accounts.credit import CreditMonitor
from bot.accounts.factory import ConnectionFactory, PollSettings, TaskStorage
from bot.accounts.registry import POLL_LOOP, AccountRegistry
from bot.accounts.service import AccountService
from bot.background import BackgroundLoops, Loop, RetentionJob
from bot.client import Addresses, Services, SunoBot, request_trace
from bot.creation.clip_actions import ClipActionService
from bot.creation.offers import CreationOffers
from bot.creation.service import CreationService
from bot.creation.submitter import CreationSubmitter
from bot.delivery.account_messages import AccountMessages
from bot.delivery.attachments.attachment_policy import AttachmentPolicy, AudioAttachments
from bot.delivery.attachments.audio_fetcher import AudioFetcher
from bot.delivery.creation_facts import CreationFacts
from bot.delivery.discord_requests import RequestMonitor
from bot.delivery.dispatcher import OutboxDispatcher
from bot.delivery.live_card_updater import LIVE_CARD_TIMING, LiveCardTiming, LiveCardUpdater
from bot.delivery.relay_facts import RelayFacts
from bot.delivery.welcome import WelcomeMessages
from bot.encryption import Cipher, parse_keys
from bot.gateway import GATEWAY_TIMING, GatewayTiming
from bot.metrics import Metrics
from bot.monitoring.collector import AccountRequests
from bot.monitoring.health import HealthProbes, StalenessLimits
from bot.monitoring.server import MonitoringServer
from bot.relay.client import RelayClient
from bot.relay.providers import RelayProfile, public_profile, relay_profile
from bot.settings import Settings
from bot.start_errors import StartError
from bot.storage.account_credit import AccountCredit
from bot.storage.creations import CreationStore
from bot.storage.database import DatabaseThread
from bot.storage.erasure import Erasure
from bot.storage.history import History
from bot.storage.key_value import KeyValueStore
from bot.storage.limits import WatchLimits
from bot.storage.live_cards import LiveCards
from bot.storage.outbox import Outbox
from bot.storage.queue_statistics import QueueStatistics
from bot.storage.relay_accounts import RelayAccountStore
from bot.storage.retention import DepartedServers, Retention
from bot.storage.server_settings import ServerSettingsStore
from bot.storage.user_settings import UserSettingsStore
from bot.storage.watch_store import WatchStore
from bot.storage.watches import NoticeStates
from bot.watches.lookup_limiter import LookupLimiter
from bot.watches.recipient_check import RecipientCheck
from bot.watches.service import WatchService
from bot.watches.watchlist import Watchlist

COGS = tuple(
    f"cogs.{name}"
    for name in (
        *("create_commands", "create_buttons", "task_commands"),  # Discord keeps this order
        *("history_command", "forget_command", "help_command", "language_command"),
        *("settings_commands", "creation_settings", "account_commands", "message_menu"),
        *("task_buttons", "live_card_buttons", "lyrics_buttons"),
        *("permission_events", "server_events"),
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
        started_at=time.time(),
        loops=client.background.names,
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
    )


def make_relay_client(settings: Settings, session: aiohttp.ClientSession) -> RelayClient:
    """Make the relay client. Raises ``StartError`` for an address that no relay can have."""
    profile = profile_of(settings)
    return RelayClient(
        session,
        profile,
        settings.suno_api_key,
        batch_size=_poll_settings(settings).batch_size(profile),
        requests_per_second=settings.poll_requests_per_second,
    )


def _poll_settings(settings: Settings) -> PollSettings:
    return PollSettings(
        settings.poll_interval,
        settings.watch_deadline,
        settings.poll_requests_per_second,
        settings.poll_batch_size,
    )


@dataclass(frozen=True, slots=True)
class _Stores:
    """The parts of the database that several parts of the bot share."""

    database: DatabaseThread
    limits: WatchLimits
    outbox: Outbox
    live_cards: LiveCards
    watches: WatchStore
    creations: CreationStore
    server_settings: ServerSettingsStore
    departed_servers: DepartedServers
    accounts: RelayAccountStore
    credit: AccountCredit
    history: History


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
    metrics, monitor = Metrics(), RequestMonitor()
    stores = _build_stores(settings, database)
    addresses = Addresses(settings.discord_api_url, settings.discord_gateway_url)
    client = SunoBot(addresses, cogs, timing.gateway, request_trace(monitor, metrics))
    client.staleness_limits = StalenessLimits.for_rate(settings.poll_requests_per_second)
    audio = AudioAttachments(fetcher) if settings.attach_audio else None
    keys = settings.encryption_key.get_secret_value()
    cipher = Cipher(parse_keys(keys)) if keys else None
    factory = ConnectionFactory(
        _poll_settings(settings),
        TaskStorage(database, stores.outbox, stores.limits, stores.history),
        metrics,
        account_session,
        cipher,
        settings.relays,
    )
    operator = None
    if relay_client is not None:
        profile = profile_of(settings)
        operator = factory.connection(profile.name, profile, relay_client, fingerprint)
    account_messages = AccountMessages(client)
    registry = AccountRegistry(
        stores.accounts,
        factory.open,
        operator,
        is_shared=settings.shared_relay,
        tell_rejected=account_messages.tell_rejected,
        on_failure=lambda loop: metrics.failed_ticks.labels(loop).inc(),
    )
    offers = CreationOffers(
        registry, stores.creations, operator_creates=settings.shared_relay_creates
    )
    creation_facts = CreationFacts(offers.makes_songs, stores.creations.is_stored)
    dispatcher = _build_dispatcher(client, stores, audio, metrics, monitor, creation_facts)
    updater = LiveCardUpdater(
        client,
        stores.live_cards,
        timing.live_cards,
        dispatcher_busy=lambda: dispatcher.busy,
        request_monitor=monitor,
        relay_facts=_relay_facts(registry, stores.history, timing.live_cards),
    )
    limiter = LookupLimiter(settings.poll_requests_per_second)
    watchlist = Watchlist(registry, stores.watches, limiter)
    recipient_check = RecipientCheck(updater, NoticeStates(database))
    accounts = AccountService(
        stores.accounts,
        registry,
        cipher,
        partial(public_profile, relays=settings.relays),
        factory.client,
        relays=settings.relays,
    )
    client.services = _build_services(
        *(stores, watchlist, accounts, dispatcher, updater, recipient_check),
        creations=CreationService(
            offers,
            stores.creations,
            watchlist,
            stores.live_cards,
            recipient_check,
            stores.server_settings,
            stores.history,
        ),
        clip_actions=ClipActionService(offers, stores.watches, stores.server_settings, limiter),
    )
    credit = CreditMonitor(stores.credit, account_messages.tell_no_credit)
    submitter = CreationSubmitter(
        *(stores.creations, registry, credit, metrics),
        operator_creates=settings.shared_relay and settings.shared_relay_creates,
    )
    retention = RetentionJob(Retention(database), stores.departed_servers)
    client.background = _build_loops(
        *(stores, registry, dispatcher, submitter, credit, updater, retention, metrics)
    )
    account_requests = AccountRequests(factory.stats, registry.circuits)
    return BotParts(client, registry, account_requests, metrics, monitor)


def _relay_facts(registry: AccountRegistry, history: History, timing: LiveCardTiming) -> RelayFacts:
    return RelayFacts(
        failing_since=registry.failing_since,
        duration_stats=history.duration_stats,
        min_outage=timing.min_outage,
    )


def _build_stores(settings: Settings, database: DatabaseThread) -> _Stores:
    limits = WatchLimits(
        settings.watches_per_user,
        settings.watches_per_server,
        messages_per_user=settings.messages_per_user,
        messages_per_channel=settings.messages_per_channel,
        operator_account=settings.operator_account,
    )
    outbox = Outbox(database)
    live_cards = LiveCards(database, limits)
    return _Stores(
        database=database,
        limits=limits,
        outbox=outbox,
        live_cards=live_cards,
        watches=WatchStore(database, outbox, limits),
        creations=CreationStore(database, outbox, live_cards, limits),
        server_settings=ServerSettingsStore(database),
        departed_servers=DepartedServers(database),
        accounts=RelayAccountStore(database, outbox),
        credit=AccountCredit(database),
        history=History(database, settings.operator_account),
    )


def _build_dispatcher(
    client: SunoBot,
    stores: _Stores,
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
    )


def _build_services(
    stores: _Stores,
    watchlist: Watchlist,
    accounts: AccountService,
    dispatcher: OutboxDispatcher,
    updater: LiveCardUpdater,
    recipient_check: RecipientCheck,
    *,
    creations: CreationService,
    clip_actions: ClipActionService,
) -> Services:
    database = stores.database
    return Services(
        watch_service=WatchService(
            watchlist, stores.live_cards, recipient_check, stores.server_settings
        ),
        watchlist=watchlist,
        creations=creations,
        clip_actions=clip_actions,
        credit=stores.credit,
        accounts=accounts,
        dispatcher=dispatcher,
        live_card_updater=updater,
        outbox=stores.outbox,
        live_cards=stores.live_cards,
        history=stores.history,
        erasure=Erasure(database),
        departed_servers=stores.departed_servers,
        server_settings=stores.server_settings,
        user_settings=UserSettingsStore(database),
        welcome_messages=WelcomeMessages(stores.server_settings, has_accounts=accounts.is_enabled),
        limits=stores.limits,
        key_values=KeyValueStore(database),
    )


def _build_loops(
    stores: _Stores,
    registry: AccountRegistry,
    dispatcher: OutboxDispatcher,
    submitter: CreationSubmitter,
    credit: CreditMonitor,
    updater: LiveCardUpdater,
    retention: RetentionJob,
    metrics: Metrics,
) -> BackgroundLoops:
    """Build the loops under the names that metrics and health probes publish."""
    operator = registry.operator
    polls = [Loop(POLL_LOOP, operator.poller.tick, operator.tasks.changed)] if operator else []
    loops = BackgroundLoops(
        (
            *polls,
            Loop("accounts", registry.tick, asyncio.Event()),
            Loop("create", submitter.tick, stores.creations.changed),
            Loop("credit", credit.tick, stores.credit.changed),
            Loop("deliver", dispatcher.tick, stores.outbox.changed),
            Loop("show", updater.tick, stores.live_cards.changed),
            Loop("tidy", retention.tick, stores.departed_servers.changed),
        ),
        finish=(
            *((operator.poller.finish,) if operator else ()),
            *(submitter.finish, dispatcher.finish, updater.finish),
        ),
        on_failure=lambda loop: metrics.failed_ticks.labels(loop).inc(),
    )
    for name in (POLL_LOOP, *loops.names):
        metrics.failed_ticks.labels(name)  # exported as 0 until the first failure
    return loops


async def commands_to_register(settings: Settings) -> list[dict[str, Any]]:
    """Return the commands as the bot would register them, from a bot that is never started."""
    async with aiohttp.ClientSession() as session:
        database = DatabaseThread(settings.database_path)  # is not opened
        fetcher = AudioFetcher()
        bot = build_bot(settings, database, None, fetcher, COGS, TIMING, "", session)
        async with bot.client:
            return await bot.client.load_cogs()


def profile_of(settings: Settings) -> RelayProfile:
    """Return the profile of the relay in the settings. Raises ``StartError`` if it is unusable."""
    try:
        return relay_profile(
            settings.suno_relay,
            settings.suno_base_url or None,
            settings.suno_fetch_path or None,
            relays=settings.relays,
        )
    except ValueError as error:
        raise StartError(f"SUNO_BASE_URL or SUNO_FETCH_PATH: {error}", permanent=True) from error
