"""Figures that nobody counts, but that can be read whenever somebody asks for them."""

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import aiohttp
from prometheus_client import Histogram
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.registry import Collector

from bot.metrics import Metrics, QueueState
from bot.monitoring.health import HealthProbes
from bot.relay.client import RelayClient
from bot.relay.errors import ErrorKind
from bot.storage.queue_statistics import QueueStatistics

QUEUE_CACHE_TTL = 15.0
"""Seconds in which the database is not asked for the same counts again."""


class RelayMetrics(Collector):
    """How the relay does, as its client knows."""

    def __init__(self, client: RelayClient) -> None:
        self._client = client

    def collect(self) -> Iterator[Metric]:
        """Give what is known now; every kind of error, so that the first one shows as a rise."""
        traffic, health = self._client.request_stats, self._client.circuit_status
        yield SummaryMetricFamily(
            "suno_bot_relay_request_seconds",
            "Requests to the relay, and how long they took together.",
            count_value=traffic.requests,
            sum_value=traffic.seconds,
        )
        errors = CounterMetricFamily(
            "suno_bot_relay_errors", "Requests to the relay that came to nothing.", labels=["kind"]
        )
        for kind in ErrorKind:
            errors.add_metric([kind.value], traffic.errors[kind])
        yield errors
        yield GaugeMetricFamily(
            "suno_bot_relay_paused",
            "1 while the relay is left alone after errors.",
            value=health.open_until is not None,
        )
        yield GaugeMetricFamily(
            "suno_bot_relay_last_good_timestamp_seconds",
            "When the relay last answered well; 0 if it did not yet.",
            value=health.last_success_at or 0,
        )


class ProcessMetrics(Collector):
    """What this process is and how its loops do."""

    def __init__(self, version: str, probes: HealthProbes) -> None:
        self._version = version
        self._probes = probes

    def collect(self) -> Iterator[Metric]:
        """Give what is known now."""
        yield InfoMetricFamily(
            "suno_bot_build", "The version that runs.", value={"version": self._version}
        )
        rounds = GaugeMetricFamily(
            "suno_bot_last_good_round_timestamp_seconds",
            "When each loop of the clock last did its work without a fault, or the start.",
            labels=["loop"],
        )
        for name, at in self._probes.last_successes().items():
            rounds.add_metric([name], at)
        yield rounds


class QueueMetrics:
    """What runs and waits, read from the database now and then."""

    def __init__(
        self, backlog: QueueStatistics, metrics: Metrics, clock: Callable[[], float] = time.time
    ) -> None:
        self._backlog = backlog
        self._clock = clock
        self._metrics = metrics
        self._read_at = 0.0

    async def refresh(self) -> None:
        """Count anew, unless that was done just now."""
        now = self._clock()
        if 0 <= now - self._read_at < QUEUE_CACHE_TTL:
            return
        counts = await self._backlog.count()
        self._read_at = now
        metrics = self._metrics
        metrics.running_tasks.set(counts.running_tasks)
        metrics.live_cards.set(counts.cards)
        metrics.queued_deliveries.labels(QueueState.DUE).set(counts.due)
        metrics.queued_deliveries.labels(QueueState.SENDING).set(counts.sending)
        metrics.queued_deliveries.labels(QueueState.HELD).set(counts.held)
        metrics.oldest_delivery_age.set(max(now - counts.due_since, 0) if counts.due_since else 0)


LAG_INTERVAL = 0.5
"""Seconds from one measurement to the next."""


async def measure_lag(lag: Histogram, every: float = LAG_INTERVAL) -> None:
    """Sleep again and again, and note how much longer that took than it should."""
    loop = asyncio.get_running_loop()
    while True:
        wanted = loop.time() + every
        await asyncio.sleep(every)
        lag.observe(max(loop.time() - wanted, 0.0))


_FIRST_ANSWER = re.compile(r"/interactions/(\d+)/[^/]+/callback$")
_DISCORD_EPOCH = 1_420_070_400.0
"""The second from which Discord's ids count the milliseconds, above their lowest 22 bits."""


def count_responses(trace: aiohttp.TraceConfig, metrics: Metrics) -> None:
    """Let ``trace`` count every answer of Discord, and time the first one to each interaction."""

    async def count(
        session: aiohttp.ClientSession,  # noqa: ARG001 # aiohttp's signature
        context: SimpleNamespace,  # noqa: ARG001 # as above
        request: aiohttp.TraceRequestEndParams,
    ) -> None:
        status = request.response.status
        if status < 200:
            return  # the gateway's WebSocket begins
        metrics.discord_responses.labels(_family(status)).inc()
        answered = _FIRST_ANSWER.search(request.url.path)
        if answered and status < 300:
            asked_at = _DISCORD_EPOCH + (int(answered[1]) >> 22) / 1000
            metrics.acknowledgement_delay.observe(max(time.time() - asked_at, 0.0))

    trace.on_request_end.append(count)


def _family(status: int) -> str:
    return "429" if status == 429 else f"{status // 100}xx"
