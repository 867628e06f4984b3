"""Metrics that are read at scrape time, and measurements of the event loop and of Discord."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
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
from bot.relay.circuit_breaker import CircuitStatus
from bot.relay.client import RelayClient
from bot.relay.errors import ErrorKind
from bot.relay.providers import KNOWN_RELAYS
from bot.relay.requester import RequestStats
from bot.storage.queue_statistics import NO_ACCOUNTS, QueueStatistics

QUEUE_CACHE_TTL = 15.0
"""Seconds for which counts from the database are reused."""


class RelayMetrics(Collector):
    """Request statistics and circuit status of the relay client."""

    def __init__(self, client: RelayClient) -> None:
        self._client = client

    def collect(self) -> Iterator[Metric]:
        """Yield current values; every kind of error, so that the first increases from 0."""
        stats, status = self._client.request_stats, self._client.circuit_status
        yield SummaryMetricFamily(
            "suno_bot_relay_request_seconds",
            "Requests to the relay, and their total duration.",
            count_value=stats.requests,
            sum_value=stats.seconds,
        )
        errors = CounterMetricFamily(
            "suno_bot_relay_errors", "Requests to the relay that failed.", labels=["kind"]
        )
        for kind in ErrorKind:
            errors.add_metric([kind.value], stats.errors[kind])
        yield errors
        yield GaugeMetricFamily(
            "suno_bot_relay_paused",
            "1 while the circuit of the relay is open after errors.",
            value=status.open_until is not None,
        )
        yield GaugeMetricFamily(
            "suno_bot_relay_last_good_timestamp_seconds",
            "When the relay last answered successfully; 0 if it has not yet.",
            value=status.last_success_at or 0,
        )


@dataclass(frozen=True, slots=True)
class AccountRequests:
    """What is known of the requests with the keys that servers and users have connected."""

    stats: Mapping[str, RequestStats]
    """By the name of the relay, of all accounts there, connections that are closed included."""
    open_circuits: Callable[[], Iterable[tuple[str, CircuitStatus]]]
    """Returns the relay's name and the state of each open connection."""


class AccountMetrics(Collector):
    """Request statistics of connected accounts, summed for each relay."""

    def __init__(self, requests: AccountRequests) -> None:
        self._requests = requests

    def collect(self) -> Iterator[Metric]:
        """Yield current values; every relay and every kind of error, so that all begin at 0."""
        seconds = SummaryMetricFamily(
            "suno_bot_account_request_seconds",
            "Requests with the keys of connected accounts, and their total duration.",
            labels=["relay"],
        )
        errors = CounterMetricFamily(
            "suno_bot_account_errors",
            "Requests with the keys of connected accounts that failed.",
            labels=["relay", "kind"],
        )
        for relay, stats in self._requests.stats.items():
            seconds.add_metric([relay], stats.requests, stats.seconds)
            for kind in ErrorKind:
                errors.add_metric([relay, kind.value], stats.errors[kind])
        yield seconds
        yield errors
        yield from self._connections()

    def _connections(self) -> Iterator[Metric]:
        circuits = list(self._requests.open_circuits())
        opened = Counter(relay for relay, _ in circuits)
        paused = Counter(relay for relay, status in circuits if status.open_until is not None)
        for name, text, counts in (
            ("connections", "Connected accounts in use: watched, or used lately.", opened),
            ("connections_paused", "Those of them whose circuit is open after errors.", paused),
        ):
            family = GaugeMetricFamily(f"suno_bot_account_{name}", text, labels=["relay"])
            for relay in self._requests.stats:
                family.add_metric([relay], counts[relay])
            yield family


class ProcessMetrics(Collector):
    """The version of this process and the state of its background loops."""

    def __init__(self, version: str, probes: HealthProbes) -> None:
        self._version = version
        self._probes = probes

    def collect(self) -> Iterator[Metric]:
        """Yield current values."""
        yield InfoMetricFamily(
            "suno_bot_build", "The version that runs.", value={"version": self._version}
        )
        successes = GaugeMetricFamily(
            "suno_bot_last_good_round_timestamp_seconds",
            "When each background loop last succeeded; the start of the bot until then.",
            labels=["loop"],
        )
        for name, at in self._probes.last_successes().items():
            successes.add_metric([name], at)
        yield successes


class QueueMetrics:
    """Sizes of the queues in the database, read at most every few seconds."""

    def __init__(
        self, statistics: QueueStatistics, metrics: Metrics, clock: Callable[[], float] = time.time
    ) -> None:
        self._statistics = statistics
        self._clock = clock
        self._metrics = metrics
        self._relays = set(KNOWN_RELAYS)
        self._read_at = 0.0

    async def refresh(self) -> None:
        """Update the gauges from the database, unless they are recent."""
        now = self._clock()
        if 0 <= now - self._read_at < QUEUE_CACHE_TTL:
            return
        counts = await self._statistics.count()
        self._read_at = now
        metrics = self._metrics
        metrics.running_tasks.set(counts.running_tasks)
        metrics.live_cards.set(counts.cards)
        metrics.queued_deliveries.labels(QueueState.DUE).set(counts.due)
        metrics.queued_deliveries.labels(QueueState.SENDING).set(counts.sending)
        metrics.queued_deliveries.labels(QueueState.HELD).set(counts.held)
        self._relays |= counts.accounts.keys()
        for relay in self._relays:
            accounts = counts.accounts.get(relay, NO_ACCOUNTS)
            metrics.accounts.labels(relay).set(accounts.connected)
            metrics.rejected_accounts.labels(relay).set(accounts.rejected)
        metrics.oldest_delivery_age.set(max(now - counts.due_since, 0) if counts.due_since else 0)


LAG_INTERVAL = 0.5
"""Seconds between two measurements."""


async def measure_lag(lag: Histogram, every: float = LAG_INTERVAL) -> None:
    """Measure for ever how much later than requested the event loop wakes a sleeper (seconds)."""
    loop = asyncio.get_running_loop()
    while True:
        wake_at = loop.time() + every
        await asyncio.sleep(every)
        lag.observe(max(loop.time() - wake_at, 0.0))


_INTERACTION_CALLBACK = re.compile(r"/interactions/(\d+)/[^/]+/callback$")
_DISCORD_EPOCH = 1_420_070_400.0
"""Unix seconds; Discord's ids count milliseconds from then, above their lowest 22 bits."""


def count_responses(trace: aiohttp.TraceConfig, metrics: Metrics) -> None:
    """Have ``trace`` count Discord's responses, and time the acknowledgement of interactions."""

    async def count(
        session: aiohttp.ClientSession,  # noqa: ARG001 # aiohttp's signature
        context: SimpleNamespace,  # noqa: ARG001 # as above
        request: aiohttp.TraceRequestEndParams,
    ) -> None:
        status = request.response.status
        if status < 200:
            return  # the gateway's WebSocket
        metrics.discord_responses.labels(_status_label(status)).inc()
        callback = _INTERACTION_CALLBACK.search(request.url.path)
        if callback and status < 300:
            created_at = _DISCORD_EPOCH + (int(callback[1]) >> 22) / 1000
            metrics.acknowledgement_delay.observe(max(time.time() - created_at, 0.0))

    trace.on_request_end.append(count)


def _status_label(status: int) -> str:
    return "429" if status == 429 else f"{status // 100}xx"
