"""Checks the database: its file, schema and integrity, and what is queued in it."""

import asyncio
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.doctor.account_checks import check_accounts
from bot.doctor.formatting import format_count, format_duration, format_size
from bot.doctor.report import Area, CheckResult, CheckResults, Reporter
from bot.doctor.settings_report import SettingsReport
from bot.storage.account_rows import is_connected
from bot.storage.inspection import DatabaseCounts, DatabaseFacts, exists, inspect_database
from bot.storage.sqlite.file import resolve_database_path

_reporter = Reporter(Area.DATABASE)

MAX_LISTED_ROWS = 10
"""Unreadable rows that are listed by id."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The values beyond which the doctor warns: sizes in bytes, durations in seconds."""

    low_space: int = 512 << 20
    critical_space: int = 32 << 20
    """Below it the lack of disk space is a problem."""
    notice_delay: float = 120.0
    """Age of the oldest notice that could be posted."""
    poll_delay: float = 900.0
    """Time since the last poll, while a task is watched."""


THRESHOLDS = Thresholds()


async def check_database(
    settings_report: SettingsReport, time_limit: float, thresholds: Thresholds
) -> CheckResults:
    """Yield what the database file and its folder show. Nothing is written there."""
    if settings_report.unusable("DATABASE_PATH"):
        advice = "Fix DATABASE_PATH first."
        yield _reporter.warning("file", text="The database was not checked", advice=advice)
        return
    path = resolve_database_path(settings_report.settings.database_path)
    results = list(_check_file(path)) or await asyncio.to_thread(
        _check_contents, path, settings_report, time_limit, thresholds
    )
    for result in results:
        yield result
    yield _check_space(path, thresholds)


def _check_contents(
    path: Path, settings_report: SettingsReport, time_limit: float, thresholds: Thresholds
) -> list[CheckResult]:
    try:
        facts = inspect_database(path, time_limit, settings_report.account_access)
    except sqlite3.Error as error:
        return [_unreadable(path, error)]
    file = _reporter.ok("file", text=f"{path} ({format_size(facts.size)})")
    results = [file, _check_schema(facts), _check_integrity(facts)]
    if facts.counts:
        results += _check_progress(facts.counts, facts.in_use, time.time(), thresholds)
        results += _check_undelivered(facts.counts)
        results += _check_other_relays(facts.counts, settings_report.relay_name)
        results += _check_changed_access(facts.counts)
        keys_are_known = not settings_report.unusable("ENCRYPTION_KEY")
        results += check_accounts(facts.counts.accounts, keys_are_known=keys_are_known)
    return results


def _check_file(path: Path) -> Iterator[CheckResult]:
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


def _check_space(path: Path, thresholds: Thresholds) -> CheckResult:
    free = shutil.disk_usage(_nearest_folder(path)).free
    text = f"Its disk has {format_size(free)} of free space"
    if free < thresholds.critical_space:
        advice = "Free space now: once the disk is full, the bot cannot save anything."
        return _reporter.problem("space", text=text, advice=advice)
    if free < thresholds.low_space:
        advice = "Free space before the disk is full."
        return _reporter.warning("space", text=text, advice=advice)
    return _reporter.ok("space", text=text)


def _unreadable(path: Path, error: sqlite3.Error) -> CheckResult:
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


def _check_schema(facts: DatabaseFacts) -> CheckResult:
    if facts.unknown:
        text = f"A newer version of the bot has changed the schema ({', '.join(facts.unknown)})"
        advice = "Run that version or a later one, or restore the copy made before the upgrade."
        return _reporter.problem("schema", text=text, advice=advice)
    if facts.foreign:
        text = "The database belongs to another program"
        return _reporter.problem("schema", text=text, advice="Fix DATABASE_PATH.")
    pending = ", ".join(facts.pending)
    if pending and facts.in_use and facts.applied:
        text = f"The running bot is older than this program ({pending} pending)"
        return _reporter.warning("schema", text=text, advice="Restart the bot.")
    if pending:
        steps = format_count(len(facts.pending), "migration")
        return _reporter.ok("schema", text=f"{steps} pending: the next start applies them")
    return _reporter.ok("schema", text=f"The schema is of this version ({facts.applied[-1]})")


