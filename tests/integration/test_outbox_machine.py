"""A stateful property test of the outbox: each watcher gets one notice, and no queue gets stuck.

A state machine of Hypothesis drives users, Discord, the clock and the process in any order. The
outbox is the real one, on a file; a model of Discord records which messages arrived.
"""

import asyncio
from collections import defaultdict
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from enum import Enum, auto
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bot.storage.database import DatabaseThread
from bot.storage.limits import WatchLimits
from bot.storage.models import (
    Delivery,
    DeliveryPurpose,
    Destination,
    EndReason,
    MessageFormat,
    PollResult,
    UndeliveredReason,
    UnwatchOutcome,
    WatchGroup,
    WatchRequest,
)
from bot.storage.outbox import Outbox
from bot.storage.tasks import TaskStore
from tests.support.builders import NOON, a_running_task, a_song, watch_store_of
from tests.support.databases import drop, location

UNLIMITED = WatchLimits(999, 999, 50, messages_per_user=999, messages_per_channel=999)
T = TypeVar("T")

USER_IDS = (1, 2, 3)
CHANNELS = (501, 502)
DIRECTS = {1000 + user_id: user_id for user_id in USER_IDS}
DESTINATIONS = [
    *(Destination(channel, 50) for channel in (*CHANNELS, min(CHANNELS))),
    Destination(min(DIRECTS)),
]
PAUSE = 600.0
"""Seconds between two attempts at a rejected message, and the longest delay of any attempt."""
RECOVERY_TIME = 3 * 3600.0
"""Seconds within which everything is delivered after all faults have ended."""

CLAIM_LIMIT = 10


class Response(Enum):
    """How Discord responds to a message."""

    RECEIVED = auto()
    """It is accepted or rejected, and the response arrives."""
    RECEIVED_AND_REDIRECTED = auto()
    """The same; a message with rejected content is redirected to direct messages."""
    ACCEPTED_BUT_LOST = auto()
    """It is accepted without a response, or rejected with one."""
    LOST = auto()
    """It is not accepted, and no response arrives."""
    UNAVAILABLE = auto()
    """It is certainly not accepted."""
    PENDING = auto()
    """It is still being sent."""


class Change(Enum):
    """An event that changes the bot or its environment."""

    UNWATCH = auto()
    CRASH = auto()
    PERMISSION = auto()
    """A channel denies the bot to post, or permits it again."""
    PERMISSION_EVENT = auto()
    """The bot gets an event about the permissions in a channel."""
    DELETION = auto()
    """A channel is deleted; the watches there still end in a message."""
    AUTOMOD = auto()
    """AutoMod rejects all messages about a task, or none any more."""
    PRIVACY = auto()
    """A user closes direct messages to the bot, or opens them again."""
    CLOCK_BACK = auto()


RESPONSES = [*Response, Response.RECEIVED, Response.ACCEPTED_BUT_LOST]

people = st.sampled_from(USER_IDS)
channels = st.sampled_from(CHANNELS)
spans = st.sampled_from([1.0, 30.0, PAUSE, 86_400.0])


class Discord:
    """A model of Discord: which messages it accepts, and which it has."""

    def __init__(self) -> None:
        self.denied: set[int] = set()
        """Channels in which the bot may not post."""
        self.deleted: set[int] = set()
        self.moderated: set[str] = set()
        """Tasks about which it accepts no message."""
        self.closed: set[int] = set()
        """Users who accept no direct messages."""
        self.posted: set[int] = set()
        """Deliveries whose message it has."""

    def accepts(self, delivery: Delivery) -> bool:
        """Return whether Discord accepts a message."""
        channel = delivery.destination.channel_id
        closed = DIRECTS.get(channel) in self.closed
        moderated = any(end.task.id in self.moderated for end in delivery.ends)
        return not (closed or moderated or channel in self.denied | self.deleted)

    def accept(self, delivery: Delivery) -> None:
        """Accept a message; a duplicate is allowed only if the delivery was unconfirmed."""
        if delivery.id in self.posted:
            assert delivery.unconfirmed_since is not None, "a confirmed message was posted twice"
        self.posted.add(delivery.id)


