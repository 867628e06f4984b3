"""Channels, threads and direct messages."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from bot.local.discord.clock import iso
from bot.local.discord.errors import Payload
from bot.local.discord.messages import Message
from bot.local.discord.people import Role, User
from bot.local.discord.permissions import (
    IN_A_DIRECT_MESSAGE,
    NONE,
    Overwrite,
    Permission,
    channel_permissions,
    named,
)
from bot.local.discord.scene import Scene

if TYPE_CHECKING:
    from bot.local.discord.guilds import Guild

TEXT, DIRECT, GROUP, PUBLIC_THREAD = 0, 1, 3, 11
"""The kinds of channel that there are here."""


@dataclass(eq=False, slots=True)
class Channel:
    """A place where messages are: in a guild, a thread of a guild, or between people."""

    scene: Scene
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
    archived: bool = False
    locked: bool = False
    deleted: bool = False
    changed_at: datetime | None = None

    @property
    def is_thread(self) -> bool:
        """Whether this is a thread."""
        return self.kind == PUBLIC_THREAD

    @property
    def messages(self) -> list[Message]:
        """What everyone here sees, oldest first: no deleted and no ephemeral messages."""
        return [message for message in self.history.values() if not message.deleted]

    @property
    def mention(self) -> str:
        """The link to this channel in a message."""
        return f"<#{self.id}>"

    def permissions_of(self, user: User) -> Permission:
        """Add up what ``user`` may do here, overwrites included; outsiders what everyone may."""
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

    def audience(self) -> list[User]:
        """List the people whom a message here can reach."""
        if self.guild is None:
            return self.recipients
        people = [member.user for member in self.guild.members.values()]
        return [user for user in people if self.permissions_of(user) & Permission.VIEW_CHANNEL]

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
        who = target or self.scene.bot
        ruling.overwrites.setdefault(who.id, Overwrite()).change(allow=allow, deny=deny)
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
        self.changed_at = self.scene.clock.time()
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

    def tell(self, event: str, **extra: object) -> None:
        """Send the bot an event about this channel."""
        if self.guild is not None and self.guild.has_bot:
            self.scene.dispatch(event, {**self.payload(), **extra}, self.guild.id, 1)

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
        return {
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
            "owner_id": str(self.scene.bot.id),
            "message_count": len(self.messages),
            "member_count": 1,
            "total_message_sent": len(self.history),
            "thread_metadata": {
                "archived": self.archived,
                "auto_archive_duration": 4320,
                "archive_timestamp": iso(self.changed_at or self.created_at),
                "locked": self.locked,
                "create_timestamp": iso(self.created_at),
            },
        }
