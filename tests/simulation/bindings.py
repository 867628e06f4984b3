"""Decides to which relay a watch may be bound: by the accounts that its user could use.

The server's account comes first, then the user's own, then the operator's if it is shared.
"""

from collections.abc import Iterable, Iterator

from bot.relay.single_fallback import MAX_MISSING_INTERACTIVE
from bot.relay.single_lookup import MISSING_TTL
from bot.storage.models import AccountOwner
from tests.e2e.chaos.user_actions import ReplyKind
from tests.simulation.relay_server import RelayServer
from tests.simulation.simulated_task import SimulatedTask
from tests.simulation.simulation import Simulation
from tests.simulation.users import COMPONENT, UserAction
from tests.support.task_endings import TaskEnding

LOOKUP_TIME = 300.0
"""Seconds within which a look-up for a user has ended."""
CIRCUIT_TIME = 1800.0
"""Seconds for which the bot may leave a relay alone that has failed."""


class Bindings:
    """The relays to which the watches of a simulation may be bound."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._accounts = simulation.accounts
        settings = simulation.settings
        is_shared = settings.operator_account and settings.shared_relay
        self.shared = simulation.relays.servers[0] if is_shared else None
        """The operator's relay, if everybody may use it."""

    def relays(self, action: UserAction, until: float) -> set[RelayServer]:
        """Return the relays at which a user's watch may be by a time (true Unix seconds)."""
        if action.interaction.kind == COMPONENT:  # a button stands for the account of its message
            return set().union(*(self._usable(each, until) for each in self._earlier(action)))
        return self._usable(action, until)

    def possible_tasks(
        self, task_id: str, actions: Iterable[UserAction], until: float
    ) -> list[SimulatedTask]:
        """Return the tasks with an id that these watches may be about."""
        relays = set().union(*(self.relays(each, until) for each in actions))
        servers = self._simulation.relays.servers
        return [_task_of(each, task_id) for each in servers if each in relays]

    def was_disconnected(self, action: UserAction, until: float) -> bool:
        """Whether an account that a watch may be bound to may have been disconnected by a time."""
        return any(
            change.relay is None
            and change.asked_at <= until
            and (change.finished_at or until) >= action.asked_at
            for each in self._related(action)
            for owner in _owners(each)
            for change in self._accounts.changes_of(owner)
        )

    def was_moved(self, action: UserAction, until: float) -> bool:
        """Whether an account that a watch may be bound to may have been moved to another relay."""
        return any(
            len(self._accounts.relays(owner, action.asked_at, until)) > 1
            for each in self._related(action)
            for owner in _owners(each)
        )

    def _related(self, action: UserAction) -> list[UserAction]:
        is_pressed = action.interaction.kind == COMPONENT and not action.is_stored
        return self._earlier(action) if is_pressed else [action]

    def _earlier(self, action: UserAction) -> list[UserAction]:
        """Return the watches of a task in a place up to an action, which may share its account."""
        return [
            each
            for each in self._simulation.users.actions
            if each.verb == "watch"
            and (each.task_id, each.place) == (action.task_id, action.place)
            and each.asked_at <= action.asked_at
        ]

    def _usable(self, action: UserAction, until: float) -> set[RelayServer]:
        """Return the relays that a look-up may have found a task at, those asked first first."""
        found: set[RelayServer] = set()
        asked_at, answered_at = action.asked_at, action.asked_at + LOOKUP_TIME
        for owner in _owners(action):
            now = self._accounts.possible(owner, asked_at, answered_at)
            knows = self._knows(now.pop().relay, action) if len(now) == 1 else None
            if knows is not False:
                found |= self._accounts.relays(owner, asked_at, until)
            if knows:
                return found
        if self.shared is not None:
            found.add(self.shared)
        return found

    def _knows(self, relay: RelayServer | None, action: UserAction) -> bool | None:
        """Whether a relay surely told of a task, ``None`` if that is not certain."""
        since, until = action.asked_at, action.asked_at + LOOKUP_TIME
        if relay is None:
            return False
        if action.is_unchecked or action.reply_kind is ReplyKind.UNKNOWN:
            return None
        together = (
            each.interaction is action.interaction for each in self._simulation.users.actions
        )
        if sum(together) > MAX_MISSING_INTERACTIVE:
            return None  # the rest may not have been requested singly
        if any(since - CIRCUIT_TIME <= at <= until for at in relay.troubled_at):
            return None
        task = _task_of(relay, action.task_id)
        if task.ending is TaskEnding.NEVER or task.submitted_at > until:
            return False
        known_since = task.submitted_at + MISSING_TTL  # somebody may have asked too early
        is_there = known_since <= since and (task.vanishes_at or until) >= until
        return is_there or None


def _owners(action: UserAction) -> Iterator[AccountOwner]:
    """Yield whose accounts a look-up uses, in order."""
    if guild_id := action.interaction.channel.guild_id:
        yield AccountOwner(guild_id=guild_id)
    yield AccountOwner(user_id=action.person.id)


def _task_of(relay: RelayServer, task_id: str) -> SimulatedTask:
    """Return the task with an id at a relay, one that never was if it has none."""
    unknown = SimulatedTask(task_id, relay.name, TaskEnding.NEVER, "", submitted_at=0.0, takes=0.0)
    return relay.tasks.get(task_id, unknown)
