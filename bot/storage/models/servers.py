"""What is stored about a Discord server."""

from dataclasses import dataclass
from enum import StrEnum

from pydantic.dataclasses import dataclass as validated_dataclass


class MentionSetting(StrEnum):
    """Whom a notice mentions."""

    WATCHERS = "watchers"
    ROLE = "role"
    """The watchers, and a role too."""
    NOBODY = "nobody"


class NoticeStyle(StrEnum):
    """How much space a notice of a finished song or of lyrics takes."""

    COMPACT = "compact"
    """A small cover, and the first lines of the lyrics."""
    FULL = "full"
    """Large covers, and as much of the lyrics as fits."""


ATTACHED_SONGS = 1
"""How many songs of a task are attached to its notice at most: the first with permanent audio."""


@validated_dataclass(frozen=True, slots=True)
class ServerSettings:
    """The settings of one server; these are the defaults."""

    channel_id: int | None = None
    """Where notices are posted unless a watch names a place; ``None``: where it was asked."""
    roles: tuple[int, ...] = ()
    """Roles whose members may watch; without any, everybody may."""
    mention: MentionSetting = MentionSetting.WATCHERS
    mention_role_id: int | None = None
    """The role that is mentioned, for ``MentionSetting.ROLE``."""
    language: str | None = None
    """A locale of Discord's; ``None``: the server's own."""
    notices: NoticeStyle = NoticeStyle.COMPACT
    uploads: bool = True
    """Whether a finished song is attached to its notice too, so that Discord plays it."""
    watches_of_a_person: int | None = None
    """How much one member may watch there at once; ``None``: as everywhere."""
    creation: bool = False
    """Whether songs and lyrics may be created there."""
    creation_roles: tuple[int, ...] = ()
    """Roles whose members may create; without any, everybody may."""
    creations_per_user: int = 5
    """A day."""
    creations_per_server: int = 50
    """A day."""
    creation_models: tuple[str, ...] = ()
    """The models that are offered, by name; without any, all of the relay's."""
    creation_model: str = ""
    """The model that is used if a request names none; empty: the first that is offered."""
    creation_price: str = ""
    """What is shown as the price, as it was written; empty: nothing."""

    @property
    def role_to_mention(self) -> int | None:
        """The role that a notice mentions besides the watchers."""
        return self.mention_role_id if self.mention is MentionSetting.ROLE else None


@dataclass(frozen=True, slots=True)
class ServerUsage:
    """What the bot is doing for a server: notices on their way and held, channels in use."""

    due: int
    held: int
    held_since: float | None
    """When the oldest held notice was due first (Unix seconds)."""
    channels: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ShardGuilds:
    """The servers that one shard is in, those with an outage too."""

    shard_id: int
    shard_count: int
    guild_ids: frozenset[int]

    def covers(self, guild_id: int) -> bool:
        """Whether the shard is the one that would list a server."""
        return (guild_id >> 22) % self.shard_count == self.shard_id
