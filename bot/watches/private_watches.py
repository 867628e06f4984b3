"""Whether somebody can be told in a direct message: only the first one that is sent shows it."""

import asyncio
from collections.abc import Sequence

from bot.delivery.discord_errors import is_recipient_unreachable, short_reason
from bot.delivery.live_card_updater import LiveCardUpdater
from bot.i18n.catalog import Catalog
from bot.storage.joined_notices import JoinedNotices
from bot.storage.models import Destination, LiveCard, UndeliveredReason

NO_COMMON_SERVER = 50278

PATIENCE = 10.0
"""Seconds for which an answer waits to learn that; after that it is given without."""

_PAUSE = 0.1


class DirectMessageWatches:
    """Follows the first message to a person who asked to be told privately."""

    def __init__(
        self, keeper: LiveCardUpdater, notices: JoinedNotices, patience: float = PATIENCE
    ) -> None:
        self._keeper = keeper
        self._notices = notices
        self._patience = patience

    async def refusal(
        self, destination: Destination, card: LiveCard | None, finished: Sequence[str]
    ) -> str | None:
        """Return why the person gets no direct message, ``None`` as far as nothing is known of it.

        The first message is ``card``, which was opened as claimed; where there is none, the notices
        of the tasks that were ``finished`` already.
        """
        if card is not None:
            posting = self._keeper.post(card)
            done, _ = await asyncio.wait({posting}, timeout=self._patience)
            error = posting.result() if done else None
            return short_reason(error) if error and is_recipient_unreachable(error) else None
        return await self._refusal_of_notices(destination, finished) if finished else None

    async def _refusal_of_notices(self, destination: Destination, ids: Sequence[str]) -> str | None:
        loop = asyncio.get_running_loop()
        until = loop.time() + self._patience
        while loop.time() < until:
            states = await self._notices.latest(destination, ids)
            for each in states:
                if each.state == "dropped" and UndeliveredReason(each.reason).recipient_unreachable:
                    return each.reason
            if not any(each.pending for each in states):
                return None
            await asyncio.sleep(_PAUSE)
        return None


def say_refusal(reason: str, catalog: Catalog) -> str:
    """Return what a person is told who gets no direct messages."""
    no_server = reason.endswith(f"/{NO_COMMON_SERVER}")
    return catalog.text("watch-no-common-server" if no_server else "watch-no-direct-message")
