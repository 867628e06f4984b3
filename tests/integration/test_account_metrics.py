"""What metrics and the log tell of the relay accounts that servers and users have connected."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from bot.monitoring.collector import AccountMetrics, QueueMetrics
from bot.relay.errors import ErrorKind, RelayError
from bot.storage.models import Destination
from bot.storage.queue_statistics import QueueStatistics
from bot.storage.relay_accounts import RelayAccountStore
from sandbox.relay import LocalRelay, stuck
from tests.support.account_harness import SERVER, USER, AccountHarness, open_accounts
from tests.support.builders import NOON

HERE = Destination(500, 50)


@asynccontextmanager
async def connected(folder: Path) -> AsyncIterator[AccountHarness]:
    """Yield the accounts of a bot at a relay that knows a song."""
    async with LocalRelay() as relay, open_accounts(folder, relay) as accounts:
        relay.add(stuck("song"))
        yield accounts


class Figures:
    """The metrics of connected accounts."""

    def __init__(self, accounts: AccountHarness) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(AccountMetrics(accounts.bot.account_requests))

    def get(self, name: str, **labels: str) -> float | None:
        """Return a sample of the relay ``custom``."""
        return self._registry.get_sample_value(
            f"suno_bot_account_{name}", {"relay": "custom", **labels}
        )

    @property
    def text(self) -> str:
        """All of them as they are served."""
        return generate_latest(self._registry).decode()


async def test_requests_are_counted_by_relay_also_after_a_disconnection(tmp_path: Path) -> None:
    """The sum of two accounts; a counter never falls."""
    async with connected(tmp_path) as accounts:
        figures = Figures(accounts)
        assert figures.get("request_seconds_count") == 0
        await accounts.connect(SERVER)
        await accounts.connect(USER)
        assert figures.get("request_seconds_count") == len(accounts.relay.requests) > 1
        assert figures.get("connections") == 2
        await accounts.accounts.disconnect(USER)
        await accounts.accounts.disconnect(SERVER)
        assert figures.get("request_seconds_count") == len(accounts.relay.requests)
        assert figures.get("connections") == 0


async def test_errors_are_counted_by_relay_and_kind(tmp_path: Path) -> None:
    """Those of attempts to connect count too, and every kind begins at 0."""
    async with connected(tmp_path) as accounts:
        figures = Figures(accounts)
        for kind in ErrorKind:
            assert figures.get("errors_total", kind=kind.value) == 0
        with pytest.raises(RelayError):
            await accounts.connect(key="sk-that-is-wrong-0123456789")
        assert figures.get("errors_total", kind="auth") == 1
        assert figures.get("connections") == 0


async def test_a_refused_key_shows_in_figures_and_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """By relay in the figures, by account in the log; the operator is not told to do anything."""
    async with connected(tmp_path) as accounts:
        account = await accounts.connect()
        await accounts.watch("song", HERE)
        accounts.relay.key = "sk-of-somebody-else"
        figures = Figures(accounts)
        async with asyncio.timeout(120):
            while not figures.get("connections_paused"):  # noqa: ASYNC110 # polls go on
                await asyncio.sleep(0.02)
        store = RelayAccountStore(accounts.database, accounts.services.outbox)
        await store.set_rejected(account, NOON)
        queues = QueueMetrics(QueueStatistics(accounts.database, "custom"), accounts.bot.metrics)
        await queues.refresh()
        registry, labels = accounts.bot.metrics.registry, {"relay": "custom"}
        assert registry.get_sample_value("suno_bot_accounts", labels) == 1
        assert registry.get_sample_value("suno_bot_accounts_rejected", labels) == 1
        assert registry.get_sample_value("suno_bot_accounts", {"relay": "deerapi"}) == 0
        assert registry.get_sample_value("suno_bot_running_tasks") == 1
        assert account.id not in figures.text + generate_latest(registry).decode()
    assert f"Circuit open for 300 s: account={account.id} cause=auth" in caplog.text
    assert "SUNO_API_KEY" not in caplog.text
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR]
