"""A bounded cache whose entries expire."""

import time
from collections import OrderedDict
from collections.abc import Iterable
from typing import Generic, TypeVar

T = TypeVar("T")


class TTLCache(Generic[T]):
    """Keeps values for ``ttl`` seconds, at most the ``max_size`` newest of them."""

    def __init__(self, ttl: float, max_size: int = 10_000) -> None:
        self._ttl = ttl
        self._max_size = max_size
        self._entries: OrderedDict[str, tuple[float, T]] = OrderedDict()

    def set(self, key: str, value: T) -> None:
        """Store a value; its time to live begins now."""
        self._entries[key] = (time.monotonic(), value)
        self._entries.move_to_end(key)
        while len(self._entries) > self._max_size:
            self._entries.popitem(last=False)

    def get(self, key: str) -> T | None:
        """Return the value of a key, or None where there is none or it has expired."""
        stored_at, value = self._entries.get(key, (None, None))
        if stored_at is None or time.monotonic() - stored_at >= self._ttl:
            return None
        return value

    def intersection(self, keys: Iterable[str]) -> frozenset[str]:
        """Return those of the keys that have a value."""
        if not self._entries:
            return frozenset()
        return frozenset(key for key in keys if key in self._entries and self.get(key) is not None)

    def discard(self, key: str) -> None:
        """Remove a key, if it is there."""
        self._entries.pop(key, None)
