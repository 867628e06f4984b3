"""Sends the deliveries of the outbox to Discord: claim, send, acknowledge.

Deliveries are sent concurrently, so that no channel waits for another. The outbox hands out one
delivery for each channel at a time, which keeps the order there. Every attempt at a delivery has
the same nonce, by which Discord recognizes a repeated message even if the process died in between;
in a forum, where a message begins a post, there is none, and the forum is searched instead.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import discord

from bot.delivery.attachments.attachment_policy import AttachmentPolicy
from bot.delivery.channel_blocker import ChannelBlocker
from bot.delivery.creation_facts import CreationFacts, offers_creation
from bot.delivery.direct_messages import DirectMessageOpener
from bot.delivery.discord_calls import DiscordCall, DiscordCalls
from bot.delivery.discord_errors import classify, may_succeed_without_file, short_reason
from bot.delivery.discord_requests import RequestMonitor
from bot.delivery.duplicate_check import DuplicateCheck, find_existing, oldest_message_id
from bot.delivery.error_policy import RETRY_POLICY, ErrorPolicy, RetryPolicy, log_fields
from bot.delivery.forum_posts import start_post
from bot.delivery.rendering import (
    delivery_view,
    ensure_complete,
    formats_tried,
    post_title,
    render_delivery,
)
from bot.metrics import DeliveryOutcome, Metrics
from bot.storage.clock_rollback import UNKNOWN_TIME, Rollback, RollbackDetector
from bot.storage.failure_log import log_failure
from bot.storage.models import Delivery, DeliveryPurpose, ServerSettings
from bot.storage.outbox import Outbox
from bot.storage.server_settings import ServerSettingsStore
from bot.storage.terms import LeadershipLost
from bot.ui.creation_actions import NO_ACTIONS, CreationActions
from bot.ui.notice import Notice, with_role_mention

log = logging.getLogger(__name__)

NO_CREATION = CreationFacts()


class OutboxDispatcher:
    """Sends the due deliveries of the outbox and records what became of them."""

    def __init__(
        self,
        client: discord.Client,
        outbox: Outbox,
        *,
        attachments: AttachmentPolicy,
        settings: ServerSettingsStore,
        metrics: Metrics,
        request_monitor: RequestMonitor,
        creation_facts: CreationFacts = NO_CREATION,
        policy: RetryPolicy = RETRY_POLICY,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._outbox = outbox
        self._policy = policy
        self._clock = clock
        self._attachments = attachments
        self._settings = settings
        self._creation_facts = creation_facts
        self._metrics = metrics
        self._request_monitor = request_monitor
        self._calls = DiscordCalls(policy.attempt_timeout, policy.max_late_calls)
        self.channel_blocker = ChannelBlocker(client, outbox, policy.held_retry_interval, clock)
        self._opener = DirectMessageOpener(
            client, outbox.redirection, self._calls, policy.direct_messages, clock
        )
        self._error_policy = ErrorPolicy(outbox, self.channel_blocker, policy, clock, self._metrics)
        self.token_refused = self._error_policy.token_refused
        """Set when Discord answers 401: the operator has to check the token."""
        self._in_flight: dict[asyncio.Task[None], int] = {}
        """The tasks that send a delivery, and the ids of these deliveries."""
        self._late: set[int] = set()
        """Deliveries in flight whose attempt takes too long: they occupy no slot."""
        self._recovery_needed = True
        self._rollbacks = RollbackDetector()

    @property
    def busy(self) -> bool:
        """Whether more than a quarter of the slots is in use: less urgent work should wait."""
        return self._policy.max_concurrent - self._free_slots > self._policy.max_concurrent // 4

    @property
    def attaches_audio(self) -> bool:
        """Whether the operator lets the bot attach audio files."""
        return self._attachments.enabled

    @property
    def _free_slots(self) -> int:
        return self._policy.max_concurrent - len(self._in_flight) + len(self._late)

    async def tick(self) -> float | None:
        """Start sending what is due; return when more will be due (Unix seconds), if anything.

        Nothing is claimed while Discord's global rate limit is exceeded or too many attempts are
        late. ``None`` if nothing is due, or if the end of an attempt triggers the next tick.
        """
        if self._recovery_needed:
            await self._recover_abandoned()
        await self._handle_clock_rollback()
        if wait := self._request_monitor.global_wait:
            return self._clock() + wait
        if self._calls.full:
            return None
        await self._opener.tick()
        if free := self._free_slots:
            for delivery in await self._outbox.claim(self._clock(), free):
                task = asyncio.create_task(self._deliver(delivery))
                self._in_flight[task] = delivery.id
                task.add_done_callback(self._finished)
        return await self._outbox.next_at() if self._free_slots else None

    async def finish(self) -> None:
        """Wait a short time for the attempts in flight; the next start recovers the others.

        Only the waiting for a call into discord.py is cancelled, never the call.
        """
        tasks = [*self._in_flight, *self._opener.in_flight]
        if tasks:
            await asyncio.wait(tasks, timeout=self._policy.shutdown_timeout)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def abandon(self) -> None:
        """Wait for nothing any more: another process recovers the attempts in flight.

        A call into discord.py that is under way begins no further request.
        """
        tasks = [*self._in_flight, *self._opener.in_flight]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._recovery_needed = True

    async def _recover_abandoned(self) -> None:
        """Requeue deliveries that were left in ``sending`` by a crash or an unexpected error."""
        if count := await self._outbox.recover(self._clock(), self._in_flight.values()):
            log.info("Abandoned deliveries requeued: count=%d", count)
        self._recovery_needed = False

    async def _handle_clock_rollback(self) -> None:
        """Bring times forward that a clock that was set back has moved too far into the future."""
        now, policy = self._clock(), self._policy
        rollback = self._rollbacks.check(now)
        if rollback is Rollback.NONE:
            return
        seen = rollback is Rollback.SEEN
        if seen:
            log.warning("Clock set back: waiting deliveries are retried sooner")
        wait = max(policy.max_delay, policy.held_retry_interval)
        await self._outbox.handle_clock_rollback(
            now,
            longest_wait=wait,
            longest_hold=wait if seen else policy.max_held_interval,
            seen=seen,
        )
        self._rollbacks.mark_handled(now)

    def _finished(self, task: asyncio.Task[None]) -> None:
        delivery_id = self._in_flight.pop(task)
        self._late.discard(delivery_id)
        if not task.cancelled() and (error := task.exception()):
            log_failure(log, f"Result of a delivery not recorded: delivery={delivery_id}", error)
            self._recovery_needed = True
        self._outbox.changed.set()

    async def _deliver(self, delivery: Delivery) -> None:
        """Make one attempt at a delivery, and record its result."""
        call = self._calls.start(self._send_once(delivery))
        try:
            message = await self._wait_for_result(call, delivery)
        except LeadershipLost:
            self._recovery_needed = True  # whoever leads next finds it as after a crash
            return
        except Exception as error:  # noqa: BLE001 # the error policy handles every kind
            transient = classify(error).is_transient
            unconfirmed = call.unrejected_posts > 0 if call.traced else transient
            await self._error_policy.settle(delivery, error, unconfirmed=unconfirmed)
            return
        now = self._clock()
        thread_id = message.channel.id if delivery.destination.forum else None
        await self._outbox.acknowledge(
            delivery, message_id=message.id, thread_id=thread_id, now=now
        )
        log.info("Delivery sent: %s message=%s", log_fields(delivery), message.id)
        self._metrics.delivery_attempts.labels(DeliveryOutcome.SENT).inc()
        if delivery.purpose is DeliveryPurpose.NOTICE:
            self._metrics.delivery_delay.observe(max(now - delivery.created_at, 0))

    async def _wait_for_result(
        self, call: DiscordCall[discord.Message], delivery: Delivery
    ) -> discord.Message:
        """Return the message, or raise why there is none, however late.

        Until then the delivery stays ``sending``, so that no second attempt begins.
        """
        if not await call.finished_in_time():
            log.warning("Delivery late: %s after=%gs", log_fields(delivery), self._calls.timeout)
            self._late.add(delivery.id)
            self._outbox.changed.set()  # a slot is free
        return await call.result()

    async def _send_once(self, delivery: Delivery) -> discord.Message:
        """Send a delivery unless its message exists already; return the message.

        Where that cannot be determined it is sent, and says that it may be a duplicate: that is
        better than a lost notice.
        """
        since, now = delivery.unconfirmed_since, self._clock()
        nonce_window = 0.0 if delivery.destination.forum else self._policy.nonce_window
        if since is None or 0 <= now - since < nonce_window:
            return await self._send(delivery, possible_duplicate=False)
        if since > now:  # the clock was set back
            since = UNKNOWN_TIME
            delivery = replace(delivery, unconfirmed_since=since)
        clock_ahead = self._request_monitor.clock_ahead(self._clock())
        oldest = oldest_message_id(since, clock_ahead)
        others = await self._outbox.other_message_ids(delivery, oldest)
        notice = await self._render(delivery)
        check, message = await find_existing(
            self._client,
            delivery,
            others,
            await self._contents_tried(delivery),
            clock_ahead=clock_ahead,
        )
        log.info("Duplicate check: %s result=%s", log_fields(delivery), check)
        if message is not None:
            return await ensure_complete(message, notice, delivery)
        possible_duplicate = check is DuplicateCheck.UNREADABLE
        return await self._send(delivery, possible_duplicate=possible_duplicate)

    async def _send(self, delivery: Delivery, *, possible_duplicate: bool) -> discord.Message:
        """Send a delivery and return its message; raises what discord.py raises.

        A message that Discord rejects with a file is sent without it at once: it has the link.
        """
        notice = await self._render(delivery, possible_duplicate=possible_duplicate)
        async with self._attachments.attachment_for(delivery) as file:
            try:
                message = await self._post(delivery, notice, file)
            except discord.HTTPException as error:
                if file is None or not may_succeed_without_file(error):
                    raise
                cause = short_reason(error)
                log.info("Attachment rejected: %s cause=%s", log_fields(delivery), cause)
                message = await self._post(delivery, notice, None)
        return await ensure_complete(message, notice, delivery)

    async def _render(self, delivery: Delivery, *, possible_duplicate: bool = False) -> Notice:
        settings = await self._settings.of(delivery.destination.guild_id)
        notice = render_delivery(
            delivery,
            style=settings.notices,
            possible_duplicate=possible_duplicate,
            actions=await self._creation_actions(delivery, settings),
        )
        role = settings.role_to_mention if delivery.purpose is DeliveryPurpose.NOTICE else None
        if role and await self._outbox.role_mentions.claim(delivery, self._clock()):
            return with_role_mention(notice, role)
        return notice

    async def _contents_tried(self, delivery: Delivery) -> set[str]:
        """Return the texts above the embeds in each format in which a delivery may be posted."""
        forms = [replace(delivery, message_format=each) for each in formats_tried(delivery)]
        return {(await self._render(form)).content for form in forms}

    async def _creation_actions(
        self, delivery: Delivery, settings: ServerSettings
    ) -> CreationActions:
        """Return what the message of a delivery offers to create."""
        if not offers_creation(delivery, settings):
            return NO_ACTIONS
        key = await self._outbox.task_of(delivery.id)
        if key is None:
            return NO_ACTIONS
        return await self._creation_facts.actions(key, delivery.destination.guild_id)

    async def _post(
        self, delivery: Delivery, notice: Notice, file: discord.File | None
    ) -> discord.Message:
        destination = delivery.destination
        message: dict[str, Any] = {
            "content": notice.content,
            "embeds": notice.embeds,
            "files": [file] if file else [],
            "view": delivery_view(delivery, notice) or discord.utils.MISSING,
            "allowed_mentions": notice.allowed_mentions,
        }
        if destination.forum:
            return await start_post(self._client, destination, post_title(delivery), **message)
        channel = self._client.get_partial_messageable(
            destination.channel_id, guild_id=destination.guild_id
        )
        return await channel.send(**message, nonce=delivery.nonce)
