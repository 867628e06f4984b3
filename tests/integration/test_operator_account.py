"""The operator's relay account beside those that servers and users connect, or without one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.storage.errors import NoRelayAccount, TooManyWatches
from bot.storage.models import Caller, Destination, EndReason, WatchOutcome
from sandbox.bot_process import ENCRYPTION_KEY
from sandbox.relay import LocalRelay, song
from tests.support.account_harness import (
    SERVER,
    USER,
    AccountHarness,
    open_accounts,
)
from tests.support.metrics_client import monitored_bot
from tests.support.sandbox_session import SandboxSession

ADA, BEA = 7, 8
HERE = Destination(500, 50)
ELSEWHERE = Destination(600, 60)


@asynccontextmanager
async def two_relays(
    folder: Path, **changes: str
) -> AsyncIterator[tuple[LocalRelay, AccountHarness]]:
    """Yield the operator's relay, and the accounts of a bot at another relay."""
    async with LocalRelay() as operator, LocalRelay(key="sk-of-a-server") as relay:
        values = {"suno_base_url": operator.base_url, "suno_api_key": operator.key}
        async with open_accounts(folder, relay, values | changes) as harness:
            yield operator, harness


async def test_without_an_account_of_the_operator_the_others_work(tmp_path: Path) -> None:
    """Nothing polls for the operator, and nobody who has no account can look anything up."""
    async with two_relays(tmp_path, suno_api_key="") as (operator, harness):
        harness.relay.add(song("one", takes=300))
        with pytest.raises(NoRelayAccount):
            await harness.watch("one", HERE)
        assert "poll" not in harness.loops
        await harness.connect()
        assert (await harness.watch("one", HERE)).outcome is WatchOutcome.WATCHING
        with pytest.raises(NoRelayAccount):
            await harness.services.task_reader.look_up(["one"], Caller(BEA, 60))
        assert operator.requests == []


@pytest.mark.parametrize("shared", ["true", "false"])
async def test_an_account_of_the_operator_is_used_last_if_it_is_shared(
    tmp_path: Path, shared: str
) -> None:
    """First the server's account is asked, then the person's own."""
    async with two_relays(tmp_path, shared_relay=shared) as (_, harness):
        server, own = await harness.connect(SERVER), await harness.connect(USER)
        assert await harness.usable() == [server.id, own.id, *["custom"] * (shared == "true")]
        assert await harness.usable(60, BEA) == ["custom"] * (shared == "true")


async def test_tasks_of_an_account_that_is_no_longer_shared_go_on(tmp_path: Path) -> None:
    """Nobody can begin to watch with it, but what is watched is told."""
    async with LocalRelay() as operator:
        operator.add(song("one", takes=300))
        values = {"suno_base_url": operator.base_url, "suno_api_key": operator.key}
        async with open_accounts(tmp_path, operator, values) as harness:
            await harness.watch("one", HERE)
        operator.clock.advance(400)
        async with open_accounts(tmp_path, operator, values | {"shared_relay": "false"}) as harness:
            with pytest.raises(NoRelayAccount):
                await harness.watch("one", ELSEWHERE, BEA)
            connection = harness.registry.operator
            assert connection is not None
            while await harness.running_tasks():
                await connection.poller.tick()
                await connection.poller.finish()
            assert await harness.messages() == {500: [("one", EndReason.FINISHED)]}


async def test_a_bot_without_an_account_of_the_operator_starts(sandbox: SandboxSession) -> None:
    """It answers, and is healthy: no loop is missing."""
    changes = {"suno_api_key": "", "encryption_key": ENCRYPTION_KEY}
    async with monitored_bot(sandbox, **changes) as operator:
        await sandbox.command_answer("suno list")
        await operator.until("/readyz", 200)
        assert (await operator.get("/healthz"))[0] == 200
    assert sandbox.relay.requests == []


async def test_the_watches_at_all_accounts_count_together(tmp_path: Path) -> None:
    """A person cannot watch more by connecting more accounts."""
    async with two_relays(tmp_path, watches_per_user="2") as (operator, harness):
        operator.add(song("theirs", takes=300))
        harness.relay.add(song("ours", takes=300), song("third", takes=300))
        await harness.connect()
        await harness.watch("theirs", HERE)
        await harness.watch("ours", HERE)
        refused = await harness.watch("third", HERE)
        assert isinstance(refused.error, TooManyWatches)
        other = await harness.watch("third", HERE, BEA)
        assert other.outcome is WatchOutcome.WATCHING
