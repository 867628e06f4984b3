"""The HTTP server for an operator's tools: ``/healthz``, ``/readyz`` and ``/metrics``."""

import asyncio
import errno
import os
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from aiohttp import web
from prometheus_client import ProcessCollector
from prometheus_client.exposition import choose_encoder

from bot.metrics import Metrics
from bot.monitoring.collector import (
    AccountMetrics,
    AccountRequests,
    ProcessMetrics,
    QueueMetrics,
    RelayMetrics,
    measure_lag,
)
from bot.monitoring.health import (
    QUERY_TIMEOUT,
    HealthProbes,
    StalenessLimits,
    has_hanging_requests,
    not_ready_reason,
    stalled_loops,
)
from bot.relay.client import RelayClient
from bot.storage.queue_statistics import QueueStatistics


class ListenError(Exception):
    """The server cannot listen at its address. ``taken``: another process does."""

    def __init__(self, address: str, cause: OSError) -> None:
        number = cause.errno or 0  # negative where the host name cannot be resolved
        why = os.strerror(number) if number > 0 else cause.strerror
        super().__init__(f"Cannot listen at {address} ({why})")
        self.taken = cause.errno == errno.EADDRINUSE


class MonitoringServer:
    """Serves at ``host`` and ``port`` (0: any free one) while the context is entered."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        metrics: Metrics,
        probes: HealthProbes,
        staleness_limits: StalenessLimits,
        client: RelayClient | None,
        account_requests: AccountRequests,
        queue_statistics: QueueStatistics,
        version: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._host = host
        self._port = port
        self._metrics = metrics
        self._probes = probes
        self._limits = staleness_limits
        self._queue_metrics = QueueMetrics(queue_statistics, metrics, clock)
        self._clock = clock
        if client is not None:
            metrics.registry.register(RelayMetrics(client))
        metrics.registry.register(AccountMetrics(account_requests))
        metrics.registry.register(ProcessMetrics(version, probes))
        ProcessCollector(registry=metrics.registry)
        self._runner: web.AppRunner | None = None
        self._measuring: asyncio.Task[None] | None = None

    @property
    def address(self) -> str:
        """The URL of the server; an IPv6 address is in brackets."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    async def __aenter__(self) -> Self:
        """Start to serve, and to measure the event loop. Raises ``ListenError``."""
        app = web.Application()
        for path, handler in (
            ("/healthz", self._serve_healthz),
            ("/readyz", self._serve_readyz),
            ("/metrics", self._serve_metrics),
        ):
            app.router.add_get(path, handler, allow_head=False)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port).start()
        except OSError as error:
            await runner.cleanup()
            raise ListenError(self.address, error) from error
        self._runner = runner
        self._port = runner.addresses[0][1]
        self._measuring = asyncio.create_task(measure_lag(self._metrics.loop_lag))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._measuring is not None:
            self._measuring.cancel()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _serve_healthz(self, _request: web.Request) -> web.Response:
        now = self._clock()
        if stalled := stalled_loops(self._probes, self._limits, now):
            text = f"no successful tick for too long: {', '.join(stalled)}\n"
            return web.Response(status=503, text=text)
        if await has_hanging_requests(self._probes, now):
            text = "messages are due, and requests to Discord do not end any more\n"
            return web.Response(status=503, text=text)
        return web.Response(text="alive\n")

    async def _serve_readyz(self, _request: web.Request) -> web.Response:
        reason = await not_ready_reason(self._probes, self._clock())
        if reason is None:
            return web.Response(text="ready\n")
        return web.Response(status=503, text=f"{reason}\n")

    async def _serve_metrics(self, request: web.Request) -> web.Response:
        metrics = self._metrics
        metrics.ready.set(self._probes.missing_connection() is None)
        metrics.leader.set(self._probes.leads())
        with suppress(Exception):  # counters in memory are served without a database, too
            async with asyncio.timeout(QUERY_TIMEOUT):
                await self._queue_metrics.refresh()
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(metrics.registry), headers={"Content-Type": content_type})
