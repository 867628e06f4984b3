"""A stateful property test of requests to create: nothing is charged twice, every end is told once.

A state machine of Hypothesis drives people, a relay, the clock and the process in any order. The
stores are the real ones, on a file; a model records what was charged, who waits, and who is owed a
message.
"""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bot.encryption import Cipher
from bot.relay.creation import RejectionReason, Submission
from bot.storage.creation_quotas import UNWATCHED_TIME
from bot.storage.database import DatabaseThread
from bot.storage.erasure import Erasure
from bot.storage.errors import (
    CreationsOfServerReached,
    CreationsPerDayReached,
    TooManyCreationsAtOnce,
)
from bot.storage.limits import WatchLimits
from bot.storage.models import (
    AccountOwner,
    Creation,
    CreationQuotas,
    CreationState,
    Destination,
    EndReason,
    PollResult,
    WatchRequest,
)
from bot.storage.relay_accounts import RelayAccountStore
from bot.storage.retention import Retention
from bot.storage.server_settings import ServerSettingsStore
from bot.storage.tasks import TaskStore
from tests.support.builders import NOON, a_running_task, a_song, connect_account
from tests.support.creations import ACCOUNT, CreationHarness
from tests.support.databases import drop, location

T = TypeVar("T")

DAY = 86_400.0
PEOPLE = (1, 2, 3)
SERVER = 50
HERE = Destination(500, SERVER)
DIRECTS = {user_id: Destination(700 + user_id) for user_id in PEOPLE}
OWNER = AccountOwner(user_id=PEOPLE[0])
"""The first person has an account of their own."""
QUOTAS = CreationQuotas(per_user=4, per_server=6, at_once=3)
UNLIMITED = WatchLimits(999, 999, 50, messages_per_user=999, messages_per_channel=999)
MAX_CONCURRENT = {ACCOUNT: 2}
QUEUED, SUBMITTING = CreationState.QUEUED, CreationState.SUBMITTING
OPEN = (QUEUED, SUBMITTING)
REFUNDED = (CreationState.REJECTED, CreationState.CANCELLED)


class Answer(Enum):
    """What becomes of a request that is sent."""

    ACCEPTED = auto()
    SEVERAL = auto()
    """The relay begins two tasks."""
    RESULT = auto()
    """The answer holds the finished song."""
    KNOWN_ID = auto()
    """The answer names a task that is running already."""
    REJECTED = auto()
    BUSY = auto()
    """Nothing is created, and it is tried again later."""
    LOST = auto()
    """The relay creates a song, and the answer is lost."""
    PENDING = auto()
    """There is no answer yet."""


@dataclass
class Intent:
    """What the model knows of a request."""

    account: str
    user_id: int
    guild_id: int | None
    created_at: float
    state: CreationState = QUEUED
    task_ids: list[str] = field(default_factory=list)
    charged: bool = False
    is_forgotten: bool = False
    """Whether its text was deleted with the person."""
    is_stopped: bool = False
    """Whether creating was switched off while it was sent."""


class Change(Enum):
    """A rarer event."""

    STOP = auto()
    """Who asked for a request does not wait for it any more."""
    FORGET = auto()
    """Everything about a person is erased."""
    SERVER_LEFT = auto()
    SWITCHED_OFF = auto()
    """Creating is switched off in the server, and on again."""
    ACCOUNT = auto()
    """The person's own account is connected, or disconnected."""
    CLOCK_BACK = auto()
    CRASH = auto()


people = st.sampled_from(PEOPLE)


