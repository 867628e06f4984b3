import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from bot.background import DAY, RetentionJob, Round, run_forever
from bot.storage.database import DatabaseThread
from bot.storage.departed_servers import DepartedServers
from bot.storage.retention import Retention


class Rounds:
    """Rounds that do what they are told, one thing each; after the last, nothing more is due."""

    def __init__(self, *results: float | Exception | None) -> None:
        self._results = list(results)
        self.count = 0
        self.wake = asyncio.Event()
        self.good_at: dict[str, float] = {}
        self.played = asyncio.Event()

    async def round(self) -> float | None:
        """Do the next thing."""
        self.count += 1
        result = self._results.pop(0) if self._results else None
        if not self._results:
            self.played.set()
        if isinstance(result, Exception):
            raise result
        return result


@asynccontextmanager
async def going(rounds: Rounds, round_: Round | None = None) -> AsyncIterator[None]:
    """Keep rounds going until all results were given."""
    work = run_forever("poll", round_ or rounds.round, rounds.wake, rounds.good_at, 0.0)
    loop = asyncio.create_task(work)
    async with asyncio.timeout(5):
        await rounds.played.wait()
    yield
    assert not loop.done()
    loop.cancel()
    with suppress(asyncio.CancelledError):
        await loop


def faults(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """Return what was logged of rounds that failed."""
    return [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_the_loop_survives_what_nobody_expected(caplog: pytest.LogCaptureFixture) -> None:
    """The next round comes, and the log has the cause."""
    rounds = Rounds(ZeroDivisionError("nobody expected this"), None)
    async with going(rounds):
        assert rounds.count == 2
    (told,) = faults(caplog)
    assert told.exc_info is not None
    assert isinstance(told.exc_info[1], ZeroDivisionError)


async def test_the_same_fault_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """However often it comes, and though its text differs; its end is logged too."""
    caplog.set_level(logging.INFO)
    rounds = Rounds(*(OSError(f"full, {number} bytes left") for number in range(20)), None)
    async with going(rounds):
        await until(lambda: bool(rounds.good_at))
    assert len(faults(caplog)) == 1
    assert "20 that failed" in caplog.text


async def test_another_fault_is_logged_too(caplog: pytest.LogCaptureFixture) -> None:
    """One that hides behind the first would never be found."""
    async with going(Rounds(OSError(), OSError(), KeyError(), OSError(), None)):
        pass
    assert len(faults(caplog)) == 3


async def test_a_fault_that_comes_back_is_logged_again(caplog: pytest.LogCaptureFixture) -> None:
    """Between the two it was healed."""
    async with going(Rounds(OSError(), time.time(), OSError(), None)):
        pass
    assert len(faults(caplog)) == 2


async def test_the_time_of_the_last_good_round_is_known() -> None:
    """Rounds that fail do not move it: a health page must not call that alive."""
    rounds = Rounds(time.time(), *(OSError() for _ in range(5)))
    before = time.time()

    async def fail_after_the_first() -> float | None:
        due_at = await rounds.round()
        if rounds.count > 1:
            raise OSError
        return due_at

    async with going(rounds, fail_after_the_first):
        first = rounds.good_at["poll"]
        assert before <= first <= time.time()
        await until(lambda: rounds.count > 10)
        assert rounds.good_at == {"poll": first}


async def test_a_round_comes_sooner_when_something_is_new() -> None:
    """Nothing is due for a minute, but it need not be waited for."""
    rounds = Rounds(None)
    async with going(rounds):
        await until(lambda: bool(rounds.good_at))
        rounds.wake.set()
        await until(lambda: rounds.count == 2)


async def test_expired_rows_are_pruned_at_the_start_and_once_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rounds come far more often; a failed run comes again with the next one."""
    pruned: list[float] = []
    async with DatabaseThread(tmp_path / "suno.db") as database:
        retention = Retention(database)

        async def prune(now: float) -> None:
            pruned.append(now)
            if len(pruned) == 1:
                raise OSError

        monkeypatch.setattr(retention, "prune", prune)
        job = RetentionJob(retention, DepartedServers(database))
        times = [0.0, 5.0, 60.0, DAY, DAY + 5, DAY + 60]
        for now in times:
            monkeypatch.setattr(time, "time", lambda now=now: DAY * 1000 + now)
            with suppress(OSError):
                await job.round()
    assert [now - DAY * 1000 for now in pruned] == [0.0, 5.0, DAY + 5]


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop run until something holds."""
    for _ in range(10_000):
        if condition():
            return
        await asyncio.sleep(0)
    raise TimeoutError
