import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from bot.background import (
    PRUNE_INTERVAL,
    BackgroundLoops,
    FailureLog,
    Loop,
    RetentionJob,
    Tick,
    run_forever,
)
from bot.storage.database import DatabaseThread
from bot.storage.database_errors import DatabaseUnreachable
from bot.storage.retention import DepartedServers, Retention


class ScriptedTicks:
    """Ticks that return or raise the given results in order; after the last, nothing is due."""

    def __init__(self, *results: float | Exception | None) -> None:
        self._results = list(results)
        self.count = 0
        self.wake = asyncio.Event()
        self.last_tick_at: dict[str, float] = {}
        self.failed: list[str] = []
        self.finished = asyncio.Event()

    async def tick(self) -> float | None:
        """Return or raise the next result."""
        self.count += 1
        result = self._results.pop(0) if self._results else None
        if not self._results:
            self.finished.set()
        if isinstance(result, Exception):
            raise result
        return result


@asynccontextmanager
async def running(ticks: ScriptedTicks, tick: Tick | None = None) -> AsyncIterator[None]:
    """Run the loop; enter when every result was given. It must not have ended by itself."""
    loop = Loop("poll", tick or ticks.tick, ticks.wake)
    task = asyncio.create_task(run_forever(loop, ticks.last_tick_at, ticks.failed.append, 0.0))
    async with asyncio.timeout(120):
        await ticks.finished.wait()
    yield
    assert not task.done()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def errors(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """Return the log records of failed ticks."""
    return [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_the_loop_survives_an_unexpected_exception(caplog: pytest.LogCaptureFixture) -> None:
    """The next tick follows, the failure is reported, and the log has the traceback."""
    ticks = ScriptedTicks(ZeroDivisionError("unexpected"), None)
    async with running(ticks):
        assert ticks.count == 2
        assert ticks.failed == ["poll"]
    (record,) = errors(caplog)
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], ZeroDivisionError)


async def test_a_database_that_is_not_reached_is_one_line_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It names the cause; a traceback for each loop would hide it."""
    unreachable = DatabaseUnreachable("postgresql://db", OSError("refused"))
    async with running(ScriptedTicks(unreachable, unreachable, None)):
        pass
    (record,) = errors(caplog)
    assert record.exc_info is None
    assert "refused" in record.message


async def test_a_failure_that_repeats_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """However often it repeats, and although its text differs; its end is logged too."""
    caplog.set_level(logging.INFO)
    ticks = ScriptedTicks(*(OSError(f"full, {number} bytes left") for number in range(20)), None)
    async with running(ticks):
        await until(lambda: bool(ticks.last_tick_at))
    assert len(errors(caplog)) == 1
    assert "failures=20" in caplog.text


async def test_a_different_failure_is_logged_too(caplog: pytest.LogCaptureFixture) -> None:
    """A second cause must not hide behind the first."""
    async with running(ScriptedTicks(OSError(), OSError(), KeyError(), OSError(), None)):
        pass
    assert len(errors(caplog)) == 3


async def test_a_failure_that_returns_is_logged_again(caplog: pytest.LogCaptureFixture) -> None:
    """A success between two equal failures makes the second one news."""
    async with running(ScriptedTicks(OSError(), time.time(), OSError(), None)):
        pass
    assert len(errors(caplog)) == 2


async def test_a_failed_tick_does_not_move_the_time_of_the_last_success() -> None:
    """A health page must not call a loop alive that only fails."""
    ticks = ScriptedTicks(time.time(), *(OSError() for _ in range(5)))
    before = time.time()

    async def fail_after_the_first() -> float | None:
        due_at = await ticks.tick()
        if ticks.count > 1:
            raise OSError
        return due_at

    async with running(ticks, fail_after_the_first):
        first = ticks.last_tick_at["poll"]
        assert before <= first <= time.time()
        await until(lambda: ticks.count > 10)
        assert ticks.last_tick_at == {"poll": first}


async def test_setting_the_event_makes_a_loop_tick_early() -> None:
    """Nothing is due for a minute, but the loop does not wait for it."""
    ticks = ScriptedTicks(None)
    async with running(ticks):
        await until(lambda: bool(ticks.last_tick_at))
        ticks.wake.set()
        await until(lambda: ticks.count == 2)


async def test_stopping_ends_the_loops_before_it_waits_for_their_work() -> None:
    """Stopping twice finishes once; loops that never started have nothing to finish."""
    ticks = ScriptedTicks(None)
    finished: list[int] = []

    async def finish() -> None:
        finished.append(ticks.count)

    loops = BackgroundLoops([Loop("poll", ticks.tick, ticks.wake)], [finish], ticks.failed.append)
    await loops.stop()
    assert not finished
    loops.start()
    await until(lambda: "poll" in loops.last_tick_at)
    await loops.stop()
    ticks.wake.set()
    await loops.stop()
    assert finished == [ticks.count] == [1]


async def test_expired_rows_are_pruned_at_the_start_and_once_a_day(tmp_path: Path) -> None:
    """The loop ticks far more often."""
    now = 1000 * PRUNE_INTERVAL
    async with DatabaseThread(tmp_path / "suno.db") as database:
        job = RetentionJob(Retention(database), DepartedServers(database), clock=lambda: now)
        assert await job.tick() == now + PRUNE_INTERVAL
        due_at = now + PRUNE_INTERVAL
        now += 60
        assert await job.tick() == due_at
        now = due_at
        assert await job.tick() == due_at + PRUNE_INTERVAL


def test_a_failure_log_without_failures_is_silent(caplog: pytest.LogCaptureFixture) -> None:
    """Successes are not logged."""
    caplog.set_level(logging.DEBUG)
    FailureLog("poll").record_success()
    assert not caplog.records


async def until(condition: Callable[[], bool]) -> None:
    """Run the event loop until the condition holds."""
    for _ in range(10_000):
        if condition():
            return
        await asyncio.sleep(0)
    raise TimeoutError
