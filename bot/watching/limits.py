"""How much may be watched at once."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may be watched."""

    watches_of_a_person: int = 100
    watchers_in_a_place: int = 50
    """As many as one message can mention."""


DEFAULT_LIMITS = Limits()
