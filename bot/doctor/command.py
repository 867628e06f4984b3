"""The commands ``doctor`` and ``doctor why``: they print a report and return the exit code."""

import asyncio
import logging
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from bot.doctor.printer import Printer, area_names, report_as_json
from bot.doctor.report import Area
from bot.doctor.runner import ProgressCallback, run_checks
from bot.doctor.settings_report import SettingsReport, report_settings
from bot.doctor.task_report import print_task, task_as_json
from bot.storage.database_errors import DatabaseUnusable
from bot.storage.inspection import UNREADABLE, in_use
from bot.storage.sqlite.inspection import exists
from bot.storage.task_facts import TaskFacts, task_facts

READ_TIME_LIMIT = 10.0
"""Seconds for reading about one task."""

_UNKNOWN_TASK = (
    "Nothing is known about task {}: nobody watched it, or every watcher has stopped watching."
)


class TaskUnavailableError(Exception):
    """The database cannot be asked about a task; the text says why and what to do."""


def diagnose(*, as_json: bool) -> int:
    """Run all checks and print their report; return 1 if there is a problem, else 0."""
    _silence_logging()
    settings_report = report_settings()
    printer = _printer(settings_report)
    with _progress() as on_progress:
        report = asyncio.run(run_checks(settings_report, on_progress=on_progress))
    if as_json:
        printer.print_json(report_as_json(report))
    else:
        printer.print_report(report)
    return 0 if report.healthy else 1


def explain_task(task_id: str, *, as_json: bool) -> int:
    """Print what the database knows about a task; return 1 if it knows nothing, else 0."""
    _silence_logging()
    settings_report = report_settings()
    printer = _printer(settings_report)
    try:
        tasks = _read_task(settings_report, task_id)
        error = "" if tasks else _UNKNOWN_TASK.format(task_id)
    except TaskUnavailableError as unavailable:
        tasks, error = [], str(unavailable)
    now, bot_running = time.time(), in_use(settings_report.settings.database)
    relay = settings_report.relay_name
    if as_json:
        values = [task_as_json(each, now=now, in_use=bot_running, relay=relay) for each in tasks]
        content = {"task_id": task_id, "found": bool(tasks), "error": error or None}
        printer.print_json(content | {"tasks": values})
    elif error:
        printer.print_line(error)
    else:
        for number, facts in enumerate(tasks):
            if number:
                printer.print_line("")
            print_task(printer, facts, now=now, in_use=bot_running, relay=relay)
    return 0 if tasks else 1


def _read_task(settings_report: SettingsReport, task_id: str) -> list[TaskFacts]:
    location = settings_report.settings.database
    if wrong := settings_report.unusable_database:
        raise TaskUnavailableError(f"It is not known where the database is: fix {wrong} first.")
    if isinstance(location, Path) and not exists(location):
        raise TaskUnavailableError(f"There is no database at {location}: check DATABASE_PATH.")
    try:
        return task_facts(location, task_id, READ_TIME_LIMIT, settings_report.account_access)
    except DatabaseUnusable as error:
        raise TaskUnavailableError(f"{error}. Run `doctor` for details.") from error
    except UNREADABLE as error:
        text = f"{location} cannot be read: {error}. Run `doctor` for details."
        raise TaskUnavailableError(text) from error


def _printer(settings_report: SettingsReport) -> Printer:
    return Printer(Console(highlight=False), settings_report.secrets)


def _silence_logging() -> None:
    """Keep the logs of libraries out of the report: what matters is a check result."""
    logging.basicConfig(handlers=[logging.NullHandler()], force=True)


@contextmanager
def _progress() -> Iterator[ProgressCallback]:
    """Show on standard error what is still being checked, if it is a terminal."""
    console = Console(stderr=True)
    if not (console.is_terminal and sys.stdout.isatty()):
        yield lambda _: None
        return
    with console.status("") as status:

        def on_progress(pending: Collection[Area]) -> None:
            if pending:
                status.update(f"Checking {area_names(pending)} …")

        yield on_progress
