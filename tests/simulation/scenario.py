"""What a seed makes of a story: who watches what, and when what goes wrong.

Everything is drawn before the bot starts, so that a seed means the same story however it behaves.
"""

import re
from functools import partial
from random import Random

from tests.simulation.clock import EPOCH
from tests.simulation.discord_state import Channel, Message, Person
from tests.simulation.discord_troubles import AT_DISCORD
from tests.simulation.machine_troubles import IN_THE_MACHINE
from tests.simulation.relay_server import Fate, SimulatedTask
from tests.simulation.relay_troubles import AT_RELAY
from tests.simulation.story import Story
from tests.simulation.troubles import begin_trouble

FATES = {
    Fate.SONG: 6,
    Fate.HALF: 1,
    Fate.LYRICS: 2,
    Fate.FAILED: 2,
    Fate.STUCK: 0.4,
    Fate.NEVER: 0.5,
}
TITLES = ("Paper Boats", "City Windows", "纸船", "*Stars* & `code` @everyone", "Zzyzx Road")
ACTIVE = (600.0, 3000.0)
"""Seconds in which things happen, at least and at most."""
LONG = 1.5 * 86400
"""Seconds that are added where something goes wrong for more than a day."""

TROUBLES = (*AT_DISCORD, *AT_RELAY, *IN_THE_MACHINE)

_CARD_BUTTON = re.compile(r"card:(join|leave):(\d+)")
_KEEP_BUTTON = re.compile(r"keep-watching:\d+")


def draw(story: Story) -> None:
    """Fill a story with people, tasks, wishes and troubles."""
    dice = story.dice
    _people_the_world(story, dice)
    active = dice.uniform(*ACTIVE)
    begin = story.world.clock.now + 10
    for number in range(dice.randint(1, 10)):
        task = _a_task(story, dice, number, active)
        story.relay.add(task)
        story.tasks.append(task)
        _wishes(story, dice, task)
    for _ in range(dice.choice([0, 1, 2, 4, 10])):
        _passer_by(story, dice, begin + dice.uniform(0, active))
    story.lasts_days = dice.random() < 0.04
    longer = LONG if story.lasts_days else 0.0
    for _ in range(dice.choice([0, 1, 2, 4, 6, 10])):
        at = _a_moment(story, dice, begin, active)
        for _ in range(dice.choice([1, 1, 2, 3])):  # coincident, or nearly
            when = at + dice.choice([0, dice.uniform(0, 60)])
            begin_trouble(story, TROUBLES, dice, when, longer)
    _deaths(story, dice, begin, active)
    story.heal_at(begin + active + longer + 120)


def _a_moment(story: Story, dice: Random, begin: float, active: float) -> float:
    """Return a monotonic time, mostly one at which there is something to do."""
    if dice.random() < 0.3:
        return begin + dice.uniform(0, active)
    task = dice.choice(story.tasks)
    ends_at = task.submitted_at + task.takes * dice.choice([0, 1, 1, 1])
    return max(ends_at - EPOCH + dice.uniform(-20, 10), begin)


def _people_the_world(story: Story, dice: Random) -> None:
    for number in range(dice.randint(1, 2)):
        guild_id = story.state.add_guild(f"server {number}")
        for each in range(dice.randint(1, 3)):
            story.channels.append(story.state.add_channel(guild_id, f"channel-{number}-{each}"))
    story.persons += [story.state.add_person(f"person{n}") for n in range(dice.randint(1, 5))]


def _a_task(story: Story, dice: Random, number: int, active: float) -> SimulatedTask:
    (fate,) = dice.choices(list(FATES), weights=list(FATES.values()))
    submitted_at = story.world.clock.true_time() + dice.uniform(0, active * 0.8)
    takes = dice.choice([dice.uniform(3, 15), dice.uniform(60, 240), dice.uniform(60, 900)])
    vanishes_at = None
    if dice.random() < 0.08:
        vanishes_at = submitted_at + dice.uniform(1, 2 * takes)
    return SimulatedTask(
        f"task-{number}-{dice.getrandbits(40):010x}",
        fate,
        dice.choice(TITLES) if dice.random() < 0.8 else "",
        submitted_at,
        takes,
        vanishes_at,
    )


