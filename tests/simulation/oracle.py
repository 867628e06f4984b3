"""The oracle: after all faults have stopped, every user got one notice that is true.

It uses the replies to users, how the relay really ended each task, Discord's responses and the
messages in each channel. Of the bot's own records it reads only the work that is unfinished.
"""

from collections.abc import Iterator

from tests.simulation.account_oracle import find_account_violations
from tests.simulation.bindings import Bindings
from tests.simulation.creation_oracle import find_creation_violations, made_task, possible_ends
from tests.simulation.discord_state import HISTORY, Channel, Message, User
from tests.simulation.erasure_oracle import find_erasure_violations
from tests.simulation.expectations import Expectation, Key, expected_notices
from tests.simulation.file_oracle import find_file_violations
from tests.simulation.messages import (
    is_card,
    is_held_notice,
    is_notice,
    is_possible_duplicate,
    is_summary,
)
from tests.simulation.simulated_task import SimulatedTask
from tests.simulation.simulation import Simulation
from tests.simulation.statements import Truths, false_statements, true_statements
from tests.simulation.summary_statements import faults_of_summary
from tests.support.task_endings import TaskEnding

ABOUT_THE_PERSON = {50007, 50278, 10013}
GONE = {10003, 10004, 10015, 50001, *ABOUT_THE_PERSON}
CONTENT = {50035, 50006, 40005, 200000, 200001, 240000}
"""Discord's codes for refused content, in a channel where every form of it is refused."""


def find_violations(simulation: Simulation) -> Iterator[str]:
    """Yield each violation of the promise."""
    messages = [m for c in simulation.state.channels.values() for m in c.messages.values()]
    yield from simulation.creations.match()
    expectations_by_key = expected_notices(simulation)
    yield from _unfinished_work(simulation)
    for message in filter(is_notice, messages):
        yield from _false_notices(simulation, message, expectations_by_key)
    for key, expectations in expectations_by_key.items():
        yield from _wrong_counts(simulation, key, expectations)
    for message in filter(is_held_notice, messages):
        yield from _needless_held_notices(simulation, message, expectations_by_key)
    for message in filter(is_card, messages):
        yield from _stale_cards(simulation, message)
    yield from find_account_violations(simulation, expectations_by_key)
    yield from find_creation_violations(simulation)
    yield from find_erasure_violations(simulation)
    yield from find_file_violations(simulation)


def _unfinished_work(simulation: Simulation) -> Iterator[str]:
    """Yield the tasks and deliveries that the bot itself has not finished."""
    connection = simulation.disk.connection
    for task_id, *_ in connection.execute("SELECT task_id FROM tasks WHERE state = 'running'"):
        yield f"UNDONE task {task_id} still runs"
    rows = connection.execute(
        "SELECT id, task_id, channel_id, state, reason FROM task_deliveries"
        " WHERE state NOT IN ('sent', 'dropped')"
    )
    for number, task_id, channel_id, state, reason in rows:
        if channel_id is None:  # a direct message that has to be opened first
            yield f"UNDONE delivery {number} of {task_id} waits unopened ({reason})"
            continue
        channel = simulation.state.channels[channel_id]
        if state not in ("due", "held") or not simulation.refuses_for_good(channel):
            where = channel.name or "a direct message"
            yield f"UNDONE delivery {number} of {task_id} in {where} is {state} ({reason})"


def _false_notices(
    simulation: Simulation, message: Message, expectations_by_key: dict[Key, Expectation]
) -> Iterator[str]:
    ids = simulation.ids_of(message)
    if not ids:
        yield f"UNTRUE a message about nothing that was asked for: {message.content!r}"
        return
    if is_possible_duplicate(message) and not simulation.may_be_in_doubt(message):
        yield f"UNTRUE {ids[0]} in doubt where nothing was lost: {message.content!r}"
    candidates = [_possible_truths(simulation, message, each, expectations_by_key) for each in ids]
    if is_summary(message):
        faults = faults_of_summary(message, candidates)
    elif len(ids) > 1:
        faults = iter(["names several tasks"])
    else:
        faults = _faults_of_notice(message, candidates[0])
    for fault in faults:
        yield f"UNTRUE {' '.join(ids)} {fault}: {message.content!r}"


def _faults_of_notice(message: Message, truths: Truths) -> Iterator[str]:
    """Yield each error of a notice about one of the tasks that have an id, none if it is true."""
    faults = [list(false_statements(task, message, true)) for task, true in truths]
    yield from min(faults, key=len, default=["is about a task of nobody's account"])


