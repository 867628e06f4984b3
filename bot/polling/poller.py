"""Due tasks → relay → store: looks at the tasks whose time has come.

Each look is one batch, chosen only when the relay may be asked: until then more urgent tasks may
come due. A relay that answers slowly holds up nothing: the next look begins meanwhile.
"""

import asyncio
import logging
import math
import sqlite3
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple, Protocol

from bot.metrics import Metrics
from bot.polling.absences import MissingTaskMonitor
from bot.polling.adaptive.inspection_policy import MAX_WAIT
from bot.polling.deferral import LONGEST_PAUSE, DeferredTasks
from bot.polling.detection import detection_delay, learn
from bot.polling.last_answers import LastAnswerCache
from bot.polling.schedule import Schedule, extend_deadlines
from bot.relay.errors import EndpointNotFoundError, ErrorKind, RelayError
from bot.relay.lookup_result import LookupResult
from bot.relay.models import Task, TaskKind
from bot.storage.clock_rollback import Rollback, RollbackDetector
from bot.storage.errors import DatabaseUnusable
from bot.storage.history import History
from bot.storage.models import EndedTask, EndReason, PollResult, PollTarget
from bot.storage.tasks import TaskStore

log = logging.getLogger(__name__)

MAX_CONCURRENT_POLLS = 16
"""How many looks may be under way: a relay that takes some seconds still gets its whole pace."""

SHUTDOWN_TIMEOUT = 3.0
"""Seconds that a stop leaves to the looks under way; what they would show is seen again."""


class TaskLookup(Protocol):
    """What the poller asks: a ``RelayClient``."""

    async def wait_for_slot(self) -> None:
        """Wait until the next look-up may be sent at once."""

    async def look_up(
        self,
        ids: Collection[str],
        *,
        kinds: Mapping[str, TaskKind] = ...,
        singly: bool = ...,
        proven: bool = ...,
    ) -> LookupResult:
        """Ask what the relay knows of these ids; raise ``RelayError``."""

    async def look_up_singly(
        self, ids: Sequence[str], *, kinds: Mapping[str, TaskKind] = ..., proven: bool = ...
    ) -> LookupResult:
        """Ask on their own for ids that no batch holds; raise ``RelayError``."""


class Outage(NamedTuple):
    """The last time for which nobody could ask. Unix seconds, and seconds."""

    ended_at: float = -math.inf
    lasted: float = 0.0


