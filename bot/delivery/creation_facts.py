"""What can be created next of the task of a notice, at the destination of the notice."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.storage.models import (
    Delivery,
    DeliveryPurpose,
    RejectionReason,
    ServerSettings,
    TaskKey,
)
from bot.ui.creation_actions import CreationActions


async def _makes_nothing(_account: str, _guild_id: int | None) -> bool:
    return False


async def _knows_nothing(_key: TaskKey) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class CreationFacts:
    """Where the facts come from; delivery itself knows no accounts and no requests."""

    makes_songs: Callable[[str, int | None], Awaitable[bool]] = _makes_nothing
    """Returns whether songs can be made with an account in a server, or in direct messages."""
    is_created: Callable[[TaskKey], Awaitable[bool]] = _knows_nothing
    """Returns whether a task was created with the bot, and its request is stored."""

    async def actions(self, key: TaskKey, guild_id: int | None) -> CreationActions:
        """Return what a notice of a task offers in a server that has turned creation on.

        ``guild_id`` is ``None`` in direct messages.
        """
        return CreationActions(
            song=await self.makes_songs(key.account, guild_id),
            again=await self.is_created(key),
            account=key.account,
        )


def offers_creation(delivery: Delivery, settings: ServerSettings) -> bool:
    """Whether the message of a delivery may offer to create something.

    What was rejected because creating is off can be repeated when it is on again.
    """
    is_notice = delivery.purpose is DeliveryPurpose.NOTICE and not delivery.is_summary
    is_on = delivery.destination.guild_id is None or settings.creation
    return is_notice and (is_on or delivery.rejection is RejectionReason.OFF)
