"""What all things of one local Discord share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.discord.clock import Clock
from sandbox.discord.errors import Payload
from sandbox.discord.events import Event, EventBus
from sandbox.discord.snowflakes import SnowflakeGenerator
from sandbox.discord.users import User

if TYPE_CHECKING:
    from sandbox.discord.interactions import Interaction
    from sandbox.discord.messages import Message

Dispatch = Callable[[str, Payload, int | None, int], None]
"""Sends an event to the bot: its name, its data, its guild (None outside one), intents it needs."""


@dataclass(slots=True)
class SharedState:
    """Clock, ids, the bot, and where news go."""

    clock: Clock
    ids: SnowflakeGenerator
    bot: User
    application_id: int
    token: str
    """The token that Discord takes from the bot at the moment."""
    events: EventBus
    dispatch: Dispatch
    sees_content: bool = False
    """Whether the application was granted the privileged message content intent."""
    cdn_url: str = ""

    def announce(
        self,
        kind: str,
        *,
        message: "Message | None" = None,
        interaction: "Interaction | None" = None,
        text: str = "",
    ) -> None:
        """Tell everyone who watches."""
        self.events.announce(Event(kind, self.clock.now(), message, interaction, text))
