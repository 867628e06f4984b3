"""Builds and edits messages from validated payloads."""

import mimetypes
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from sandbox.discord.channels import Channel, Message
from sandbox.discord.embed_limits import embed_is_empty
from sandbox.discord.errors import FieldErrors, Payload, api_error, invalid
from sandbox.discord.mentions import (
    ALL_KINDS,
    filter_mentions,
    find_mentions,
    mentions_reply_author,
)
from sandbox.discord.message_limits import FILE_SIZE, Files, read_message
from sandbox.discord.message_parts import DEFAULT, NO_FLAGS, REPLY, Attachment, MessageFlag, Origin
from sandbox.discord.permissions import Permission
from sandbox.discord.rendering import render_components, render_embed
from sandbox.discord.state import DiscordState
from sandbox.discord.users import User

_PERSISTENT_FLAGS = MessageFlag.EPHEMERAL | MessageFlag.LOADING | MessageFlag.IS_COMPONENTS_V2


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to upload with a message."""

    filename: str
    data: bytes
    index: int = 0
    """The n of its form field ``files[n]``, by which ``attachments`` refers to it."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A message as a request describes it."""

    payload: Payload
    uploads: list[Upload] = field(default_factory=list)

    def validated(
        self, channel: Channel, *, message: Message | None = None, ephemeral: bool = False
    ) -> "Draft":
        """Return the draft as Discord stores it, for a new message or an edit of ``message``.

        Raises ApiError for files too large for the channel (40005) and invalid fields (50035).
        """
        largest = channel.guild.file_size if channel.guild else FILE_SIZE
        if any(len(upload.data) > largest for upload in self.uploads):
            raise api_error(40005)
        modern = message is not None and bool(message.flags & MessageFlag.IS_COMPONENTS_V2)
        files = self._files(message)
        kept, errors = read_message(self.payload, files, ephemeral=ephemeral, modern=modern)
        if message is not None and not modern and not errors:
            check_conversion(message, kept, errors)
        errors.raise_if_any()
        return Draft(kept, self.uploads)

    def _files(self, message: Message | None) -> Files:
        """Return the files that the message may refer to: the uploaded and the existing ones."""
        older = [] if message is None else message.attachments
        names = [self.name_of(upload) for upload in self.uploads]
        return Files(
            names=[*names, *(one.filename for one in older)],
            ids=[*(str(one.index) for one in self.uploads), *(str(one.id) for one in older)],
            new=len(self.uploads),
        )

    def listed(self, upload: Upload) -> Payload:
        """Return the entry of ``attachments`` for an upload."""
        entries = self.payload.get("attachments")
        for entry in entries if isinstance(entries, list) else []:
            if isinstance(entry, dict) and str(entry.get("id")) == str(upload.index):
                return entry
        return {}

    def name_of(self, upload: Upload) -> str:
        """Return the file name under which Discord stores an upload."""
        return str(self.listed(upload).get("filename") or upload.filename).replace(" ", "_")

    @property
    def flags(self) -> MessageFlag:
        """The flags that are asked for."""
        return MessageFlag(self.payload.get("flags") or 0)


def check_conversion(message: Message, draft: Payload, errors: FieldErrors) -> None:
    """Record an error if an edit turns a message into components but keeps its other content."""
    if not MessageFlag(draft.get("flags") or 0) & MessageFlag.IS_COMPONENTS_V2:
        return
    for name in ("content", "embeds"):
        if getattr(message, name) and name not in draft:
            code = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"
            errors.add((name,), code, "Not beside components of the new kind.")


