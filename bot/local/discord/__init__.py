"""A Discord of one's own on loopback, for an unmodified discord.py: for tests and the demo.

``LocalDiscord`` is all that is needed to begin. Read ``server`` first, then ``world`` (what
exists), ``gateway`` and ``rest`` (how the bot talks to it), ``deeds`` (what people do).
"""

from bot.local.discord.channels import Channel
from bot.local.discord.composing import Upload
from bot.local.discord.errors import NotOffered
from bot.local.discord.faults import Fault, saying
from bot.local.discord.guilds import Guild
from bot.local.discord.happenings import Happening
from bot.local.discord.interactions import Interaction
from bot.local.discord.messages import Attachment, Message
from bot.local.discord.people import Role, User
from bot.local.discord.rest import Request
from bot.local.discord.server import LocalDiscord

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
