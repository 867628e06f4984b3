"""Opens the direct messages to which notices are redirected: one at a time, spaced, until it works.

Discord refuses a bot that opens many at once (40003). A person is given up only where Discord says
so of that person; whatever else goes wrong is tried again later.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

import aiohttp
import discord

from bot.delivery.discord_calls import DiscordCalls
from bot.delivery.discord_errors import classify, is_recipient_unreachable, short_reason
from bot.storage.redirection import Redirection, UnopenedMessage

log = logging.getLogger(__name__)

TOO_FAST = 40003
"""Discord's code for direct messages that are opened too fast."""


@dataclass(frozen=True, slots=True)
class DirectMessageTiming:
    """How direct messages are opened. Spans in seconds."""

    interval: float = 5.0
    """Between two of them."""
    lease: float = 120.0
    """After which one is opened again whose opening was never heard of."""
    first_delay: float = 5.0
    """Before the second try for a person; it doubles with every try."""
    max_delay: float = 300.0


DIRECT_MESSAGE_TIMING = DirectMessageTiming()


class DirectMessageOpener:
    """Opens the direct message of whoever is to be told something, and notes its channel."""

    def __init__(
        self,
        client: discord.Client,
        redirection: Redirection,
        calls: DiscordCalls,
        timing: DirectMessageTiming,
        clock: Callable[[], float],
    ) -> None:
        self._client = client
        self._redirection = redirection
        self._calls = calls
        self._timing = timing
        self._clock = clock
        self._refused = 0  # times in a row that all openings were too fast
        self._opening: asyncio.Task[None] | None = None

    @property
    def in_flight(self) -> list[asyncio.Task[None]]:
        """What waits for a direct message to be opened; it may be cancelled, the call is not."""
        return [self._opening] if self._opening is not None and not self._opening.done() else []

    async def tick(self) -> None:
        """Start to open the next direct message, if one is due and none is being opened."""
        if self.in_flight:
            return
        now = self._clock()
        message = await self._redirection.claim_unopened(now, self._timing.lease)
        if message is not None:
            self._redirection.openings_paused_until = now + self._timing.interval
            self._opening = asyncio.create_task(self._open(message))
            self._opening.add_done_callback(_log_fault)

    async def _open(self, message: UnopenedMessage) -> None:
        opening = self._client.create_dm(discord.Object(message.user_id))
        try:
            direct = await self._calls.run(opening)
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            await self._settle(message, error)
        else:
            self._refused = 0
            await self._redirection.record_opened(message, direct.id, self._clock())

    async def _settle(self, message: UnopenedMessage, error: Exception) -> None:
        """Do what an error means for this person, and for all others who wait."""
        reason = short_reason(error)
        if is_recipient_unreachable(error):
            log.info("Person unreachable: user=%s cause=%s", message.user_id, reason)
            await self._redirection.drop_unreachable(message, reason=reason)
            return
        now = self._clock()
        pause = max(self._pause(message.attempts), classify(error).retry_after or 0.0)
        if _is_too_fast(error):
            self._refused += 1
            pause = max(pause, self._pause(self._refused + 2))
            self._redirection.openings_paused_until = now + pause
        log.info(
            "Direct message not opened: user=%s cause=%s retry_in=%.0f",
            *(message.user_id, reason, pause),
        )
        await self._redirection.postpone_opening(message, until=now + pause, reason=reason)

    def _pause(self, tries: int) -> float:
        doubling: float = self._timing.first_delay * 2.0 ** min(tries - 1, 20)
        return min(doubling, self._timing.max_delay)


def _is_too_fast(error: Exception) -> bool:
    """Whether an error is about opening direct messages at all, not about this one."""
    if isinstance(error, discord.HTTPException):
        return error.status == 429 or error.code == TOO_FAST
    return isinstance(error, discord.RateLimited)


def _log_fault(opening: asyncio.Task[None]) -> None:
    """Log a fault of ours; the message is due again after its lease."""
    if not opening.cancelled() and (error := opening.exception()):
        log.error("Opening a direct message failed", exc_info=error)
