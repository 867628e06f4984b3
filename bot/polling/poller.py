"""The poller: sends look-ups of due tasks to the relay, and has the results recorded.

Each poll is one batch, chosen only when the rate limit lets it be sent: until then more urgent
tasks may become due. A slow relay delays nothing: the next poll starts meanwhile.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Protocol

from bot.metrics import Metrics
from bot.polling.adaptive.inspection_policy import MAX_WAIT
from bot.polling.backoff import PollBackoff
from bot.polling.recorder import PollRecorder
from bot.polling.schedule import Schedule
from bot.relay.errors import RelayError
from bot.relay.lookup_result import LookupResult
from bot.relay.models import TaskKind
from bot.storage.clock_rollback import Rollback, RollbackDetector
from bot.storage.history import History
from bot.storage.models import PollTarget
from bot.storage.tasks import TaskStore

log = logging.getLogger(__name__)

MAX_CONCURRENT_POLLS = 16
"""Polls under way at most: enough for the full request rate at a relay that takes some seconds."""

SHUTDOWN_TIMEOUT = 3.0
"""Seconds that a stop leaves to the polls under way; a lost result is polled again."""


class TaskLookup(Protocol):
    """What the poller needs of a ``RelayClient``."""

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
        """Return what the relay knows of these ids. Raises ``RelayError``."""

    async def look_up_singly(
        self, ids: Sequence[str], *, kinds: Mapping[str, TaskKind] = ..., proven: bool = ...
    ) -> LookupResult:
        """Request ids that no batch holds on their own. Raises ``RelayError``."""


class Poller:
    """Polls the watched tasks that are due."""

    def __init__(
        self,
        relay: TaskLookup,
        store: TaskStore,
        schedule: Schedule,
        *,
        batch_size: int,
        metrics: Metrics,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._relay = relay
        self._store = store
        self._schedule = schedule
        self._planner = schedule.planner
        self._batch_size = batch_size
        self._metrics = metrics
        self._clock = clock
        self._backoff = PollBackoff(store.account, schedule.interval, schedule.max_response_gap)
        self._recorder = PollRecorder(store, schedule, metrics, clock)
        self._rollbacks = RollbackDetector()
        self._unexpected_error: BaseException | None = None
        self._polls: dict[asyncio.Task[None], set[str]] = {}
        """The polls under way, each with the ids whose result is not recorded yet."""

    async def learn_from_history(self, history: History) -> None:
        """Learn how long earlier tasks took, so that polls can be planned from the start."""
        for kind in TaskKind:
            durations = await history.recent_durations(self._store.account, kind)
            self._planner.learn_durations(kind, durations)

    async def tick(self) -> float | None:
        """Start to poll what is due; return when to continue (Unix seconds), if that is known.

        Raises the unexpected error of an earlier poll.
        """
        if self._unexpected_error is not None:
            error, self._unexpected_error = self._unexpected_error, None
            raise error
        await self._handle_clock_rollback()
        if self._clock() < self._backoff.paused_until:
            return self._backoff.paused_until
        if len(self._polls) >= MAX_CONCURRENT_POLLS:
            return None  # one that ends triggers the next tick
        await self._relay.wait_for_slot()
        now = self._clock()
        due, full = await self._due(now)
        self._planner.adjust_price(due, now, full=full)
        for known in (True, False):  # never in one poll: see ``PollBackoff``
            if targets := [target for target in due if target.known is known]:
                self._start_poll(targets, now)
        return now if full else await self._next_tick_at(now)

    def resume(self) -> None:
        """End every delay after failures: the relay has answered somebody since."""
        if self._backoff.resume(self._clock()):
            self._store.changed.set()

    async def finish(self, shutdown_timeout: float | None = SHUTDOWN_TIMEOUT) -> None:
        """Wait at most ``shutdown_timeout`` seconds for the polls under way, then cancel them."""
        polls = list(self._polls)
        if polls:
            await asyncio.wait(polls, timeout=shutdown_timeout)
        for poll in polls:
            poll.cancel()
        await asyncio.gather(*polls, return_exceptions=True)

    async def abandon(self) -> None:
        """Cancel the polls under way, and forget what was stored: another process goes on."""
        await self.finish(shutdown_timeout=0)
        self._recorder.forget()

    async def _handle_clock_rollback(self) -> None:
        """Bring times that lie too far in the future forward, if the clock may have gone back."""
        now = self._clock()
        rollback = self._rollbacks.check(now, known=await self._recorder.last_answer_at())
        if rollback is Rollback.NONE:
            return
        wait = self._planner.interval
        if rollback is Rollback.SEEN:
            log.warning(
                "Clock set back: running tasks are polled within %g s: account=%s",
                wait,
                self._store.account,
            )
            self._backoff.reset()
        else:
            wait = max(wait, MAX_WAIT)
        await self._store.handle_clock_rollback(
            now, longest_wait=wait, deadline=self._schedule.deadline
        )
        if rollback is Rollback.SEEN:
            self._recorder.reset_clock(now)
        self._rollbacks.mark_handled(now)

    async def _due(self, now: float) -> tuple[list[PollTarget], bool]:
        """Return what to poll now, and whether it fills a batch."""
        busy = self._backoff.deferred(now).union(*self._polls.values())
        due = await self._store.due_tasks(
            now + self._planner.lookahead, self._batch_size, exclude=busy
        )
        last_polled_before = now - self._planner.interval
        due = [
            target
            for target in due
            if target.next_poll_at <= now
            or (target.polled_at or target.added_at) <= last_polled_before
        ]
        return due, len(due) == self._batch_size

    async def _next_tick_at(self, now: float) -> float | None:
        next_poll_at = await self._store.next_poll_at(now)
        times = [at for at in (next_poll_at, self._backoff.deferred_until) if at is not None]
        return min(times, default=None)

    def _start_poll(self, targets: list[PollTarget], sent_at: float) -> None:
        self._metrics.polls.inc()
        self._metrics.polled_tasks.inc(len(targets))
        busy = {target.task_id for target in targets}
        poll = asyncio.create_task(self._poll(targets, sent_at, busy))
        self._polls[poll] = busy
        poll.add_done_callback(self._end_poll)

    def _end_poll(self, poll: asyncio.Task[None]) -> None:
        del self._polls[poll]
        if not poll.cancelled() and (error := poll.exception()):
            self._unexpected_error = error
        self._store.changed.set()

    async def _poll(self, targets: list[PollTarget], sent_at: float, busy: set[str]) -> None:
        """Poll targets, whose ids are ``busy`` until the result is recorded.

        Those that no batch holds are requested singly; that may take as many requests, so nothing
        else waits for it.
        """
        self._recorder.require_store(targets)
        ids = [target.task_id for target in targets]
        kinds = {target.task_id: target.kind for target in targets if target.kind}
        proven = targets[0].known
        lookup = self._relay.look_up(ids, kinds=kinds, singly=False, proven=proven)
        unlisted = await self._record(lookup, targets, sent_at)
        if unlisted:
            ids = [target.task_id for target in unlisted]
            busy.intersection_update(ids)
            lookup = self._relay.look_up_singly(ids, kinds=kinds, proven=proven)
            await self._record(lookup, unlisted, sent_at)

    async def _record(
        self, lookup: Awaitable[LookupResult], targets: list[PollTarget], sent_at: float
    ) -> list[PollTarget]:
        """Record what a look-up finds; return the targets that it left ``unlisted``."""
        try:
            found = await lookup
        except RelayError as error:
            now = self._clock()
            if self._backoff.is_relay_failure(error, targets, now):
                self._backoff.record_failure(error, targets, sent_at, now)
                return []
            found = LookupResult(failed={target.task_id: error for target in targets})
        unlisted = await self._recorder.record(
            targets, found, sent_at, after_failure=self._backoff.failures > 0
        )
        self._backoff.record_success(targets)
        return unlisted
