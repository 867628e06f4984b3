"""The random numbers that decide what happens in a simulation."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Self


@dataclass(frozen=True, slots=True)
class RandomSources:
    """A source of random numbers for each part of a scenario.

    What one part draws shifts no other: a seed without a forum stays the same simulation however
    forums are drawn.
    """

    scenario: Random
    """For what every simulation has."""
    forums: Random
    accounts: Random
    """For what a simulation with one relay does not have."""
    creations: Random
    private_creations: Random
    erasures: Random
    files: Random
    """For files of songs, and what becomes of requests for them."""
    pauses: Random
    """For what a simulation does not have in which the process runs all the time."""

    @classmethod
    def of(cls, source: Callable[[str], Random]) -> Self:
        """Return the sources of a simulation. ``source`` returns that for a purpose."""
        return cls(
            scenario=source("story"),
            forums=source("forums"),
            accounts=source("accounts"),
            creations=source("creations"),
            private_creations=source("private creations"),
            erasures=source("erasures"),
            files=source("files"),
            pauses=source("pause"),
        )
