"""Records the results of polls: stores changed tasks, detects outages and the ends of tasks.

All times are Unix seconds, all spans seconds.
"""

import asyncio
import logging
import math
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import islice
from typing import NamedTuple

from bot.metrics import Metrics
from bot.polling.adaptive.planner import Planner
from bot.polling.missing_tasks import MissingTaskMonitor
from bot.polling.schedule import Schedule, extend_deadlines
from bot.relay.lookup_result import LookupResult
from bot.relay.models import Task
from bot.storage.database_errors import DatabaseUnusable
from bot.storage.models import EndedTask, EndReason, PollResult, PollTarget
from bot.storage.tasks import TaskStore

log = logging.getLogger(__name__)

MAX_CACHED_TASKS = 50_000
"""Tasks; the oldest are dropped beyond that, and stored again at their next poll."""


class Outage(NamedTuple):
    """The last period in which the relay could not be asked."""

    ended_at: float = -math.inf
    duration: float = 0.0


class PollRecorder:
    """Stores the results of polls, one poll after the other."""

    def __init__(
        self, store: TaskStore, schedule: Schedule, metrics: Metrics, clock: Callable[[], float]
    ) -> None:
        self._store = store
        self._schedule = schedule
        self._metrics = metrics
        self._clock = clock
        for end_reason in EndReason:
            metrics.tasks_ended.labels(end_reason)
        self._lock = asyncio.Lock()
        self._last_answer_at: float | None = None
        self._outage = Outage()
        self._stored_tasks = StoredTaskCache()
        self._missing_tasks = MissingTaskMonitor(store.account)

    async def last_answer_at(self) -> float | None:
        """Return when the relay last answered a poll, also of an earlier process."""
        if self._last_answer_at is None:
            self._last_answer_at = await self._store.last_answer_at()
        return self._last_answer_at

    def reset_clock(self, now: float) -> None:
        """Forget all earlier times, because the clock was set back."""
        self._last_answer_at = now
        self._outage = Outage()

    def forget(self) -> None:
        """Forget what this process has stored: it may not be what is stored any more."""
        self._last_answer_at = None
        self._outage = Outage()
        self._stored_tasks = StoredTaskCache()
        self._missing_tasks = MissingTaskMonitor(self._store.account)

    def require_store(self, targets: Iterable[PollTarget]) -> None:
        """Have the next response about some of the targets stored even if it is unchanged.

        These are newly watched tasks, and those that the relay has reported as ended.
        """
        self._stored_tasks.discard(
            target.task_id
            for target in targets
            if not target.known or target.polled_at is None or target.terminal_since is not None
        )

    async def record(
        self,
        targets: list[PollTarget],
        found: LookupResult,
        sent_at: float,
        *,
        after_failure: bool,
    ) -> list[PollTarget]:
        """Store the result of a poll; return the targets that it left ``unlisted``."""
        async with self._lock:
            now = self._clock()
            outage = await self._detect_outage(now, after_failure=after_failure)
            if outage or sent_at < self._outage.ended_at:  # read before its end was recorded
                targets = [
                    extend_deadlines(each, self._outage.duration, self._outage.ended_at)
                    for each in targets
                ]
            unlisted = [each for each in targets if each.task_id in found.unlisted]
            targets = [each for each in targets if each.task_id not in found.unlisted]
            observe_lifetimes(self._schedule.planner, targets, found, now)
            self._missing_tasks.record(targets, found, now)
            results = [self._result(each, found, now) for each in targets]
            ended = await self._store_results(results, sent_at, now, outage)
            self._stored_tasks.update(each.task for each in results if each.task)
            self._last_answer_at = now
            self._report(targets, results, ended, found, now)
            return unlisted

    async def _detect_outage(self, now: float, *, after_failure: bool) -> float:
        """Return the seconds for which the relay did not answer before now, 0 without an outage."""
        gap = await self._response_gap(now)
        if gap <= self._schedule.max_response_gap:
            return 0.0
        if after_failure:
            log.info(
                "Relay answers again after %.0f s; deadlines are extended: account=%s",
                gap,
                self._store.account,
            )
        self._outage = Outage(now, gap)
        return gap

    async def _response_gap(self, now: float) -> float:
        """Return the seconds for which the relay has not answered although a poll was due.

        A time in which no poll was due, because polls are expensive or nothing ran, does not count.
        A clock that is set forward does.
        """
        gap = now - (await self.last_answer_at() or 0.0)
        if gap <= self._schedule.max_response_gap:
            return gap
        due_since = await self._store.next_poll_at()
        return min(gap, now - due_since) if due_since is not None else 0.0

    def _result(self, target: PollTarget, found: LookupResult, now: float) -> PollResult:
        task = found.tasks.get(target.task_id)
        if task is not None and self._stored_tasks.contains(task):
            return self._schedule.after_unchanged(target, now)
        if task is not None:
            return self._schedule.after_found(target, task, now)
        if target.task_id in found.failed:
            return self._schedule.after_unreadable(target, now)
        is_inconclusive = self._missing_tasks.is_inconclusive(target)
        return self._schedule.after_miss(target, now, is_inconclusive=is_inconclusive)

    async def _store_results(
        self, results: list[PollResult], sent_at: float, now: float, outage: float
    ) -> list[EndedTask]:
        """Store all results at once; if one of them cannot be stored, store the others singly."""
        try:
            return await self._store.record(results, now, sent_at=sent_at, outage=outage)
        except (sqlite3.OperationalError, DatabaseUnusable):  # the disk, not one of them
            raise
        except Exception:
            for each in results if len(results) > 1 else ():
                with suppress(Exception):
                    await self._store.record([each], now, sent_at=sent_at, outage=outage)
                    outage = 0.0
            raise

    def _report(
        self,
        targets: list[PollTarget],
        results: list[PollResult],
        ended: list[EndedTask],
        found: LookupResult,
        now: float,
    ) -> None:
        """Log and count what has changed."""
        for target, result in zip(targets, results, strict=True):
            if result.task and result.task.status is not target.status:
                status = result.task.status
                log.debug(
                    "Status changed: task_id=%s status=%s account=%s",
                    result.task_id,
                    status,
                    self._store.account,
                )
        by_id = {target.task_id: target for target in targets}
        for each in ended:
            outcome = each.outcome or "unknown"
            log.info(
                "Task ended: task_id=%s ending=%s outcome=%s account=%s",
                each.task_id,
                each.end_reason,
                outcome,
                self._store.account,
            )
            self._metrics.tasks_ended.labels(each.end_reason).inc()
            if each.end_reason is EndReason.FINISHED:
                delay = detection_delay(by_id[each.task_id], found.tasks.get(each.task_id), now)
                self._metrics.detection_delay.observe(delay)