def _possible_truths(
    simulation: Simulation,
    message: Message,
    task_id: str,
    expectations_by_key: dict[Key, Expectation],
) -> Truths:
    """Return the tasks with an id that a message may be about, and what it may say of each.

    That is a task at an account which everybody whom the message notifies could use; in a summary,
    anybody, because it also notifies those who have stopped watching one of its tasks.
    """
    if (creation := simulation.creations.by_task.get(task_id)) is not None:
        made = made_task(simulation, creation, task_id)
        said = set() if made.ending is TaskEnding.NEVER else _true_statements(simulation, made)
        return [(made, said | possible_ends(simulation, creation, task_id, message.created_at))]
    everybody = any if is_summary(message) else all
    actions = [
        [action for action in each.actions if action.verb == "watch"]
        for (about, _, _), each in expectations_by_key.items()
        if about == task_id and message in each.arrived
    ]
    bindings, now = Bindings(simulation), message.created_at
    possible = [bindings.possible_tasks(task_id, each, now) for each in actions if each]
    tasks = [
        task
        for task in {each.seed: each for some in possible for each in some}.values()
        if everybody(task.relay in (other.relay for other in others) for others in possible)
    ]
    also = {
        meaning
        for each in (action for watches in actions for action in watches)
        for meaning, holds in (
            ("disconnected", bindings.was_disconnected(each, now)),
            ("not found", bindings.was_moved(each, now)),
            ("gave up", bindings.was_moved(each, now)),
        )
        if holds
    }
    return [(task, _true_statements(simulation, task) | also) for task in tasks]


def _true_statements(simulation: Simulation, task: SimulatedTask) -> set[str]:
    """Return what may be said about the end of a task."""
    unreachable = any(task.seed in name for name in simulation.relay_faults.applied)
    unchecked = any(
        action.is_unchecked for action in simulation.users.actions if action.task_id == task.id
    )
    relay = simulation.relays.of(task)
    denied = relay.was_denied_first(task.id) or (
        unchecked and relay.was_denied(task.id)  # tasks without watches are deleted
    )
    return true_statements(task, unreachable=unreachable, denied=denied)


def _wrong_counts(simulation: Simulation, key: Key, expectations: Expectation) -> Iterator[str]:
    task_id, place, user_id = key
    person, channel = simulation.state.users[user_id], simulation.state.channels[place]
    count = len(expectations.arrived)
    sure = sum(  # one that somebody deleted in the meantime cannot be found again
        not is_possible_duplicate(message) and not message.deleted
        for message in expectations.arrived
        if message not in expectations.for_others
    )
    line = (
        f"{count} notices of {task_id} for {person.name} in {channel.name or 'a direct message'},"
        f" expected {expectations.least} to {expectations.most}"
        f" ({'; '.join(map(str, expectations.actions)) or 'never asked'})"
    )
    if simulation.state.has_left(channel):
        return  # with the bot, the watches go
    if count < expectations.least and not _cannot_be_notified(simulation, task_id, channel, person):
        yield f"LOST {line}"
    if max(sure, min(count - len(expectations.for_others), 1)) > expectations.most:
        yield f"DOUBLED {line}"


def _cannot_be_notified(
    simulation: Simulation, task_id: str, channel: Channel, person: User
) -> bool:
    """Whether a user could not be notified, and the bot has a record of that."""
    waits = simulation.disk.is_recorded_as(task_id, channel.id, person.id, "held", "due")
    if waits and simulation.refuses_for_good(channel):
        return True
    codes, direct = simulation.error_codes, simulation.state.channels[person.direct]
    gone = channel is direct or channel.deleted or bool(codes[channel.id] & (GONE | CONTENT))
    refused = bool(person.refuses_with or codes[direct.id] & ABOUT_THE_PERSON)
    return gone and refused and simulation.disk.is_recorded_as(task_id, None, person.id, "dropped")


def _needless_held_notices(
    simulation: Simulation, message: Message, expectations_by_key: dict[Key, Expectation]
) -> Iterator[str]:
    """Yield if a message says that a notice is held although none was."""
    person = simulation.state.channels[message.channel_id].person
    channels = simulation.state.channels.values()
    place = next((c.ruling.id for c in channels if f"<#{c.id}>" in message.content), 0)
    held = any(
        not expectations.arrived
        or any(
            notice.created_at >= message.created_at or simulation.was_unheard(notice)
            for notice in expectations.arrived
        )
        for (_, where, who), expectations in expectations_by_key.items()
        if person and where == place and who == person.id and expectations.watched_before(message)
    )
    if not held:
        name = person and person.name
        yield f"UNTRUE message to {name} when nothing was held: {message.content!r}"


_POST_UNDER_WAY = 60.0
"""Seconds for which the post of a card can be under way when the person it is for is forgotten."""


def _stale_cards(simulation: Simulation, message: Message) -> Iterator[str]:
    """Yield if a card still shows a task as running."""
    channel = simulation.state.channels[message.channel_id]
    if message.deleted or channel.deleted or channel.denied or simulation.state.has_left(channel):
        return
    refused = simulation.error_codes[channel.id] & (GONE | CONTENT)
    if channel.person is not None and any(
        each.answered_at + _POST_UNDER_WAY >= message.created_at or not each.interaction.answers
        for each in simulation.users.actions
        if each.verb == "forget" and each.person is channel.person
    ):
        return  # the record of a card in the direct messages of a forgotten person is deleted
    if simulation.has_day_long_disruptions or refused or channel.ever_denied & HISTORY:
        return  # cards are best effort: after such disruptions they may be outdated
    if message.components and "card:join" in message.text:
        title = message.embeds[0].get("title") if message.embeds else ""
        where = channel.name or "a direct message"
        yield f"STALE card in {where} still offers to join: {title!r}"
