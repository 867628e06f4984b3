"""The results of the checks as values, with English texts for the operator."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum


class Area(StrEnum):
    """The areas that are checked, in the order of the report."""

    SETTINGS = "settings"
    DATABASE = "database"
    RELAY = "relay"
    DISCORD = "discord"


class State(StrEnum):
    """How bad a result is."""

    OK = "ok"
    WARNING = "warning"
    """The bot works, but not as well as it could, or not for long."""
    PROBLEM = "problem"
    """Something does not work until the operator fixes this."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check.

    ``check`` is its name, the same in every run. ``text`` and ``advice`` may quote a server, so
    they are hostile until they are printed.
    """

    area: Area
    check: str
    state: State
    text: str
    advice: str = ""
    """What to do; empty only for ``State.OK``."""
    is_default: bool = False
    """Whether it reports that a setting has its default value, which is rarely of interest."""

    def __post_init__(self) -> None:
        if self.state is not State.OK and not self.advice:
            raise ValueError(f"{self.check}: a warning or a problem needs advice")


CheckResults = AsyncIterator[CheckResult]
"""The results of an area one by one, so that those before a timeout are kept."""


@dataclass(frozen=True, slots=True)
class Reporter:
    """Makes the check results of one area."""

    area: Area

    def ok(self, check: str, text: str, *, is_default: bool = False) -> CheckResult:
        """Return the result of a check that found nothing to do."""
        return CheckResult(self.area, check, State.OK, text, is_default=is_default)

    def warning(self, check: str, text: str, advice: str) -> CheckResult:
        """Return a result that asks for attention, with what to do."""
        return CheckResult(self.area, check, State.WARNING, text, advice)

    def problem(self, check: str, text: str, advice: str) -> CheckResult:
        """Return a result that has to be fixed, with what to do."""
        return CheckResult(self.area, check, State.PROBLEM, text, advice)


@dataclass(frozen=True, slots=True)
class Report:
    """All results, by area and then in the order in which they were made."""

    results: tuple[CheckResult, ...]

    @property
    def healthy(self) -> bool:
        """Whether there is no problem; warnings are allowed."""
        return not self.count(State.PROBLEM)

    def with_state(self, state: State) -> list[CheckResult]:
        """Return the results that have this state, in order."""
        return [result for result in self.results if result.state is state]

    def count(self, state: State) -> int:
        """Return how many results have this state."""
        return len(self.with_state(state))
