"""What can be told about a database from outside the bot: see ``inspection``.

Times are Unix seconds, sizes bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.storage.account_facts import AccountFacts


@dataclass(frozen=True, slots=True)
class DatabaseCounts:
    """Counts of tasks and deliveries."""

    running: int
    """Running tasks of all accounts."""
    by_account: Mapping[str, int]
    """Running tasks of each account that has any."""
    other_key: int
    """Running tasks of the operator's account that the relay has returned under another address or
    API key, and does not return under this one."""
    accounts: tuple[AccountFacts, ...]
    """The connected accounts."""
    polled_at: float | None
    """When a running task was last polled."""
    due: int
    """Deliveries that are due or being sent."""
    overdue_since: float | None
    """When the oldest due delivery became due."""
    held: int
    """Deliveries that wait for a channel that refuses messages."""
    dropped: int
    """Notices that their channel refused; they were sent as direct messages instead."""
    unreachable: int
    """Notices for people who cannot be reached."""
    quarantined: tuple[int, ...]
    """Ids of deliveries whose rows are unreadable."""


@dataclass(frozen=True, slots=True)
class SchemaFacts:
    """Which migrations a database has."""

    foreign: bool
    """Whether it belongs to another program: it has tables, and none of this one."""
    applied: tuple[str, ...]
    pending: tuple[str, ...]
    """Migrations that the next start applies."""
    unknown: tuple[str, ...]
    """Applied migrations that only a later version of the program knows."""


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """The facts about a PostgreSQL server, as the bot's user sees it in one database."""

    version: int
    """The major version."""
    min_version: int
    """The oldest one that the bot accepts."""
    encoding: str
    """Of the database; the bot needs ``UTF8``."""
    may_create_tables: bool
    lacks_trigrams: bool
    """Whether the server has no extension ``pg_trgm``, or this user may not install it."""
    unwritable: tuple[str, ...]
    """Tables that this user may not read and write."""
    unreadable: bool
    """Whether one of them cannot even be read."""
    processes: tuple[str, ...]
    """The shards that each connected process of the bot serves, as in its settings: empty for
    all."""
    has_leader: bool
    """Whether one of them holds the lock of the leader."""
    leader_address: str | None
    """From where the leader is connected; ``None`` through a socket of the same machine."""
    leader_shards: str
    """The shards that the leader serves, as in its settings: empty for all."""
    connection_limit: int
    """How many connections are allowed, by whichever limit is reached first."""
    connections_left: int


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """The facts about a database."""

    location: str
    """As it is shown: without a password."""
    size: int
    in_use: bool
    """Whether a bot is running on it."""
    schema: SchemaFacts | None
    """``None`` if this user may not read it."""
    damage: tuple[str, ...] | None
    """The errors that SQLite found; ``None`` if the check took too long."""
    server: ServerFacts | None
    """``None`` for a file."""
    counts: DatabaseCounts | None
    """``None`` where the schema is too old or too new for the query."""


@dataclass(frozen=True, slots=True)
class ChannelInUse:
    """A channel of a server with watches or undelivered messages."""

    channel_id: int
    guild_id: int
    watched: int
    held: int
