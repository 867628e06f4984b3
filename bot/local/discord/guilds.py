"""Guilds: their channels, roles and members, and whether the bot is among them."""

from dataclasses import dataclass, field
from datetime import datetime

from bot.local.discord.channels import PUBLIC_THREAD, TEXT, Channel
from bot.local.discord.clock import iso
from bot.local.discord.errors import Payload
from bot.local.discord.limits import FILE_SIZE
from bot.local.discord.messages import Message
from bot.local.discord.people import Member, Role, User
from bot.local.discord.permissions import (
    ALL,
    SENSIBLE_FOR_A_BOT,
    USUAL_FOR_EVERYONE,
    Permission,
    base_permissions,
    named,
)
from bot.local.discord.scene import Scene

_GUILD_MEMBERS_INTENT = 1 << 1


@dataclass(eq=False, slots=True)
class Guild:
    """One server."""

    scene: Scene
    id: int
    name: str
    locale: str
    created_at: datetime
    owner: User
    roles: dict[int, Role] = field(default_factory=dict)
    members: dict[int, Member] = field(default_factory=dict)
    all_channels: dict[int, Channel] = field(default_factory=dict)
    """Channels and threads by id, in the order of their making, deleted ones too."""
    available: bool = True
    commands_authorized: bool = False
    """Whether the application is authorized with ``applications.commands``, though without a bot.

    People are then offered its commands, but the bot has no access to anything here.
    """
    file_size: int = FILE_SIZE
    """Bytes that a file may have here."""

    @property
    def channels(self) -> list[Channel]:
        """The channels that are not threads."""
        known = self.all_channels.values()
        return [entry for entry in known if not entry.is_thread and not entry.deleted]

    @property
    def threads(self) -> list[Channel]:
        """The threads of all channels."""
        known = self.all_channels.values()
        return [entry for entry in known if entry.is_thread and not entry.deleted]

    @property
    def everyone(self) -> Role:
        """The role that all have; its id is the guild's."""
        return self.roles[self.id]

    @property
    def has_bot(self) -> bool:
        """Whether the bot is a member."""
        return self.scene.bot.id in self.members

    @property
    def application_installed(self) -> bool:
        """Whether the application is authorized here, be it without its bot."""
        return self.has_bot or self.commands_authorized

    @property
    def bot_role(self) -> Role:
        """The role that came with the bot. KeyError without the bot."""
        return self.members[self.scene.bot.id].roles[0]

    def permissions_of(self, user: User) -> Permission:
        """Add up what ``user`` may do in general; for outsiders what everyone may."""
        if user is self.owner:
            return ALL
        member = self.members.get(user.id)
        roles = [] if member is None else [int(role.permissions) for role in member.roles]
        return base_permissions(int(self.everyone.permissions), roles)

    def add_channel(self, name: str) -> Channel:
        """Make a text channel; sends CHANNEL_CREATE."""
        channel = self._make(name, TEXT)
        channel.tell("CHANNEL_CREATE")
        return channel

    def add_thread(self, parent: Channel, name: str, *, start: Message | None = None) -> Channel:
        """Make a public thread in a channel, or from a message there; sends THREAD_CREATE."""
        thread = self._make(name, PUBLIC_THREAD, parent, start)
        thread.tell("THREAD_CREATE", newly_created=True)
        return thread

    def _make(
        self, name: str, kind: int, parent: Channel | None = None, start: Message | None = None
    ) -> Channel:
        scene = self.scene
        channel = Channel(
            scene=scene,
            id=scene.ids.settled() if start is None else start.id,
            name=name,
            kind=kind,
            created_at=scene.clock.time(),
            guild=self,
            parent=parent,
        )
        self.all_channels[channel.id] = channel
        return channel

    def add_role(self, name: str, *permissions: str, mentionable: bool = False) -> Role:
        """Make a role with permissions by name; sends GUILD_ROLE_CREATE."""
        role = Role(
            id=self.scene.ids.settled(),
            name=name,
            permissions=named(permissions),
            position=len(self.roles),
            mentionable=mentionable,
        )
        self.roles[role.id] = role
        self._tell_role("GUILD_ROLE_CREATE", role)
        return role

    def add_member(
        self,
        user: User,
        *,
        administrator: bool = False,
        permissions: tuple[str, ...] = (),
        roles: tuple[Role, ...] = (),
    ) -> Member:
        """Let a user in, with roles and, through a role of their own, more permissions by name."""
        held = list(roles)
        wanted = (*permissions, *(("administrator",) if administrator else ()))
        if wanted:
            held.append(self.add_role(f"{user.name}'s role", *wanted))
        member = Member(user, self.scene.clock.time(), held)
        self.members[user.id] = member
        event = {**member.payload(), "guild_id": str(self.id)}
        self._tell("GUILD_MEMBER_ADD", event, _GUILD_MEMBERS_INTENT)
        return member

    def remove_member(self, user: User) -> None:
        """Let a user go. KeyError for one who is not here; the bot goes with ``remove_bot``."""
        del self.members[user.id]
        event = {"guild_id": str(self.id), "user": user.payload()}
        self._tell("GUILD_MEMBER_REMOVE", event, _GUILD_MEMBERS_INTENT)

    def grant(self, *names: str) -> None:
        """Give the bot's role permissions by name; sends GUILD_ROLE_UPDATE."""
        self._set(self.bot_role, self.bot_role.permissions | named(names))

    def revoke(self, *names: str) -> None:
        """Take permissions from the bot's role and from @everyone; sends GUILD_ROLE_UPDATE."""
        for role in (self.bot_role, self.everyone):
            self._set(role, role.permissions & ~named(names))

    def _set(self, role: Role, permissions: Permission) -> None:
        if role.permissions != permissions:
            role.permissions = permissions
            self._tell_role("GUILD_ROLE_UPDATE", role)

    def authorize_commands(self) -> None:
        """Authorize the application with ``applications.commands`` alone; the bot hears nothing."""
        self.commands_authorized = True

    def add_bot(self) -> None:
        """Invite the bot, with sensible permissions; sends GUILD_CREATE."""
        bot = self.scene.bot
        role = Role(
            id=self.scene.ids.settled(),
            name=bot.name,
            permissions=SENSIBLE_FOR_A_BOT,
            position=len(self.roles),
            bot_id=bot.id,
        )
        self.roles[role.id] = role
        self.members[bot.id] = Member(bot, self.scene.clock.time(), [role])
        self._tell("GUILD_CREATE", self.create_payload())

    def remove_bot(self) -> None:
        """Throw the bot and its commands out; sends GUILD_DELETE. KeyError when it is no member."""
        role = self.bot_role
        self.commands_authorized = False
        self._tell("GUILD_DELETE", {"id": str(self.id)})
        del self.members[self.scene.bot.id]
        del self.roles[role.id]

    def go_down(self) -> None:
        """Have an outage: the bot is told that the guild is unavailable, not that it has left."""
        self.available = False
        self._tell("GUILD_DELETE", {"id": str(self.id), "unavailable": True})

    def come_back(self) -> None:
        """End the outage; sends GUILD_CREATE."""
        self.available = True
        self._tell("GUILD_CREATE", self.create_payload())

    def _tell_role(self, event: str, role: Role) -> None:
        self._tell(event, {"guild_id": str(self.id), "role": role.payload()})

    def _tell(self, event: str, data: Payload, intents: int = 1) -> None:
        if self.has_bot:
            self.scene.dispatch(event, data, self.id, intents)

    def payload(self) -> Payload:
        """Give the guild as ``GET /guilds/{id}`` does."""
        return {
            "id": str(self.id),
            "name": self.name,
            "icon": None,
            "splash": None,
            "banner": None,
            "description": None,
            "owner_id": str(self.owner.id),
            "preferred_locale": self.locale,
            "features": [],
            "roles": [role.payload() for role in self.roles.values()],
            "emojis": [],
            "stickers": [],
            "afk_timeout": 300,
            "verification_level": 0,
            "default_message_notifications": 1,
            "explicit_content_filter": 0,
            "mfa_level": 0,
            "nsfw_level": 0,
            "premium_tier": 0,
            "system_channel_flags": 0,
        }

    def partial_payload(self) -> Payload:
        """Give the little about the guild that an interaction carries."""
        return {"id": str(self.id), "locale": self.locale, "features": []}

    def create_payload(self) -> Payload:
        """Give the guild as GUILD_CREATE does; of the members only the bot, as without intents."""
        bot = self.members[self.scene.bot.id]
        return {
            **self.payload(),
            "joined_at": iso(bot.joined_at),
            "large": False,
            "unavailable": False,
            "member_count": len(self.members),
            "voice_states": [],
            "members": [bot.payload()],
            "channels": [channel.payload() for channel in self.channels],
            "threads": [thread.payload() for thread in self.threads if not thread.archived],
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }


def make_guild(scene: Scene, name: str, locale: str, owner: User) -> Guild:
    """Make a guild with its @everyone role and its owner as the only member."""
    guild = Guild(scene, scene.ids.settled(), name, locale, scene.clock.time(), owner)
    guild.roles[guild.id] = Role(guild.id, "@everyone", USUAL_FOR_EVERYONE)
    guild.members[owner.id] = Member(owner, scene.clock.time())
    return guild
