"""What a seed makes of the relay accounts: who connects which relay, and what becomes of it.

Some of the relays have tasks with the same ids, of other songs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from bot.storage.models import AccountOwner
from tests.simulation.discord_state import User
from tests.simulation.disruptions import start_disruption
from tests.simulation.moments import draw_death, draw_moment
from tests.simulation.relay_disruptions import AT_RELAY
from tests.simulation.relay_server import RelayServer
from tests.simulation.simulation import Simulation
from tests.simulation.task_scenario import draw_twin

TWINS = 0.6
"""How many of the other relays have a task with the same id."""
SPARING = 0.3
"""In how many simulations nothing fails but some of the relays."""
RETRY_INTERVAL, MAX_ATTEMPTS = 20.0, 10
"""Seconds after which somebody tries again to change an account, and how often they try."""


def draw_accounts(simulation: Simulation, begin: float, active: float) -> None:
    """Let servers and people connect relays, and let the accounts live through their troubles."""
    rng = simulation.random.accounts
    servers = list(simulation.relays.servers)
    if rng.random() < SPARING:
        simulation.relays.spared = rng.choice(servers)
        for _ in servers:
            at = begin + rng.uniform(0, active / 2)
            start_disruption(simulation, AT_RELAY, rng, at, longer=active / 2)
    _draw_twins(simulation, rng)
    owners = [AccountOwner(guild_id=each) for each in simulation.state.guilds]
    owners += [AccountOwner(user_id=each.id) for each in simulation.members]
    rng.shuffle(owners)
    simulation.members[0].is_manager = True
    if simulation.settings.operator_account:
        servers.pop(0)
    for owner, relay in zip(owners, servers, strict=False):
        _Story(simulation, rng, owner, relay).draw(begin, active)
    for _ in range(rng.choice([0, 3, 8])):
        _draw_status(simulation, rng, begin + rng.uniform(0, active))


def _draw_twins(simulation: Simulation, rng: Random) -> None:
    """Let relays make other songs with the ids that a relay has given already."""
    for task in list(simulation.tasks):
        for relay in simulation.relays.servers:
            if relay.name != task.relay and rng.random() < TWINS:
                twin = draw_twin(rng, task, relay)
                relay.add(twin)
                simulation.tasks.append(twin)


def _draw_status(simulation: Simulation, rng: Random, when: float) -> None:
    """Let somebody look at a task, in a server or in direct messages."""
    person, task = rng.choice(simulation.members), rng.choice(simulation.tasks)
    direct = simulation.state.channels[person.direct]
    channel = rng.choice([direct, *simulation.channels])
    simulation.environment.at(
        when,
        lambda: simulation.users.request_status(simulation.process, person, task.id, channel),
    )


@dataclass(frozen=True, slots=True)
class _Story:
    """The account of one owner."""

    simulation: Simulation
    rng: Random
    owner: AccountOwner
    relay: RelayServer

    def draw(self, begin: float, active: float) -> None:
        """Let the account be connected in the beginning, and changed some times."""
        self._connect(begin - self.rng.uniform(0, 5), self.relay)
        if self.relay is self.simulation.relays.spared:
            return
        for _ in range(self.rng.choice([0, 1, 1, 2, 3])):
            at = draw_moment(self.simulation, self.rng, begin, active)
            changes = [self._replace, self._replace, self._refuse_key, self._disconnect]
            changes += [self._reconnect, self._move, self._leave]
            self.rng.choice(changes)(at)
            if self.simulation.relays.spared is None and self.rng.random() < 0.3:
                draw_death(self.simulation, self.rng, at + self.rng.choice([0, 0.1, 1, 5]))

    def _replace(self, at: float) -> None:
        """Replace the key by another one of the same account, perhaps because it expired."""
        if self.rng.random() < 0.5:
            self._refuse_key(at - self.rng.uniform(0, 300))
        self._connect(at, self.relay)

    def _move(self, at: float) -> None:
        """Replace the account by one at another relay."""
        self._connect(at, self.simulation.relays.draw_failing())

    def _disconnect(self, at: float) -> None:
        accounts = self.simulation.accounts
        self._try(
            at, lambda: accounts.disconnect(self.simulation.process, self._person(), self.owner)
        )

    def _reconnect(self, at: float) -> None:
        """Disconnect the account, and soon connect it again."""
        self._disconnect(at)
        self._connect(at + self.rng.choice([0.5, 5, 60, 600]), self.relay)

    def _leave(self, at: float) -> None:
        """Let the server remove the bot."""
        guild_id = self.owner.guild_id
        if guild_id is not None:
            self.simulation.environment.at(at, lambda: self.simulation.remove_bot(guild_id))

    def _refuse_key(self, at: float) -> None:
        """Let the relay refuse all keys that it has at a time, perhaps only for a while."""
        refused = self.relay.refused_keys

        def refuse() -> None:
            if not self.simulation.faults_stopped:
                refused.update(self.relay.keys)

        def accept() -> None:
            refused.clear()

        self.simulation.environment.at(at, refuse)
        if self.rng.random() < 0.6:
            self.simulation.environment.at(at + self.rng.expovariate(1 / 300), accept)

    def _connect(self, at: float, relay: RelayServer) -> None:
        accounts = self.simulation.accounts
        self._try(
            at,
            lambda: accounts.connect(self.simulation.process, self._person(), self.owner, relay),
        )

    def _try(self, at: float, change: Callable[[], bool], attempt: int = 1) -> None:
        """Change the account at a time, or as soon as the bot hears it."""

        def act() -> None:
            if not change() and attempt < MAX_ATTEMPTS and not self.simulation.faults_stopped:
                later = self.simulation.environment.clock.now + RETRY_INTERVAL
                self._try(later, change, attempt + 1)

        self.simulation.environment.at(at, act)

    def _person(self) -> User:
        """Return who manages the account."""
        if self.owner.user_id is None:
            return self.simulation.members[0]
        return self.simulation.state.users[self.owner.user_id]
