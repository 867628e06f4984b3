"""What a page must remember that the local Discord does not tell again: kept from the start."""

from collections.abc import Iterator
from typing import Any

from sandbox.discord import Channel, Event, Interaction, LocalDiscord, Message, User

_COMMAND = 2
_NESTED = (1, 2)


class MessageLog:
    """Ephemeral messages, what was edited, and what each answer is an answer to."""

    def __init__(self, discord: LocalDiscord) -> None:
        self._discord = discord
        self._private: dict[int, Message] = {}
        self._edited: set[int] = set()
        self._used: dict[int, str] = {}
        self._stop = discord.on_event(self._note)

    def close(self) -> None:
        """Note no more."""
        self._stop()

    def _note(self, event: Event) -> None:
        message, interaction = event.message, event.interaction
        if event.kind == "interaction" and interaction and interaction.kind == _COMMAND:
            self._used[interaction.id] = typed(interaction)
        if message is None:
            return
        if message.ephemeral:
            self._private[message.id] = message
        if event.kind == "edit":
            self._edited.add(message.id)

    def messages(self, channel: Channel, reader: User) -> Iterator[Message]:
        """Yield what one person sees in a channel, oldest first."""
        private = [one for one in self._private.values() if one.channel is channel]
        seen = [*channel.messages, *(one for one in private if sees(reader, one))]
        yield from sorted(seen, key=lambda message: message.id)

    def message(self, identity: int, reader: User) -> Message:
        """Give a message that one person sees. LookupError where there is none."""
        found = self._private.get(identity)
        for channel in self._discord.state.channels.values():
            found = found or channel.history.get(identity)
        if found is None or not sees(reader, found):
            raise LookupError("That message is not there any more.")
        return found

    def dismiss(self, message: Message) -> None:
        """Forget an ephemeral message, as its reader wishes."""
        self._private.pop(message.id, None)

    def was_edited(self, message: Message) -> bool:
        """Whether readers have seen other words there; the end of "thinking…" is no edit."""
        return message.id in self._edited

    def command_of(self, message: Message) -> str:
        """Give what was used to get this answer, such as ``/suno status``; empty for all else."""
        return self._used.get(message.origin.id, "") if message.origin else ""


def sees(reader: User, message: Message) -> bool:
    """Whether a message is there for that person."""
    return not message.deleted and message.visible_to in (None, reader)


def typed(interaction: Interaction) -> str:
    """Give the name of a command with its subcommands: ``/suno status``, or that of a menu."""
    data = interaction.data
    words = [str(data.get("name", "")), *_subcommands(data.get("options") or [])]
    return ("/" if data.get("type") == 1 else "") + " ".join(words)


def _subcommands(options: list[dict[str, Any]]) -> Iterator[str]:
    for option in options:
        if option.get("type") in _NESTED:
            yield option["name"]
            yield from _subcommands(option.get("options") or [])
