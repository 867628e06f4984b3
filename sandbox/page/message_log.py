"""Records what the local Discord announces only once but pages need at any time."""

from collections.abc import Iterator
from typing import Any

from sandbox.discord import Channel, Event, Interaction, LocalDiscord, Message, User

_COMMAND = 2
_NESTED = (1, 2)


class MessageLog:
    """Ephemeral messages, edited messages, and the command that each response answers."""

    def __init__(self, discord: LocalDiscord) -> None:
        self._discord = discord
        self._ephemeral: dict[int, Message] = {}
        self._edited: set[int] = set()
        self._commands: dict[int, str] = {}
        self._unsubscribe = discord.on_event(self._record)

    def close(self) -> None:
        """Stop recording."""
        self._unsubscribe()

    def _record(self, event: Event) -> None:
        message, interaction = event.message, event.interaction
        if event.kind == "interaction" and interaction and interaction.kind == _COMMAND:
            self._commands[interaction.id] = command_name(interaction)
        if message is None:
            return
        if message.ephemeral:
            self._ephemeral[message.id] = message
        if event.kind == "edit":
            self._edited.add(message.id)

    def messages(self, channel: Channel, user: User) -> Iterator[Message]:
        """Yield the messages that a user sees in a channel, oldest first."""
        ephemeral = [one for one in self._ephemeral.values() if one.channel is channel]
        visible = [*channel.messages, *(one for one in ephemeral if is_visible(one, user))]
        yield from sorted(visible, key=lambda message: message.id)

    def message(self, message_id: int, user: User) -> Message:
        """Return a message that a user sees. Raises LookupError if there is none."""
        found = self._ephemeral.get(message_id)
        for channel in self._discord.state.channels.values():
            found = found or channel.history.get(message_id)
        if found is None or not is_visible(found, user):
            raise LookupError("That message is not there any more.")
        return found

    def dismiss(self, message: Message) -> None:
        """Remove an ephemeral message that its reader has dismissed."""
        self._ephemeral.pop(message.id, None)

    def was_edited(self, message: Message) -> bool:
        """Whether the visible content has changed; the end of "thinking…" is no edit."""
        return message.id in self._edited

    def command_of(self, message: Message) -> str:
        """Return the command that a message answers, such as ``/suno status``; empty for others."""
        return self._commands.get(message.origin.id, "") if message.origin else ""


def is_visible(message: Message, user: User) -> bool:
    """Whether a user sees a message."""
    return not message.deleted and message.visible_to in (None, user)


def command_name(interaction: Interaction) -> str:
    """Return the name of a command with its subcommands, such as ``/suno status``."""
    data = interaction.data
    words = [str(data.get("name", "")), *_subcommands(data.get("options") or [])]
    return ("/" if data.get("type") == 1 else "") + " ".join(words)


def _subcommands(options: list[dict[str, Any]]) -> Iterator[str]:
    for option in options:
        if option.get("type") in _NESTED:
            yield option["name"]
            yield from _subcommands(option.get("options") or [])
