"""What a seed makes of the files of songs: who asks for which, and what goes wrong."""

from random import Random

from sandbox.relay.actions import ACTIONS
from tests.simulation.creations import buttons_about
from tests.simulation.disruptions import start_disruption
from tests.simulation.file_disruptions import AT_FILES
from tests.simulation.simulation import Simulation


def draw_files(simulation: Simulation, begin: float, active: float) -> None:
    """Let people ask for files of the songs that they see, and let that go wrong."""
    rng = simulation.random.files
    for _ in range(rng.choice([0, 2, 6])):
        when = begin + rng.uniform(active / 4, active)
        action = rng.choice(sorted(ACTIONS))
        if rng.random() < 0.5:
            start_disruption(simulation, AT_FILES, rng, when - rng.uniform(0, 5))
        luck = rng.random()
        for delay in rng.choice([[0.0], [0.0, 0.2], [0.0, 30.0]]):
            _press_at(simulation, rng, when + delay, luck, action)


def _press_at(simulation: Simulation, rng: Random, when: float, luck: float, action: str) -> None:
    """Let somebody ask for a file of one of the songs that are told."""
    person = rng.choice(simulation.members)

    def act() -> None:
        channels = simulation.state.channels.values()
        messages = [message for each in channels for message in each.messages.values()]
        songs = [each for each in buttons_about(messages) if each[1].action == "more"]
        if not songs:
            return
        message, button = songs[int(luck * len(songs))]
        channel = simulation.state.channels[message.channel_id]
        presser = channel.person or person
        simulation.file_presses.press(simulation.process, presser, channel, button, action)

    simulation.environment.at(when, act)
