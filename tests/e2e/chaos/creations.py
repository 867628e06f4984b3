"""What users create, repeat and stop in a chaos test, and what is known of it for the audit."""

import json
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace

from bot.relay.models import TaskKind
from bot.storage.creation_quotas import DAY, read_quota_use
from bot.storage.database import DatabaseThread
from bot.storage.models import CREATION_PREFIX, CreationQuotas, CreationState
from sandbox.discord import ActionUnavailable, Channel, Interaction, Message, User
from sandbox.discord.message_parts import walk_components
from sandbox.relay import RecordedSubmission
from sandbox.relay.faults import (
    Fault,
    after_charging,
    cut_before_headers,
    refuses_submission,
    server_error,
)
from tests.e2e.chaos.creation_audit import (
    MAY_BE_CHARGED,
    Intent,
    StoredCreation,
    audit_creations,
    beginnings,
    mark_in,
)
from tests.e2e.chaos.creation_plan import (
    PlannedCreation,
    PlannedRepeat,
    PlannedStop,
    SubmissionFault,
)
from tests.e2e.chaos.environment import Environment
from tests.e2e.chaos.messages import PostedMessage

_REPLY_TIMEOUT = 2.0
"""Real seconds for which a user waits for a reply."""
_SLOW_ANSWER = 1.0
"""Real seconds until a relay answers that is slow."""
_QUOTA = 1_000_000
_PENDING_ID = re.compile(rf"\b{CREATION_PREFIX}[0-9]+")
_AGAIN, _MENU = "create:again:", "create:more:"
_MAKING = beginnings("create-making")
_STOPPED, _NOT_WATCHED = beginnings("unwatch-done"), beginnings("unwatch-none")
_STORED = """
    SELECT id, user_id, request, state, created_at, (SELECT json_group_array(task_id)
        FROM creation_tasks WHERE creation_id = creations.id) AS task_ids,
        EXISTS (SELECT 1 FROM tasks
            WHERE creation_id = creations.id AND state = 'running') AS is_running
    FROM creations ORDER BY id
"""
_FAULTS: dict[SubmissionFault, Fault] = {
    SubmissionFault.LOST: after_charging(cut_before_headers()),
    SubmissionFault.FAILS: server_error(502),
    SubmissionFault.REFUSED: refuses_submission("400 moderation"),
    SubmissionFault.BUSY: refuses_submission("503 no channel"),
}


@dataclass(frozen=True, slots=True)
class Created:
    """A command or a button with which a user asks for a wish."""

    mark: str
    interaction: Interaction
    is_repeat: bool = False

    @property
    def intent(self) -> Intent:
        """What was asked for, and whether it was accepted."""
        messages = self.interaction.messages
        is_accepted = any(message.content.startswith(_MAKING) for message in messages)
        return Intent(self.mark, self.interaction.user.id, is_accepted)

    def __str__(self) -> str:
        what = "repeat" if self.is_repeat else "create"
        return f"{what} {self.mark} by {self.interaction.user.id}: {_reply(self.interaction)[:70]}"


