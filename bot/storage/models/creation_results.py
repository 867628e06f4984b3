"""The results of requests to create, from which the replies are made. Times are Unix seconds."""

from dataclasses import dataclass
from enum import StrEnum

from bot.relay.creation import FieldProblem
from bot.relay.providers import Capability, RelayModel
from bot.storage.models.creations import Creation, QuotaUse
from bot.storage.models.tasks import DurationStats
from bot.storage.models.watches import Destination


@dataclass(frozen=True, slots=True)
class CreationOffer:
    """What a person may create here, and with which account."""

    account: str
    """The relay account that is asked, and charged."""
    capabilities: frozenset[Capability]
    models: tuple[RelayModel, ...]
    """The offered models, the default first."""
    quota: QuotaUse
    """What is left before anything is created."""
    price: str = ""
    """What the managers have written about the price, as it is; empty: nothing is shown."""


class CreationRefusalReason(StrEnum):
    """Why nothing is created."""

    OFF = "off"
    """The managers of the server have not enabled it."""
    ROLE_MISSING = "role_missing"
    """The server lets only members with certain roles create."""
    NO_ACCOUNT = "no_account"
    """There is no account here that may be charged; the person can connect one."""
    OTHER_ACCOUNT = "other_account"
    """The song belongs to an account that may not be charged here."""
    INVALID = "invalid"
    """Fields of the request must be changed: see ``problems``."""
    REQUEST_UNKNOWN = "request_unknown"
    """What was asked to be repeated is not stored any more."""
    CLIP_UNKNOWN = "clip_unknown"
    """The version of a song is not known here, or the person may not see it."""
    UNSUPPORTED = "unsupported"
    """The relay does not offer the action."""


@dataclass(frozen=True, slots=True)
class CreationRefusal:
    """A request that was not permitted: nothing is created, nothing is charged."""

    reason: CreationRefusalReason
    role_ids: tuple[int, ...] = ()
    """For ``ROLE_MISSING``: one of these is needed."""
    problems: tuple[FieldProblem, ...] = ()
    """For ``INVALID``."""


@dataclass(frozen=True, slots=True)
class CreationReport:
    """A request that was stored: it is sent as soon as the relay lets it."""

    creation: Creation
    destination: Destination
    quota: QuotaUse
    """What is left after this one."""
    elsewhere: bool = False
    """Whether the destination is another channel than the one that the person asked in."""
    private: bool = False
    """Whether the destination is a direct message instead of the channel of the request."""
    is_unreachable: bool = False
    """Whether Discord has rejected that message, and it was too late to cancel the request."""
    price: str = ""
    """As in ``CreationOffer``."""
    typical: DurationStats | None = None
    """How long such tasks of the account took lately; ``None``: too little is known."""
