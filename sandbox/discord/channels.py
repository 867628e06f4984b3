"""Channels, threads and direct messages, and the messages in them.

A channel holds its messages and a message names its channel: hence one module.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.discord.channel_kinds import FORUMS, PRIVATE_THREAD, THREADS, VOICE_CHANNELS
from sandbox.discord.clock import iso
from sandbox.discord.errors import Payload
from sandbox.discord.forums import ForumSettings, ForumTag
from sandbox.discord.guild_base import GuildBase
from sandbox.discord.message_parts import (
    DEFAULT,
    NO_FLAGS,
    Attachment,
    MessageFlag,
    Origin,
    walk_components,
)
from sandbox.discord.permissions import (
    ALLOWED_IN_TIME_OUT,
    DIRECT_MESSAGE_PERMISSIONS,
    NONE,
    Overwrite,
    Permission,
    channel_permissions,
    permissions_named,
)
from sandbox.discord.shared_state import SharedState
from sandbox.discord.users import Role, User


@dataclass(eq=False, slots=True)
class Message:
    """One message. It carries no nonce: Discord does not keep that with the message."""

    shared: SharedState
    id: int
    channel: "Channel"
    author: User
    created_at: datetime
    content: str = ""
    embeds: list[Payload] = field(default_factory=list)
    components: list[Payload] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    kind: int = DEFAULT
    flags: MessageFlag = NO_FLAGS
    edited_at: datetime | None = None
    deleted: bool = False
    pinged: set[int] = field(default_factory=set)
    """The ids of the users who were notified when the message was posted; an edit adds nobody."""
    mentions: list[User] = field(default_factory=list)
    mention_roles: list[int] = field(default_factory=list)
    mention_everyone: bool = False
    replies_to: "Message | None" = None
    visible_to: User | None = None
    """The only one who sees the message, when it is ephemeral."""
    origin: Origin | None = None

    @property
    def ephemeral(self) -> bool:
        """Whether only one user sees it; it is then not in the channel's history."""
        return bool(self.flags & MessageFlag.EPHEMERAL)

    @property
    def thinking(self) -> bool:
        """Whether this is a deferred answer that has no content yet."""
        return bool(self.flags & MessageFlag.LOADING)

    @property
    def link(self) -> str:
        """Where the message is to be found, as Discord writes it."""
        guild = self.channel.guild
        where = "@me" if guild is None else guild.id
        return f"https://discord.com/channels/{where}/{self.channel.id}/{self.id}"

    def summary(self) -> str:
        """Return the visible content in one line."""
        titles = [str(embed.get("title") or "…") for embed in self.embeds]
        files = [attachment.filename for attachment in self.attachments]
        parts = [
            self.content,
            *(f"[{title}]" for title in titles),
            *(f"<{name}>" for name in files),
        ]
        return " ".join(part for part in parts if part) or "(nothing)"

    def find_component(self, custom_id: str) -> Payload | None:
        """Return the component with a custom id at any depth, or None."""
        for component in walk_components(self.components):
            if component.get("custom_id") == custom_id:
                return component
        return None

    def payload(self) -> Payload:
        """Return the message object of Discord's API."""
        payload: Payload = {
            "id": str(self.id),
            "channel_id": str(self.channel.id),
            "type": self.kind,
            "content": self.content,
            "author": self.author.payload(),
            "timestamp": iso(self.created_at),
            "edited_timestamp": iso(self.edited_at),
            "tts": False,
            "mention_everyone": self.mention_everyone,
            "mentions": [user.payload() for user in self.mentions],
            "mention_roles": [str(role) for role in self.mention_roles],
            "attachments": [attachment.payload() for attachment in self.attachments],
            "embeds": self.embeds,
            "components": self.components,
            "pinned": False,
            "flags": int(self.flags),
        }
        self._add_origin(payload)
        self._add_reference(payload)
        return payload

    def payload_for_the_bot(self) -> Payload:
        """Return the message as events and lists show it: blank without the content intent.

        Not blank are its own messages, direct messages, and those that mention it.
        """
        bot = self.shared.bot
        open_to_it = self.author is bot or bot in self.mentions or self.channel.guild is None
        payload = self.payload()
        if not (self.shared.sees_content or open_to_it):
            payload.update(content="", embeds=[], attachments=[], components=[])
        return payload

    def event_payload(self) -> Payload:
        """Return the message of a gateway event, with the guild and the author's roles."""
        payload = self.payload_for_the_bot()
        guild = self.channel.guild
        if guild is not None:
            payload["guild_id"] = str(guild.id)
            member = guild.members.get(self.author.id)
            if member is not None:
                payload["member"] = member.payload(with_user=False)
        return payload

    def delete_payload(self) -> Payload:
        """Return the data of MESSAGE_DELETE."""
        payload: Payload = {"id": str(self.id), "channel_id": str(self.channel.id)}
        if self.channel.guild is not None:
            payload["guild_id"] = str(self.channel.guild.id)
        return payload

    def _add_origin(self, payload: Payload) -> None:
        if self.origin is None:
            return
        payload["webhook_id"] = str(self.shared.application_id)
        payload["application_id"] = str(self.shared.application_id)
        payload["interaction_metadata"] = self.origin.payload()
        if self.origin.name is not None:
            payload["interaction"] = self.origin.legacy_payload()

    def _add_reference(self, payload: Payload) -> None:
        if self.replies_to is None:
            return
        target = self.replies_to
        payload["message_reference"] = {
            "type": 0,
            "message_id": str(target.id),
            "channel_id": str(target.channel.id),
        }
        if target.channel.guild is not None:
            payload["message_reference"]["guild_id"] = str(target.channel.guild.id)
        payload["referenced_message"] = None if target.deleted else target.payload()


