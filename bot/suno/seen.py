"""What stands for running tasks as they were seen last: what looks the same is not read again."""

from collections.abc import Iterable, Mapping
from itertools import islice
from types import MappingProxyType

from bot.suno.requesting.findings import LookUp

MOST = 50_000
"""Tasks; the earliest are forgotten beyond that, and read when they are looked at again."""


class Seen:
    """The fingerprints of those of a caller's tasks that it has kept what it saw of."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._fingerprints: dict[str, int] = {}
        self._ids: dict[int, str] = {}
        self.ids: Mapping[int, str] = MappingProxyType(self._ids)
        """By fingerprint, as they are at any time: what a look-up takes as ``seen``."""

    def note(self, found: LookUp) -> None:
        """Take in what a look-up found and the caller has kept; what has ended is forgotten."""
        self.forget(found.tasks)
        self._fingerprints |= found.fingerprints
        self._ids |= zip(found.fingerprints.values(), found.fingerprints, strict=True)
        surplus = max(len(self._fingerprints) - self._most, 0)
        self.forget(list(islice(self._fingerprints, surplus)))

    def forget(self, ids: Iterable[str]) -> None:
        """Have these tasks read at the next look."""
        for each in ids:
            fingerprint = self._fingerprints.pop(each, None)
            if fingerprint is not None:
                self._ids.pop(fingerprint, None)
