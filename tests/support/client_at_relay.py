"""A relay client and the local relay that it queries, with short delays."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from pydantic import SecretStr

from bot.relay.circuit_breaker import BackoffLimits
from bot.relay.client import RelayClient
from bot.relay.providers import relay_profile
from bot.relay.transport import ResponseLimits
from sandbox.relay import LocalRelay

QUICK = BackoffLimits(min_delay=0.03, max_delay=0.1, recheck_delay=0.1, interactive_delay=0.05)


@asynccontextmanager
async def client_at_relay(
    *,
    at: str = "",
    name: str = "custom",
    key: str | None = None,
    under: str = "",
    **settings: Any,
) -> AsyncIterator[tuple[LocalRelay, RelayClient]]:
    """Start a relay and a client of it.

    ``at`` is the configured path and ``name`` the configured relay; the configured URL is the
    relay's, followed by ``under``.
    """
    async with LocalRelay() as local, aiohttp.ClientSession() as session:
        profile = relay_profile(name, local.base_url + under, at)
        options = {
            "requests_per_second": 1000,
            "limits": ResponseLimits(total=5),
            "backoff": QUICK,
            "coalescing_window": 0.01,
            **settings,
        }
        client = RelayClient(session, profile, SecretStr(key or local.key), **options)
        try:
            yield local, client
        finally:
            await client.aclose()


async def wait_for_pause(client: RelayClient) -> None:
    """Wait until the circuit breaker admits requests again."""
    until = client.circuit_status.open_until
    if until is not None:
        await asyncio.sleep(max(0.0, until - time.time()) + 0.002)