class MessageBuilder:
    """Builds messages and stores them; sends no events."""

    def __init__(self, state: DiscordState) -> None:
        self._state = state

    def create(
        self,
        channel: Channel,
        author: User,
        *,
        flags: MessageFlag = NO_FLAGS,
        origin: Origin | None = None,
        visible_to: User | None = None,
        kind: int = DEFAULT,
    ) -> Message:
        """Create an empty message without storing it."""
        shared = self._state.shared
        return Message(
            shared=shared,
            id=shared.ids.timestamp_id(),
            channel=channel,
            author=author,
            created_at=shared.clock.time(),
            flags=flags,
            origin=origin,
            visible_to=visible_to,
            kind=kind,
        )

    def publish(self, message: Message) -> None:
        """Store a new message in its channel, and notify the users that it mentions."""
        if not message.ephemeral:
            message.channel.history[message.id] = message
            self._notify(message)

    def fill(
        self,
        message: Message,
        draft: Draft,
        *,
        embeds_allowed: bool = True,
        default_mentions: Collection[str] = ALL_KINDS,
    ) -> None:
        """Apply a draft to a message: fields that it does not contain stay as they are.

        Raises ApiError 50006 if the message would be empty; it is then unchanged.
        """
        payload = draft.payload
        content, embeds, components = message.content, message.embeds, message.components
        if "content" in payload:
            content = (payload["content"] or "").strip()
        if "embeds" in payload:
            embeds = [entry for entry in payload["embeds"] or [] if not embed_is_empty(entry)]
        if "components" in payload:
            components = payload["components"] or []
        if not embeds_allowed:
            embeds = []
        kept = self._kept_attachments(message, payload)
        if not (content or embeds or components or kept or draft.uploads or payload.get("poll")):
            raise api_error(50006)
        message.content = content
        message.attachments = kept + [self._attach(message, draft, one) for one in draft.uploads]
        message.embeds = [render_embed(embed, message.attachments) for embed in embeds]
        ids = self._state.shared.ids
        message.components = render_components(components, message.attachments, ids)
        if "flags" in payload:
            settable = draft.flags & ~MessageFlag.EPHEMERAL
            message.flags = (message.flags & _PERSISTENT_FLAGS) | settable
        self._note_mentions(message, payload.get("allowed_mentions"), default_mentions)

    def _kept_attachments(self, message: Message, payload: Payload) -> list[Attachment]:
        if payload.get("attachments") is None:
            return list(message.attachments) if "attachments" not in payload else []
        wanted = {str(entry.get("id")) for entry in payload["attachments"]}
        return [one for one in message.attachments if str(one.id) in wanted]

    def _attach(self, message: Message, draft: Draft, upload: Upload) -> Attachment:
        named = Upload(draft.name_of(upload), upload.data)
        attachment = self.attachment_factory(message.channel)(named)
        attachment.description = draft.listed(upload).get("description")
        return attachment

    def attachment_factory(self, channel: Channel) -> Callable[[Upload], Attachment]:
        """Return a function that stores an upload as an attachment of the channel."""
        shared = self._state.shared

        def attach(upload: Upload) -> Attachment:
            identity = shared.ids.timestamp_id()
            name = upload.filename.replace(" ", "_")
            kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
            url = f"{shared.cdn_url}/attachments/{channel.id}/{identity}/{quote(name)}"
            attachment = Attachment(identity, name, upload.data, kind, url)
            self._state.files[identity] = attachment
            return attachment

        return attach

    def _note_mentions(
        self, message: Message, allowed: Payload | None, default: Collection[str]
    ) -> None:
        named = filter_mentions(find_mentions(message.content), allowed, default)
        users = [self._state.users[one] for one in named.users if one in self._state.users]
        target = message.replies_to
        if target is not None and mentions_reply_author(allowed) and target.author not in users:
            users.append(target.author)
        guild = message.channel.guild
        may_name_all = bool(
            message.channel.permissions_of(message.author) & Permission.MENTION_EVERYONE
        )
        roles = {} if guild is None else guild.roles
        message.mentions = users
        message.mention_roles = [
            one for one in named.roles if one in roles and (roles[one].mentionable or may_name_all)
        ]
        message.mention_everyone = named.everyone and may_name_all and guild is not None

    def _notify(self, message: Message) -> None:
        if message.flags & MessageFlag.SUPPRESS_NOTIFICATIONS:
            return
        guild = message.channel.guild
        for user in message.channel.viewers():
            member = None if guild is None else guild.members.get(user.id)
            held = [] if member is None else [role.id for role in member.roles]
            named = user in message.mentions or set(held) & set(message.mention_roles)
            if (named or message.mention_everyone) and user is not message.author:
                message.pinged.add(user.id)

    def set_reference(self, message: Message, reference: Any) -> None:
        """Make the message a reply to ``message_reference``.

        Raises ApiError for unknown messages.
        """
        if not reference:
            return
        found = message.channel.history.get(int(reference.get("message_id") or 0))
        if found is None or found.deleted:
            if reference.get("fail_if_not_exists") is False:
                return
            raise invalid(("message_reference",), "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
        if not message.channel.permissions_of(message.author) & Permission.READ_MESSAGE_HISTORY:
            raise api_error(160002)
        message.replies_to, message.kind = found, REPLY
