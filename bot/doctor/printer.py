"""What the doctor found, on a terminal, in a pipe, or as JSON; secrets for nobody."""

import json
from collections.abc import Collection, Iterable
from itertools import groupby
from typing import Any

from rich.console import Console
from rich.text import Text

from bot import __version__
from bot.doctor.report import Area, Finding, State
from bot.doctor.runner import Examination

_MARKS = {State.OK: "✓", State.WARNING: "!", State.PROBLEM: "✗"}
_STYLES = {State.OK: "green", State.WARNING: "yellow", State.PROBLEM: "bold red"}
_TITLES = {
    Area.SETTINGS: "Settings",
    Area.DATABASE: "Database",
    Area.RELAY: "Relay",
    Area.DISCORD: "Discord",
}

SHORTEST_SECRET = 5
"""Characters; what is shorter is no secret, and stands in every other word."""


class Printer:
    """Writes to one console; each of ``secrets`` is blotted out of whatever is said."""

    def __init__(self, console: Console, secrets: Collection[str] = ()) -> None:
        self._console = console
        long_enough = (secret for secret in secrets if len(secret) >= SHORTEST_SECRET)
        self._secrets = sorted(long_enough, key=len, reverse=True)

    def show(self, examination: Examination) -> None:
        """Print the findings by area, a line each, and what to do; then how it stands."""
        for area, findings in groupby(examination.findings, lambda finding: finding.area):
            self.line(_TITLES[area], "bold")
            for finding in findings:
                self._finding(finding)
            self._console.line()
        self.line(_summary(examination), "bold" if examination.healthy else "bold red")

    def line(self, text: str, style: str = "", indent: int = 0) -> None:
        """Print a text: folded to a terminal's width, in a pipe on one line."""
        self._put(" " * indent, Text(self._fit(text), style=style), indent)

    def as_json(self, value: Any) -> None:
        """Print a value as JSON in ASCII, of which a terminal obeys nothing, and nothing else."""
        text = json.dumps(self._blotted(value), indent=2)
        self._console.file.write(f"{text}\n")

    def _finding(self, finding: Finding) -> None:
        mark, style = finding.state.value.ljust(8), _STYLES[finding.state]
        if self._console.is_terminal and not self._console.options.ascii_only:
            mark = _MARKS[finding.state]
        text_style = "" if finding.state is State.OK else style
        self._put(Text(mark, style=style), Text(self._fit(finding.text), text_style), len(mark) + 1)
        if finding.advice:
            self.line(f"→ {finding.advice}", "", len(mark) + 1)

    def _put(self, first: str | Text, text: Text, width: int) -> None:
        """Print a text behind something that stands in a column of its own.

        It is folded on a terminal, but for an address that can only be copied in one piece.
        """
        room = max(self._console.width - width, 1)
        foldable = max(map(len, text.plain.split()), default=0) <= room
        fold = self._console.is_terminal and foldable
        for number, line in enumerate(text.wrap(self._console, room) if fold else [text]):
            beside = "" if number else first
            line.rstrip()
            column = Text.assemble(beside, " " * (width - len(beside)), line)
            self._console.print(column, soft_wrap=True, highlight=False)

    def _fit(self, text: str) -> str:
        """Make a text fit to be shown: no secrets, nothing that a terminal obeys."""
        shown = "".join(
            sign if sign.isprintable() else sign.encode("unicode_escape").decode()
            for sign in self._without_secrets(text)
        )
        return shown.encode(self._console.encoding, "replace").decode(self._console.encoding)

    def _blotted(self, value: Any) -> Any:
        """Return a value with the secrets gone from every text in it."""
        if isinstance(value, str):
            return self._without_secrets(value)
        if isinstance(value, dict):
            return {key: self._blotted(one) for key, one in value.items()}
        return [self._blotted(one) for one in value] if isinstance(value, list | tuple) else value

    def _without_secrets(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "[secret]")
        return text


def examination_as_json(examination: Examination) -> dict[str, Any]:
    """Return an examination with the keys that docs/doctor.md promises."""
    return {
        "version": __version__,
        "healthy": examination.healthy,
        "problems": examination.count(State.PROBLEM),
        "warnings": examination.count(State.WARNING),
        "findings": [_as_json(finding) for finding in examination.findings],
    }


def _as_json(finding: Finding) -> dict[str, str | None]:
    return {
        "area": finding.area.value,
        "check": finding.check,
        "state": finding.state.value,
        "text": finding.text,
        "advice": finding.advice or None,
    }


def _summary(examination: Examination) -> str:
    counts = ((State.PROBLEM, "problem"), (State.WARNING, "warning"))
    said = [
        f"{number} {noun}{'' if number == 1 else 's'}"
        for state, noun in counts
        if (number := examination.count(state))
    ]
    return f"{' and '.join(said)}." if said else "All is well."


def joined(areas: Iterable[Area]) -> str:
    """Return the names of areas, in their order."""
    left = set(areas)
    return ", ".join(_TITLES[area] for area in Area if area in left)