def _wishes(story: Story, dice: Random, task: SimulatedTask) -> None:
    """Let some people watch a task, and some of them stop."""
    submitted = task.submitted_at - story.world.clock.true_time() + story.world.clock.now
    for person in story.persons:
        if dice.random() < 0.4:
            continue
        at = submitted + dice.choice(
            [
                dice.uniform(0, task.takes),
                dice.uniform(0, min(5, task.takes)),
                dice.gauss(task.takes, 3),
                task.takes + dice.uniform(0, 900),
            ]
        )
        at = max(at, submitted + 0.5, story.world.clock.now + 10)
        channel, private = _a_place(story, dice, person)
        now = at - story.world.clock.now + story.world.clock.true_time()
        made = [each for each in story.tasks if each.submitted_at < now]
        also = [each.id for each in made if dice.random() < 0.1]
        ids = list(dict.fromkeys([task.id, *also]))
        _watch_at(story, at, person, ids, channel, private=private)
        if dice.random() < 0.2:  # again, or elsewhere
            again = at + dice.expovariate(1 / 200)
            channel, private = _a_place(story, dice, person)
            _watch_at(story, again, person, [task.id], channel, private=private)
        elif dice.random() < 0.2:
            _unwatch_at(story, at + dice.expovariate(1 / 120), person, task.id, channel)
        elif dice.random() < 0.15:  # while the notice may be on its way
            _unwatch_at(story, submitted + dice.gauss(task.takes + 6, 5), person, task.id, channel)


def _a_place(story: Story, dice: Random, person: Person) -> tuple[Channel, bool]:
    """Return where somebody asks, and whether they want to be told privately."""
    if dice.random() < 0.1:
        return story.state.channels[person.direct], False
    return dice.choice(story.channels), dice.random() < 0.12


def _watch_at(
    story: Story,
    when: float,
    person: Person,
    task_ids: list[str],
    channel: Channel,
    *,
    private: bool,
) -> None:
    story.world.at(
        when,
        lambda: story.people.watch(story.process, person, task_ids, channel, private=private),
    )


def _unwatch_at(story: Story, when: float, person: Person, task_id: str, channel: Channel) -> None:
    when = max(when, story.world.clock.now + 10)
    story.world.at(when, lambda: story.people.unwatch(story.process, person, task_id, channel))


def _passer_by(story: Story, dice: Random, when: float) -> None:
    """Let somebody press a button that they see, or look at a task."""
    person = dice.choice(story.persons)
    task, channel = dice.choice(story.tasks), dice.choice(story.channels)
    luck = dice.random()

    def act() -> None:
        pressable = list(_buttons(story, channel))
        if pressable:
            message, verb, custom_id, ids = pressable[int(luck * len(pressable))]
            story.people.press(story.process, person, message, verb, custom_id, ids)
        else:
            story.people.look(story.process, person, task.id, channel)

    story.world.at(when, act)


def _buttons(story: Story, channel: Channel) -> list[tuple[Message, str, str, list[str]]]:
    """Return the buttons in a channel that change what is watched, and the tasks they are about."""
    found = []
    for message in (m for m in channel.messages.values() if not m.deleted):
        text = message.text
        for verb, card in _CARD_BUTTON.findall(text):
            ids = story.disk.tasks_on_card(int(card))
            leaving = "leave" if len(ids) == 1 else "may leave"
            meaning = "watch" if verb == "join" else leaving
            found.append((message, meaning, f"card:{verb}:{card}", ids))
        for custom_id in _KEEP_BUTTON.findall(text):
            ids = [task.id for task in story.tasks if task.id in text]
            found.append((message, "watch", custom_id, ids))
    return found


def _deaths(story: Story, dice: Random, begin: float, active: float) -> None:
    """Let the process be killed at any step, or told to stop, some times."""
    for _ in range(dice.choice([0, 0, 1, 2, 4])):
        at = _a_moment(story, dice, begin, active)
        steps = dice.choice([dice.randint(0, 40), dice.randint(0, 400)])
        downtime = dice.choice([2.0, 5.0, dice.uniform(5, 900)])
        orderly = dice.random() < 0.25
        story.world.at(at, partial(_die, story, steps, downtime, orderly=orderly))


def _die(story: Story, steps: int, downtime: float, *, orderly: bool) -> None:
    if story.process is None or story.healed:
        return
    story.downtime = downtime
    if orderly:
        story.trace.note("told to stop")
        story.process.stop()
    else:
        story.process.loop.crash_after(steps)
