"""The scenario of a seed: who watches what, and when what goes wrong.

Everything is drawn before the bot starts, so that a seed means the same scenario however it
behaves.
"""

import re
from random import Random

from tests.simulation.account_scenario import draw_accounts
from tests.simulation.creation_scenario import draw_creations
from tests.simulation.discord_disruptions import AT_DISCORD, IN_FORUMS
from tests.simulation.discord_state import Channel, Message, User
from tests.simulation.disruptions import start_disruption
from tests.simulation.file_scenario import draw_files
from tests.simulation.machine_disruptions import MACHINE_DISRUPTIONS, PAUSES
from tests.simulation.moments import draw_deaths, draw_moment
from tests.simulation.relay_disruptions import AT_RELAY
from tests.simulation.simulated_task import SimulatedTask
from tests.simulation.simulation import Simulation
from tests.simulation.task_scenario import draw_task

ACTIVE = (600.0, 3000.0)
"""Seconds in which things happen, at least and at most."""
MAX_IDS = 10
"""Tasks that one command takes."""
LONG = 1.5 * 86400
"""Seconds that are added where something goes wrong for more than a day."""

WITH_FORUM = 0.3
"""How many simulations have a forum."""
WITH_PAUSES = 0.1
"""In how many of them the process, or its machine, does not run for a while."""

TROUBLES = (*AT_DISCORD, *AT_RELAY, *MACHINE_DISRUPTIONS)

_CARD_BUTTON = re.compile(r"card:(join|leave):(\d+)")
_KEEP_BUTTON = re.compile(r"keep-watching:\d+")


def draw(simulation: Simulation) -> None:
    """Draw the people, the tasks, what people ask for, and the disruptions."""
    rng = simulation.random.scenario
    _draw_people_and_channels(simulation, rng)
    active = rng.uniform(*ACTIVE)
    begin = simulation.environment.clock.now + 10
    for number in range(rng.randint(1, 10)):
        relay = simulation.random.accounts.choice(simulation.relays.servers)
        task = draw_task(simulation, rng, number, active, relay)
        relay.add(task)
        simulation.tasks.append(task)
        _wishes(simulation, rng, task)
    if len(simulation.relays.servers) > 1:
        draw_accounts(simulation, begin, active)
    if simulation.has_creations:
        draw_creations(simulation, begin, active)
        draw_files(simulation, begin, active)
    for _ in range(rng.choice([0, 1, 2, 4, 10])):
        _passer_by(simulation, rng, begin + rng.uniform(0, active))
    simulation.has_day_long_disruptions = rng.random() < 0.04
    longer = LONG if simulation.has_day_long_disruptions else 0.0
    troubles = AT_RELAY if simulation.relays.spared else TROUBLES
    for _ in range(rng.choice([0, 1, 2, 4, 6, 10])):
        at = draw_moment(simulation, rng, begin, active)
        for _ in range(rng.choice([1, 1, 2, 3])):  # coincident, or nearly
            when = at + rng.choice([0, rng.uniform(0, 60)])
            start_disruption(simulation, troubles, rng, when, longer)
    if simulation.relays.spared is None:
        draw_deaths(simulation, rng, begin, active)
    if simulation.forums and simulation.relays.spared is None:
        _trouble_forums(simulation, begin, active)
    if simulation.relays.spared is None and simulation.random.pauses.random() < WITH_PAUSES:
        _pause(simulation, begin, active)
    simulation.stop_faults_at(begin + active + longer + 120)


def _draw_people_and_channels(simulation: Simulation, rng: Random) -> None:
    for number in range(rng.randint(1, 2)):
        guild_id = simulation.state.add_guild(f"server {number}")
        for each in range(rng.randint(1, 3)):
            simulation.channels.append(
                simulation.state.add_channel(guild_id, f"channel-{number}-{each}")
            )
    simulation.members += [
        simulation.state.add_person(f"person{n}") for n in range(rng.randint(1, 5))
    ]

    if simulation.random.forums.random() < WITH_FORUM:
        guild_id = simulation.random.forums.choice(list(simulation.state.guilds))
        simulation.forums.append(simulation.state.add_channel(guild_id, "forum", forum=True))


def _trouble_forums(simulation: Simulation, begin: float, active: float) -> None:
    """Let things go wrong in forums, mostly when a post is begun."""
    rng = simulation.random.forums
    for _ in range(rng.choice([0, 1, 2, 4])):
        start_disruption(simulation, IN_FORUMS, rng, draw_moment(simulation, rng, begin, active))


def _pause(simulation: Simulation, begin: float, active: float) -> None:
    """Let the process not run for a while, some times."""
    rng = simulation.random.pauses
    for _ in range(rng.choice([1, 2, 4])):
        start_disruption(simulation, PAUSES, rng, draw_moment(simulation, rng, begin, active))


