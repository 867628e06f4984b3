"""What follows from a look at a task, and when to give up. Pure: ``now`` is an argument.

All times are Unix seconds, all spans seconds.
"""

from dataclasses import dataclass

from bot.polling.adaptive.planner import Planner
from bot.relay.models import Task, submission_time, supersedes
from bot.storage.models import EndReason, PollResult, PollTarget

MAX_LOOKUPS_OF_UNPROVEN = 3
"""How often a relay is asked about an id that it never knew."""

MISSING_TASK_TIMEOUT = 1800.0
"""How long a task may be missing that the relay did know before."""

MISSING_AUDIO_TIMEOUT = 300.0
"""How long a song that is said to be done may still lack a link that lasts."""

UNREADABLE_RETRY_DELAY = 60.0
"""When to look again at a task whose own answer could not be read."""

OUTAGE_THRESHOLD = 60.0
"""How much longer than our own pauses a gap between two answers of a relay has to be, so that it
stops the deadlines."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """``planner`` says when to look at what runs, ``deadline`` how long a watch may last."""

    planner: Planner
    deadline: float

    @property
    def interval(self) -> float:
        """How long between two looks at a task, when the budget allows."""
        return self.planner.interval

    @property
    def max_response_gap(self) -> float:
        """How long a relay that is asked in time may seem silent; more than that is an outage."""
        return max(self.interval, UNREADABLE_RETRY_DELAY) + OUTAGE_THRESHOLD

    def after_answer(self, watched: PollTarget, answer: Task, now: float) -> PollResult:
        """Say what follows from an answer of the relay about this task."""
        terminal_since = watched.terminal_since
        ended_before = terminal_since is not None
        if answer.terminal and terminal_since is None:
            terminal_since = now
        settled = answer.settled or (
            terminal_since is not None and now - terminal_since >= MISSING_AUDIO_TIMEOUT
        )
        end_reason = EndReason.FINISHED if terminal_since is not None and settled else None
        wait = self.interval
        if terminal_since is None:
            hint = answer.kind or answer.claimed_kind or watched.hint
            wait = self.planner.wait(hint, now - watched.submitted_at)
        return PollResult(
            watched.task_id,
            next_poll_at=now + wait,
            answer=answer if supersedes(answer, watched.status, ended=ended_before) else None,
            named=True,
            terminal_since=terminal_since,
            end_reason=end_reason or self._deadline(watched, now),
        )

    def after_unchanged(self, watched: PollTarget, now: float) -> PollResult:
        """Say what follows when the relay said of a running task what it had said before."""
        return PollResult(
            watched.task_id,
            next_poll_at=now + self.planner.wait(watched.hint, now - watched.submitted_at),
            named=True,
            terminal_since=watched.terminal_since,
            end_reason=self._deadline(watched, now),
        )

    def first_poll_at(self, task: Task, now: float) -> float:
        """Say when to look at a task that a person is told about now."""
        kind = task.kind or task.claimed_kind
        return now + self.planner.wait(kind, now - submission_time(task, now))

    def after_miss(self, watched: PollTarget, now: float, *, waits: bool = False) -> PollResult:
        """Say what follows when the relay answered and did not name this task.

        ``waits``: that says nothing of the task; then the time for which it is missing stands
        still, while the deadline comes nearer.
        """
        missing_since = now if waits or watched.missing_since is None else watched.missing_since
        misses = watched.misses + 1
        end_reason = None
        if watched.terminal_since is not None:
            end_reason = EndReason.FINISHED
        elif misses >= MAX_LOOKUPS_OF_UNPROVEN and (
            not watched.known or now - missing_since >= MISSING_TASK_TIMEOUT
        ):
            end_reason = EndReason.NOT_FOUND
        return PollResult(
            watched.task_id,
            next_poll_at=now + self.interval,
            misses=misses,
            missing_since=missing_since,
            terminal_since=watched.terminal_since,
            end_reason=end_reason or self._deadline(watched, now),
        )

    def after_unreadable(self, watched: PollTarget, now: float) -> PollResult:
        """Say what follows when only the answer about this task could not be read."""
        return PollResult(
            watched.task_id,
            next_poll_at=now + max(self.interval, UNREADABLE_RETRY_DELAY),
            misses=watched.misses,
            missing_since=watched.missing_since,
            terminal_since=watched.terminal_since,
            end_reason=self._deadline(watched, now),
        )

    @staticmethod
    def _deadline(watched: PollTarget, now: float) -> EndReason | None:
        if now < watched.deadline_at:
            return None
        return EndReason.GAVE_UP if watched.terminal_since is None else EndReason.FINISHED


def extend_deadlines(watched: PollTarget, silence: float, now: float) -> PollTarget:
    """Give a watch back the seconds until ``now`` in which the relay could not be asked.

    What began meanwhile gains only the part after that.
    """

    def later(since: float | None) -> float | None:
        return since and since + now - max(now - silence, since)

    return watched._replace(
        deadline_at=watched.deadline_at + now - max(now - silence, watched.added_at),
        missing_since=later(watched.missing_since),
        terminal_since=later(watched.terminal_since),
    )
