"""Decides what follows from an error of a delivery: retry, hold, simplify, redirect or block."""

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass

import aiohttp
import discord

from bot.delivery.channel_blocker import ChannelBlocker
from bot.delivery.direct_messages import DIRECT_MESSAGE_TIMING, DirectMessageTiming
from bot.delivery.discord_errors import (
    Disposition,
    ErrorClassification,
    classify,
    is_recipient_unreachable,
    short_reason,
)
from bot.delivery.rendering import simpler_format
from bot.metrics import DeliveryOutcome, Metrics
from bot.storage.models import Delivery, DeliveryPurpose
from bot.storage.outbox import POST_SETTLE_TIME, Outbox

NONCE_WINDOW = 30.0
"""Seconds for which Discord is trusted to recognize a nonce. Its documentation promises "a few
minutes"; the bot needs a minute."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how long deliveries are attempted. All times are seconds."""

    max_concurrent: int = 64
    """Deliveries that may be in flight at the same time."""
    first_delay: float = 1.0
    """Delay before the second attempt after a transient error; it doubles with every attempt."""
    max_delay: float = 300.0
    max_late_calls: int = 64
    """While so many attempts are late, no new one begins."""
    held_retry_interval: float = 600.0
    """Between two attempts at a channel that rejects everything, and at a held delivery."""
    max_held_interval: float = 86400.0
    """The most that the interval grows to for a message that Discord rejects in every format."""
    hold_after: float = 86400.0
    """Age at which a delivery with transient errors is held."""
    nonce_window: float = NONCE_WINDOW
    attempt_timeout: float = 25.0
    """How long an attempt may begin requests, the retries of discord.py included: so the last
    request with a nonce is made within ``nonce_window`` and this time of the first."""
    shutdown_timeout: float = 5.0
    """How long a shutdown waits for deliveries in flight."""
    direct_messages: DirectMessageTiming = DIRECT_MESSAGE_TIMING
    """How the direct messages are opened to which notices are redirected."""


RETRY_POLICY = RetryPolicy()


log = logging.getLogger(__name__)

_EXPECTED_ERRORS = (discord.DiscordException, aiohttp.ClientError, OSError)


