"""A local Discord on loopback for an unmodified discord.py: for tests and the demo.

``LocalDiscord`` is all that is needed to begin. Read ``server`` first, then ``state`` (the
entities), ``gateway`` and ``middleware`` (how the bot communicates with it) and ``user_actions``.
"""

from sandbox.discord.channels import Channel, Message
from sandbox.discord.errors import ActionUnavailable
from sandbox.discord.events import Event
from sandbox.discord.faults import Fault, body_contains
from sandbox.discord.guilds import Guild
from sandbox.discord.interactions import Interaction
from sandbox.discord.message_builder import Upload
from sandbox.discord.message_parts import Attachment
from sandbox.discord.middleware import Request
from sandbox.discord.server import LocalDiscord
from sandbox.discord.users import Role, User

__all__ = [
    "ActionUnavailable",
    "Attachment",
    "Channel",
    "Event",
    "Fault",
    "Guild",
    "Interaction",
    "LocalDiscord",
    "Message",
    "Request",
    "Role",
    "Upload",
    "User",
    "body_contains",
]
