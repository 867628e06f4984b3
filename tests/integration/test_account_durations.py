"""How long a task usually takes is told of the account that knows it, and of no other."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.storage.models import Caller, Destination, DurationStats
from bot.storage.tasks import TaskStore
from bot.watches.durations import typical_durations
from sandbox.relay import LocalRelay, song
from tests.support.account_harness import AccountHarness, open_accounts
from tests.support.builders import NOON, a_song
from tests.support.histories import ended

SLOW, FAST = DurationStats(400, 400), DurationStats(60, 60)
HERE = Destination(500, 50)
MEMBER, STRANGER = Caller(7, 50), Caller(8, 60)


@pytest.fixture
async def operator() -> AsyncIterator[LocalRelay]:
    """Yield the operator's relay, with a running song."""
    async with LocalRelay(key="sk-of-the-operator") as relay:
        relay.add(song("shared", takes=300))
        yield relay


@pytest.fixture
async def harness(operator: LocalRelay, tmp_path: Path) -> AsyncIterator[AccountHarness]:
    """Yield the accounts of a bot, and a relay with a running song and a finished one."""
    async with LocalRelay() as relay:
        relay.add(song("own", takes=300), song("finished", takes=0))
        changes = {"suno_base_url": operator.base_url}
        async with open_accounts(tmp_path, relay, changes) as harness:
            yield harness


async def fill(tasks: TaskStore, taken: DurationStats) -> None:
    """Let five songs of an account end."""
    for number in range(5):
        task = a_song(f"{number}", started_at=NOON, finished_at=NOON + taken.median)
        await ended(tasks, task, NOON + 900, destination=HERE)


async def told(harness: AccountHarness, caller: Caller, *ids: str) -> dict[str, object]:
    """Return how long tasks like these usually take, as they are shown to somebody."""
    services = harness.services
    found = await services.task_reader.look_up(ids, caller)
    assert found.result.tasks.keys() == {*ids}
    read = await services.task_reader.read_all(ids, caller)
    durations = await typical_durations(services.history, found)
    assert await typical_durations(services.history, read) == durations
    return dict(durations)


async def test_each_task_is_compared_with_those_of_its_account(harness: AccountHarness) -> None:
    """In one reply tasks of several accounts may stand side by side; ended ones need nothing."""
    assert harness.registry.operator is not None
    await fill(harness.registry.operator.tasks, SLOW)
    account = await harness.connect()
    connection = await harness.registry.by_id(account.id)
    assert connection is not None
    assert await told(harness, MEMBER, "own") == {"own": None}
    await fill(connection.tasks, FAST)
    assert await told(harness, MEMBER, "own", "shared", "finished") == {"own": FAST, "shared": SLOW}


async def test_nobody_is_told_how_long_tasks_of_others_take(harness: AccountHarness) -> None:
    """Not even where another account knows the same task."""
    account = await harness.connect()
    connection = await harness.registry.by_id(account.id)
    assert connection is not None
    await fill(connection.tasks, FAST)
    harness.relay.add(song("shared", takes=300))
    assert await told(harness, STRANGER, "shared") == {"shared": None}
