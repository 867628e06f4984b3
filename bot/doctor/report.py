"""What the doctor finds, as values. Texts are plain English for the operator."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial


class Area(StrEnum):
    """The parts that are looked at, in the order in which they are shown."""

    SETTINGS = "settings"
    DATABASE = "database"
    RELAY = "relay"
    DISCORD = "discord"


class State(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    WARNING = "warning"
    """The bot works, but not as well as it could, or not for long."""
    PROBLEM = "problem"
    """Somebody waits in vain until this is mended."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    ``check`` names it, the same in every run. ``text`` and ``advice`` may quote a server, so they
    are hostile until they are printed.
    """

    area: Area
    check: str
    state: State
    text: str
    advice: str = ""
    """What to do; empty only where all is well."""

    def __post_init__(self) -> None:
        if self.state is not State.OK and not self.advice:
            raise ValueError(f"{self.check}: what is not well needs advice")


Findings = AsyncIterator[Finding]
"""A part's findings as it makes them: what it found before it is cut short counts."""


class Notebook:
    """Writes findings of one area."""

    def __init__(self, area: Area) -> None:
        self.ok = partial(Finding, area, state=State.OK)
        self.warning = partial(Finding, area, state=State.WARNING)
        self.problem = partial(Finding, area, state=State.PROBLEM)
