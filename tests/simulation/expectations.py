"""Computes how many notices each user has to get, and collects those that came."""

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import product
from math import inf

from tests.e2e.chaos.user_actions import ReplyKind
from tests.simulation.bindings import LOOKUP_TIME
from tests.simulation.discord_state import Message
from tests.simulation.messages import is_notice, is_summary
from tests.simulation.simulation import Simulation
from tests.simulation.statements import FINISHED, statements_in
from tests.simulation.users import UserAction

Key = tuple[str, int, int]
"""The ids of a task, a channel and a user."""
LONGEST_ERASURE = 900.0
"""Seconds after which everything about a user is deleted, or never will be."""
SENDING_TIME = 900.0
"""Seconds within which a notice arrives that was being sent when its user was forgotten."""


@dataclass(slots=True)
class Expectation:
    """The minimum and maximum number of notices of one user, for one task in one channel."""

    least: int = 0
    most: int = 0
    actions: list[UserAction] = field(default_factory=list)
    arrived: list[Message] = field(default_factory=list)
    redirected: list[Message] = field(default_factory=list)
    """Notices for other channels that were redirected here."""
    for_others: list[Message] = field(default_factory=list)
    """Those of ``arrived`` that tell others of the task, and this user of other tasks."""
    ends_at: float = -inf
    """When the task ends at the earliest, if that is known (true Unix seconds)."""
    forgotten_until: float = 0.0
    """Until when all that the user asks for may be deleted (true Unix seconds)."""

    def apply(self, action: UserAction, *, stopped_perhaps: bool) -> None:
        """Update the bounds by a user's action and its reply.

        ``stopped_perhaps``: the reply may be about a notice for another channel.
        """
        reply_kind = action.reply_kind
        if action.verb == "forget":
            self._forget(action)
            return
        if action.verb == "watch":
            if reply_kind in (ReplyKind.WATCHING, ReplyKind.FINISHED, ReplyKind.UNKNOWN):
                self.most += 1
            is_owed = reply_kind is ReplyKind.WATCHING or (
                reply_kind is ReplyKind.FINISHED and not self._was_notice_pending(action.asked_at)
            )
            self.least += is_owed and action.asked_at > self.forgotten_until
        elif reply_kind in (ReplyKind.STOPPED, ReplyKind.UNKNOWN) or stopped_perhaps:
            notified = sum(message.created_at < action.asked_at for message in self.arrived)
            self.least = min(self.least, notified)  # it ends the watches at all accounts
            certainly = reply_kind is ReplyKind.STOPPED and action.verb != "may leave"
            self.most -= self.most > notified and certainly
        self.actions.append(action)

    def _forget(self, action: UserAction) -> None:
        """Let nothing be owed any more: what was asked for is deleted.

        What is being asked for at that moment may be stored before or after.
        """
        self.least = min(self.least, sum(m.created_at < action.asked_at for m in self.arrived))
        if action.reply_kind is not ReplyKind.STOPPED:
            self.forgotten_until = action.asked_at + LONGEST_ERASURE
            return
        self.forgotten_until = action.answered_at
        late = sum(
            each.verb == "watch" and _may_be_stored_after(each, action.asked_at)
            for each in self.actions
        )
        notified = sum(self._may_arrive(each, action.answered_at) for each in self.arrived)
        self.most = min(self.most, notified + late)

    def _may_arrive(self, message: Message, forgotten_at: float) -> bool:
        """Whether a notice was sent, or being sent, when its user was forgotten."""
        if self.ends_at > forgotten_at and statements_in(message) & FINISHED:
            return message.created_at < forgotten_at
        return message.created_at < forgotten_at + SENDING_TIME

    def _was_notice_pending(self, asked_at: float) -> bool:
        """Whether a notice may have been pending here at a time, after an earlier watch."""
        return bool(self.actions) or any(each.created_at > asked_at for each in self.redirected)

    def watched_before(self, message: Message) -> bool:
        """Whether the user asked for a notice before a message was posted."""
        return any(
            action.verb == "watch" and action.asked_at < message.created_at
            for action in self.actions
        )


