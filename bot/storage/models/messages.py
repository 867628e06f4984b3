"""Messages to Discord: deliveries and live cards. Times are Unix seconds."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from bot.relay.creation import RejectionReason
from bot.relay.models import Task
from bot.storage.models.tasks import DurationStats, EndReason
from bot.storage.models.watches import Destination


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
    """What a message says."""

    NOTICE = "notice"
    """Says how a task ended."""
    HELD_NOTICE = "held_notice"
    """Says, in a direct message, that a notice is held and why."""


@dataclass(frozen=True, slots=True)
class TaskEnd:
    """A task, and how watching it ended."""

    task: Task
    end_reason: EndReason
    rejection: RejectionReason | None = None
    """For ``REJECTED``: why nothing was created; ``None``: it was given up before it was sent."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message in the outbox, for everybody who waited for it in one destination.

    It is about an ended task, or about several that were watched together.
    """

    id: int
    purpose: DeliveryPurpose
    task: Task
    """The first of its tasks."""
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
    first_watchers: tuple[int, ...] = ()
    """Those of the users to mention who waited already at that time."""
    reason: str | None = None
    """For a held notice: why the notice is held."""
    redirected_from: int | None = None
    """The channel where it could not be said."""
    possible_duplicate: bool = False
    """Whether it may have been posted there before that channel was deleted."""
    user_id: int | None = None
    """The recipient of a direct message; ``None`` in a channel of a server."""
    other_ends: tuple[TaskEnd, ...] = ()
    """The tasks after the first, of a summary."""
    still_running: int = 0
    """How many tasks of the group were still running when the message became due."""
    rejection: RejectionReason | None = None
    """See ``TaskEnd``; of the first task."""

    @property
    def ends(self) -> tuple[TaskEnd, ...]:
        """All that it is about."""
        return (TaskEnd(self.task, self.end_reason, self.rejection), *self.other_ends)

    @property
    def is_summary(self) -> bool:
        """Whether it says how several tasks ended."""
        return self.purpose is DeliveryPurpose.NOTICE and bool(self.other_ends)


@dataclass(frozen=True, slots=True)
class UndeliveredNotice:
    """A notice that could not be posted, as ``/suno inbox`` shows it."""

    task: Task
    channel_id: int
    reason: str
    held: bool
    """Whether it is still to be posted; otherwise there is nowhere left."""
    created_at: float


@dataclass(frozen=True, slots=True)
class LiveCardTask:
    """One task on a card."""

    account: str
    """The relay account that knows it."""
    task: Task
    end_reason: EndReason | None
    message_id: int | None
    """Its notice there, once that is posted."""
    known: bool
    """Whether the relay has ever returned the task; if not, ``task`` is the id alone."""
    watched: bool
    """Whether anybody waits for its end there."""
    notice_pending: bool
    """Whether its notice is on its way there."""
    notice_collecting: bool = False
    """Whether its notice waits for other tasks that are watched together with it."""
    deadline_at: float | None = None
    """Until when it is polled at most, as long as it has not ended."""
    polled_for: float | None = None
    """For how many seconds it was polled until its watch ended."""
    is_pending: bool = False
    """Whether it is to be created, and no relay has begun it yet."""

    @property
    def unwatched(self) -> bool:
        """Whether it has not ended, and everybody there has stopped watching it."""
        return not self.end_reason and not self.watched


@dataclass(frozen=True, slots=True)
class LiveCard:
    """All that a card shows, and how far it has come."""

    id: int
    destination: Destination
    message_id: int | None
    tasks: tuple[LiveCardTask, ...]
    watchers: tuple[int, ...]
    """Who watches any of its running tasks there, in the order in which they came."""
    read_at: float
    """When this was so (Unix seconds)."""
    nonce: str
    attempts: int
    """How often in a row it was handed to Discord in vain."""
    unconfirmed_since: float | None
    """When it was first handed to Discord before, if it is not known what became of that."""
    own_text_only: bool
    """Whether Discord refused what a relay or a person wrote: it bears the bot's own text only."""
    version: str
    """Stands for what there is to show; compare ``VERSION``."""
    content_digest: str | None
    """What its message shows, ``None`` where that is not known."""
    relay_down_since: float | None = None
    """Since when the relay fails, if it fails now and one of the tasks is still polled."""
    typical: DurationStats | None = None
    """How long tasks like its first running one take at this relay."""

    @property
    def finished(self) -> bool:
        """Whether it will not change any more."""
        return all(
            (shown.end_reason or shown.unwatched) and not shown.notice_pending
            for shown in self.tasks
        )


class MissingAccess(StrEnum):
    """What people have to change before a held message can be posted."""

    PERMISSION = "permission"
    """A permission; Discord does not say which. The channel's overwrites do."""
    UNLOCKED_THREAD = "unlocked_thread"
    """The thread is locked: someone must unlock it, or give the bot Manage Threads."""
    OPEN_THREAD = "open_thread"
    """The thread is archived: someone must open it again."""
    FORUM_TAG = "forum_tag"
    """The forum requires a tag, and has none that the bot may apply."""


UNREACHABLE_RECIPIENT_CODES = frozenset({10013, 50007, 50278})
"""Discord's error codes which say of a person, and of nothing else, that no direct message arrives:
unknown user, no messages accepted, no server in common."""


@dataclass(frozen=True, slots=True)
class UndeliveredReason:
    """Why a message is held or dropped, as the database stores it.

    The text is ``missing:`` and the permissions that are missing, another ``MissingAccess``, or
    Discord's answer as ``status/code``, or the name of an exception.
    """

    text: str

    _MISSING: ClassVar[str] = "missing:"

    @classmethod
    def of_missing_permissions(cls, names: Iterable[str]) -> "UndeliveredReason":
        """Return the reason that permissions are missing; no names if it is not known which."""
        return cls(cls._MISSING + ",".join(names))

    @property
    def missing_permissions(self) -> tuple[str, ...] | None:
        """The missing permissions by their catalogue names, ``None`` if that is not the reason."""
        if not self.text.startswith(self._MISSING):
            return None
        return tuple(name for name in self.text.removeprefix(self._MISSING).split(",") if name)

    @property
    def missing_access(self) -> MissingAccess | None:
        """What has to change about a thread or a forum, ``None`` if that is not the reason."""
        others = (each for each in MissingAccess if each is not MissingAccess.PERMISSION)
        return next((each for each in others if each.value == self.text), None)

    @property
    def recipient_unreachable(self) -> bool:
        """Whether Discord said that no direct message reaches this person."""
        return self.text.partition("/")[2] in map(str, UNREACHABLE_RECIPIENT_CODES)
