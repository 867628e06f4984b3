"""Users, members and roles."""

from dataclasses import dataclass, field
from datetime import datetime

from sandbox.discord.clock import iso
from sandbox.discord.errors import Payload
from sandbox.discord.permissions import Permission


@dataclass(eq=False, slots=True)
class User:
    """A human or bot account."""

    id: int
    name: str
    locale: str = "en-US"
    bot: bool = False
    accepts_direct_messages: bool = True
    """When False, a bot's direct message is refused with 50007."""
    installed: bool = False
    """Whether the user has installed the bot (a user install)."""

    @property
    def mention(self) -> str:
        """What pings this user in a message."""
        return f"<@{self.id}>"

    def payload(self) -> Payload:
        """Return the user object of Discord's API."""
        return {
            "id": str(self.id),
            "username": self.name.lower().replace(" ", "_"),
            "global_name": None if self.bot else self.name,
            "discriminator": "0000" if self.bot else "0",
            "avatar": None,
            "bot": self.bot,
            "system": False,
            "public_flags": 0,
            "flags": 0,
            "primary_guild": None,
        }


@dataclass(eq=False, slots=True)
class Role:
    """A role of one guild."""

    id: int
    name: str
    permissions: Permission
    position: int = 0
    mentionable: bool = False
    bot_id: int | None = None
    """Set on the role that came with a bot."""

    @property
    def mention(self) -> str:
        """What pings the role's members, where that is allowed."""
        return f"<@&{self.id}>"

    def payload(self) -> Payload:
        """Return the role object of Discord's API."""
        payload: Payload = {
            "id": str(self.id),
            "name": self.name,
            "color": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
            "hoist": False,
            "icon": None,
            "unicode_emoji": None,
            "position": self.position,
            "permissions": str(int(self.permissions)),
            "managed": self.bot_id is not None,
            "mentionable": self.mentionable,
            "flags": 0,
        }
        if self.bot_id is not None:
            payload["tags"] = {"bot_id": str(self.bot_id)}
        return payload


@dataclass(eq=False, slots=True)
class Member:
    """A user in one guild."""

    user: User
    joined_at: datetime
    roles: list[Role] = field(default_factory=list)
    timed_out_until: datetime | None = None

    def payload(self, *, with_user: bool = True) -> Payload:
        """Return the member object of Discord's API, without the user if that stands beside it."""
        payload: Payload = {
            "nick": None,
            "avatar": None,
            "banner": None,
            "roles": [str(role.id) for role in self.roles],
            "joined_at": iso(self.joined_at),
            "premium_since": None,
            "deaf": False,
            "mute": False,
            "flags": 0,
            "pending": False,
            "communication_disabled_until": iso(self.timed_out_until),
        }
        if with_user:
            payload["user"] = self.user.payload()
        return payload
