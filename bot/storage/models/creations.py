"""Requests to create songs and lyrics. Times are Unix seconds."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from bot.relay.creation import CreationRequest
from bot.storage.models.watches import Destination

CREATION_PREFIX = "creation-"
"""Of the id of a task that no relay has begun yet; its creation's id follows."""


class CreationState(StrEnum):
    """How far the request to a relay is."""

    QUEUED = "queued"
    """Nothing was sent."""
    SUBMITTING = "submitting"
    """Its turn has come. A process sends it, or did when it died: it may be charged."""
    SUBMITTED = "submitted"
    """The relay has begun a task, or has answered with the result."""
    REJECTED = "rejected"
    """Nothing was created, and nothing is charged."""
    UNCONFIRMED = "unconfirmed"
    """It was sent, and no answer says what became of it: it may be charged."""
    CANCELLED = "cancelled"
    """Given up before it was sent."""


@dataclass(frozen=True, slots=True)
class CreationQuotas:
    """How much may be created; checked in the transaction that stores the request.

    What was rejected or cancelled does not count; what is unconfirmed does.
    """

    per_user: int | None = None
    """Within a day, in this server or, in direct messages, anywhere; ``None``: no limit."""
    per_server: int | None = None
    """Within a day, in this server."""
    at_once: int = 3
    """Requests of one person that are queued, being sent or running, anywhere."""


@dataclass(frozen=True, slots=True)
class NewCreation:
    """A request that is to be stored, with its watch and its live card."""

    account: str
    """The relay account that is asked, and charged."""
    request: CreationRequest
    user_id: int
    destination: Destination
    caller_guild_id: int | None
    """The server in which the request was made: its quotas apply."""
    now: float
    deadline: float
    """Seconds until the watch is given up, counted from when the relay begins the task."""
    quotas: CreationQuotas = field(default_factory=CreationQuotas)
    mention: bool = True
    member_limit: int | None = None
    has_card: bool = True
    """Whether a live card is created; there is none in a forum."""
    claims_card: bool = False
    """Whether the caller posts the live card."""
    author_id: int | None = None
    """Who has written it, if not this person: they repeat the request of somebody else."""
    repeats: int | None = None
    """The stored request that it repeats: if that is deleted meanwhile, this is not stored."""
    due_at: float | None = None
    """When it may be sent, unless it is released before; ``None``: now."""


@dataclass(frozen=True, slots=True)
class QuotaUse:
    """What is left of the quotas after a request was stored."""

    left_of_user: int | None
    """``None``: there is no limit."""
    left_of_server: int | None


class Attempt(NamedTuple):
    """What a process has to send, or is sending: another one begins when it is queued again."""

    creation_id: int
    number: int
    """How often the request went back to the queue before."""
    state: CreationState
    """That in which the process knows it."""


@dataclass(frozen=True, slots=True)
class Creation:
    """A stored request."""

    id: int
    account: str
    request: CreationRequest
    user_id: int
    state: CreationState
    created_at: float
    attempts: int = 0
    """How often it went back to the queue."""
    author_id: int | None = None
    """As in ``NewCreation``."""

    @property
    def attempt(self) -> Attempt:
        """What a change of its state is bound to: nobody changes the attempt of somebody else."""
        return Attempt(self.id, self.attempts, self.state)

    @property
    def written_by(self) -> int:
        """Who has written the request, and may see it."""
        return self.user_id if self.author_id is None else self.author_id

    @property
    def pending_task_id(self) -> str:
        """The id of its task as long as no relay has begun one."""
        return f"{CREATION_PREFIX}{self.id}"