@dataclass(eq=False, slots=True)
class Channel:
    """A channel or thread of a guild, or a conversation between users."""

    shared: SharedState
    id: int
    name: str
    kind: int
    created_at: datetime
    guild: GuildBase | None = None
    parent: "Channel | None" = None
    """The channel that a thread belongs to."""
    recipients: list[User] = field(default_factory=list)
    """The users of a direct message, without the bot."""
    includes_bot: bool = True
    """False for direct messages between users, where a user-installed bot may still be used."""
    overwrites: dict[int, Overwrite] = field(default_factory=dict)
    threads: list["Channel"] = field(default_factory=list)
    """The threads that were started here, deleted ones too."""
    history: dict[int, Message] = field(default_factory=dict)
    """Every public message ever posted here by its id, also the deleted ones, oldest first."""
    owner: User | None = None
    """Who started a thread."""
    thread_members: set[int] = field(default_factory=set)
    """The ids of those who have joined a thread; who sees a private one."""
    archived: bool = False
    locked: bool = False
    deleted: bool = False
    forum: ForumSettings = field(default_factory=ForumSettings)
    """What posts need, in a forum or media channel."""
    applied_tags: list[str] = field(default_factory=list)
    """The tags of a post."""
    auto_archive_duration: int = 4320
    """Minutes after which a quiet thread is archived."""
    changed_at: datetime | None = None

    @property
    def is_thread(self) -> bool:
        """Whether this is a thread."""
        return self.kind in THREADS

    @property
    def is_active_thread(self) -> bool:
        """Whether this is a thread that is neither archived nor deleted."""
        return self.is_thread and not (self.archived or self.deleted)

    @property
    def archived_at(self) -> datetime:
        """When a thread was last archived or reopened."""
        return self.changed_at or self.created_at

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
        return permissions & ALLOWED_IN_TIME_OUT

    def _granted(self, user: User) -> Permission:
        """Add up what roles and overwrites allow, whether or not the user is timed out."""
        if self.guild is None:
            return DIRECT_MESSAGE_PERMISSIONS
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
        """Whether ``user`` sees the channel, and is a member of the thread if it is private."""
        if self.guild is None:
            return user in self.recipients or (user is self.shared.bot and self.includes_bot)
        if user.id not in self.guild.members:
            return False
        may = self._granted(user)
        if not may & Permission.VIEW_CHANNEL:
            return False
        if self.kind in VOICE_CHANNELS:
            return bool(may & Permission.CONNECT)
        if self.kind == PRIVATE_THREAD:
            return user.id in self.thread_members or bool(may & Permission.MANAGE_THREADS)
        return True

    def viewers(self) -> list[User]:
        """List the users who can see a message here."""
        if self.guild is None:
            return self.recipients
        users = [member.user for member in self.guild.members.values()]
        return [user for user in users if self.is_accessible_to(user)]

    def deny(self, *names: str, target: User | Role | None = None) -> None:
        """Deny permissions by name (``send_messages``) to the bot or ``target``; CHANNEL_UPDATE."""
        self._overwrite(target, allow=NONE, deny=permissions_named(names))

    def allow(self, *names: str, target: User | Role | None = None) -> None:
        """Allow permissions by name to the bot or ``target``; sends CHANNEL_UPDATE."""
        self._overwrite(target, allow=permissions_named(names), deny=NONE)

    def _overwrite(
        self, target: User | Role | None, *, allow: Permission, deny: Permission
    ) -> None:
        ruling = self.parent or self
        who = target or self.shared.bot
        change = ruling.overwrites.setdefault(who.id, Overwrite()).change
        if self.guild is None:
            raise ValueError("a direct message has no overwrites")
        with sync_threads(self.guild, [ruling]):
            change(allow=allow, deny=deny)
            ruling.send_event("CHANNEL_UPDATE")

    def add_tag(self, name: str, *, moderated: bool = False) -> ForumTag:
        """Add a tag to a forum or media channel; sends CHANNEL_UPDATE."""
        tag = ForumTag(self.shared.ids.stable_id(), name, moderated)
        self.forum.tags.append(tag)
        self.send_event("CHANNEL_UPDATE")
        return tag

    def require_tag(self, required: bool = True) -> None:
        """Require a tag of every new post, or require none; sends CHANNEL_UPDATE."""
        self.forum.requires_tag = required
        self.send_event("CHANNEL_UPDATE")

    def rename(self, name: str) -> None:
        """Rename the channel; sends CHANNEL_UPDATE or THREAD_UPDATE."""
        self.name = name
        self.send_event("THREAD_UPDATE" if self.is_thread else "CHANNEL_UPDATE")

    def set_archived(self, archived: bool, *, locked: bool | None = None) -> None:
        """Archive or reopen a thread, lock it or leave that; sends THREAD_UPDATE."""
        self.archived = archived
        if locked is not None:
            self.locked = locked
        self.changed_at = self.shared.clock.time()
        self.send_event("THREAD_UPDATE")

    def archive(self, *, locked: bool = False) -> None:
        """Archive a thread: a post reopens it unless it is locked too (then 50083)."""
        self.set_archived(True, locked=locked)

    def lock(self) -> None:
        """Lock a thread that stays open: posting requires Manage Threads (160005)."""
        self.set_archived(False, locked=True)

    def reopen(self) -> None:
        """Unarchive and unlock a thread."""
        self.set_archived(False, locked=False)

    def delete(self) -> None:
        """Delete the channel and its threads; sends CHANNEL_DELETE or THREAD_DELETE."""
        self.deleted = True
        for thread in self.threads:
            thread.deleted = True
        self.send_event("THREAD_DELETE" if self.is_thread else "CHANNEL_DELETE")

    def add_to_thread(self, user: User) -> None:
        """Add a member to a thread; the bot then receives its first event about a private one."""
        news = self._membership_news(user) if user is self.shared.bot else None
        self.thread_members.add(user.id)
        if news is not None:
            self.send_event("THREAD_CREATE", member=news)
            self._tell_of_members(added_members=[{**news, "presence": None}])

    def remove_from_thread(self, user: User) -> None:
        """Remove a member from a thread. Raises KeyError for others."""
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

    def send_event(self, event: str, **extra: object) -> None:
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
        """Return the channel object of Discord's API."""
        latest = next(reversed(self.history), None)
        payload: Payload = {
            "id": str(self.id),
            "type": self.kind,
            "last_message_id": None if latest is None else str(latest),
            "flags": self.forum.flags,
        }
        if self.guild is None:
            payload["recipients"] = [user.payload() for user in self.recipients]
            return payload
        payload |= {"guild_id": str(self.guild.id), "name": self.name, "rate_limit_per_user": 0}
        return payload | (self._thread_part() if self.is_thread else self._guild_part())

    def _guild_part(self) -> Payload:
        spoken = {"bitrate": 64_000, "user_limit": 0, "rtc_region": None}
        return (spoken if self.kind in VOICE_CHANNELS else self._forum_part()) | {
            "position": 0,
            "topic": None,
            "nsfw": False,
            "parent_id": None,
            "permission_overwrites": [
                self._overwrite_payload(target, overwrite)
                for target, overwrite in self.overwrites.items()
            ],
        }

    def _forum_part(self) -> Payload:
        if self.kind not in FORUMS:
            return {}
        part: Payload = {
            "available_tags": [tag.payload() for tag in self.forum.tags],
            "default_reaction_emoji": None,
            "default_sort_order": None,
            "default_forum_layout": 0,
        }
        if self.forum.default_auto_archive_duration is not None:
            part["default_auto_archive_duration"] = self.forum.default_auto_archive_duration
        return part

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
            "applied_tags": self.applied_tags,
            "thread_metadata": {
                "archived": self.archived,
                "auto_archive_duration": self.auto_archive_duration,
                "archive_timestamp": iso(self.archived_at),
                "locked": self.locked,
                "create_timestamp": iso(self.created_at),
            },
        }


@contextmanager
def sync_threads(guild: GuildBase, channels: Iterable[Channel]) -> Iterator[None]:
    """Send THREAD_LIST_SYNC if the bot gains access to some of these channels meanwhile.

    It carries the active threads of those channels.
    """
    bot = guild.shared.bot
    known = list(channels)
    before = {channel.id for channel in known if channel.is_accessible_to(bot)}
    yield
    opened = [one for one in known if one.id not in before and one.is_accessible_to(bot)]
    if not opened:
        return
    threads = [
        thread
        for channel in opened
        for thread in channel.threads
        if thread.is_active_thread and thread.is_accessible_to(bot)
    ]
    synced: Payload = {
        "guild_id": str(guild.id),
        "channel_ids": [str(channel.id) for channel in sorted(opened, key=lambda one: one.id)],
        "threads": [thread.payload() for thread in threads],
        "members": [],
    }
    guild.shared.dispatch("THREAD_LIST_SYNC", synced, guild.id, 1)
