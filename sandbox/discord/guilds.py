"""Guilds and the changes to their channels, roles and members."""

from dataclasses import dataclass, field
from datetime import timedelta

from sandbox.discord.channel_kinds import ANNOUNCEMENT, ANNOUNCEMENT_THREAD, PUBLIC_THREAD, TEXT
from sandbox.discord.channels import Channel, sync_threads
from sandbox.discord.errors import Payload
from sandbox.discord.guild_base import GuildBase
from sandbox.discord.guild_payloads import guild_create_payload, guild_payload
from sandbox.discord.permissions import (
    BOT_DEFAULTS,
    EVERYONE_DEFAULTS,
    Permission,
    permissions_named,
)
from sandbox.discord.shared_state import SharedState
from sandbox.discord.users import Member, Role, User

_GUILD_MEMBERS_INTENT = 1 << 1


@dataclass(eq=False, slots=True)
class Guild(GuildBase):
    """A guild with its channels."""

    all_channels: dict[int, Channel] = field(default_factory=dict)
    """Channels and threads by id in the order of creation, deleted ones too."""
    max_active_threads: int = 1000

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
    def active_threads(self) -> list[Channel]:
        """The threads that are neither archived nor deleted."""
        return [thread for thread in self.threads if thread.is_active_thread]

    def active_threads_of(self, user: User) -> list[Channel]:
        """List the threads that are not archived and open to a member."""
        return [one for one in self.active_threads if one.is_accessible_to(user)]

    def create_payload(self, *, joined: bool = False) -> Payload:
        """Return the guild as GUILD_CREATE carries it; ``joined``: the bot joins it now."""
        threads = self.active_threads_of(self.shared.bot)
        return guild_create_payload(self, self.channels, threads, joined=joined)

    def add_channel(self, name: str, kind: int = TEXT) -> Channel:
        """Create a channel, a text channel unless told otherwise; sends CHANNEL_CREATE."""
        channel = self._make(name, kind)
        channel.send_event("CHANNEL_CREATE")
        return channel

    def add_thread(
        self,
        parent: Channel,
        name: str,
        *,
        identity: int | None = None,
        kind: int | None = None,
        owner: User | None = None,
        members: tuple[User, ...] = (),
        auto_archive_duration: int | None = None,
    ) -> Channel:
        """Create a thread in a channel, or with the id of a message there; sends THREAD_CREATE.

        It is public unless ``kind`` says otherwise; a private one is open to ``members`` alone.
        """
        usual = ANNOUNCEMENT_THREAD if parent.kind == ANNOUNCEMENT else PUBLIC_THREAD
        thread = self._make(name, usual if kind is None else kind, parent, identity)
        thread.owner = owner or self.owner
        usual_duration = parent.forum.default_auto_archive_duration or thread.auto_archive_duration
        thread.auto_archive_duration = auto_archive_duration or usual_duration
        thread.thread_members.update(user.id for user in members)
        thread.send_event("THREAD_CREATE", newly_created=True)
        return thread

    def _make(
        self, name: str, kind: int, parent: Channel | None = None, identity: int | None = None
    ) -> Channel:
        shared = self.shared
        channel = Channel(
            shared=shared,
            id=shared.ids.stable_id() if identity is None else identity,
            name=name,
            kind=kind,
            created_at=shared.clock.time(),
            guild=self,
            parent=parent,
        )
        self.all_channels[channel.id] = channel
        if parent is not None:
            parent.threads.append(channel)
        return channel

    def add_role(self, name: str, *permissions: str, mentionable: bool = False) -> Role:
        """Create a role with permissions by name; sends GUILD_ROLE_CREATE."""
        role = Role(
            id=self.shared.ids.stable_id(),
            name=name,
            permissions=permissions_named(permissions),
            position=len(self.roles),
            mentionable=mentionable,
        )
        self.roles[role.id] = role
        self._send_role_event("GUILD_ROLE_CREATE", role)
        return role

    def add_member(
        self,
        user: User,
        *,
        administrator: bool = False,
        permissions: tuple[str, ...] = (),
        roles: tuple[Role, ...] = (),
    ) -> Member:
        """Add a member, with roles and, through a role of their own, more permissions by name."""
        held = list(roles)
        wanted = (*permissions, *(("administrator",) if administrator else ()))
        if wanted:
            held.append(self.add_role(f"{user.name}'s role", *wanted))
        member = Member(user, self.shared.clock.time(), held)
        self.members[user.id] = member
        event = {**member.payload(), "guild_id": str(self.id)}
        self._send_event("GUILD_MEMBER_ADD", event, _GUILD_MEMBERS_INTENT)
        return member

    def remove_member(self, user: User) -> None:
        """Remove a member. Raises KeyError for others; the bot is removed with ``remove_bot``."""
        del self.members[user.id]
        event = {"guild_id": str(self.id), "user": user.payload()}
        self._send_event("GUILD_MEMBER_REMOVE", event, _GUILD_MEMBERS_INTENT)

    def give_role(self, user: User, role: Role) -> None:
        """Assign a role to a member; sends GUILD_MEMBER_UPDATE."""
        with sync_threads(self, self.channels):
            self.members[user.id].roles.append(role)
            self._send_member_update(user)

    def take_role(self, user: User, role: Role) -> None:
        """Remove a role from a member; sends GUILD_MEMBER_UPDATE.

        Raises ValueError without that role.
        """
        with sync_threads(self, self.channels):
            self.members[user.id].roles.remove(role)
            self._send_member_update(user)

    def delete_role(self, role: Role) -> None:
        """Delete a role, which its members and all overwrites lose; sends GUILD_ROLE_DELETE."""
        with sync_threads(self, self.channels):
            del self.roles[role.id]
            for member in self.members.values():
                member.roles = [held for held in member.roles if held is not role]
            for channel in self.all_channels.values():
                channel.overwrites.pop(role.id, None)
            self._send_event(
                "GUILD_ROLE_DELETE", {"guild_id": str(self.id), "role_id": str(role.id)}
            )

    def time_out(self, user: User, seconds: float) -> None:
        """Time a member out for some seconds, in which they can only read.

        Sends GUILD_MEMBER_UPDATE.
        """
        until = self.shared.clock.time() + timedelta(seconds=seconds)
        self.members[user.id].timed_out_until = until
        self._send_member_update(user)

    def end_time_out(self, user: User) -> None:
        """End a member's time-out; sends GUILD_MEMBER_UPDATE."""
        self.members[user.id].timed_out_until = None
        self._send_member_update(user)

    def rename(self, name: str) -> None:
        """Rename the guild; sends GUILD_UPDATE."""
        self.name = name
        self._send_event("GUILD_UPDATE", guild_payload(self))

    def set_locale(self, locale: str) -> None:
        """Set the preferred locale, which makes it a Community server; sends GUILD_UPDATE."""
        self.locale = locale
        self.is_community = True
        self._send_event("GUILD_UPDATE", guild_payload(self))

    def grant(self, *names: str) -> None:
        """Add permissions by name to the bot's role; sends GUILD_ROLE_UPDATE."""
        self._set(self.bot_role, self.bot_role.permissions | permissions_named(names))

    def revoke(self, *names: str) -> None:
        """Remove permissions from the bot's role and from @everyone; sends GUILD_ROLE_UPDATE."""
        for role in (self.bot_role, self.everyone):
            self._set(role, role.permissions & ~permissions_named(names))

    def _set(self, role: Role, permissions: Permission) -> None:
        if role.permissions != permissions:
            with sync_threads(self, self.channels):
                role.permissions = permissions
                self._send_role_event("GUILD_ROLE_UPDATE", role)

    def authorize_commands(self) -> None:
        """Authorize the application with ``applications.commands`` alone; sends no event."""
        self.commands_authorized = True

    def add_bot(self) -> None:
        """Add the bot with its default permissions; sends GUILD_CREATE."""
        bot = self.shared.bot
        role = Role(
            id=self.shared.ids.stable_id(),
            name=bot.name,
            permissions=BOT_DEFAULTS,
            position=len(self.roles),
            bot_id=bot.id,
        )
        self.roles[role.id] = role
        self.members[bot.id] = Member(bot, self.shared.clock.time(), [role])
        self._send_event("GUILD_CREATE", self.create_payload(joined=True))

    def remove_bot(self) -> None:
        """Remove the bot and its commands; sends GUILD_DELETE.

        Raises KeyError if it is no member.
        """
        role = self.bot_role
        self.commands_authorized = False
        self._send_event("GUILD_DELETE", {"id": str(self.id)})
        del self.members[self.shared.bot.id]
        del self.roles[role.id]

    def start_outage(self) -> None:
        """Start an outage: GUILD_DELETE with ``unavailable`` set."""
        self.available = False
        self._send_event("GUILD_DELETE", {"id": str(self.id), "unavailable": True})

    def end_outage(self) -> None:
        """End the outage; sends GUILD_CREATE."""
        self.available = True
        self._send_event("GUILD_CREATE", self.create_payload())

    def _send_member_update(self, user: User) -> None:
        """Send GUILD_MEMBER_UPDATE; a bot receives its own without any intent."""
        event = {**self.members[user.id].payload(), "guild_id": str(self.id)}
        itself = user is self.shared.bot
        self._send_event("GUILD_MEMBER_UPDATE", event, 0 if itself else _GUILD_MEMBERS_INTENT)

    def _send_role_event(self, event: str, role: Role) -> None:
        self._send_event(event, {"guild_id": str(self.id), "role": role.payload()})

    def _send_event(self, event: str, data: Payload, intents: int = 1) -> None:
        if self.has_bot:
            self.shared.dispatch(event, data, self.id, intents)


def make_guild(shared: SharedState, name: str, locale: str, owner: User) -> Guild:
    """Create a guild with its @everyone role and its owner as the only member."""
    guild = Guild(shared, shared.ids.stable_id(), name, locale, shared.clock.time(), owner)
    guild.is_community = locale != "en-US"
    guild.roles[guild.id] = Role(guild.id, "@everyone", EVERYONE_DEFAULTS)
    guild.members[owner.id] = Member(owner, shared.clock.time())
    return guild
