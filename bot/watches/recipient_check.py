"""Checks whether a direct message reaches a user: Discord says so only when one is sent."""

import asyncio
from collections.abc import Sequence

from bot.delivery.discord_errors import is_recipient_unreachable, short_reason
from bot.delivery.live_card_updater import LiveCardUpdater
from bot.storage.models import (
    Destination,
    LiveCard,
    UndeliveredReason,
    WatchRefusal,
    WatchRefusalReason,
)
from bot.storage.watches import NoticeStates

NO_COMMON_SERVER = 50278
"""Discord's error code: the bot and the user share no server."""

REPLY_TIMEOUT = 10.0
"""Seconds that a reply waits for the result of the first direct message."""

_POLL_INTERVAL = 0.1
"""Seconds between two reads of the deliveries."""


class RecipientCheck:
    """Waits for the result of the first direct message to a user."""

    def __init__(
        self, cards: LiveCardUpdater, notices: NoticeStates, timeout: float = REPLY_TIMEOUT
    ) -> None:
        self._cards = cards
        self._notices = notices
        self._timeout = timeout

    async def refusal(
        self, destination: Destination, card: LiveCard | None, finished: Sequence[str]
    ) -> WatchRefusal | None:
        """Return the refusal if Discord rejects a direct message to the user.

        The first message is ``card``, which was created as claimed; without one, it is the notice
        of a task in ``finished``. ``None`` also if there is no result within the timeout.
        """
        if card is not None:
            posting = self._cards.post(card)
            done, _ = await asyncio.wait({posting}, timeout=self._timeout)
            error = posting.result() if done else None
            if error and is_recipient_unreachable(error):
                return unreachable_refusal(short_reason(error))
            return None
        return await self._refusal_of_notices(destination, finished) if finished else None

    async def _refusal_of_notices(
        self, destination: Destination, ids: Sequence[str]
    ) -> WatchRefusal | None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._timeout
        while loop.time() < deadline:
            states = await self._notices.latest(destination, ids)
            for each in states:
                if each.state == "dropped" and UndeliveredReason(each.reason).recipient_unreachable:
                    return unreachable_refusal(each.reason)
            if not any(each.pending for each in states):
                return None
            await asyncio.sleep(_POLL_INTERVAL)
        return None


def unreachable_refusal(reason: str) -> WatchRefusal:
    """Return the refusal for the reason why Discord rejected a direct message."""
    if reason.endswith(f"/{NO_COMMON_SERVER}"):
        return WatchRefusal(WatchRefusalReason.NO_COMMON_SERVER)
    return WatchRefusal(WatchRefusalReason.NO_DIRECT_MESSAGES)