class Poller:
    """Looks at what is watched, and keeps what it saw."""

    def __init__(
        self,
        relay: TaskLookup,
        store: TaskStore,
        schedule: Schedule,
        *,
        batch_size: int,
        clock: Callable[[], float] = time.time,
        metrics: Metrics | None = None,
    ) -> None:
        self._relay = relay
        self._store = store
        self._schedule = schedule
        self._planner = schedule.planner
        self._batch_size = batch_size
        self._clock = clock
        self._metrics = metrics or Metrics()
        for end_reason in EndReason:
            self._metrics.tasks_ended.labels(end_reason)
        self._failures = 0
        self._paused_until = 0.0
        self._strangers = DeferredTasks()
        self._good_at: float | None = None
        """When the relay last answered anybody well."""
        self._fault: BaseException | None = None
        self._rollbacks = RollbackDetector()
        self._answered_at: float | None = None
        self._outage = Outage()
        self._keeping = asyncio.Lock()
        self._last_answers = LastAnswerCache()
        self._absences = MissingTaskMonitor()
        self._under_way: dict[asyncio.Task[None], set[str]] = {}

    async def learn_from_history(self, history: History) -> None:
        """Take in how long tasks took before, so that looks can be planned from the start."""
        for kind in TaskKind:
            self._planner.learn_durations(kind, await history.recent_durations(kind))

    async def tick(self) -> float | None:
        """Begin to look at what is due; return when to go on (Unix seconds), if at all.

        Raises what went wrong in a look that nobody expected.
        """
        if self._fault is not None:
            fault, self._fault = self._fault, None
            raise fault
        await self._handle_clock_rollback()
        if self._clock() < self._paused_until:
            return self._paused_until
        if len(self._under_way) >= MAX_CONCURRENT_POLLS:
            return None  # one that is done wakes the next round
        await self._relay.wait_for_slot()
        now = self._clock()
        due, full = await self._due(now)
        self._planner.adjust_price(due, now, full=full)
        for known in (True, False):  # never together: see ``_pause``
            if part := [watched for watched in due if watched.known is known]:
                self._begin(part, now)
        return now if full else await self._next_tick_at(now)

    def resume(self) -> None:
        """End the pause after a failed look: the relay has answered somebody since."""
        self._good_at = self._clock()
        if self._paused_until or self._strangers.ids:
            self._paused_until = 0.0
            self._strangers.end()
            self._store.changed.set()

    async def finish(self, shutdown_timeout: float | None = SHUTDOWN_TIMEOUT) -> None:
        """Wait for the looks under way, at most ``shutdown_timeout`` seconds; then leave them."""
        looks = list(self._under_way)
        if looks:
            await asyncio.wait(looks, timeout=shutdown_timeout)
        for look in looks:
            look.cancel()
        await asyncio.gather(*looks, return_exceptions=True)

    async def _handle_clock_rollback(self) -> None:
        """Wait for nothing that is due at a time which comes an hour later than was meant."""
        now = self._clock()
        if self._answered_at is None:
            self._answered_at = await self._store.last_answer_at()
        rollback = self._rollbacks.check(now, known=self._answered_at)
        if rollback is Rollback.NONE:
            return
        wait = self._planner.interval
        if rollback is Rollback.SEEN:
            log.warning("Clock set back: running tasks are looked at within %g s", wait)
            self._paused_until, self._answered_at, self._good_at = 0.0, now, None
            self._outage = Outage()
            self._strangers.end()
        else:
            wait = max(wait, MAX_WAIT)
        await self._store.handle_clock_rollback(
            now, longest_wait=wait, deadline=self._schedule.deadline
        )

    async def _due(self, now: float) -> tuple[list[PollTarget], bool]:
        """Return what to look at now, and whether that is all that fits in a batch."""
        busy = self._strangers.now(now).union(*self._under_way.values())
        due = await self._store.due_tasks(
            now + self._planner.lookahead, self._batch_size, exclude=busy
        )
        rested = now - self._planner.interval
        due = [
            watched
            for watched in due
            if watched.next_poll_at <= now or (watched.polled_at or watched.added_at) <= rested
        ]
        return due, len(due) == self._batch_size

    async def _next_tick_at(self, now: float) -> float | None:
        due_at = await self._store.next_poll_at(now)
        if self._strangers.ids:
            due_at = min(due_at or self._strangers.until, self._strangers.until)
        return due_at

    def _begin(self, due: list[PollTarget], asked_at: float) -> None:
        self._metrics.polls.inc()
        self._metrics.polled_tasks.inc(len(due))
        busy = {watched.task_id for watched in due}
        look = asyncio.create_task(self._look(due, asked_at, busy))
        self._under_way[look] = busy
        look.add_done_callback(self._finished)

    def _finished(self, look: asyncio.Task[None]) -> None:
        del self._under_way[look]
        if not look.cancelled() and (error := look.exception()):
            self._fault = error
        self._store.changed.set()

    async def _look(self, due: list[PollTarget], asked_at: float, busy: set[str]) -> None:
        """Look at tasks, whose ids are ``busy`` until what became of them is kept.

        Those that no batch holds are asked for on their own; that may take as many requests, so
        nothing else waits for it.
        """
        ids = [watched.task_id for watched in due]
        kinds = {watched.task_id: watched.kind for watched in due if watched.kind}
        self._last_answers.forget(w.task_id for w in due if _is_stored_anyway(w))
        proven = due[0].known
        look_up = self._relay.look_up(ids, kinds=kinds, singly=False, proven=proven)
        unlisted = await self._ask(look_up, due, asked_at)
        if unlisted:
            ids = [watched.task_id for watched in unlisted]
            busy.intersection_update(ids)
            look_up = self._relay.look_up_singly(ids, kinds=kinds, proven=proven)
            await self._ask(look_up, unlisted, asked_at)

    async def _ask(
        self, look_up: Awaitable[LookupResult], due: list[PollTarget], asked_at: float
    ) -> list[PollTarget]:
        """Keep what a look-up of tasks finds; return those that it left ``unlisted``."""
        try:
            found = await look_up
        except RelayError as error:
            if not (_is_about_the_ids(error) or self._is_about_strangers(error, due)):
                self._pause(error, due, asked_at)
                return []
            found = LookupResult(failed={watched.task_id: error for watched in due})
        async with self._keeping:
            unlisted = await self._keep(due, found, asked_at, self._clock())
        if due[0].known:
            self._failures = 0
        return unlisted

    async def _keep(
        self, due: list[PollTarget], found: LookupResult, asked_at: float, now: float
    ) -> list[PollTarget]:
        if self._answered_at is None:
            self._answered_at = await self._store.last_answer_at()
        silence = await self._silence(now)
        outage = silence if silence > self._schedule.max_response_gap else 0.0
        if outage:
            if self._failures:
                log.info("The relay answers again after %.0f s; deadlines stood still", silence)
            self._outage = Outage(now, silence)
        if outage or asked_at < self._outage.ended_at:  # read before its end was recorded
            due = [
                extend_deadlines(each, self._outage.lasted, self._outage.ended_at) for each in due
            ]
        unlisted = [watched for watched in due if watched.task_id in found.unlisted]
        due = [watched for watched in due if watched.task_id not in found.unlisted]
        learn(self._planner, due, found, now)
        self._absences.note(due, found, now)
        observations = [self._observe(watched, found, now) for watched in due]
        ended = await self._record(observations, asked_at, now, outage)
        self._last_answers.note(each.answer for each in observations if each.answer)
        self._answered_at = now
        for watched, seen in zip(due, observations, strict=True):
            if seen.answer and seen.answer.status is not watched.status:
                log.debug("Status changed: task_id=%s status=%s", seen.task_id, seen.answer.status)
        watches = {watched.task_id: watched for watched in due}
        for each in ended:
            self._tell(each, watches[each.task_id], found.tasks.get(each.task_id), now)
        return unlisted

    async def _silence(self, now: float) -> float:
        """Return for how long the relay has not answered although it was to be asked.

        That no look was due for a while, for they are dear now or nothing ran, is no silence. A
        clock that is set forward makes one.
        """
        silence = now - (self._answered_at or 0.0)
        if silence <= self._schedule.max_response_gap:
            return silence
        due_since = await self._store.next_poll_at()
        return min(silence, now - due_since) if due_since is not None else 0.0

    async def _record(
        self, seen: list[PollResult], asked_at: float, now: float, outage: float
    ) -> list[EndedTask]:
        """Keep all at once; should one of them not let itself be kept, then at least the others."""
        try:
            return await self._store.record(seen, now, asked_at=asked_at, outage=outage)
        except (sqlite3.OperationalError, DatabaseUnusable):  # the disk, not one of them
            raise
        except Exception:
            for each in seen if len(seen) > 1 else ():
                with suppress(Exception):
                    await self._store.record([each], now, asked_at=asked_at, outage=outage)
                    outage = 0.0
            raise

    def _tell(self, ended: EndedTask, watched: PollTarget, answer: Task | None, now: float) -> None:
        """Tell the log and the figures that a watch has ended, and how its task did."""
        log.info(
            "Task ended: task_id=%s ending=%s outcome=%s",
            ended.task_id,
            ended.end_reason,
            ended.outcome or "unknown",
        )
        self._metrics.tasks_ended.labels(ended.end_reason).inc()
        if ended.end_reason is EndReason.FINISHED:
            self._metrics.detection_delay.observe(detection_delay(watched, answer, now))

    def _is_about_strangers(self, error: RelayError, due: list[PollTarget]) -> bool:
        """Whether the relay fails for ids that it never named, while it answers others."""
        if due[0].known or self._good_at is None or error.kind is ErrorKind.RATE_LIMIT:
            return False
        return self._clock() - self._good_at <= self._schedule.max_response_gap

    def _pause(self, error: RelayError, due: list[PollTarget], asked_at: float) -> None:
        """Ask nothing for a while; the client says in the log what is wrong.

        Looks that were under way together fail together: that is one failure. Ids that the relay
        never named are put off alone: somebody may have typed one that brings the failure about.
        """
        if not due[0].known and error.kind is not ErrorKind.RATE_LIMIT:
            pause = self._strangers.add(due, self._clock(), self._schedule.interval)
            log.debug("No look at %d unknown ids for %.1f s: %s", len(due), pause, error)
            return
        if asked_at < self._paused_until:
            return
        self._failures += 1
        growing = self._schedule.interval * 2 ** min(self._failures - 1, 10)
        pause = error.retry_after or min(growing, LONGEST_PAUSE)
        log.debug("No look for %.1f s: %s", pause, error)
        self._paused_until = self._clock() + pause

    def _observe(self, watched: PollTarget, found: LookupResult, now: float) -> PollResult:
        answer = found.tasks.get(watched.task_id)
        if answer is not None and self._last_answers.repeats(answer):
            return self._schedule.after_unchanged(watched, now)
        if answer is not None:
            return self._schedule.after_answer(watched, answer, now)
        if watched.task_id in found.failed:
            return self._schedule.after_unreadable(watched, now)
        return self._schedule.after_miss(watched, now, waits=self._absences.waits(watched))


def _is_stored_anyway(watched: PollTarget) -> bool:
    """Whether the relay's answer is stored even if it says what it said before.

    It does for a task that is watched anew since, and for one that the relay called done already.
    """
    return not watched.known or watched.polled_at is None or watched.terminal_since is not None


def _is_about_the_ids(error: RelayError) -> bool:
    """Whether the relay did answer, and may have refused what it was asked for.

    That is no outage. A relay that has not shown a task yet may have meant the path as well
    (NoSuchPathError): a watch of which nothing else is known then ends at its deadline.
    """
    if isinstance(error, EndpointNotFoundError):
        return not error.certain
    return error.kind is ErrorKind.BAD_REQUEST and error.retry_after is None
