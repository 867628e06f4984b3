"""The results of a request to watch tasks, from which the reply is made."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.relay.models import Outcome, Task
from bot.storage.errors import WatchError
from bot.storage.models.tasks import TaskKey
from bot.storage.models.watches import Destination


class WatchOutcome(StrEnum):
    """What became of the request to watch one task."""

    WATCHING = "watching"
    ALREADY = "already"
    """The person watches it in this destination already."""
    FINISHED = "finished"
    """The task has ended: its notice is due."""
    IN_SUMMARY = "in_summary"
    """The task has ended: the summary tells it, once the other tasks of the group have ended."""
    POSTED = "posted"
    """The task has ended, and its notice was posted in this destination within ten minutes."""
    SENDING = "sending"
    """The task has ended, and its notice is being sent; it may not name the person."""
    HELD = "held"
    """The task has ended, and its notice cannot be posted in this destination for now."""
    UNKNOWN = "unknown"
    """The relay does not know the id: nothing is watched."""
    NOT_ASKED = "not_asked"
    """Watched; the relay was not asked, because this person or server asks too often."""
    UNCHECKED = "unchecked"
    """Watched; the relay could not be asked."""
    MISCONFIGURED = "misconfigured"
    """Watched; the relay does not serve the path of the look-up: a setting is wrong."""
    REFUSED = "refused"
    """A limit is reached: nothing is watched; the result's ``error`` says which limit."""

    @property
    def is_running(self) -> bool:
        """Whether the person watches a task that has not ended, as far as is known."""
        return self in _RUNNING

    @property
    def is_new(self) -> bool:
        """Whether the request began a watch that can be removed again."""
        return self in _RUNNING and self is not WatchOutcome.ALREADY


_RUNNING = {
    WatchOutcome.WATCHING,
    WatchOutcome.ALREADY,
    WatchOutcome.NOT_ASKED,
    WatchOutcome.UNCHECKED,
    WatchOutcome.MISCONFIGURED,
}


@dataclass(frozen=True, slots=True)
class WatchResult:
    """What became of the request to watch one task."""

    task: Task
    outcome: WatchOutcome
    error: WatchError | None = None
    """For ``REFUSED``: the limit."""
    message_id: int | None = None
    """For ``POSTED``: the notice."""
    thread_id: int | None = None
    """For ``POSTED`` in a forum: the post that the notice begins."""
    account: str = ""
    """The relay account whose task it is; empty if nothing is watched."""

    @property
    def key(self) -> TaskKey:
        """What identifies the task."""
        return TaskKey(self.account, self.task.id)

    @property
    def failed(self) -> bool:
        """Whether the task has ended without a result."""
        return self.task.outcome is Outcome.FAILURE


@dataclass(frozen=True, slots=True)
class WatchReport:
    """What became of a request that was permitted."""

    results: tuple[WatchResult, ...]
    destination: Destination
    elsewhere: bool
    """Whether the destination is another channel than the one that the person asked in."""
    card_limited_until: datetime | None = None
    """When the next live card may be posted, if a limit prevented this one."""
    private: bool = False
    """Whether the destination is a direct message instead of the channel of the request."""
    together: bool = False
    """Whether one summary tells the ends of the tasks."""

    @property
    def told_together(self) -> int:
        """For how many tasks the person waits that end in one summary; 0 for a single one."""
        waiting = sum(
            each.outcome.is_running or each.outcome is WatchOutcome.IN_SUMMARY
            for each in self.results
        )
        return waiting if self.together and waiting > 1 else 0


class WatchRefusalReason(StrEnum):
    """Why nothing is watched."""

    ROLE_MISSING = "role_missing"
    """The server lets only members with certain roles watch."""
    BOT_IS_GUEST = "bot_is_guest"
    """The bot is no member of the server or conversation: it can answer, but not post."""
    BOT_CANNOT_POST = "bot_cannot_post"
    MEMBER_CANNOT_POST = "member_cannot_post"
    PRIVATE_THREAD = "private_thread"
    """The bot cannot tell whether the person is in a private thread."""
    FORUM_TAG_MISSING = "forum_tag_missing"
    """The forum requires a tag, and has none that the bot may apply."""
    NO_COMMON_SERVER = "no_common_server"
    """Discord takes no direct message, because bot and person share no server."""
    NO_DIRECT_MESSAGES = "no_direct_messages"
    """Discord takes no direct message to the person, for another reason."""


@dataclass(frozen=True, slots=True)
class WatchRefusal:
    """A request that was not permitted: nothing is watched."""

    reason: WatchRefusalReason
    role_ids: tuple[int, ...] = ()
    """For ``ROLE_MISSING``: one of these is needed."""
    permissions: tuple[str, ...] = ()
    """For ``BOT_CANNOT_POST``: the catalogue names of the missing permissions."""
    channel_id: int | None = None
    """The channel where nothing can be posted; ``None``: that of the request."""
    channel_of_server: bool = False
    """Whether the server has set that channel."""
    finished: tuple[WatchResult, ...] = ()
    """The tasks that have ended already, and whose notices do not arrive either."""
