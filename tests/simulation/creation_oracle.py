"""The oracle of creations: nothing is charged twice, quotas add up, and texts stay where they may.

That each request ends in one true message is in ``oracle``, like for every other watch.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator

from bot.i18n.catalog import catalog_for
from bot.storage.models import AccountOwner, CreationState
from tests.simulation.creation_log import LoggedCreation
from tests.simulation.creations import Attempt
from tests.simulation.discord_state import Interaction, Message, texts_in
from tests.simulation.relay_submissions import MARK, Submission
from tests.simulation.simulated_task import SimulatedTask
from tests.simulation.simulation import Simulation
from tests.support.task_endings import TaskEnding

_UNFINISHED = (CreationState.QUEUED, CreationState.SUBMITTING)
_NUMBER = "\N{BULLET}"
_LEFT = re.compile(
    re.escape(catalog_for("en-US").text("create-left", left=_NUMBER, limit=_NUMBER)).replace(
        _NUMBER, "([0-9]+)"
    )
)
_EVIL = ("https://evil", "@everyone")
"""Parts of hostile texts that may stand nowhere as they are."""


def find_creation_violations(simulation: Simulation) -> Iterator[str]:
    """Yield each violation of what is promised about creating."""
    creations = list(simulation.creations.log.creations().values())
    yield from _unfinished(creations)
    yield from _wrong_charges(simulation, creations)
    yield from _wrong_tasks(simulation, creations)
    yield from _exceeded_quotas(simulation)
    for attempt in simulation.creations.attempts:
        yield from _wrong_quota_told(simulation, attempt)
    for channel in simulation.state.channels.values():
        for message in channel.messages.values():
            yield from _misplaced_texts(simulation, message)
    for interaction in simulation.state.interactions.values():
        yield from _texts_shown_to_strangers(simulation, interaction)


# What messages may say


def made_task(simulation: Simulation, creation: LoggedCreation, task_id: str) -> SimulatedTask:
    """Return a task that a relay began for a request, one that never was if it began none."""
    made = (each for each in simulation.relays.begun if each.id == task_id)
    relay = simulation.relays.servers[0].name
    return next(made, SimulatedTask(task_id, relay, TaskEnding.NEVER, creation.mark, 0.0, 0.0))


def possible_ends(
    simulation: Simulation, creation: LoggedCreation, task_id: str, until: float
) -> set[str]:
    """Return what a message may say of the end of a request but for the relay's result."""
    ends = set()
    if creation.pending_id == task_id:
        if creation.state in (CreationState.REJECTED, CreationState.CANCELLED):
            ends.add("rejected")
        if creation.state is CreationState.UNCONFIRMED and _may_be_sent(simulation, creation):
            ends.add("unconfirmed")
    attempts = [each for each in simulation.creations.attempts if _asks_for(each, creation)]
    for owner in (owner for each in attempts for owner in _owners(each)):
        for change in simulation.accounts.changes_of(owner):
            if change.asked_at <= until and (change.finished_at or until) >= creation.stored_at:
                ends |= {"disconnected"} if change.relay is None else {"not found", "gave up"}
    return ends


def _asks_for(attempt: Attempt, creation: LoggedCreation) -> bool:
    return attempt.creation is not None and attempt.creation.id == creation.id


def _owners(attempt: Attempt) -> Iterator[AccountOwner]:
    """Yield whose accounts may be charged."""
    if guild_id := attempt.place.guild_id:
        yield AccountOwner(guild_id=guild_id)
    yield AccountOwner(user_id=attempt.person.id)


def _may_be_sent(simulation: Simulation, creation: LoggedCreation) -> bool:
    """Whether it was sent, or something kept anybody from knowing that it was not."""
    submitted = [each.at for each in simulation.relays.submissions if each.mark == creation.mark]
    moments = [(at, at) for at in (*submitted, *simulation.supervisor.started_at)]
    changes = [
        (each.asked_at, each.finished_at or math.inf) for each in simulation.accounts.changes
    ]
    return any(
        first <= ended_at and begun_at <= last
        for begun_at, ended_at in _claims(creation)
        for first, last in (*moments, *changes)
    )


def _claims(creation: LoggedCreation) -> Iterator[tuple[float, float]]:
    return creation.spans(CreationState.SUBMITTING)


# What was charged


def _unfinished(creations: list[LoggedCreation]) -> Iterator[str]:
    for creation in creations:
        if creation.state in _UNFINISHED and not creation.is_deleted:
            yield f"UNDONE {creation.pending_id} is {creation.state}"