class OutboxMachine(RuleBasedStateMachine):
    """A state machine of users, a Discord that rejects, crashes and clock changes."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = TemporaryDirectory()
        self.path = Path(self.folder.name) / "suno.db"
        self.discord = Discord()
        self.now = NOON
        self.numbers = count(1)
        self.watching: set[tuple[str, int]] = set()
        """Tasks, and the users who are to get their notices."""
        self.unwatched: set[tuple[str, int]] = set()
        self.origins: dict[tuple[str, int], set[int]] = defaultdict(set)
        """The deliveries of a task to a channel."""
        self.running: list[tuple[str, int]] = []
        """Tasks of groups that have not ended, and who watches them."""
        self.sending: dict[int, Delivery] = {}
        self.run(self.start())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine of the bot."""
        return self.runner.run(work)

    async def start(self) -> None:
        """Start a process on the database file as it is."""
        self.stack = AsyncExitStack()
        self.database = await self.stack.enter_async_context(DatabaseThread(location(self.path)))
        self.outbox = Outbox(self.database)
        self.store = TaskStore(self.database, self.outbox, "deerapi", UNLIMITED)
        await self.outbox.recover(self.now)
        await self.check_the_clock(seen=False)

    async def check_the_clock(self, *, seen: bool) -> None:
        """Handle a rollback of the clock, as the bot does at its start and later."""
        await self.outbox.handle_clock_rollback(
            self.now, longest_wait=PAUSE, longest_hold=PAUSE, seen=seen
        )

    async def open_rows(self) -> list[dict[str, Any]]:
        """Return the undelivered rows, the oldest first."""
        return await self.database.read(
            "SELECT id, channel_id, state, due_at FROM deliveries"
            " WHERE state IN ('due', 'sending', 'held') ORDER BY id",
            [],
        )

    # Users

    @rule(ended=st.lists(st.tuples(st.sampled_from(DESTINATIONS), st.sets(people)), max_size=4))
    def watched_tasks_end(self, ended: list[tuple[Destination, set[int]]]) -> None:
        """Enqueue the notice of each task for all its watchers in a channel."""
        for destination, people_there in ended:
            alone = DIRECTS.get(destination.channel_id)
            watchers = [alone] if alone else sorted(people_there) or [USER_IDS[0]]
            task_id = f"task-{next(self.numbers)}"
            self.run(self.end(task_id, destination, watchers))
            self.watching |= {(task_id, user_id) for user_id in watchers}

    async def end(self, task_id: str, destination: Destination, watchers: list[int]) -> None:
        """Let some users watch a task in a channel, and end it."""
        for user_id in watchers[1:]:
            await self.store.add_watch(
                a_song(task_id),
                WatchRequest(user_id, destination),
                self.now,
                known=True,
                deadline=60,
            )
        await self.store.add_finished(
            a_song(task_id), WatchRequest(watchers[0], destination), self.now
        )

    @rule(
        destination=st.sampled_from(DESTINATIONS),
        watchers=st.sets(people, min_size=1),
        number=st.integers(2, 4),
        ended=st.integers(0, 2),
    )
    def tasks_are_watched_together(
        self, destination: Destination, watchers: set[int], number: int, ended: int
    ) -> None:
        """Let one group watch some running tasks, of which the first have ended already."""
        alone = DIRECTS.get(destination.channel_id)
        group_id = next(self.numbers)
        for position in range(number):
            task_id = f"task-{next(self.numbers)}"
            for user_id in [alone] if alone else sorted(watchers):
                watch = self.watch_in_group(
                    task_id, user_id, destination, group_id, finished=position < ended
                )
                self.run(watch)
                self.watching.add((task_id, user_id))
                if position >= ended:
                    self.running.append((task_id, user_id))
        closing = watch_store_of(self.store).close_group(
            group_id, user_id=0, channel_id=destination.channel_id, now=self.now
        )
        self.run(closing)

    async def watch_in_group(
        self,
        task_id: str,
        user_id: int,
        destination: Destination,
        group_id: int,
        *,
        finished: bool,
    ) -> None:
        """Let a user watch a task in a group."""
        request = WatchRequest(user_id, destination, group=WatchGroup(group_id))
        if finished:
            await self.store.add_finished(a_song(task_id), request, self.now)
        else:
            task = a_running_task(task_id)
            await self.store.add_watch(task, request, self.now, known=True, deadline=60)

    @rule(data=st.data())
    def a_task_of_a_group_ends(self, data: st.DataObject) -> None:
        """Let a poll end one of the tasks that are watched together."""
        if self.running:
            task_id, _ = data.draw(st.sampled_from(self.running))
            self.run(self.end_running([task_id]))

    async def end_running(self, task_ids: list[str]) -> None:
        """End some running tasks in one transaction."""
        self.running = [watch for watch in self.running if watch[0] not in task_ids]
        results = [
            PollResult(each, self.now, a_song(each), end_reason=EndReason.FINISHED)
            for each in task_ids
        ]
        await self.store.record(results, self.now)

    @rule(data=st.data())
    def user_unwatches(self, data: st.DataObject) -> None:
        """Require that a user whose unwatching was confirmed gets no notice."""
        if not self.watching:
            return
        task_id, user_id = data.draw(st.sampled_from(sorted(self.watching)))
        removed = self.run(
            watch_store_of(self.store).remove(task_id, user_id=user_id, now=self.now)
        )
        if removed is UnwatchOutcome.STOPPED:
            self.watching.remove((task_id, user_id))
            self.unwatched.add((task_id, user_id))
            self.running = [watch for watch in self.running if watch != (task_id, user_id)]

    # The bot

    @rule(
        data=st.data(),
        seconds=spans,
        limit=st.sampled_from([1, CLAIM_LIMIT]),
        opening_fails=st.booleans(),
    )
    def the_bot_works(
        self, data: st.DataObject, seconds: float, limit: int, opening_fails: bool
    ) -> None:
        """Claim what is due after a while, and record a response to each message, if there is one.

        A direct message is opened first; if ``opening_fails``, that is postponed.
        """
        self.now += seconds
        self.run(self.open_one(opening_fails=opening_fails))
        self.claim(limit)
        if data.draw(st.booleans(), label="something changes"):
            self.something_changes(data)
        for number in sorted(self.sending):
            response = data.draw(st.sampled_from(RESPONSES), label=f"delivery {number}")
            if response is not Response.PENDING:
                self.run(self.settle(self.sending.pop(number), response))

    def claim(self, limit: int) -> None:
        """Claim what is due: one delivery of each channel, and none that has to wait."""
        before, blocked = self.run(self.open_rows()), self.run(self.blocked())
        claimed = self.run(self.outbox.claim(self.now, limit))
        by_channel: dict[int, list[Delivery]] = defaultdict(list)
        for delivery in claimed:
            self.check_tasks(delivery)
            self.check_redirection(delivery)
            by_channel[delivery.destination.channel_id].append(delivery)
            self.sending[delivery.id] = delivery
        for channel in {row["channel_id"] for row in before} - {None}:
            rows = [row for row in before if row["channel_id"] == channel]
            self.check_order(channel, rows, by_channel[channel], blocked.get(channel, 0.0))
            if limit == CLAIM_LIMIT and channel in CHANNELS:  # held notices may be void
                self.check_progress(rows, by_channel[channel], blocked.get(channel, 0.0))

    def check_tasks(self, delivery: Delivery) -> None:
        """Require that a message tells nobody only of what they do not watch any more."""
        ids = {end.task.id for end in delivery.ends}
        for user_id in delivery.watchers:
            told = {(task_id, user_id) for task_id in ids}
            assert told & self.watching or not told & self.unwatched
        for task_id in ids if delivery.purpose is DeliveryPurpose.NOTICE else ():
            waiting = {(task_id, user_id) for user_id in USER_IDS} & self.watching
            assert waiting, f"{task_id} is told to nobody who watches it"

    async def blocked(self) -> dict[int, float]:
        """Return the blocked channels and when each is probed next."""
        rows = await self.database.read(
            "SELECT channel_id, next_probe_at FROM blocked_channels", []
        )
        return {row["channel_id"]: row["next_probe_at"] for row in rows}

    def check_order(
        self, channel: int, rows: list[dict[str, Any]], claimed: list[Delivery], not_before: float
    ) -> None:
        """Require one message at a time in a channel, and none before an older due one."""
        assert len(claimed) <= 1, f"{len(claimed)} at once to channel {channel}"
        states = {row["id"]: row["state"] for row in rows}
        for delivery in claimed:
            assert "sending" not in states.values(), "two at once to a channel"
            older = [number for number, state in states.items() if number < delivery.id]
            assert not [number for number in older if states[number] == "due"], "out of order"
            assert not_before <= self.now, "a blocked channel was probed too soon"

    def check_progress(
        self, rows: list[dict[str, Any]], claimed: list[Delivery], not_before: float
    ) -> None:
        """Require that the oldest due delivery of a channel is sent, whatever is held there."""
        due = [row for row in rows if row["state"] == "due"]
        quiet = not any(row["state"] == "sending" for row in rows)
        if quiet and due and due[0]["due_at"] <= self.now and not_before <= self.now:
            assert claimed, f"delivery {due[0]['id']} waits behind a held one"

    def check_redirection(self, delivery: Delivery) -> None:
        """Require that a redirected notice says so if the original may have been posted."""
        for task_id in (end.task.id for end in delivery.ends):
            if delivery.redirected_from is None:
                self.origins[task_id, delivery.destination.channel_id].add(delivery.id)
            elif delivery.purpose is DeliveryPurpose.NOTICE:
                origins = self.origins[task_id, delivery.redirected_from]
                assert delivery.possible_duplicate or not origins & self.discord.posted

    async def settle(self, delivery: Delivery, response: Response) -> None:
        """Record the response of Discord to a delivery."""
        if response in (Response.LOST, Response.UNAVAILABLE):
            await self.outbox.postpone(
                delivery,
                until=self.now + PAUSE / 2,
                reason="503/0",
                message_format=MessageFormat.FULL,
                unconfirmed=response is Response.LOST,
            )
        elif self.discord.accepts(delivery):
            self.discord.accept(delivery)
            if response is Response.ACCEPTED_BUT_LOST:
                await self.settle(delivery, Response.LOST)
            else:
                await self.outbox.acknowledge(delivery, message_id=delivery.id, now=self.now)
        else:
            await self.reject(delivery, directly=response is Response.RECEIVED_AND_REDIRECTED)

    async def reject(self, delivery: Delivery, *, directly: bool) -> None:
        """Record a rejection; a message with rejected content is redirected if ``directly``."""
        channel, outbox, until = delivery.destination.channel_id, self.outbox, self.now + PAUSE
        posted = delivery.possible_duplicate or delivery.unconfirmed_since is not None
        if channel in DIRECTS and DIRECTS[channel] in self.discord.closed:
            await outbox.redirection.drop(delivery, reason="403/50007")
        elif channel in self.discord.deleted:
            await outbox.redirection.redirect(
                delivery, reason="404/10003", possible_duplicate=posted, now=self.now
            )
        elif channel in self.discord.denied:
            await outbox.blocked_channels.block(
                delivery, until=until, reason="missing:", now=self.now
            )
        elif directly and channel in CHANNELS:
            await outbox.redirection.redirect(
                delivery,
                reason="400/200000",
                possible_duplicate=posted,
                channel_gone=False,
                now=self.now,
            )
        else:
            await outbox.hold(delivery, until=until, reason="400/200000", notify_at=self.now)

    async def open_one(self, *, opening_fails: bool = False) -> None:
        """Open the next direct message, if one is due."""
        redirection = self.outbox.redirection
        message = await redirection.claim_unopened(self.now, lease=PAUSE)
        if message is None:
            return
        if opening_fails:
            until = self.now + PAUSE / 2
            await redirection.postpone_opening(message, until=until, reason="403/40003")
        elif message.user_id in self.discord.closed:
            await redirection.drop_unreachable(message, reason="403/50007")
        else:
            await redirection.record_opened(message, 1000 + message.user_id, self.now)

    # The environment

    @rule(data=st.data())
    def something_changes(self, data: st.DataObject) -> None:
        """Change the responses of Discord, the process or the clock."""
        change = data.draw(st.sampled_from(Change))
        if change is Change.CRASH:
            self.restart(accepted=data.draw(st.booleans(), label="accepted"))
        elif change is Change.UNWATCH:
            self.user_unwatches(data)
        elif change is Change.PERMISSION:
            self.discord.denied ^= {data.draw(channels)}
        elif change is Change.PERMISSION_EVENT:
            self.run(self.outbox.blocked_channels.probe_now(data.draw(channels), self.now))
        elif change is Change.DELETION:
            self.discord.deleted.add(data.draw(channels))
        elif change is Change.AUTOMOD and self.watching:
            self.discord.moderated ^= {data.draw(st.sampled_from(sorted(self.watching)))[0]}
        elif change is Change.PRIVACY:
            self.discord.closed ^= {data.draw(people)}
        elif change is Change.CLOCK_BACK:
            self.now -= data.draw(spans)
            self.run(self.check_the_clock(seen=True))

    def restart(self, *, accepted: bool) -> None:
        """Crash the process and start another; responses to messages being sent are lost.

        ``accepted``: Discord had accepted those that it accepts at all.
        """
        for delivery in filter(self.discord.accepts, self.sending.values() if accepted else ()):
            self.discord.accept(delivery)
        self.sending.clear()

        async def restart() -> None:
            await self.stack.aclose()
            await self.start()

        self.run(restart())

    @invariant()
    def only_claimed_deliveries_are_being_sent(self) -> None:
        """Require that database and process agree on what is being sent."""
        rows = self.run(self.open_rows())
        assert {row["id"] for row in rows if row["state"] == "sending"} == set(self.sending)

    def teardown(self) -> None:
        """Require that everybody is notified, or unreachable, after recovery."""
        try:
            self.run(self.recover())
        finally:
            self.run(self.stack.aclose())
            self.runner.close()
            drop(self.path)
        self.folder.cleanup()

    async def recover(self) -> None:
        """End all faults that can end, and let the bot deliver everything."""
        self.discord.denied.clear()
        self.discord.moderated.clear()
        await self.end_running(sorted({task_id for task_id, _ in self.running}))
        for delivery in self.sending.values():
            await self.settle(delivery, Response.RECEIVED)
        recovered_at = self.now
        while (at := await self.outbox.next_at()) is not None:
            self.now = max(self.now, at)
            assert self.now - recovered_at < RECOVERY_TIME, "a delivery waits for ever"
            before = await self.open_rows()
            await self.open_one()
            for delivery in await self.outbox.claim(self.now, 10):
                self.check_redirection(delivery)
                await self.settle(delivery, Response.RECEIVED)
            assert await self.open_rows() != before, "the outbox makes no progress"
        assert await self.open_rows() == []
        collecting = "SELECT id FROM deliveries WHERE state = 'collecting'"
        assert await self.database.read(collecting, []) == []
        await self.check_everybody_is_notified()

    async def check_everybody_is_notified(self) -> None:
        """Require one message for each watcher, or the reason why none can arrive."""
        rows = await self.database.read(
            "SELECT s.task_id, s.user_id, d.id, d.state, d.reason FROM watches s"
            " JOIN deliveries d ON d.id = s.delivery_id",
            [],
        )
        assert sorted((row["task_id"], row["user_id"]) for row in rows) == sorted(self.watching)
        for row in rows:
            if row["state"] == "sent":
                assert row["id"] in self.discord.posted
            else:
                assert row["state"] == "dropped"
                assert UndeliveredReason(row["reason"]).recipient_unreachable


TestOutbox = OutboxMachine.TestCase
TestOutbox.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)


@pytest.mark.usefixtures("on_postgres")
class TestOutboxOnPostgres(OutboxMachine.TestCase):  # type: ignore[misc,valid-type]  # made by Hypothesis
    """The same machine, whose database is in PostgreSQL."""

    settings = settings(max_examples=10, stateful_step_count=30, deadline=None)
