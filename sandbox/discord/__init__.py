"""A Discord of one's own on loopback, for an unmodified discord.py: for tests and the demo.

``LocalDiscord`` is all that is needed to begin. Read ``server`` first, then ``world`` (what
exists), ``gateway`` and ``rest`` (how the bot talks to it), ``deeds`` (what people do).
"""

from sandbox.discord.channels import Channel
from sandbox.discord.composing import Upload
from sandbox.discord.errors import NotOffered
from sandbox.discord.faults import Fault, saying
from sandbox.discord.guilds import Guild
from sandbox.discord.happenings import Happening
from sandbox.discord.interactions import Interaction
from sandbox.discord.messages import Attachment, Message
from sandbox.discord.people import Role, User
from sandbox.discord.rest import Request
from sandbox.discord.server import LocalDiscord

__all__ = [
    "Attachment",
    "Channel",
    "Fault",
    "Guild",
    "Happening",
    "Interaction",
    "LocalDiscord",
    "Message",
    "NotOffered",
    "Request",
    "Role",
    "Upload",
    "User",
    "saying",
]
