"""How people create songs and lyrics, and which of the stored requests is whose wish."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any

from bot.i18n.catalog import catalog_for
from bot.relay.creation import CreationKind
from bot.storage.models import CreationState
from bot.ui.custom_ids import CreationButtonId, CreationModalId, ExtensionModalId
from tests.simulation.creation_log import CreationLog, LoggedCreation
from tests.simulation.discord_state import Channel, DiscordState, Interaction, Message, User
from tests.simulation.process import BotProcess
from tests.simulation.users import (
    COMMAND,
    COMPONENT,
    MODAL,
    UserAction,
    Users,
    command_data,
    modal_field,
)

EVIL = "[click](https://evil.example) @everyone"
"""What people write into their texts: it may stand nowhere as it is."""

_WORDS = catalog_for("en-US")
_BULLET = "\N{BULLET}"
_MAKING = tuple(
    _WORDS.text("create-making", title=_BULLET, titled=titled, kind=kind, told="").partition(
        _BULLET
    )[0]
    for titled in ("yes", "no")
    for kind in ("lyrics", "music")
)
_DIRECTLY = tuple(
    _WORDS.text(f"create-{key}-private", time=_BULLET).rpartition(_BULLET)[2]
    for key in ("told", "usually")
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to be created."""

    kind: CreationKind
    mark: str
    """What stands in its texts."""

    def values(self) -> dict[str, str]:
        """Return what is typed into the fields of its modal."""
        text = f"{self.mark} {EVIL}"
        if self.kind in (CreationKind.DESCRIPTION, CreationKind.LYRICS):
            return {"description": text}
        lyrics = f"[Verse]\n{text}\nA line"
        return {"title": text, "style": f"folk, {text}", "lyrics": lyrics}


@dataclass(eq=False, slots=True)
class Attempt:
    """What somebody did to have a wish created, and the interaction with the answer."""

    mark: str
    person: User
    place: Channel
    """Where it is told: a channel, or the forum of a post."""
    interaction: Interaction
    creation: LoggedCreation | None = None
    """The request that was stored for it, if one was."""

    @property
    def is_accepted(self) -> bool:
        """Whether the person was told that it is being made."""
        return any(each.startswith(_MAKING) for each in self.interaction.answers)

    @property
    def is_answered(self) -> bool:
        """Whether the person was told anything."""
        return bool(self.interaction.answers)

    @property
    def answered_at(self) -> float:
        """When the last answer came (true Unix seconds); infinite if none did."""
        return self.interaction.seen[-1][0] if self.interaction.seen else inf

    @property
    def is_direct(self) -> bool:
        """Whether the person was told that a direct message follows, or could not be told more."""
        if self.is_accepted:
            answers = self.interaction.answers
            return any(each in answer for each in _DIRECTLY for answer in answers)
        return self.creation is not None and self.creation.is_direct

    @property
    def is_refused(self) -> bool:
        """Whether the person was told that it is not made.

        A request whose answer would be a direct message is stored before that is known.
        """
        return self.is_answered and not self.is_accepted

    def __str__(self) -> str:
        told = self.interaction.answers[-1][:80] if self.is_answered else "no answer"
        where = self.place.name or "a direct message"
        stored = self.creation and f"{self.creation.pending_id} {self.creation.state}"
        return f"{self.person.name} creates {self.mark} in {where}: {stored} ({told})"


