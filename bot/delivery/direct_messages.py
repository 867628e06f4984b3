"""Opens the direct messages to which notices are redirected.

One at a time and at intervals, because Discord rejects a bot that opens many at once (40003). A
notice is dropped only if Discord says that this user cannot be reached; every other error is
retried later.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import aiohttp
import discord

from bot.delivery.discord_calls import DiscordCalls
from bot.delivery.discord_errors import classify, is_recipient_unreachable, short_reason
from bot.storage.failure_log import log_failure
from bot.storage.redirection import Redirection, UnopenedMessage

log = logging.getLogger(__name__)

OPENING_TOO_FAST = 40003
"""Discord's error code for opening direct messages too fast."""


@dataclass(frozen=True, slots=True)
class DirectMessageTiming:
    """How direct messages are opened. All times are seconds."""

    interval: float = 5.0
    """Between two openings."""
    lease: float = 120.0
    """After which an opening without a result is attempted again."""
    first_delay: float = 5.0
    """Before the second attempt for a user; it doubles with every attempt."""
    max_delay: float = 300.0


DIRECT_MESSAGE_TIMING = DirectMessageTiming()


class DirectMessageOpener:
    """Opens the direct message for each redirected notice, and stores its channel."""

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
        self._rate_limited = 0  # openings in a row that Discord rejected as too fast
        self._opening: asyncio.Task[None] | None = None

    @property
    def in_flight(self) -> list[asyncio.Task[None]]:
        """The task that waits for an opening, if any. Cancelling it does not cancel the call."""
        return [self._opening] if self._opening is not None and not self._opening.done() else []

    async def tick(self) -> None:
        """Start the next opening, if one is due and none is in flight."""
        if self.in_flight:
            return
        now = self._clock()
        message = await self._redirection.claim_unopened(now, self._timing.lease)
        if message is not None:
            self._redirection.openings_paused_until = now + self._timing.interval
            self._opening = asyncio.create_task(self._open(message))
            self._opening.add_done_callback(partial(_log_failure, message))

    async def _open(self, message: UnopenedMessage) -> None:
        opening = self._client.create_dm(discord.Object(message.user_id))
        try:
            direct = await self._calls.run(opening)
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            await self._record_failure(message, error)
        else:
            self._rate_limited = 0
            await self._redirection.record_opened(message, direct.id, self._clock())

    async def _record_failure(self, message: UnopenedMessage, error: Exception) -> None:
        """Record the error of an opening, and delay all openings if Discord limits them."""
        reason = short_reason(error)
        if is_recipient_unreachable(error):
            log.info("Recipient unreachable: user=%s cause=%s", message.user_id, reason)
            await self._redirection.drop_unreachable(message, reason=reason)
            return
        now = self._clock()
        delay = max(self._delay(message.attempts), classify(error).retry_after or 0.0)
        if _is_rate_limit(error):
            self._rate_limited += 1
            delay = max(delay, self._delay(self._rate_limited + 2))
            self._redirection.openings_paused_until = now + delay
        log.info(
            "Direct message not opened: user=%s cause=%s retry_in=%.0f",
            message.user_id,
            reason,
            delay,
        )
        await self._redirection.postpone_opening(message, until=now + delay, reason=reason)

    def _delay(self, attempts: int) -> float:
        delay: float = self._timing.first_delay * 2.0 ** min(attempts - 1, 20)
        return min(delay, self._timing.max_delay)


def _is_rate_limit(error: Exception) -> bool:
    """Whether Discord limits the opening of all direct messages, not of this one."""
    if isinstance(error, discord.HTTPException):
        return error.status == 429 or error.code == OPENING_TOO_FAST
    return isinstance(error, discord.RateLimited)


def _log_failure(message: UnopenedMessage, opening: asyncio.Task[None]) -> None:
    """Log an unexpected error; the opening is due again after its lease."""
    if not opening.cancelled() and (error := opening.exception()):
        log_failure(log, f"Opening a direct message failed: user={message.user_id}", error)
