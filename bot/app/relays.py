"""Builds what asks the relays: with the operator's account, and those that people connect."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import aiohttp

from bot.accounts.factory import ConnectionFactory, PollSettings, TaskStorage
from bot.accounts.registry import AccountRegistry
from bot.accounts.service import AccountService
from bot.app.stores import Stores
from bot.delivery.account_messages import AccountMessages
from bot.encryption import Cipher, parse_keys
from bot.metrics import Metrics
from bot.monitoring.collector import AccountRequests
from bot.relay.client import RelayClient
from bot.relay.providers import RelayProfile, public_profile, relay_profile
from bot.settings import Settings
from bot.start_errors import StartError


@dataclass(frozen=True, slots=True)
class Accounts:
    """What the bot knows of relay accounts: which are in use, how to connect one, requests."""

    registry: AccountRegistry
    service: AccountService
    requests: AccountRequests


def build_accounts(
    settings: Settings,
    stores: Stores,
    relay_client: RelayClient | None,
    fingerprint: str,
    session: aiohttp.ClientSession,
    messages: AccountMessages,
    metrics: Metrics,
) -> Accounts:
    """Build them; ``relay_client`` and ``fingerprint`` are those of ``build_bot``.

    ``session`` asks the relays of connected accounts, and ``messages`` tell who connected one.
    """
    keys = settings.encryption_key.get_secret_value()
    cipher = Cipher(parse_keys(keys)) if keys else None
    factory = ConnectionFactory(
        _poll_settings(settings),
        TaskStorage(stores.database, stores.outbox, stores.limits, stores.history),
        metrics,
        session,
        cipher,
        settings.relays,
    )
    operator = None
    if relay_client is not None:
        profile = profile_of(settings)
        operator = factory.connection(profile.name, profile, relay_client, fingerprint)
    registry = AccountRegistry(
        stores.accounts,
        factory.open,
        operator,
        is_shared=settings.shared_relay,
        tell_rejected=messages.tell_rejected,
        on_failure=lambda loop: metrics.failed_ticks.labels(loop).inc(),
        clock=stores.database.clock,
    )
    service = AccountService(
        stores.accounts,
        registry,
        cipher,
        partial(public_profile, relays=settings.relays),
        factory.client,
        clock=stores.database.clock,
        relays=settings.relays,
    )
    return Accounts(registry, service, AccountRequests(factory.stats, registry.circuits))


def make_relay_client(
    settings: Settings,
    session: aiohttp.ClientSession,
    clock: Callable[[], float] = time.time,
) -> RelayClient:
    """Make the relay client. Raises ``StartError`` for an address that no relay can have."""
    profile = profile_of(settings)
    return RelayClient(
        session,
        profile,
        settings.suno_api_key,
        batch_size=_poll_settings(settings).batch_size(profile),
        requests_per_second=settings.poll_requests_per_second,
        wall_clock=clock,
    )


def _poll_settings(settings: Settings) -> PollSettings:
    return PollSettings(
        settings.poll_interval,
        settings.watch_deadline,
        settings.poll_requests_per_second,
        settings.poll_batch_size,
    )


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
