"""The tasks that are watched, and who watches them where.

A task is ``running``, then ``ended``; the transaction that ends it enqueues its notices.
Whatever a method writes is on disk when it returns. The SQL of one watch is in ``watches``,
that of a poll in ``poll_results``.
"""

from collections.abc import Collection, Iterable
from contextlib import suppress
from typing import cast

from bot.relay.models import Task
from bot.storage import poll_results
from bot.storage.account_rows import account_exists, last_answer_key, require_account
from bot.storage.clock_rollback import clamp_times
from bot.storage.creation_rows import is_pending_id, require_pending_on_card
from bot.storage.database import DatabaseThread
from bot.storage.engine import Connection
from bot.storage.errors import BadTaskId
from bot.storage.key_value import read_value, write_value
from bot.storage.limits import (
    DEFAULT_LIMITS,
    WatchLimits,
    adds_message,
    charge_message,
    charge_user,
    enforce_watch_limits,
    is_known_running,
)
from bot.storage.models import (
    EndedTask,
    EndReason,
    PollResult,
    PollTarget,
    TaskKey,
    WatchRequest,
)
from bot.storage.outbox import Outbox
from bot.storage.poll_results import PollContext
from bot.storage.task_rows import (
    TaskTimes,
    start_task,
)
from bot.storage.watch_groups import collected_tasks
from bot.storage.watches import (
    JoinedNotice,
    NewWatch,
    NoticeProgress,
    insert_watch,
    join_notice,
)


