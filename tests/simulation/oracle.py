"""The oracle: when all faults have stopped, everyone was told the truth, exactly once.

It knows what people were answered, how the relay really ended each task, what Discord said and
which messages stand there. Of the bot's own records it only asks what is left undone.
"""

from collections.abc import Iterator

from tests.simulation.discord_state import HISTORY, Channel, Message, Person
from tests.simulation.messages import is_card, is_notice, is_word, may_be_a_repeat
from tests.simulation.owed import Key, Owed, account
from tests.simulation.story import Story
from tests.simulation.truths import falsehoods, truths

ABOUT_THE_PERSON = {50007, 50278, 10013}
GONE = {10003, 10004, 10015, 50001, *ABOUT_THE_PERSON}
CONTENT = {50035, 50006, 40005, 200000, 200001, 240000}
"""The codes with which Discord refuses what a message says, in a channel in every form."""


def judge(story: Story) -> Iterator[str]:
    """Yield every clause of the promise that was broken."""
    messages = [m for c in story.state.channels.values() for m in c.messages.values()]
    yield from _undone(story)
    for message in filter(is_notice, messages):
        yield from _untrue(story, message)
    accounts = account(story)
    for key, owed in accounts.items():
        yield from _miscounted(story, key, owed)
    for message in filter(is_word, messages):
        yield from _needless(story, message, accounts)
    for message in filter(is_card, messages):
        yield from _stale(story, message)


def _undone(story: Story) -> Iterator[str]:
    """Yield what the bot itself knows to be left undone."""
    connection = story.disk.connection
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
        channel = story.state.channels[channel_id]
        if state not in ("due", "held") or not story.refuses_for_good(channel):
            where = channel.name or "a direct message"
            yield f"UNDONE delivery {number} of {task_id} in {where} is {state} ({reason})"


def _untrue(story: Story, message: Message) -> Iterator[str]:
    task = story.task_of(message)
    if task is None:
        yield f"UNTRUE a message about nothing that was asked for: {message.content!r}"
        return
    if may_be_a_repeat(message) and not story.may_be_in_doubt(message):
        yield f"UNTRUE {task.id} in doubt where nothing was lost: {message.content!r}"
    unreachable = any(task.id in name for name in story.relay_faults.struck)
    unchecked = any(deed.is_unchecked for deed in story.people.deeds if deed.task_id == task.id)
    denied = story.relay.was_denied_first(task.id) or (
        unchecked and story.relay.was_denied(task.id)  # what nobody watches any more is forgotten
    )
    true = truths(task, unreachable=unreachable, denied=denied)
    for fault in falsehoods(task, message, true):
        yield f"UNTRUE {task.id} {fault}: {message.content!r}"


def _miscounted(story: Story, key: Key, owed: Owed) -> Iterator[str]:
    task_id, place, user_id = key
    person, channel = story.state.people[user_id], story.state.channels[place]
    count = len(owed.arrived)
    sure = sum(  # one that somebody deleted in the meantime cannot be found again
        not may_be_a_repeat(message) and not message.deleted for message in owed.arrived
    )
    line = (
        f"{count} notices of {task_id} for {person.name} in {channel.name or 'a direct message'},"
        f" owed {owed.least} to {owed.most} ({'; '.join(map(str, owed.deeds)) or 'never asked'})"
    )
    if count < owed.least and not _cannot_be_told(story, task_id, channel, person):
        yield f"LOST {line}"
    if max(sure, min(count, 1)) > owed.most:
        yield f"DOUBLED {line}"


def _cannot_be_told(story: Story, task_id: str, channel: Channel, person: Person) -> bool:
    """Whether there was no way to tell somebody, and the bot has a record of that."""
    waits = story.disk.is_recorded_as(task_id, channel.id, person.id, "held", "due")
    if waits and story.refuses_for_good(channel):
        return True
    said, direct = story.said_about, story.state.channels[person.direct]
    gone = channel is direct or channel.deleted or bool(said[channel.id] & (GONE | CONTENT))
    closed = bool(person.refuses_with or said[direct.id] & ABOUT_THE_PERSON)
    return gone and closed and story.disk.is_recorded_as(task_id, None, person.id, "dropped")


def _needless(story: Story, word: Message, accounts: dict[Key, Owed]) -> Iterator[str]:
    """Yield whether somebody was told that a notice is held when none was."""
    person = story.state.channels[word.channel_id].person
    place = next((c.id for c in story.channels if f"<#{c.id}>" in word.content), 0)
    held = any(
        not owed.arrived
        or any(
            each.created_at >= word.created_at or story.was_unheard(each) for each in owed.arrived
        )
        for (_, where, who), owed in accounts.items()
        if person and where == place and who == person.id and owed.was_asked_before(word)
    )
    if not held:
        yield f"UNTRUE word to {person and person.name} when nothing was held: {word.content!r}"


def _stale(story: Story, message: Message) -> Iterator[str]:
    """Yield whether a card still shows a task as being made."""
    channel = story.state.channels[message.channel_id]
    if message.deleted or channel.deleted or channel.denied:
        return
    refused = story.said_about[channel.id] & (GONE | CONTENT)
    if story.lasts_days or refused or channel.ever_denied & HISTORY:
        return  # a card is no promise: after so much it is left as it is
    if message.components and "card:join" in message.text:
        title = message.embeds[0].get("title") if message.embeds else ""
        where = channel.name or "a direct message"
        yield f"STALE card in {where} still offers to join: {title!r}"
