"""Values of stored tasks, poll results and history entries. Times are Unix seconds."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, NamedTuple

from bot.relay.models import Outcome, Task, TaskKind, TaskStatus


class EndReason(StrEnum):
    """Why a task is no longer polled."""

    FINISHED = "finished"
    """The relay reported the end; the stored task holds the outcome."""
    NOT_FOUND = "not_found"
    """The relay answered repeatedly without knowing the id."""
    GAVE_UP = "gave_up"
    """The relay reported no end before the deadline."""
    DISCONNECTED = "disconnected"
    """The relay account that knew it was disconnected."""
    REJECTED = "rejected"
    """It was to be created, and nothing was created or charged."""
    UNCONFIRMED = "unconfirmed"
    """It was to be created, and no answer says whether it was: it may be charged."""


class TaskKey(NamedTuple):
    """What identifies a task: the relay account that knows it, and its id there."""

    account: str
    task_id: str


class PollTarget(NamedTuple):
    """A running task, as far as a poll needs to know it."""

    task_id: str
    kind: TaskKind | None
    expected_kind: TaskKind | None
    """The kind, or the one that the relay claims as long as no result shows it."""
    status: TaskStatus
    known: bool
    """Whether the relay ever reported it."""
    known_with_current_key: bool
    """Whether it did so under the current address and API key."""
    misses: int
    missing_since: float | None
    terminal_since: float | None
    submitted_at: float
    """When it was submitted, if the relay reports a plausible time; else when it was added."""
    added_at: float
    polled_at: float | None
    """When it was last polled."""
    next_poll_at: float
    deadline_at: float


class PollResult(NamedTuple):
    """The result of polling one task."""

    task_id: str
    next_poll_at: float
    task: Task | None = None
    """The task as the relay described it; ``None`` keeps the stored description."""
    found: bool = False
    """Whether the relay's response contained the task, with news or without."""
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
    """How the task itself ended, if the relay ever reported it."""
    deliveries: int
    """How many notices were enqueued for it."""


@dataclass(frozen=True, slots=True)
class DurationStats:
    """How long such tasks took lately, in seconds."""

    median: float
    slow: float
    """Nine of ten took at most this."""


@dataclass(frozen=True, slots=True)
class RecentTask:
    """A task that a person has watched lately, as far as a suggestion shows it."""

    id: str
    title: str
    """Empty where none is known."""
    end_reason: EndReason | None
    """``None`` while the task is running."""
    outcome: Outcome | None
    since: float
    """When it ended; when the person began to watch it, if it is running (Unix seconds)."""


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """A task that has ended, as the relay last described it."""

    id: int
    task: Task
    end_reason: EndReason
    ended_at: float
    """When the watch ended for this server or person (Unix seconds)."""


@dataclass(frozen=True, slots=True)
class PostedNotice:
    """Where the message about a task is."""

    guild_id: int | None
    """``None`` for a direct message."""
    channel_id: int
    """Its channel, thread or post."""
    message_id: int


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
