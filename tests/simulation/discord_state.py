"""What Discord holds: servers, channels, people, messages and interactions."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.simulation.clock import EPOCH, VirtualClock
from tests.simulation.faults import Request

DISCORD_EPOCH = 1_420_070_400.0
BOT_ID = 900_000_000_000_000_001
BOT_ROLE_ID = 900_000_000_000_000_002
APPLICATION_ID = BOT_ID

VIEW, SEND, EMBED, HISTORY = 1 << 10, 1 << 11, 1 << 14, 1 << 16
MANAGE = 1 << 5
ORDINARY = VIEW | SEND | EMBED | HISTORY | 1 << 15 | 1 << 31 | 1 << 38

BOT_USER = {
    "id": str(BOT_ID),
    "username": "suno",
    "discriminator": "0000",
    "global_name": None,
    "avatar": None,
    "bot": True,
}


@dataclass(eq=False, slots=True)
class User:
    """A member of all servers, or of none any more."""

    id: int
    name: str
    direct: int = 0
    """The channel of the direct messages with the bot."""
    refuses_with: int | None = None
    """The code with which direct messages to them are refused."""
    is_manager: bool = False
    """Whether they manage all servers."""

    def payload(self) -> dict[str, Any]:
        """Give the user as Discord does."""
        return {
            "id": str(self.id),
            "username": self.name,
            "discriminator": "0",
            "global_name": self.name,
            "avatar": None,
            "bot": False,
        }


@dataclass(eq=False, slots=True)
class Message:
    """A message of the bot."""

    id: int
    channel_id: int
    content: str
    embeds: list[dict[str, Any]]
    components: list[dict[str, Any]]
    nonce: str | None
    pinged: tuple[int, ...]
    created_at: float
    """True Unix seconds."""
    edited_at: float | None = None
    deleted: bool = False
    embeds_dropped: bool = False
    """Whether it was posted with embeds that Discord dropped, because Embed Links was missing."""
    begun_by: Request | None = None
    """The request that began a post with it, which has no nonce."""

    @property
    def text(self) -> str:
        """Everything that can be read or opened in it."""
        return f"{self.content}\n{texts_in(self.embeds)}\n{texts_in(self.components)}"

    def payload(self) -> dict[str, Any]:
        """Give the message as Discord does."""
        return {
            "id": str(self.id),
            "type": 0,
            "channel_id": str(self.channel_id),
            "content": self.content,
            "author": BOT_USER,
            "embeds": self.embeds,
            "components": self.components,
            "attachments": [],
            "mentions": [],
            "mention_roles": [],
            "mention_everyone": False,
            "pinned": False,
            "tts": False,
            "flags": 0,
            "timestamp": iso(self.created_at),
            "edited_timestamp": iso(self.edited_at) if self.edited_at else None,
        }


@dataclass(eq=False, slots=True)
class Channel:
    """A text channel, a forum or a post of a server, or somebody's direct messages."""

    id: int
    guild_id: int | None
    name: str
    person: User | None = None
    denied: int = 0
    """Permissions that the bot lacks here."""
    ever_denied: int = 0
    """Permissions that the bot has lacked here at some time."""
    deleted: bool = False
    messages: dict[int, Message] = field(default_factory=dict)
    nonces: dict[str, Message] = field(default_factory=dict)
    posts: list[float] = field(default_factory=list)
    """When the latest messages were posted, for the rate limit."""
    forum: bool = False
    parent: "Channel | None" = None
    """The forum of a post."""
    archived_at: float | None = None
    """When a post was archived; true Unix seconds."""
    is_foreign: bool = False
    """Whether it is in a server where the bot is no member, and people have it for themselves."""

    @property
    def ruling(self) -> "Channel":
        """The channel that decides what the bot may do here: that of a post is its forum."""
        return self.parent or self

    @property
    def permissions(self) -> int:
        """What the bot may do here."""
        return ORDINARY & ~self.ruling.denied

    def payload(self) -> dict[str, Any]:
        """Give the channel as Discord does."""
        if self.person is not None:
            return {"id": str(self.id), "type": 1, "recipients": [self.person.payload()]}
        if self.parent is not None:
            return self._post_payload(self.parent)
        denial = {"id": str(BOT_ID), "type": 1, "allow": "0", "deny": str(self.denied)}
        return {
            "id": str(self.id),
            "type": 15 if self.forum else 0,
            "flags": 0,
            "available_tags": [],
            "guild_id": str(self.guild_id),
            "name": self.name,
            "position": 0,
            "topic": None,
            "nsfw": False,
            "parent_id": None,
            "rate_limit_per_user": 0,
            "permission_overwrites": [denial] if self.denied else [],
        }

    def _post_payload(self, forum: "Channel") -> dict[str, Any]:
        began_at = next(iter(self.messages.values())).created_at
        return {
            "id": str(self.id),
            "type": 11,
            "flags": 0,
            "guild_id": str(self.guild_id),
            "parent_id": str(forum.id),
            "owner_id": str(BOT_ID),
            "name": self.name,
            "rate_limit_per_user": 0,
            "message_count": len(self.messages),
            "member_count": 1,
            "total_message_sent": len(self.messages),
            "applied_tags": [],
            "thread_metadata": {
                "archived": self.archived_at is not None,
                "auto_archive_duration": 4320,
                "archive_timestamp": iso(self.archived_at or began_at),
                "locked": False,
            },
        }


