"""Events that users of the local Discord could see, for tests, the terminal and the page."""

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.discord.changes import ChangeNotifier
from sandbox.discord.channels import Message
from sandbox.discord.interactions import Interaction


@dataclass(frozen=True, slots=True)
class Event:
    """One event.

    Kinds: ``message`` (posted in a channel), ``answer`` (the response or a follow-up of an
    interaction has become visible, ephemeral or not), ``thinking``, ``edit``, ``delete``,
    ``interaction`` (a user did something), ``modal``, ``choices``, ``commands``, ``connected``,
    ``ready``, ``disconnected``.
    """

    kind: str
    at: float
    message: Message | None = None
    interaction: Interaction | None = None
    text: str = ""

    def __str__(self) -> str:
        words = [self.kind, self.text]
        if self.message is not None:
            words.append(f"{self.message.author.name}: {self.message.summary()}")
        return " ".join(word for word in words if word)


class EventBus:
    """Passes events on to subscribers, and wakes those who wait for a condition."""

    def __init__(self, changes: ChangeNotifier) -> None:
        self._changes = changes
        self._callbacks: list[Callable[[Event], None]] = []

    def subscribe(self, callback: Callable[[Event], None]) -> Callable[[], None]:
        """Call ``callback`` at every event; returns a function that unsubscribes it."""
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)

    def publish(self, event: Event) -> None:
        """Call every subscriber."""
        for callback in list(self._callbacks):
            callback(event)
        self._changes.note(str(event))
