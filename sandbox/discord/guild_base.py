"""What a guild is apart from its channels: its profile, roles and members.

Channels refer to this, and ``Guild`` adds the channels.
"""

from dataclasses import dataclass, field
from datetime import datetime

from sandbox.discord.message_limits import FILE_SIZE
from sandbox.discord.permissions import ALL, Permission, base_permissions
from sandbox.discord.shared_state import SharedState
from sandbox.discord.users import Member, Role, User


@dataclass(eq=False, slots=True)
class GuildBase:
    """The profile, roles and members of a guild."""

    shared: SharedState
    id: int
    name: str
    locale: str
    created_at: datetime
    owner: User
    roles: dict[int, Role] = field(default_factory=dict)
    members: dict[int, Member] = field(default_factory=dict)
    available: bool = True
    system_channel_id: int | None = None
    """The channel where Discord posts its own messages, such as who has joined."""
    is_community: bool = False
    """Only Community servers choose their language."""
    commands_authorized: bool = False
    """Whether the application is authorized with ``applications.commands``, though without a bot.

    Users are then offered its commands, but the bot has no access to anything here.
    """
    file_size: int = FILE_SIZE
    """Bytes that a file may have here."""

    @property
    def features(self) -> list[str]:
        """What Discord has switched on."""
        return ["COMMUNITY"] if self.is_community else []

    @property
    def everyone(self) -> Role:
        """The role that all have; its id is the guild's."""
        return self.roles[self.id]

    @property
    def has_bot(self) -> bool:
        """Whether the bot is a member."""
        return self.shared.bot.id in self.members

    @property
    def application_installed(self) -> bool:
        """Whether the application is authorized here, be it without its bot."""
        return self.has_bot or self.commands_authorized

    @property
    def bot_role(self) -> Role:
        """The role that came with the bot. Raises KeyError without the bot."""
        return self.members[self.shared.bot.id].roles[0]

    def permissions_of(self, user: User) -> Permission:
        """Add up what ``user`` may do in general; for outsiders what everyone may."""
        if user is self.owner:
            return ALL
        member = self.members.get(user.id)
        roles = [] if member is None else [int(role.permissions) for role in member.roles]
        return base_permissions(int(self.everyone.permissions), roles)

    def is_timed_out(self, user: User) -> bool:
        """Whether a member is timed out at the moment."""
        member = self.members.get(user.id)
        until = None if member is None else member.timed_out_until
        return until is not None and until > self.shared.clock.time()
