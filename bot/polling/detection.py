"""When tasks ended, and how late that was seen: what looks teach about tasks. Pure.

All times are Unix seconds.
"""

from collections.abc import Iterable

from bot.polling.adaptive.planner import Planner
from bot.relay.lookup_result import LookupResult
from bot.relay.models import Task
from bot.storage.models import PollTarget


def learn(planner: Planner, due: Iterable[PollTarget], found: LookupResult, now: float) -> None:
    """Tell the planner how old these tasks were when they still ran, or ended."""
    for watched in due:
        answer = found.tasks.get(watched.task_id)
        if watched.terminal_since is not None:
            continue  # it has ended before, whatever is said of it now
        if answer and not answer.terminal:
            planner.observe(watched, now, ended=False)
        elif answer:
            since = watched.polled_at or watched.added_at
            ended_at = _told_end(watched, answer, now) or (since + now) / 2
            planner.observe(watched, ended_at, ended=True)


def detection_delay(watched: PollTarget, answer: Task | None, now: float) -> float:
    """Return how late an end is seen: after the time that is told, else after the look before."""
    told = answer and _told_end(watched, answer, now)
    return max(now - (told or watched.polled_at or watched.added_at), 0.0)


def _told_end(watched: PollTarget, answer: Task, now: float) -> float | None:
    """Return when the relay says a task ended, if that can be.

    Its clock may be wrong: an end before the look that did not see it is none.
    """
    since, told = watched.polled_at or watched.added_at, answer.finished_at
    return told if told is not None and since <= told <= now else None