def _a_forum(simulation: Simulation, channel: Channel, *, private: bool) -> Channel | None:
    """Return the forum for which somebody asks in a channel, if they do."""
    here = [each for each in simulation.forums if each.guild_id == channel.guild_id]
    if private or not here or simulation.random.forums.random() < 0.4:
        return None
    return simulation.random.forums.choice(here)


def _wishes(simulation: Simulation, rng: Random, task: SimulatedTask) -> None:
    """Let some people watch a task, and some of them stop."""
    submitted = (
        task.submitted_at
        - simulation.environment.clock.true_time()
        + simulation.environment.clock.now
    )
    for person in simulation.members:
        if rng.random() < 0.4:
            continue
        at = submitted + rng.choice(
            [
                rng.uniform(0, task.takes),
                rng.uniform(0, min(5, task.takes)),
                rng.gauss(task.takes, 3),
                task.takes + rng.uniform(0, 900),
            ]
        )
        at = max(at, submitted + 0.5, simulation.environment.clock.now + 10)
        channel, private = _a_place(simulation, rng, person)
        now = at - simulation.environment.clock.now + simulation.environment.clock.true_time()
        made = [each for each in simulation.tasks if each.submitted_at < now]
        also = [each.id for each in made if rng.random() < 0.1]
        grouping = simulation.environment.rng(f"grouping/{task.id}/{person.id}")
        if grouping.random() < 0.3:  # most of what there is
            also += [each.id for each in made if grouping.random() < 0.7]
        ids = list(dict.fromkeys([task.id, *also]))[:MAX_IDS]
        together = grouping.choice([None, None, "summary", "separate"])
        _watch_at(simulation, at, person, ids, channel, private=private, together=together)
        if rng.random() < 0.2:  # again, or elsewhere
            again = at + rng.expovariate(1 / 200)
            channel, private = _a_place(simulation, rng, person)
            _watch_at(simulation, again, person, [task.id], channel, private=private)
        elif rng.random() < 0.2:
            _unwatch_at(simulation, at + rng.expovariate(1 / 120), person, task.id, channel)
        elif rng.random() < 0.15:  # while the notice may be on its way
            _unwatch_at(
                simulation, submitted + rng.gauss(task.takes + 6, 5), person, task.id, channel
            )


def _a_place(simulation: Simulation, rng: Random, person: User) -> tuple[Channel, bool]:
    """Return where somebody asks, and whether they want to be told privately."""
    if rng.random() < 0.1:
        return simulation.state.channels[person.direct], False
    return rng.choice(simulation.channels), rng.random() < 0.12


def _watch_at(
    simulation: Simulation,
    when: float,
    person: User,
    task_ids: list[str],
    channel: Channel,
    *,
    private: bool,
    together: str | None = None,
) -> None:
    forum = _a_forum(simulation, channel, private=private)
    simulation.environment.at(
        when,
        lambda: simulation.users.watch(
            simulation.process,
            person,
            task_ids,
            channel,
            private=private,
            forum=forum,
            together=together,
        ),
    )


def _unwatch_at(
    simulation: Simulation, when: float, person: User, task_id: str, channel: Channel
) -> None:
    when = max(when, simulation.environment.clock.now + 10)
    simulation.environment.at(
        when, lambda: simulation.users.unwatch(simulation.process, person, task_id, channel)
    )


def _passer_by(simulation: Simulation, rng: Random, when: float) -> None:
    """Let somebody press a button that they see, or look at a task."""
    person = rng.choice(simulation.members)
    task, channel = rng.choice(simulation.tasks), rng.choice(simulation.channels)
    luck = rng.random()

    def act() -> None:
        pressable = list(_buttons(simulation, channel))
        if pressable:
            message, verb, custom_id, ids = pressable[int(luck * len(pressable))]
            simulation.users.press(simulation.process, person, message, verb, custom_id, ids)
        else:
            simulation.users.request_status(simulation.process, person, task.id, channel)

    simulation.environment.at(when, act)


def _buttons(simulation: Simulation, channel: Channel) -> list[tuple[Message, str, str, list[str]]]:
    """Return the buttons in a channel that change what is watched, and the tasks they are about."""
    found = []
    for message in (m for m in channel.messages.values() if not m.deleted):
        text = message.text
        for verb, card in _CARD_BUTTON.findall(text):
            ids = simulation.disk.tasks_on_card(int(card))
            leaving = "leave" if len(ids) == 1 else "may leave"
            meaning = "watch" if verb == "join" else leaving
            found.append((message, meaning, f"card:{verb}:{card}", ids))
        for custom_id in _KEEP_BUTTON.findall(text):
            ids = [task.id for task in simulation.tasks if task.id in text]
            found.append((message, "watch", custom_id, ids))
    return found
