"""Decides when a task is polled next, and when its watch ends. Pure: ``now`` is passed in.

All times are Unix seconds, all spans seconds.
"""

from dataclasses import dataclass

from bot.polling.adaptive.planner import Planner
from bot.relay.models import Task, submission_time, supersedes
from bot.storage.models import EndReason, PollResult, PollTarget

MIN_MISSES = 3
"""Polls in which a task must be missing before it counts as not found."""

MISSING_TASK_TIMEOUT = 1800.0
"""Seconds for which a task may be missing that the relay has named before."""

MISSING_AUDIO_TIMEOUT = 300.0
"""Seconds for which a finished song may still lack a permanent link."""

UNREADABLE_RETRY_DELAY = 60.0
"""Seconds until a task is polled again whose own response could not be read."""

OUTAGE_THRESHOLD = 60.0
"""Seconds by which a gap between two answers must exceed the bot's own pauses to be an outage,
which extends the deadlines."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The rules by which a poll of a task leads to the next one, or to the end of its watch."""

    planner: Planner
    deadline: float
    """Seconds that a watch may last."""

    @property
    def interval(self) -> float:
        """Seconds between two polls of a task, where the request budget allows."""
        return self.planner.interval

    @property
    def max_response_gap(self) -> float:
        """Seconds between two answers of a relay that works; more than that is an outage."""
        return max(self.interval, UNREADABLE_RETRY_DELAY) + OUTAGE_THRESHOLD

    def after_found(self, target: PollTarget, task: Task, now: float) -> PollResult:
        """Return what follows from a response that names this task."""
        terminal_since = target.terminal_since
        ended_before = terminal_since is not None
        if task.terminal and terminal_since is None:
            terminal_since = now
        settled = task.settled or (
            terminal_since is not None and now - terminal_since >= MISSING_AUDIO_TIMEOUT
        )
        end_reason = EndReason.FINISHED if terminal_since is not None and settled else None
        wait = self.interval
        if terminal_since is None:
            expected_kind = task.kind or task.claimed_kind or target.expected_kind
            wait = self.planner.wait(expected_kind, now - target.submitted_at)
        return PollResult(
            target.task_id,
            next_poll_at=now + wait,
            task=task if supersedes(task, target.status, ended=ended_before) else None,
            found=True,
            terminal_since=terminal_since,
            end_reason=end_reason or self._deadline(target, now),
        )

    def after_unchanged(self, target: PollTarget, now: float) -> PollResult:
        """Return what follows from a response that names an unchanged running task."""
        return PollResult(
            target.task_id,
            next_poll_at=now + self.planner.wait(target.expected_kind, now - target.submitted_at),
            found=True,
            terminal_since=target.terminal_since,
            end_reason=self._deadline(target, now),
        )

    def first_poll_at(self, task: Task, now: float) -> float:
        """Return when to poll a task first whose state a person is shown now."""
        kind = task.kind or task.claimed_kind
        return now + self.planner.wait(kind, now - submission_time(task, now))

    def after_miss(
        self, target: PollTarget, now: float, *, is_inconclusive: bool = False
    ) -> PollResult:
        """Return what follows from a response that does not name this task.

        ``is_inconclusive``: the response does not show that the task is gone. Then the time for
        which it is missing does not count, but the deadline still applies.
        """
        missing_since = None if is_inconclusive else target.missing_since
        missing_since = now if missing_since is None else missing_since
        misses = target.misses + 1
        end_reason = None
        if target.terminal_since is not None:
            end_reason = EndReason.FINISHED
        elif misses >= MIN_MISSES and (
            not target.known or now - missing_since >= MISSING_TASK_TIMEOUT
        ):
            end_reason = EndReason.NOT_FOUND
        return PollResult(
            target.task_id,
            next_poll_at=now + self.interval,
            misses=misses,
            missing_since=missing_since,
            terminal_since=target.terminal_since,
            end_reason=end_reason or self._deadline(target, now),
        )

    def after_unreadable(self, target: PollTarget, now: float) -> PollResult:
        """Return what follows where only the response about this task could not be read."""
        return PollResult(
            target.task_id,
            next_poll_at=now + max(self.interval, UNREADABLE_RETRY_DELAY),
            misses=target.misses,
            missing_since=target.missing_since,
            terminal_since=target.terminal_since,
            end_reason=self._deadline(target, now),
        )

    @staticmethod
    def _deadline(target: PollTarget, now: float) -> EndReason | None:
        if now < target.deadline_at:
            return None
        return EndReason.GAVE_UP if target.terminal_since is None else EndReason.FINISHED


def extend_deadlines(target: PollTarget, outage: float, now: float) -> PollTarget:
    """Extend the deadlines of a watch by an outage of the relay that ends ``now``.

    A period that began during the outage is extended only by the part after its begin.
    """

    def later(since: float | None) -> float | None:
        return since and since + now - max(now - outage, since)

    return target._replace(
        deadline_at=target.deadline_at + now - max(now - outage, target.added_at),
        missing_since=later(target.missing_since),
        terminal_since=later(target.terminal_since),
    )
