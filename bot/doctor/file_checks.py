"""Checks a database file: where it is, whether it can be used, and the space on its disk."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from bot.doctor.formatting import format_size
from bot.doctor.report import Area, CheckResult, Reporter
from bot.doctor.thresholds import Thresholds
from bot.storage.database_facts import DatabaseFacts
from bot.storage.sqlite.inspection import exists

_reporter = Reporter(Area.DATABASE)


def check_file(path: Path) -> Iterator[CheckResult]:
    """Yield why there is no file to read, if there is none."""
    folder = _nearest_folder(path)
    if not _is_writable_folder(folder):
        text = f"This user may not write to {folder}"
        yield _reporter.problem("file", text=text, advice=_PERMISSIONS)
    elif path.is_dir():
        advice = "Set DATABASE_PATH to a file in it."
        yield _reporter.problem("file", text=f"{path} is a folder", advice=advice)
    elif folder != path.parent:
        text = f"{path} does not exist, nor does its folder"
        advice = "If you had a database, fix DATABASE_PATH; if not, the bot creates both."
        yield _reporter.warning("file", text=text, advice=advice)
    elif not path.exists():
        yield _reporter.ok("file", text=f"{path} does not exist yet: the bot creates it")
    elif not _is_writable_file(path):
        text = f"This user may not read and write {path}"
        yield _reporter.problem("file", text=text, advice=_PERMISSIONS)


_PERMISSIONS = (
    "Run the doctor as the user that the bot runs as; if the result is the same, change the owner"
    " with chown."
)


def _nearest_folder(path: Path) -> Path:
    """Return the folder of the file, or the nearest one above it that exists."""
    return next(parent for parent in path.parents if exists(parent))


def _is_writable_folder(folder: Path) -> bool:
    effective = os.access in os.supports_effective_ids
    return os.access(folder, os.R_OK | os.W_OK | os.X_OK, effective_ids=effective)


def _is_writable_file(path: Path) -> bool:
    """Whether the file can be opened for reading and writing; opening alone changes nothing."""
    try:
        path.open("r+b").close()
    except OSError:
        return False
    return True


def check_space(path: Path, thresholds: Thresholds) -> CheckResult:
    """Return how much space is left for the file."""
    free = shutil.disk_usage(_nearest_folder(path)).free
    text = f"Its disk has {format_size(free)} of free space"
    if free < thresholds.critical_space:
        advice = "Free space now: once the disk is full, the bot cannot save anything."
        return _reporter.problem("space", text=text, advice=advice)
    if free < thresholds.low_space:
        advice = "Free space before the disk is full."
        return _reporter.warning("space", text=text, advice=advice)
    return _reporter.ok("space", text=text)


def describe_unreadable_file(path: Path, error: Exception) -> CheckResult:
    """Return why a file that exists cannot be read."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the other bits say where it happened
    if code == sqlite3.SQLITE_NOTADB:
        text = f"{path} is not a database"
        advice = "Fix DATABASE_PATH, or restore the last backup of the database there."
    elif code == sqlite3.SQLITE_CORRUPT:
        text, advice = f"{path} is damaged: {error}", _DAMAGED
    else:
        text = f"{path} cannot be read: {error}"
        advice = "Check the permissions of the file and of its folder, and the disk."
    return _reporter.problem("file", text=text, advice=advice)


_DAMAGED = "Stop the bot, keep a copy of the file, and restore your last backup of it."


def check_integrity(facts: DatabaseFacts) -> CheckResult:
    """Return whether the file is damaged."""
    if facts.damage is None:
        text = "The database is too large to be checked for damage in time"
        advice = "Run `PRAGMA quick_check` on a copy of it."
        return _reporter.warning("integrity", text=text, advice=advice)
    if facts.damage:
        text = f"The database is damaged: {'; '.join(facts.damage)}"
        return _reporter.problem("integrity", text=text, advice=_DAMAGED)
    return _reporter.ok("integrity", text="The database is intact")
