"""The parts of a message: its flags, attachments and components, and the interaction it answers."""

from dataclasses import dataclass
from enum import IntFlag

from sandbox.discord.errors import Payload
from sandbox.discord.users import User

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
        """Return the attachment object of Discord's API."""
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
        """Return the ``interaction_metadata`` of a message."""
        return {
            "id": str(self.id),
            "type": self.kind,
            "user": self.user.payload(),
            "authorizing_integration_owners": self.owners,
        }

    def legacy_payload(self) -> Payload:
        """Return the older ``interaction`` of a message, which only commands have."""
        return {
            "id": str(self.id),
            "type": self.kind,
            "name": self.name,
            "user": self.user.payload(),
        }


def walk_components(components: list[Payload]) -> list[Payload]:
    """List components and everything inside them, in the order in which they are shown."""
    found: list[Payload] = []
    for component in components:
        found.append(component)
        inner = component.get("components")
        if isinstance(inner, list):
            found.extend(walk_components([entry for entry in inner if isinstance(entry, dict)]))
        for key in ("accessory", "component"):
            if isinstance(component.get(key), dict):
                found.extend(walk_components([component[key]]))
    return found