class Creations:
    """Lets users create, and knows what the relays charged."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._created: list[Created] = []
        self._stops: list[tuple[int, Interaction]] = []
        """Which requests users stopped waiting for."""
        self._stored: dict[int, StoredCreation] = {}
        self._may_be_untold: set[int] = set()

    async def create(self, planned: PlannedCreation) -> Created | None:
        """Use the command, and wait for its reply; ``None`` if Discord does not offer it."""
        environment = self._environment
        user = environment.users[planned.user]
        channel = environment.channel_for(planned.channel, user)
        self._inject(planned.fault, TaskKind.MUSIC if planned.is_song else TaskKind.LYRICS)
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
        for kind in TaskKind:
            self._inject(planned.fault, kind)
        with suppress(ActionUnavailable, TimeoutError):
            if custom_id.startswith(_MENU):
                opened = await self._environment.discord.press(user, message, custom_id)
                message = await opened.wait_for_answer(timeout=_REPLY_TIMEOUT)
                custom_id = next(_buttons(message, _AGAIN), "")
            pressed = await self._environment.discord.press(user, message, custom_id)
            return await self._wait(Created(mark, pressed, is_repeat=True))
        return None

    async def stop(self, planned: PlannedStop) -> str | None:
        """Let a user unwatch what is being made for them; return what happened, if anything."""
        running = self.look_up()
        if not running:
            return None
        number = running[int(planned.choice * len(running))]
        user_id = self._stored[number].user_id
        user = next(each for each in self._environment.users if each.id == user_id)
        channel = self._environment.channel_for(planned.channel, user)
        with suppress(ActionUnavailable):
            interaction = await self._environment.discord.command(
                user, channel, "suno unwatch", id=f"{CREATION_PREFIX}{number}"
            )
            self._stops.append((number, interaction))
            with suppress(TimeoutError):
                await interaction.wait_for_answer(timeout=_REPLY_TIMEOUT)
            return f"stop {CREATION_PREFIX}{number} by {user.id}: {_reply(interaction)[:70]}"
        return None

    def expect_erasure(self, user: User) -> None:
        """Expect that a user's requests are forgotten, and told of no more, from now on."""
        self.look_up()
        self._may_be_untold |= {
            row.number for row in self._stored.values() if row.user_id == user.id
        }

    def look_up(self) -> list[int]:
        """Look at the stored requests; return those for which a user waits, the newest first."""
        path = self._environment.folder / "suno.db"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            rows = connection.execute(_STORED).fetchall()
        for row in rows:
            self._remember(row)
        return [row["id"] for row in reversed(rows) if row["is_running"] and row["user_id"]]

    def _remember(self, row: sqlite3.Row) -> None:
        """Keep what is stored of a request, also when it is forgotten later."""
        known = self._stored.get(row["id"])
        forgotten = row["request"] is None and known is not None
        task_ids = frozenset(json.loads(row["task_ids"]))
        self._stored[row["id"]] = StoredCreation(
            row["id"],
            known.user_id if known and forgotten else row["user_id"],
            known.mark if known and forgotten else mark_in(json.loads(row["request"] or '""')),
            CreationState(row["state"]),
            known.task_ids | task_ids if known else task_ids,
            row["created_at"],
        )

    async def _wait(self, created: Created) -> Created:
        """Wait for the reply to a request, but not longer than the timeout."""
        self._created.append(created)
        with suppress(TimeoutError):
            await created.interaction.wait_for_answer(timeout=_REPLY_TIMEOUT)
        self.look_up()
        return created

    def _inject(self, fault: SubmissionFault | None, kind: TaskKind) -> None:
        path = f"/suno/submit/{kind.value}"
        for relay in self._environment.relays.values():
            is_slow = fault is SubmissionFault.SLOW
            relay.submissions.answer_delay = _SLOW_ANSWER if is_slow else 0.0
            if fault in _FAULTS:
                relay.faults.add(_FAULTS[fault], times=1, path=path)

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
        marks = (row.mark for row in self._stored.values() if task_id in row.task_ids)
        sent = (mark_in(each.body) for each in self._submissions() if task_id in each.task_ids)
        return next((mark for mark in (*marks, *sent) if mark), "")

    # The audit

    def metrics(self) -> dict[str, int]:
        """Return how much was created and charged."""
        self.look_up()
        intents = [each.intent for each in self._created]
        states = [row.state for row in self._stored.values()]
        return {
            "creations": len(intents),
            "repeated creations": sum(each.is_repeat for each in self._created),
            "confirmed creations": sum(each.is_accepted for each in intents),
            "stopped creations": sum(_says(each, _STOPPED) for _, each in self._stops),
            **{f"{state} creations": states.count(state) for state in sorted(set(states))},
            "charges": sum(each.is_charged for each in self._submissions()),
        }

    def is_about(self, message: PostedMessage) -> bool:
        """Whether a message is about something that was created."""
        return bool(_PENDING_ID.search(message.text)) or any(
            task_id in message.text for each in self._submissions() for task_id in each.task_ids
        )

    async def violations(
        self, database: DatabaseThread, messages: Sequence[PostedMessage]
    ) -> list[str]:
        """Return what was stored, charged or told wrongly, a line each; the bot has stopped."""
        self.look_up()
        notices = [each for each in messages if self.is_about(each) and not each.is_live_card]
        rows = [self._with_promises(row) for row in self._stored.values()]
        intents = [each.intent for each in self._created]
        found = audit_creations(intents, rows, list(self._submissions()), notices)
        return found + [*self._shown_to_others()] + await self._wrong_quotas(database)

    def _with_promises(self, row: StoredCreation) -> StoredCreation:
        """Return a request with how many messages its user may expect."""
        stops = [interaction for number, interaction in self._stops if number == row.number]
        if any(_says(each, _STOPPED) for each in stops):
            return replace(row, least=0, most=0)
        unclear = any(not _says(each, _NOT_WATCHED) for each in stops)
        return replace(row, least=0) if unclear or row.number in self._may_be_untold else row

    def _shown_to_others(self) -> Iterator[str]:
        """Yield which answers show somebody what another user has written."""
        authors = {each.mark: each.interaction.user for each in self._created if not each.is_repeat}
        for each in self._created:
            is_author = each.interaction.user is authors.get(each.mark)
            if not is_author and each.mark in _reply(each.interaction):
                yield f"the text of another user is shown: {each}"

    async def _wrong_quotas(self, database: DatabaseThread) -> list[str]:
        """Return which quotas do not count exactly the requests that may be charged."""
        now, quotas = self._environment.relay.clock.now(), CreationQuotas(per_user=_QUOTA)

        async def used(user: User) -> int:
            use = await database.run(lambda db: read_quota_use(db, user.id, None, quotas, now))
            return _QUOTA - (use.left_of_user or 0)

        counted = [
            row
            for row in self._stored.values()
            if row.state in MAY_BE_CHARGED and row.created_at > now - DAY
        ]
        uses = {user.id: await used(user) for user in self._environment.users}
        own = {user_id: sum(row.user_id == user_id for row in counted) for user_id in uses}
        found = [
            f"{user_id} has used {use} of a quota, after {own[user_id]} requests"
            for user_id, use in uses.items()
            if use < own[user_id]
        ]
        total = sum(uses.values())
        if total != len(counted):
            found.append(f"{total} are used of all quotas, after {len(counted)} requests")
        return found

    def _submissions(self) -> Iterator[RecordedSubmission]:
        for relay in self._environment.relays.values():
            yield from relay.submissions.recorded


def _buttons(message: Message, *prefixes: str) -> Iterator[str]:
    """Yield the custom ids of a message that begin with one of some prefixes."""
    for component in walk_components(message.components):
        custom_id = component.get("custom_id", "")
        if custom_id.startswith(prefixes):
            yield custom_id


def _reply(interaction: Interaction) -> str:
    return interaction.answer.content if interaction.answer else "no reply"


def _says(interaction: Interaction, texts: tuple[str, ...]) -> bool:
    """Whether the reply begins with one of some texts."""
    return _reply(interaction).startswith(texts)
