"""What a reader sees, as the page gets it: people, places and messages as plain JSON.

Pictures and sounds are shown from the page's own server only. Beside an address that is served
there stands ``local``, the path; beside any other, None.
"""

from typing import Any
from urllib.parse import urlsplit

from sandbox.discord import Attachment, Channel, LocalDiscord, Message, User
from sandbox.discord.permissions import Permission
from sandbox.page.message_log import MessageLog

Payload = dict[str, Any]

SWITCHED = (
    "view_channel",
    "send_messages",
    "embed_links",
    "attach_files",
    "read_message_history",
)
"""The permissions that can be taken from the bot on the page."""

_PICTURES = ("image", "thumbnail")
_ICONS = ("author", "footer")


class PageRenderer:
    """Turns what there is in a local Discord into what one reader gets of it."""

    def __init__(self, discord: LocalDiscord, ledger: MessageLog, media: str) -> None:
        self._discord = discord
        self._ledger = ledger
        self._media = media
        """The address of covers and tunes; their paths are the same at the page's own server."""

    def people(self) -> Payload:
        """Give everybody by id."""
        return {str(one.id): _person(one) for one in self._discord.state.users.values()}

    def roles(self) -> Payload:
        """Give the name of every role by id."""
        guilds = self._discord.state.guilds.values()
        return {str(role.id): role.name for guild in guilds for role in guild.roles.values()}

    def channels(self, reader: User) -> list[Payload]:
        """List the places that a person sees, and what the bot may do there."""
        world = self._discord.state
        return [
            self._channel(channel)
            for channel in world.channels.values()
            if not channel.deleted and _is_in(reader, channel)
        ]

    def _channel(self, channel: Channel) -> Payload:
        kind = "thread" if channel.is_thread else "text"
        may = channel.permissions_of(self._discord.bot_user)
        return {
            "id": str(channel.id),
            "name": channel.name if channel.guild else self._discord.bot_user.name,
            "kind": kind if channel.guild else "direct",
            "parent": str(channel.parent.id) if channel.parent else None,
            "may": {name: bool(may & Permission[name.upper()]) for name in SWITCHED},
        }

    def history(self, reader: User) -> list[Payload]:
        """List every message that a person sees anywhere, oldest first in each channel."""
        world = self._discord.state
        places = [one for one in world.channels.values() if _is_in(reader, one)]
        return [
            self.message(message, reader)
            for place in places
            for message in self._ledger.messages(place, reader)
        ]

    def message(self, message: Message, reader: User) -> Payload:
        """Give a message as one person sees it now."""
        reply = message.replies_to
        used = self._ledger.command_of(message)
        return {
            "id": str(message.id),
            "channel": str(message.channel.id),
            "author": str(message.author.id),
            "at": int(message.created_at.timestamp() * 1000),
            "edited": self._ledger.was_edited(message),
            "content": message.content,
            "embeds": [self._embed(embed) for embed in message.embeds],
            "components": [self._component(one) for one in message.components],
            "attachments": [self._file(one) for one in message.attachments],
            "ephemeral": message.ephemeral,
            "thinking": message.thinking,
            "pinged": reader.id in message.pinged,
            "used": {"by": str(message.origin.user.id), "name": used}
            if message.origin and used
            else None,
            "reply": {"author": str(reply.author.id), "text": reply.summary()} if reply else None,
        }

    def _embed(self, embed: Payload) -> Payload:
        shown = dict(embed)
        for name in _PICTURES:
            if embed.get(name):
                shown[name] = self._medium(embed[name])
        for name in _ICONS:
            if embed.get(name):
                shown[name] = embed[name] | {"icon": self._local(embed[name].get("icon_url") or "")}
        return shown

    def _component(self, component: Payload) -> Payload:
        """Give a component with everything inside it."""
        shown = dict(component)
        for name in ("media", "file"):
            if isinstance(component.get(name), dict):
                shown[name] = self._medium(component[name])
        if isinstance(component.get("items"), list):
            shown["items"] = [self._component(one) for one in component["items"]]
        if isinstance(component.get("components"), list):
            shown["components"] = [self._component(one) for one in component["components"]]
        if isinstance(component.get("accessory"), dict):
            shown["accessory"] = self._component(component["accessory"])
        return shown

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
        """Give the path at which the page's server has what is at ``url``, if it has it."""
        uploaded = f"http://{self._discord.host}:{self._discord.port}/attachments/"
        if url.startswith(uploaded):
            return "/files/" + url.removeprefix(uploaded)
        return urlsplit(url).path if url.startswith(f"{self._media}/") else None


def _person(user: User) -> Payload:
    return {"name": user.name, "bot": user.bot, "locale": user.locale}


def _is_in(reader: User, channel: Channel) -> bool:
    """Whether a person has that place in their list."""
    if channel.guild is None:
        return reader in channel.recipients
    is_member = reader.id in channel.guild.members
    return is_member and bool(channel.permissions_of(reader) & Permission.VIEW_CHANNEL)
