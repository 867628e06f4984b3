"""The sessions that several processes start at Discord's gateway, one after the other."""

import asyncio
from pathlib import Path

from bot.storage.database import DatabaseThread
from bot.storage.identify_schedule import IdentifySchedule
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
