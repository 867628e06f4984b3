"""The connection to Discord's gateway, where discord.py's own does not last.

It relies on parts of ``AutoShardedClient`` that discord.py does not promise to keep; the tests in
``test_gateway`` fail where they change.
"""

import asyncio
import logging
import random
from dataclasses import dataclass
from typing import Any

import discord
import yarl
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from discord.shard import Shard

log = logging.getLogger(__name__)

_FINAL_CLOSE_CODES = frozenset({4004, *range(4010, 4015)})
"""After these the gateway refuses the same client again."""


@dataclass(frozen=True, slots=True)
class GatewayTiming:
    """How often the gateway is asked. Spans in seconds."""

    first_retry: float = 1.0
    """After the first connection that failed; it doubles with every further one."""
    longest_retry: float = 60.0
    between_identifies: float = 5.0
    """Discord starts one session in such a span."""


GATEWAY_TIMING = GatewayTiming()


class GatewayClient(commands.AutoShardedBot):
    """A sharded client that keeps trying to connect for as long as it takes.

    Whenever a session of a shard begins, it dispatches an event of its own, ``shard_guilds``, with
    the id of the shard, the number of shards and the ids of the shard's servers: discord.py keeps
    servers over a new session, and tells of ``ready`` only once all shards have begun one.
    """

    def __init__(self, *, gateway_url: str, pace: GatewayTiming, **options: Any) -> None:
        """``gateway_url`` is where the gateway is; empty: where the API says."""
        super().__init__(**options)
        self._gateway_url = gateway_url
        self._gateway_pace = pace
        self._parse_ready = self._connection.parsers["READY"]
        self._connection.parsers["READY"] = self._on_session_start

    def _on_session_start(self, data: Any) -> None:
        """Handle READY as discord.py does, then tell which servers it lists."""
        self._parse_ready(data)
        shard_id, shard_count = data["shard"]
        guild_ids = frozenset(int(guild["id"]) for guild in data["guilds"])
        self.dispatch("shard_guilds", shard_id, shard_count, guild_ids)

    async def launch_shard(
        self, gateway: yarl.URL, shard_id: int, *, initial: bool = False
    ) -> None:
        """Connect a shard for the first time, and try again until that succeeds.

        discord.py calls itself for each try, and ends with a RecursionError after some hundred.
        Raises ``ConnectionClosed`` where the gateway refuses this client for good.
        """
        if self._gateway_url:
            gateway = yarl.URL(self._gateway_url)
        # discord.py would go back to Discord's own, with the token, after an invalid session.
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
        """Connect and identify; return ``None``, and log the first time, where that fails."""
        attempt = DiscordWebSocket.from_client(
            self, initial=initial, gateway=gateway, shard_id=shard_id
        )
        try:
            return await asyncio.wait_for(attempt, self.shard_connect_timeout)
        except Exception as error:  # whatever a gateway or a proxy sends instead
            if isinstance(error, discord.ConnectionClosed) and error.code in _FINAL_CLOSE_CODES:
                raise
            log.log(
                logging.DEBUG if failures else logging.WARNING,
                "Gateway connection failed, trying again until it succeeds: shard=%d cause=%s: %s",
                *(shard_id, type(error).__name__, error),
            )
            return None

    def _run_shard(self, socket: DiscordWebSocket) -> None:
        """Hand a connected socket to discord.py, as its own ``launch_shard`` does."""
        inner: Any = self
        shard = Shard(socket, self, inner._AutoShardedClient__queue.put_nowait)
        inner._AutoShardedClient__shards[shard.id] = shard
        shard.launch()

    def _retry_delay(self, failures: int) -> float:
        pace = self._gateway_pace
        jitter = random.uniform(0.5, 1.0)  # noqa: S311 # no secret
        return min(pace.first_retry * 2.0 ** min(failures - 1, 20), pace.longest_retry) * jitter

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:  # noqa: ARG002 # discord.py's signature
        """Wait until Discord may start another session."""
        if not initial:
            await asyncio.sleep(self._gateway_pace.between_identifies)
