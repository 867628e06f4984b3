"""The requests to Discord of several processes on one PostgreSQL, limited together."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.app import shared_limiter
from bot.client import REQUESTS_PER_SECOND
from bot.delivery.shared_rate_limiter import SharedRateLimiter
from bot.settings import Settings
from bot.storage.database import DatabaseThread
from bot.storage.reservations import MAX_AHEAD, RequestBudget
from tests.support.databases import PostgresDatabases

Databases = list[DatabaseThread]


@pytest.fixture
async def databases(
    postgres_databases: PostgresDatabases, tmp_path: Path
) -> AsyncIterator[Databases]:
    """Yield the database as two processes have it open."""
    url = postgres_databases.url(tmp_path / "suno.db")
    async with DatabaseThread(url) as one, DatabaseThread(url) as other:
        yield [one, other]


async def test_each_gets_a_time_of_its_own(databases: Databases) -> None:
    """Two processes that reserve at once get one time after the other, without a gap."""
    budgets = [RequestBudget(database) for database in databases] * 2
    reserved = await asyncio.gather(*(each.reserve(10, 0) for each in budgets))
    starts = sorted(each.starts_at for each in reserved)
    assert starts[0] in {each.reserved_at for each in reserved}
    for number, start in enumerate(starts):
        assert start - starts[0] == pytest.approx(10 * number, abs=1e-3)


async def test_time_is_reserved_for_after_the_answer(databases: Databases) -> None:
    """Not before the lead that the process asks for, unless others have reserved that."""
    one, other = (RequestBudget(database) for database in databases)
    first = await one.reserve(1, 20)
    assert first.starts_at - first.reserved_at == pytest.approx(20, abs=1e-3)
    second = await other.reserve(1, 0)
    assert second.starts_at - first.starts_at == pytest.approx(1, abs=1e-3)


async def test_a_clock_that_is_set_back_stops_nobody(databases: Databases) -> None:
    """What was reserved by the clock before is not waited for."""
    one, other = (RequestBudget(database) for database in databases)
    await one.reserve(0, 2 * MAX_AHEAD)
    reservation = await other.reserve(1, 0)
    assert reservation.starts_at == reservation.reserved_at


async def test_two_processes_together_keep_the_limit(databases: Databases) -> None:
    """All requests are admitted, and no second has more than Discord allows."""
    times = list[float]()

    async def send(limiter: SharedRateLimiter) -> None:
        await limiter.acquire()
        times.append(asyncio.get_running_loop().time())

    limiters = [
        SharedRateLimiter(RequestBudget(database).reserve, REQUESTS_PER_SECOND)
        for database in databases
    ]
    await asyncio.gather(*(send(limiter) for limiter in limiters for _ in range(60)))
    assert len(times) == 120
    assert all(
        sum(1 for time in times if start <= time < start + 1) <= REQUESTS_PER_SECOND
        for start in times
    )


async def test_processes_share_the_limit_of_discord_itself_only(
    databases: Databases, tmp_path: Path
) -> None:
    """A proxy limits all of them, and a file has one process."""

    def settings(url: str) -> Settings:
        return Settings(discord_token="token", suno_api_key="key", discord_api_url=url)  # no secret

    discord, proxy = "https://discord.com/api/v10", "https://proxy.example/api/v10"
    assert shared_limiter(settings(discord), databases[0]) is not None
    assert shared_limiter(settings("https://canary.discord.com/api/v10"), databases[0]) is not None
    assert shared_limiter(settings(proxy), databases[0]) is None
    assert shared_limiter(settings("https://discord.com.example/api"), databases[0]) is None
    assert shared_limiter(settings(discord), DatabaseThread(tmp_path / "suno.db")) is None
