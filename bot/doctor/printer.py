"""Prints reports as text or JSON, without secrets and control characters."""

import json
from collections.abc import Collection, Iterable, Sequence
from itertools import groupby
from typing import Any

from rich.console import Console
from rich.text import Text

from bot import __version__
from bot.doctor.formatting import format_count
from bot.doctor.report import Area, CheckResult, Report, State
from bot.redaction import Redactor, quote_unprintable

_MARKS = {State.OK: "✓", State.WARNING: "!", State.PROBLEM: "✗"}
_STYLES = {State.OK: "green", State.WARNING: "yellow", State.PROBLEM: "bold red"}
_TITLES = {
    Area.SETTINGS: "Settings",
    Area.DATABASE: "Database",
    Area.RELAY: "Relay",
    Area.DISCORD: "Discord",
}


class Printer:
    """Writes to one console and replaces each of ``secrets`` in everything it writes."""

    def __init__(self, console: Console, secrets: Collection[str]) -> None:
        self._console = console
        self._redactor = Redactor(secrets)

    def print_report(self, report: Report) -> None:
        """Print problems, then warnings, each with what to do; then what works, by area.

        The settings that have their default values are counted in one line. A summary ends it.
        """
        for state in (State.PROBLEM, State.WARNING):
            for result in report.with_state(state):
                self._print_result(result, f"{_TITLES[result.area]}: {result.text}")
        for area, results in groupby(report.with_state(State.OK), lambda result: result.area):
            self._console.line()
            self.print_line(_TITLES[area], "bold")
            self._print_working(list(results))
        self._console.line()
        self.print_line(_summary(report), "bold" if report.healthy else "bold red")

    def print_line(self, text: str, style: str = "", indent: int = 0) -> None:
        """Print a text: wrapped on a terminal, on one line in a pipe."""
        self._print_column(" " * indent, Text(self._sanitize(text), style=style), indent)

    def print_json(self, value: Any) -> None:
        """Print a value as JSON and nothing else; in ASCII, it holds no control characters."""
        text = json.dumps(self._redact(value), indent=2)
        self._console.file.write(f"{text}\n")

    def _print_working(self, results: Sequence[CheckResult]) -> None:
        shown = [result for result in results if not result.is_default]
        for result in shown:
            self._print_result(result, result.text)
        if defaults := len(results) - len(shown):
            self._print_result(
                results[0], f"Default values: {format_count(defaults, 'other setting')}"
            )

    def _print_result(self, result: CheckResult, shown: str) -> None:
        mark, style = result.state.value.ljust(8), _STYLES[result.state]
        if self._console.is_terminal and not self._console.options.ascii_only:
            mark = _MARKS[result.state]
        text_style = "" if result.state is State.OK else style
        text = Text(self._sanitize(shown), text_style)
        self._print_column(Text(mark, style=style), text, len(mark) + 1)
        if result.advice:
            self.print_line(f"→ {result.advice}", "", len(mark) + 1)

    def _print_column(self, label: str | Text, text: Text, width: int) -> None:
        """Print a text beside a label that stands in a column of ``width`` characters.

        A terminal wraps it, except for a URL or path that can only be copied in one piece.
        """
        room = max(self._console.width - width, 1)
        fits = max(map(len, text.plain.split()), default=0) <= room
        wraps = self._console.is_terminal and fits
        for number, line in enumerate(text.wrap(self._console, room) if wraps else [text]):
            beside = "" if number else label
            line.rstrip()
            column = Text.assemble(beside, " " * (width - len(beside)), line)
            self._console.print(column, soft_wrap=True, highlight=False)

    def _sanitize(self, text: str) -> str:
        """Return a text without secrets and without what a terminal interprets."""
        shown = quote_unprintable(self._redactor.redact(text))
        return shown.encode(self._console.encoding, "replace").decode(self._console.encoding)

    def _redact(self, value: Any) -> Any:
        """Return a value with the secrets replaced in every text in it."""
        if isinstance(value, str):
            return self._redactor.redact(value)
        if isinstance(value, dict):
            return {key: self._redact(each) for key, each in value.items()}
        return [self._redact(each) for each in value] if isinstance(value, list | tuple) else value


def report_as_json(report: Report) -> dict[str, Any]:
    """Return a report with the keys that docs/doctor.md promises."""
    return {
        "version": __version__,
        "healthy": report.healthy,
        "problems": report.count(State.PROBLEM),
        "warnings": report.count(State.WARNING),
        "findings": [_result_as_json(result) for result in report.results],
    }


def _result_as_json(result: CheckResult) -> dict[str, str | None]:
    return {
        "area": result.area.value,
        "check": result.check,
        "state": result.state.value,
        "text": result.text,
        "advice": result.advice or None,
    }


def _summary(report: Report) -> str:
    counts = [
        format_count(number, noun)
        for state, noun in ((State.PROBLEM, "problem"), (State.WARNING, "warning"))
        if (number := report.count(state))
    ]
    return f"{' and '.join(counts)}." if counts else "All is well."


def area_names(areas: Iterable[Area]) -> str:
    """Return the names of areas in their order, separated by commas."""
    wanted = set(areas)
    return ", ".join(_TITLES[area] for area in Area if area in wanted)