class TaskStore:
    """The tasks of one account, and who watches them."""

    def __init__(
        self,
        database: DatabaseThread,
        outbox: Outbox,
        account: str,
        limits: WatchLimits = DEFAULT_LIMITS,
        *,
        fingerprint: str = "",
    ) -> None:
        """``fingerprint``: of the address and the key under which the relay is asked."""
        self.account = account
        self._database = database
        self._outbox = outbox
        self.fingerprint = fingerprint
        self._limits = limits
        self._last_answer_key = last_answer_key(account)
        self.changed = database.hint(f"tasks {account}")
        """Set when a poll may have become due sooner. A hint: the rows are the truth."""

    # For people

    async def add_watch(
        self,
        task: Task,
        request: WatchRequest,
        now: float,
        *,
        known: bool,
        deadline: float,
        poll_at: float | None = None,
    ) -> bool | JoinedNotice:
        """Watch ``task`` for a person in a channel; return whether the watch is new.

        If the task has finished, and its notice is unposted or was posted within ten minutes, the
        person joins the notice instead. ``known``: whether the relay knows the task. ``deadline``:
        for how many seconds it is polled. ``poll_at``: when to poll it first; ``None``: now. Raises
        the ``WatchError`` of a limit that is reached, and stores nothing then.
        """
        watch = NewWatch(self.account, task.id, request, now)
        user_id, destination = request.user_id, request.destination
        most = self._limits.watchers_per_destination

        def add(db: Connection) -> bool | JoinedNotice:
            require_account(db, self.account)
            if joined := join_notice(db, watch, most):
                return joined
            is_pending = is_pending_id(task.id)
            if is_pending:
                require_pending_on_card(db, TaskKey(*watch[:2]), destination.channel_id)
            free = is_known_running(db, self.account, task.id, known=known) or not adds_message(
                db, self.account, task.id, destination, request.group.id
            )
            times = TaskTimes(now, now if poll_at is None else poll_at, now + deadline)
            if not is_pending:
                start_task(db, self.account, self.fingerprint, task, times, known=known)
            is_new = insert_watch(db, watch, most)
            if is_new:
                enforce_watch_limits(db, user_id, destination, self._limits, request.member_limit)
            if not free:
                charge_user(db, user_id, destination, now, self._limits)
            return is_new

        added = await self._database.run(add)
        self.changed.set()
        return added

    async def add_finished(
        self, task: Task, request: WatchRequest, now: float
    ) -> JoinedNotice | None:
        """Enqueue the notice of a task that has ended already, or collect it for its group.

        If a notice exists already, the person joins it as in ``add_watch``; returns ``None`` for a
        new notice that is due. The group stays open until ``close_group``. Raises
        ``TooManyMessages`` and ``TooManyWatchers``; the limits on running watches do not apply.
        """
        watch = NewWatch(self.account, task.id, request, now)
        user_id, destination, group_id = request.user_id, request.destination, request.group.id
        most = self._limits.watchers_per_destination

        def add(db: Connection) -> JoinedNotice | None:
            require_account(db, self.account)
            if joined := join_notice(db, watch, most):
                return joined
            if is_pending_id(task.id):
                raise BadTaskId
            if adds_message(db, self.account, task.id, destination, group_id):
                charge_message(db, user_id, destination, now, self._limits)
            times = TaskTimes(now, now, now)
            start_task(db, self.account, self.fingerprint, task, times, known=True)
            insert_watch(db, watch, most)
            result = PollResult(task.id, next_poll_at=now, task=task, end_reason=EndReason.FINISHED)
            context = self._context(now, now)._replace(open_group=group_id)
            poll_results.record(db, context, [result])
            key = TaskKey(self.account, task.id)
            waiting = key in collected_tasks(db, user_id, destination.channel_id)
            return JoinedNotice(NoticeProgress.COLLECTING) if waiting else None

        joined = await self._database.run(add)
        self._outbox.changed.set()
        return joined

    async def join_notice(
        self, task_id: str, request: WatchRequest, now: float
    ) -> JoinedNotice | None:
        """Join a person to the existing notice of a finished task, if there is one."""
        watch = NewWatch(self.account, task_id, request, now)
        most = self._limits.watchers_per_destination
        return await self._database.run(lambda db: join_notice(db, watch, most))

    # For the poller

    async def due_tasks(
        self, now: float, limit: int, *, exclude: Collection[str] = ()
    ) -> list[PollTarget]:
        """Return the running tasks whose next poll is due, the longest overdue first.

        ``exclude``: ids of tasks that are left out.
        """
        return await self._database.view(
            lambda db: poll_results.read_due(
                db, self.account, self.fingerprint, now, limit, exclude
            )
        )

    async def handle_clock_rollback(
        self, now: float, *, longest_wait: float, deadline: float
    ) -> None:
        """Let no task wait, or count, for a time that comes twice: the clock was set back.

        ``longest_wait`` is until the next poll of a task, ``deadline`` how long a watch may last
        (seconds).
        """
        past = ("polled_at", "changed_at", "missing_since", "terminal_since", "submitted_at")
        latest = {"next_poll_at": now + longest_wait, "deadline_at": now + deadline}
        latest |= dict.fromkeys((*past, "added_at"), now)

        def clamp(db: Connection) -> None:
            running = "account = ? AND state = 'running'"
            clamp_times(db, "tasks", running, [self.account], latest)
            clamp_times(db, "tasks", "state = 'ended'", [], {"ended_at": now})
            if (_as_time(read_value(db, self._last_answer_key)) or 0.0) > now:
                write_value(db, self._last_answer_key, str(now))

        await self._database.run(clamp)

    async def next_poll_at(self, after: float = 0.0) -> float | None:
        """Return the first time after ``after`` when a poll is due, ``None`` if there is none."""
        rows = await self._database.read(
            "SELECT min(next_poll_at) AS at FROM tasks"
            " WHERE account = ? AND state = 'running' AND next_poll_at > ?",
            [self.account, after],
        )
        return cast("float | None", rows[0]["at"])

    async def last_answer_at(self) -> float | None:
        """Return when the relay last answered a poll (Unix seconds)."""
        return _as_time(await self._database.view(lambda db: read_value(db, self._last_answer_key)))

    async def record(
        self,
        results: Iterable[PollResult],
        now: float,
        *,
        sent_at: float | None = None,
        outage: float = 0.0,
    ) -> list[EndedTask]:
        """Store the results of a poll, and enqueue the notices of the tasks that it ended.

        All in one transaction: a task is never ended without its deliveries, nor twice.
        ``sent_at``: when the polled tasks were read, by default ``now``;
        watches that were added later are not ended by it, unless their task itself has ended.
        ``outage`` is how long nobody could ask until ``now``: every deadline moves by these seconds
        (compare ``schedule.extend_deadlines``). Nothing is stored about an account that was
        disconnected meanwhile: its tasks have ended.
        """
        results = list(results)
        context = self._context(now if sent_at is None else sent_at, now)

        def record(db: Connection) -> list[EndedTask]:
            if not account_exists(db, self.account):
                return []
            write_value(db, self._last_answer_key, str(now))
            return poll_results.record(db, context, results, outage=outage)

        ended = await self._database.run(record)
        if any(each.deliveries for each in ended):
            self._outbox.changed.set()
        return ended

    def _context(self, sent_at: float, now: float) -> PollContext:
        return PollContext(self.account, self.fingerprint, sent_at, now)


def _as_time(stored: str | None) -> float | None:
    """Return a stored time (Unix seconds), ``None`` for one that is missing or unreadable."""
    with suppress(ValueError):
        return float(stored) if stored else None
    return None