class Creations:
    """Performs what people do to create, and records it."""

    def __init__(self, state: DiscordState, users: Users, log: CreationLog) -> None:
        self._state = state
        self._users = users
        self.log = log
        self.attempts: list[Attempt] = []
        self.by_task: dict[str, LoggedCreation] = {}
        """By task, the request that began it; known once ``match`` was called."""
        self.quotas: dict[int, tuple[int, int]] = {}
        """By server: what a user, and all together, may create in a day."""

    def create(
        self, process: BotProcess | None, person: User, wish: Wish, channel: Channel
    ) -> None:
        """Use a command, or send a modal."""
        values = wish.values()
        if wish.kind is CreationKind.CUSTOM:
            modal = CreationModalId(wish.kind).encode()
            self._send_modal(process, person, wish.mark, channel, modal, values)
            return
        name, option = (
            ("write", "topic")
            if wish.kind is CreationKind.LYRICS
            else (
                "create",
                "description",
            )
        )
        options = [{"name": option, "type": 3, "value": values["description"]}]
        self._act(process, person, wish.mark, channel, COMMAND, command_data(name, options))

    def extend(
        self,
        process: BotProcess | None,
        person: User,
        wish: Wish,
        channel: Channel,
        button: CreationButtonId,
    ) -> None:
        """Send the modal that extends the first version of the song that a button is about."""
        modal = ExtensionModalId(1, button.account, button.task_id)
        if modal.is_encodable:
            values = {**wish.values(), "extend_at": "0:30"}
            self._send_modal(process, person, wish.mark, channel, modal.encode(), values)

    def repeat(
        self,
        process: BotProcess | None,
        person: User,
        message: Message,
        button: CreationButtonId,
    ) -> None:
        """Press *Try again* about a task that was created."""
        again = CreationButtonId("again", button.account, button.task_id)
        mark = self.log.mark_of(button.task_id)
        if mark is None:
            return
        channel = self._state.channels[message.channel_id]
        data = {"custom_id": again.encode(), "component_type": 2}
        self._act(process, person, mark, channel, COMPONENT, data, message)

    def stop(self, process: BotProcess | None, person: User, mark: str) -> None:
        """Use ``/suno unwatch`` about what a wish is at the moment, as whoever wants it no more."""
        for creation in self.log.creations().values():
            if (creation.mark, creation.user_id) == (mark, person.id):
                place = next(each.place for each in self.attempts if each.mark == mark)
                self._users.unwatch(process, person, creation.task_ids[0], place)
                return

    def _send_modal(
        self,
        process: BotProcess | None,
        person: User,
        mark: str,
        channel: Channel,
        custom_id: str,
        values: dict[str, str],
    ) -> None:
        data = {"custom_id": custom_id, "components": list(map(modal_field, values.items()))}
        self._act(process, person, mark, channel, MODAL, data)

    def _act(
        self,
        process: BotProcess | None,
        person: User,
        mark: str,
        channel: Channel,
        kind: int,
        data: dict[str, Any],
        message: Message | None = None,
    ) -> None:
        """Let somebody ask for a wish, unless an earlier request of theirs for it has no answer."""
        if not all(each.is_answered for each in self._of(person.id, mark)):
            return
        what = f"creates {mark}"
        interaction = self._users.interact(process, person, channel, kind, data, what, message)
        if interaction is not None:
            place = self._state.channels[person.direct] if channel.is_foreign else channel.ruling
            self.attempts.append(Attempt(mark, person, place, interaction))

    def _of(self, user_id: int, mark: str) -> Iterator[Attempt]:
        return (each for each in self.attempts if (each.person.id, each.mark) == (user_id, mark))

    def match(self) -> list[str]:
        """Find the request of each attempt; return what is stored or promised wrongly.

        A person asks for the same wish again only after an answer, so that the order tells.
        """
        stored: dict[tuple[int, str], list[LoggedCreation]] = defaultdict(list)
        for creation in self.log.creations().values():
            stored[creation.user_id, creation.mark].append(creation)
            for task_id in (creation.pending_id, *creation.begun):
                self.by_task[task_id] = creation
        wrong = []
        for attempt in self.attempts:
            waiting = stored[attempt.person.id, attempt.mark]
            has_left = bool(waiting) and self._had_left(attempt, waiting[0])
            if not attempt.is_refused or attempt.interaction.channel.is_foreign or has_left:
                attempt.creation = waiting.pop(0) if waiting else None
            if has_left and attempt.is_direct:
                attempt.place = self._state.channels[attempt.person.direct]
            if attempt.is_accepted and attempt.creation is None:
                wrong.append(f"INTENT accepted and not stored: {attempt}")
            stored_state = attempt.creation and attempt.creation.state
            if attempt.is_refused and stored_state not in (None, CreationState.CANCELLED):
                wrong.append(f"INTENT refused and not cancelled: {attempt}")
        rest = (creation for waiting in stored.values() for creation in waiting)
        return wrong + [f"INTENT stored that nobody asked for: {each}" for each in rest]

    def _had_left(self, attempt: Attempt, creation: LoggedCreation) -> bool:
        """Whether the bot had left the server of an attempt before a request of it was stored.

        Then it cannot tell the end there, as in a server where it never was.
        """
        left_at = self._state.left_at.get(attempt.place.guild_id or 0, inf)
        return left_at <= creation.stored_at <= attempt.answered_at

    def watches(self) -> Iterator[UserAction]:
        """Yield the watches with which the requests were stored."""
        for attempt in self.attempts:
            for task_id in attempt.creation.task_ids if attempt.creation else ():
                asked_at, place = attempt.interaction.created_at, attempt.place
                yield UserAction(
                    "watch",
                    task_id,
                    attempt.person,
                    place,
                    asked_at,
                    attempt.interaction,
                    is_stored=not attempt.is_refused,
                )

    def about_ends(self, action: UserAction) -> list[UserAction]:
        """Return an action as one about each of the tasks under whose ids the end is told."""
        creation = self.by_task.get(action.task_id)
        if creation is None:
            return [action]
        is_pending = action.task_id == creation.pending_id
        ids = creation.task_ids if is_pending else [action.task_id]
        several = len(creation.begun) > 1  # then a title names any of them
        aliases = () if several else (creation.mark, creation.pending_id, *creation.begun)
        return [replace(action, task_id=each, aliases=aliases) for each in ids]


def buttons_about(messages: Sequence[Message]) -> list[tuple[Message, CreationButtonId]]:
    """Return the buttons under messages that stand for something to create more of."""
    return [
        (message, button)
        for message in messages
        if not message.deleted
        for line in message.text.split("\n")
        if (button := CreationButtonId.decode(line)) and button.action in ("more", "again")
    ]
