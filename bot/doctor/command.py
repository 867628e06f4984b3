"""The two commands of the doctor: the exit code is 1 when something needs somebody."""

import asyncio
import logging
import sqlite3
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from rich.console import Console

from bot.doctor.printer import Printer, examination_as_json, joined
from bot.doctor.relay_checks import relay_access
from bot.doctor.report import Area
from bot.doctor.runner import Examination, Waiting, examine
from bot.doctor.why import show_task, task_as_json
from bot.settings import SettingsReport, report_settings
from bot.storage.inspection import exists, in_use
from bot.storage.task_facts import TaskFacts, task_facts

PATIENCE = 10.0
"""Seconds for reading about one task."""


_UNKNOWN = "Nothing is known here of task {}: nobody watched it, or whoever did has stopped."


class CannotTell(Exception):
    """Nothing can be said of a task; the text says why and what to do."""


def check(*, as_json: bool) -> int:
    """Look at everything and print it; return the exit code."""
    _keep_logs_away()
    report = report_settings()
    printer = _printer(report)
    with _progress() as waiting:
        examination: Examination = asyncio.run(examine(report, waiting=waiting))
    if as_json:
        printer.as_json(examination_as_json(examination))
    else:
        printer.show(examination)
    return 0 if examination.healthy else 1


def why(task_id: str, *, as_json: bool) -> int:
    """Print what is known of a task; return the exit code, 1 if nothing is."""
    _keep_logs_away()
    report = report_settings()
    printer = _printer(report)
    try:
        known = _known(report, task_id)
        trouble = "" if known else _UNKNOWN.format(task_id)
    except CannotTell as error:
        known, trouble = [], str(error)
    now, running = time.time(), in_use(report.settings.database_path)
    asked = None if report.lacks("SUNO_RELAY") else report.settings.suno_relay
    if as_json:
        tasks = [task_as_json(facts, now=now, in_use=running, asked=asked) for facts in known]
        value = {"task_id": task_id, "found": bool(known), "error": trouble or None, "tasks": tasks}
        printer.as_json(value)
    elif trouble:
        printer.line(trouble)
    else:
        for facts in known:
            show_task(printer, facts, now=now, in_use=running, asked=asked)
    return 0 if known else 1


def _known(report: SettingsReport, task_id: str) -> list[TaskFacts]:
    path = report.settings.database_path
    if report.lacks("DATABASE_PATH") or not exists(path):
        raise CannotTell(f"There is no database at {path}: check DATABASE_PATH.")
    try:
        return task_facts(path, task_id, PATIENCE, relay_access(report))
    except sqlite3.Error as error:
        text = f"{path} cannot be read: {error}. `doctor` alone tells more."
        raise CannotTell(text) from error


def _printer(report: SettingsReport) -> Printer:
    return Printer(Console(highlight=False), report.secrets)


def _keep_logs_away() -> None:
    """Let no library write beside the report: what matters is a finding."""
    logging.basicConfig(handlers=[logging.NullHandler()], force=True)


@contextmanager
def _progress() -> Iterator[Waiting]:
    """Show on a terminal what is still being looked at; on standard error."""
    console = Console(stderr=True)
    if not (console.is_terminal and sys.stdout.isatty()):
        yield lambda _: None
        return
    with console.status("") as status:

        def waiting(left: Collection[Area]) -> None:
            if left:
                status.update(f"Looking at {joined(left)} …")

        yield waiting
