"""Renders what a user sees as JSON for the page: users, channels and messages.

Images and audio are loaded from the page's own server only: ``local`` is the path there of an
address, or None where the server does not have it.
"""

from typing import Any
from urllib.parse import urlsplit

from sandbox.discord import Attachment, Channel, LocalDiscord, Message, User
from sandbox.discord.permissions import Permission
from sandbox.page.message_log import MessageLog

Payload = dict[str, Any]

TOGGLED_PERMISSIONS = (
    "view_channel",
    "send_messages",
    "embed_links",
    "attach_files",
    "read_message_history",
)
"""The permissions of the bot that can be switched on the page."""

_IMAGES = ("image", "thumbnail")
_ICON_PARENTS = ("author", "footer")


class PageRenderer:
    """Renders the content of a local Discord as one user sees it."""

    def __init__(self, discord: LocalDiscord, message_log: MessageLog, media: str) -> None:
        self._discord = discord
        self._message_log = message_log
        self._media = media
        """The address of covers and audio; their paths are the same at the page's own server."""

    def users(self) -> Payload:
        """Return every user by id."""
        return {str(one.id): _user(one) for one in self._discord.state.users.values()}

    def roles(self) -> Payload:
        """Return the name of every role by id."""
        guilds = self._discord.state.guilds.values()
        return {str(role.id): role.name for guild in guilds for role in guild.roles.values()}

    def channels(self, user: User) -> list[Payload]:
        """List the channels that a user sees, and the permissions of the bot in them."""
        state = self._discord.state
        return [
            self._channel(channel)
            for channel in state.channels.values()
            if not channel.deleted and _is_listed(user, channel)
        ]

    def _channel(self, channel: Channel) -> Payload:
        kind = "thread" if channel.is_thread else "text"
        permissions = channel.permissions_of(self._discord.bot_user)
        return {
            "id": str(channel.id),
            "name": channel.name if channel.guild else self._discord.bot_user.name,
            "kind": kind if channel.guild else "direct",
            "parent": str(channel.parent.id) if channel.parent else None,
            "may": {
                name: bool(permissions & Permission[name.upper()]) for name in TOGGLED_PERMISSIONS
            },
        }

    def history(self, user: User) -> list[Payload]:
        """List every message that a user sees, oldest first in each channel."""
        state = self._discord.state
        channels = [one for one in state.channels.values() if _is_listed(user, one)]
        return [
            self.message(message, user)
            for channel in channels
            for message in self._message_log.messages(channel, user)
        ]

    def message(self, message: Message, user: User) -> Payload:
        """Return a message as a user sees it now."""
        reply = message.replies_to
        used = self._message_log.command_of(message)
        return {
            "id": str(message.id),
            "channel": str(message.channel.id),
            "author": str(message.author.id),
            "at": int(message.created_at.timestamp() * 1000),
            "edited": self._message_log.was_edited(message),
            "content": message.content,
            "embeds": [self._embed(embed) for embed in message.embeds],
            "components": [self._component(one) for one in message.components],
            "attachments": [self._file(one) for one in message.attachments],
            "ephemeral": message.ephemeral,
            "thinking": message.thinking,
            "pinged": user.id in message.pinged,
            "used": {"by": str(message.origin.user.id), "name": used}
            if message.origin and used
            else None,
            "reply": {"author": str(reply.author.id), "text": reply.summary()} if reply else None,
        }

    def _embed(self, embed: Payload) -> Payload:
        rendered = dict(embed)
        for name in _IMAGES:
            if embed.get(name):
                rendered[name] = self._medium(embed[name])
        for name in _ICON_PARENTS:
            if embed.get(name):
                rendered[name] = embed[name] | {
                    "icon": self._local(embed[name].get("icon_url") or "")
                }
        return rendered

    def _component(self, component: Payload) -> Payload:
        """Return a component with its nested components."""
        rendered = dict(component)
        for name in ("media", "file"):
            if isinstance(component.get(name), dict):
                rendered[name] = self._medium(component[name])
        if isinstance(component.get("items"), list):
            rendered["items"] = [self._component(one) for one in component["items"]]
        if isinstance(component.get("components"), list):
            rendered["components"] = [self._component(one) for one in component["components"]]
        if isinstance(component.get("accessory"), dict):
            rendered["accessory"] = self._component(component["accessory"])
        return rendered

    def _medium(self, medium: Payload) -> Payload:
        return medium | {"local": self._local(medium.get("url") or "")}

    def _file(self, attachment: Attachment) -> Payload:
        return {
            "name": attachment.filename,
            "size": len(attachment.data),
            "type": attachment.content_type,
            "description": attachment.description or "",
            "local": self._local(attachment.url),
        }

    def _local(self, url: str) -> str | None:
        """Return the path of ``url`` at the page's own server, or None if it is not there."""
        uploaded = f"http://{self._discord.host}:{self._discord.port}/attachments/"
        if url.startswith(uploaded):
            return "/files/" + url.removeprefix(uploaded)
        return urlsplit(url).path if url.startswith(f"{self._media}/") else None


def _user(user: User) -> Payload:
    return {"name": user.name, "bot": user.bot, "locale": user.locale}


def _is_listed(user: User, channel: Channel) -> bool:
    """Whether a user sees that channel in their list."""
    if channel.guild is None:
        return user in channel.recipients
    is_member = user.id in channel.guild.members
    return is_member and bool(channel.permissions_of(user) & Permission.VIEW_CHANNEL)
