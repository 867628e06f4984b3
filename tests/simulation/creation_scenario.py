"""What a seed makes of creations: who wants what, tries again or stops, and what goes wrong."""

from random import Random

from bot.relay.creation import CreationKind
from bot.storage.models import AccountOwner, ServerSettings
from tests.simulation.creations import Wish, buttons_about
from tests.simulation.discord_state import Channel, User
from tests.simulation.disruptions import start_disruption
from tests.simulation.moments import draw_death
from tests.simulation.simulation import Simulation
from tests.simulation.submission_disruptions import (
    AT_SUBMISSION,
    submission_lost,
    submission_slow,
)

KINDS = (CreationKind.DESCRIPTION, CreationKind.CUSTOM, CreationKind.LYRICS)
SWITCHED_ON = 0.9
"""In how many servers creation is on."""
FORGETTING = 0.12
"""How often somebody who creates something has everything about them deleted soon."""
LEAVING = 0.05
"""In how many simulations a server removes the bot while somebody creates."""


def draw_creations(simulation: Simulation, begin: float, active: float) -> None:
    """Let people create songs and lyrics, and let that go wrong."""
    rng = simulation.random.creations
    for guild_id in simulation.state.guilds:
        quotas = rng.choice([1, 2, 5]), rng.choice([2, 5, 50])
        settings = ServerSettings(
            creation=rng.random() < SWITCHED_ON,
            creations_per_user=quotas[0],
            creations_per_server=quotas[1],
        )
        simulation.disk.set_server_settings(guild_id, settings)
        simulation.creations.quotas[guild_id] = quotas
    for number in range(rng.choice([1, 2, 4, 8])):
        _draw_wish(simulation, rng, number, begin + rng.uniform(0, active * 0.8))
    for _ in range(simulation.random.private_creations.choice([0, 1, 3])):
        _draw_private_wish(simulation, simulation.random.private_creations, begin, active)
    for _ in range(rng.choice([0, 2, 6])):
        _draw_press(simulation, rng, begin + rng.uniform(active / 4, active))
    if rng.random() < LEAVING and simulation.relays.spared is None:
        guild_id, at = rng.choice(list(simulation.state.guilds)), begin + rng.uniform(0, active)
        simulation.environment.at(at, lambda: simulation.remove_bot(guild_id))


def _draw_wish(simulation: Simulation, rng: Random, number: int, at: float) -> None:
    """Let somebody create something, perhaps together with others or with a second wish."""
    for extra in range(rng.choice([1, 1, 1, 2, 3])):
        person, kind = rng.choice(simulation.members), rng.choice(KINDS)
        wish = Wish(kind, f"wish-{number}{extra}-{rng.getrandbits(32):08x}")
        channel = _draw_place(simulation, rng, person)
        when = at + rng.choice([0, 0, rng.uniform(0, 10)])
        _create_at(simulation, when, person, wish, channel)
        if rng.random() < 0.25:
            _stop_at(simulation, when + rng.choice([0.5, 2, 20, 200]), person, wish.mark)
        if simulation.random.erasures.random() < FORGETTING and simulation.relays.spared is None:
            _forget_soon(simulation, when, person)
        if rng.random() < 0.3:
            start_disruption(simulation, AT_SUBMISSION, rng, when - rng.uniform(0, 5))
        if simulation.relays.spared is None and rng.random() < 0.3:
            _draw_death_while_sending(simulation, rng, when)


def _draw_death_while_sending(simulation: Simulation, rng: Random, when: float) -> None:
    """Let the process die while a request is stored or sent, perhaps to a slow relay."""
    if rng.random() < 0.6:
        start_disruption(simulation, (submission_slow, submission_lost), rng, when - 1)
        when += rng.uniform(0.5, 3)
    draw_death(simulation, rng, when + rng.choice([0, 0.05, 0.2, 1, 5]))


def _create_at(
    simulation: Simulation, when: float, person: User, wish: Wish, channel: Channel
) -> None:
    simulation.environment.at(
        when, lambda: simulation.creations.create(simulation.process, person, wish, channel)
    )


def _stop_at(simulation: Simulation, when: float, person: User, mark: str) -> None:
    simulation.environment.at(
        when, lambda: simulation.creations.stop(simulation.process, person, mark)
    )


def _forget_soon(simulation: Simulation, when: float, person: User) -> None:
    """Let somebody use ``/suno forget``: while something is created, or when it has ended."""
    rng = simulation.random.erasures
    simulation.environment.at(
        when + rng.choice([0.1, 0.5, 2, 20, rng.uniform(60, 600), rng.uniform(600, 1800)]),
        lambda: simulation.accounts.forget(simulation.process, person),
    )


def _draw_private_wish(simulation: Simulation, rng: Random, begin: float, active: float) -> None:
    """Let one of those who have an account of their own create something in private.

    They do so in direct messages, or where the bot is no member, from where they are told directly.
    """
    wish = Wish(rng.choice(KINDS), f"wish-8-{rng.getrandbits(32):08x}")
    luck, is_foreign = rng.random(), rng.random() < 0.6
    when = begin + rng.uniform(0, active)
    if rng.random() < 0.3:
        start_disruption(simulation, AT_SUBMISSION, rng, when - rng.uniform(0, 5))

    def act() -> None:
        people = _people_with_account(simulation)
        if not people:
            return
        person = people[int(luck * len(people))]
        direct = simulation.state.channels[person.direct]
        channel = simulation.state.foreign_channel() if is_foreign else direct
        simulation.creations.create(simulation.process, person, wish, channel)

    simulation.environment.at(when, act)
    if rng.random() < 0.3 and simulation.relays.spared is None:
        draw_death(simulation, rng, when + rng.choice([0, 0.5, 2, 9]))


def _people_with_account(simulation: Simulation) -> list[User]:
    """Return those who have a relay account of their own, as far as they were told."""
    now = simulation.state.clock.true_time()
    return [
        each
        for each in simulation.members
        if simulation.accounts.relays(AccountOwner(user_id=each.id), now, now)
    ]


def _draw_place(simulation: Simulation, rng: Random, person: User) -> Channel:
    direct = simulation.state.channels[person.direct]
    return direct if rng.random() < 0.08 else rng.choice(simulation.channels)


def _draw_press(simulation: Simulation, rng: Random, when: float) -> None:
    """Let one or two people press *Try again* or extend a song that they see."""
    people = [rng.choice(simulation.members) for _ in range(rng.choice([1, 1, 2]))]
    luck, extends = rng.random(), rng.random() < 0.3
    wish = Wish(CreationKind.EXTENSION, f"wish-9-{rng.getrandbits(32):08x}")

    def act() -> None:
        channels = simulation.state.channels.values()
        messages = [message for each in channels for message in each.messages.values()]
        pressable = buttons_about(messages)
        if not pressable:
            return
        message, button = pressable[int(luck * len(pressable))]
        channel = simulation.state.channels[message.channel_id]
        for person in people if channel.person is None else [channel.person]:
            if extends and button.action == "more":
                simulation.creations.extend(simulation.process, person, wish, channel, button)
            else:
                simulation.creations.repeat(simulation.process, person, message, button)

    simulation.environment.at(when, act)
