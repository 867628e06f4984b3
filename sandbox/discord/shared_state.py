"""What all entities of one local Discord share."""

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.discord.changes import ChangeNotifier
from sandbox.discord.clock import Clock
from sandbox.discord.errors import Payload
from sandbox.discord.snowflakes import SnowflakeGenerator
from sandbox.discord.users import User

Dispatch = Callable[[str, Payload, int | None, int], None]
"""Sends a gateway event to the bot: name, data, guild id (None outside guilds), needed intents."""


@dataclass(slots=True)
class SharedState:
    """The clock, the id generator, the bot, and the way to its gateway sessions."""

    clock: Clock
    ids: SnowflakeGenerator
    bot: User
    application_id: int
    token: str
    """The token that Discord accepts from the bot at the moment."""
    changes: ChangeNotifier
    dispatch: Dispatch
    sees_content: bool = False
    """Whether the application was granted the privileged message content intent."""
    cdn_url: str = ""
