"""Who watches what where. Times are Unix seconds."""

from dataclasses import dataclass
from enum import StrEnum

from bot.relay.models import Task


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a notice is to appear: a channel, a forum, a thread or a direct message."""

    channel_id: int
    guild_id: int | None = None
    """``None`` in a direct message."""
    locale: str = "en-US"
    """The language spoken there, as Discord names it."""
    forum: bool = False
    """Whether each notice is a post of its own, as in a forum or media channel."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who has the relay asked, and in which server, if in one."""

    user_id: int
    guild_id: int | None = None
    channel_id: int | None = None
    """What was posted there may be read there."""


@dataclass(frozen=True, slots=True)
class WatchGroup:
    """The group in which tasks are watched, see ``storage.watch_groups``."""

    id: int | None = None
    """``None``: each task gets a message of its own."""
    regroup: bool = False
    """Whether watches that the person has already change to this group."""


NO_GROUP = WatchGroup()


@dataclass(frozen=True, slots=True)
class WatchRequest:
    """What a person asks for who watches tasks, whichever tasks these are."""

    user_id: int
    destination: Destination
    mention: bool = True
    """Whether the notice mentions the person."""
    member_limit: int | None = None
    """How many tasks the server of the channel lets this person watch at once."""
    group: WatchGroup = NO_GROUP


@dataclass(frozen=True, slots=True)
class Watch:
    """One watch of one person, as ``/suno list`` shows it."""

    task: Task
    channel_id: int
    created_at: float
    polled_at: float | None
    known: bool
    """Whether the relay has ever returned the task; if not, ``task`` is the id alone."""
    is_pending: bool = False
    """Whether it is to be created, and no relay has begun it yet."""


class UnwatchOutcome(StrEnum):
    """What became of the request to stop watching a task."""

    STOPPED = "stopped"
    """The person gets no notice."""
    CANCELLED = "cancelled"
    """It was the person's request to create something, and is never sent: nothing is charged."""
    ON_ITS_WAY = "on_its_way"
    """The message is being sent, or may have been posted: that cannot be stopped any more."""
    NOT_WATCHED = "not_watched"
    """There was nothing to stop."""


@dataclass(frozen=True, slots=True)
class PersonalData:
    """How much is kept about a person."""

    running: int
    """Watches of tasks that have not ended."""
    ended: int
    """Watches of tasks that have."""
    unposted: int
    """Notices for the person that are not posted yet, or could not be."""
    history: int
    """Tasks in the person's own history."""
    settings: int
    """1 if the person has set anything, else 0."""
    account: int = 0
    """1 if the person has connected a relay account of their own, else 0."""
    connected_servers: int = 0
    """Servers whose relay account the person has connected."""
    creations: int = 0
    """Requests to create songs or lyrics."""
    drafts: int = 0
    """Requests that were refused, and that the bot keeps in memory for a while."""

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to erase."""
        kept = (self.running, self.ended, self.history, self.settings)
        of_requests = (self.creations, self.drafts)
        return not any((*kept, self.account, self.connected_servers, *of_requests))
