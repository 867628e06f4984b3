"""Simulated users: the commands and presses they send, and the replies they get."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from bot.i18n.catalog import catalog_for
from tests.e2e.chaos.user_actions import ReplyKind, classify_reply
from tests.simulation.discord_state import Channel, DiscordState, Interaction, Message, User
from tests.simulation.process import BotProcess
from tests.simulation.trace import Trace
from tests.support.replies import names, says, with_plain_commands

COMMAND, COMPONENT, MODAL = 2, 3, 5
EVERYTHING = "everything"
"""What ``forget`` is about, in place of a task."""

_WORDS = catalog_for("en-US")


@dataclass(eq=False, slots=True)
class UserAction:
    """One action of one user about one task, and the interaction that contains its reply."""

    verb: str
    task_id: str
    person: User
    place: Channel
    """The channel for which the notice is requested."""
    asked_at: float
    """Unix seconds of the true clock."""
    interaction: Interaction
    aliases: tuple[str, ...] = ()
    """What else a reply may call the task."""
    is_stored: bool = False
    """Whether the task is watched whatever the reply says: it was stored with its watch."""

    @property
    def reply_kind(self) -> ReplyKind:
        """What the reply says about the task."""
        answers = self.interaction.answers
        if self.is_stored:
            return ReplyKind.WATCHING
        if not answers:
            return ReplyKind.UNKNOWN
        lines = answers[-1].split("\n")
        kinds = {_classify_line(name, line) for name in self._names for line in lines}
        kinds.discard(ReplyKind.UNKNOWN)
        mentions_other_tasks = "task-" in answers[-1] and not names(answers[-1], self.task_id)
        return min(
            kinds, default=ReplyKind.NOT_WATCHING if mentions_other_tasks else ReplyKind.UNKNOWN
        )

    @property
    def answered_at(self) -> float:
        """When the last answer came (true Unix seconds); infinite if none did."""
        return self.interaction.seen[-1][0] if self.interaction.seen else inf

    @property
    def is_unchecked(self) -> bool:
        """Whether the reply says that the relay cannot be asked about the task now."""
        keys = ("watch-unchecked", "watch-unreachable", "watch-not-asked")
        return any(map(self._is_told, keys))

    @property
    def is_notice_being_sent(self) -> bool:
        """Whether the reply says that a notice is being sent and cannot be stopped."""
        return self._is_told("unwatch-sending")

    @property
    def _names(self) -> tuple[str, ...]:
        return (self.task_id, *self.aliases)

    def _is_told(self, key: str) -> bool:
        """Whether an answer has a line with the text of a key about the task."""
        lines = [line for answer in self.interaction.answers for line in answer.split("\n")]
        return any(says(line, key, name) for line in lines for name in self._names)

    def __str__(self) -> str:
        answers = self.interaction.answers
        reply = answers[-1][:80] if answers else "no answer"
        return (
            f"{self.person.name} {self.verb} {self.task_id}"
            f" in {self.place.name or 'a direct message'}: {self.reply_kind} ({reply})"
        )


def _classify_line(task_id: str, line: str) -> ReplyKind:
    if with_plain_commands(line) in _NOT_WATCHING_TEXTS:
        return ReplyKind.NOT_WATCHING
    for key, reply_kind in _KINDS_BY_KEY.items():
        if says(line, key, task_id):
            return reply_kind
    return ReplyKind.STOPPED if line in _STOPPED_TEXTS else classify_reply(task_id, line)


_KINDS_BY_KEY = {
    "watch-posted": ReplyKind.NOT_WATCHING,
    "watch-failed-posted": ReplyKind.NOT_WATCHING,
    "watch-refused": ReplyKind.NOT_WATCHING,
    "watch-unreachable": ReplyKind.WATCHING,
    "watch-not-asked": ReplyKind.WATCHING,
    "watch-finished-unsent": ReplyKind.NOT_WATCHING,
    "watch-failed-unsent": ReplyKind.NOT_WATCHING,
    "watch-in-summary": ReplyKind.FINISHED,
    "watch-failed-in-summary": ReplyKind.FINISHED,
    "unwatch-sending": ReplyKind.NOT_WATCHING,
}
"""The kinds of replies that ``classify_reply`` does not know, by message key."""

_NOT_WATCHING_TEXTS = {
    with_plain_commands(_WORDS.text(key))
    for key in ("live-ended", "live-not-watching", "live-sending", "reader-gone")
}


_STOPPED_TEXTS = {_WORDS.text(key) for key in ("live-left", "unwatch-cancelled", "forget-done")}


class Users:
    """Performs the actions of users, and records them."""

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
        forum: Channel | None = None,
        together: str | None = None,
    ) -> None:
        """Use ``/suno watch``, perhaps for a forum."""
        options: list[dict[str, Any]] = [{"name": "id", "type": 3, "value": " ".join(task_ids)}]
        place = channel
        resolved: dict[str, Any] = {}
        if forum is not None:
            if forum.deleted:
                return  # Discord's client does not offer it
            options.append({"name": "channel", "type": 7, "value": str(forum.id)})
            resolved = {"channels": {str(forum.id): forum.payload() | {"permissions": "0"}}}
            place = forum
        if together:
            options.append({"name": "together", "type": 3, "value": together})
        if private:
            options.append({"name": "private", "type": 5, "value": True})
            place = self._state.channels[person.direct]
        data = command_data("watch", options) | {"resolved": resolved}
        self._act(process, person, channel, COMMAND, data, "watch", task_ids, place)

    def unwatch(
        self, process: BotProcess | None, person: User, task_id: str, channel: Channel
    ) -> None:
        """Use ``/suno unwatch``, which applies to every channel."""
        data = command_data("unwatch", [{"name": "id", "type": 3, "value": task_id}])
        self._act(process, person, channel, COMMAND, data, "unwatch", [task_id], channel)

    def request_status(
        self, process: BotProcess | None, person: User, task_id: str, channel: Channel
    ) -> None:
        """Use ``/suno status``."""
        data = command_data("status", [{"name": "id", "type": 3, "value": task_id}])
        self._act(process, person, channel, COMMAND, data, "status", [], channel)

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

    def erasures(self, person: User) -> list[UserAction]:
        """Return when somebody had everything about them deleted, as far as they were told."""
        return [
            each
            for each in self.actions
            if each.verb == "forget"
            and each.person is person
            and each.reply_kind is ReplyKind.STOPPED
        ]

    def _is_awaiting_reply(self, person: User, task_ids: Sequence[str]) -> bool:
        """Whether an earlier action about a task has no reply, so that the user does not act."""
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
        if self._is_awaiting_reply(person, task_ids):
            return
        what = f"{verb} {' '.join(task_ids)}"
        interaction = self.interact(process, person, channel, kind, data, what, message)
        if interaction is None:
            return
        for task_id in task_ids:
            asked_at = interaction.created_at
            self.actions.append(UserAction(verb, task_id, person, place, asked_at, interaction))

    def interact(
        self,
        process: BotProcess | None,
        person: User,
        channel: Channel,
        kind: int,
        data: dict[str, Any],
        what: str,
        message: Message | None = None,
    ) -> Interaction | None:
        """Let somebody use the bot; return the interaction, ``None`` if they could not.

        ``what`` says in the trace what they do.
        """
        has_left = self._state.has_left(channel) and not channel.is_foreign
        if channel.deleted or has_left:
            return None
        if process is None or not process.connected:
            return None  # Discord itself says that the application does not answer
        interaction = self._interaction(person, channel, kind, data)
        self._trace.note(f"{person.name} in {channel.name or 'a direct message'}: {what}")
        process.tell("INTERACTION_CREATE", interaction.payload(message))
        return interaction

    def _interaction(
        self, person: User, channel: Channel, kind: int, data: dict[str, Any]
    ) -> Interaction:
        snowflake = self._state.snowflake()
        token = f"token-{snowflake}"
        created_at = self._state.clock.true_time()
        interaction = Interaction(snowflake, token, person, channel, kind, data, created_at)
        self._state.interactions[token] = interaction
        return interaction


def command_data(name: str, options: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what Discord sends of a subcommand of ``/suno``."""
    command = {"name": name, "type": 1, "options": options}
    return {"id": "77", "name": "suno", "type": 1, "options": [command]}


def modal_field(named: tuple[str, str]) -> dict[str, Any]:
    """Return what Discord sends of a field of a modal, given its name and its value."""
    name, value = named
    return {"type": 18, "component": {"type": 4, "custom_id": name, "value": value}}
