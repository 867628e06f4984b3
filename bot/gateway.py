"""Connects to Discord's gateway, and retries where discord.py gives up.

It relies on private parts of ``AutoShardedClient``; the tests in ``test_gateway`` fail if they
change.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import discord
import yarl
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from discord.shard import Shard

log = logging.getLogger(__name__)

_FINAL_CLOSE_CODES = frozenset({4004, *range(4010, 4015)})
"""Close codes after which another attempt of the same client is refused, too."""


@dataclass(frozen=True, slots=True)
class GatewayTiming:
    """Delays between connection attempts, in seconds."""

    first_retry_delay: float = 1.0
    """After the first failed attempt; it doubles with each further one."""
    max_retry_delay: float = 60.0
    identify_interval: float = 5.0
    """Discord starts at most one session in this time."""


GATEWAY_TIMING = GatewayTiming()

ReserveIdentify = Callable[[float], Awaitable[float]]
"""Reserves a time to start a session, some seconds after the last; returns seconds to wait."""


class GatewayClient(commands.AutoShardedBot):
    """A sharded client that retries the connection to the gateway until it succeeds.

    Whenever a session of a shard starts, it dispatches the event ``shard_guilds`` with the id of
    the shard, the number of shards and the ids of the shard's servers. discord.py itself keeps old
    servers over a new session, and dispatches ``ready`` only once all shards have started one.
    """

    def __init__(
        self,
        *,
        gateway_url: str,
        timing: GatewayTiming,
        reserve_identify: ReserveIdentify | None = None,
        **options: Any,
    ) -> None:
        """``gateway_url``: the gateway to use; empty: the one that the API names.

        ``reserve_identify``: spaces the sessions of several processes; ``None``: this is the only
        one.
        """
        super().__init__(**options)
        self._reserve_identify = reserve_identify
        self._gateway_url = gateway_url
        self._gateway_timing = timing
        self._parse_ready = self._connection.parsers["READY"]
        self._connection.parsers["READY"] = self._on_session_start

    def _on_session_start(self, data: Any) -> None:
        """Handle READY as discord.py does, then dispatch which servers it lists."""
        self._parse_ready(data)
        shard_id, shard_count = data["shard"]
        guild_ids = frozenset(int(guild["id"]) for guild in data["guilds"])
        self.dispatch("shard_guilds", shard_id, shard_count, guild_ids)

    async def launch_shard(
        self, gateway: yarl.URL, shard_id: int, *, initial: bool = False
    ) -> None:
        """Connect a shard for the first time, with retries until that succeeds.

        discord.py's own method calls itself for each retry, and ends with a RecursionError after
        some hundred. Raises ``ConnectionClosed`` if the gateway refuses this client for good.
        """
        if self._gateway_url:
            gateway = yarl.URL(self._gateway_url)
        # After an invalid session discord.py would send the token to Discord's own gateway.
        DiscordWebSocket.DEFAULT_GATEWAY = gateway
        failures = 0
        while (socket := await self._connect_socket(gateway, shard_id, initial, failures)) is None:
            initial = False
            failures += 1
            await asyncio.sleep(self._retry_delay(failures))
        if failures:
            log.info("Gateway connected: shard=%d failed_attempts=%d", shard_id, failures)
        self._run_shard(socket)

    async def _connect_socket(
        self, gateway: yarl.URL, shard_id: int, initial: bool, failures: int
    ) -> DiscordWebSocket | None:
        """Connect and identify; return ``None``, and log the first failure, if that fails."""
        attempt = DiscordWebSocket.from_client(
            self, initial=initial, gateway=gateway, shard_id=shard_id
        )
        try:
            return await asyncio.wait_for(attempt, self.shard_connect_timeout)
        except Exception as error:  # whatever a gateway or a proxy sends
            if isinstance(error, discord.ConnectionClosed) and error.code in _FINAL_CLOSE_CODES:
                raise
            log.log(
                logging.DEBUG if failures else logging.WARNING,
                "Gateway connection failed, retrying until it succeeds: shard=%d cause=%s: %s",
                shard_id,
                type(error).__name__,
                error,
            )
            return None

    def _run_shard(self, socket: DiscordWebSocket) -> None:
        """Pass a connected socket to discord.py, as its own ``launch_shard`` does."""
        inner: Any = self
        shard = Shard(socket, self, inner._AutoShardedClient__queue.put_nowait)
        inner._AutoShardedClient__shards[shard.id] = shard
        shard.launch()

    def _retry_delay(self, failures: int) -> float:
        timing = self._gateway_timing
        jitter = random.uniform(0.5, 1.0)  # noqa: S311 # no secret
        delay = timing.first_retry_delay * 2.0 ** min(failures - 1, 20)
        return min(delay, timing.max_retry_delay) * jitter

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:  # noqa: ARG002 # discord.py's signature
        """Wait until Discord accepts another session."""
        interval = self._gateway_timing.identify_interval
        if self._reserve_identify is not None:
            await asyncio.sleep(await self._reserve_identify(interval))
        elif not initial:
            await asyncio.sleep(interval)
