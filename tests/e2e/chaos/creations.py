"""What users create, repeat and stop in a chaos test, and what is known of it for the audit."""

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

from bot.storage.database import DatabaseThread
from bot.storage.models import CREATION_PREFIX, CreationQuotas
from sandbox.discord import ActionUnavailable, Channel, Interaction, LocalDiscord, Message, User
from sandbox.discord.message_parts import walk_components
from sandbox.relay import LocalRelay, RecordedSubmission
from sandbox.relay.faults import (
    Fault,
    after_charging,
    cut_before_headers,
    rate_limited,
    refuses_submission,
    server_error,
)
from sandbox.relay.submissions import SUBMIT_PATHS
from tests.e2e.chaos.commands import REPLY_TIMEOUT
from tests.e2e.chaos.creation_audit import (
    StoredCreation,
    audit_creations,
    beginnings,
    mark_in,
)
from tests.e2e.chaos.creation_metrics import Created, creation_metrics, reply_of, says
from tests.e2e.chaos.creation_plan import (
    CreationPlan,
    PlannedCreation,
    PlannedRepeat,
    PlannedStop,
    SubmissionFault,
)
from tests.e2e.chaos.messages import PostedMessage
from tests.e2e.chaos.quota_audit import wrong_quotas
from tests.e2e.chaos.stored_creations import StoredCreations

_PENDING_ID = re.compile(rf"\b{CREATION_PREFIX}[0-9]+")
_AGAIN, _MENU = "create:again:", "create:more:"
_STOPPED = beginnings("unwatch-done", "unwatch-cancelled")
_NOT_WATCHED = beginnings("unwatch-none")
_FAULTS: dict[SubmissionFault, Fault] = {
    SubmissionFault.LOST: after_charging(cut_before_headers()),
    SubmissionFault.FAILS: server_error(502),
    SubmissionFault.REFUSED: refuses_submission("400 moderation"),
    SubmissionFault.BUSY: refuses_submission("503 no channel"),
    SubmissionFault.LIMITED: rate_limited(),
    SubmissionFault.LIMITED_FOR_SECONDS: rate_limited("3"),
}


class Surroundings(Protocol):
    """What people create in: a local Discord and local relays, and the bot's database."""

    discord: LocalDiscord
    relays: dict[str, LocalRelay]
    users: list[User]
    quotas: dict[int, CreationQuotas]
    """Of the servers, by their ids."""

    @property
    def relay(self) -> LocalRelay:
        """The operator's relay."""

    def channel_for(self, number: int, user: User) -> Channel:
        """Return a planned channel."""

    async def read(self, statement: str) -> Sequence[Mapping[str, Any]]:
        """Return the rows of a statement, none while the database cannot be read."""


