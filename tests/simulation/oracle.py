"""The oracle: when all faults have stopped, everyone was told the truth, exactly once.

It knows what people were answered, how the relay really ended each task, what Discord said and
which messages stand there. Of the bot's own records it only asks what is left undone.
"""

from collections.abc import Iterator

from tests.simulation.discord_state import HISTORY, Channel, Message, User
from tests.simulation.expectations import Expectation, Key, expected_notices
from tests.simulation.messages import is_card, is_held_notice, is_notice, is_possible_duplicate
from tests.simulation.simulation import Simulation
from tests.simulation.statements import false_statements, true_statements

ABOUT_THE_PERSON = {50007, 50278, 10013}
GONE = {10003, 10004, 10015, 50001, *ABOUT_THE_PERSON}
CONTENT = {50035, 50006, 40005, 200000, 200001, 240000}
"""The codes with which Discord refuses what a message says, in a channel in every form."""


def find_violations(simulation: Simulation) -> Iterator[str]:
    """Yield every clause of the promise that was broken."""
    messages = [m for c in simulation.state.channels.values() for m in c.messages.values()]
    yield from _undone(simulation)
    for message in filter(is_notice, messages):
        yield from _untrue(simulation, message)
    accounts = expected_notices(simulation)
    for key, expectations in accounts.items():
        yield from _miscounted(simulation, key, expectations)
    for message in filter(is_held_notice, messages):
        yield from _needless(simulation, message, accounts)
    for message in filter(is_card, messages):
        yield from _stale(simulation, message)


def _undone(simulation: Simulation) -> Iterator[str]:
    """Yield what the bot itself knows to be left undone."""
    connection = simulation.disk.connection
    for task_id, *_ in connection.execute("SELECT task_id FROM tasks WHERE state = 'running'"):
        yield f"UNDONE task {task_id} still runs"
    rows = connection.execute(
        "SELECT id, task_id, channel_id, state, reason FROM deliveries"
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


def _untrue(simulation: Simulation, message: Message) -> Iterator[str]:
    task = simulation.task_of(message)
    if task is None:
        yield f"UNTRUE a message about nothing that was asked for: {message.content!r}"
        return
    if is_possible_duplicate(message) and not simulation.may_be_in_doubt(message):
        yield f"UNTRUE {task.id} in doubt where nothing was lost: {message.content!r}"
    unreachable = any(task.id in name for name in simulation.relay_faults.applied)
    unchecked = any(
        action.is_unchecked for action in simulation.users.actions if action.task_id == task.id
    )
    denied = simulation.relay.was_denied_first(task.id) or (
        unchecked
        and simulation.relay.was_denied(task.id)  # what nobody watches any more is forgotten
    )
    true = true_statements(task, unreachable=unreachable, denied=denied)
    for fault in false_statements(task, message, true):
        yield f"UNTRUE {task.id} {fault}: {message.content!r}"


def _miscounted(simulation: Simulation, key: Key, expectations: Expectation) -> Iterator[str]:
    task_id, place, user_id = key
    person, channel = simulation.state.users[user_id], simulation.state.channels[place]
    count = len(expectations.arrived)
    sure = sum(  # one that somebody deleted in the meantime cannot be found again
        not is_possible_duplicate(message) and not message.deleted
        for message in expectations.arrived
    )
    line = (
        f"{count} notices of {task_id} for {person.name} in {channel.name or 'a direct message'},"
        f" owed {expectations.least} to {expectations.most}"
        f" ({'; '.join(map(str, expectations.actions)) or 'never asked'})"
    )
    if count < expectations.least and not _cannot_be_told(simulation, task_id, channel, person):
        yield f"LOST {line}"
    if max(sure, min(count, 1)) > expectations.most:
        yield f"DOUBLED {line}"


def _cannot_be_told(simulation: Simulation, task_id: str, channel: Channel, person: User) -> bool:
    """Whether there was no way to tell somebody, and the bot has a record of that."""
    waits = simulation.disk.is_recorded_as(task_id, channel.id, person.id, "held", "due")
    if waits and simulation.refuses_for_good(channel):
        return True
    said, direct = simulation.said_about, simulation.state.channels[person.direct]
    gone = channel is direct or channel.deleted or bool(said[channel.id] & (GONE | CONTENT))
    closed = bool(person.refuses_with or said[direct.id] & ABOUT_THE_PERSON)
    return gone and closed and simulation.disk.is_recorded_as(task_id, None, person.id, "dropped")


def _needless(
    simulation: Simulation, word: Message, accounts: dict[Key, Expectation]
) -> Iterator[str]:
    """Yield whether somebody was told that a notice is held when none was."""
    person = simulation.state.channels[word.channel_id].person
    place = next((c.id for c in simulation.channels if f"<#{c.id}>" in word.content), 0)
    held = any(
        not expectations.arrived
        or any(
            each.created_at >= word.created_at or simulation.was_unheard(each)
            for each in expectations.arrived
        )
        for (_, where, who), expectations in accounts.items()
        if person and where == place and who == person.id and expectations.was_asked_before(word)
    )
    if not held:
        yield f"UNTRUE word to {person and person.name} when nothing was held: {word.content!r}"


def _stale(simulation: Simulation, message: Message) -> Iterator[str]:
    """Yield whether a card still shows a task as being made."""
    channel = simulation.state.channels[message.channel_id]
    if message.deleted or channel.deleted or channel.denied:
        return
    refused = simulation.said_about[channel.id] & (GONE | CONTENT)
    if simulation.has_day_long_disruptions or refused or channel.ever_denied & HISTORY:
        return  # a card is no promise: after so much it is left as it is
    if message.components and "card:join" in message.text:
        title = message.embeds[0].get("title") if message.embeds else ""
        where = channel.name or "a direct message"
        yield f"STALE card in {where} still offers to join: {title!r}"
