"""Messages, as people see them and as Discord writes them."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntFlag
from typing import TYPE_CHECKING

from sandbox.discord.clock import iso
from sandbox.discord.errors import Payload
from sandbox.discord.shared_state import SharedState
from sandbox.discord.users import User

if TYPE_CHECKING:
    from sandbox.discord.channels import Channel

DEFAULT, REPLY, CHAT_INPUT, CONTEXT_MENU = 0, 19, 20, 23
"""The types of message that there are here."""


class MessageFlag(IntFlag):
    """The flags of a message that matter here."""

    SUPPRESS_EMBEDS = 1 << 2
    EPHEMERAL = 1 << 6
    LOADING = 1 << 7
    SUPPRESS_NOTIFICATIONS = 1 << 12
    IS_COMPONENTS_V2 = 1 << 15


NO_FLAGS = MessageFlag(0)


@dataclass(eq=False, slots=True)
class Attachment:
    """A file of a message; ``url`` serves ``data`` as long as the local Discord runs."""

    id: int
    filename: str
    data: bytes
    content_type: str
    url: str
    description: str | None = None

    def payload(self) -> Payload:
        """Give the attachment as Discord does."""
        payload: Payload = {
            "id": str(self.id),
            "filename": self.filename,
            "size": len(self.data),
            "url": self.url,
            "proxy_url": self.url,
            "content_type": self.content_type,
        }
        if self.description is not None:
            payload["description"] = self.description
        return payload


@dataclass(frozen=True, slots=True)
class Origin:
    """The interaction that a message answers."""

    id: int
    kind: int
    user: User
    name: str | None
    owners: Payload

    def payload(self) -> Payload:
        """Give the ``interaction_metadata`` of a message."""
        return {
            "id": str(self.id),
            "type": self.kind,
            "user": self.user.payload(),
            "authorizing_integration_owners": self.owners,
        }

    def legacy_payload(self) -> Payload:
        """Give the older ``interaction`` of a message, which only commands have."""
        return {
            "id": str(self.id),
            "type": self.kind,
            "name": self.name,
            "user": self.user.payload(),
        }


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
        """Whether only one person sees it; it is then not in the channel."""
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
        """Say in one line what a reader sees."""
        titles = [str(embed.get("title") or "…") for embed in self.embeds]
        files = [attachment.filename for attachment in self.attachments]
        parts = [
            self.content,
            *(f"[{title}]" for title in titles),
            *(f"<{name}>" for name in files),
        ]
        return " ".join(part for part in parts if part) or "(nothing)"

    def find_component(self, custom_id: str) -> Payload | None:
        """Give the button or select with that custom_id, wherever it is in the message."""
        for component in walk(self.components):
            if component.get("custom_id") == custom_id:
                return component
        return None

    def payload(self) -> Payload:
        """Give the message as Discord does."""
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
        """Give the message as a bot gets it unasked: without the message content intent, blank.

        Not blank are its own messages, direct messages, and those that mention it.
        """
        bot = self.shared.bot
        open_to_it = self.author is bot or bot in self.mentions or self.channel.guild is None
        payload = self.payload()
        if not (self.shared.sees_content or open_to_it):
            payload.update(content="", embeds=[], attachments=[], components=[])
        return payload

    def event_payload(self) -> Payload:
        """Give the message as a gateway event carries it: with its guild and the author's roles."""
        payload = self.payload_for_the_bot()
        guild = self.channel.guild
        if guild is not None:
            payload["guild_id"] = str(guild.id)
            member = guild.members.get(self.author.id)
            if member is not None:
                payload["member"] = member.payload(with_user=False)
        return payload

    def delete_payload(self) -> Payload:
        """Give what a gateway event says about the message once it is gone."""
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


def walk(components: list[Payload]) -> list[Payload]:
    """List components and everything inside them, in the order in which they are shown."""
    found: list[Payload] = []
    for component in components:
        found.append(component)
        inner = component.get("components")
        if isinstance(inner, list):
            found.extend(walk([entry for entry in inner if isinstance(entry, dict)]))
        for key in ("accessory", "component"):
            if isinstance(component.get(key), dict):
                found.extend(walk([component[key]]))
    return found
