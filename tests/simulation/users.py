"""People: what they ask of the bot, and what they are told."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.i18n.catalog import catalog_for
from bot.ui.escaping import code_span
from tests.e2e.chaos.user_actions import ReplyKind, classify_reply
from tests.simulation.discord_state import Channel, DiscordState, Interaction, Message, User
from tests.simulation.process import BotProcess
from tests.simulation.trace import Trace

COMMAND, COMPONENT = 2, 3

_WORDS = catalog_for("en-US")


@dataclass(eq=False, slots=True)
class UserAction:
    """One wish of one person about one task, and the interaction in which it was answered."""

    verb: str
    task_id: str
    person: User
    place: Channel
    """Where the notice is to come."""
    asked_at: float
    """True Unix seconds."""
    interaction: Interaction

    @property
    def reply_kind(self) -> ReplyKind:
        """What the person was told about the task."""
        answers = self.interaction.answers
        if not answers:
            return ReplyKind.UNKNOWN
        said = {_classify_line(self.task_id, line) for line in answers[-1].split("\n")}
        said.discard(ReplyKind.UNKNOWN)
        tells_of_others = "`task-" in answers[-1] and self.task_id not in answers[-1]
        return min(said, default=ReplyKind.NOT_WATCHING if tells_of_others else ReplyKind.UNKNOWN)

    @property
    def is_unchecked(self) -> bool:
        """Whether it was answered that the relay cannot be asked about the task now."""
        keys = ("watch-unchecked", "watch-unreachable", "watch-not-asked")
        said = [_WORDS.text(key, id=code_span(self.task_id)) for key in keys]
        return any(each in answer for each in said for answer in self.interaction.answers)

    @property
    def is_on_its_way(self) -> bool:
        """Whether it was answered that a notice which is on its way cannot be stopped."""
        said = _WORDS.text("unwatch-sending", id=code_span(self.task_id))
        return said in self.interaction.answers

    def __str__(self) -> str:
        answers = self.interaction.answers
        said = answers[-1][:80] if answers else "no answer"
        return (
            f"{self.person.name} {self.verb} {self.task_id}"
            f" in {self.place.name or 'a direct message'}: {self.reply_kind} ({said})"
        )


def _classify_line(task_id: str, line: str) -> ReplyKind:
    for key in ("watch-posted", "watch-failed-posted"):
        posted = _WORDS.text(key, id=code_span(task_id), link="\N{BULLET}")
        if line.startswith(posted.partition("\N{BULLET}")[0]):
            return ReplyKind.NOT_WATCHING
    if line in _NOTHING:
        return ReplyKind.NOT_WATCHING
    for key, told in _ALSO.items():
        if line == _WORDS.text(key, id=code_span(task_id)):
            return told
    return ReplyKind.STOPPED if line == _WORDS.text("live-left") else classify_reply(task_id, line)


_ALSO = {
    "watch-unreachable": ReplyKind.WATCHING,
    "watch-not-asked": ReplyKind.WATCHING,
    "watch-finished-unsent": ReplyKind.NOT_WATCHING,
    "watch-failed-unsent": ReplyKind.NOT_WATCHING,
    "unwatch-sending": ReplyKind.NOT_WATCHING,
}
"""What further answers tell, beside those that the auditor of chaos knows."""

_NOTHING = {
    _WORDS.text(key) for key in ("live-ended", "live-not-watching", "live-sending", "reader-gone")
}


class Users:
    """Lets people act, and remembers what they did."""

    def __init__(self, state: DiscordState, trace: Trace) -> None:
        self._state = state
        self._trace = trace
        self.actions: list[UserAction] = []

    def watch(
        self,
        process: BotProcess | None,
        person: User,
        task_ids: Sequence[str],
        channel: Channel,
        *,
        private: bool = False,
    ) -> None:
        """Type ``/suno watch``."""
        options: list[dict[str, Any]] = [{"name": "id", "type": 3, "value": " ".join(task_ids)}]
        place = channel
        if private:
            options.append({"name": "private", "type": 5, "value": True})
            place = self._state.channels[person.direct]
        data = _command("watch", options)
        self._act(process, person, channel, COMMAND, data, "watch", task_ids, place)

    def unwatch(
        self, process: BotProcess | None, person: User, task_id: str, channel: Channel
    ) -> None:
        """Type ``/suno unwatch``, which goes for every place."""
        data = _command("unwatch", [{"name": "id", "type": 3, "value": task_id}])
        self._act(process, person, channel, COMMAND, data, "unwatch", [task_id], channel)

    def look(
        self, process: BotProcess | None, person: User, task_id: str, channel: Channel
    ) -> None:
        """Type ``/suno status``."""
        data = _command("status", [{"name": "id", "type": 3, "value": task_id}])
        self._act(process, person, channel, COMMAND, data, "look", [], channel)

    def press(
        self,
        process: BotProcess | None,
        person: User,
        message: Message,
        verb: str,
        custom_id: str,
        task_ids: Sequence[str],
    ) -> None:
        """Press a button under a message."""
        channel = self._state.channels[message.channel_id]
        data = {"custom_id": custom_id, "component_type": 2}
        self._act(process, person, channel, COMPONENT, data, verb, task_ids, channel, message)

    def _waits_for_an_answer(self, person: User, task_ids: Sequence[str]) -> bool:
        """Whether an earlier wish of theirs about a task has no answer: they leave it then."""
        return any(
            action.reply_kind is ReplyKind.UNKNOWN
            for action in self.actions
            if action.person is person and action.task_id in task_ids
        )

    def _act(
        self,
        process: BotProcess | None,
        person: User,
        channel: Channel,
        kind: int,
        data: dict[str, Any],
        verb: str,
        task_ids: Sequence[str],
        place: Channel,
        message: Message | None = None,
    ) -> None:
        if channel.deleted or self._waits_for_an_answer(person, task_ids):
            return
        if process is None or not process.connected:
            return  # Discord itself says that the application does not answer
        interaction = self._interaction(person, channel, kind, data)
        now = self._state.clock.true_time()
        for task_id in task_ids:
            self.actions.append(UserAction(verb, task_id, person, place, now, interaction))
        where = channel.name or "a direct message"
        self._trace.note(f"{person.name} in {where}: {verb} {' '.join(task_ids)}")
        process.tell("INTERACTION_CREATE", interaction.payload(message))

    def _interaction(
        self, person: User, channel: Channel, kind: int, data: dict[str, Any]
    ) -> Interaction:
        snowflake = self._state.snowflake()
        token = f"token-{snowflake}"
        created_at = self._state.clock.true_time()
        interaction = Interaction(snowflake, token, person, channel, kind, data, created_at)
        self._state.interactions[token] = interaction
        return interaction


def _command(name: str, options: list[dict[str, Any]]) -> dict[str, Any]:
    command = {"name": name, "type": 1, "options": options}
    return {"id": "77", "name": "suno", "type": 1, "options": [command]}
