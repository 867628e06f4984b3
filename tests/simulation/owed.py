"""The account: how many notices each person is owed, by what they were answered, and what came."""

from collections import defaultdict
from dataclasses import dataclass, field

from tests.e2e.chaos_audit import Heard
from tests.simulation.discord_state import Message
from tests.simulation.messages import is_notice, speaks_for
from tests.simulation.people import Deed
from tests.simulation.story import Story

Key = tuple[str, int, int]
"""A task, a place and a person."""


@dataclass(slots=True)
class Owed:
    """What one person is owed about one task in one place, at least and at most."""

    least: int = 0
    most: int = 0
    deeds: list[Deed] = field(default_factory=list)
    arrived: list[Message] = field(default_factory=list)

    def take(self, deed: Deed, *, stopped_perhaps: bool) -> None:
        """Count what a deed and its answer change.

        ``stopped_perhaps``: the answer may be about a notice for another place.
        """
        heard = deed.heard
        if deed.verb == "watch":
            if heard in (Heard.WATCHING, Heard.FINISHED, Heard.SILENCE):
                self.most += 1
            if heard is Heard.WATCHING or (heard is Heard.FINISHED and not self.deeds):
                self.least += 1  # a later wish may have become one with an earlier watch
        elif heard in (Heard.STOPPED, Heard.SILENCE) or stopped_perhaps:
            told = sum(message.created_at < deed.asked_at for message in self.arrived)
            self.least -= self.least > told
            surely = heard is Heard.STOPPED and deed.verb != "may leave"
            self.most -= self.most > told and surely
        self.deeds.append(deed)

    def was_asked_before(self, message: Message) -> bool:
        """Whether the person wished to be told before a message was posted."""
        return any(
            deed.verb == "watch" and deed.asked_at < message.created_at for deed in self.deeds
        )


def account(story: Story) -> dict[Key, Owed]:
    """Return the account of everyone who asked for something or was told something."""
    owed: dict[Key, Owed] = defaultdict(Owed)
    for channel in story.state.channels.values():
        for message in filter(is_notice, channel.messages.values()):
            task = story.task_of(message)
            for user_id in _reached(story, message):
                key = (task.id if task else "", _place_of(story, message), user_id)
                owed[key].arrived.append(message)
    for deed in story.people.deeds:
        concerned = [owed[key] for key in _concerned(deed, owed)]
        in_several_places = sum(each.most > 0 for each in concerned) > 1
        for each in concerned:
            each.take(deed, stopped_perhaps=deed.is_on_its_way and in_several_places)
    return owed


def _concerned(deed: Deed, known: dict[Key, Owed]) -> list[Key]:
    """Return whose accounts a deed changes: ``/suno unwatch`` goes for every place."""
    if deed.verb == "unwatch":
        return [key for key in known if (key[0], key[2]) == (deed.task_id, deed.person.id)]
    return [(deed.task_id, deed.place.id, deed.person.id)]


def _reached(story: Story, message: Message) -> tuple[int, ...]:
    """Return who is told by a message: whom it pings, and in a direct message the person."""
    person = story.state.channels[message.channel_id].person
    return (person.id,) if person else message.pinged


def _place_of(story: Story, message: Message) -> int:
    """Return the place for which a message is: another one, where that is gone."""
    places = (channel.id for channel in story.channels)
    return next((each for each in places if speaks_for(message, each)), message.channel_id)