class StoredTaskCache:
    """The hash of each running task as it was last stored, in memory.

    Most polls show a running task unchanged, so that it need not be stored again. A collision of
    two hashes would only delay the display of a task's progress.
    """

    def __init__(self, max_size: int = MAX_CACHED_TASKS) -> None:
        self._max_size = max_size
        self._hashes: dict[str, int] = {}

    def contains(self, task: Task) -> bool:
        """Whether a running task is as it was last stored."""
        return not task.terminal and self._hashes.get(task.id) == hash(task)

    def update(self, tasks: Iterable[Task]) -> None:
        """Add tasks that were stored; those that have ended are dropped."""
        for task in tasks:
            if task.terminal:
                self._hashes.pop(task.id, None)
            else:
                self._hashes[task.id] = hash(task)
        surplus = max(len(self._hashes) - self._max_size, 0)
        self.discard(list(islice(self._hashes, surplus)))

    def discard(self, ids: Iterable[str]) -> None:
        """Drop tasks, so that they are stored again at their next poll even if unchanged."""
        for each in ids:
            self._hashes.pop(each, None)


def observe_lifetimes(
    planner: Planner, targets: Sequence[PollTarget], found: LookupResult, now: float
) -> None:
    """Record in the planner at which ages these tasks still ran, or ended."""
    for target in targets:
        task = found.tasks.get(target.task_id)
        if target.terminal_since is not None:
            continue  # it has ended before, whatever the relay says now
        if task and not task.terminal:
            planner.observe(target, now, ended=False)
        elif task:
            since = target.polled_at or target.added_at
            ended_at = _reported_end(target, task, now) or (since + now) / 2
            planner.observe(target, ended_at, ended=True)


def detection_delay(target: PollTarget, task: Task | None, now: float) -> float:
    """Return how late an end is detected: after the reported time, else after the last poll."""
    ended_at = task and _reported_end(target, task, now)
    return max(now - (ended_at or target.polled_at or target.added_at), 0.0)


def _reported_end(target: PollTarget, task: Task, now: float) -> float | None:
    """Return when a task ended according to the relay, if that is possible.

    The relay's clock may be wrong: a task cannot have ended before a poll that saw it running.
    """
    since, ended_at = target.polled_at or target.added_at, task.finished_at
    return ended_at if ended_at is not None and since <= ended_at <= now else None
