"""What goes on, told to whoever watches: tests that wait, a transcript, a page."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from sandbox.discord.interactions import Interaction
    from sandbox.discord.messages import Message

Result = TypeVar("Result")

_REMEMBERED = 12


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that people in this Discord could see.

    Kinds: ``message`` (posted in a channel), ``answer`` (an interaction's answer or follow-up has
    become visible, ephemeral or not), ``thinking``, ``edit``, ``delete``, ``interaction`` (someone
    did something), ``modal``, ``choices``, ``commands``, ``connected``, ``ready``,
    ``disconnected``.
    """

    kind: str
    at: float
    message: "Message | None" = None
    interaction: "Interaction | None" = None
    text: str = ""

    def __str__(self) -> str:
        words = [self.kind, self.text]
        if self.message is not None:
            words.append(f"{self.message.author.name}: {self.message.summary()}")
        return " ".join(word for word in words if word)


class EventBus:
    """Announces what happens, and wakes those who wait for something."""

    def __init__(self) -> None:
        self._callbacks: list[Callable[[Event], None]] = []
        self._waiting: set[asyncio.Event] = set()
        self._recent: deque[str] = deque(maxlen=_REMEMBERED)

    def subscribe(self, callback: Callable[[Event], None]) -> Callable[[], None]:
        """Call ``callback`` at every happening. Returns what ends that."""
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)

    def announce(self, event: Event) -> None:
        """Tell everyone."""
        self._recent.append(str(event))
        for callback in list(self._callbacks):
            callback(event)
        self.stir()

    def note(self, text: str) -> None:
        """Remember something for the text of a time-out, and look again at what is waited for."""
        self._recent.append(text)
        self.stir()

    def stir(self) -> None:
        """Look again at what is waited for."""
        for event in self._waiting:
            event.set()

    async def until(self, condition: Callable[[], Result], seconds: float, what: str) -> Result:
        """Give the first true result of ``condition``, asked again after every happening.

        Raises TimeoutError after so many seconds, with what happened last in its text.
        """
        deadline = asyncio.get_running_loop().time() + seconds
        while not (result := condition()):
            changed = asyncio.Event()
            self._waiting.add(changed)
            try:
                async with asyncio.timeout_at(deadline):
                    await changed.wait()
            except TimeoutError:
                raise TimeoutError(self._complaint(seconds, what)) from None
            finally:
                self._waiting.discard(changed)
        return result

    def _complaint(self, seconds: float, what: str) -> str:
        latest = "\n  ".join(self._recent) or "nothing at all"
        return f"waited {seconds} s for {what}, in vain. The latest that happened:\n  {latest}"
