"""What the store keeps, as frozen values. All times are Unix seconds."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from bot.relay.models import Outcome, Task, TaskKind, TaskStatus


class EndReason(StrEnum):
    """Why a task is no longer looked at."""

    FINISHED = "finished"
    """The relay said how it ended; its last answer holds the outcome."""
    NOT_FOUND = "not_found"
    """The relay answered, again and again, and does not know the id."""
    GAVE_UP = "gave_up"
    """The relay never said that the task ended, and the deadline is over."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a notice is to appear: a channel, a thread or a direct message."""

    channel_id: int
    guild_id: int | None = None
    """``None`` in a direct message."""
    locale: str = "en-US"
    """The language spoken there, as Discord names it."""


# The two that come by the hundred with every look are named tuples, made in a fifth of the time.


class PollTarget(NamedTuple):
    """What a look at a running task has to know of it."""

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
    """When the background last looked at it."""
    next_poll_at: float
    deadline_at: float


class PollResult(NamedTuple):
    """What became of one watched task at one look."""

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
    """A task whose watch a look has ended."""

    task_id: str
    end_reason: EndReason
    outcome: Outcome | None
    """How the task itself ended, as far as the relay ever said."""
    deliveries: int
    """How many messages are owed for it."""


@dataclass(frozen=True, slots=True)
class Watch:
    """One watch of one person, as ``/suno list`` shows it."""

    task: Task
    channel_id: int
    created_at: float
    polled_at: float | None
    known: bool
    """Whether the relay has ever returned the task; if not, ``task`` is the id alone."""


class MessageFormat(StrEnum):
    """How much of a notice Discord did not refuse so far."""

    FULL = "full"
    SIMPLE = "simple"
    """Without pictures and buttons, with the links as text."""
    PLAIN = "plain"
    """All of it as text."""
    MINIMAL = "minimal"
    """Sentences of the bot's own, and the task's id."""
    BARE = "bare"
    """Nothing but sentences of the bot's own."""


class DeliveryPurpose(StrEnum):
    """What a message is for."""

    NOTICE = "notice"
    """It tells how a task ended."""
    HELD_NOTICE = "word"
    """It tells, in a direct message, that a notice is held and why."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message that is owed: an ended task in one place, to everybody who watched it there."""

    id: int
    purpose: DeliveryPurpose
    task: Task
    end_reason: EndReason
    destination: Destination
    watchers: tuple[int, ...]
    """The users to mention, in the order in which they came."""
    nonce: str
    message_format: MessageFormat
    attempts: int
    """How often it was handed to Discord, this time included."""
    created_at: float
    unconfirmed_since: float | None
    """When it was first handed to Discord before, if it is not known what became of that."""
    reason: str | None = None
    """Of a word: why the notice is held."""
    redirected_from: int | None = None
    """The channel where it could not be said."""
    possible_duplicate: bool = False
    """Whether it may have been said there all the same, before that channel was gone."""
    user_id: int | None = None
    """Whom it is told directly; ``None`` in a channel of a server."""


@dataclass(frozen=True, slots=True)
class UndeliveredNotice:
    """A notice that could not be posted, as ``/suno inbox`` shows it."""

    task: Task
    channel_id: int
    reason: str
    held: bool
    """Whether it is still to be posted; otherwise there is nowhere left."""
    created_at: float
