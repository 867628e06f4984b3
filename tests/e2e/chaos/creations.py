"""What users create in a chaos test, and the audit of what it cost and how its end was told."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from bot.i18n.catalog import catalog_for
from bot.relay.models import TaskKind
from bot.storage.database import DatabaseThread
from bot.storage.models import CREATION_PREFIX, CreationState
from sandbox.discord import ActionUnavailable, Interaction
from sandbox.relay import RecordedSubmission
from sandbox.relay.faults import (
    Fault,
    after_charging,
    cut_before_headers,
    refuses_submission,
    server_error,
)
from tests.e2e.chaos.environment import Environment
from tests.e2e.chaos.messages import PostedMessage
from tests.e2e.chaos.plan import PlannedCreation, SubmissionFault

_REPLY_TIMEOUT = 2.0
"""Real seconds for which a user waits for a reply."""
_MARK = re.compile(r"wish-[0-9]{5}-[0-9]-of-chaos")
_PENDING_ID = re.compile(rf"\b{CREATION_PREFIX}[0-9]+")
_CATALOG = catalog_for("en-US")
_BULLET = "\N{BULLET}"


def _beginnings(*keys: str) -> tuple[str, ...]:
    """Return what texts say before the title or the number in them."""
    return tuple(
        _CATALOG.text(key, title=_BULLET, titled=titled, kind=kind, told="", counts="")
        .partition(_BULLET)[0]
        .strip(" *")
        for key in keys
        for titled in ("yes", "no")
        for kind in ("music", "lyrics", "task")
    )


def _endings(*keys: str) -> tuple[str, ...]:
    """Return what texts say after the title in them, or all that they say without one."""
    return tuple(
        _CATALOG.text(key, title=_BULLET, titled=titled, kind=kind, counts="")
        .rpartition(_BULLET)[2]
        .strip(" *")
        for key in keys
        for titled in ("yes", "no")
        for kind in ("music", "lyrics", "task")
    )


_MAKING = _beginnings("create-making")
_TRUE = {
    CreationState.SUBMITTED: _endings(
        *("notice-song-done", "notice-lyrics-done"),
        *("notice-disconnected", "notice-disconnected-partly", "notice-gave-up"),
    ),
    CreationState.REJECTED: _endings("notice-rejected"),
    CreationState.CANCELLED: _endings("notice-cancelled", "notice-disconnected"),
    CreationState.UNCONFIRMED: _endings("notice-unconfirmed"),
}
"""How messages end that tell of a request; accounts may be disconnected or their relays fail."""
_FAULTS: dict[SubmissionFault, Fault] = {
    SubmissionFault.LOST: after_charging(cut_before_headers()),
    SubmissionFault.FAILS: server_error(502),
    SubmissionFault.REFUSED: refuses_submission("400 moderation"),
    SubmissionFault.BUSY: refuses_submission("503 no channel"),
}


@dataclass(frozen=True, slots=True)
class Created:
    """A command of a user that creates something."""

    mark: str
    interaction: Interaction

    @property
    def is_accepted(self) -> bool:
        """Whether the user was told that it is being made."""
        return any(message.content.startswith(_MAKING) for message in self.interaction.messages)

    def __str__(self) -> str:
        reply = self.interaction.answer.content[:70] if self.interaction.answer else "no reply"
        return f"create {self.mark} by {self.interaction.user.id}: {reply}"


@dataclass(frozen=True, slots=True)
class StoredCreation:
    """A stored request."""

    pending_id: str
    mark: str
    state: CreationState


class Creations:
    """Lets users create, and knows what the relays charged."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._created: list[Created] = []

    async def create(self, planned: PlannedCreation) -> Created | None:
        """Use the command, and wait for its reply; ``None`` if Discord does not offer it."""
        environment = self._environment
        user = environment.users[planned.user]
        channel = environment.channel_for(planned.channel, user)
        if planned.fault is not None:
            self._inject(planned.fault, TaskKind.MUSIC if planned.is_song else TaskKind.LYRICS)
        text = f"{planned.mark} by the sea"
        name, option = ("create", "description") if planned.is_song else ("write", "topic")
        try:
            interaction = await environment.discord.command(
                user, channel, f"suno {name}", **{option: text}
            )
        except ActionUnavailable:
            return None
        created = Created(planned.mark, interaction)
        self._created.append(created)
        with suppress(TimeoutError):
            await interaction.wait_for_answer(timeout=_REPLY_TIMEOUT)
        return created

    def _inject(self, fault: SubmissionFault, kind: TaskKind) -> None:
        path = f"/suno/submit/{kind.value}"
        for relay in self._environment.relays.values():
            relay.faults.add(_FAULTS[fault], times=1, path=path)

    # The audit

    def metrics(self) -> dict[str, int]:
        """Return how much was created and charged."""
        return {
            "creations": len(self._created),
            "confirmed creations": sum(each.is_accepted for each in self._created),
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
        """Return what was charged or told wrongly, a line each; the bot has stopped."""
        stored = await database.read("SELECT id, request, state FROM creations", [])
        rows = [
            StoredCreation(
                f"{CREATION_PREFIX}{row['id']}",
                _mark_in(json.loads(row["request"] or '""')),
                CreationState(row["state"]),
            )
            for row in stored
        ]
        notices = [each for each in messages if self.is_about(each) and not each.is_live_card]
        marks = {row.mark for row in rows}
        lost = [
            f"{each} is not stored"
            for each in self._created
            if each.is_accepted and each.mark not in marks
        ]
        return lost + audit_creations(rows, list(self._submissions()), notices)

    def _submissions(self) -> Iterator[RecordedSubmission]:
        for relay in self._environment.relays.values():
            yield from relay.submissions.recorded


def audit_creations(
    rows: Sequence[StoredCreation],
    submissions: Sequence[RecordedSubmission],
    notices: Sequence[PostedMessage],
) -> list[str]:
    """Return what was charged or told wrongly, a line each; every mark is asked for once."""
    found = [*_wrong_charges(rows, submissions)]
    for row in rows:
        found += _wrong_notices(row, submissions, notices)
    return found


def _wrong_charges(
    rows: Sequence[StoredCreation], submissions: Sequence[RecordedSubmission]
) -> Iterator[str]:
    charges = Counter(_mark_in(each.body) for each in submissions if each.is_charged)
    states = {row.mark: row.state for row in rows}
    for mark, count in charges.items():
        may_be_charged = (CreationState.SUBMITTED, CreationState.UNCONFIRMED)
        if count > 1 or states.get(mark) not in may_be_charged:
            yield f"{mark} is charged {count} times and {states.get(mark)}"
    for mark, state in states.items():
        if state is CreationState.SUBMITTED and not charges[mark]:
            yield f"{mark} is {state} and not charged"


def _wrong_notices(
    row: StoredCreation,
    submissions: Sequence[RecordedSubmission],
    notices: Sequence[PostedMessage],
) -> Iterator[str]:
    """Yield how the messages about a request differ from a true one."""
    ids = [row.pending_id]
    for each in submissions:
        ids += each.task_ids if _mark_in(each.body) == row.mark else ()
    about = [each for each in notices if _names_any(each, ids) and not each.is_held_notice]
    certain = sum(not each.is_possible_duplicate for each in about)
    if not about or certain > 1:
        yield f"{len(about)} messages about {row}"
    for message in about:
        if not any(text in message.content for text in _TRUE.get(row.state, ())):
            yield f"untrue of {row}: {message.content!r}"


def _names_any(message: PostedMessage, ids: Sequence[str]) -> bool:
    return any(re.search(rf"\b{re.escape(task_id)}\b", message.text) for task_id in ids)


def _mark_in(value: object) -> str:
    found = _MARK.search(json.dumps(value))
    return found[0] if found else ""