@dataclass(eq=False, slots=True)
class Interaction:
    """What a person did with the bot, and what came back."""

    id: int
    token: str
    person: User
    channel: Channel
    kind: int
    data: dict[str, Any]
    created_at: float
    acknowledged: bool = False
    answers: list[str] = field(default_factory=list)
    """The texts that the person was shown, the first answer first."""
    seen: list[tuple[float, str]] = field(default_factory=list)
    """Everything that the person was shown, embeds too, and when (true Unix seconds)."""

    def payload(self, message: Message | None = None) -> dict[str, Any]:
        """Give the interaction as the gateway does."""
        channel, guild_id = self.channel, self.channel.guild_id
        payload: dict[str, Any] = {
            "id": str(self.id),
            "application_id": str(APPLICATION_ID),
            "type": self.kind,
            "token": self.token,
            "version": 1,
            "data": self.data,
            "channel_id": str(channel.id),
            "channel": channel.payload() | {"permissions": str(ORDINARY)},
            "locale": "en-US",
            "context": 0 if guild_id else 1,
            "authorizing_integration_owners": self._integration_owners(),
            "app_permissions": str(channel.permissions),
            "entitlements": [],
            "attachment_size_limit": 20 << 20,
        }
        if guild_id is None:
            payload["user"] = self.person.payload()
        else:
            payload["guild_id"] = str(guild_id)
            payload["guild"] = {"id": str(guild_id), "locale": "en-US", "features": []}
            payload["guild_locale"] = "en-US"
            payload["member"] = {
                **member(self.person.payload(), []),
                "permissions": str(ORDINARY | 1 << 31 | self.person.is_manager * MANAGE),
            }
        if message is not None:
            payload["message"] = message.payload()
        return payload

    def _integration_owners(self) -> dict[str, str]:
        """Return who has installed the bot: the server, or the person for themselves."""
        if self.channel.is_foreign:
            return {"1": str(self.person.id)}
        return {"0": str(self.channel.guild_id or 0)}


