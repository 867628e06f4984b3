"""A memory that forgets."""

import time
from collections import OrderedDict
from collections.abc import Iterable
from typing import Generic, TypeVar

T = TypeVar("T")


class TTLCache(Generic[T]):
    """What was noted under a key within the last ``seconds``; the newest ``size`` of them."""

    def __init__(self, seconds: float, size: int = 10_000) -> None:
        self._seconds = seconds
        self._size = size
        self._noted: OrderedDict[str, tuple[float, T]] = OrderedDict()

    def note(self, key: str, value: T) -> None:
        """Remember the value from now on, instead of any earlier one."""
        self._noted[key] = (time.monotonic(), value)
        self._noted.move_to_end(key)
        while len(self._noted) > self._size:
            self._noted.popitem(last=False)

    def get(self, key: str) -> T | None:
        """Give what is remembered, or None."""
        at, value = self._noted.get(key, (None, None))
        if at is None or time.monotonic() - at >= self._seconds:
            return None
        return value

    def among(self, keys: Iterable[str]) -> set[str]:
        """Give those of the keys under which something is remembered."""
        if not self._noted:
            return set()
        return {key for key in keys if key in self._noted and self.get(key) is not None}

    def forget(self, key: str) -> None:
        """Drop what is remembered, if anything is."""
        self._noted.pop(key, None)