class Creations:
    """Lets users create, and knows what the relays charged."""

    def __init__(
        self,
        environment: Surroundings,
        *,
        reply_timeout: float = REPLY_TIMEOUT,
        answer_after: float = 0.0,
        slow_answer_after: float = 1.0,
    ) -> None:
        """``reply_timeout``: real seconds for which a user waits for a reply.

        ``answer_after``: those until a relay answers, ``slow_answer_after`` one that is slow.
        """
        self._environment = environment
        self._reply_timeout = reply_timeout
        self._answer_after = {True: slow_answer_after, False: answer_after}
        """By whether the relay is slow."""
        self._created: list[Created] = []
        self._stops: list[tuple[int, Interaction]] = []
        """Which requests users stopped waiting for."""
        self._stored = StoredCreations(environment.read)
        self._may_be_untold: set[int] = set()
        self._removals: list[Callable[[], None]] = []
        """How the faults of the last request that was to meet one are removed."""

    def actions(
        self, planned: CreationPlan
    ) -> Iterator[tuple[float, Callable[[], Awaitable[object | None]]]]:
        """Yield what users create, repeat and stop in a round: after how many seconds, and how.

        Each returns what happened, if anything.
        """
        yield from ((each.delay, partial(self.create, each)) for each in planned.creations)
        yield from ((each.delay, partial(self.repeat, each)) for each in planned.repeats)
        yield from ((each.delay, partial(self.stop, each)) for each in planned.stops)

    async def create(self, planned: PlannedCreation) -> Created | None:
        """Use the command, and wait for its reply; ``None`` if Discord does not offer it."""
        environment = self._environment
        user = environment.users[planned.user]
        channel = environment.channel_for(planned.channel, user)
        self._inject(planned.fault)
        text = f"{planned.mark} by the sea"
        name, option = ("create", "description") if planned.is_song else ("write", "topic")
        with suppress(ActionUnavailable):
            interaction = await environment.discord.command(
                user, channel, f"suno {name}", **{option: text}
            )
            return await self._wait(Created(planned.mark, interaction))
        return None

    async def repeat(self, planned: PlannedRepeat) -> Created | None:
        """Press *Try again* under a message; ``None`` if there is none, or it cannot be pressed."""
        repeatable = [*self._repeatable()]
        if not repeatable:
            return None
        message, custom_id = repeatable[int(planned.choice * len(repeatable))]
        user = self._presser(message.channel, self._environment.users[planned.user])
        mark = self._mark_of(custom_id.rpartition(":")[2])
        self._inject(planned.fault)
        with suppress(ActionUnavailable, TimeoutError):
            if custom_id.startswith(_MENU):
                opened = await self._environment.discord.press(user, message, custom_id)
                message = await opened.wait_for_answer(timeout=self._reply_timeout)
                custom_id = next(_buttons(message, _AGAIN), "")
            pressed = await self._environment.discord.press(user, message, custom_id)
            return await self._wait(Created(mark, pressed, is_repeat=True))
        return None

    async def stop(self, planned: PlannedStop) -> str | None:
        """Let a user unwatch what is being made for them; return what happened, if anything."""
        running = await self.look_up()
        if not running:
            return None
        stored = running[int(planned.choice * len(running))]
        number = stored.number
        user = next(each for each in self._environment.users if each.id == stored.user_id)
        channel = self._environment.channel_for(planned.channel, user)
        with suppress(ActionUnavailable):
            interaction = await self._environment.discord.command(
                user, channel, "suno unwatch", id=f"{CREATION_PREFIX}{number}"
            )
            self._stops.append((number, interaction))
            with suppress(TimeoutError):
                await interaction.wait_for_answer(timeout=self._reply_timeout)
            return f"stop {CREATION_PREFIX}{number} by {user.id}: {reply_of(interaction)[:70]}"
        return None

    async def expect_erasure(self, user: User) -> None:
        """Expect that a user's requests are forgotten, and told of no more, from now on."""
        await self.look_up()
        self._may_be_untold |= {row.number for row in self._stored.rows if row.user_id == user.id}

    async def look_up(self) -> list[StoredCreation]:
        """Look at the stored requests; return those for which a user waits, the newest first."""
        return await self._stored.look_up()

    async def _wait(self, created: Created) -> Created:
        """Wait for the reply to a request, but not longer than the timeout."""
        self._created.append(created)
        with suppress(TimeoutError):
            await created.interaction.wait_for_answer(timeout=self._reply_timeout)
        await self.look_up()
        return created

    def _inject(self, fault: SubmissionFault | None) -> None:
        """Let the next request meet a fault, whatever it creates at whichever relay."""
        relays = self._environment.relays.values()
        for relay in relays:
            relay.submissions.answer_delay = self._answer_after[fault is SubmissionFault.SLOW]
        if fault not in _FAULTS:
            return
        for remove in self._removals:  # those that met no request
            remove()
        self._removals = [
            relay.faults.add(_FAULTS[fault], times=1, path=path)
            for relay in relays
            for path in SUBMIT_PATHS
        ]

    def _repeatable(self) -> Iterator[tuple[Message, str]]:
        """Yield the messages that lead to *Try again*, with the custom id of their button."""
        for channel in self._environment.discord.state.channels.values():
            for message in channel.history.values():
                for custom_id in _buttons(message, _AGAIN, _MENU):
                    yield message, custom_id

    def _presser(self, channel: Channel, planned: User) -> User:
        """Return who presses a button: in direct messages nobody else can."""
        open_dm = self._environment.discord.open_dm
        owners = (each for each in self._environment.users if open_dm(each) is channel)
        return next(owners, planned)

    def _mark_of(self, task_id: str) -> str:
        """Return the mark of the wish for which a task stands or was begun."""
        marks = (row.mark for row in self._stored.rows if task_id in row.task_ids)
        sent = (mark_in(each.body) for each in self._submissions() if task_id in each.task_ids)
        return next((mark for mark in (*marks, *sent) if mark), "")

    # The audit

    def metrics(self) -> dict[str, int]:
        """Return how much was created and charged, by the last look at the stored requests."""
        quotas, submissions = self._environment.quotas.values(), list(self._submissions())
        told = {
            "stopped creations": sum(says(each, _STOPPED) for _, each in self._stops),
        }
        return creation_metrics(self._created, self._stored.rows, submissions, quotas) | told

    @property
    def stored(self) -> list[StoredCreation]:
        """Every stored request, by the last look at them."""
        return self._stored.rows

    def is_about(self, message: PostedMessage) -> bool:
        """Whether a message is about something that was created."""
        return bool(_PENDING_ID.search(message.text)) or any(
            task_id in message.text for each in self._submissions() for task_id in each.task_ids
        )

    async def violations(
        self, database: DatabaseThread, messages: Sequence[PostedMessage]
    ) -> list[str]:
        """Return what was stored, charged or told wrongly, a line each; the bot has stopped."""
        await self.look_up()
        notices = [each for each in messages if self.is_about(each) and not each.is_live_card]
        rows = [self._with_promises(row) for row in self._stored.rows]
        intents = [each.intent for each in self._created]
        found = audit_creations(intents, rows, list(self._submissions()), notices)
        user_ids = [user.id for user in self._environment.users]
        now = self._environment.relay.clock.now()
        wrong = await wrong_quotas(database, rows, user_ids, self._environment.quotas, now)
        return [*found, *self._shown_to_others(), *wrong]

    def _with_promises(self, row: StoredCreation) -> StoredCreation:
        """Return a request with how many messages its user may expect."""
        stops = [interaction for number, interaction in self._stops if number == row.number]
        if any(says(each, _STOPPED) for each in stops):
            return replace(row, least=0, most=0)
        unclear = any(not says(each, _NOT_WATCHED) for each in stops)
        return replace(row, least=0) if unclear or row.number in self._may_be_untold else row

    def _shown_to_others(self) -> Iterator[str]:
        """Yield which answers show somebody what another user has written."""
        authors = {each.mark: each.interaction.user for each in self._created if not each.is_repeat}
        for each in self._created:
            is_author = each.interaction.user is authors.get(each.mark)
            if not is_author and each.mark in reply_of(each.interaction):
                yield f"the text of another user is shown: {each}"

    def _submissions(self) -> Iterator[RecordedSubmission]:
        for relay in self._environment.relays.values():
            yield from relay.submissions.recorded


def _buttons(message: Message, *prefixes: str) -> Iterator[str]:
    """Yield the custom ids of a message that begin with one of some prefixes."""
    for component in walk_components(message.components):
        custom_id = component.get("custom_id", "")
        if custom_id.startswith(prefixes):
            yield custom_id
