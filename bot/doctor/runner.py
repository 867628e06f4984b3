"""Runs the checks of all areas at the same time, each area within a time limit."""

import asyncio
from collections.abc import Callable, Collection

from bot.doctor.database_checks import check_database
from bot.doctor.discord_checks import check_discord
from bot.doctor.relay_checks import check_relay
from bot.doctor.report import Area, CheckResult, CheckResults, Report, Reporter
from bot.doctor.settings_checks import check_settings
from bot.doctor.settings_report import SettingsReport
from bot.doctor.thresholds import THRESHOLDS, Thresholds

TIME_LIMIT = 10.0
"""Seconds for each area."""

STEP_TIME_RATIO = 0.8
"""Of an area's time limit, for one step of it: the area can then report which one timed out."""

ProgressCallback = Callable[[Collection[Area]], None]
"""Is called with the areas that are still being checked."""


async def run_checks(
    settings_report: SettingsReport,
    *,
    on_progress: ProgressCallback,
    time_limit: float = TIME_LIMIT,
    thresholds: Thresholds = THRESHOLDS,
) -> Report:
    """Check everything; an error in one area does not stop the others.

    ``time_limit`` is in seconds and for each area.
    """
    step_limit = time_limit * STEP_TIME_RATIO
    checks = {
        Area.SETTINGS: check_settings(settings_report),
        Area.DATABASE: check_database(settings_report, step_limit, thresholds),
        Area.RELAY: check_relay(settings_report, step_limit),
        Area.DISCORD: check_discord(settings_report, step_limit),
    }
    pending = set(checks)

    async def run_area(area: Area, results: CheckResults) -> list[CheckResult]:
        collected = await _collect(Reporter(area), results, time_limit)
        pending.discard(area)
        on_progress(pending)
        return collected

    on_progress(pending)
    by_area = await asyncio.gather(*(run_area(area, each) for area, each in checks.items()))
    return Report(tuple(result for results in by_area for result in results))


async def _collect(
    reporter: Reporter, results: CheckResults, time_limit: float
) -> list[CheckResult]:
    """Return the results of an area, and the error or the time limit that ended its checks."""
    collected: list[CheckResult] = []
    try:
        async with asyncio.timeout(time_limit):
            async for result in results:
                collected.append(result)  # noqa: PERF401 # those from before a timeout are kept
    except TimeoutError:
        text = f"Not everything could be checked within {time_limit:g} s"
        advice = "Try again; if it goes on, the server that is asked or the network is too slow."
        collected.append(reporter.problem("time", text, advice))
    except Exception as error:  # noqa: BLE001 # an error in one area stops no other
        text = f"The check failed: {type(error).__name__}"
        advice = "This is a bug in this program: please report it."
        collected.append(reporter.problem("fault", text, advice))
    return collected
