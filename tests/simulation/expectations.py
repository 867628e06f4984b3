"""The account: how many notices each person is owed, by what they were answered, and what came."""

from collections import defaultdict
from dataclasses import dataclass, field

from tests.e2e.chaos.user_actions import ReplyKind
from tests.simulation.discord_state import Message
from tests.simulation.messages import is_notice, speaks_for
from tests.simulation.simulation import Simulation
from tests.simulation.users import UserAction

Key = tuple[str, int, int]
"""A task, a place and a person."""


@dataclass(slots=True)
class Expectation:
    """What one person is owed about one task in one place, at least and at most."""

    least: int = 0
    most: int = 0
    actions: list[UserAction] = field(default_factory=list)
    arrived: list[Message] = field(default_factory=list)
    redirected: list[Message] = field(default_factory=list)
    """Notices for other places that arrived here."""

    def take(self, action: UserAction, *, stopped_perhaps: bool) -> None:
        """Count what a deed and its answer change.

        ``stopped_perhaps``: the answer may be about a notice for another place.
        """
        reply_kind = action.reply_kind
        if action.verb == "watch":
            if reply_kind in (ReplyKind.WATCHING, ReplyKind.FINISHED, ReplyKind.UNKNOWN):
                self.most += 1
            if reply_kind is ReplyKind.WATCHING or (
                reply_kind is ReplyKind.FINISHED and not self._was_notice_pending(action.asked_at)
            ):
                self.least += 1
        elif reply_kind in (ReplyKind.STOPPED, ReplyKind.UNKNOWN) or stopped_perhaps:
            told = sum(message.created_at < action.asked_at for message in self.arrived)
            self.least -= self.least > told
            surely = reply_kind is ReplyKind.STOPPED and action.verb != "may leave"
            self.most -= self.most > told and surely
        self.actions.append(action)

    def _was_notice_pending(self, asked_at: float) -> bool:
        """Whether a notice may have been owed here at a time: a watch becomes one with it."""
        return bool(self.actions) or any(each.created_at > asked_at for each in self.redirected)

    def was_asked_before(self, message: Message) -> bool:
        """Whether the person wished to be told before a message was posted."""
        return any(
            action.verb == "watch" and action.asked_at < message.created_at
            for action in self.actions
        )


def expected_notices(simulation: Simulation) -> dict[Key, Expectation]:
    """Return the account of everyone who asked for something or was told something."""
    expectations: dict[Key, Expectation] = defaultdict(Expectation)
    for channel in simulation.state.channels.values():
        for message in filter(is_notice, channel.messages.values()):
            task = simulation.task_of(message)
            for user_id in _reached(simulation, message):
                task_id, place = task.id if task else "", _place_of(simulation, message)
                expectations[task_id, place, user_id].arrived.append(message)
                if place != channel.id:
                    expectations[task_id, channel.id, user_id].redirected.append(message)
    for action in simulation.users.actions:
        concerned = [expectations[key] for key in _concerned(action, expectations)]
        in_several_places = sum(each.most > 0 for each in concerned) > 1
        for each in concerned:
            each.take(action, stopped_perhaps=action.is_on_its_way and in_several_places)
    return expectations


def _concerned(action: UserAction, known: dict[Key, Expectation]) -> list[Key]:
    """Return whose accounts a deed changes: ``/suno unwatch`` goes for every place."""
    if action.verb == "unwatch":
        return [key for key in known if (key[0], key[2]) == (action.task_id, action.person.id)]
    return [(action.task_id, action.place.id, action.person.id)]


def _reached(simulation: Simulation, message: Message) -> tuple[int, ...]:
    """Return who is told by a message: whom it pings, and in a direct message the person."""
    person = simulation.state.channels[message.channel_id].person
    return (person.id,) if person else message.pinged


def _place_of(simulation: Simulation, message: Message) -> int:
    """Return the place for which a message is: another one, where that is gone."""
    places = (channel.id for channel in simulation.channels)
    return next((each for each in places if speaks_for(message, each)), message.channel_id)
