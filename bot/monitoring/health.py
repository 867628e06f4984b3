"""Liveness and readiness checks: whether the bot must be restarted, and whether it can work.

Only what a restart can fix makes the bot not alive: an event loop that does not respond, a
background loop without a success for longer than any tick may take, and requests to Discord that
hang in this process. An outage of the relay or of Discord does not: ticks succeed, and requests
end, even if they fail.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from bot.storage.database_errors import DatabaseDamaged

MAX_TICK_GAP = 600.0
"""Seconds in which each background loop certainly succeeds once, if it is not stuck."""

MAX_QUEUED_REQUESTS = 600
"""Requests to a relay that may be sent before the next poll: those of all concurrent polls, each
with its batches bisected down to single ids, and with ids requested singly."""

QUERY_TIMEOUT = 2.0
"""Seconds; a database that takes longer for a trivial query is not ready."""

MAX_FAILING = 300.0
"""Seconds in which a request to Discord certainly succeeds while messages are due."""

MAX_HANG = 900.0
"""Seconds in which a request to Discord certainly ends while messages are due, even if it fails:
aiohttp times out after 300, and no message is postponed for longer unless Discord says so."""


class RequestTimes(Protocol):
    """When requests to Discord succeeded and ended; Unix seconds, ``None`` if none has yet."""

    last_success_at: float | None
    last_end_at: float | None
    """When one last ended, successfully or not."""
    paused_until: float | None
    """Until when Discord asked to wait."""


@dataclass(frozen=True, slots=True)
class StalenessLimits:
    """How long each background loop may go without a success, in seconds."""

    poll: float
    others: float = MAX_TICK_GAP

    @classmethod
    def for_rate(cls, requests_per_second: float) -> "StalenessLimits":
        """Return the limits of a bot that sends its relay so many requests a second."""
        return cls(MAX_TICK_GAP + MAX_QUEUED_REQUESTS / requests_per_second)

    def for_loop(self, loop: str) -> float:
        """Return the limit of one loop."""
        return self.poll if loop == "poll" else self.others


@dataclass(frozen=True, slots=True)
class HealthProbes:
    """Where the checks read the state of the bot. Times are Unix seconds."""

    started_at: float
    loops: Callable[[], Iterable[str]]
    """Returns the background loops that have something to do now."""
    last_tick_at: Mapping[str, float]
    """When each background loop last succeeded."""
    missing_connection: Callable[[], str | None]
    """Returns why the bot is not connected to Discord's gateway, ``None`` if it is."""
    ping_database: Callable[[], Awaitable[object]]
    """Queries the database; raises what is wrong with it."""
    requests: RequestTimes
    due_since: Callable[[], Awaitable[float | None]]
    """Returns since when the oldest unsent message is due, ``None`` if none is."""
    leads: Callable[[], bool] = lambda: True
    """Whether this process sends the messages; if not, another one on its database does."""

    def last_successes(self) -> dict[str, float]:
        """Return when each loop last succeeded; the start of the bot, where it has not yet."""
        return {name: self.last_tick_at.get(name, self.started_at) for name in self.loops()}


def stalled_loops(probes: HealthProbes, limits: StalenessLimits, now: float) -> list[str]:
    """Return the background loops that are stuck, so that the bot must be restarted."""
    since = probes.last_successes().items()
    return [name for name, at in since if now - at > limits.for_loop(name)]


async def has_hanging_requests(probes: HealthProbes, now: float) -> bool:
    """Whether messages are due and requests to Discord do not even fail any more.

    Only a restart helps then. A database that cannot be read does not count here.
    """
    times = probes.requests
    latest = max(times.last_end_at or 0.0, times.paused_until or 0.0, probes.started_at)
    if now - latest <= MAX_HANG or not probes.leads():
        return False
    try:
        async with asyncio.timeout(QUERY_TIMEOUT):
            due_since = await probes.due_since()
    except Exception:  # noqa: BLE001 # a restart repairs no database
        return False
    return due_since is not None and now - due_since > MAX_HANG


async def not_ready_reason(probes: HealthProbes, now: float) -> str | None:
    """Return in a line why the bot cannot work now, ``None`` if it can."""
    try:
        async with asyncio.timeout(QUERY_TIMEOUT):
            await probes.ping_database()
            due_since = await probes.due_since()
    except DatabaseDamaged:
        return "the database is damaged: stop the bot and restore a backup, see docs/operating.md"
    except TimeoutError:
        return f"the database does not answer within {QUERY_TIMEOUT:g} s"
    except Exception as error:  # noqa: BLE001 # whatever is wrong with the database
        return f"the database cannot be used ({type(error).__name__})"
    return probes.missing_connection() or _failing_requests(probes, due_since, now)


def _failing_requests(probes: HealthProbes, due_since: float | None, now: float) -> str | None:
    latest = max(probes.requests.last_success_at or 0.0, probes.started_at)
    if due_since is None or now - max(latest, due_since) <= MAX_FAILING or not probes.leads():
        return None
    return f"messages are due, and no request to Discord succeeded for {MAX_FAILING / 60:g} min"
