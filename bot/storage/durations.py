"""How long tasks take. Pure: all spans are seconds, all times Unix seconds."""

import statistics
from collections.abc import Sequence

from bot.relay.models import Outcome, Task
from bot.storage.models import DurationStats

FEWEST = 5
"""With fewer tasks than these nothing is said about how long such tasks take."""

LONGEST = 86_400.0
"""A relay that says a task took longer does not know."""


def duration_stats(seconds: Sequence[float]) -> DurationStats | None:
    """Return what a sample shows, ``None`` for one that is too small."""
    if len(seconds) < FEWEST:
        return None
    tenths = statistics.quantiles(seconds, n=10, method="inclusive")
    return DurationStats(median=statistics.median(seconds), slow=tenths[-1])


def seconds_taken(task: Task, first_seen: float, ended_at: float) -> float | None:
    """Return how long a task took by the relay's own times, else from first seen to its end.

    ``None`` for a task that made nothing, and where the times make no sense.
    """
    if task.outcome not in (Outcome.SUCCESS, Outcome.PARTIAL):
        return None
    started = task.started_at or task.submitted_at
    if started and task.finished_at and 0 < task.finished_at - started < LONGEST:
        return task.finished_at - started
    return ended_at - first_seen if 0 < ended_at - first_seen < LONGEST else None
