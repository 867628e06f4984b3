"""The outbox goes out: claim → send → acknowledge.

Each delivery has a slot of its own, so that one channel never holds up another; the outbox hands
out one delivery a channel, so that the order there is kept. A nonce that is the same at every try
lets Discord itself tell a repeat from a first message, whatever died in between.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import replace

import discord

from bot.delivery.attachments.attachment_policy import AttachmentPolicy
from bot.delivery.channel_blocker import ChannelBlocker
from bot.delivery.direct_messages import DirectMessageOpener
from bot.delivery.discord_calls import Call, DiscordCalls
from bot.delivery.discord_errors import classify, may_succeed_without_file, short_reason
from bot.delivery.duplicate_check import DuplicateCheck, find_existing
from bot.delivery.error_policy import RETRY_POLICY, ErrorPolicy, RetryPolicy, describe_delivery
from bot.delivery.rendering import delivery_view, ensure_complete, render_delivery
from bot.delivery.request_monitor import RequestMonitor
from bot.metrics import DeliveryOutcome, Metrics
from bot.storage.clock_rollback import UNKNOWN_TIME, Rollback, RollbackDetector
from bot.storage.models import Delivery, DeliveryPurpose
from bot.storage.outbox import Outbox
from bot.storage.server_settings import ServerSettingsStore
from bot.ui.notice import Notice, with_role_mention

log = logging.getLogger(__name__)


class OutboxDispatcher:
    """Posts what the outbox owes."""

    def __init__(
        self,
        client: discord.Client,
        outbox: Outbox,
        *,
        attachments: AttachmentPolicy,
        settings: ServerSettingsStore,
        metrics: Metrics,
        request_monitor: RequestMonitor,
        policy: RetryPolicy = RETRY_POLICY,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._outbox = outbox
        self._policy = policy
        self._clock = clock
        self._attachments = attachments
        self._settings = settings
        self._metrics = metrics
        self._request_monitor = request_monitor
        self._calls = DiscordCalls(policy.attempt_timeout, policy.max_late_calls)
        self.channel_blocker = ChannelBlocker(client, outbox, policy.held_retry_interval, clock)
        self._opener = DirectMessageOpener(
            client, outbox.redirection, self._calls, policy.direct_messages, clock
        )
        self._error_policy = ErrorPolicy(outbox, self.channel_blocker, policy, clock, self._metrics)
        self.token_refused = self._error_policy.token_refused
        """Set at an answer of 401: whoever runs the bot has to check the token."""
        self._in_flight: dict[asyncio.Task[None], int] = {}
        self._late: set[int] = set()
        """Those of them whose try takes too long: they keep no slot."""
        self._recovery_needed = True
        self._rollbacks = RollbackDetector()

    @property
    def busy(self) -> bool:
        """Whether so much is under way that it waits for its turn: what can wait should."""
        return self._policy.max_concurrent - self._free_slots > self._policy.max_concurrent // 4

    @property
    def _free_slots(self) -> int:
        return self._policy.max_concurrent - len(self._in_flight) + len(self._late)

    async def tick(self) -> float | None:
        """Start sending what is due; return when more will be (Unix seconds), if anything.

        What is due stays so while Discord takes nothing at all, and while too many tries are late.
        """
        if self._recovery_needed:
            await self._recover_abandoned()
        await self._handle_clock_rollback()
        if wait := self._request_monitor.global_wait:
            return self._clock() + wait
        if self._calls.full:
            return None  # one that is done wakes the next round
        await self._opener.tick()
        if free := self._free_slots:
            for delivery in await self._outbox.claim(self._clock(), free):
                task = asyncio.create_task(self._deliver(delivery))
                self._in_flight[task] = delivery.id
                task.add_done_callback(self._finished)
        if not self._free_slots:
            return None  # as above
        return await self._outbox.next_at()

    async def finish(self) -> None:
        """Wait a little for what is under way; what is not done then is taken up at the start.

        Only the waiting for a call into discord.py is cancelled, never the call.
        """
        tasks = [*self._in_flight, *self._opener.in_flight]
        if tasks:
            await asyncio.wait(tasks, timeout=self._policy.shutdown_timeout)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _recover_abandoned(self) -> None:
        """Take up what was being sent when the process died, or a fault of ours came."""
        if count := await self._outbox.recover(self._clock(), self._in_flight.values()):
            log.info("Taking up %d messages that were being sent", count)
        self._recovery_needed = False

    async def _handle_clock_rollback(self) -> None:
        """Wait for nothing that is due at a time which comes an hour later than was meant."""
        now, policy = self._clock(), self._policy
        rollback = self._rollbacks.check(now)
        if rollback is Rollback.NONE:
            return
        seen = rollback is Rollback.SEEN
        if seen:
            log.warning("Clock set back: what waits is tried sooner")
        wait = max(policy.max_delay, policy.held_retry_interval)
        await self._outbox.handle_clock_rollback(
            now,
            longest_wait=wait,
            longest_hold=wait if seen else policy.max_held_interval,
            seen=seen,
        )

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._late.discard(self._in_flight.pop(task))
        if not task.cancelled() and (error := task.exception()):
            log.error("What became of a message could not be kept", exc_info=error)
            self._recovery_needed = True
        self._outbox.changed.set()

    async def _deliver(self, delivery: Delivery) -> None:
        call = self._calls.start(self._send_once(delivery))
        try:
            message_id = await self._result(call, delivery)
        except Exception as error:  # noqa: BLE001 # what it means is decided by the verdict
            passing = classify(error).passing
            unconfirmed = call.unrefused_posts > 0 if call.traced else passing
            await self._error_policy.settle(delivery, error, unconfirmed=unconfirmed)
            return
        now = self._clock()
        await self._outbox.acknowledge(delivery, message_id=message_id, now=now)
        log.info("%s is %s", describe_delivery(delivery), DeliveryOutcome.SENT)
        self._metrics.delivery_attempts.labels(DeliveryOutcome.SENT).inc()
        if delivery.purpose is DeliveryPurpose.NOTICE:
            self._metrics.delivery_delay.observe(max(now - delivery.created_at, 0))

    async def _result(self, call: Call[int], delivery: Delivery) -> int:
        """Return the id of the message, or raise why there is none, however late.

        Until then the delivery is ``sending``, so that nobody begins a second try.
        """
        if not await call.in_time():
            log.warning(
                "%s takes longer than %g s", describe_delivery(delivery), self._calls.timeout
            )
            self._late.add(delivery.id)
            self._outbox.changed.set()  # its slot is free
        return await call.result()

    async def _send_once(self, delivery: Delivery) -> int:
        """Send it unless it is there already; return the id of the message.

        Where that cannot be known, a repeat is better than a loss, and says so.
        """
        doubt, now = delivery.unconfirmed_since, self._clock()
        if doubt is None or 0 <= now - doubt < self._policy.nonce_window:
            return (await self._send(delivery, possible_duplicate=False)).id
        if doubt > now:  # the clock was set back
            delivery = replace(delivery, unconfirmed_since=UNKNOWN_TIME)
        others = await self._outbox.other_message_ids(delivery)
        text = await self._composed(delivery)
        evidence, message = await find_existing(
            self._client,
            delivery,
            others,
            text.content,
            clock_ahead=self._request_monitor.clock_ahead(self._clock()),
        )
        log.info("%s may have been posted: %s", describe_delivery(delivery), evidence)
        if message is not None:
            return (await ensure_complete(message, text, delivery)).id
        return (
            await self._send(delivery, possible_duplicate=evidence is DuplicateCheck.UNREADABLE)
        ).id

    async def _send(self, delivery: Delivery, *, possible_duplicate: bool) -> discord.Message:
        """Send it and return the message; raises what discord.py raises.

        What is refused with a file is sent without it at once: the link is in the message.
        """
        text = await self._composed(delivery, possible_duplicate=possible_duplicate)
        async with self._attachments.attachment_for(delivery) as file:
            try:
                message = await self._post(delivery, text, file)
            except discord.HTTPException as error:
                if file is None or not may_succeed_without_file(error):
                    raise
                log.info(
                    "%s goes without its file: %s", describe_delivery(delivery), short_reason(error)
                )
                message = await self._post(delivery, text, None)
        return await ensure_complete(message, text, delivery)

    async def _composed(self, delivery: Delivery, *, possible_duplicate: bool = False) -> Notice:
        text = render_delivery(delivery, possible_duplicate=possible_duplicate)
        role = None
        if delivery.purpose is DeliveryPurpose.NOTICE:
            role = (await self._settings.of(delivery.destination.guild_id)).role_to_mention
        if role and await self._outbox.role_mentions.claim(delivery, self._clock()):
            return with_role_mention(text, role)
        return text

    async def _post(
        self, delivery: Delivery, text: Notice, file: discord.File | None
    ) -> discord.Message:
        destination = delivery.destination
        channel = self._client.get_partial_messageable(
            destination.channel_id, guild_id=destination.guild_id
        )
        return await channel.send(
            content=text.content,
            embeds=text.embeds,
            files=[file] if file else [],
            view=delivery_view(delivery, text) or discord.utils.MISSING,
            allowed_mentions=text.allowed_mentions,
            nonce=delivery.nonce,
        )