def _may_be_stored_after(watch: UserAction, time: float) -> bool:
    """Whether what was asked for earlier may be stored only now: nobody was told that it is."""
    if watch.reply_kind is ReplyKind.UNKNOWN:
        return watch.asked_at + LOOKUP_TIME > time
    return watch.answered_at > time


def expected_notices(simulation: Simulation) -> dict[Key, Expectation]:
    """Return the expectation of every user who watched a task or got a notice."""
    expectations: dict[Key, Expectation] = defaultdict(Expectation)
    for channel in simulation.state.channels.values():
        for message in filter(is_notice, channel.messages.values()):
            place = _destination_of(simulation, message)
            ids = simulation.ids_of(message) or [""]
            for task_id, user_id in product(ids, _notified_users(simulation, message)):
                expectations[task_id, place, user_id].arrived.append(message)
                if place != channel.ruling.id:
                    expectations[task_id, channel.id, user_id].redirected.append(message)
    _set_ends(simulation, expectations)
    actions = _actions(simulation)
    asked = {_key(each) for each in actions if each.verb == "watch"}
    for action in actions:
        affected = [expectations[key] for key in _affected_keys(action, expectations, asked)]
        in_several_channels = sum(each.most > 0 for each in affected) > 1
        for each in affected:
            each.apply(action, stopped_perhaps=action.is_notice_being_sent and in_several_channels)
    _set_for_others(expectations)
    return expectations


def _set_ends(simulation: Simulation, expectations: dict[Key, Expectation]) -> None:
    """Find when the tasks end of which somebody was notified; relays may share an id."""
    ends: dict[str, float] = {}
    for task in (*simulation.tasks, *simulation.relays.begun):
        ends_at = inf if task.ends_at is None else task.ends_at
        ends[task.id] = min(ends_at, ends.get(task.id, inf))
    for (task_id, _, _), each in expectations.items():
        each.ends_at = ends.get(task_id, -inf)


def _actions(simulation: Simulation) -> list[UserAction]:
    """Return what people did about tasks, also by creating them, in the order of time."""
    creations = simulation.creations
    actions = [each for action in simulation.users.actions for each in creations.about_ends(action)]
    return sorted([*actions, *creations.watches()], key=lambda action: action.asked_at)


def _set_for_others(expectations: dict[Key, Expectation]) -> None:
    """Find the summaries that mention several users, who watched different tasks of them."""
    asked = {key for key, each in expectations.items() if each.most > 0}
    for (task_id, place, user_id), each in expectations.items():
        each.for_others = [
            message
            for message in each.arrived
            if is_summary(message)
            and any(
                other != user_id and (task_id, place, other) in asked for other in message.pinged
            )
        ]


def _affected_keys(action: UserAction, known: dict[Key, Expectation], asked: set[Key]) -> list[Key]:
    """Return whose expectations an action changes.

    ``/suno unwatch`` affects every channel, ``/suno forget`` also what is only going to be
    ``asked``.
    """
    if action.verb == "unwatch":
        return [key for key in known if (key[0], key[2]) == (action.task_id, action.person.id)]
    if action.verb == "forget":
        return [key for key in dict.fromkeys([*known, *asked]) if key[2] == action.person.id]
    return [_key(action)]


def _key(action: UserAction) -> Key:
    return (action.task_id, action.place.id, action.person.id)


def _notified_users(simulation: Simulation, message: Message) -> tuple[int, ...]:
    """Return the users whom a message pings, or the recipient of a direct message."""
    person = simulation.state.channels[message.channel_id].person
    return (person.id,) if person else message.pinged


def _destination_of(simulation: Simulation, message: Message) -> int:
    """Return the channel for which a message is: another one if that was deleted."""
    here = simulation.place_of(message).id
    return next(iter(simulation.places_spoken_for(message)), here)
