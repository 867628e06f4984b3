"""Channels, threads and direct messages."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from sandbox.discord.channel_kinds import PRIVATE_THREAD, SPOKEN, THREADS
from sandbox.discord.clock import iso
from sandbox.discord.errors import Payload
from sandbox.discord.messages import Message
from sandbox.discord.permissions import (
    IN_A_DIRECT_MESSAGE,
    LEFT_IN_A_TIME_OUT,
    NONE,
    Overwrite,
    Permission,
    channel_permissions,
    named,
)
from sandbox.discord.shared_state import SharedState
from sandbox.discord.thread_sync import sync_threads
from sandbox.discord.users import Role, User

if TYPE_CHECKING:
    from sandbox.discord.guilds import Guild


@dataclass(eq=False, slots=True)
class Channel:
    """A place where messages are: in a guild, a thread of a guild, or between people."""

    shared: SharedState
    id: int
    name: str
    kind: int
    created_at: datetime
    guild: "Guild | None" = None
    parent: "Channel | None" = None
    """The channel that a thread belongs to."""
    recipients: list[User] = field(default_factory=list)
    """The people of a direct message, without the bot."""
    includes_bot: bool = True
    """False for direct messages among people, where a user-installed bot may still be used."""
    overwrites: dict[int, Overwrite] = field(default_factory=dict)
    history: dict[int, Message] = field(default_factory=dict)
    """Every public message ever posted here by its id, also the deleted ones, oldest first."""
    owner: User | None = None
    """Who started a thread."""
    thread_members: set[int] = field(default_factory=set)
    """The ids of those who have joined a thread; who sees a private one."""
    archived: bool = False
    locked: bool = False
    deleted: bool = False
    changed_at: datetime | None = None

    @property
    def is_thread(self) -> bool:
        """Whether this is a thread."""
        return self.kind in THREADS

    @property
    def messages(self) -> list[Message]:
        """What everyone here sees, oldest first: no deleted and no ephemeral messages."""
        return [message for message in self.history.values() if not message.deleted]

    @property
    def mention(self) -> str:
        """The link to this channel in a message."""
        return f"<#{self.id}>"

    def permissions_of(self, user: User) -> Permission:
        """Add up what ``user`` may do here at the moment; outsiders what everyone may."""
        permissions = self._granted(user)
        if self.guild is None or not self.guild.is_timed_out(user):
            return permissions
        if self.guild.permissions_of(user) & Permission.ADMINISTRATOR:
            return permissions
        return permissions & LEFT_IN_A_TIME_OUT

    def _granted(self, user: User) -> Permission:
        """Add up what roles and overwrites allow, whether or not the user is timed out."""
        if self.guild is None:
            return IN_A_DIRECT_MESSAGE
        ruling = self.parent or self
        member = self.guild.members.get(user.id)
        base = self.guild.permissions_of(user)
        if member is None:
            return base
        return channel_permissions(
            base,
            ruling.overwrites,
            everyone_id=self.guild.id,
            role_ids=[role.id for role in member.roles],
            member_id=user.id,
        )

    def is_accessible_to(self, user: User) -> bool:
        """Whether ``user`` has access: sees the channel, and is in a private thread's circle."""
        if self.guild is None:
            return user in self.recipients or (user is self.shared.bot and self.includes_bot)
        if user.id not in self.guild.members:
            return False
        may = self._granted(user)
        if not may & Permission.VIEW_CHANNEL:
            return False
        if self.kind in SPOKEN:
            return bool(may & Permission.CONNECT)
        if self.kind == PRIVATE_THREAD:
            return user.id in self.thread_members or bool(may & Permission.MANAGE_THREADS)
        return True

    def viewers(self) -> list[User]:
        """List the people whom a message here can reach."""
        if self.guild is None:
            return self.recipients
        people = [member.user for member in self.guild.members.values()]
        return [user for user in people if self.is_accessible_to(user)]

    def deny(self, *names: str, target: User | Role | None = None) -> None:
        """Deny permissions by name (``send_messages``) to the bot or ``target``; CHANNEL_UPDATE."""
        self._overwrite(target, allow=NONE, deny=named(names))

    def allow(self, *names: str, target: User | Role | None = None) -> None:
        """Allow permissions by name to the bot or ``target``; sends CHANNEL_UPDATE."""
        self._overwrite(target, allow=named(names), deny=NONE)

    def _overwrite(
        self, target: User | Role | None, *, allow: Permission, deny: Permission
    ) -> None:
        ruling = self.parent or self
        who = target or self.shared.bot
        change = ruling.overwrites.setdefault(who.id, Overwrite()).change
        if self.guild is None:
            raise ValueError("a direct message has no overwrites")
        with sync_threads(self.guild):
            change(allow=allow, deny=deny)
            ruling.tell("CHANNEL_UPDATE")

    def rename(self, name: str) -> None:
        """Give the channel another name; sends CHANNEL_UPDATE or THREAD_UPDATE."""
        self.name = name
        self.tell("THREAD_UPDATE" if self.is_thread else "CHANNEL_UPDATE")

    def set_archived(self, archived: bool, *, locked: bool | None = None) -> None:
        """Archive or reopen a thread, lock it or leave that; sends THREAD_UPDATE."""
        self.archived = archived
        if locked is not None:
            self.locked = locked
        self.changed_at = self.shared.clock.time()
        self.tell("THREAD_UPDATE")

    def archive(self, *, locked: bool = False) -> None:
        """Archive a thread: a post reopens it unless it is locked too (then 50083)."""
        self.set_archived(True, locked=locked)

    def lock(self) -> None:
        """Lock a thread that stays open: nobody without Manage Threads posts in it (160005)."""
        self.set_archived(False, locked=True)

    def reopen(self) -> None:
        """Make a thread as it was before it was archived or locked."""
        self.set_archived(False, locked=False)

    def delete(self) -> None:
        """Delete the channel and its threads; sends CHANNEL_DELETE or THREAD_DELETE."""
        self.deleted = True
        if self.guild is not None:
            for thread in self.guild.threads:
                if thread.parent is self:
                    thread.deleted = True
        self.tell("THREAD_DELETE" if self.is_thread else "CHANNEL_DELETE")

    def add_to_thread(self, user: User) -> None:
        """Let a member into a thread; the bot then hears of a private one for the first time."""
        news = self._membership_news(user) if user is self.shared.bot else None
        self.thread_members.add(user.id)
        if news is not None:
            self.tell("THREAD_CREATE", member=news)
            self._tell_of_members(added_members=[{**news, "presence": None}])

    def remove_from_thread(self, user: User) -> None:
        """Let a member out of a thread. KeyError for one who is not in it."""
        self.thread_members.remove(user.id)
        if user is self.shared.bot:
            self._tell_of_members(removed_member_ids=[str(user.id)])

    def _membership_news(self, user: User) -> Payload:
        return {
            "id": str(self.id),
            "user_id": str(user.id),
            "join_timestamp": iso(self.shared.clock.time()),
            "flags": 0,
        }

    def _tell_of_members(self, **news: object) -> None:
        guild = self.guild
        if guild is not None and guild.has_bot:
            about = {
                "id": str(self.id),
                "guild_id": str(guild.id),
                "member_count": len(self.thread_members),
            }
            self.shared.dispatch("THREAD_MEMBERS_UPDATE", about | news, guild.id, 1)

    def tell(self, event: str, **extra: object) -> None:
        """Send the bot an event about this channel; of threads only with access to them."""
        bot, guild = self.shared.bot, self.guild
        if (
            guild is None
            or not guild.has_bot
            or (self.is_thread and not self.is_accessible_to(bot))
        ):
            return
        self.shared.dispatch(event, {**self.payload(), **extra}, guild.id, 1)

    def payload(self) -> Payload:
        """Give the channel as Discord does."""
        latest = next(reversed(self.history), None)
        payload: Payload = {
            "id": str(self.id),
            "type": self.kind,
            "last_message_id": None if latest is None else str(latest),
            "flags": 0,
        }
        if self.guild is None:
            payload["recipients"] = [user.payload() for user in self.recipients]
            return payload
        payload |= {"guild_id": str(self.guild.id), "name": self.name, "rate_limit_per_user": 0}
        return payload | (self._thread_part() if self.is_thread else self._guild_part())

    def _guild_part(self) -> Payload:
        spoken = {"bitrate": 64_000, "user_limit": 0, "rtc_region": None}
        return (spoken if self.kind in SPOKEN else {}) | {
            "position": 0,
            "topic": None,
            "nsfw": False,
            "parent_id": None,
            "permission_overwrites": [
                self._overwrite_payload(target, overwrite)
                for target, overwrite in self.overwrites.items()
            ],
        }

    def _overwrite_payload(self, target: int, overwrite: Overwrite) -> Payload:
        is_role = self.guild is not None and target in self.guild.roles
        return {
            "id": str(target),
            "type": 0 if is_role else 1,
            "allow": str(int(overwrite.allow)),
            "deny": str(int(overwrite.deny)),
        }

    def _thread_part(self) -> Payload:
        return {
            "parent_id": None if self.parent is None else str(self.parent.id),
            "owner_id": None if self.owner is None else str(self.owner.id),
            "message_count": len(self.messages),
            "member_count": len(self.thread_members),
            "total_message_sent": len(self.history),
            "thread_metadata": {
                "archived": self.archived,
                "auto_archive_duration": 4320,
                "archive_timestamp": iso(self.changed_at or self.created_at),
                "locked": self.locked,
                "create_timestamp": iso(self.created_at),
            },
        }
