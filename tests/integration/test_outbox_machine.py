"""Whatever happens to an outbox, in whatever order: nothing waits behind what is held for itself.

A machine of Hypothesis plays the people, Discord, the clock and the process. The outbox is the real
one, on a file; what Discord has is kept beside it, to compare.
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

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bot.storage.database import DatabaseThread
from bot.storage.limits import WatchLimits
from bot.storage.models import (
    Delivery,
    DeliveryPurpose,
    Destination,
    MessageFormat,
    UndeliveredReason,
    UnwatchOutcome,
)
from bot.storage.outbox import Outbox
from bot.storage.tasks import TaskStore
from tests.support.builders import NOON, a_song

ANY_NUMBER = WatchLimits(999, 999, 50, messages_per_user=999, messages_per_channel=999)
T = TypeVar("T")

PEOPLE = (1, 2, 3)
CHANNELS = (501, 502)
DIRECTS = {1000 + user_id: user_id for user_id in PEOPLE}
PLACES = [
    *(Destination(channel, 50) for channel in (*CHANNELS, min(CHANNELS))),
    Destination(min(DIRECTS)),
]
PAUSE = 600.0
"""Seconds between two tries at what Discord refuses, and the most that anything is put off."""
ENOUGH = 3 * 3600.0
"""Seconds in which all is told once all trouble is over."""

MANY = 10


class Answer(Enum):
    """What becomes of a message that was handed to Discord."""

    CLEAR = auto()
    """It is taken, or refused for what is so."""
    CLEAR_AND_TOLD_DIRECTLY = auto()
    """The same; one that is refused for its content goes to the people."""
    TAKEN_UNHEARD = auto()
    """It is taken, or refused, and only the refusal is heard of."""
    LOST = auto()
    """It is not taken, and nobody hears of that."""
    NOT_NOW = auto()
    """It is surely not taken."""
    NONE_YET = auto()


class Change(Enum):
    """What happens to the bot, or around it."""

    UNWATCH = auto()
    DEATH = auto()
    PERMISSION = auto()
    """The bot may not post in a channel any more, or may again."""
    NEWS = auto()
    """The bot hears of such a change, or of another one."""
    DELETION = auto()
    """A channel is gone for good; what was watched there is owed all the same."""
    AUTOMOD = auto()
    """Discord takes no message about some task, or takes it again."""
    PRIVACY = auto()
    """Somebody takes no direct messages from the bot, or takes them again."""
    CLOCK_BACK = auto()


ANSWERS = [*Answer, Answer.CLEAR, Answer.TAKEN_UNHEARD]

people = st.sampled_from(PEOPLE)
channels = st.sampled_from(CHANNELS)
spans = st.sampled_from([1.0, 30.0, PAUSE, 86_400.0])


class Discord:
    """What Discord takes and what it has."""

    def __init__(self) -> None:
        self.refusing: set[int] = set()
        """Channels in which the bot may not post."""
        self.gone: set[int] = set()
        self.forbidden: set[str] = set()
        """Tasks of which it takes no message."""
        self.closed: set[int] = set()
        """People who take no direct messages."""
        self.posted: set[int] = set()
        """Deliveries whose message it has."""

    def takes(self, delivery: Delivery) -> bool:
        """Whether it takes a message."""
        channel = delivery.destination.channel_id
        closed = DIRECTS.get(channel) in self.closed
        forbidden = delivery.task.id in self.forbidden
        return not (closed or forbidden or channel in self.refusing | self.gone)

    def take(self, delivery: Delivery) -> None:
        """Take a message; one that is there already the bot must have been in doubt about."""
        if delivery.id in self.posted:
            assert delivery.unconfirmed_since is not None, "posted twice, and nobody doubted it"
        self.posted.add(delivery.id)


class OutboxMachine(RuleBasedStateMachine):
    """People who watch, a Discord that refuses, a process that dies, a clock that jumps."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = TemporaryDirectory()
        self.discord = Discord()
        self.now = NOON
        self.numbers = count(1)
        self.wanted: set[tuple[str, int]] = set()
        """Who is owed the notice of which task."""
        self.stopped: set[tuple[str, int]] = set()
        self.origins: dict[tuple[str, int], int] = {}
        """The delivery of a task that was first owed to a channel."""
        self.sending: dict[int, Delivery] = {}
        self.run(self.start())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something of the bot's."""
        return self.runner.run(work)

    async def start(self) -> None:
        """Start a process on the file, as it was left."""
        self.stack = AsyncExitStack()
        path = Path(self.folder.name) / "suno.db"
        self.database = await self.stack.enter_async_context(DatabaseThread(path))
        self.outbox = Outbox(self.database)
        self.store = TaskStore(self.database, self.outbox, "deerapi", ANY_NUMBER)
        await self.outbox.recover(self.now)
        await self.heed_the_clock(seen=False)

    async def heed_the_clock(self, *, seen: bool) -> None:
        """Do what the bot does at a start, and when it sees that the clock was set back."""
        await self.outbox.handle_clock_rollback(
            self.now, longest_wait=PAUSE, longest_hold=PAUSE, seen=seen
        )

    async def open_rows(self) -> list[dict[str, Any]]:
        """Return what is owed, the oldest first."""
        return await self.database.read(
            "SELECT id, channel_id, state, due_at FROM deliveries"
            " WHERE state IN ('due', 'sending', 'held') ORDER BY id",
            [],
        )

    # What people do

    @rule(ended=st.lists(st.tuples(st.sampled_from(PLACES), st.sets(people)), max_size=4))
    def watched_tasks_end(self, ended: list[tuple[Destination, set[int]]]) -> None:
        """Owe the notice of each to all who watched it in a place."""
        for destination, people_there in ended:
            alone = DIRECTS.get(destination.channel_id)
            watchers = [alone] if alone else sorted(people_there) or [PEOPLE[0]]
            task_id = f"task-{next(self.numbers)}"
            self.run(self.end(task_id, destination, watchers))
            self.wanted |= {(task_id, user_id) for user_id in watchers}

    async def end(self, task_id: str, destination: Destination, watchers: list[int]) -> None:
        """Let some people watch a task in a place, and let it end."""
        for user_id in watchers[1:]:
            await self.store.add_watch(
                a_song(task_id),
                known=True,
                user_id=user_id,
                destination=destination,
                now=self.now,
                deadline=60,
            )
        await self.store.add_finished(
            a_song(task_id), user_id=watchers[0], destination=destination, now=self.now
        )

    def somebody_stops(self, data: st.DataObject) -> None:
        """Who is told so is never told of the task."""
        if not self.wanted:
            return
        task_id, user_id = data.draw(st.sampled_from(sorted(self.wanted)))
        removed = self.run(self.store.remove_watch(task_id, user_id=user_id, now=self.now))
        if removed is UnwatchOutcome.STOPPED:
            self.wanted.remove((task_id, user_id))
            self.stopped.add((task_id, user_id))

    # What the bot does

    @rule(data=st.data(), seconds=spans, limit=st.sampled_from([1, MANY]), trouble=st.booleans())
    def the_bot_works(self, data: st.DataObject, seconds: float, limit: int, trouble: bool) -> None:
        """Take what is due after a while; each message is answered, or not, or is under way.

        A direct message is opened; in ``trouble`` that is to be tried again.
        """
        self.now += seconds
        self.run(self.open_one(trouble=trouble))
        self.claim(limit)
        if data.draw(st.booleans(), label="something changes"):
            self.something_changes(data)
        for number in sorted(self.sending):
            what = data.draw(st.sampled_from(ANSWERS), label=f"delivery {number}")
            if what is not Answer.NONE_YET:
                self.run(self.settle(self.sending.pop(number), what))

    def claim(self, limit: int) -> None:
        """Take what is due: one in each channel, and none in vain."""
        before, blocked = self.run(self.open_rows()), self.run(self.blocked())
        claimed = self.run(self.outbox.claim(self.now, limit))
        by_channel: dict[int, list[Delivery]] = defaultdict(list)
        for delivery in claimed:
            assert not self.stopped & {(delivery.task.id, user) for user in delivery.watchers}
            self.check_copy(delivery)
            by_channel[delivery.destination.channel_id].append(delivery)
            self.sending[delivery.id] = delivery
        for channel in {row["channel_id"] for row in before} - {None}:
            rows = [row for row in before if row["channel_id"] == channel]
            self.check_order(channel, rows, by_channel[channel], blocked.get(channel, 0.0))
            if limit == MANY and channel in CHANNELS:  # a direct message may hold void words
                self.check_progress(rows, by_channel[channel], blocked.get(channel, 0.0))

    async def blocked(self) -> dict[int, float]:
        """Return the blocked channels and when each is tried next."""
        rows = await self.database.read(
            "SELECT channel_id, next_probe_at FROM blocked_channels", []
        )
        return {row["channel_id"]: row["next_probe_at"] for row in rows}

    def check_order(
        self, channel: int, rows: list[dict[str, Any]], claimed: list[Delivery], not_before: float
    ) -> None:
        """Require that a channel is sent one message, and none before an older one that is due."""
        assert len(claimed) <= 1, f"{len(claimed)} at once to channel {channel}"
        states = {row["id"]: row["state"] for row in rows}
        for delivery in claimed:
            assert "sending" not in states.values(), "two at once to a channel"
            older = [number for number, state in states.items() if number < delivery.id]
            assert not [number for number in older if states[number] == "due"], "out of order"
            assert not_before <= self.now, "a blocked channel was tried too soon"

    def check_progress(
        self, rows: list[dict[str, Any]], claimed: list[Delivery], not_before: float
    ) -> None:
        """Require that the oldest due delivery of a channel goes out, whatever is held there."""
        due = [row for row in rows if row["state"] == "due"]
        quiet = not any(row["state"] == "sending" for row in rows)
        if quiet and due and due[0]["due_at"] <= self.now and not_before <= self.now:
            assert claimed, f"delivery {due[0]['id']} waits behind what is held"

    def check_copy(self, delivery: Delivery) -> None:
        """Require that what is told elsewhere says so if it may have been posted before."""
        if delivery.redirected_from is None:
            self.origins[delivery.task.id, delivery.destination.channel_id] = delivery.id
        elif delivery.purpose is DeliveryPurpose.NOTICE:
            origin = self.origins[delivery.task.id, delivery.redirected_from]
            assert delivery.possible_duplicate or origin not in self.discord.posted

    async def settle(self, delivery: Delivery, what: Answer) -> None:
        """Do with a delivery what Discord answers."""
        if what in (Answer.LOST, Answer.NOT_NOW):
            await self.outbox.postpone(
                delivery,
                until=self.now + PAUSE / 2,
                reason="503/0",
                message_format=MessageFormat.FULL,
                unconfirmed=what is Answer.LOST,
            )
        elif self.discord.takes(delivery):
            self.discord.take(delivery)
            if what is Answer.TAKEN_UNHEARD:
                await self.settle(delivery, Answer.LOST)
            else:
                await self.outbox.acknowledge(delivery, message_id=delivery.id, now=self.now)
        else:
            await self.refused(delivery, directly=what is Answer.CLEAR_AND_TOLD_DIRECTLY)

    async def refused(self, delivery: Delivery, *, directly: bool) -> None:
        """Do with a delivery what its refusal means; one for its content is told ``directly``."""
        channel, outbox, until = delivery.destination.channel_id, self.outbox, self.now + PAUSE
        posted = delivery.possible_duplicate or delivery.unconfirmed_since is not None
        if channel in DIRECTS and DIRECTS[channel] in self.discord.closed:
            await outbox.redirection.drop(delivery, reason="403/50007")
        elif channel in self.discord.gone:
            await outbox.redirection.redirect(
                delivery, reason="404/10003", possible_duplicate=posted, now=self.now
            )
        elif channel in self.discord.refusing:
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

    async def open_one(self, *, trouble: bool = False) -> None:
        """Open the next direct message, if one is due."""
        redirection = self.outbox.redirection
        message = await redirection.claim_unopened(self.now, lease=PAUSE)
        if message is None:
            return
        if trouble:
            until = self.now + PAUSE / 2
            await redirection.postpone_opening(message, until=until, reason="403/40003")
        elif message.user_id in self.discord.closed:
            await redirection.drop_unreachable(message, reason="403/50007")
        else:
            await redirection.record_opened(message, 1000 + message.user_id, self.now)

    # What changes outside

    @rule(data=st.data())
    def something_changes(self, data: st.DataObject) -> None:
        """Another word of Discord's, another process, another time."""
        what = data.draw(st.sampled_from(Change))
        if what is Change.DEATH:
            self.the_process_dies(taken=data.draw(st.booleans(), label="taken"))
        elif what is Change.UNWATCH:
            self.somebody_stops(data)
        elif what is Change.PERMISSION:
            self.discord.refusing ^= {data.draw(channels)}
        elif what is Change.NEWS:
            self.run(self.outbox.blocked_channels.probe_now(data.draw(channels), self.now))
        elif what is Change.DELETION:
            self.discord.gone.add(data.draw(channels))
        elif what is Change.AUTOMOD and self.wanted:
            self.discord.forbidden ^= {data.draw(st.sampled_from(sorted(self.wanted)))[0]}
        elif what is Change.PRIVACY:
            self.discord.closed ^= {data.draw(people)}
        elif what is Change.CLOCK_BACK:
            self.now -= data.draw(spans)
            self.run(self.heed_the_clock(seen=True))

    def the_process_dies(self, *, taken: bool) -> None:
        """Let another one go on where it stopped; nobody hears what became of what was under way.

        ``taken``: Discord had it already, as far as it takes it.
        """
        for delivery in filter(self.discord.takes, self.sending.values() if taken else ()):
            self.discord.take(delivery)
        self.sending.clear()

        async def die() -> None:
            await self.stack.aclose()
            await self.start()

        self.run(die())

    @invariant()
    def only_what_is_under_way_is_being_sent(self) -> None:
        """In the database as in the process."""
        rows = self.run(self.open_rows())
        assert {row["id"] for row in rows if row["state"] == "sending"} == set(self.sending)

    def teardown(self) -> None:
        """When all trouble is over, everybody is told, or is surely unreachable."""
        try:
            self.run(self.heal())
        finally:
            self.run(self.stack.aclose())
            self.runner.close()
            self.folder.cleanup()

    async def heal(self) -> None:
        """End all trouble but for what is gone, and let the bot do all that is left."""
        self.discord.refusing.clear()
        self.discord.forbidden.clear()
        for delivery in self.sending.values():
            await self.settle(delivery, Answer.CLEAR)
        healed_at = self.now
        while (at := await self.outbox.next_at()) is not None:
            self.now = max(self.now, at)
            assert self.now - healed_at < ENOUGH, "something waits for ever"
            before = await self.open_rows()
            await self.open_one()
            for delivery in await self.outbox.claim(self.now, 10):
                self.check_copy(delivery)
                await self.settle(delivery, Answer.CLEAR)
            assert await self.open_rows() != before, "it turns in circles"
        assert await self.open_rows() == []
        await self.check_everybody_is_told()

    async def check_everybody_is_told(self) -> None:
        """Require one message for each who watched, or the reason why none can arrive."""
        rows = await self.database.read(
            "SELECT s.task_id, s.user_id, d.id, d.state, d.reason FROM watches s"
            " JOIN deliveries d ON d.id = s.delivery_id",
            [],
        )
        assert sorted((row["task_id"], row["user_id"]) for row in rows) == sorted(self.wanted)
        for row in rows:
            if row["state"] == "sent":
                assert row["id"] in self.discord.posted
            else:
                assert row["state"] == "dropped"
                assert UndeliveredReason(row["reason"]).recipient_unreachable


TestOutbox = OutboxMachine.TestCase
TestOutbox.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)