def _check_integrity(facts: DatabaseFacts) -> CheckResult:
    if facts.damage is None:
        text = "The database is too large to be checked for damage in time"
        advice = "Run `PRAGMA quick_check` on a copy of it."
        return _reporter.warning("integrity", text=text, advice=advice)
    if facts.damage:
        text = f"The database is damaged: {'; '.join(facts.damage)}"
        return _reporter.problem("integrity", text=text, advice=_DAMAGED)
    return _reporter.ok("integrity", text="The database is intact")


def _check_progress(
    counts: DatabaseCounts, in_use: bool, now: float, thresholds: Thresholds
) -> Iterator[CheckResult]:
    """Report whether a bot runs on the database, and whether it polls and delivers."""
    poll_delay = now - (counts.polled_at or now)
    notice_delay = now - (counts.overdue_since or now)
    tasks = f"{format_count(counts.running, 'task')} watched"
    queues = f"{tasks}, {format_count(counts.due, 'notice')} waiting"
    if not in_use and counts.running + counts.due:
        text = f"No bot is running on it; {queues}"
        yield _reporter.warning("bot", text=text, advice="Start the bot: people are waiting.")
    elif in_use and counts.running and poll_delay > thresholds.poll_delay:
        duration = format_duration(poll_delay)
        text = f"The running bot has polled no task for {duration}; {queues}"
        advice = "See the results for the relay below, and the log of the bot."
        yield _reporter.warning("bot", text=text, advice=advice)
    else:
        text = f"{'A' if in_use else 'No'} bot is running on it; {queues}"
        yield _reporter.ok("bot", text=text)
    if in_use and notice_delay > thresholds.notice_delay:
        text = f"The oldest notice has been waiting for {format_duration(notice_delay)}"
        advice = "See the results for Discord below, and the log of the bot."
        yield _reporter.warning("notices", text=text, advice=advice)


def _check_undelivered(counts: DatabaseCounts) -> Iterator[CheckResult]:
    """Report notices that could not be posted where they belong."""
    if counts.held:
        text = (
            f"{format_count(counts.held, 'notice')} held: Discord accepts no message in the channel"
        )
        advice = "See the channels above; run `doctor why TASK_ID` for the reason of one."
        yield _reporter.warning("held", text=text, advice=advice)
    if counts.quarantined:
        rows = ", ".join(map(str, counts.quarantined[:MAX_LISTED_ROWS]))
        notices = format_count(len(counts.quarantined), "notice")
        text = f"{notices} unreadable and quarantined: row {rows}"
        advice = "They are not sent. The log names their tasks; a restart tries them again."
        yield _reporter.warning("quarantined", text=text, advice=advice)
    if counts.dropped:
        notices = format_count(counts.dropped, "notice")
        text = f"{notices} sent as a direct message instead: the channel is gone"
        yield _reporter.ok("dropped", text=text)
    if counts.unreachable:
        notices = format_count(counts.unreachable, "notice")
        text = f"{notices} not delivered: the person accepts no direct messages"
        yield _reporter.ok("unreachable", text=text)


def _check_other_relays(counts: DatabaseCounts, relay: str | None) -> Iterator[CheckResult]:
    """Report tasks at other relays than the one that the bot is set to use."""
    others = {
        account: running
        for account, running in counts.by_account.items()
        if account != relay and not is_connected(account)
    }
    if relay is not None and others:
        setting, value = ("SUNO_RELAY", relay) if relay else ("SUNO_API_KEY", "empty")
        tasks = (f"{format_count(running, 'task')} of {name}" for name, running in others.items())
        text = f"Neither polled nor delivered while {setting} is {value}: {', '.join(tasks)}"
        advice = f"To have them delivered, set {setting} back until they have ended."
        yield _reporter.warning("elsewhere", text=text, advice=advice)


def _check_changed_access(counts: DatabaseCounts) -> Iterator[CheckResult]:
    """Report tasks that the relay has not returned since the key or the URL was changed."""
    if counts.other_key:
        text = (
            f"{format_count(counts.other_key, 'task')} not returned by the relay, which returned"
            " them under another SUNO_API_KEY or SUNO_BASE_URL: they wait until their deadline"
        )
        advice = "To have them delivered, set back what was changed until they have ended."
        yield _reporter.warning("other_key", text=text, advice=advice)
