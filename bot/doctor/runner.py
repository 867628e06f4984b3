"""The whole examination: all parts at the same time, each for so long and no longer."""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass

from bot.doctor.database_checks import THRESHOLDS, Thresholds, look_at_database
from bot.doctor.discord_checks import look_at_discord
from bot.doctor.relay_checks import look_at_relay
from bot.doctor.report import Area, Finding, Findings, State
from bot.doctor.settings_checks import look_at_settings
from bot.settings import SettingsReport

TIME_LIMIT = 10.0
"""Seconds for each part."""

WITHIN = 0.8
"""Of the time of a part, for one step of it: then it still can say which one took too long."""

Waiting = Callable[[Collection[Area]], None]
"""Is told which parts are still being looked at."""


@dataclass(frozen=True, slots=True)
class Examination:
    """Everything that was found, by area and then in the order in which it was looked at."""

    findings: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        """Whether nothing has to be mended; warnings are allowed."""
        return not self.count(State.PROBLEM)

    def count(self, state: State) -> int:
        """Return how many findings are of this kind."""
        return sum(finding.state is state for finding in self.findings)


async def examine(
    report: SettingsReport,
    *,
    waiting: Waiting = lambda _: None,
    time_limit: float = TIME_LIMIT,
    thresholds: Thresholds = THRESHOLDS,
) -> Examination:
    """Look at everything; whatever goes wrong in one part stops no other.

    ``time_limit`` is in seconds and for each part.
    """
    step = time_limit * WITHIN
    parts = {
        Area.SETTINGS: look_at_settings(report),
        Area.DATABASE: look_at_database(report, step, thresholds),
        Area.RELAY: look_at_relay(report, step),
        Area.DISCORD: look_at_discord(report, step),
    }
    left = set(parts)

    async def look(area: Area, findings: Findings) -> list[Finding]:
        found = await _in_time(area, findings, time_limit)
        left.discard(area)
        waiting(left)
        return found

    waiting(left)
    looked = await asyncio.gather(*(look(area, part) for area, part in parts.items()))
    return Examination(tuple(finding for found in looked for finding in found))


async def _in_time(area: Area, findings: Findings, time_limit: float) -> list[Finding]:
    found: list[Finding] = []
    try:
        async with asyncio.timeout(time_limit):
            async for finding in findings:
                found.append(finding)  # noqa: PERF401 # what was found before the time ran out counts
    except TimeoutError:
        text = f"Not all of it could be looked at within {time_limit:g} s"
        advice = "Try again; if it goes on, the server that is asked or the network is too slow."
        found.append(Finding(area, "time", State.PROBLEM, text, advice))
    except Exception as error:  # noqa: BLE001 # what a part stumbles over stops no other
        text = f"Looking at it failed: {type(error).__name__}"
        advice = "That is a fault of this program: please report it."
        found.append(Finding(area, "fault", State.PROBLEM, text, advice))
    return found