def _wrong_charges(simulation: Simulation, creations: list[LoggedCreation]) -> Iterator[str]:
    """Yield the wishes that were charged more often than they were asked for.

    What was rejected is charged never; what is submitted once; of what is unconfirmed nobody knows.
    """
    states: dict[str, Counter[CreationState]] = defaultdict(Counter)
    for creation in creations:
        states[creation.mark][creation.state] += 1
    sent: dict[str, list[Submission]] = defaultdict(list)
    for submission in simulation.relays.submissions:
        sent[submission.mark].append(submission)
    for mark in {*states, *sent}:
        charged = sum(bool(each.task_ids) for each in sent[mark])
        lost = sum(each.is_lost for each in sent[mark])
        begun, unsure = states[mark][CreationState.SUBMITTED], CreationState.UNCONFIRMED
        most = begun + states[mark][unsure]
        if not begun <= charged <= charged + lost <= most:
            yield (
                f"CHARGED {mark or '(nothing)'} {charged} times and lost {lost} times,"
                f" for {dict(states[mark])}"
            )


def _wrong_tasks(simulation: Simulation, creations: list[LoggedCreation]) -> Iterator[str]:
    """Yield the tasks that are told as the result of another wish, or of two requests."""
    asked = {
        task_id: submission.mark
        for submission in simulation.relays.submissions
        for task_id in submission.task_ids
    }
    told: Counter[str] = Counter()
    for creation in creations:
        told.update(creation.begun)
        for task_id in creation.begun:
            if asked.get(task_id) != creation.mark:
                yield f"CHARGED {task_id} for {asked.get(task_id)}, not for {creation.mark}"
    for task_id, count in told.items():
        if count > 1:
            yield f"CHARGED {task_id} is the result of {count} requests"


# Quotas


def _exceeded_quotas(simulation: Simulation) -> Iterator[str]:
    for attempt in simulation.creations.attempts:
        creation, quotas = attempt.creation, _quotas(simulation, attempt)
        if creation is None or quotas is None:
            continue
        left = quotas[0] + creation.left_of_user, quotas[1] + creation.left_of_server
        if min(left) < 0:
            yield f"QUOTA {quotas} is exceeded, {left} is left after {attempt}"


def _wrong_quota_told(simulation: Simulation, attempt: Attempt) -> Iterator[str]:
    """Yield if a person was told a wrong number of what is left, or lacks nothing and was told."""
    creation, quotas = attempt.creation, _quotas(simulation, attempt)
    found = _LEFT.search("\n".join(attempt.interaction.answers))
    if creation is None or quotas is None or found is None:
        return
    left = quotas[0] + creation.left_of_user
    if (int(found[1]), int(found[2])) != (left, quotas[0]):
        yield f"QUOTA {left} of {quotas[0]} is left, told as {found[0]!r}: {attempt}"


def _quotas(simulation: Simulation, attempt: Attempt) -> tuple[int, int] | None:
    """Return the quotas of the server in which somebody asked."""
    return simulation.creations.quotas.get(attempt.place.guild_id or 0)


# Texts


def _misplaced_texts(simulation: Simulation, message: Message) -> Iterator[str]:
    """Yield the texts in a message of what is told, and was asked for, somewhere else."""
    channel = simulation.place_of(message)
    about = {
        creation.mark
        for task_id in simulation.ids_of(message)
        if (creation := simulation.creations.by_task.get(task_id))
    }
    here = {each.mark for each in simulation.creations.attempts if each.place is channel}
    for mark in set(MARK.findall(message.text)) - about - here:
        yield f"TEXT of {mark} in {channel.name or 'a direct message'}: {message.text!r}"
    shown = [message.content, texts_in([_without_footer(each) for each in message.embeds])]
    for part in (part for part in _EVIL for text in shown if part in text):
        yield f"TEXT {part!r} as it is in {message.text!r}"


def _without_footer(embed: dict[str, object]) -> dict[str, object]:
    """Return the parts of an embed in which Discord renders Markdown."""
    return {name: part for name, part in embed.items() if name not in ("footer", "author")}


def _texts_shown_to_strangers(simulation: Simulation, interaction: Interaction) -> Iterator[str]:
    """Yield the texts that a person was shown of what others asked for elsewhere."""
    attempts = simulation.creations.attempts
    known = {
        each.mark
        for each in attempts
        if each.place is interaction.channel.ruling or each.person is interaction.person
    }
    for _, text in interaction.seen:
        for mark in set(MARK.findall(text)) - known:
            yield f"TEXT of {mark} shown to {interaction.person.name}: {text!r}"
