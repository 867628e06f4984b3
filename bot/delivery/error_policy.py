"""What is done with a delivery that Discord did not take, for each meaning of its error."""

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
from bot.delivery.rendering import simpler_form
from bot.metrics import DeliveryOutcome, Metrics
from bot.storage.models import Delivery, DeliveryPurpose, MessageFormat
from bot.storage.outbox import Outbox

NONCE_WINDOW = 30.0
"""Seconds for which a nonce is trusted. Discord's documentation says that it knows one again for "a
few minutes"; a minute is what it has to be."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How the courier waits. Spans in seconds."""

    max_concurrent: int = 64
    """How many messages may be under way at once."""
    first_delay: float = 1.0
    """Before the second try of a message that met trouble; it doubles with every try."""
    max_delay: float = 300.0
    max_late_calls: int = 64
    """While so many tries take too long, no new one begins."""
    held_retry_interval: float = 600.0
    """A destination that refuses is asked at most so often."""
    max_held_interval: float = 86400.0
    """What Discord takes in no form is tried at least so often; the pause before grows."""
    hold_after: float = 86400.0
    """After so long a time of trouble a message is held."""
    nonce_window: float = NONCE_WINDOW
    attempt_timeout: float = 25.0
    """How long a try may begin requests, with all that discord.py does again by itself: the last
    request that bears a nonce is made within ``nonce_window`` and this span of the first."""
    shutdown_timeout: float = 5.0
    """How long a stop waits for what is under way."""
    direct_messages: DirectMessageTiming = DIRECT_MESSAGE_TIMING
    """How direct messages are opened to which notices are redirected."""


RETRY_POLICY = RetryPolicy()


log = logging.getLogger(__name__)

_TROUBLE = (discord.DiscordException, aiohttp.ClientError, OSError)


class ErrorPolicy:
    """Moves a delivery to where it is tried again, waits, or is told elsewhere."""

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
        """Do with a delivery what ``error`` means for it.

        ``unconfirmed``: Discord may have taken the message all the same.
        """
        meaning = classify(error)
        if not isinstance(error, _TROUBLE):
            log.error(
                "%s could not be composed or sent", describe_delivery(delivery), exc_info=error
            )
        reason = short_reason(error)
        patient = self._clock() - delivery.created_at < self._policy.hold_after
        in_server = delivery.destination.guild_id is not None
        if meaning.meaning is Disposition.ACKNOWLEDGE:
            await self._outbox.acknowledge(delivery, message_id=None, now=self._clock())
            self._note(delivery, DeliveryOutcome.SENT, reason)
        elif meaning.meaning is Disposition.REDIRECT and (
            in_server or is_recipient_unreachable(error)
        ):
            told = await self._channel_blocker.redirect(delivery, reason, unconfirmed=unconfirmed)
            self._note(
                delivery, DeliveryOutcome.REDIRECTED if told else DeliveryOutcome.DROPPED, reason
            )
        elif meaning.meaning is Disposition.REDIRECT and patient:
            await self._open_anew(delivery, meaning, reason)
        elif meaning.meaning is Disposition.SIMPLIFY:
            await self._mend(delivery, reason, unconfirmed=unconfirmed)
        elif meaning.passing and patient:
            await self._postpone(delivery, meaning, reason, unconfirmed=unconfirmed)
        elif meaning.passing or meaning.meaning is Disposition.REDIRECT:
            await self._hold(delivery, reason, unconfirmed=unconfirmed)
        else:
            await self._channel_blocker.block(delivery, meaning, reason, unconfirmed=unconfirmed)
            self._note(delivery, DeliveryOutcome.HELD, reason)

    async def _postpone(
        self, delivery: Delivery, meaning: ErrorClassification, reason: str, *, unconfirmed: bool
    ) -> None:
        until = self._clock() + self._pause(delivery, meaning)
        await self._outbox.postpone(
            delivery,
            until=until,
            reason=reason,
            message_format=delivery.message_format,
            unconfirmed=unconfirmed,
        )
        self._note(delivery, DeliveryOutcome.POSTPONED, reason)

    async def _open_anew(
        self, delivery: Delivery, meaning: ErrorClassification, reason: str
    ) -> None:
        """Ask Discord again for the channel of a person: that it is gone says nothing of them."""
        until = self._clock() + self._pause(delivery, meaning)
        await self._outbox.redirection.reopen(delivery, until=until, reason=reason)
        self._note(delivery, DeliveryOutcome.POSTPONED, reason)

    async def _hold(
        self, delivery: Delivery, reason: str, *, unconfirmed: bool, pause: float | None = None
    ) -> None:
        """Keep a message that nothing else is to wait for."""
        now = self._clock()
        await self._outbox.hold(
            delivery,
            until=now + (pause or self._policy.held_retry_interval),
            reason=reason,
            unconfirmed=unconfirmed,
            notify_at=now,
        )
        self._note(delivery, DeliveryOutcome.HELD, reason)

    async def _mend(self, delivery: Delivery, reason: str, *, unconfirmed: bool) -> None:
        """Try it simpler; what a channel takes in no form is told directly."""
        message_format = simpler_form(delivery)
        if message_format is not None:
            await self._outbox.postpone(
                delivery,
                until=self._clock(),
                reason=reason,
                message_format=message_format,
                unconfirmed=unconfirmed,
            )
            self._note(delivery, DeliveryOutcome.SIMPLIFIED, reason)
        elif (
            delivery.purpose is DeliveryPurpose.HELD_NOTICE
        ):  # it promises nothing; the notice itself waits
            await self._outbox.redirection.drop(delivery, reason=reason)
            self._note(delivery, DeliveryOutcome.DROPPED, reason)
        elif delivery.destination.guild_id is not None:
            told = await self._channel_blocker.redirect(
                delivery, reason, unconfirmed=unconfirmed, channel_gone=False
            )
            self._note(
                delivery, DeliveryOutcome.REDIRECTED if told else DeliveryOutcome.DROPPED, reason
            )
        else:
            pause = self._rare_pause(delivery)
            await self._hold(delivery, reason, unconfirmed=unconfirmed, pause=pause)

    def _note(self, delivery: Delivery, outcome: DeliveryOutcome, reason: str) -> None:
        log.info("%s is %s: %s", describe_delivery(delivery), outcome, reason)
        self._metrics.delivery_attempts.labels(outcome).inc()

    def _rare_pause(self, delivery: Delivery) -> float:
        """Return how long to wait with what even a person's direct messages take in no form."""
        tries = max(delivery.attempts - len(MessageFormat), 0)
        doubling: float = self._policy.held_retry_interval * 2.0 ** min(tries, 20)
        return min(doubling, self._policy.max_held_interval)

    def _pause(self, delivery: Delivery, meaning: ErrorClassification) -> float:
        if meaning.meaning is Disposition.STOP:
            self.token_refused.set()
        doubling: float = self._policy.first_delay * 2.0 ** min(delivery.attempts - 1, 20)
        jitter = random.uniform(0.5, 1.0)  # noqa: S311 # no secret
        longest = self._policy.max_delay
        return max(min(doubling, longest) * jitter, meaning.retry_after or 0.0)


def describe_delivery(delivery: Delivery) -> str:
    """Return how the log names a delivery."""
    return f"Task {delivery.task.id} for channel {delivery.destination.channel_id}"
