"""The database: whether it can be used, is whole and fits this program, and what waits in it."""

import asyncio
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.doctor.formatting import counted, in_bytes, span
from bot.doctor.relay_checks import relay_access
from bot.doctor.report import Area, Finding, Findings, Notebook
from bot.settings import SettingsReport
from bot.storage.database_file import resolve_database_path
from bot.storage.inspection import DatabaseCounts, DatabaseFacts, exists, inspect_database
from bot.storage.relay_fingerprints import RelayAccess

_note = Notebook(Area.DATABASE)

MOST_NAMED = 10
"""Rows that are named one by one."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From where on the doctor worries: bytes and seconds."""

    little_space: int = 512 << 20
    no_space: int = 32 << 20
    delay: float = 120.0
    """Of a notice that could be posted."""
    silence: float = 900.0
    """Of the relay, while something is watched."""


THRESHOLDS = Thresholds()


async def look_at_database(
    report: SettingsReport, time_limit: float, thresholds: Thresholds = THRESHOLDS
) -> Findings:
    """Yield what the database file and its folder show; nothing is written there."""
    if report.lacks("DATABASE_PATH"):
        yield _note.warning("file", text="Not looked at", advice="Mend DATABASE_PATH first.")
        return
    path = resolve_database_path(report.settings.database_path)
    asked = None if report.lacks("SUNO_RELAY") else report.settings.suno_relay
    found = list(_file(path)) or await asyncio.to_thread(
        _inspected, path, asked, relay_access(report), time_limit, thresholds
    )
    for finding in found:
        yield finding
    yield _space(path, thresholds)


def _inspected(
    path: Path,
    asked: str | None,
    access: RelayAccess | None,
    time_limit: float,
    thresholds: Thresholds,
) -> list[Finding]:
    """Look into the file.

    ``asked`` is the relay of the settings, if they name one, ``access`` how they let it be asked.
    """
    try:
        facts = inspect_database(path, time_limit, access)
    except sqlite3.Error as error:
        return [_unusable(path, error)]
    file = _note.ok("file", text=f"{path} ({in_bytes(facts.size)})")
    found = [file, _schema(facts), _integrity(facts)]
    if facts.counts:
        found += _work(facts.counts, facts.in_use, time.time(), thresholds)
        found += _elsewhere(facts.counts, asked)
        found += _of_another_key(facts.counts)
    return found


def _file(path: Path) -> Iterator[Finding]:
    """Yield why there is nothing to look into, if so."""
    folder = _folder(path)
    if not _may_write(folder):
        text = f"{folder} may not be written to by this user"
        yield _note.problem("file", text=text, advice=_PERMISSIONS)
    elif path.is_dir():
        yield _note.problem("file", text=f"{path} is a folder", advice="Name a file in it.")
    elif folder != path.parent:
        text = f"{path} does not exist, nor does its folder"
        advice = "If you had a database, mend DATABASE_PATH; if not, the bot makes both."
        yield _note.warning("file", text=text, advice=advice)
    elif not path.exists():
        yield _note.ok("file", text=f"{path} does not exist yet: the bot makes it")
    elif not _opens(path):
        text = f"{path} may not be read and written by this user"
        yield _note.problem("file", text=text, advice=_PERMISSIONS)


_PERMISSIONS = "Run the doctor as the user that the bot runs as; if it says the same, chown it."


def _folder(path: Path) -> Path:
    """Return the folder that the file is in, or the nearest one above it that there is."""
    return next(parent for parent in path.parents if exists(parent))


def _may_write(folder: Path) -> bool:
    effective = os.access in os.supports_effective_ids
    return os.access(folder, os.R_OK | os.W_OK | os.X_OK, effective_ids=effective)


def _opens(path: Path) -> bool:
    """Whether the file can be opened to be changed; that alone changes nothing."""
    try:
        path.open("r+b").close()
    except OSError:
        return False
    return True


def _space(path: Path, thresholds: Thresholds) -> Finding:
    free = shutil.disk_usage(_folder(path)).free
    text = f"{in_bytes(free)} free on its disk"
    if free < thresholds.no_space:
        advice = "Make room now: the bot cannot keep what it is told once the disk is full."
        return _note.problem("space", text=text, advice=advice)
    if free < thresholds.little_space:
        return _note.warning("space", text=text, advice="Make room before the disk is full.")
    return _note.ok("space", text=text)


def _unusable(path: Path, error: sqlite3.Error) -> Finding:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # what is above says where it happened
    if code == sqlite3.SQLITE_NOTADB:
        text = f"{path} is no database"
        advice = "Mend DATABASE_PATH, or put your last copy of the database there."
    elif code == sqlite3.SQLITE_CORRUPT:
        text, advice = f"{path} is damaged: {error}", _DAMAGED
    else:
        text = f"{path} cannot be read: {error}"
        advice = "Check the permissions of the file and of its folder, and the disk."
    return _note.problem("file", text=text, advice=advice)


