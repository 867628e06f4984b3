"""Figures that nobody counts, but that can be read whenever somebody asks for them."""

import time
from collections.abc import Callable, Iterator

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.registry import Collector

from bot.metrics import Figures, Waiting
from bot.monitoring.health import Signs
from bot.relay.client import SunoClient
from bot.relay.errors import ErrorKind
from bot.storage.queue_statistics import Backlog

KEPT_FOR = 15.0
"""Seconds in which the database is not asked for the same counts again."""


class RelayFigures(Collector):
    """How the relay does, as its client knows."""

    def __init__(self, client: SunoClient) -> None:
        self._client = client

    def collect(self) -> Iterator[Metric]:
        """Give what is known now; every kind of error, so that the first one shows as a rise."""
        traffic, health = self._client.traffic, self._client.health
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
            value=health.paused_until is not None,
        )
        yield GaugeMetricFamily(
            "suno_bot_relay_last_good_timestamp_seconds",
            "When the relay last answered well; 0 if it did not yet.",
            value=health.last_good_at or 0,
        )


class ProcessFigures(Collector):
    """What this process is and how its loops do."""

    def __init__(self, version: str, signs: Signs) -> None:
        self._version = version
        self._signs = signs

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
        for name, at in self._signs.last_good_rounds().items():
            rounds.add_metric([name], at)
        yield rounds


class BacklogFigures:
    """What runs and waits, read from the database now and then."""

    def __init__(
        self, backlog: Backlog, figures: Figures, clock: Callable[[], float] = time.time
    ) -> None:
        self._backlog = backlog
        self._clock = clock
        self._figures = figures
        self._read_at = 0.0

    async def refresh(self) -> None:
        """Count anew, unless that was done just now."""
        now = self._clock()
        if 0 <= now - self._read_at < KEPT_FOR:
            return
        counts = await self._backlog.count()
        self._read_at = now
        figures = self._figures
        figures.running_tasks.set(counts.running_tasks)
        figures.cards.set(counts.cards)
        figures.waiting.labels(Waiting.DUE).set(counts.due)
        figures.waiting.labels(Waiting.SENDING).set(counts.sending)
        figures.waiting.labels(Waiting.HELD).set(counts.held)
        figures.longest_wait.set(max(now - counts.due_since, 0) if counts.due_since else 0)
