"""Stored tasks, the result of polling one, and how they are remembered. Times are Unix seconds."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, NamedTuple

from bot.relay.models import Outcome, Task, TaskKind, TaskStatus


class EndReason(StrEnum):
    """Why a task is no longer polled."""

    FINISHED = "finished"
    """The relay said how it ended; its last answer holds the outcome."""
    NOT_FOUND = "not_found"
    """The relay answered, again and again, and does not know the id."""
    GAVE_UP = "gave_up"
    """The relay never said that the task ended, and the deadline is over."""


class PollTarget(NamedTuple):
    """What a poll needs to know of a running task."""

    task_id: str
    kind: TaskKind | None
    hint: TaskKind | None
    """The kind, or what the relay calls it while nothing shows the kind."""
    status: TaskStatus
    known: bool
    """Whether the relay ever named it."""
    known_with_current_key: bool
    """Whether it did so under the address and the key of today."""
    misses: int
    missing_since: float | None
    terminal_since: float | None
    submitted_at: float
    """When it was submitted, as far as the relay can be believed; else when it was added."""
    added_at: float
    polled_at: float | None
    """When the poller last asked for it."""
    next_poll_at: float
    deadline_at: float


class PollResult(NamedTuple):
    """The result of polling one task."""

    task_id: str
    next_poll_at: float
    answer: Task | None = None
    """What the relay said; ``None`` leaves the last answer as it is."""
    named: bool = False
    """Whether the relay named the task, be it with nothing new."""
    misses: int = 0
    missing_since: float | None = None
    terminal_since: float | None = None
    end_reason: EndReason | None = None
    """Set when the watch ends here."""


class EndedTask(NamedTuple):
    """A task that a poll has ended."""

    task_id: str
    end_reason: EndReason
    outcome: Outcome | None
    """How the task itself ended, as far as the relay ever said."""
    deliveries: int
    """How many notices were enqueued for it."""


@dataclass(frozen=True, slots=True)
class DurationStats:
    """How long such tasks took lately, in seconds."""

    median: float
    slow: float
    """Nine of ten took at most this."""


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """A task that has ended, as the relay last described it."""

    id: int
    task: Task
    end_reason: EndReason
    ended_at: float
    """When the watch ended for this server or person (Unix seconds)."""


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Some entries, the newest first."""

    number: int
    """Counted from 0."""
    entries: tuple[HistoryEntry, ...]
    more: bool
    """Whether there is a page after this one."""

    SIZE: ClassVar[int] = 10
    """Entries on a full page."""

    @property
    def first_position(self) -> int:
        """Position of the first entry in all that was found, counted from 1."""
        return self.number * self.SIZE + 1


@dataclass(frozen=True, slots=True)
class HistoryScope:
    """Whose history: a server's, as far as one person may see it, or that person's own."""

    user_id: int
    guild_id: int | None = None
    """``None`` for the person's own."""
    visible: frozenset[int] = frozenset()
    """Channels and threads of the server that the person can see: nothing is shown of others."""
