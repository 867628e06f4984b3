"""Whether the bot lives and whether it is ready: two different questions.

A bot that does not live should be started anew, so that only what a new start can mend counts: an
event loop that does not answer at all, a loop of the clock that has had no good round for longer
than any round may take, and requests to Discord that hang in this process. A relay or a Discord
that is down is no such thing: rounds go on, and requests come to an end, if only to a bad one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from bot.storage.errors import DatabaseDamaged

MAX_TICK_GAP = 600.0
"""Seconds in which each loop surely has a round: it waits for the database or for Discord."""

MAX_QUEUED_REQUESTS = 600
"""Requests to a relay that may go before one more look: those of the looks under way, each with
its batches halved until one id is left, and with ids asked for singly."""

QUERY_TIMEOUT = 2.0
"""Seconds; a database that takes longer for nothing is not ready."""


MAX_FAILING = 300.0
"""Seconds in which a request to Discord surely succeeds while messages are due."""

MAX_HANG = 900.0
"""Seconds in which a request to Discord surely ends while messages are due, well or badly: aiohttp
gives up after 300, and no message is put off for longer unless Discord says so."""


class RequestTimes(Protocol):
    """What became of the requests to Discord; Unix seconds, ``None`` if there was none."""

    last_success_at: float | None
    last_end_at: float | None
    """When one last came to an end, well or badly."""
    paused_until: float | None
    """Until when Discord told us to wait."""


@dataclass(frozen=True, slots=True)
class StalenessLimits:
    """How long each loop of the clock may go without a good round, in seconds."""

    poll: float
    others: float = MAX_TICK_GAP

    @classmethod
    def for_rate(cls, requests_per_second: float) -> "StalenessLimits":
        """Return the patience with a bot that asks its relay at this pace."""
        return cls(MAX_TICK_GAP + MAX_QUEUED_REQUESTS / requests_per_second)

    def for_loop(self, loop: str) -> float:
        """Return the patience with one loop."""
        return self.poll if loop == "poll" else self.others


@dataclass(frozen=True, slots=True)
class HealthProbes:
    """Where health is read from. Times are Unix seconds."""

    started_at: float
    loops: tuple[str, ...]
    last_tick_at: Mapping[str, float]
    """When each loop of the clock last did its work without a fault."""
    missing_connection: Callable[[], str | None]
    """Why the bot is not connected to Discord's gateway, ``None`` if it is."""
    ping_database: Callable[[], Awaitable[object]]
    """Asks the database for a row; raises what is wrong with it."""
    requests: RequestTimes
    due_since: Callable[[], Awaitable[float | None]]
    """Since when the oldest message is due that is not posted yet, ``None`` if none is."""

    def last_successes(self) -> dict[str, float]:
        """Return when each loop last had a good round; the start, where it has had none yet."""
        return {name: self.last_tick_at.get(name, self.started_at) for name in self.loops}


def stalled_loops(probes: HealthProbes, limits: StalenessLimits, now: float) -> list[str]:
    """Return the loops of the clock that a new start would help."""
    since = probes.last_successes().items()
    return [name for name, at in since if now - at > limits.for_loop(name)]


async def has_hanging_requests(probes: HealthProbes, now: float) -> bool:
    """Whether messages are due and requests to Discord do not even fail any more.

    Only a new start can help then. What the database is worth is not asked here.
    """
    times = probes.requests
    latest = max(times.last_end_at or 0.0, times.paused_until or 0.0, probes.started_at)
    if now - latest <= MAX_HANG:
        return False
    try:
        async with asyncio.timeout(QUERY_TIMEOUT):
            due_since = await probes.due_since()
    except Exception:  # noqa: BLE001 # a new start mends no database
        return False
    return due_since is not None and now - due_since > MAX_HANG


async def not_ready_reason(probes: HealthProbes, now: float) -> str | None:
    """Return in a line why the bot cannot do its work just now, ``None`` if it can."""
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
    return probes.missing_connection() or _silence(probes, due_since, now)


def _silence(probes: HealthProbes, due_since: float | None, now: float) -> str | None:
    latest = max(probes.requests.last_success_at or 0.0, probes.started_at)
    if due_since is None or now - max(latest, due_since) <= MAX_FAILING:
        return None
    return f"messages are due, and no request to Discord succeeded for {MAX_FAILING / 60:g} min"
