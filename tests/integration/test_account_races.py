"""Accounts are connected, used, disconnected and erased at once: nothing is left half done."""

import asyncio
import time
from pathlib import Path
from random import Random

import pytest

from bot.storage.errors import WatchError
from bot.storage.models import Destination
from sandbox.relay import LocalRelay, song
from tests.support.account_harness import SERVER, AccountHarness, open_accounts, until

HERE = Destination(500, 50)
OTHER_KEY, OTHER_HOST = "sk-of-the-other-relay-0123456789", "other.example"
SONGS = [f"song-{number}" for number in range(20)]
REQUESTS = 200


async def one_request(harness: AccountHarness, random: Random, user_id: int) -> None:
    """Do one of all the things that change or use the account of the server."""
    await asyncio.sleep(random.random())
    choice = random.randrange(6)
    if choice == 0:
        await harness.connect(SERVER, user_id=user_id)
    elif choice == 1:
        await harness.connect(SERVER, key=OTHER_KEY, host=OTHER_HOST, user_id=user_id)
    elif choice == 2:
        await harness.accounts.disconnect(SERVER)
    elif choice == 3:
        await harness.registry.tick()
    elif choice == 4:
        await harness.watch(random.choice(SONGS), HERE)
    else:
        async with harness.accounts.erasing(SERVER):
            await harness.services.erasure.erase_server(50, time.time())


async def orphans(harness: AccountHarness) -> int:
    """Return how many tasks run at accounts that do not exist, and watches wait for no task."""
    rows = await harness.database.read(
        "SELECT (SELECT count(*) FROM tasks WHERE state = 'running' AND account != 'custom'"
        " AND account NOT IN (SELECT id FROM relay_accounts)) + (SELECT count(*) FROM watches w"
        " WHERE delivery_id IS NULL AND NOT EXISTS (SELECT 1 FROM tasks t WHERE state = 'running'"
        "  AND t.account = w.account AND t.task_id = w.task_id)) AS orphans",
        [],
    )
    return int(rows[0]["orphans"])


@pytest.mark.parametrize("seed", range(3))
async def test_requests_of_all_kinds_at_once_leave_no_task_without_an_account(
    tmp_path: Path, seed: int
) -> None:
    """What is connected in the end has the one open connection, and its watches end."""
    random = Random(seed)  # noqa: S311 # no secrets
    async with LocalRelay() as relay, LocalRelay(key=OTHER_KEY) as other:
        for each in (relay, other):
            each.add(*(song(task_id, takes=1000) for task_id in SONGS))
            each.delay = lambda: asyncio.sleep(random.random() / 20)
        changes, hosts = {"shared_relay": "false"}, {OTHER_HOST: other}
        async with open_accounts(tmp_path, relay, changes, hosts) as harness:
            requests = [one_request(harness, random, user_id) for user_id in range(1, REQUESTS)]
            results = await asyncio.gather(*requests, return_exceptions=True)
            errors = [each for each in results if isinstance(each, BaseException)]
            assert [each for each in errors if not isinstance(each, WatchError)] == []
            await harness.registry.tick()
            account = await harness.accounts.of(SERVER)
            assert set(harness.open_accounts) <= ({account.id} if account else set())
            assert await orphans(harness) == 0
            assert harness.accounts.connecting_servers() == []
            for each in (relay, other):
                each.clock.advance(2000)

            async def all_ended() -> bool:
                return await harness.running_tasks() == []

            await until(all_ended)
            assert await orphans(harness) == 0