class DiscordState:
    """Everything on the simulated Discord."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self._count = 0
        self.guilds: dict[int, str] = {}
        """The servers that have the bot."""
        self.left_at: dict[int, float] = {}
        """When each of the others has removed it (true Unix seconds)."""
        self.channels: dict[int, Channel] = {}
        self.users: dict[int, User] = {}
        self.interactions: dict[str, Interaction] = {}
        self.banned_words: dict[int, set[str]] = {}
        """By server: words that its AutoMod lets nobody write."""

    def snowflake(self) -> int:
        """Return a new id, which tells Discord's time."""
        self._count += 1
        milliseconds = int((self.clock.true_time() - DISCORD_EPOCH) * 1000)
        return (milliseconds << 22) | (self._count & 0x3FFFFF)

    def add_guild(self, name: str) -> int:
        """Make a server that has the bot."""
        guild_id = self.snowflake()
        self.guilds[guild_id] = name
        self.banned_words[guild_id] = set()
        return guild_id

    def has_left(self, channel: Channel) -> bool:
        """Whether the bot is not in the server of a channel any more."""
        return channel.guild_id is not None and channel.guild_id not in self.guilds

    def remove_guild(self, guild_id: int) -> bool:
        """Let a server remove the bot; return whether it had it."""
        if self.guilds.pop(guild_id, None) is None:
            return False
        self.left_at[guild_id] = self.clock.true_time()
        return True

    def foreign_channel(self) -> Channel:
        """Return a channel of a server without the bot, where people have it for themselves."""
        return Channel(self.snowflake(), self.snowflake(), "a foreign server", is_foreign=True)

    def add_channel(self, guild_id: int, name: str, *, forum: bool = False) -> Channel:
        """Make a text channel or a forum."""
        channel = Channel(self.snowflake(), guild_id, name, forum=forum)
        self.channels[channel.id] = channel
        return channel

    def posts_of(self, forum: Channel, *, archived: bool = False) -> list[Channel]:
        """Return the active or the archived posts of a forum, the latest first."""
        posts = (each for each in self.channels.values() if each.parent is forum)
        return sorted(
            (each for each in posts if (each.archived_at is not None) is archived),
            key=lambda each: each.archived_at or each.id,
            reverse=True,
        )

    def add_person(self, name: str) -> User:
        """Let somebody join, with a channel for direct messages."""
        person = User(self.snowflake(), name)
        person.direct = self.snowflake()
        self.users[person.id] = person
        self.channels[person.direct] = Channel(person.direct, None, "", person)
        return person

    def guild_payload(self, guild_id: int) -> dict[str, Any]:
        """Give a server as GUILD_CREATE does."""
        role = {"position": 0, "color": 0, "hoist": False, "managed": False, "mentionable": False}
        permissions = str(ORDINARY)
        all_own = [c for c in self.channels.values() if c.guild_id == guild_id and not c.deleted]
        own = [channel for channel in all_own if channel.parent is None]
        return {
            "id": str(guild_id),
            "name": self.guilds[guild_id],
            "icon": None,
            "owner_id": "1",
            "preferred_locale": "en-US",
            "features": [],
            "roles": [
                role | {"id": str(guild_id), "name": "@everyone", "permissions": permissions},
                role | {"id": str(BOT_ROLE_ID), "name": "suno", "permissions": permissions},
            ],
            "emojis": [],
            "stickers": [],
            "verification_level": 0,
            "default_message_notifications": 1,
            "explicit_content_filter": 0,
            "mfa_level": 0,
            "nsfw_level": 0,
            "premium_tier": 0,
            "system_channel_flags": 0,
            "afk_timeout": 300,
            "joined_at": iso(EPOCH),
            "large": False,
            "unavailable": False,
            "member_count": 9,
            "members": [member(BOT_USER, [str(BOT_ROLE_ID)])],
            "channels": [channel.payload() for channel in own],
            "threads": [],
            "voice_states": [],
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
        }


def member(user: dict[str, Any], roles: list[str]) -> dict[str, Any]:
    """Give a member of a server as Discord does."""
    return {
        "user": user,
        "roles": roles,
        "joined_at": iso(EPOCH),
        "deaf": False,
        "mute": False,
        "flags": 0,
        "nick": None,
        "avatar": None,
    }


def iso(seconds: float) -> str:
    """Give a time as Discord writes it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def texts_in(part: Any) -> str:
    """Return every text within embeds or components."""
    if isinstance(part, dict):
        return "\n".join(filter(None, map(texts_in, part.values())))
    if isinstance(part, list):
        return "\n".join(filter(None, map(texts_in, part)))
    return part if isinstance(part, str) else ""
