"""The sessions that several processes start at Discord's gateway, one after the other."""

import asyncio
from pathlib import Path

import pytest

from bot.storage.database import DatabaseThread
from bot.storage.reservations import IdentifySchedule
from tests.support.databases import PostgresDatabases


async def test_processes_that_start_together_wait_for_each_other(
    postgres_databases: PostgresDatabases, tmp_path: Path
) -> None:
    """Each gets a time of its own, as far from the next as Discord demands."""
    url = postgres_databases.url(tmp_path / "suno.db")
    async with DatabaseThread(url) as one, DatabaseThread(url) as other:
        schedules = [IdentifySchedule(each) for each in (one, other, one, other)]
        waits = await asyncio.gather(*(each.reserve(1000) for each in schedules))
        first, *later = sorted(waits)
        assert first == 0
        for number, wait in enumerate(later, 1):
            assert (number - 1) * 1000 < wait <= number * 1000


async def test_a_clock_that_was_set_back_holds_up_no_session(
    postgres_databases: PostgresDatabases, tmp_path: Path
) -> None:
    """Otherwise every process would wait until the old time has come again."""
    async with DatabaseThread(postgres_databases.url(tmp_path / "suno.db")) as database:
        schedule = IdentifySchedule(database)
        await schedule.reserve(2 * 3600)  # the next start is two hours ahead, as after such a jump
        assert await schedule.reserve(1000) == 0
        assert 0 < await schedule.reserve(1000) <= 1000


async def test_a_session_waits_for_a_server_that_restarts(
    postgres_databases: PostgresDatabases, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An error would end the client, and so the process."""
    url = postgres_databases.url(tmp_path / "suno.db")
    async with DatabaseThread(url) as database:
        postgres_databases.server.stop()
        try:
            reserved = asyncio.create_task(IdentifySchedule(database).reserve(1000))
            async with asyncio.timeout(120):
                while "waits for the database" not in caplog.text:  # noqa: ASYNC110 # a log has no event
                    await asyncio.sleep(0.02)
        finally:
            postgres_databases.server.start()
        assert await reserved == 0