_DAMAGED = "Stop the bot, keep a copy of the file, and restore your last backup of it."


def _schema(facts: DatabaseFacts) -> Finding:
    if facts.unknown:
        text = f"A newer version of the bot has changed it ({', '.join(facts.unknown)})"
        advice = "Run that version or a later one, or restore the copy made before the upgrade."
        return _note.problem("schema", text=text, advice=advice)
    if facts.foreign:
        text = "It is another program's database"
        return _note.problem("schema", text=text, advice="Mend DATABASE_PATH.")
    if facts.pending and facts.in_use and facts.applied:
        text = f"The bot that runs is older than this program ({', '.join(facts.pending)} pending)"
        return _note.warning("schema", text=text, advice="Restart the bot.")
    if facts.pending:
        steps = counted(len(facts.pending), "step")
        text = f"{steps} of the schema pending: the next start does it"
        return _note.ok("schema", text=text)
    return _note.ok("schema", text=f"Its schema is this version's ({facts.applied[-1]})")


def _integrity(facts: DatabaseFacts) -> Finding:
    if facts.damage is None:
        advice = "Run `PRAGMA quick_check` on a copy of it to know more."
        return _note.warning("integrity", text="Too large to be checked in time", advice=advice)
    if facts.damage:
        text = f"It is damaged: {'; '.join(facts.damage)}"
        return _note.problem("integrity", text=text, advice=_DAMAGED)
    return _note.ok("integrity", text="It is whole")


def _work(
    counts: DatabaseCounts, in_use: bool, now: float, thresholds: Thresholds
) -> Iterator[Finding]:
    silence = now - (counts.polled_at or now)
    delay = now - (counts.overdue_since or now)
    tasks = f"{counted(counts.running, 'task')} watched"
    work = f"{tasks}, {counted(counts.due, 'notice')} on the way"
    if not in_use and counts.running + counts.due:
        text = f"No bot is running on it; {work}"
        yield _note.warning("bot", text=text, advice="Start it: people wait.")
    elif in_use and counts.running and silence > thresholds.silence:
        text = f"The bot that runs has not heard of a task for {span(silence)}; {work}"
        yield _note.warning("bot", text=text, advice="See what is said of the relay, and its log.")
    else:
        text = f"{'A' if in_use else 'No'} bot is running on it; {work}"
        yield _note.ok("bot", text=text)
    if in_use and delay > thresholds.delay:
        text = f"The oldest notice has waited for {span(delay)}"
        advice = "See what is said of Discord, and the log of the bot."
        yield _note.warning("notices", text=text, advice=advice)
    if counts.held:
        text = f"{counted(counts.held, 'notice')} held: Discord does not take it where it belongs"
        advice = "See the channels below; `doctor why TASK_ID` tells of one."
        yield _note.warning("held", text=text, advice=advice)
    if counts.quarantined:
        rows = ", ".join(map(str, counts.quarantined[:MOST_NAMED]))
        text = f"{counted(len(counts.quarantined), 'notice')} unreadable and set aside: row {rows}"
        advice = "Nobody is told of them. The log names their tasks; a restart tries them again."
        yield _note.warning("quarantined", text=text, advice=advice)
    if counts.dropped:
        text = f"{counted(counts.dropped, 'notice')} told directly instead: its channel is gone"
        yield _note.ok("dropped", text=text)
    if counts.unreachable:
        text = f"{counted(counts.unreachable, 'notice')} not told: the person takes no messages"
        yield _note.ok("unreachable", text=text)


def _elsewhere(counts: DatabaseCounts, asked: str | None) -> Iterator[Finding]:
    """Yield what is watched at other relays than the one that the bot is set to ask."""
    others = {relay: running for relay, running in counts.relays.items() if relay != asked}
    if asked and others:
        tasks = ", ".join(f"{counted(number, 'task')} of {name}" for name, number in others.items())
        text = f"Neither looked at nor told while SUNO_RELAY is {asked}: {tasks}"
        advice = "To have them told, set SUNO_RELAY back until they have ended."
        yield _note.warning("elsewhere", text=text, advice=advice)


def _of_another_key(counts: DatabaseCounts) -> Iterator[Finding]:
    """Yield what the relay does not name since the key or the address was changed."""
    if counts.other_key:
        text = (
            f"{counted(counts.other_key, 'task')} not named by the relay, which named them under"
            " another SUNO_API_KEY or SUNO_BASE_URL: they wait until their deadline"
        )
        advice = "To have them told, set back what was changed until they have ended."
        yield _note.warning("other_key", text=text, advice=advice)
