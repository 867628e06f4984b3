"""Relay accounts: the address and the key that a server or a user has connected."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class AccountOwner:
    """Whose an account is: a server's or a user's; exactly one of both is set."""

    guild_id: int | None = None
    user_id: int | None = None

    def __post_init__(self) -> None:
        if (self.guild_id is None) == (self.user_id is None):
            raise ValueError("an account belongs to a server or to a user")


ACCOUNT_PREFIX = "account-"
"""Of the id of every connected account; the operator's account is the name of a relay."""

NOBODY = 0
"""In place of the id of a user who wanted to be forgotten."""


@dataclass(frozen=True, slots=True)
class RelayAccount:
    """A connected account. Its key is stored encrypted, bound to ``id``."""

    id: str
    """Random, and never used again after the account is disconnected."""
    owner: AccountOwner
    relay: str
    """The name of the relay's profile."""
    base_url: str
    fetch_path: str
    encrypted_key: bytes = field(repr=False)
    key_ending: str
    """The last four characters of the key, by which people recognize it."""
    connected_by: int
    """The user who entered the key, ``NOBODY`` if that person wanted to be forgotten."""
    connected_at: float
    """Unix seconds."""
    locale: str
    """Of the user who entered the key."""
    rejected_since: float | None = None
    """Since when the relay has refused the key (Unix seconds)."""
    rejection_told_at: float | None = None
    """When ``connected_by`` was last told that, or turned out to be unreachable (Unix seconds)."""
