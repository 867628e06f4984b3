"""A client and the local relay that it asks, with durations that suit a test."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from pydantic import SecretStr

from bot.relay.client import Limits, Pauses, RelayClient
from bot.relay.providers import relay
from sandbox.relay import LocalRelay

QUICK = Pauses(shortest=0.03, longest=0.1, recheck=0.1, people=0.05)


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

    ``at`` is the path and ``name`` the name to configure; the address to configure is the relay's
    with ``under`` behind it.
    """
    async with LocalRelay() as local, aiohttp.ClientSession() as session:
        asked = relay(name, local.base_url + under, at)
        chosen = {
            "requests_per_second": 1000,
            "limits": Limits(total=5),
            "pauses": QUICK,
            "join_within": 0.01,
            **settings,
        }
        client = RelayClient(session, asked, SecretStr(key or local.key), **chosen)
        try:
            yield local, client
        finally:
            await client.aclose()


async def pause_is_over(client: RelayClient) -> None:
    """Wait until the relay may be asked again."""
    until = client.health.paused_until
    if until is not None:
        await asyncio.sleep(max(0.0, until - time.time()) + 0.002)