class ErrorPolicy:
    """Moves a delivery that failed to the state that its error calls for."""

    def __init__(
        self,
        outbox: Outbox,
        channel_blocker: ChannelBlocker,
        policy: RetryPolicy,
        clock: Callable[[], float],
        metrics: Metrics,
    ) -> None:
        self._outbox = outbox
        self._channel_blocker = channel_blocker
        self._policy = policy
        self._clock = clock
        self._metrics = metrics
        self.token_refused = asyncio.Event()

    async def settle(self, delivery: Delivery, error: Exception, *, unconfirmed: bool) -> None:
        """Record the error of an attempt, and what follows from it.

        ``unconfirmed``: Discord may have posted the message all the same.
        """
        classification = classify(error)
        disposition, reason = classification.disposition, short_reason(error)
        if not isinstance(error, _EXPECTED_ERRORS):
            log.error("Delivery not rendered or sent: %s", log_fields(delivery), exc_info=error)
        young = self._clock() - delivery.created_at < self._policy.hold_after
        in_server = delivery.destination.guild_id is not None
        if disposition is Disposition.ACKNOWLEDGE:
            await self._outbox.acknowledge(delivery, message_id=None, now=self._clock())
            self._record(delivery, DeliveryOutcome.SENT, reason)
        elif disposition is Disposition.REDIRECT and (in_server or is_recipient_unreachable(error)):
            await self._redirect(delivery, reason, unconfirmed=unconfirmed)
        elif disposition is Disposition.REDIRECT and young:
            await self._reopen(delivery, classification, reason)
        elif disposition is Disposition.SIMPLIFY:
            await self._simplify(delivery, reason, unconfirmed=unconfirmed)
        elif classification.is_transient and young:
            await self._postpone(delivery, classification, reason, unconfirmed=unconfirmed)
        elif classification.is_transient or disposition is Disposition.REDIRECT:
            await self._hold(delivery, reason, unconfirmed=unconfirmed)
        else:
            await self._channel_blocker.block(
                delivery, classification, reason, unconfirmed=unconfirmed
            )
            self._record(delivery, DeliveryOutcome.HELD, reason)

    async def _redirect(
        self, delivery: Delivery, reason: str, *, unconfirmed: bool, channel_gone: bool = True
    ) -> None:
        """Send it to each watcher directly, or drop it if no watcher can be reached."""
        count = await self._channel_blocker.redirect(
            delivery, reason, unconfirmed=unconfirmed, channel_gone=channel_gone
        )
        outcome = DeliveryOutcome.REDIRECTED if count else DeliveryOutcome.DROPPED
        self._record(delivery, outcome, reason)

    async def _postpone(
        self,
        delivery: Delivery,
        classification: ErrorClassification,
        reason: str,
        *,
        unconfirmed: bool,
    ) -> None:
        delay = self._delay(delivery, classification)
        if unconfirmed and delivery.destination.forum:  # a search too early would find nothing
            delay = max(delay, POST_SETTLE_TIME)
        await self._outbox.postpone(
            delivery,
            until=self._clock() + delay,
            reason=reason,
            message_format=delivery.message_format,
            unconfirmed=unconfirmed,
        )
        self._record(delivery, DeliveryOutcome.POSTPONED, reason)

    async def _reopen(
        self, delivery: Delivery, classification: ErrorClassification, reason: str
    ) -> None:
        """Ask Discord again for a user's channel: a missing channel may have a successor."""
        until = self._clock() + self._delay(delivery, classification)
        await self._outbox.redirection.reopen(delivery, until=until, reason=reason)
        self._record(delivery, DeliveryOutcome.POSTPONED, reason)

    async def _hold(
        self, delivery: Delivery, reason: str, *, unconfirmed: bool, delay: float | None = None
    ) -> None:
        """Hold one delivery; others to the same channel do not wait for it."""
        now = self._clock()
        await self._outbox.hold(
            delivery,
            until=now + (delay or self._policy.held_retry_interval),
            reason=reason,
            unconfirmed=unconfirmed,
            notify_at=now,
        )
        self._record(delivery, DeliveryOutcome.HELD, reason)

    async def _simplify(self, delivery: Delivery, reason: str, *, unconfirmed: bool) -> None:
        """Retry in the next simpler format; after the last, redirect, hold or drop it."""
        message_format = simpler_format(delivery)
        if message_format is not None:
            await self._outbox.postpone(
                delivery,
                until=self._clock(),
                reason=reason,
                message_format=message_format,
                unconfirmed=unconfirmed,
            )
            self._record(delivery, DeliveryOutcome.SIMPLIFIED, reason)
        elif delivery.purpose is DeliveryPurpose.HELD_NOTICE:  # the notice itself still waits
            await self._outbox.redirection.drop(delivery, reason=reason)
            self._record(delivery, DeliveryOutcome.DROPPED, reason)
        elif delivery.destination.guild_id is not None:
            await self._redirect(delivery, reason, unconfirmed=unconfirmed, channel_gone=False)
        else:
            delay = self._held_delay(delivery)
            await self._hold(delivery, reason, unconfirmed=unconfirmed, delay=delay)

    def _record(self, delivery: Delivery, outcome: DeliveryOutcome, reason: str) -> None:
        log.info("Delivery %s: %s cause=%s", outcome, log_fields(delivery), reason)
        self._metrics.delivery_attempts.labels(outcome).inc()

    def _held_delay(self, delivery: Delivery) -> float:
        """Return the seconds until a message that was rejected in every format is retried.

        It waits as long as it has waited already, so that the delay doubles. Attempts that failed
        for other reasons say nothing about its content, and do not count.
        """
        waited = self._clock() - delivery.created_at
        return min(max(waited, self._policy.held_retry_interval), self._policy.max_held_interval)

    def _delay(self, delivery: Delivery, classification: ErrorClassification) -> float:
        """Return the seconds until the next attempt: exponential backoff with jitter."""
        if classification.disposition is Disposition.STOP:
            self.token_refused.set()
        delay: float = self._policy.first_delay * 2.0 ** min(delivery.attempts - 1, 20)
        jitter = random.uniform(0.5, 1.0)  # noqa: S311 # no secret
        return max(min(delay, self._policy.max_delay) * jitter, classification.retry_after or 0.0)


def log_fields(delivery: Delivery) -> str:
    """Return what identifies a delivery in log lines."""
    return (
        f"delivery={delivery.id} task={delivery.task.id} channel={delivery.destination.channel_id}"
    )
