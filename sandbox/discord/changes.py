"""Waits for a condition that only events at the local Discord can make true."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")

_KEPT_NOTES = 12


class ChangeNotifier:
    """Wakes those who wait for a condition whenever something has changed."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Event] = set()
        self._notes: deque[str] = deque(maxlen=_KEPT_NOTES)

    def note(self, text: str) -> None:
        """Keep a line for the text of a TimeoutError, and check the conditions again."""
        self._notes.append(text)
        self.notify()

    def notify(self) -> None:
        """Check the conditions again."""
        for changed in self._waiting:
            changed.set()

    async def wait_until(
        self, condition: Callable[[], Result], seconds: float, what: str
    ) -> Result:
        """Return the first true result of ``condition``, which is called after every change.

        Raises TimeoutError after so many seconds; its text lists the latest notes.
        """
        deadline = asyncio.get_running_loop().time() + seconds
        while not (result := condition()):
            changed = asyncio.Event()
            self._waiting.add(changed)
            try:
                async with asyncio.timeout_at(deadline):
                    await changed.wait()
            except TimeoutError:
                raise TimeoutError(self._timeout_text(seconds, what)) from None
            finally:
                self._waiting.discard(changed)
        return result

    def _timeout_text(self, seconds: float, what: str) -> str:
        latest = "\n  ".join(self._notes) or "nothing at all"
        return f"waited {seconds} s for {what}, in vain. The latest events:\n  {latest}"