class CreationMachine(RuleBasedStateMachine):
    """People who create songs, a relay that loses answers, crashes and clock changes."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = TemporaryDirectory()
        self.path = Path(self.folder.name) / "suno.db"
        self.now = NOON
        self.numbers = count(1)
        self.intents: dict[int, Intent] = {}
        self.waiting: dict[str, set[int]] = {}
        """By running task, who waits for its end."""
        self.ended: set[str] = set()
        """The tasks of which the bot has learned the end."""
        self.kept_ends: set[str] = set()
        """Those of them that were not deleted since."""
        self.owed: Counter[tuple[str, int]] = Counter()
        self.told: Counter[tuple[str, int]] = Counter()
        self.in_flight: dict[int, Creation] = {}
        self.own_account: str | None = None
        self.run(self.start())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine of the bot."""
        return self.runner.run(work)

    async def start(self) -> None:
        """Start a process on the database file as it is."""
        self.stack = AsyncExitStack()
        self.database = await self.stack.enter_async_context(DatabaseThread(location(self.path)))
        self.bot = CreationHarness(self.database, UNLIMITED)
        self.accounts = RelayAccountStore(self.database, self.bot.outbox)
        self.erasure = Erasure(self.database)
        await self.bot.creations.recover(self.now)

    # The model

    def under_way(self, intent: Intent, ended: set[str]) -> bool:
        """Whether a request is queued, being sent, or running as far as the bot can know.

        ``ended``: the tasks of which it knows the end.
        """
        is_running = any(each in self.waiting for each in intent.task_ids)
        is_recent = intent.created_at > self.now - UNWATCHED_TIME
        is_unwatched = intent.state is CreationState.SUBMITTED and ended.isdisjoint(intent.task_ids)
        return intent.state in OPEN or is_running or (is_unwatched and is_recent)

    def counted(self, user_id: int | None, guild_id: int | None) -> int:
        """Return how many requests count for a quota."""
        return sum(
            each.state not in REFUNDED
            and each.created_at > self.now - DAY
            and user_id in (None, each.user_id)
            and guild_id in (None, each.guild_id)
            for each in self.intents.values()
        )

    def end(self, creation_id: int, state: CreationState) -> None:
        """Let a request end that no relay has begun: who waits is owed a message."""
        intent = self.intents[creation_id]
        assert intent.state in OPEN, "a request ended twice"
        intent.state = state
        self.end_task(f"creation-{creation_id}")

    def end_task(self, task_id: str) -> None:
        """Let a task end: who waits for it is owed a message."""
        if task_id in self.waiting:
            self.ended.add(task_id)
            self.kept_ends.add(task_id)
        for user_id in self.waiting.pop(task_id, set()):
            self.owed[task_id, user_id] += 1

    def leave(self, user_id: int, task_ids: list[str]) -> None:
        """Let a person wait for some tasks no more; queued requests may be cancelled by that."""
        for task_id in task_ids:
            waiting = self.waiting.get(task_id, set())
            waiting.discard(user_id)
            if not waiting:
                self.waiting.pop(task_id, None)
        for creation_id, intent in self.intents.items():
            pending = f"creation-{creation_id}"
            abandoned = user_id == intent.user_id and user_id not in self.waiting.get(pending, ())
            if intent.state is QUEUED and (abandoned or pending not in self.waiting):
                self.end(creation_id, CreationState.CANCELLED)

    def disconnect(self) -> None:
        """Let all requests and tasks of the person's own account end."""
        for creation_id, intent in self.intents.items():
            if intent.account != self.own_account:
                continue
            for task_id in intent.task_ids:
                self.end_task(task_id)
            if intent.state in OPEN:
                is_queued = intent.state is QUEUED
                end = CreationState.REJECTED if is_queued else CreationState.UNCONFIRMED
                self.end(creation_id, end)
        self.own_account = None

    # People

    @rule(users=st.sets(people, min_size=1), in_server=st.booleans(), own=st.booleans())
    def people_create(self, users: set[int], in_server: bool, own: bool) -> None:
        """Let people ask, one after the other."""
        for user_id in sorted(users):
            self.create(user_id, in_server, own)

    def create(self, user_id: int, in_server: bool, own: bool) -> None:
        """Require that exactly the requests within the quotas are stored."""
        guild_id = SERVER if in_server else None
        account = self.own_account if own and self.own_account and user_id == PEOPLE[0] else None
        intent = Intent(account or ACCOUNT, user_id, guild_id, self.now)
        refusal = self.expected_refusal(intent)
        add = self.bot.add(
            self.now,
            account=intent.account,
            user_id=user_id,
            destination=HERE if in_server else DIRECTS[user_id],
            caller_guild_id=guild_id,
            quotas=QUOTAS,
        )
        if refusal:
            with pytest.raises(refusal):
                self.run(add)
            return
        creation = self.run(add)
        assert creation.id not in self.intents
        self.intents[creation.id] = intent
        self.waiting[creation.pending_task_id] = {user_id}

    def expected_refusal(self, new: Intent) -> type[Exception] | None:
        """Return the error of the quota that one more request exceeds."""
        at_once = sum(
            each.user_id == new.user_id and self.under_way(each, self.kept_ends)
            for each in self.intents.values()
        )
        if at_once >= QUOTAS.at_once:
            return TooManyCreationsAtOnce
        if self.counted(new.user_id, new.guild_id) >= (QUOTAS.per_user or 0):
            return CreationsPerDayReached
        if new.guild_id and self.counted(None, new.guild_id) >= (QUOTAS.per_server or 0):
            return CreationsOfServerReached
        return None

    @rule(data=st.data(), joining=st.sets(people, min_size=1))
    @precondition(lambda self: self.pending_here())
    def others_join(self, data: st.DataObject, joining: set[int]) -> None:
        """Let people wait for what somebody else creates."""
        creation_id = data.draw(st.sampled_from(self.pending_here()))
        task = a_running_task(f"creation-{creation_id}")
        store = TaskStore(
            self.database, self.bot.outbox, self.intents[creation_id].account, UNLIMITED
        )
        for user_id in sorted(joining):
            watch = store.add_watch(
                task, WatchRequest(user_id, HERE), self.now, known=False, deadline=60
            )
            self.run(watch)
            self.waiting[task.id].add(user_id)
        if data.draw(st.booleans(), label="something changes"):
            self.something_changes(data)

    def pending_here(self) -> list[int]:
        """Return the requests in the server that no relay has begun, and for which one waits."""
        return [
            creation_id
            for creation_id, intent in self.intents.items()
            if intent.state in OPEN
            and intent.guild_id
            and f"creation-{creation_id}" in self.waiting
        ]

    @rule(data=st.data())
    @precondition(lambda self: self.waiting)
    def somebody_stops(self, data: st.DataObject) -> None:
        """Let a person wait no more for a task, begun or not."""
        task_id = data.draw(st.sampled_from(sorted(self.waiting)))
        user_id = data.draw(st.sampled_from(sorted(self.waiting[task_id])))
        self.run(self.bot.watches.remove(task_id, user_id=user_id, now=self.now))
        self.leave(user_id, [task_id])

    def an_author_stops(self, data: st.DataObject) -> None:
        """Let the person who asked for a request wait no more, whoever else does."""
        authors = [
            (f"creation-{creation_id}", intent.user_id)
            for creation_id, intent in self.intents.items()
            if intent.user_id in self.waiting.get(f"creation-{creation_id}", ())
        ]
        if authors:
            task_id, user_id = data.draw(st.sampled_from(authors))
            self.run(self.bot.watches.remove(task_id, user_id=user_id, now=self.now))
            self.leave(user_id, [task_id])

    def something_changes(self, data: st.DataObject) -> None:
        """Let one of the rarer events happen."""
        change = data.draw(st.sampled_from(Change))
        if change is Change.STOP:
            self.an_author_stops(data)
        elif change is Change.FORGET:
            self.somebody_is_forgotten(data.draw(people))
        elif change is Change.SERVER_LEFT:
            self.the_server_is_left()
        elif change is Change.SWITCHED_OFF:
            self.creating_is_switched_off()
        elif change is Change.ACCOUNT:
            self.the_own_account_comes_or_goes()
        elif change is Change.CLOCK_BACK:
            self.the_clock_is_set_back(DAY / 2)
        else:
            self.the_process_dies()

    def somebody_is_forgotten(self, user_id: int) -> None:
        """Let everything about a person be erased, the person's account included."""
        direct = DIRECTS[user_id].channel_id
        self.run(self.erasure.erase_user(user_id, direct, self.now))
        for waiting in self.waiting.values():
            waiting.discard(user_id)
        if user_id == PEOPLE[0] and self.own_account:
            self.disconnect()
        self.leave(user_id, list(self.waiting))
        rows = self.run(self.database.read("SELECT id FROM creations WHERE user_id = ?", [user_id]))
        assert rows == []
        for intent in self.intents.values():
            intent.is_forgotten |= intent.user_id == user_id
        self.ends_are_deleted()

    def ends_are_deleted(self) -> None:
        """Forget the ends of tasks of which nothing is kept."""
        kept = "SELECT task_id FROM tasks WHERE state = 'ended' UNION SELECT task_id FROM history"
        self.kept_ends &= {row["task_id"] for row in self.run(self.database.read(kept, []))}

    def the_server_is_left(self) -> None:
        """Let everything of the server be erased."""
        self.run(self.erasure.erase_server(SERVER, self.now))
        for creation_id, intent in self.intents.items():
            if intent.guild_id:
                for task_id in [f"creation-{creation_id}", *intent.task_ids]:
                    self.waiting.pop(task_id, None)
                if intent.state is QUEUED:
                    intent.state = CreationState.CANCELLED
        self.ends_are_deleted()

    def creating_is_switched_off(self) -> None:
        """Let nothing be sent any more that was asked for in the server by now."""
        self.run(self.bot.creations.switch_off(SERVER, self.now))
        for creation_id, intent in self.intents.items():
            if intent.guild_id and intent.state is QUEUED:
                self.end(creation_id, CreationState.REJECTED)
            elif intent.guild_id and intent.state is SUBMITTING:
                intent.is_stopped = True
        self.run(ServerSettingsStore(self.database).change(SERVER, creation=True))

    def the_own_account_comes_or_goes(self) -> None:
        """Connect the person's own account, or disconnect it."""
        if self.own_account:
            self.run(self.accounts.disconnect(OWNER, self.now))
            self.disconnect()
        else:
            account = self.run(connect_account(self.accounts, OWNER, Cipher([bytes(32)])))
            self.own_account = account.id

    # The bot

    @rule(data=st.data(), limit=st.sampled_from([1, 5]), seconds=st.sampled_from([0.0, 30.0]))
    def the_bot_works(self, data: st.DataObject, limit: int, seconds: float) -> None:
        """Send what is due; something may change before there are answers."""
        self.now += seconds
        self.claim(limit)
        if data.draw(st.booleans(), label="something changes"):
            self.something_changes(data)
        self.answer(data)

    def claim(self, limit: int) -> None:
        """Require that nothing is sent twice, or once it is over."""
        for creation in self.run(self.bot.claim_due(self.now, limit, MAX_CONCURRENT)):
            intent = self.intents[creation.id]
            assert intent.state is QUEUED
            assert not intent.charged, "a request may be charged twice"
            assert creation.id not in self.in_flight
            intent.state = SUBMITTING
            self.in_flight[creation.id] = creation
        busy = sum(
            intent.account == ACCOUNT
            and intent.state is not QUEUED
            and self.under_way(intent, self.ended)
            for intent in self.intents.values()
        )
        assert busy <= MAX_CONCURRENT[ACCOUNT], "more at once than the relay takes"

    def answer(self, data: st.DataObject) -> None:
        """Store an answer to each request that is being sent, if there is one."""
        for creation_id in sorted(self.in_flight):
            answer = data.draw(st.sampled_from(Answer), label=f"request {creation_id}")
            if answer is not Answer.PENDING:
                self.settle(self.in_flight.pop(creation_id), answer)

    def settle(self, creation: Creation, answer: Answer) -> None:
        """Store an answer; one that comes after the end changes nothing."""
        intent = self.intents.get(creation.id)
        if intent is None:
            return  # it has ended, and was pruned
        is_open = intent.state is SUBMITTING
        store, now = self.bot.creations, self.now
        if answer is Answer.BUSY:
            queued = self.run(store.postpone(creation, now + 30, now))
            if is_open:
                is_wanted = creation.pending_task_id in self.waiting and not intent.is_forgotten
                assert queued is (is_wanted and not intent.is_stopped)
                if intent.is_stopped:
                    self.end(creation.id, CreationState.REJECTED)
                elif is_wanted:
                    intent.state = QUEUED
                else:
                    self.end(creation.id, CreationState.CANCELLED)
        elif answer is Answer.REJECTED:
            reason = RejectionReason.MODERATION
            assert self.run(store.reject(creation, reason, "no", now)) is is_open
            if is_open:
                self.end(creation.id, CreationState.REJECTED)
        elif answer is Answer.LOST:
            intent.charged = True
            is_so = is_open or intent.state is CreationState.UNCONFIRMED
            assert self.run(store.mark_unconfirmed(creation, now)) is is_so
            if is_open:
                self.end(creation.id, CreationState.UNCONFIRMED)
        else:
            intent.charged = True
            self.accept(creation, intent, answer, is_open=is_open)

    def accept(self, creation: Creation, intent: Intent, answer: Answer, *, is_open: bool) -> None:
        """Store that the relay has accepted a request."""
        ids = [f"task-{next(self.numbers)}" for _ in range(1 + (answer is Answer.SEVERAL))]
        submission = Submission(tuple(ids))
        known = [
            task_id
            for each in self.intents.values()
            for task_id in each.task_ids
            if task_id in self.waiting and each.account == intent.account
        ]
        if answer is Answer.RESULT:
            submission = Submission(tuple(ids), a_song(ids[0]))
        is_proof = answer is not Answer.KNOWN_ID or not known
        if not is_proof:
            submission = Submission((known[0],))
        state = self.run(self.bot.creations.accept(creation, submission, self.now))
        if not is_open:
            assert state is intent.state
        elif not is_proof:
            assert state is CreationState.UNCONFIRMED
            self.end(creation.id, CreationState.UNCONFIRMED)
        else:
            assert state is CreationState.SUBMITTED
            intent.state, intent.task_ids = CreationState.SUBMITTED, ids
            if waiting := self.waiting.pop(creation.pending_task_id, None):
                self.waiting.update({each: set(waiting) for each in ids})
            if answer is Answer.RESULT:
                self.end_task(ids[0])

    @rule(data=st.data())
    def the_poller_polls(self, data: st.DataObject) -> None:
        """Require that exactly the begun tasks are polled; let some of them end."""
        for account in {each.account for each in self.intents.values()}:
            store = TaskStore(self.database, self.bot.outbox, account, UNLIMITED)
            due = [each.task_id for each in self.run(store.due_tasks(self.now, 100))]
            begun = [
                task_id
                for each in self.intents.values()
                for task_id in each.task_ids
                if task_id in self.waiting and each.account == account
            ]
            assert sorted(due) == sorted(begun)
            ended = data.draw(st.sets(st.sampled_from(begun))) if begun else set()
            results = [
                PollResult(each, self.now, a_song(each), end_reason=EndReason.FINISHED)
                for each in sorted(ended)
            ]
            self.run(store.record(results, self.now, outage=60.0))
            for task_id in ended:
                self.end_task(task_id)

    @rule(seconds=st.sampled_from([1.0, 60.0, DAY / 2, 2 * DAY, 40 * DAY]))
    def time_passes(self, seconds: float) -> None:
        """Let the clock go on, and old rows be deleted."""
        self.now += seconds
        self.run(Retention(self.database).prune(self.now))
        rows = self.run(self.database.read("SELECT id FROM creations", []))
        for creation_id in self.intents.keys() - {row["id"] for row in rows}:
            intent = self.intents.pop(creation_id)
            assert intent.state not in OPEN
            assert intent.created_at <= self.now - DAY, "a request was deleted that counts"

    def the_clock_is_set_back(self, seconds: float) -> None:
        """Set the clock back, and handle it as the bot does."""
        self.now -= seconds
        self.run(self.handle_clock_rollback())
        for intent in self.intents.values():
            intent.created_at = min(intent.created_at, self.now)

    async def handle_clock_rollback(self) -> None:
        """Correct the stored times of requests and tasks."""
        await self.bot.creations.handle_clock_rollback(self.now, longest_wait=0.0)
        for account in {each.account for each in self.intents.values()}:
            store = TaskStore(self.database, self.bot.outbox, account, UNLIMITED)
            await store.handle_clock_rollback(self.now, longest_wait=0.0, deadline=3600)

    def the_process_dies(self) -> None:
        """Start anew on the same file: what was being sent is never sent again."""

        async def restart() -> None:
            await self.stack.aclose()
            await self.start()

        self.run(restart())
        self.in_flight.clear()
        for creation_id, intent in self.intents.items():
            if intent.state is SUBMITTING:
                self.end(creation_id, CreationState.UNCONFIRMED)

    # What is always true

    @invariant()
    def every_request_is_in_the_state_of_the_model(self) -> None:
        """Require that every request is kept until it is pruned, and ends once."""
        rows = self.run(self.database.read("SELECT id, state FROM creations", []))
        assert {row["id"]: row["state"] for row in rows} == {
            creation_id: intent.state for creation_id, intent in self.intents.items()
        }

    @invariant()
    def quotas_add_up(self) -> None:
        """Require that what is left is the quota less the requests that count."""
        for user_id in PEOPLE:
            for guild_id in (SERVER, None):
                use = self.run(self.bot.creations.quota_use(user_id, guild_id, QUOTAS, self.now))
                of_user = (QUOTAS.per_user or 0) - self.counted(user_id, guild_id)
                assert use.left_of_user == max(0, of_user)
                if guild_id:
                    of_server = (QUOTAS.per_server or 0) - self.counted(None, guild_id)
                    assert use.left_of_server == max(0, of_server)

    @invariant()
    def nobody_is_lost(self) -> None:
        """Require that exactly those wait in the database who wait in the model."""
        rows = self.run(
            self.database.read(
                "SELECT w.task_id, w.user_id FROM watches w JOIN tasks t USING (account, task_id)"
                " WHERE w.delivery_id IS NULL AND t.state = 'running'",
                [],
            )
        )
        waiting = {(task_id, each) for task_id, people in self.waiting.items() for each in people}
        assert {(row["task_id"], row["user_id"]) for row in rows} == waiting
        assert len(rows) == len(waiting)

    @invariant()
    def only_open_requests_have_a_task_of_their_own(self) -> None:
        """Require that each pending task belongs to a request that is queued or being sent."""
        rows = self.run(
            self.database.read(
                "SELECT task_id FROM tasks WHERE state = 'running' AND next_poll_at IS NULL", []
            )
        )
        pending = {
            f"creation-{each}" for each, intent in self.intents.items() if intent.state in OPEN
        }
        assert {row["task_id"] for row in rows} <= pending
        queued = {
            f"creation-{each}" for each, intent in self.intents.items() if intent.state is QUEUED
        }
        assert queued <= {row["task_id"] for row in rows}

    @invariant()
    def everybody_who_is_owed_a_message_gets_one(self) -> None:
        """Post what is due: one message for each end, to exactly those who waited."""
        self.run(self.post())
        assert self.told == self.owed

    async def post(self) -> None:
        """Post everything that is due."""
        while claimed := await self.bot.outbox.claim(self.now, 100):
            for delivery in claimed:
                self.told.update((delivery.task.id, each) for each in delivery.watchers)
                await self.bot.outbox.acknowledge(
                    delivery, message_id=next(self.numbers), now=self.now
                )

    def teardown(self) -> None:
        """Close the database."""
        self.run(self.stack.aclose())
        self.runner.close()
        drop(self.path)
        self.folder.cleanup()


TestCreations = CreationMachine.TestCase
TestCreations.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)


@pytest.mark.usefixtures("on_postgres")
class TestCreationsOnPostgres(CreationMachine.TestCase):  # type: ignore[misc,valid-type]  # made by Hypothesis
    """The same machine, whose database is in PostgreSQL."""

    settings = settings(max_examples=5, stateful_step_count=40, deadline=None)
